"""Searching in the process, without HTTP: how long an answer takes. Shown, not judged here."""

from __future__ import annotations

import time

from app.bench.figures import Plan, Row, percentile
from app.bench.registries import ITEMS, copy, items
from app.indexing import rebuild
from app.searching import open_engine, page_of
from app.versions.queries import today

ASKED = (
    "食品经营许可", "取水许可 延续", "营业执照", "户外广告设施设置", "危险化学品", "道路货物运输", "医疗机构执业",
    "林木采伐", "办学许可 变更", "公共场所卫生许可 注销", "水务局", "动物诊疗", "合成3区 娱乐场所", "施工许可证",
    "人力资源", "排水管网", "shipin", "占用城市道路", "环境影响评价批复", "没有这样的事项",
)  # fmt: skip


def bench(plan: Plan) -> list[Row]:
    registry = copy(items(plan, plan.count(ITEMS, 50)), plan.directory / "searching")
    engine, database = open_engine(registry.settings), registry.open()
    if engine is None:
        return [Row("search, in process", None, beside="no engine")]
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
    database.dispose()
    beside = (
        f"p50 {percentile(waits, 0.5):.1f} ms of {len(waits)} searches; {documents:,} documents indexed at"
        f" {documents / indexed:,.0f}/s"
    )
    return [Row("search, p95 in process", percentile(waits, 0.95), unit=" ms", beside=beside)]
