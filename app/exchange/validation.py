"""A record's content against the model of its kind, references to other records included.

Content holds registry ids; a record holds ``@kind:ref`` where the id is not known yet. For the
check each reference stands in as an id of the right shape and is put back afterwards.

A model instance per element costs more than the check itself, so each model is also read as plain
dicts (``_plain``). Whatever the plain reading does not take as it stands goes through the model,
which alone decides what is wrong and fills in defaults; a test holds the two to one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from app.catalogue.content import EntryContent
from app.deadlines.content import CalendarYearContent
from app.items.content import ItemContent
from app.law.content import InstrumentContent
from app.places.content import AuthorityContent, RegionContent

MODELS: Mapping[str, type[BaseModel]] = {
    "item": ItemContent,
    "authority": AuthorityContent,
    "region": RegionContent,
    "instrument": InstrumentContent,
    "entry": EntryContent,
    "calendar": CalendarYearContent,
}
_SINGLE = ("authority", "region", "entry", "parent")
_STAND_IN = "@ref"
"""Long enough for an id, and no id: ids have no ``@``."""

__all__ = ["MODELS", "ValidationError", "checked"]


def checked(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """The content as it will be stored (defaults filled in, nulls left out). Raises ValidationError."""
    references = {name: content[name] for name in _SINGLE if is_reference(content.get(name))}
    cited = _cited(content)
    several = _several(content)
    content = {**_DEFAULTS[kind], **content, **dict.fromkeys(references, _STAND_IN)}
    if cited:
        content["citations"] = [
            {**citation, "instrument": _STAND_IN} if at in cited else citation
            for at, citation in enumerate(content["citations"])
        ]
    if several:
        content["co_authority_ids"] = [_STAND_IN if is_reference(one) else one for one in several]
    document = _document(kind, content)
    document.update(references)
    for at, reference in cited.items():
        document["citations"][at]["instrument"] = reference
    if several:
        document["co_authority_ids"] = several
    return document


def is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("@")


def _cited(content: dict[str, Any]) -> dict[int, str]:
    """Place in the list -> reference, for citations that refer to an instrument's record."""
    citations = content.get("citations")
    if not isinstance(citations, list):
        return {}
    return {
        at: citation["instrument"]
        for at, citation in enumerate(citations)
        if isinstance(citation, dict) and "instrument" in citation and is_reference(citation["instrument"])
    }


def _several(content: dict[str, Any]) -> list[str]:
    ids = content.get("co_authority_ids")
    return ids if isinstance(ids, list) and any(is_reference(one) for one in ids) else []


def _document(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    plain = _PLAIN.get(kind)
    if plain is not None:
        try:
            document: dict[str, Any] = plain.validator.validate_python(content, strict=True)
            return document
        except ValidationError:
            pass
    return MODELS[kind].model_validate(content).model_dump(mode="json", by_alias=True, exclude_none=True)


def _plain(model: type[BaseModel]) -> Any:
    """A TypedDict with the fields of a model: a field that may be null may only be absent, one with
    a default must be given. Raises Unplain for a model that checks more than its fields."""
    decorated = model.__pydantic_decorators__
    if decorated.model_validators or decorated.field_validators or decorated.validators:
        raise Unplain(model.__name__)
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        inner = _plain_type(field.annotation)
        for constraint in field.metadata:
            inner = Annotated[inner, constraint]
        absent = not field.is_required() and field.default is None
        fields[field.alias or name] = NotRequired[inner] if absent else inner
    make: Any = TypedDict
    plain = make(f"Plain{model.__name__}", fields)
    return with_config(ConfigDict(extra="forbid"))(plain)


class Unplain(Exception):
    """A model that only itself can check."""


def _plain_type(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _plain(annotation)
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        kept = [_plain_type(one) for one in inner if one is not NoneType]
        return Union[tuple(kept)]  # noqa: UP007
    if origin is list:
        return list[_plain_type(inner[0])]  # type: ignore[misc]
    return annotation


def _adapters() -> dict[str, TypeAdapter[Any]]:
    found = {}
    for kind, model in MODELS.items():
        try:
            found[kind] = TypeAdapter(_plain(model))
        except Unplain:
            continue
    return found


_PLAIN = _adapters()
_DEFAULTS: dict[str, dict[str, Any]] = {
    kind: {
        field.alias or name: field.default
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default is not None
    }
    for kind, model in MODELS.items()
}
