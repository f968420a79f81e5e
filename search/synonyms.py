"""Everyday words and the official words they stand for, from data/synonyms.toml."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import Any

from search.folding import fold
from search.pinyin import syllables
from search.tokens import content_pieces

_WIDEST_GAP = 5  # characters between two parts of a term: 养(几头)猪
_WIDEST_OF_WORDS = 8  # where both are words: 社区(有没有扫地的)岗位
_VERBS = frozenset(
    "开办当卖养砍修做建盖装学考买拉搞"
)  # what follows may stand apart: 当老师 is in 当小学老师


@dataclass(frozen=True, slots=True)
class Concept:
    """Official words, best first; each a tuple of parts that must all stand in a name: "养老 待遇".

    An `action` says what is to be done (补办, 注销), not with what. A term that says the one by itself and the other
    where something else is named, as 改名 (of a person, of a shop), has its official words for the latter `beside`.
    """

    official: tuple[tuple[str, ...], ...]
    action: bool = False
    beside: tuple[tuple[str, ...], ...] = ()


class Terms(dict[str, Concept]):
    """{folded everyday term: its concept}; the parts of a term that may stand apart are separated by blanks."""

    @cached_property
    def begun(self) -> dict[str, list[str]]:
        """{first two characters: the terms that begin so}, those whose parts may stand apart left out."""
        found: dict[str, list[str]] = {}
        for term in self:
            if " " not in term:
                found.setdefault(term[:2], []).append(term)
        return found

    @cached_property
    def apart(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """{first character: (parts, term)} of the terms whose parts may stand apart: those written so, and a verb from
        its object where the object is no term by itself."""
        found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for term in self:
            if " " in term:
                found.setdefault(term[0], []).append((tuple(term.split()), term))
            elif term[0] in _VERBS and len(term) > 2 and term[1:] not in self:
                found.setdefault(term[0], []).append(((term[0], term[1:]), term))
        return found


@dataclass(frozen=True, slots=True)
class Reading:
    """A query read with the synonyms: (term as in the data, its concept) in order, and the words left over."""

    terms: list[tuple[str, Concept]] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)

    @property
    def things(self) -> list[tuple[str, Concept]]:
        return [(term, concept) for term, concept in self.terms if not concept.action]


class SynonymError(ValueError):
    """The file breaks its own rules; the message names the group, where it is one that does."""


_WORDS = ("say", "means", "beside")


def parse(toml: str) -> Terms:
    """Raises SynonymError, also when two groups claim one term, and ValueError where it is no TOML."""
    concepts, claimed = Terms(), dict[str, str]()
    for number, group in enumerate(_groups(tomllib.loads(toml)), 1):
        _require_shape(group, f"第 {number} 组")
        terms, official = group.get("say"), group.get("means")
        where = f"第 {number} 组（{'、'.join((terms or official or ['空'])[:2])}……）"
        if not terms or not official:
            raise SynonymError(f"{where}缺少 say 或 means，两者都要至少一个词。")
        concept = Concept(_phrases(official), group.get("action", False), _phrases(group.get("beside", ())))
        for term in (" ".join(map(fold, phrase.split())) for phrase in terms):
            if len(term) < 2:
                raise SynonymError(f"{where}的“{term}”太短，至少要两个字。")
            if term in concepts:
                raise SynonymError(f"{where}的“{term}”在{claimed[term]}已有，一个词只能在一组，请删去一处。")
            concepts[term], claimed[term] = concept, where
    return concepts


def _groups(read: dict[str, Any]) -> list[Any]:
    if unknown := read.keys() - {"group"}:
        raise SynonymError(f"不认识“{'、'.join(sorted(unknown))}”，每组词以一行 [[group]] 开头。")
    groups = read.get("group", [])
    if not isinstance(groups, list):
        raise SynonymError("group 应是一组一组的，每组词以一行 [[group]] 开头（两层方括号）。")
    return groups


def _require_shape(group: Any, where: str) -> None:
    """Raises SynonymError where a group is not made of lists of texts and a yes or no."""
    if not isinstance(group, dict):
        raise SynonymError(f"{where}不是一组词，每组词以一行 [[group]] 开头。")
    if unknown := group.keys() - {*_WORDS, "action"}:
        known = "、".join((*_WORDS, "action"))
        raise SynonymError(f"{where}有不认识的“{'、'.join(sorted(unknown))}”，可写的是 {known}。")
    for name in _WORDS:
        words = group.get(name, [])
        if not isinstance(words, list) or not all(isinstance(one, str) and one.strip() for one in words):
            raise SynonymError(f'{where}的 {name} 应是一列词，写作 {name} = ["一个词", "另一个词"]。')
    if not isinstance(group.get("action", False), bool):
        raise SynonymError(f"{where}的 action 应写作 true 或 false。")


def _phrases(official: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(map(fold, phrase.split())) for phrase in official)


@cache
def shipped() -> Terms:
    return parse(resources.files("search").joinpath("data/synonyms.toml").read_text("utf-8"))


def with_own(toml: str) -> Terms:
    """The shipped ones with an office's own: what a term of these means replaces what is shipped. Raises SynonymError,
    and ValueError where it is no TOML."""
    return Terms(shipped() | parse(toml))


def by_sound(concepts: dict[str, Concept]) -> dict[str, tuple[str, Concept]]:
    """{the letters of its reading: (term, concept)}, for terms typed in pinyin or by a homophone."""
    return {
        "".join(syllables(term)): (term, concept) for term, concept in concepts.items() if " " not in term
    }


def terms_of(concepts: dict[str, Concept]) -> Terms:
    return concepts if isinstance(concepts, Terms) else Terms(concepts)


def read(folded: str, concepts: dict[str, Concept]) -> Reading:
    """The longest terms first, each character in one term only; function words vanish from the rest."""
    terms = terms_of(concepts)
    reading, taken = Reading(), [False] * len(folded)
    found = []
    for _, start, spans, term in sorted(_occurrences(folded, terms)):
        if not any(any(taken[a:b]) for a, b in spans):
            for a, b in spans:
                taken[a:b] = [True] * (b - a)
            found.append((start, term))
    reading.terms.extend(_beside_things([(term, terms[term]) for _, term in sorted(found)]))
    rest = "".join("\n" if gone else char for char, gone in zip(folded, taken, strict=True))
    for part in rest.split("\n"):
        reading.rest.extend(piece for piece in content_pieces(part) if len(piece) > 1)
    return reading


def _beside_things(terms: list[tuple[str, Concept]]) -> list[tuple[str, Concept]]:
    """Terms that say what is to be done with something else, read so where something else is named."""
    if not any(not concept.action and not concept.beside for _, concept in terms):
        return terms
    return [
        (term, Concept(concept.beside, action=True) if concept.beside else concept) for term, concept in terms
    ]


def _occurrences(folded: str, terms: Terms) -> list[tuple[int, int, list[tuple[int, int]], str]]:
    """(minus its length, start, spans, term) of every term in the text; in one piece before in parts.

    What means something else beside another thing does not begin with the end of its name: 书店改名 is 书店 and 改名,
    not 店 改名.
    """
    found = []
    for start in range(len(folded) - 1):
        for term in terms.begun.get(folded[start : start + 2], ()):
            if folded.startswith(term, start):
                found.append((-2 * len(term), start, [(start, start + len(term))], term))
    ends = {spans[-1][1] for _, _, spans, _ in found}
    for char in dict.fromkeys(folded):
        for parts, term in terms.apart.get(char, ()):
            # Most have another end: no closer look is needed.
            if parts[-1] in folded and (spans := _in_order(folded, parts)):
                found.append((1 - 2 * sum(map(len, parts)), spans[0][0], spans, term))
    return [one for one in found if one[1] + 1 not in ends or not terms[one[3]].beside]


def _in_order(folded: str, parts: tuple[str, ...]) -> list[tuple[int, int]]:
    """The spans of the parts, one after the other and near; [] where they are not so."""
    start = folded.find(parts[0])
    while start >= 0:
        spans = [(start, start + len(parts[0]))]
        for before, part in pairwise(parts):
            end = spans[-1][1]
            widest = _WIDEST_OF_WORDS if len(before) > 1 and len(part) > 1 else _WIDEST_GAP
            at = folded.find(part, end, end + widest + len(part))
            if at < 0:
                break
            spans.append((at, at + len(part)))
        else:
            return spans
        start = folded.find(parts[0], start + 1)
    return []
