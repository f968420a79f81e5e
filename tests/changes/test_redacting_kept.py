"""Redaction reaches what is kept beside the record: answers to repeated POSTs, forms that are being filled in."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field
from sqlalchemy import text

from app import db, idempotency, unsaved
from app.changes.redacting import redact

PRIVATE = "张三的身份证号不慎写入"
WORKBOOK = b"PK\x03\x04\x14\x00\x08\x00\x93\xa1\xff\xfe"
"""As a workbook begins: no JSON, and no UTF-8."""


@pytest.fixture
def item(living: Living) -> str:
    """An item whose name holds what must go, put right later."""
    living.hire("second", "publish")
    made = living.publish(new_item(living, f"误录事项{PRIVATE}"))
    item: str = made["decisions"][0]["subject"]
    living.publish(set_field(item, "name", "改正后的事项", "2026-10-01"))
    return item


def redact_all(living: Living) -> None:
    for content, body in living.rows("SELECT hash, body FROM content ORDER BY hash"):
        if PRIVATE.encode() in bytes(body):
            with living.database.writing() as session:
                people = living.people["publisher"], living.people["second"]
                redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")


def remember(living: Living, key: str, body: bytes) -> None:
    with living.database.writing() as session:
        idempotency.remember(session, 1, key, key.encode(), 200, body)


def test_a_kept_file_stops_no_redaction_and_is_not_kept_on(living: Living, item: str) -> None:
    remember(living, "file", WORKBOOK)
    remember(living, "quoting", f'{{"said":"原为误录事项{PRIVATE}"}}'.encode())
    remember(living, "other", '{"said":"无关的答复"}'.encode())
    redact_all(living)
    assert [row[0] for row in living.rows("SELECT key FROM answered ORDER BY key")] == ["other"]


def test_forms_about_it_or_quoting_it_are_dropped(living: Living, item: str) -> None:
    other = living.item_called(FELLING)
    forms: list[tuple[str, list[tuple[str, str]], str | None]] = [
        ("/office/items/about/edit", [("name", "改正")], item),
        ("/office/items/quoting/edit", [("note", f"原为误录事项{PRIVATE}")], other),
        ("/office/items/new", [("name", f"事项：误录事项{PRIVATE}")], None),
        ("/office/items/other/edit", [("note", "无关的备注")], other),
    ]
    account = living.people["editor"].account or 0
    with living.database.writing() as session:
        for place, pairs, subject in forms:
            unsaved.keep(session, account, place, pairs, subject=subject, title="表单")
    redact_all(living)
    assert [row[0] for row in living.rows("SELECT place FROM unsaved_form")] == ["/office/items/other/edit"]


def test_many_rows_are_read_in_pages(living_sqlite: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    living = living_sqlite
    monkeypatch.setattr(db, "PAGE", 3)
    keys = [f"k{number:02d}" for number in range(10)]
    for key in keys:
        remember(living, key, b"{}")
    with living.database.writing() as session:
        connection = session.connection()
        seen: list[Any] = []
        for account, key, _body in db.walk(connection, "answered", ("account", "key"), ("body",)):
            seen.append((account, key))
            connection.execute(text("DELETE FROM answered WHERE key = :key"), {"key": key})
        some = db.walk(connection, "answered", ("account", "key"), (), "key < :most", {"most": "k05"})
        assert (seen, list(some)) == ([(1, key) for key in keys], [])
