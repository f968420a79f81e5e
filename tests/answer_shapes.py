"""Answers held against the API's document strictly: a field that no shape names is a fault, wherever a shape does not
allow for any."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema

from app.main import create_app
from app.settings import Settings


def _closed(schema: Any) -> Any:
    """The schema with every object in it closed that does not say otherwise."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(part) for name, part in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


@cache
def _document() -> dict[str, Any]:
    return create_app(Settings(drain_index=False)).openapi()


@cache
def _components() -> dict[str, Any]:
    closed: dict[str, Any] = _closed(_document()["components"])
    return closed


@cache
def _validator(operation: str) -> jsonschema.Draft202012Validator:
    """Of what an operation (``GET /api/v1/items``) answers where it does what it is asked."""
    method, _, path = operation.partition(" ")
    answers = _document()["paths"][path][method.lower()]["responses"]
    (schema,) = [
        content["schema"]
        for status, answer in answers.items()
        for kind, content in answer.get("content", {}).items()
        if status.startswith("2") and kind in ("application/json", "application/ld+json")
    ]
    return jsonschema.Draft202012Validator({**_closed(schema), "components": _components()})


def amiss(operation: str, answer: Any) -> set[str]:
    """What in an answer is not as its operation says, each told by its place; places in lists are left out."""
    found = set()
    for error in _validator(operation).iter_errors(answer):
        place = "/".join(str(one) for one in error.absolute_path if not isinstance(one, int))
        found.add(f"{operation} {place}: {error.message[:300]}")
    return found
