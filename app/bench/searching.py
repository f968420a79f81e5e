"""Searching at size: in the process against the bare engine and SQLite's own full text, and over HTTP.

In the process every question has a region, an exact total and facets, and each is asked on a day of its own by an
engine that keeps no document, so nothing kept from an earlier answer helps.

Over HTTP three streams are asked. The target is for what a day's users ask (see ``asking``), of which some was asked
before: from the first request on, and later in the stream. Beside it stand the extremes: a few texts asked again and
again, and texts each asked on a day of its own, of which no answer can be kept.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from functools import partial

from app.bench import fulltext, meili_server
from app.bench.asking import BEFORE, FIRST, asked_again, asked_before, days_users, never_asked
from app.bench.corpora import ASKED, RELAXED, documents
from app.bench.driving import by_processor_time, drive, nothing_collected, rates, serving, shown
from app.bench.figures import Plan, Row, median_ratio, percentile
from app.bench.load import EMPTY, Answered
from app.bench.registries import Registry, copy, items
from app.indexing import rebuild
from app.searching import open_engine
from search import matching
from search.conditions import every, filters
from search.embedded import EmbeddedEngine
from search.embedded_reading import EmbeddedReader
from search.engine import Engine, SearchQuery

SMALL, LARGE = 100_000, 1_000_000
PROVINCE = "p0"


def bench(plan: Plan) -> list[Row]:
    return [*in_process(plan), *over_http(plan)]


def in_process(plan: Plan) -> list[Row]:
    engine = _filled(plan, plan.count(SMALL, 200))
    with nothing_collected():
        full, bare = _measure(plan, engine, ASKED), _measure_bare(plan, engine)
        relaxed = _measure(plan, engine, RELAXED)
    beside = fulltext.measure(plan, plan.count(SMALL, 200), _queries(ASKED, plan.rounds))
    engine.close()
    p50, p95 = percentile(full, 0.5), percentile(full, 0.95)
    return [
        Row(
            "search, p50 against the bare engine's top 20",
            p50 / percentile(bare, 0.5),
            4.0,
            "less",
            beside=f"{p50:.2f} ms of {len(full)} searches; bare {percentile(bare, 0.5):.2f} ms",
        ),
        Row("search, p95", p95, 15.0, "less", " ms", f"guesses: p95 {percentile(relaxed, 0.95):.1f} ms"),
        Row(
            "search, SQLite FTS5 trigram, p95",
            percentile(beside, 0.95),
            unit=" ms",
            beside=f"p50 {percentile(beside, 0.5):.2f} ms; substrings alone, no layers, no pinyin",
        ),
        on_server(plan),
    ]


def on_server(plan: Plan) -> Row:
    """The same questions over the same documents on a Meilisearch server, where one is at hand."""
    name = "search, on Meilisearch, p95"
    with meili_server.at_hand(plan.directory / "meilisearch-search") as server:
        if server is None:
            return Row(name, None, beside=meili_server.MISSING)
        engine = server.engine("measured")
        _fill(plan, engine, plan.count(SMALL, 200))
        waits = _measure(plan, engine, ASKED)
        beside = f"p50 {percentile(waits, 0.5):.1f} ms; version {server.version}"
        return Row(name, percentile(waits, 0.95), unit=" ms", beside=beside)


def bench_large(plan: Plan) -> list[Row]:
    """p95 at ten times the size."""
    found = []
    for size in (plan.count(SMALL, 200), plan.count(LARGE, 400)):
        engine = _filled(plan, size)
        found.append(percentile(_measure(plan, engine, ASKED), 0.95))
        engine.close()
    beside = f"{found[0]:.1f} ms and {found[1]:.1f} ms"
    return [Row("search, p95 at 1,000,000 against 100,000", found[1] / found[0], 8.0, "less", beside=beside)]


def _filled(plan: Plan, size: int) -> EmbeddedEngine:
    """The index of that many documents, built once under the bench directory."""
    engine = EmbeddedEngine(plan.directory / f"search-{size}", documents_kept=0)
    _fill(plan, engine, size)
    return engine


def _fill(plan: Plan, engine: Engine, size: int) -> None:
    if not engine.applied_seq():
        plan.say(f"indexing {size:,} documents ...")
        began = time.perf_counter()
        engine.rebuild(documents(size), 1)
        plan.say(f"{size / (time.perf_counter() - began):,.0f} documents a second")


def _queries(asked: Sequence[str], rounds: int) -> list[SearchQuery]:
    """Each text in each round, on a day on which nothing was asked yet."""
    texts = [text for _ in range(rounds) for text in asked]
    days = ((FIRST + dt.timedelta(days=number)).isoformat() for number in range(len(texts)))
    return [SearchQuery(q=text, on=day, region=PROVINCE) for text, day in zip(texts, days, strict=True)]


def _measure(plan: Plan, engine: Engine, asked: Sequence[str]) -> list[float]:
    for text in asked:  # what a process works out once
        engine.search(SearchQuery(q=text, on="2020-06-01", region=PROVINCE))
    return [timed(partial(engine.search, query)) for query in _queries(asked, plan.rounds)]


def _measure_bare(plan: Plan, engine: EmbeddedEngine) -> list[float]:
    """The first twenty that contain the text, with the same filters: no order, no count, no facets, no layers."""
    searcher, waits = engine.searcher(), []
    for query in _queries(ASKED, plan.rounds):
        condition = every([matching.exact_tiers(query.q)[-1].condition, *filters(query)])
        reader = EmbeddedReader(searcher)  # it keeps what it has read
        waits.append(timed(partial(reader.any_of, condition, query.limit)))
    return waits


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def over_http(plan: Plan) -> list[Row]:
    """One worker, as many items as the searches in the process have documents."""
    registry = indexed(plan, plan.count(SMALL, 100), "searching")
    if registry is None:
        return [Row("search, over HTTP", None, beside="no engine")]
    return as_asked(plan, registry, "search over HTTP", "/api/v1/search", 0.2)


def as_asked(plan: Plan, registry: Registry, figure: str, path: str, target: float) -> list[Row]:
    """What a day's users ask, texts that are asked again and again, each asked on days of its own; then what a day's
    users ask when much was asked before. In turns with an empty route; the target is for a day's users."""
    streams = {"day": days_users(registry, path), "again": asked_again(path), "new": never_asked(path)}
    with serving(registry) as ours:
        asked = [ours.target(name, paths) for name, paths in streams.items()]
        measured = drive(plan, [ours.target("empty", [EMPTY]), *asked])
        before = plan.count(BEFORE, 50)
        plan.say(f"asking {before:,} questions of a day's users ...")
        later = drive(plan, [ours.target("empty", [EMPTY]), ours.target("later", streams["day"], before)])
    share = asked_before(streams["day"], later["later"], plan.seconds, before)
    label = f"as a day's users ask, after {before:,} questions"
    return [
        *_of_empty(plan, figure, measured, streams["day"], target),
        _against_empty(f"{figure}, {label}", later["later"], later["empty"], target, share),
    ]


