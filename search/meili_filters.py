"""Conditions written as filters of a Meilisearch server.

A text longer than the endings that are kept (see meili_text.WINDOWS) is asked for in pieces: whatever contains it is
found, and perhaps something that has only the pieces. `possible` writes such a text in pieces, `certain` leaves it
out; what is possible but not certain is looked at in Python.
"""

from collections.abc import Callable, Iterable

from search.conditions import (
    Condition,
    Either,
    Every,
    Everything,
    InOrder,
    OnDay,
    Phrase,
    Term,
    Without,
)
from search.meili_text import WINDOWS, sound, windows, written
from search.values import VALUES

_MOST_WINDOWS = 12
_MOST_WORDS = 40  # of a query; what more it has is asked for of those that meet these

# Fields of the conditions that stand for several of the index.
_UNIONS = {
    "all": tuple(dict.fromkeys("alias" if field == "former_name" else field for field in VALUES.values())),
    "canon": ("canon_citation", "canon_other"),
    "letters": ("name", "alias", "short"),
}

ALWAYS, NEVER = "", "key = none"


def possible(condition: Condition) -> str:
    """A filter that lets through whatever meets the condition."""
    return _write(condition, _pieces)


def certain(condition: Condition) -> str:
    """A filter that lets through only what meets the condition."""
    return _write(condition, _whole)


def both(*filters: str) -> str:
    return _join("AND", filters)


def neither(wanted: str, others: Iterable[str]) -> str:
    """The first without any of the others."""
    found = [other for other in others if other != NEVER]
    if ALWAYS in found:
        return NEVER
    return both(wanted, *(f"NOT {_nested(other)}" for other in found))


def one_of(field: str, values: Iterable[str]) -> str:
    return f"{field} IN [{', '.join(map(_quoted, values))}]"


def _write(condition: Condition, leaf: Callable[[str, str], str]) -> str:
    match condition:
        case Everything():
            return ALWAYS
        case Term("letters", value):  # a single one: an ending begins with it
            return _any(leaf(name, value) for name in _UNIONS["letters"])
        case Term(field, value):
            return f"{field} = {_quoted(written(value))}"
        case Phrase(field, text):
            return _any(leaf(name, text) for name in _UNIONS.get(field, (field,)))
        case InOrder("syllables", terms):
            return _begins("syllables", "".join(sound(term) for _, term in terms))
        case InOrder(field, terms):
            return _any(_runs(name, terms) for name in _UNIONS[field]) if leaf is _pieces else NEVER
        case Every(conditions):
            if len(conditions) > _MOST_WORDS and leaf is _whole:
                return NEVER
            return both(*(_write(one, leaf) for one in conditions[:_MOST_WORDS]))
        case Either(conditions):
            return _any(_write(one, leaf) for one in conditions)
        case Without(wanted, others):
            return neither(_write(wanted, leaf), (_write(one, _pieces) for one in others))
        case OnDay(day):
            return f"valid_from <= {day} AND valid_to > {day}"


def _pieces(field: str, text: str) -> str:
    return both(*(_begins(field, piece) for piece in windows(text, WINDOWS[field], _MOST_WINDOWS)))


def _whole(field: str, text: str) -> str:
    return _begins(field, written(text)) if len(text) <= WINDOWS[field] else NEVER


def _runs(field: str, terms: tuple[tuple[int, str], ...]) -> str:
    """Letters with gaps between: each run of neighbours by itself, the single ones where there is nothing else."""
    runs: list[str] = []
    last = -2
    for position, letter in terms:
        if position == last + 1:
            runs[-1] += letter
        else:
            runs.append(letter)
        last = position
    long = [run for run in runs if len(run) > 1] or runs
    return both(*(_pieces(field, run) for run in long))


def _begins(field: str, text: str) -> str:
    return f"in_{field} STARTS WITH {_quoted(text)}"


def _any(filters: Iterable[str]) -> str:
    found = list(dict.fromkeys(one for one in filters if one != NEVER))
    if ALWAYS in found:
        return ALWAYS
    return " OR ".join(map(_nested, found)) if found else NEVER


def _join(word: str, filters: Iterable[str]) -> str:
    found = list(dict.fromkeys(one for one in filters if one != ALWAYS))
    if NEVER in found:
        return NEVER
    return f" {word} ".join(map(_nested, found))


def _nested(text: str) -> str:
    return f"({text})" if " AND " in text or " OR " in text or text.startswith("NOT ") else text


def _quoted(text: str) -> str:
    return f'"{text}"'
