"""Editions: prepared from the registry, approved by a second person, issued once as approved, and compared."""

from __future__ import annotations

import pytest
from issuing_editions import DOCUMENT, approve, found, issue, prepare, signer_in
from registry import TODAY, adjust, item_content, make_office
from sqlalchemy.exc import OperationalError

from app.changes.models import DocumentInput
from app.changes.redacting import redact
from app.db import Database
from app.errors import Conflict, Forbidden, Invalid, RegistryError, Stale
from app.lists import issuing, preparing, reading, selecting
from app.lists.selecting import GONE, HEADS, Selection
from app.versions.queries import known_at


@pytest.fixture
def signer(tmp_path):
    return signer_in(tmp_path)


def test_an_edition_is_numbered_and_frozen(office, signer):
    first = issue(office, signer)
    assert (first.row["number"], first.row["previous"]) == (1, None)
    assert first.title == "广安区水务局权力清单（第1版）"
    assert first.document == {"number": DOCUMENT.number, "title": DOCUMENT.title}
    office.publish_change(adjust(office.items[0], TODAY, 5))
    second = issue(office, signer)
    assert (second.row["number"], second.row["previous"]) == (2, first.row["id"])
    assert found(office, first.row["id"]).frozen == first.frozen
    with office.database.reading() as session:
        changes = reading.difference(session.connection(), first.frozen, second.frozen)
    assert [(one.name, one.head, one.before, one.after) for one in changes.changed] == [
        ("取水许可1", "承诺时限", "20个工作日", "5个工作日")
    ]
    assert (changes.added, changes.dropped, changes.same) == ([], [], 1)
    office.assert_sound()


def test_each_kind_and_owner_counts_by_itself(office, signer):
    assert issue(office, signer).row["number"] == 1
    assert issue(office, signer, kind="duty", authority=office.water).row["number"] == 1
    assert issue(office, signer, region=office.district).row["number"] == 1
    assert issue(office, signer).row["number"] == 2


def test_what_was_added_and_dropped_is_told(office, signer):
    first = issue(office, signer)
    new = {
        "outcome": "add",
        "effective_from": TODAY,
        "content": item_content("河道采砂许可", office.water, office.district),
    }
    office.publish_change({"outcome": "cancel", "subject": office.items[1], "effective_from": TODAY}, new)
    second = issue(office, signer)
    with office.database.reading() as session:
        changes = reading.difference(session.connection(), first.frozen, second.frozen)
    assert [one["name"] for one in changes.added] == ["河道采砂许可"]
    assert [one["name"] for one in changes.dropped] == ["取水许可2"]


def test_who_prepares_does_not_approve(office):
    both = office.person("both", "edit", "review")
    wanted = Selection("power", TODAY, authority=office.water)
    with office.database.writing() as session:
        draft = preparing.prepare(session, both, wanted, DOCUMENT)
    with pytest.raises(Forbidden, match="另一人"), office.database.writing() as session:
        preparing.approve(session, both, draft.id)
    assert approve(office, draft).state == "approved"


def test_a_list_is_worked_out_before_the_lock_and_again_where_the_registry_moved(office, monkeypatch):
    wanted, times = Selection("power", TODAY, authority=office.water), []
    compose = preparing.compose_now
    monkeypatch.setattr(preparing, "compose_now", lambda *asked: times.append(1) or compose(*asked))
    with office.database.reading() as session:
        ahead = preparing.compose_ahead(session.connection(), wanted)
    with office.database.writing() as session:
        still = preparing.prepare(session, office.editor, wanted, DOCUMENT, ahead=ahead).content
    assert (len(times), still) == (1, ahead[1].hash)
    office.publish_change(adjust(office.items[0], TODAY, 5))
    with office.database.writing() as session:
        moved = preparing.prepare(session, office.editor, wanted, DOCUMENT, ahead=ahead).content
    assert len(times) == 2
    assert moved != still


def test_rights_and_scope_are_asked(office, signer):
    draft = prepare(office)
    outside = office.person("outside", "edit", "review", "publish", authority=office.traffic)
    for actor in (office.editor, outside):
        with pytest.raises(Forbidden), office.database.writing() as session:
            preparing.approve(session, actor, draft.id)
    approve(office, draft)
    for actor in (office.editor, office.reviewer, outside):
        with pytest.raises(Forbidden), office.database.writing() as session:
            issuing.issue(session, actor, draft.id, signer)
    assert office.count("edition") == 0


def test_what_was_not_read_is_not_approved(office):
    draft = prepare(office)
    with pytest.raises(Stale), office.database.writing() as session:
        preparing.approve(session, office.reviewer, draft.id, "0" * 64)


