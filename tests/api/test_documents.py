"""What the API says of itself, and the one shape of its refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openapi_spec_validator import validate
from seeded import FELLING, Living

from app import errors
from app.main import create_app
from app.refusing import TITLES
from app.settings import Settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(drain_index=False)).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_operation_and_every_parameter_is_described(document: dict[str, Any]) -> None:
    bare = []
    for name, operation in operations(document):
        if not (operation.get("description") or operation.get("summary")):
            bare.append(name)
        for parameter in operation.get("parameters", ()):
            told = parameter.get("description") or parameter["schema"].get("description")
            if not told and parameter["name"] != "authorization":
                bare.append(f"{name} {parameter['name']}")
    assert bare == []


def test_every_answer_has_a_schema_and_every_refusal_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        responses = operation["responses"]
        good = next(responses[status] for status in ("200", "201", "202", "204") if status in responses)
        assert good.get("content") or "204" in responses, name
        for media, content in good.get("content", {}).items():
            assert content.get("schema") != {} or media != "application/json", name
        if "/api/v1/" in name:
            for status in ("4XX", "5XX"):
                assert list(responses[status]["content"]) == ["application/problem+json"], name


def test_every_field_says_what_it_means(document: dict[str, Any]) -> None:
    bare = [
        f"{model}.{name}"
        for model, schema in document["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if not field.get("description")
    ]
    assert bare == []


def test_the_documentation_loads_nothing_from_elsewhere(asking: Living) -> None:
    for path in ("/docs", "/redoc"):
        page = asking.client.get(path).text
        assert re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']+""", page) == []


# --- refusals


SHAPE = {"type", "title", "status", "code", "detail", "facts"}
KINDS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.RegistryError)
    ),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_the_one_shape(
    asking: Living, kind: type[errors.RegistryError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> Any:
        raise kind("不行，请改。", code="some-code", field="x")

    monkeypatch.setattr("app.api.pages.list_subjects", fail)
    answer = asking.get("/items")
    assert answer.status_code == kind.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/problems/some-code",
        "title": TITLES[kind.status],
        "status": kind.status,
        "code": "some-code",
        "detail": "不行，请改。",
        "facts": {"field": "x"},
    }
    assert ("www-authenticate" in answer.headers) == (kind.status == 401)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "unknown-address"),
        ("GET", "/api/v2/items", None, 404, "unknown-address"),
        ("DELETE", "/api/v1/items/x", None, 405, "wrong-method"),
        ("PATCH", "/api/v1/log/head", None, 405, "wrong-method"),
        ("POST", "/api/v1/items/lookup", b"{", 422, "bad-request"),
        ("POST", "/api/v1/items/lookup", b"[]", 422, "bad-request"),
        ("POST", "/api/v1/items/lookup", b'{"codes": []}', 422, "bad-request"),
        ("POST", "/api/v1/items/lookup", b"\xff\xfe", 422, "bad-request"),
        ("POST", "/api/v1/items/lookup", b'{"codes": ["\xff"]}', 400, "unreadable-body"),
        ("POST", "/api/v1/items/lookup", b" " * 2**22, 413, "body-too-large"),
        (
            "GET",
            "/api/v1/changes?effective_from=2027-02-01&effective_to=2027-01-31",
            None,
            422,
            "days-reversed",
        ),
        ("POST", "/api/v1/changesets", b"{}", 401, "token-needed"),
        ("GET", "/api/v1/items/a%00b", None, 422, "bad-text"),
        ("GET", "/api/v1/items?authority=a%00b", None, 422, "bad-text"),
        ("GET", "/api/v1/items/" + "x" * 400, None, 422, "bad-request"),
        ("GET", "/api/v1/search?q=" + "x" * 400, None, 422, "bad-request"),
    ],
)
def test_refusals_before_any_route_have_it_too(
    asking: Living, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    answer = asking.client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert set(problem) == SHAPE
    assert (problem["status"], problem["code"]) == (status, code)
    assert re.search(r"[一-鿿]", problem["detail"])
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/xml", ""])
def test_a_body_that_does_not_say_it_is_json_is_told_how(asking: Living, kind: str) -> None:
    """What curl sends by default is the first that an integrator meets."""
    body, headers = b'{"codes": ["a"]}', {"Content-Type": kind}
    answer = asking.client.post("/api/v1/items/lookup", content=body, headers=headers)
    problem = answer.json()
    assert (answer.status_code, set(problem), problem["code"]) == (415, SHAPE, "json-needed")
    assert "application/json" in problem["detail"]


def test_a_code_of_several_holders_is_a_problem_too(asking: Living) -> None:
    (row,) = asking.rows(
        "SELECT value FROM code_interval GROUP BY value HAVING count(DISTINCT subject_id) > 1 LIMIT 1"
    ) or [None]
    if row is None:
        pytest.skip("no code of the seed has several holders")
    assert set(asking.get(f"/items/{row[0]}").json()) == SHAPE


def test_what_nobody_foresaw_is_told_without_its_insides(
    asking: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError("secret path /etc/shadow")

    monkeypatch.setattr("app.api.pages.list_subjects", fail)
    monkeypatch.setattr(asking.client._transport, "raise_server_exceptions", False)
    answer = asking.get("/items")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "shadow" not in answer.text


def test_health_and_metrics(asking: Living) -> None:
    assert asking.client.get("/healthz").text == "ok"
    ready = asking.client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    head = asking.get("/log/head").json()["seq"]
    metrics = asking.client.get("/metrics").text
    assert f"qingdan_log_seq {head}\n" in metrics
    assert 'qingdan_changesets{state="published"} 18' in metrics
    assert asking.get(f"/items/{asking.item_called(FELLING)}").headers["x-content-type-options"] == "nosniff"
