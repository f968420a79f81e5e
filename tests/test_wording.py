"""What validation says is Chinese: every error that a model, a body or a parameter can raise has its sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from seeded import Living
from walking import parts_of, routes_of

from app.changes.kinds import MODELS
from app.changes.models import ChangesetInput
from app.exchange.mapping import Mapping
from app.main import create_app
from app.settings import Settings
from app.wording import PATTERNS, REASONS, reason

OWN = {"value_error", "assertion_error"}
"""What our own validators say speaks for itself."""
RAISED_BY: dict[str, set[str]] = {
    "any": set(),
    "bool": {"bool_type", "bool_parsing"},
    "default": set(),
    "definition-ref": {"recursion_loop"},
    "definitions": set(),
    "dict": {"dict_type", "too_long", "too_short"},
    "function-after": {"value_error", "assertion_error"},
    "function-before": {"value_error", "assertion_error", "too_deep", "unstorable"},
    "function-wrap": {"value_error", "assertion_error"},
    "int": {
        *("int_type", "int_parsing", "int_parsing_size", "int_from_float", "finite_number"),
        *("greater_than_equal", "less_than_equal"),
    },
    "list": {"list_type", "too_long", "too_short"},
    "literal": {"literal_error"},
    "model": {"model_type", "model_attributes_type"},
    "model-field": {"missing"},
    "model-fields": {"extra_forbidden", "invalid_key", "model_attributes_type", "dict_type"},
    "nullable": set(),
    "str": {
        *("string_type", "string_unicode", "string_too_long", "string_too_short"),
        "string_pattern_mismatch",
    },
    "union": set(),
}
"""By the type of a node of pydantic's core schema."""
INSIDE = frozenset(
    {"serialization", "metadata", "config", "ref", "cls", "custom_init", "root_model", "post_init"}
)
"""Parts of a node that hold no schema."""


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Every node of a core schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str) and schema["type"] not in ("no-info", "with-info"):
            yield schema
        for name, part in schema.items():
            if name not in INSIDE:
                yield from nodes(part)
    elif isinstance(schema, (list, tuple)):
        for part in schema:
            yield from nodes(part)


def of_routes(tmp_path: Path) -> Iterator[Any]:
    """The core schemas of every body and parameter."""
    for route in routes_of(create_app(Settings(data_dir=tmp_path, drain_index=False)).routes):
        for part in parts_of(route.dependant):
            for given in (part.path_params, part.query_params, part.header_params, part.body_params):
                yield from (field._type_adapter.core_schema for field in given)  # type: ignore[attr-defined]


def of_models() -> Iterator[Any]:
    for model in (*MODELS.values(), ChangesetInput, Mapping):
        model.model_rebuild()  # built when first used
        assert isinstance(model.__pydantic_core_schema__, dict)
        yield model.__pydantic_core_schema__


def test_every_error_that_can_be_raised_has_a_sentence(tmp_path: Path) -> None:
    schemas = [*of_models(), *of_routes(tmp_path)]
    assert len(schemas) > 200  # the walk finds the routes
    found = [node for schema in schemas for node in nodes(schema)]
    assert len(found) > 3000
    unworded = {
        (node["type"], raised)
        for node in found
        for raised in RAISED_BY[node["type"]]
        if raised not in REASONS and raised not in OWN
    }
    assert unworded == set()
    patterns = {node["pattern"] for node in found if node["type"] == "str" and "pattern" in node}
    assert (
        patterns - {r"^[a-z0-9_]+$"} <= PATTERNS.keys()
    )  # that one names a mapping, in a file of the office


ALLOWED = re.compile(r"“[^”]*”|true|false|JSON|UTF-8|SHA-256")
"""What was given, and what is written so."""
BAD: dict[str, Any] = {
    "name": [7, "", "x" * 2000],
    "visibility": ["secret"],
    "visits": ["many", 10**30, -1, 1.5, float("inf")],
    "reducible": ["perhaps"],
    "materials": ["none", [7], [{"key": "!"}], [{"key": "a", "copies": 1.5, "colour": "red"}]],
    "citations": [[{"key": "a", "role": "law"}]],
    "statutory_limit": [7, {"value": -3, "unit": "fortnight"}],
    "aliases": ["x", [3]],
    "unknown_field": ["x"],
}


def failures(model: type[BaseModel], document: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        model.model_validate(document)
    except ValidationError as error:
        return [dict(one) for one in error.errors()]
    return []


def test_what_is_said_of_bad_values_is_chinese() -> None:
    said = {}
    for name, values in BAD.items():
        for value in values:
            for error in failures(MODELS["item"], {name: value}):
                said[(error["type"], name)] = reason(error)
    assert len({kind for kind, _ in said}) >= 12
    allowed_values = {"required", "optional", "deferrable", "public", "internal", *_literals()}
    for (kind, name), words in said.items():
        left = ALLOWED.sub("", words)
        for value in sorted(allowed_values, key=len, reverse=True):
            left = left.replace(value, "")
        assert not re.search("[A-Za-z]", left), (kind, name, words)
        assert re.search("[\u4e00-\u9fff]", words), (kind, name, words)


def _literals() -> set[str]:
    """The codes that fields are limited to."""
    return {
        str(value)
        for schema in of_models()
        for node in nodes(schema)
        if node["type"] == "literal"
        for value in node["expected"]
    }


def test_an_error_without_a_sentence_is_not_told_in_english() -> None:
    words = reason({"type": "url_scheme", "msg": "URL scheme should be 'http'", "ctx": {}, "input": 1})
    assert not re.search("[A-Za-z]", words)
    assert words


def test_choices_are_listed_without_english_between_them() -> None:
    (error,) = failures(
        MODELS["item"],
        {"visibility": "x", "name": "a", "type": "01", "authority": "qda-1", "region": "qdr-1"},
    )
    assert reason(error) == "“x”不在允许的值之内，可用的有：public、internal"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/items?limit=many", None),
        ("/api/v1/items?limit=9999", None),
        ("/api/v1/files/zz", None),
        ("/api/v1/calendar/1", None),
        ("/api/v1/items/lookup", {"codes": []}),
        ("/api/v1/items/lookup", {"code": ["x"]}),
        ("/api/v1/items/lookup", "{"),
    ],
)
def test_a_problem_is_told_in_chinese(asking: Living, path: str, body: Any) -> None:
    if body is None:
        answer = asking.client.get(path)
    else:
        text = body if isinstance(body, str) else json.dumps(body)
        answer = asking.client.post(path, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    for one in answer.json()["facts"]["errors"]:
        assert not re.search("[A-Za-z]", ALLOWED.sub("", one["reason"])), one


def test_a_refusal_names_its_place_in_words(asking: Living) -> None:
    item = "qdi-0000001f"
    headers = {"Content-Type": "application/json"}

    def said(method: str, path: str, **sent: Any) -> str:
        answer = asking.client.request(method, f"/api/v1{path}", **sent)
        assert answer.status_code == 422, answer.text
        return str(answer.json()["detail"])

    assert "：查询参数 from：缺少这一项" in said("GET", f"/items/{item}/diff?to=2026-01-01")
    lookup = b'{"codes": [1]}'
    assert "：正文 codes/0：“1”应为文字" in said("POST", "/items/lookup", content=lookup, headers=headers)
    broken = said("POST", "/items/lookup", content=b"{", headers=headers)
    assert "：正文第 1 个字符处：不是完整的 JSON" in broken
    broken = said("POST", "/items/lookup", content=b'{"codes" 1}', headers=headers)
    assert "：正文第 10 个字符处：" in broken