def test_a_list_that_moved_is_not_issued(office, signer):
    draft = approve(office, prepare(office))
    with office.database.reading() as session:
        checked = issuing.stands(session.connection(), preparing.find(session, draft.id))
    assert checked[1]
    office.publish_change(adjust(office.items[0], TODAY, 5))
    for said in (None, checked):
        with pytest.raises(Conflict, match="重新准备"), office.database.writing() as session:
            issuing.issue(session, office.publisher, draft.id, signer, said)
    assert office.count("edition") == 0


def test_an_edition_is_issued_once_and_only_when_approved(office, signer):
    draft = prepare(office)
    with pytest.raises(Conflict), office.database.writing() as session:
        issuing.issue(session, office.publisher, draft.id, signer)
    approve(office, draft)
    with office.database.writing() as session:
        issuing.issue(session, office.publisher, draft.id, signer)
    with pytest.raises(Conflict), office.database.writing() as session:
        issuing.issue(session, office.publisher, draft.id, signer)


def test_a_list_is_withdrawn_by_who_prepared_it_or_reviews_and_another_says_why(office):
    draft = approve(office, prepare(office))
    department = office.person("水务", "edit", authority=draft.owner)
    chief = office.person("主任", "edit", "review")
    for who, why, code in (
        (department, "不要了", "not-your-draft"),
        (chief, " ", "reason-needed"),
        (office.editor, "", "reason-needed"),
    ):
        with pytest.raises(RegistryError) as refusal, office.database.writing() as session:
            preparing.withdraw(session, who, draft.id, why)
        assert refusal.value.code == code
    with office.database.writing() as session:
        assert preparing.withdraw(session, chief, draft.id, "重新准备").note == "重新准备"
    own = prepare(office)
    with office.database.writing() as session:
        assert preparing.withdraw(session, office.editor, own.id).state == "withdrawn"


def withdraw_meanwhile(office, edition):
    """Another's withdrawal, which does not wait."""
    other = Database(office.database.url, lock_timeout=0.001)
    try:
        with other.writing() as session:
            preparing.withdraw(session, office.editor, edition, "不签发了")
    finally:
        other.dispose()


@pytest.mark.parametrize("move", ["approve", "send_back", "issue"])
def test_moves_of_an_edition_never_cross(office, signer, monkeypatch, move):
    draft = prepare(office) if move == "approve" else approve(office, prepare(office))
    asked, tried = preparing.require_scope, []

    def meanwhile(*arguments):
        asked(*arguments)
        if not tried:
            tried.append(True)
            with pytest.raises(OperationalError):
                withdraw_meanwhile(office, draft.id)

    monkeypatch.setattr(preparing, "require_scope", meanwhile)
    monkeypatch.setattr(issuing, "require_scope", meanwhile)
    with office.database.writing() as session:
        if move == "issue":
            issuing.issue(session, office.publisher, draft.id, signer)
        elif move == "approve":
            preparing.approve(session, office.reviewer, draft.id)
        else:
            preparing.send_back(session, office.reviewer, draft.id, "有误")
    with office.database.reading() as session:
        state = preparing.find(session, draft.id).state
    assert tried
    assert state == {"approve": "approved", "send_back": "returned", "issue": "issued"}[move]


@pytest.mark.parametrize("first", ["withdrawn", "issued"])
def test_who_waited_for_the_lock_sees_what_was_done_meanwhile(postgresql, tmp_path, monkeypatch, first):
    office = make_office(postgresql)
    signer = signer_in(tmp_path)
    draft = approve(office, prepare(office))
    lock = issuing.lock_publishing

    def waited(connection):
        monkeypatch.setattr(issuing, "lock_publishing", lock)
        if first == "withdrawn":
            withdraw_meanwhile(office, draft.id)
        else:
            with office.database.writing() as session:
                issuing.issue(session, office.publisher, draft.id, signer)
        lock(connection)

    monkeypatch.setattr(issuing, "lock_publishing", waited)
    with office.database.writing() as session:
        preparing.find(session, draft.id)  # as it was before
        with pytest.raises(Conflict) as refused:
            issuing.issue(session, office.publisher, draft.id, signer)
    assert refused.value.code == "wrong-state"
    assert office.count("edition") == (1 if first == "issued" else 0)
    office.assert_sound()


def test_an_edition_rests_on_a_document_and_is_not_empty(office):
    wanted = Selection("service", TODAY, authority=office.water)
    with pytest.raises(Invalid, match="公共服务清单"), office.database.writing() as session:
        preparing.prepare(session, office.editor, wanted, DOCUMENT)
    wanted = Selection("power", TODAY, authority=office.water)
    with pytest.raises(Invalid, match="文号"), office.database.writing() as session:
        preparing.prepare(session, office.editor, wanted, DocumentInput())


