"""A comparison as people read it: one row a field, what is gone and what is new marked in its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from app.items.compared_words import compared_words
from app.items.field_words import word_of
from app.saying import said
from app.web.unseen_characters import Spans, coded, turned

TOKEN = re.compile(r"[A-Za-z]+|\d+|\s+|.", re.S)
"""Chinese is compared by the character, numbers and Latin words whole."""
MOST_TOKENS = 3_000
"""Longer texts are marked as a whole between what they begin and end with: finding more takes too long."""


@dataclass(slots=True)
class Row:
    """A field on both sides; ``lost`` and ``gained`` are the spans to mark, ``path`` where it stands."""

    label: str
    before: str
    after: str
    lost: Spans = field(default_factory=list)
    gained: Spans = field(default_factory=list)
    path: str = ""


def marks(before: str, after: str) -> tuple[Spans, Spans]:
    """Spans of ``before`` that are gone and of ``after`` that are new."""
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    start = len("".join(old[:head]))
    if len(middle_old) > MOST_TOKENS or len(middle_new) > MOST_TOKENS:
        changed = [(0, len(middle_old), 0, len(middle_new))]
    else:
        blocks = SequenceMatcher(None, middle_old, middle_new, autojunk=False).get_opcodes()
        changed = [one[1:] for one in blocks if one[0] != "equal"]
    lost = _spans(middle_old, [(one[0], one[1]) for one in changed], start)
    return lost, _spans(middle_new, [(one[2], one[3]) for one in changed], start)


def _common(old: list[str], new: list[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _spans(tokens: list[str], runs: list[tuple[int, int]], start: int) -> Spans:
    """Runs of tokens as spans of characters; runs that a single character parts become one."""
    at = [start]
    for token in tokens:
        at.append(at[-1] + len(token))
    found: Spans = []
    for first, last in runs:
        if first == last:
            continue
        if found and at[first] - found[-1][1] <= 1:
            found[-1] = (found[-1][0], at[last])
        else:
            found.append((at[first], at[last]))
    return found


WHOLE = ("statutory_limit", "promised_limit", "limit")
"""Figure, unit and note of a limit are read together."""
LONGEST_NAME = 60
"""Characters of what an element is called."""
ORDER = " order"
"""In a path, the order of a list's elements; no element has such a key."""


def rows(
    before: dict[str, Any],
    after: dict[str, Any],
    changes: list[dict[str, Any]],
    names: Mapping[str, str],
    codes: tuple[list[dict[str, str]], list[dict[str, str]]],
) -> list[Row]:
    """One row for each field that differs, status and codes first; ``names`` gives ids their names. No difference is
    left out, but for the number of the schema where one side has no content."""
    found: dict[str, Row] = {}
    for change in sorted(changes, key=lambda one: one["path"] != "status"):
        path, old, new = _values(before, after, change)
        if path in found or (path == "schema" and None in (old, new)):
            continue
        words = compared_words(_place(path, before, after), (old, new), names)
        found[path] = replace(_row(_label(path, before, after), *words), path=path)
    listed = list(found.values())
    old_codes, new_codes = _code_words(*codes)
    if old_codes != new_codes:
        listed.insert(0, _row(said("编码"), old_codes, new_codes))
    return listed


def _row(label: str, before: str, after: str) -> Row:
    before, after = turned(before), turned(after)
    lost, gained = marks(before, after)
    before, lost = coded(before, lost)
    after, gained = coded(after, gained)
    return Row(label, before, after, lost, gained)


def _code_words(*sides: list[dict[str, str]]) -> tuple[str, ...]:
    """The codes of each side, a line each; with scheme and issuer where one value is a code of several."""
    held = [
        sorted({(one["value"], one.get("scheme", ""), one.get("issuer", "")) for one in side})
        for side in sides
    ]
    schemes: dict[str, set[tuple[str, str]]] = {}
    for value, *of in (code for side in held for code in side):
        schemes.setdefault(value, set()).add((of[0], of[1]))
    return tuple(
        "\n".join(
            said("{1}（{2}）", value, " ".join(filter(None, of))) if len(schemes[value]) > 1 else value
            for value, *of in side
        )
        for side in held
    )


def _values(before: Any, after: Any, change: dict[str, Any]) -> tuple[str, Any, Any]:
    """(path, old, new) of a change; of part of a limit, those of the whole."""
    path, op = change["path"], change["op"]
    parts = path.split("/")
    if op == "order":
        return f"{path}/{ORDER}", _named(_at(before, parts)), _named(_at(after, parts))
    if op == "add":
        return f"{path}/{change['value']['key']}", None, change["value"]
    for number, part in enumerate(parts):
        if part in WHOLE:
            parts = parts[: number + 1]
            return "/".join(parts), _at(before, parts), _at(after, parts)
    return path, _at(before, parts), _at(after, parts)


def _at(value: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(value, list):
            value = next((one for one in value if one.get("key") == part), None)
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            return None
    return value


def _named(elements: list[dict[str, Any]] | None) -> list[str]:
    return [_name_among(one, elements or []) for one in elements or []]


def _name_among(element: dict[str, Any], elements: Iterable[dict[str, Any]]) -> str:
    """An element's name, with its key where others of the list have the same."""
    name = _element_name(element)[:LONGEST_NAME]
    alike = any(
        _element_name(one)[:LONGEST_NAME] == name and one.get("key") != element.get("key") for one in elements
    )
    return said("{1}（{2}）", name, element.get("key", "")) if alike else name


def _element_name(element: dict[str, Any]) -> str:
    for name in ("name", "title", "question", "label", "matter"):
        if element.get(name):
            return str(element[name])
    return str(element.get("key", ""))


def _place(path: str, before: Any, after: Any) -> str:
    """The path without the keys of elements."""
    return "/".join(part for part, _ in _steps(path, before, after) if part)


def _label(path: str, before: Any, after: Any) -> str:
    place, words = [], []
    for part, element in _steps(path, before, after):
        if element is not None:
            words.append(said("“{1}”", element))
        elif part == ORDER:
            words.append(said("顺序"))
        else:
            place.append(part)
            words.append(word_of("/".join(place)))
    return " ".join(words)


def _steps(path: str, before: Any, after: Any) -> list[tuple[str, str | None]]:
    """Each segment of a path: (field, None), or ("", what the element is called) where it is an element's key."""
    steps: list[tuple[str, str | None]] = []
    parts = path.split("/")
    for number, part in enumerate(parts):
        sides = [_at(side, parts[:number]) for side in (after, before)]
        elements = [_at(side, parts[: number + 1]) for side in (after, before)]
        if any(isinstance(side, list) for side in sides) and part != ORDER:
            element = next((one for one in elements if isinstance(one, dict)), {"key": part})
            beside = [one for side in sides if isinstance(side, list) for one in side]
            steps.append(("", _name_among(element, beside)))
        else:
            steps.append((part, None))
    return steps