def _of_empty(
    plan: Plan, figure: str, measured: dict[str, list[Answered]], day: list[str], target: float
) -> list[Row]:
    """Each stream's rate against the empty route's; ``day``: what a day's users ask, for which the target is."""
    empty = measured["empty"]
    share = asked_before(day, measured["day"], plan.seconds)
    return [
        _against_empty(f"{figure}, as a day's users ask", measured["day"], empty, target, share),
        _against_empty(f"{figure}, asked again", measured["again"], empty),
        _against_empty(f"{figure}, never asked before", measured["new"], empty),
    ]


def _against_empty(
    figure: str,
    found: list[Answered],
    empty: list[Answered],
    target: float | None = None,
    share: float | None = None,
) -> Row:
    """``share``: how much of it was asked before."""
    beside = f"{shown(found)}; empty {shown(empty)}; by processor time {by_processor_time(found, empty):.3f}"
    if share is not None:
        beside = f"{share:.0%} asked before; {beside}"
    numbers = {"asked": found, "empty": empty}
    return Row(figure, median_ratio(rates(found), rates(empty)), target, beside=beside, numbers=numbers)


def indexed(plan: Plan, count: int, name: str) -> Registry | None:
    """A copy of the registry of so many items, with its index; None where no engine is to be had."""
    registry = copy(items(plan, count), plan.directory / name)
    engine, database = open_engine(registry.settings), registry.open()
    if engine is None:
        return None
    rebuild(database, engine)
    engine.close()
    database.dispose()
    return registry
