"""Everyday words and the official words they stand for, from data/synonyms.toml."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from search.folding import fold
from search.pinyin import syllables
from search.tokens import content_pieces


@dataclass(frozen=True, slots=True)
class Concept:
    """Official words, best first; each a tuple of parts that must all stand in a name: "养老 待遇"."""

    official: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A query read with the synonyms: (term as typed, its concept) in order, and the words left over."""

    terms: list[tuple[str, Concept]] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


class SynonymError(ValueError):
    """The file breaks its own rules; the message names the group."""


def parse(toml: str) -> dict[str, Concept]:
    """{folded everyday term: its concept}. Raises SynonymError, also when two groups claim one term."""
    concepts: dict[str, Concept] = {}
    for number, group in enumerate(tomllib.loads(toml).get("group", []), 1):
        terms, official = group.get("say"), group.get("means")
        if not terms or not official:
            raise SynonymError(f"group {number}: needs `say` and `means`, each with a word")
        concept = Concept(tuple(tuple(map(fold, phrase.split())) for phrase in official))
        for term in map(fold, terms):
            if len(term) < 2 or term in concepts:
                raise SynonymError(f"group {number}: {term!r} is too short or stands in an earlier group")
            concepts[term] = concept
    return concepts


@cache
def shipped() -> dict[str, Concept]:
    return parse(resources.files("search").joinpath("data/synonyms.toml").read_text("utf-8"))


def by_sound(concepts: dict[str, Concept]) -> dict[str, tuple[str, Concept]]:
    """{the letters of its reading: (term, concept)}, for terms typed in pinyin or by a homophone."""
    return {"".join(syllables(term)): (term, concept) for term, concept in concepts.items()}


def read(folded: str, concepts: dict[str, Concept]) -> Reading:
    """Takes the longest term at each place, from the left; function words vanish from the rest."""
    reading, rest, at = Reading(), "", 0
    longest = max(map(len, concepts), default=0)
    while at < len(folded):
        size = next(
            (n for n in range(min(longest, len(folded) - at), 1, -1) if folded[at : at + n] in concepts), 0
        )
        if size:
            term = folded[at : at + size]
            reading.terms.append((term, concepts[term]))
            rest += "\n"
        else:
            rest += folded[at]
        at += size or 1
    for part in rest.split("\n"):
        reading.rest.extend(piece for piece in content_pieces(part) if len(piece) > 1)
    return reading
