"""What is asked of an index, in no engine's language; each engine turns it into its own.

Fields that hold text, values kept apart: `all` (every value that counts as contained), `name`, `alias` (former
names too), `short` (titles without what stands in brackets), `code`, `authority`, `citation`, `region`; `canon` and
`canon_citation` hold values that cite articles, in canonical form; `letters`, `syllables`, `initials` those of the
titles. Fields of single values: `chars` (the characters of `all`), `role`, `subject` and the facets.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from search.engine import SearchDocument, SearchQuery


@dataclass(frozen=True, slots=True)
class Everything:
    """Whatever is in the index, service documents too."""


@dataclass(frozen=True, slots=True)
class Term:
    """One whole value of a field."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Folded `text`, two characters or more, within one value; it may begin with START and end with END."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class InOrder:
    """Terms of `letters` or `syllables` at these distances from each other, (position, term)."""

    field: str
    terms: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Several:
    """Conditions hold conditions, and what was made of one is looked up by it: its hash is worked out once."""

    of: tuple["Condition", ...]
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((type(self).__name__, self.of)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Every(_Several):
    """All of them."""

    __hash__ = _Several.__hash__


@dataclass(frozen=True, slots=True)
class Either(_Several):
    """Any of them; of none at all, nothing."""

    __hash__ = _Several.__hash__


@dataclass(frozen=True, slots=True)
class Without:
    condition: "Condition"
    others: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class OnDay:
    """valid_from <= day < valid_to; the day as a number, 20240701."""

    day: int


Condition: TypeAlias = Everything | Term | Phrase | InOrder | Every | Either | Without | OnDay


class Reader(Protocol):
    """One state of an index, asked by whatever ranks."""

    def holds(self, conditions: Sequence[Condition]) -> list[bool]:
        """Whether any document meets each."""

    def shortest(self, conditions: Sequence[Condition], limit: int) -> list[list[SearchDocument]]:
        """For each, the documents with the shortest names."""

    def likeliest(
        self,
        pieces: Sequence[str],
        frequencies: Mapping[str, int],
        conditions: Sequence[Condition],
        limit: int,
    ) -> list[list[SearchDocument]]:
        """For each, the documents that have most of the pieces' neighbouring characters, or most of their sounds.

        `frequencies` are those of every such pair of characters, see below.
        """

    def frequencies(self, pairs: Iterable[str]) -> tuple[dict[str, int], int]:
        """({pair of characters: documents whose titles have it}, documents in the index), of all days."""

    def names(self, conditions: Sequence[Condition], limit: int) -> list[list[tuple[str, int]]]:
        """For each, [(name, documents that bear it)], the commonest first."""


def every(conditions: Iterable[Condition]) -> Condition:
    found = tuple(conditions)
    return found[0] if len(found) == 1 else Every(found) if found else Either(())


def either(conditions: Iterable[Condition]) -> Condition:
    found = tuple(conditions)
    return found[0] if len(found) == 1 else Either(found)


def excluding(condition: Condition, without: Iterable[Condition]) -> Condition:
    others = tuple(without)
    return Without(condition, others) if others else condition


def sequence(field: str, terms: Iterable[tuple[int, str]]) -> Condition:
    return InOrder(field, tuple(terms))


# Facet or filter of the contract -> field of the index.
KEYWORD_FIELDS = {
    "type": "type",
    "authority": "authority_id",
    "level": "level",
    "region": "region_path",
    "status": "status",
    "theme": "theme",
}


def filters(query: SearchQuery) -> list[Condition]:
    """The day and every filter that is set. Raises ValueError where `on` is no day."""
    found: list[Condition] = [OnDay(day_number(query.on))]
    for name in ("region", "authority", "type", "level", "theme"):
        value = getattr(query, name)
        if value:
            found.append(Term(KEYWORD_FIELDS[name], value))
    statuses = (query.status,) if isinstance(query.status, str) else query.status
    if statuses:
        found.append(either(Term("status", status) for status in dict.fromkeys(statuses)))
    return found


def day_number(day: str) -> int:
    """ "2024-07-01" -> 20240701. Raises ValueError for anything that is not such a day."""
    year, month, date = day.split("-")
    if not (len(year) == 4 and len(month) == len(date) == 2 and (year + month + date).isascii()):
        raise ValueError(f"not a day: {day!r}")
    return int(year + month + date)
