"""The fields of a content model as a form has them. Pure: read from the model, so that none is forgotten."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, StringConstraints

from app.items.code_tables import TABLES as CODE_TABLES
from app.items.content import ItemContent
from app.items.field_words import word_of
from app.versions.shapes import Element
from app.web.office.forms.labels import CHOICES, FIXED, SECTIONS, TABLES

Kind = Literal["line", "text", "number", "yesno", "choice", "lines", "group", "rows"]
ONE_LINE = 1000
DIGEST = r"^[0-9a-f]{64}$"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field. ``parts``: of a group (an object) or of each row (an element of a keyed list)."""

    name: str
    label: str
    kind: Kind
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    """Values with their words; a value outside them that stands already stays selectable."""
    parts: tuple[FormField, ...] = ()
    subject: str | None = None
    """The kind of subject whose id it holds: authority, region, entry, instrument."""
    longest: int | None = None
    file: bool = False
    """It names an attached file, by content hash."""


SUBJECTS = {
    "authority": "authority",
    "region": "region",
    "entry": "entry",
    "instrument": "instrument",
    "parent": "authority",
    "co_authority_ids": "authority",
}


@cache
def item_sections() -> tuple[tuple[str, tuple[FormField, ...]], ...]:
    """The form of an item: sections with their fields."""
    made = {one.name: one for one in _fields(ItemContent)}
    return tuple((title, tuple(made[name] for name in names)) for title, names in SECTIONS)


def fields_of(model: type[BaseModel]) -> tuple[FormField, ...]:
    """Those of another content than an item's, in their order."""
    return tuple(_fields(model))


def item_fields() -> Iterator[FormField]:
    for _title, fields in item_sections():
        yield from fields


def _fields(model: type[BaseModel], place: str = "") -> Iterator[FormField]:
    for name, info in model.model_fields.items():
        if name == "content_schema" or (name == "key" and issubclass(model, Element)):
            continue
        yield _field(f"{place}{name}", info.annotation, info.metadata, info.is_required())


def _field(place: str, annotation: Any, metadata: list[Any], required: bool) -> FormField:
    """``place``: the path without keys, ``materials/copies``."""
    inner, constraints = _plain(annotation, metadata)
    name, label, choices = place.rpartition("/")[2], word_of(place), _choices(place)
    subject = SUBJECTS.get(name)
    if get_origin(inner) is list:
        (element,) = get_args(inner)
        element, _ = _plain(element, [])
        if isinstance(element, type) and issubclass(element, BaseModel):
            return FormField(name, label, "rows", parts=tuple(_fields(element, f"{place}/")))
        return FormField(name, label, "lines", choices=choices, subject=subject)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return FormField(name, label, "group", parts=tuple(_fields(inner, f"{place}/")))
    if get_origin(inner) is Literal:
        return FormField(name, label, "choice", required, _fixed(name) or {v: v for v in get_args(inner)})
    if choices:
        return FormField(name, label, "choice", required, choices)
    if inner is bool:
        return FormField(name, label, "yesno")
    if inner is int:
        return FormField(name, label, "number")
    longest = next((c.max_length for c in constraints if isinstance(c, StringConstraints)), None)
    file = any(isinstance(c, StringConstraints) and c.pattern == DIGEST for c in constraints)
    kind: Kind = "text" if longest and longest > ONE_LINE else "line"
    return FormField(name, label, kind, required, subject=subject, longest=longest, file=file)


def _plain(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """The type without None and without its constraints, and the constraints."""
    constraints = list(metadata)
    while True:
        origin = get_origin(annotation)
        if origin in (Union, types.UnionType):
            annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
        elif origin is Annotated:
            annotation, *more = get_args(annotation)
            constraints += more
        else:
            return annotation, constraints


def _fixed(name: str) -> Mapping[str, str]:
    return CODE_TABLES[FIXED[name]][0].values if name in FIXED else CHOICES.get(name, {})


def _choices(place: str) -> Mapping[str, str]:
    return CODE_TABLES[TABLES[place]][0].values if place in TABLES else {}
