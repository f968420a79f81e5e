"""Whether a file is public, by what was published with its address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from issuing_editions import approve, signer_in
from registry import TODAY, Office, adjust

from app import files
from app.changes import file_reading, kinds
from app.changes.models import DocumentInput
from app.db import Database
from app.errors import Invalid
from app.lists import issuing, preparing
from app.lists.selecting import Selection
from app.versions import verifying


@pytest.fixture
def scan(office: Office, tmp_path: Path) -> str:
    with office.database.writing() as session:
        return files.store(
            session, tmp_path / "files", "扫描件.pdf", "application/pdf", b"%PDF-1.7", 2**20
        ).digest


def is_public(database: Database, digest: str) -> bool:
    with database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe)
        assert proof.ok, str(proof.finding)
        return file_reading.is_public(session.connection(), digest)


def paper(scan: str) -> dict[str, Any]:
    return {"number": "广安区府办〔2026〕40号", "url": f"/api/v1/files/{scan}"}


def test_the_document_that_takes_a_decision_out_is_told(office: Office, scan: str) -> None:
    item = office.items[0]
    office.publish_change(adjust(item, "2026-12-01", 5))
    taken_out = {"outcome": "void", "act": office.acts(item)[-1], "ground": "withdrawn", "reason": "文件改期"}
    assert not is_public(office.database, scan)
    office.publish_change(taken_out, document=paper(scan))
    assert is_public(office.database, scan)


def test_the_document_of_an_edition_is_told(office: Office, scan: str, tmp_path: Path) -> None:
    wanted = Selection("power", TODAY, authority=office.water)
    with office.database.writing() as session:
        draft = preparing.prepare(session, office.editor, wanted, DocumentInput(**paper(scan)))
    assert not is_public(office.database, scan)
    approve(office, draft)
    with office.database.writing() as session:
        issuing.issue(session, office.publisher, draft.id, signer_in(tmp_path))
    assert is_public(office.database, scan)


def test_an_edition_names_no_file_that_its_author_may_not_read(office: Office, scan: str) -> None:
    narrow = office.person("narrow", "edit", authority=office.water)
    wanted = Selection("power", TODAY, authority=office.water)
    with office.database.writing() as session, pytest.raises(Invalid) as refused:
        preparing.prepare(session, narrow, wanted, DocumentInput(**paper(scan)))
    assert refused.value.code == "unknown-file"


def test_a_decision_of_an_internal_day_tells_no_document(office: Office, scan: str) -> None:
    item = office.items[0]
    office.publish_change(adjust(item, "2026-12-01", "internal", "visibility", until="2027-01-01"))
    office.publish_change(adjust(item, "2026-12-05", 7), document=paper(scan))
    assert not is_public(office.database, scan)
    office.publish_change(adjust(item, "2027-02-01", 8), document=paper(scan))
    assert is_public(office.database, scan)


def test_many_that_name_it_are_looked_at_in_pages(
    office: Office, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reading, "PAGE", 1)
    for item in office.items[:2]:
        office.publish_change(adjust(item, "2026-12-01", scan, "materials/m1/blank_form"))
    for item in office.items[:1]:
        office.publish_change(adjust(item, "2026-12-02", "internal", "visibility"))
    assert is_public(office.database, scan)
    office.publish_change(adjust(office.items[1], "2026-12-02", "internal", "visibility"))
    assert not is_public(office.database, scan)
