"""Redaction reaches what stands beside the record: findings, and what people wrote of them, of laws and lists."""

from __future__ import annotations

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app import log
from app.canonical import decode, encode
from app.changes.models import AnnexRow, Proposal
from app.changes.quoting import PLACEHOLDER
from app.changes.redacting import redact
from app.checks.catalogue import STANDARD
from app.checks.models import CheckException, LawCase, OverlapDecision
from app.checks.sweeping import look, stale, sweep, write
from app.feedback.models import Feedback
from app.lists.models import EditionDraft
from app.tables import METADATA

PRIVATE = "张三的身份证号不慎写入"
QUOTED = f"原为误录事项{PRIVATE}"


@pytest.fixture
def item(living: Living) -> str:
    """An item whose name and material hold what must go; the material is found fault with."""
    living.hire("second", "publish")
    materials = [{"key": "m1", "name": f"{PRIVATE}等其他材料"}]
    form = new_item(living, f"误录事项{PRIVATE}")
    form["content"]["materials"] = materials
    made = living.publish(form)
    item: str = made["decisions"][0]["subject"]
    return item


def redact_all(living: Living) -> None:
    for content, body in living.rows("SELECT hash, body FROM content ORDER BY hash"):
        if PRIVATE.encode() in bytes(body):
            with living.database.writing() as session:
                people = living.people["publisher"], living.people["second"]
                redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")


def holding(living: Living) -> set[str]:
    """The tables in which the words stand."""
    return {
        table.name
        for table in METADATA.sorted_tables
        for row in living.rows(f'SELECT * FROM "{table.name}"')
        if PRIVATE in "".join(map(_words, row))
    }


def _words(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, (bytes, memoryview)) else str(value)


def test_what_the_checks_found_goes_at_once(living: Living, item: str) -> None:
    sweep(living.database, TODAY, STANDARD)
    assert {"finding", "checked_item"} <= holding(living)
    redact_all(living)
    assert holding(living) == set()
    assert PRIVATE not in living.client.get("/api/v1/findings", headers=living.headers("reader")).text
    other = living.item_called(FELLING)
    assert living.rows(f"SELECT 1 FROM checked_item WHERE subject = '{other}'")


def test_a_sweep_under_way_does_not_bring_them_back(living: Living, item: str) -> None:
    """It has read the words, and writes after they were ordered away; what it looked at is looked at again."""
    with living.database.reading() as session:
        connection = session.connection()
        seq = log.head(connection).seq
        due = stale(connection, TODAY, STANDARD)
        looked = look(connection, due, TODAY, STANDARD)
    redact_all(living)
    with living.database.writing() as session:
        write(session.connection(), looked, TODAY, seq)
    assert holding(living) == set()
    with living.database.reading() as session:
        again = stale(session.connection(), TODAY, STANDARD)
    assert {one.id for one in due} - {one.id for one in again} == {item}


def test_what_people_wrote_beside_loses_them(living: Living, item: str) -> None:
    other = living.item_called(FELLING)
    living.publish(set_field(item, "name", "改正后的事项", "2026-10-01"))
    with living.database.writing() as session:
        session.add_all(
            [
                Feedback(number="1", kind="wrong", words=QUOTED, answer="已核", origin="x", created_at=1),
                Feedback(number="2", kind="other", words="无关的话", answer=QUOTED, origin="x", created_at=1),
                CheckException(subject=item, code="vague-material", path="x", reason=QUOTED, at=1),
                CheckException(subject=other, code="vague-material", path="x", reason="确有必要", at=1),
                OverlapDecision(first=item, second=other, decision="same", reason=QUOTED, at=1),
                LawCase(act=1, subject=item, outcome="unaffected", reason=QUOTED, at=1),
                EditionDraft(
                    id="qde-1",
                    state="withdrawn",
                    kind="power",
                    owner="qda-1",
                    on_day=TODAY,
                    content="0" * 64,
                    head=f'{{"document":{{"number":"一号"}},"title":"{QUOTED}"}}',
                    author=1,
                    note=QUOTED,
                    created_at=1,
                    updated_at=1,
                ),
            ]
        )
    redact_all(living)
    assert holding(living) == set()
    assert [tuple(row) for row in living.rows("SELECT words, answer FROM feedback ORDER BY number")] == [
        (PLACEHOLDER, "已核"),
        ("无关的话", PLACEHOLDER),
    ]
    assert [row[0] for row in living.rows("SELECT reason FROM check_exception ORDER BY id")] == [
        PLACEHOLDER,
        "确有必要",
    ]
    for table in ("overlap_decision", "law_case"):
        assert [row[0] for row in living.rows(f"SELECT reason FROM {table}")] == [PLACEHOLDER]
    assert [tuple(row) for row in living.rows("SELECT head, note FROM edition_draft")] == [
        (f'{{"document":{{"number":"一号"}},"title":"{PLACEHOLDER}"}}', PLACEHOLDER)
    ]


def test_what_stands_beside_a_round_under_way_loses_them(living: Living, item: str) -> None:
    """The proposal that quotes no word itself, too: its findings, what was said of it, and what was proposed before."""
    other = living.item_called(FELLING)
    asked = {"title": "清理", "reason": "清理", "kind": "round", "stated": {"total": 1, "parts": []}}
    made = living.post("editor", "/changesets", asked).json()
    body = encode({"kind": "item", "outcome": "retain", "words": "保留"})
    earlier = [{"proposed": {"words": QUOTED, "outcome": "retain"}, "opinion": None}]
    with living.database.writing() as session:
        session.add_all(
            [
                Proposal(
                    changeset=made["id"],
                    subject=other,
                    body=body,
                    at=1,
                    findings=encode([{"code": "vague-material", "message": QUOTED}]),
                    opinion="return",
                    reason=QUOTED,
                    earlier=encode(earlier),
                ),
                AnnexRow(
                    changeset=made["id"],
                    position=1,
                    body=encode({"name": "别的事项"}),
                    candidates=encode([{"item": item, "name": QUOTED}]),
                ),
            ]
        )
    redact_all(living)
    assert holding(living) == set()
    [(left, findings, reason, before)] = living.rows("SELECT body, findings, reason, earlier FROM proposal")
    assert (bytes(left), reason) == (body, PLACEHOLDER)
    assert decode(bytes(findings)) == [{"code": "vague-material", "message": PLACEHOLDER}]
    assert decode(bytes(before))[0]["proposed"] == {"outcome": "retain", "words": PLACEHOLDER}
    [(row, candidates)] = living.rows("SELECT body, candidates FROM annex_row")
    assert decode(bytes(row)) == {"name": "别的事项"}
    assert decode(bytes(candidates)) == [{"item": item, "name": PLACEHOLDER}]
