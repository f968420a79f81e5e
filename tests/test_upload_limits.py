"""One measure of a megabyte at every door that takes files, and the limits of bodies as their settings say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from seeded import Living

from app.main import create_app
from app.settings import Settings

MEGABYTE = 2**20


@pytest.fixture
def small(living_sqlite: Living) -> Iterator[TestClient]:
    settings = living_sqlite.settings.model_copy(update={"max_upload_mb": 1, "max_body_mb": 3})
    with TestClient(create_app(settings)) as client:
        yield client


def test_the_units_of_settings() -> None:
    settings = Settings(max_upload_mb=3, max_body_mb=5)
    assert (settings.max_upload_bytes, settings.max_body_bytes) == (3 * MEGABYTE, 5 * MEGABYTE)


def test_a_file_of_the_whole_limit_is_taken_and_a_byte_more_is_not(
    living_sqlite: Living, small: TestClient
) -> None:
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/pdf"})
    asked = {"params": {"name": "a.pdf"}, "headers": headers}
    whole = small.post("/api/v1/files", content=b"%PDF-".ljust(MEGABYTE, b"x"), **asked)  # type: ignore[arg-type]
    assert whole.status_code == 201, whole.text
    more = small.post("/api/v1/files", content=b"%PDF-".ljust(MEGABYTE + 1, b"x"), **asked)  # type: ignore[arg-type]
    assert (more.status_code, more.json()["code"]) == (422, "file-too-large")


@pytest.mark.parametrize(("path", "megabytes"), [("/api/v1/changesets", 3), ("/api/v1/webhooks", 2)])
def test_bodies_that_are_no_files(
    living_sqlite: Living, small: TestClient, path: str, megabytes: int
) -> None:
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/json"})
    for size, is_refused in ((megabytes * MEGABYTE, False), (megabytes * MEGABYTE + 1, True)):
        answer = small.post(path, content=b'"'.ljust(size, b" "), headers=headers)
        assert (answer.status_code == 413) == is_refused, (path, size)