def test_what_is_internal_is_in_no_edition_and_no_longer_shown_in_old_ones(office, signer):
    first = issue(office, signer)
    office.publish_change(adjust(office.items[0], TODAY, "internal", "visibility"))
    with office.database.reading() as session:
        rows = reading.rows_of(session.connection(), first.frozen["rows"])
    assert list(rows.missing.values()) == [reading.WITHHELD]
    assert [item for item, _ in rows.lines] == [office.items[1]]
    assert office.items[0] not in str(first.frozen)
    assert len(issue(office, signer).frozen["rows"]) == 1


def test_redaction_takes_the_row_with_the_content_it_was_drawn_from(office, signer):
    first = issue(office, signer)
    waiting = approve(office, prepare(office, authority=office.water, kind="duty"))
    content = office.scalars(
        f"SELECT content FROM timeline WHERE subject_id = '{office.items[0]}' AND content IS NOT NULL"
    )[0]
    second = office.person("second", "publish")
    with office.database.writing() as session:
        redact(session, office.publisher, second, content, "删改令1号", "个人信息")
    with office.database.reading() as session:
        rows = reading.rows_of(session.connection(), first.frozen["rows"])
    assert list(rows.missing.values()) == [reading.REDACTED]
    assert not [
        body
        for body in office.scalars("SELECT body FROM content")
        if "取水许可1".encode() in bytes(body) and b'"lines"' in bytes(body)
    ]
    with office.database.reading() as session:
        assert preparing.find(session, waiting.id).state == "returned"
    office.assert_sound()


def redact_first(office):
    """The words of the first item, as they stand."""
    content = office.scalars(
        f"SELECT content FROM timeline WHERE subject_id = '{office.items[0]}' AND content IS NOT NULL"
    )[-1]
    with office.database.writing() as session:
        redact(session, office.publisher, office.person("other", "publish"), content, "删改令1号", "个人信息")


def differences(office, before, after):
    with office.database.reading() as session:
        connection = session.connection()
        one, other = (found(office, edition.row["id"]).frozen for edition in (before, after))
        told = reading.difference(connection, one, other)
    names = [[one["name"] for one in part] for part in (told.added, told.dropped)]
    return (*names, [(one.head, one.after) for one in told.changed], told.same, told.unknown)


def test_what_was_redacted_is_neither_new_nor_dropped(office, signer):
    first = issue(office, signer)
    redact_first(office)
    second = issue(office, signer)
    assert differences(office, first, second) == ([], [], [], 1, 1)
    office.publish_change(adjust(office.items[0], TODAY, "取水许可（新）", "name"))
    third = issue(office, signer)
    assert differences(office, first, third) == ([], [], [], 1, 1)
    assert ("事项名称", "取水许可（新）") in differences(office, second, third)[2]


@pytest.mark.parametrize("kind", ["power", "duty", "negative"])
def test_a_power_in_force_stays_on_the_list_when_its_words_are_redacted(office, kind):
    def lists():
        with office.database.reading() as session:
            connection = session.connection()
            for wanted in (
                Selection(kind, TODAY, authority=office.water),
                Selection(kind, TODAY, region=office.district),
            ):
                for known in (None, known_at(connection, str(then))):
                    rows = selecting.listed(connection, wanted, known, 100)
                    yield next(one for one in rows if one.id == office.items[0])

    then = office.scalars("SELECT max(seq) FROM log_entry")[0]
    named = [one.lines for one in lists()]
    assert len(named) == 4
    assert "取水许可1" in str(named)
    redact_first(office)
    for one, was in zip(lists(), named, strict=True):
        told = dict(zip(HEADS[kind], one.lines[0], strict=True))
        assert (told["编码"], told["事项名称"], told["实施机关"]) == ("X1", GONE, "广安区水务局")
        assert told.get("设定依据", GONE) == GONE
        assert [told.get("类型"), told.get("状态")] == [
            dict(zip(HEADS[kind], was[0], strict=True)).get(head) for head in ("类型", "状态")
        ]
    office.publish_change(adjust(office.items[0], TODAY, "internal", "visibility"))
    with office.database.reading() as session:
        rows = selecting.listed(session.connection(), Selection(kind, TODAY, authority=office.water))
    assert [one.id for one in rows] == [office.items[1]]


def test_the_list_of_a_region_goes_by_the_tree_as_known_then(office):
    city = {"outcome": "found", "kind": "region", "effective_from": TODAY}
    office.publish_change({**city, "content": {"name": "广安市", "level": "3"}})
    region = office.scalars("SELECT subject_id FROM timeline WHERE name = '广安市'")[0]
    then = office.scalars("SELECT max(seq) FROM log_entry")[0]
    office.publish_change(adjust(office.district, TODAY, region, "parent", kind="region"))

    def count(known, owner):
        with office.database.reading() as session:
            connection = session.connection()
            wanted = Selection("power", TODAY, region=owner)
            return len(selecting.listed(connection, wanted, known and known_at(connection, known), 100))

    assert [count(one, region) for one in (None, str(then))] == [3, 0]
    assert [count(one, office.district) for one in (None, str(then))] == [3, 3]
