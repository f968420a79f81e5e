"""The API's document as linters of style want it, and every example in it true."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from answer_shapes import amiss
from api_examples import ask_all
from seeded import Living

from app.api.describing import EXAMPLES
from app.main import create_app
from app.settings import Settings

DOCUMENT = create_app(Settings(drain_index=False)).openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
WRITES = os.environ.get("QINGDAN_WRITE_EXAMPLES") == "1"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is(name: str) -> None:
    """What linters of style ask for."""
    operation = OPERATIONS[name]
    assert operation["operationId"].isidentifier()
    assert operation["summary"]
    assert operation["description"].strip().endswith((".", "。", "?", "`"))
    assert set(operation["tags"]) <= {one["name"] for one in DOCUMENT["tags"]}
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    assert operation["security"]
    for parameter in operation.get("parameters", []):
        assert parameter.get("description"), parameter["name"]
    if name.startswith(("POST", "PUT", "DELETE")) and not name.endswith("/lookup"):
        assert operation["security"] == [{"key": []}]
    if "/api/v1/" in name:
        assert set(operation["responses"]) >= {"4XX", "5XX"}
    assert all(one["description"] for one in operation["responses"].values())


def test_ids_are_names_that_a_generated_client_can_have() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids)
    assert not [one for one in ids if "api_v1" in one]


def _validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


@pytest.mark.skipif(WRITES, reason="they are being written")
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_example_is_of_its_schema(name: str) -> None:
    operation, shown = OPERATIONS[name], 0
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" or parameter["required"]:
            assert "example" in parameter, parameter["name"]
        if "example" in parameter:
            _validator(parameter["schema"]).validate(parameter["example"])
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        _validator(body["schema"]).validate(body["example"])
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items() if status[0] == "2" else ():
            if media_type in ("application/json", "application/ld+json"):
                _validator(content["schema"]).validate(content["example"])
                shown += 1
    answers = [one for status, one in operation["responses"].items() if status[0] == "2"]
    assert shown or not any("application/json" in one.get("content", {}) for one in answers)


def _form(value: Any) -> Any:
    """Which fields it has, to any depth; a list by its first element."""
    if isinstance(value, dict):
        return {name: _form(part) for name, part in value.items()}
    return [_form(value[0])] if isinstance(value, list) and value else type(value).__name__


def test_a_refused_method_is_answered_with_those_there_are(asking: Living) -> None:
    for path, allowed in (("/webhooks", {"GET", "POST"}), ("/changesets/qdx-1", {"GET", "PUT"})):
        refused = asking.client.request("PATCH", f"/api/v1{path}")
        assert refused.status_code == 405
        assert allowed <= set(refused.headers["allow"].split(", "))


def test_the_examples_are_what_the_demonstration_data_answer(living_sqlite: Living, tmp_path: Path) -> None:
    undescribed: set[str] = set()
    found = ask_all(living_sqlite, tmp_path, lambda name, answer: undescribed.update(amiss(name, answer)))
    assert undescribed == set()
    assert set(found) == set(OPERATIONS), "one of each operation"
    if WRITES:
        EXAMPLES.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    written = orjson.loads(EXAMPLES.read_bytes())
    for name, one in found.items():
        assert _form(one) == _form(written[name]), name


def _undescribed(schema: dict[str, Any], at: str) -> list[str]:
    """Properties at any depth that do not say what they mean; a reference is looked at where it leads."""
    found = []
    for name, one in schema.get("properties", {}).items():
        if not one.get("description", "").strip():
            found.append(f"{at}.{name}")
        found += _undescribed(one, f"{at}.{name}")
    below = [schema.get("items"), schema.get("additionalProperties")]
    below += [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name, ())]
    return found + [one for part in below if isinstance(part, dict) for one in _undescribed(part, at)]


def test_every_property_says_what_it_means() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert len(schemas) > 50
    assert [one for name, schema in schemas.items() for one in _undescribed(schema, name)] == []
