"""A posted form as a document. Pure.

Rows keep the key of their element; a new row has a stand-in key that begins with ``+`` until it is saved. What is
empty is absent, never null; an empty list stands only where the person says that there is none. A field that the
form did not carry keeps what stands, and so does a text that differs in its line ends alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from app.web.office.forms.fields import FormField

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


def with_keys(value: Any, give: Callable[[str], str] = lambda _key: f"k{secrets.token_hex(4)}") -> Any:
    """The document with a key for every new row, in place of its stand-in, which ``give`` is handed."""
    if isinstance(value, dict):
        made = {name: with_keys(part, give) for name, part in value.items()}
        if str(made.get("key", "")).startswith(NEW):
            made["key"] = give(made["key"])
        return made
    return [with_keys(part, give) for part in value] if isinstance(value, list) else value
