"""Items of different authorities of one place that seem to be the same power (权责交叉). Pure.

The score of a pair, 0 to 100: up to 70 for names (pairs of neighbouring signs that both have), 20 for an article
that both cite (10 for an instrument alone), 5 for the same type, 5 for a class of applicants that both serve; of what
the two of them say. What one of them does not say (its basis, whom it serves) counts neither for nor against, and
is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from app.checks.numerals import articles

NAMES, ARTICLE, INSTRUMENT, TYPE, OBJECT = 70, 20, 10, 5, 5
COMMON = 60
"""A pair of signs or an article that more items than this have says little about any two of them."""
UNKNOWN = "unknown"
_NOT_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Power:
    """What of an item is compared."""

    id: str
    name: str
    authority: str
    type: str
    grams: frozenset[str]
    cited: frozenset[tuple[str, int]]
    """(instrument, article); article 0: the instrument."""
    objects: frozenset[str]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two items and how alike they are, with what the score is made of."""

    first: str
    second: str
    score: int
    reasons: Sequence[str] = field(default=())


def power_of(item: str, content: Mapping[str, Any]) -> Power:
    """What of an item tells how alike it is to another. A basis counts by its instrument and by each article of it."""
    cited: set[tuple[str, int]] = set()
    for one in content.get("citations") or ():
        if one.get("role", "setting") in ("setting", "implementing"):
            title = one.get("instrument") or str(one.get("title") or "").strip("《》")
            if title:
                cited |= {(title, 0), *((title, number) for number in articles(one.get("article") or ""))}
    return Power(
        id=item,
        name=content["name"],
        authority=content.get("authority", ""),
        type=content.get("type", UNKNOWN),
        grams=grams(content["name"]),
        cited=frozenset(cited),
        objects=frozenset(content.get("service_objects") or ()),
    )


def grams(name: str) -> frozenset[str]:
    """Pairs of neighbouring signs, without brackets and blanks; of one sign alone, that."""
    plain = _NOT_WORDS.sub("", unicodedata.normalize("NFKC", name)).lower()
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1)) or frozenset({plain})


def compare(one: Power, other: Power) -> Overlap:
    """The score of two items."""
    shared = len(one.grams & other.grams)
    alike = 2 * shared / (len(one.grams) + len(other.grams))
    score, reasons = alike * NAMES, [f"名称相似 {round(alike * 100)}%"]
    most, unsaid = NAMES, []
    both = one.cited & other.cited
    if numbers := sorted({number for _, number in both if number}):
        score += ARTICLE
        reasons.append("同一依据的" + "、".join(f"第 {number} 条" for number in numbers[:3]))
    elif both:
        score += INSTRUMENT
        reasons.append("同一依据")
    if one.type == other.type != UNKNOWN:
        score += TYPE
        reasons.append("类型相同")
    if one.objects & other.objects:
        score += OBJECT
        reasons.append("服务对象相同")
    for weight, words, is_said in (
        (ARTICLE, "依据", one.cited and other.cited),
        (TYPE, "类型", UNKNOWN not in (one.type, other.type)),
        (OBJECT, "服务对象", one.objects and other.objects),
    ):
        if is_said:
            most += weight
        else:
            unsaid.append(words)
    if unsaid:
        reasons.append(f"{'、'.join(unsaid)}没有写全，不计")
    first, second = sorted((one.id, other.id))
    return Overlap(first, second, round(score * 100 / most), tuple(reasons))


def overlaps(powers: Iterable[Power], least: int) -> list[Overlap]:
    """The pairs of different authorities with at least this score, the most alike first."""
    listed = list(powers)
    found = [
        compared
        for one, other in _candidates(listed)
        if listed[one].authority != listed[other].authority
        and (compared := compare(listed[one], listed[other])).score >= least
    ]
    return sorted(found, key=lambda pair: (-pair.score, pair.first, pair.second))


def _candidates(listed: Sequence[Power]) -> set[tuple[int, int]]:
    """Pairs that have something in common that few have: all others are not worth comparing."""
    holders: dict[Any, list[int]] = defaultdict(list)
    for at, one in enumerate(listed):
        for gram in one.grams:
            holders[gram].append(at)
        for cited in one.cited:
            if cited[1]:
                holders[cited].append(at)
    shared: Counter[tuple[int, int]] = Counter()
    for held in holders.values():
        if 1 < len(held) <= COMMON:
            shared.update(combinations(held, 2))
    same_name = defaultdict(list)
    for at, one in enumerate(listed):
        same_name[one.grams].append(at)
    pairs = {pair for held in same_name.values() if len(held) > 1 for pair in combinations(held[:COMMON], 2)}
    return pairs | set(shared)
