"""Questions nobody would ask, made from the API's own document: no 5xx, documented answers only.

Ten of each operation on each database take a minute of CPU, most of it for the two bodies of changesets;
``QINGDAN_HYPOTHESIS=thorough`` asks two hundred.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from seeded import FELLING, Living, _with_people, run_seeded  # noqa: F401

from app.api.describing import FILES
from app.main import create_app
from app.settings import Settings

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
MADE_FOR_TESTS = settings(
    max_examples=200 if os.environ.get("QINGDAN_HYPOTHESIS") == "thorough" else 10,
    deadline=None,
    derandomize=True,  # the same questions every time
    database=None,
    suppress_health_check=list(HealthCheck),
)


@schemathesis.serializer(
    *sorted({kind for _, kinds in FILES.values() for kind in kinds if kind != "text/plain"})
)
def as_bytes(_context: Any, value: Any) -> bytes:
    """Bodies that are files: bytes that are hardly ever what they say they are."""
    return value if isinstance(value, bytes) else bytes(getattr(value, "data", b"") or str(value).encode())


schema = schemathesis.openapi.from_dict(create_app(Settings(drain_index=False)).openapi())


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def tried(request: pytest.FixtureRequest, run_seeded: Any) -> Any:  # noqa: F811
    """A registry that anything may be asked of, with people of every right."""
    with ExitStack() as stack:
        living = _with_people(run_seeded(request.param, stack))
        living.hire("anybody", "edit", "review", "publish")
        yield living


@schema.parametrize()
@MADE_FOR_TESTS
def test_no_question_breaks_it(case: Any, tried: Living) -> None:
    app = tried.client.app
    headers = {"Authorization": f"Bearer {tried.tokens['anybody']}"}
    response = case.call(headers=headers, app=app)
    case.validate_response(response, checks=CHECKS)
    assert response.headers.get("content-type"), case.method


def real_questions(living: Living) -> list[str]:
    item = f"/items/{living.item_called(FELLING)}"
    body = living.get(item).json()
    law = f"/instruments/{body['content']['citations'][0]['instrument']}"
    return [
        *(item + more for more in ("", "?on=2000-01-01", "?known_at=2999-01-01", "/revisions")),
        *(item + more for more in ("/diff?from=2025-05-01&to=2027-01-01", "/due?accepted=2026-09-28")),
        *("/items", "/items/counts", "/search?q=许可", "/search?q=xukezheng", "/suggest?q=林", "/changes"),
        *(f"/authorities/{body['authority']['id']}", "/authorities?on=2018-01-01"),
        *(f"/regions/{body['region']['id']}", "/regions", "/calendar/2026", "/code-tables"),
        *(law, f"{law}/items", "/instruments", "/instruments/out-of-force"),
        *(f"/catalogue-entries/{body['content']['entry']}", "/catalogue-entries", "/schema/content"),
        *("/log/head", "/rounds", f"/rounds/{living.get('/rounds').json()['rounds'][0]['id']}"),
    ]


def test_answers_about_real_things_are_as_documented(asking: Living) -> None:
    """What random questions seldom reach: whole answers, checked against the document."""
    for path in real_questions(asking):
        answer = asking.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, path
        operation = schema.find_operation_by_path("GET", answer.url.path)
        assert operation is not None, path
        operation.validate_response(answer)
