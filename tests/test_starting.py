"""A served registry answers before all of it is loaded, and in the end has all of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from looping import on_a_loop
from seeded import FELLING, Living

from app.main import create_app
from app.settings import Settings

HEAVY = (
    "app.web.rendering",
    "app.web.office",
    "app.changes.publishing",
    "app.rounds",
    "jinja2",
    "docx",
    "xlsxwriter",
    "typst",
)
"""What nobody should wait for who asks for one item."""


def test_a_start_loads_no_more_than_its_first_answers_need() -> None:
    script = "import sys; from app.main import create_app; create_app(rest_later=True); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    assert "app.api.quick" in loaded
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)


@pytest.fixture
def early(living_sqlite: Living) -> TestClient:
    """An application of which only the quickest doors are there; nothing else is loaded unasked."""
    return TestClient(create_app(living_sqlite.settings, rest_later=True), follow_redirects=False)


def test_the_quick_doors_answer_at_once(early: TestClient, living_sqlite: Living) -> None:
    before = len(early.app.router.routes)  # type: ignore[attr-defined]
    item = living_sqlite.item_called(FELLING)
    assert early.get("/healthz").text == "ok"
    assert (
        early.get(f"/api/v1/items/{item}").json() == living_sqlite.client.get(f"/api/v1/items/{item}").json()
    )
    assert len(early.app.router.routes) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/laws", 200),
        ("GET", "/office", 303),
        ("GET", "/api/v1/items/counts", 200),
        ("DELETE", "/api/v1/items", 405),
        ("GET", "/nowhere", 404),
    ],
)
def test_whatever_is_asked_first_is_answered_as_if_all_were_there(
    early: TestClient, living_sqlite: Living, method: str, path: str, status: int
) -> None:
    first = early.request(method, path)
    later = living_sqlite.client.request(method, path)
    assert (first.status_code, first.content) == (later.status_code, later.content)
    assert first.status_code == status


def test_the_description_is_whole_whenever_it_is_asked_for(early: TestClient) -> None:
    assert early.get("/openapi.json").json() == create_app(Settings(drain_index=False)).openapi()


def test_templates_put_in_place_under_a_running_server_are_not_read(
    early: TestClient, living_sqlite: Living, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.web.rendering import environment

    monkeypatch.setattr("app.loading.REST_AFTER", 0)
    monkeypatch.setattr(environment, "cache", {})  # as of a process that has just begun
    on_a_loop(early.app.state.rest.load_soon())  # type: ignore[attr-defined]
    names = environment.list_templates()
    (tmp_path / "laws.html").write_text("{{ of_the_next_version() }}", encoding="utf-8")
    monkeypatch.setattr(environment.loader, "searchpath", [str(tmp_path)])
    assert {environment.get_template(name).name for name in names} == set(names)
    assert "item.html" in names
    assert early.get("/laws").content == living_sqlite.client.get("/laws").content
    assert early.get("/laws").status_code == 200
