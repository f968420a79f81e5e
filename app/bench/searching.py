"""Searching without HTTP of our own: how long an answer takes. Shown, not judged here."""

from __future__ import annotations

import time

from app.bench import meili_server
from app.bench.figures import Plan, Row, percentile
from app.bench.registries import ITEMS, copy, items
from app.db import Database
from app.indexing import rebuild
from app.searching import open_engine, page_of
from app.versions.queries import today
from search.engine import Engine

ASKED = (
    "食品经营许可", "取水许可 延续", "营业执照", "户外广告设施设置", "危险化学品", "道路货物运输", "医疗机构执业",
    "林木采伐", "办学许可 变更", "公共场所卫生许可 注销", "水务局", "动物诊疗", "合成3区 娱乐场所", "施工许可证",
    "人力资源", "排水管网", "shipin", "占用城市道路", "环境影响评价批复", "没有这样的事项",
)  # fmt: skip


def bench(plan: Plan) -> list[Row]:
    """The embedded engine, and beside it Meilisearch where a server is at hand."""
    registry = copy(items(plan, plan.count(ITEMS, 50)), plan.directory / "searching")
    database = registry.open()
    engine = open_engine(registry.settings)
    rows = [] if engine is None else [_row("search, p95 in process", engine, database, plan)]
    with meili_server.at_hand(plan.directory / "meilisearch") as server:
        title = "search, p95 on a Meilisearch server"
        if server is None:
            rows.append(Row(title, None, beside=meili_server.MISSING))
        else:
            there = server.engine("bench")
            rows.append(_row(title, there, database, plan, f"; version {server.version}"))
            server.forget("bench")
    database.dispose()
    return rows


def _row(title: str, engine: Engine, database: Database, plan: Plan, more: str = "") -> Row:
    began = time.perf_counter()
    documents = rebuild(database, engine)
    indexed = time.perf_counter() - began
    waits, day = [], today()
    with database.reading() as session:
        for number in range(plan.rounds + 1):
            for asked in ASKED:
                began = time.perf_counter()
                page_of(engine, session.connection(), q=asked, on=day)
                if number:
                    waits.append((time.perf_counter() - began) * 1000)
    engine.close()
    beside = (
        f"p50 {percentile(waits, 0.5):.1f} ms of {len(waits)} searches; {documents:,} documents indexed at"
        f" {documents / indexed:,.0f}/s{more}"
    )
    return Row(title, percentile(waits, 0.95), unit=" ms", beside=beside)
