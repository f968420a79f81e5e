"""Which items the rows of a document may mean: exact code, exact name, former name, close name with a score.

Nothing is linked by itself: a person confirms. Items of the issuing authority's region come first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection

from app.auth.actor import Actor
from app.changes.annexes import Row
from app.changes.scope import Scope
from app.db import fetch
from app.places.queries import subtree
from search.folding import fold

MOST = 5
"""Candidates that are kept for a row."""
CLOSE = 60
"""Per cent of shared pairs of characters from which a name is close."""
_NAMES = (
    "SELECT t.subject_id, t.name, t.region, t.authority, t.codes, t.visibility, t.valid_from FROM timeline t"
    " WHERE t.kind = 'item' AND t.name IS NOT NULL AND t.content IS NOT NULL ORDER BY t.subject_id, t.valid_from"
)
_IGNORED = str.maketrans("", "", " \t\n\r　（）()〔〕[]【】《》“”\"'、，,。·-—")


def plain(name: str) -> str:
    """A name as it is compared: one form of each character, without brackets, blanks and marks."""
    return fold(name.translate(_IGNORED)).translate(_IGNORED)


@dataclass(slots=True)
class _Item:
    id: str
    names: list[str] = field(default_factory=list)
    region: str = ""
    authority: str = ""
    codes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every item with the names and codes it ever had, to be matched against."""

    items: dict[str, _Item]
    by_name: dict[str, list[str]]
    former: dict[str, list[str]]
    by_code: dict[str, list[str]]
    pairs: dict[str, list[int]]
    """A pair of characters -> the places in ``named`` of the names that have it."""
    named: list[tuple[str, str, int]]
    """(plain name, item, how many pairs it has)."""
    within: frozenset[str] | None
    """Regions of the issuing authority; none: not known."""


def catalogue(connection: Connection, region: str | None, day: str, actor: Actor) -> Catalogue:
    """The items of the registry that the actor may know of, ended ones among them; ``region``: of the issuing
    authority."""
    items: dict[str, _Item] = {}
    rows = fetch(connection, _NAMES, ())
    hidden = _hidden_from(connection, actor, rows)
    for subject, name, place, organ, codes, visibility, _ in rows:
        if subject in hidden and (hidden[subject] or visibility == "internal"):
            continue
        item = items.setdefault(subject, _Item(subject))
        item.names.append(name)
        item.region, item.authority = place or "", organ or ""
        item.codes.update(one["value"] for one in orjson.loads(codes or b"[]"))
    now, former, coded = defaultdict(list), defaultdict(list), defaultdict(list)
    named: list[tuple[str, str, int]] = []
    pairs: dict[str, list[int]] = defaultdict(list)
    for item in items.values():
        last = plain(item.names[-1])
        now[last].append(item.id)
        for name in dict.fromkeys(plain(one) for one in item.names):
            if name != last:
                former[name].append(item.id)
            some = _pairs(name)
            for pair in some:
                pairs[pair].append(len(named))
            named.append((name, item.id, len(some)))
        for code in item.codes:
            coded[code].append(item.id)
    within = frozenset(subtree(connection, region, day)) if region else None
    return Catalogue(items, now, former, coded, pairs, named, within)


def _hidden_from(connection: Connection, actor: Actor, rows: Sequence[Any]) -> dict[str, bool]:
    """Items outside the actor's scope of which something is internal: whether that is all of the item, as it is where
    its last interval is. Intervals come in order."""
    scope, last = Scope(connection, actor), {}
    if scope.is_everything:
        return {}
    internal = {row[0] for row in rows if row[5] == "internal"}
    for row in rows:
        if row[0] in internal:
            last[row[0]] = row
    return {
        item: visibility == "internal"
        for item, name, region, authority, _, visibility, day in last.values()
        if not scope.covers_item(authority, region, day)
    }


def _pairs(name: str) -> frozenset[str]:
    return frozenset(name[at : at + 2] for at in range(len(name) - 1)) or frozenset([name])


def candidates(known: Catalogue, row: Row) -> list[dict[str, Any]]:
    """``[{"item", "name", "authority", "how", "score", "within"}]``, likeliest first.

    ``how``: code, name, former, close.
    """
    found: dict[str, tuple[str, int]] = {}
    name = plain(row.body.get("name", ""))
    for how, some in (
        ("code", known.by_code.get(row.body.get("code", ""), ())),
        ("name", known.by_name.get(name, ())),
        ("former", known.former.get(name, ())),
    ):
        for item in some:
            found.setdefault(item, (how, 100))
    for item, score in _close(known, name):
        found.setdefault(item, ("close", score))
    order = ("code", "name", "former", "close")

    def rank(entry: tuple[str, tuple[str, int]]) -> tuple[Any, ...]:
        item, (how, score) = entry
        exact = how in ("code", "name")
        return (
            not (exact and _within(known, item)),
            not _within(known, item),
            order.index(how),
            -score,
            item,
        )

    return [
        {
            "item": item,
            "name": known.items[item].names[-1],
            "authority": known.items[item].authority,
            "how": how,
            "score": score,
            "within": _within(known, item),
        }
        for item, (how, score) in sorted(found.items(), key=rank)[:MOST]
    ]


def _within(known: Catalogue, item: str) -> bool:
    return known.within is None or known.items[item].region in known.within


def _close(known: Catalogue, name: str) -> Iterable[tuple[str, int]]:
    """Items one of whose names shares enough pairs of characters, with the share in per cent (Dice)."""
    if len(name) < 2:
        return
    own = _pairs(name)
    shared: Counter[int] = Counter()
    for pair in own:
        shared.update(known.pairs.get(pair, ()))
    best: dict[str, int] = {}
    least = len(own) * CLOSE / (200 - CLOSE)  # fewer are too few, however short the other name is
    for at, count in shared.items():
        if count < least:
            continue
        _, item, many = known.named[at]
        score = 200 * count // (len(own) + many)
        if score >= CLOSE and score > best.get(item, 0):
            best[item] = min(score, 99)
    yield from sorted(best.items(), key=lambda entry: -entry[1])[: 4 * MOST]


def is_certain(row: Row) -> bool:
    """Whether one item alone has the row's code or name, within the issuing authority's region."""
    exact = [one for one in row.candidates if one["how"] in ("code", "name") and one["within"]]
    coded = [one for one in exact if one["how"] == "code"]
    return len(coded or exact) == 1


def match(known: Catalogue, rows: Sequence[Row]) -> None:
    """Put the candidates of each row that nobody has confirmed yet, in place."""
    for row in rows:
        if row.how is None:
            row.candidates = candidates(known, row)
