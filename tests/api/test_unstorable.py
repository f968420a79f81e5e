"""Text that no database keeps, NUL and half a surrogate pair, in any field of any body: refused, never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from seeded import Living
from walking import parts_of, routes_of

from app.main import create_app
from app.settings import Settings
from app.versions.shapes import Body

BAD = ["\x00", "甲\x00乙", "\ud800", "甲\udfff"]
ROUND_TRIP = "🙂乡"
"""A whole pair is text like any other."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            schema = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            )
            if schema:
                yield method, path, schema


def filled(document: dict[str, Any], schema: dict[str, Any], text: str, depth: int = 0) -> Any:
    """A value of the schema with the text in every string of it."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return filled(document, schema[several][0], text, depth)
    if "enum" in schema or "const" in schema:
        return schema.get("const") or schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "string":
        return text
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    if kind == "array":
        return [filled(document, schema.get("items", {}), text, depth + 1)] if depth < 6 else []
    made = {
        name: filled(document, part, text, depth + 1) for name, part in schema.get("properties", {}).items()
    }
    return made or {text: text}


def test_every_body_is_asked_before_anything_else(tmp_path: Path) -> None:
    bodies = [
        one
        for route in routes_of(create_app(Settings(data_dir=tmp_path, drain_index=False)).routes)
        for part in parts_of(route.dependant)
        for field in part.body_params
        for one in (field.field_info.annotation, *get_args(field.field_info.annotation))  # X, or X | None
    ]
    models = [one for one in bodies if isinstance(one, type) and issubclass(one, BaseModel)]
    assert len(models) > 8
    assert {one.__name__ for one in models if not issubclass(one, Body)} == set()


@pytest.mark.parametrize("text", BAD[1:3])
def test_no_body_with_it_breaks_anything(living: Living, text: str) -> None:
    living.hire("anybody", "edit", "review", "publish")
    document = living.client.get("/openapi.json").json()
    tried = 0
    for method, path, schema in operations(document):
        body = json.dumps(filled(document, schema, text))
        headers = living.headers("anybody", **{"Content-Type": "application/json"})
        address = path.replace("{", "").replace("}", "")
        answer = living.client.request(method, address, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (method, path, answer.status_code, answer.text[:500])
        assert answer.headers["content-type"] == "application/problem+json"
        answer.json()
        tried += 1
    assert tried > 8


def test_a_lookup_and_a_title_with_it_are_refused_by_name(living: Living) -> None:
    bodies = [("/items/lookup", {"codes": ["X1", text]}) for text in BAD]
    bodies += [("/changesets", {"title": text, "decisions": []}) for text in BAD]
    for path, body in bodies:
        content = json.dumps(body)
        headers = living.headers("editor", **{"Content-Type": "application/json"})
        answer = living.client.post(f"/api/v1{path}", content=content, headers=headers)
        assert answer.status_code == 422, answer.text
        assert "不能保存的字符" in answer.json()["detail"]


def test_a_whole_pair_is_text_like_any_other(living: Living) -> None:
    answer = living.client.post("/api/v1/items/lookup", json={"codes": [ROUND_TRIP]})
    assert answer.json()["results"] == [{"asked": ROUND_TRIP, "found": [], "problem": "unknown-item"}]
