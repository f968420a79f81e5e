"""A posted form as a document, and what is done to it while it is filled in. Pure.

Rows keep the key of their element; a new row has a stand-in key that begins with ``+`` until it is saved. What is
empty is absent, never null; an empty list stands only where the person says that there is none. A field that the
form did not carry keeps what stands, and so does a text that differs in its line ends alone.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from app.web.office.fields import FormField

NEW = "+"


class Fields(Protocol):
    """What a posted form answers."""

    def get(self, name: str, default: str = "") -> str: ...
    def all(self, name: str) -> list[str]: ...
    def __contains__(self, name: str) -> bool: ...


def document(
    fields: Iterable[FormField], form: Fields, base: Mapping[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """The document a form says. A number that is none stays as written: the content model has the word for it."""
    made = {name: value for name, value in base.items() if name in ("schema", "key")}
    for one in fields:
        value = _value(one, form, base.get(one.name), prefix + one.name)
        if value is not None:
            made[one.name] = value
    return made


def _value(one: FormField, form: Fields, base: Any, path: str) -> Any:
    if one.kind == "group":
        made = document(one.parts, form, base or {}, f"{path}/")
        return made or None
    if one.kind == "rows":
        return _rows(one, form, base or [], path)
    if path not in form:
        return base
    text = form.get(path)
    if isinstance(base, str) and base.replace("\r\n", "\n") == text:
        return base
    if one.kind == "lines":
        if isinstance(base, list) and "\n".join(map(str, base)).replace("\r\n", "\n") == text:
            return base
        found = [line.strip() for line in text.split("\n") if line.strip()]
        return found or ([] if base == [] else None)
    text = text.strip()
    if not text:
        return None
    if one.kind == "yesno":
        return text == "yes"
    if one.kind == "number":
        return int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < 10 else text
    return text


def _rows(one: FormField, form: Fields, base: list[Any], path: str) -> list[Any] | None:
    if f"{path}:shown" not in form:
        return base or None
    stood = {element["key"]: element for element in base}
    rows = []
    for key in form.all(f"{path}:row"):
        row = document(one.parts, form, stood.get(key, {"key": key}), f"{path}/{key}/")
        if len(row) > 1 or not key.startswith(NEW):
            rows.append(row)
    return rows or ([] if f"{path}:none" in form else None)


def acted(content: Mapping[str, Any], fields: Iterable[FormField], act: str) -> dict[str, Any]:
    """The document after a button of the form: ``add:materials``, ``remove:materials/m1``, ``up:``, ``down:``."""
    made = copy.deepcopy(dict(content))
    verb, _, path = act.partition(":")
    if verb == "add":
        holder, name = _holder(made, path, make=True)
        if holder is not None and _is_rows(fields, path):
            rows = holder.setdefault(name, [])
            rows.append({"key": f"{NEW}{secrets.token_hex(3)}"})
        return made
    listed, _, key = path.rpartition("/")
    holder, name = _holder(made, listed)
    rows = (holder or {}).get(name)
    if not isinstance(rows, list):
        return made
    at = next((at for at, row in enumerate(rows) if isinstance(row, dict) and row.get("key") == key), None)
    if at is None:
        return made
    if verb == "remove":
        del rows[at]
    elif verb in ("up", "down"):
        to = max(0, min(len(rows) - 1, at + (1 if verb == "down" else -1)))
        rows.insert(to, rows.pop(at))
    return made


def focus(content: Mapping[str, Any], fields: Sequence[FormField], act: str) -> str:
    """Where one goes on by keyboard after a button: the first field of the new row, the button of the row that moved
    (the other one where it can go no further), the button that adds to the list a row was removed from."""
    verb, _, path = act.partition(":")
    listed, _, key = path.rpartition("/")
    if verb == "remove":
        return f"add:{listed}"
    holder, name = _holder(copy.deepcopy(dict(content)), path if verb == "add" else listed)
    rows = (holder or {}).get(name)
    if not isinstance(rows, list) or not rows:
        return ""
    if verb == "add":
        parts = _parts(fields, path)
        return f"{path}/{rows[-1]['key']}/{parts[0].name}" if parts else ""
    if verb in ("up", "down"):
        end = rows[0] if verb == "up" else rows[-1]
        stuck = len(rows) > 1 and end.get("key") == key
        return f"{({'up': 'down', 'down': 'up'}[verb]) if stuck else verb}:{path}"
    return ""


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


def with_keys(value: Any, give: Callable[[str], str] = lambda _key: f"k{secrets.token_hex(4)}") -> Any:
    """The document with a key for every new row, in place of its stand-in, which ``give`` is handed."""
    if isinstance(value, dict):
        made = {name: with_keys(part, give) for name, part in value.items()}
        if str(made.get("key", "")).startswith(NEW):
            made["key"] = give(made["key"])
        return made
    return [with_keys(part, give) for part in value] if isinstance(value, list) else value
