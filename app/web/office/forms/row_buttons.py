"""What the buttons of a form do to its rows: one more, up, down, removed, brought back. Pure.

A removed row leaves the document but not the form: its fields go on as hidden ones under ``gone``, so that it can be
brought back where it stood until the form is saved, by whoever runs no script too.
"""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.web.office.doors.visiting import Posted
from app.web.office.forms import filled
from app.web.office.forms.fields import FormField

GONE = "gone"
"""The field that names a removed row and the place it had: ``2:materials/m1``."""
_GONE = re.compile(r"(\d{1,4}):(.+)/([^/]+)", re.S)
_CALLED = ("name", "title", "question", "matter", "label")


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that was removed and can be brought back."""

    place: int
    """From 0; where it stood in its list."""
    listed: str
    """The list: ``materials``, ``variants/v1/steps``."""
    key: str
    words: str
    """What the row is called; empty where it says nothing yet."""
    marker: str

    @property
    def at(self) -> str:
        return f"{self.listed}/{self.key}"


def acted(
    content: Mapping[str, Any], form: Posted, fields: Sequence[FormField], act: str, base: Mapping[str, Any]
) -> tuple[dict[str, Any], Posted]:
    """The document and the form after a button: ``add:materials``, ``remove:materials/m1``, ``restore:``, ``up:``,
    ``down:``. ``base``: what stands; a row that is brought back keeps of it what the form does not say."""
    made = copy.deepcopy(dict(content))
    verb, _, path = act.partition(":")
    listed, _, key = (path, "", "") if verb == "add" else path.rpartition("/")
    if not _is_rows(fields, listed):
        return made, form
    holder, name = _holder(made, listed, make=verb in ("add", "restore"))
    if holder is None:
        return made, form
    rows = [*(holder.get(name) or ())]
    at = next((at for at, row in enumerate(rows) if row["key"] == key), None)
    pairs = [pair for pair in form.pairs if pair[0] != f"{listed}:row"]
    if verb == "add":
        rows.append({"key": f"{filled.NEW}{secrets.token_hex(3)}"})
    elif verb == "restore" and at is None:
        back = next((one for one in gone(form, content) if one.at == path), None)
        if back is None:
            return made, form
        stood = _row(base, listed, key) or {"key": key}
        rows.insert(back.place, filled.document(_parts(fields, listed), form, stood, f"{path}/"))
        pairs = [pair for pair in pairs if pair != (GONE, back.marker)]
    elif verb == "remove" and at is not None:
        del rows[at]
        pairs.append((GONE, f"{at}:{path}"))
    elif verb in ("up", "down") and at is not None:
        rows.insert(max(0, at + (1 if verb == "down" else -1)), rows.pop(at))
    if rows:
        holder[name] = rows
    else:
        holder.pop(name, None)  # that there are none is for the person to say
    return made, Posted(pairs + [(f"{listed}:row", row["key"]) for row in rows])


def gone(form: Posted, content: Mapping[str, Any]) -> list[Gone]:
    """The rows that were removed, in the order of removing; none that stands again."""
    found = []
    for marker in dict.fromkeys(form.all(GONE)):
        if match := _GONE.fullmatch(marker):
            place, listed, key = int(match[1]), match[2], match[3]
            if _row(content, listed, key) is None:
                said = [form.get(f"{listed}/{key}/{name}").strip() for name in _CALLED]
                found.append(Gone(place, listed, key, next(filter(None, said), "")[:100], marker))
    return found


def gone_fields(form: Posted, rows: Iterable[Gone]) -> list[tuple[str, str]]:
    """What a form carries of removed rows: their markers, and each field in them once."""
    every = [*rows]
    within = tuple(f"{one.at}/" for one in every)
    carried = [(name, value) for name, value in form.pairs if name.startswith(within)]
    return [(GONE, one.marker) for one in every] + carried


def focus(content: Mapping[str, Any], fields: Sequence[FormField], act: str) -> str:
    """Where one goes on by keyboard after a button: the first field of the row that is new or back, the button of the
    row that moved (the other one where it can go no further), the button that brings back the row that was removed."""
    verb, _, path = act.partition(":")
    listed, _, key = path.rpartition("/")
    if verb == "remove":
        return f"restore:{path}"
    holder, name = _holder(copy.deepcopy(dict(content)), path if verb == "add" else listed)
    rows = (holder or {}).get(name)
    if not isinstance(rows, list) or not rows:
        return ""
    if verb in ("add", "restore"):
        parts = _parts(fields, path if verb == "add" else listed)
        at = f"{path}/{rows[-1]['key']}" if verb == "add" else path
        return f"{at}/{parts[0].name}" if parts else ""
    if verb in ("up", "down"):
        end = rows[0] if verb == "up" else rows[-1]
        stuck = len(rows) > 1 and end.get("key") == key
        return f"{({'up': 'down', 'down': 'up'}[verb]) if stuck else verb}:{path}"
    return ""


def _row(content: Mapping[str, Any], listed: str, key: str) -> dict[str, Any] | None:
    holder, name = _holder(dict(content), listed)
    rows = (holder or {}).get(name)
    if not isinstance(rows, list):
        return None
    return next((row for row in rows if isinstance(row, dict) and row.get("key") == key), None)


def _parts(fields: Iterable[FormField], path: str) -> tuple[FormField, ...]:
    """Of each row of the list at a path."""
    head, _, rest = path.partition("/")
    one = next((one for one in fields if one.name == head), None)
    if one is None or not rest:
        return one.parts if one else ()
    return _parts(one.parts, rest.partition("/")[2] if one.kind == "rows" else rest)


def _holder(made: dict[str, Any], path: str, make: bool = False) -> tuple[dict[str, Any] | None, str]:
    """The object that holds the list at a path (``materials``, ``variants/v1/steps``), and the list's name."""
    *steps, name = path.split("/")
    here: Any = made
    for step in steps:
        if isinstance(here, list):
            here = next((row for row in here if row.get("key") == step), None)
        elif isinstance(here, dict):
            here = here.setdefault(step, {}) if make else here.get(step)
        if here is None:
            return None, name
    return (here if isinstance(here, dict) else None), name


def _is_rows(fields: Iterable[FormField], path: str) -> bool:
    head, _, rest = path.partition("/")
    one = next((one for one in fields if one.name == head), None)
    if one is None:
        return False
    if not rest:
        return one.kind == "rows"
    return _is_rows(one.parts, rest.partition("/")[2] if one.kind == "rows" else rest)
