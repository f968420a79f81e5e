"""How good the answers are: judged queries asked of an engine, success@1, success@5 and MRR@10 per kind.

The judged sets and the real items they are asked over lie in ``tests/search/judged`` of the source tree: the
blind half was written from the items alone and is never tuned on; the tuned half may be looked at.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from app.bench import meili_server
from app.bench.figures import Plan, Row
from search.embedded import EmbeddedEngine
from search.engine import Engine, SearchDocument, SearchQuery

DAY = "2026-07-01"
ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT / "tests" / "search" / "judged"
SEED = ROOT / "seed"
HALVES = ("blind", "tuned")
AIM = 0.80
"""The share of everyday queries of the blind half whose answer is among the first five."""
LOOKED_AT = 10
"""Hits of a page that count at all."""


@dataclass(frozen=True)
class Judged:
    """A query, and the names of the items that satisfy whoever asked it."""

    q: str
    kind: str
    expect: frozenset[str]


@dataclass(frozen=True)
class Score:
    """Of the queries of one kind: how many, and the shares from 0 to 1."""

    queries: int
    at_1: float
    at_5: float
    mrr_10: float


def judged(half: str) -> list[Judged]:
    lines = (SETS / f"{half}.jsonl").read_bytes().splitlines()
    found = (orjson.loads(line) for line in lines if line.strip())
    return [Judged(one["q"], one["kind"], frozenset(one["expect"])) for one in found]


def rank(engine: Engine, query: Judged) -> int:
    """The place of the first satisfying hit, from 1; 0 where the page has none."""
    page = engine.search(SearchQuery(q=query.q, on=DAY, limit=LOOKED_AT, facets=()))
    return next((at for at, hit in enumerate(page.hits, 1) if hit.name in query.expect), 0)


def scores(ranks: Iterable[tuple[str, int]]) -> dict[str, Score]:
    """{kind: its score} from (kind, rank) of every query, and "all" of them together."""
    by_kind: dict[str, list[int]] = {}
    for kind, place in ranks:
        by_kind.setdefault(kind, []).append(place)
        by_kind.setdefault("all", []).append(place)
    return {kind: _score(places) for kind, places in by_kind.items()}


def _score(places: Sequence[int]) -> Score:
    many = len(places)
    return Score(
        many,
        sum(place == 1 for place in places) / many,
        sum(1 <= place <= 5 for place in places) / many,
        sum(1 / place for place in places if 1 <= place <= LOOKED_AT) / many,
    )


def evaluate(engine: Engine, queries: Iterable[Judged]) -> dict[str, Score]:
    return scores((query.kind, rank(engine, query)) for query in queries)


# -- the items asked over


def corpus(aliases: bool = True) -> Iterator[SearchDocument]:
    """The real catalogue and the demonstration seed, each item once: the seed's own record where both have it.

    Without ``aliases`` the editors' everyday names are left out, as in a registry fresh from an import.
    """
    seeded = list(_seeded(aliases))
    yield from seeded
    known = {code for document in seeded for code in document.codes}
    yield from (document for document in catalogue() if not known.intersection(document.codes[:1]))


def catalogue() -> Iterator[SearchDocument]:
    """The real catalogue alone."""
    with (SETS / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            yield _catalogued(number, row, tuple(row["codes"].split()))


def _catalogued(number: int, row: dict[str, str], codes: tuple[str, ...]) -> SearchDocument:
    return SearchDocument(
        id=f"catalogue-{number}:2000-01-01",
        subject=f"catalogue-{number}",
        kind="item",
        name=row["name"],
        authority_names=tuple(filter(None, [row["authority"]])),
        region_names=tuple(filter(None, [row["region"]])),
        citations=tuple(filter(None, [row["basis"]])),
        codes=codes,
        texts=tuple(filter(None, [row["parent"]])),
        type=row["type"],
        level=row["level"],
        authority=row["authority"],
        valid_from="2000-01-01",
    )


def _seeded(aliases: bool) -> Iterator[SearchDocument]:
    organs = {record["ref"]: record["content"] for record in _records("authorities")}
    for record in _records("items"):
        content = record["content"]
        organ = organs[content["authority"].removeprefix("@authority:")]
        yield SearchDocument(
            id=f"{record['ref']}:2000-01-01",
            subject=record["ref"],
            kind="item",
            name=content["name"],
            aliases=tuple(content.get("aliases", ())) if aliases else (),
            authority_names=(organ["name"], *organ.get("short_names", ())),
            citations=tuple(
                f"{c['title']} {c.get('article', '')}".strip() for c in content.get("citations", ())
            ),
            codes=tuple(code["value"] for code in record.get("codes", ())),
            texts=tuple(filter(None, [content.get("parent_name")])),
            type=content["type"],
            level=content.get("level", ""),
            authority=content["authority"],
            valid_from="2000-01-01",
        )


def _records(name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (SEED / f"{name}.jsonl").read_bytes().splitlines()]


def lines(half: str, found: dict[str, Score]) -> Iterator[str]:
    """The scores of a half, the largest kind first, all of them last."""
    for kind, score in sorted(found.items(), key=lambda one: (one[0] == "all", -one[1].queries)):
        yield (
            f"{half:>8} {kind:<16} success@1 {score.at_1:.2f}, @5 {score.at_5:.2f},"
            f" MRR@10 {score.mrr_10:.2f} of {score.queries}"
        )


def bench(plan: Plan) -> list[Row]:
    """Everyday success@5 of both halves, on each engine at hand; every kind is told beside."""
    if not SETS.exists():
        return [Row("search, judged", None, beside="the judged sets are in the source tree only")]
    rows = list(_rows(plan, EmbeddedEngine(plan.directory / "judged"), ""))
    with meili_server.at_hand(plan.directory / "meilisearch-judged") as server:
        if server is None:
            rows.append(Row("search, judged, on Meilisearch", None, beside=meili_server.MISSING))
        else:
            rows += _rows(plan, server.engine("judged"), ", on Meilisearch")
            server.forget("judged")
    return rows


def _rows(plan: Plan, engine: Engine, where: str) -> Iterator[Row]:
    engine.rebuild(corpus(), seq=1)
    for half in HALVES:
        found = evaluate(engine, judged(half))
        for line in lines(half, found):
            plan.say(f"{line}{where}")
        yield Row(
            f"search, everyday success@5, {half} half{where}",
            found["everyday"].at_5,
            AIM,
            beside=f"@1 {found['everyday'].at_1:.2f}, MRR@10 {found['everyday'].mrr_10:.2f}",
            numbers={kind: asdict(score) for kind, score in found.items()},
        )
    engine.close()
