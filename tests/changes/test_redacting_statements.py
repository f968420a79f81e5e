"""An order takes the words of a statement away; who owes what, and what was published, stands."""

from __future__ import annotations

from typing import Any

import pytest
from handing import LATEST, make_province
from registry import adjust

from app.changes import drafts, duties, redacting, remnants, rows
from app.changes.queries import round_head
from app.changes.redacting import redact
from app.changes.showing import readable
from app.changes.statements import bare
from app.deadlines.queries import work_calendar
from app.errors import Gone, Invalid
from app.exchange.round_words import REDACTED
from app.exchange.round_words import overview as figures
from app.rounds import publishing as rounds
from app.rounds.counted import find
from app.rounds.recording import Choice, confirm, rows_from
from app.rounds.report import overview, report

SECRET = "联系人张三的手机号码写在这里"
"""Words that an order takes away."""
TODAY = "2026-09-28"


def order(office: Any, second: Any, content: str) -> None:
    with office.database.writing() as session:
        redact(session, office.publisher, second, content, "某网信令〔2026〕1号", "个人信息")


def statement_of(office: Any, table: str, where: str) -> str:
    return str(office.scalars(f"SELECT DISTINCT statement FROM {table} WHERE {where}")[0])


def assert_duties_stand(office: Any) -> None:
    with office.database.reading() as session:
        assert duties.differs(session.connection()) is None
    assert office.verify().ok


def test_a_devolve_without_its_words_is_still_owed_and_still_accepted(office):
    province, second = make_province(office), office.person("second", "publish")
    office.publish_change(province.devolve(0, 1, transition_until=LATEST) | {"words": SECRET})
    owed = office.scalars("SELECT key FROM duty ORDER BY key")
    order(office, second, statement_of(office, "decision", f"act = {province.last_devolve()}"))
    assert office.scalars("SELECT key FROM duty ORDER BY key") == owed
    office.publish_change(province.accept(0, "2026-11-01"))
    assert office.scalars("SELECT duty_key FROM fulfilment") == ["c0"]
    order(office, second, statement_of(office, "decision", "outcome = 'receive'"))
    assert office.scalars("SELECT duty_key FROM fulfilment") == ["c0"], "nor is a place open again"
    assert_duties_stand(office)
    province.assert_sound()


def test_what_is_kept_of_a_statement_has_no_words():
    said = {
        "words": SECRET,
        "reason": SECRET,
        "transition_until": LATEST,
        "receivers": [{"key": "c0", "region": "qdr-00000001", "words": SECRET, "working_days": 20}],
        "duties": [{"key": "k", "what": SECRET, "owner": SECRET, "due": LATEST}],
        "pending_law": {"outcome": "cancel", "instruments": ["qdl-00000001"], "words": SECRET},
        "outside": [{"name": SECRET, "code": "1"}],
        "review": {"opinion": SECRET},
        "document": {"number": SECRET, "document_date": "2026-09-01"},
        "scope": {"region": "qdr-00000001", "frozen": {"items": "0" * 64, "count": 3, "unknown": 0}},
    }
    left = bare(said)
    assert SECRET not in str(left)
    assert left == {
        "transition_until": LATEST,
        "receivers": [{"key": "c0", "region": "qdr-00000001", "working_days": 20}],
        "duties": [{"key": "k", "due": LATEST, "what": "（已依令删改）"}],
        "pending_law": {"outcome": "cancel", "instruments": ["qdl-00000001"]},
        "outside": [{}],
        "document": {"document_date": "2026-09-01"},
        "scope": said["scope"],
    }


def test_a_round_without_its_title_keeps_its_sums(office):
    second = office.person("second", "publish")
    first, *others = office.items
    decided = [{"outcome": "cancel", "subject": first, "effective_from": "2026-10-15"}]
    decided += [{"outcome": "retain", "subject": one, "effective_from": "2026-10-15"} for one in others]
    scope = {"base_day": "2026-09-01", "region": office.district}
    asked = {"kind": "round", "document": {"number": "某府〔2026〕1号"}, "scope": scope}
    round_id = office.approved(*decided, title=SECRET, **asked)
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, round_id, TODAY)
    told = [told_of(office, round_id)]
    order(office, second, statement_of(office, "publication", "kind = 'round'"))
    told.append(told_of(office, round_id))
    assert told[1]["title"] == "（标题已依令删改）"
    for name in ("before", "after", "ended", "published", "by_authority", "reconciliation", "recomputed"):
        assert told[1][name] == told[0][name], name
    assert told[1]["reconciliation"] is not None
    with office.database.reading() as session:
        head = round_head(session.connection(), round_id, office.known())
    assert head["scope"]["frozen"]["count"] == 3
    assert SECRET not in str(told[1])
    assert SECRET not in str(head)


def publish_round(office: Any) -> str:
    """A round over all three items, one of them cancelled; its id."""
    first, *others = office.items
    decided = [{"outcome": "cancel", "subject": first, "effective_from": "2026-10-15"}]
    decided += [{"outcome": "retain", "subject": one, "effective_from": "2026-10-15"} for one in others]
    scope = {"base_day": "2026-09-01", "region": office.district}
    asked = {"kind": "round", "document": {"number": "某府〔2026〕1号"}, "scope": scope}
    round_id = office.approved(*decided, title="第一批清理", **asked)
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, round_id, TODAY)
    return str(round_id)


def named_in_round(office: Any, round_id: str) -> dict[str, Any]:
    """The head of the round as published, which names its frozen list and its sums by hash."""
    with office.database.reading() as session:
        return find(session.connection(), round_id, office.known()).statement


def test_a_list_of_ids_has_no_words_to_be_taken(office):
    round_id = publish_round(office)
    told = told_of(office, round_id)
    frozen = named_in_round(office, round_id)["scope"]["frozen"]["items"]
    with pytest.raises(Invalid) as refusal:
        order(office, office.person("second", "publish"), frozen)
    assert refusal.value.code == "no-words"
    assert told_of(office, round_id) == told


def test_a_list_of_ids_that_went_is_never_counted_as_none(office, monkeypatch):
    round_id, second = publish_round(office), office.person("second", "publish")
    working = office.draft(kind="round", title="第二批", scope={"base_day": TODAY, "region": office.district})
    with monkeypatch.context() as patch:
        patch.setattr(redacting, "_refuse_without_words", lambda _document: None)
        order(office, second, named_in_round(office, round_id)["scope"]["frozen"]["items"])  # of both
    with pytest.raises(Gone) as gone:
        told_of(office, round_id)
    assert gone.value.code == "scope-redacted"
    with office.database.writing() as session, pytest.raises(Gone):
        drafts.submit(session, office.editor, working.id, None, TODAY)
    other = office.person("other", "edit", authority=office.traffic)
    with office.database.reading() as session:
        connection = session.connection()
        assert overview(connection, round_id, office.known())["before"] == 3, "as it was published"
        assert list(readable(session, other, [rows.find(session, working.id)], part=True)) == []
    assert office.verify().ok


def test_a_round_whose_stored_sums_went_tells_those_worked_out_again(office):
    """Its figures stand in the decisions; what was published is told as taken by order, under its hash."""
    round_id = publish_round(office)
    told, named = told_of(office, round_id), named_in_round(office, round_id)["report"]
    order(office, office.person("second", "publish"), named)
    again = told_of(office, round_id)
    assert again["published"] == told["published"] | {"redacted": True}
    assert told["published"]["redacted"] is False
    for name in ("before", "after", "ended", "by_authority", "recomputed", "reconciliation"):
        assert again[name] == told[name], name
    with office.database.reading() as session:
        shown = overview(session.connection(), round_id, office.known())
    assert (shown["before"], shown["hash"], shown["redacted"]) == (3, named, True)
    assert ("说明", REDACTED) in list(figures(again))
    assert ("说明", REDACTED) not in list(figures(told))
    assert office.verify().ok


def told_of(office: Any, round_id: str) -> dict[str, Any]:
    with office.database.reading() as session:
        return report(session.connection(), round_id, office.known())


def test_a_holiday_notice_that_went_leaves_its_year_unknown(office):
    notice = {"year": 2027, "days_off": ["2027-01-01"], "make_up": []}
    decided = {"kind": "calendar", "outcome": "set", "effective_from": TODAY, "content": notice}
    office.publish_change(decided)
    with office.database.reading() as session:
        assert 2027 in work_calendar(session.connection()).years
    (content,) = office.scalars("SELECT content FROM timeline WHERE kind = 'calendar'")
    order(office, office.person("second", "publish"), content)
    with office.database.reading() as session:
        assert 2027 not in work_calendar(session.connection()).years


def test_a_name_that_a_recorded_document_says_too_is_listed_as_left(office):
    second, name = office.person("second", "publish"), "张三申请某某矿采矿许可一事"
    office.publish_change(adjust(office.items[0], TODAY, name, path="name"))
    asked = {"kind": "round", "title": "第一批清理", "document": {"number": "某府〔2013〕19号"}}
    recorded = office.draft(**asked, stated={"total": 1, "parts": []}).id
    with office.database.writing() as session:
        rows_from(session, office.editor, recorded, [{"name": name, "outcome": "保留"}], TODAY)(session)
        confirm(session, office.editor, recorded, [Choice(1, office.items[0])], TODAY)
    with office.database.writing() as session:
        drafts.submit(session, office.editor, recorded, None, TODAY)
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, recorded)
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, recorded, TODAY)
    query = f"SELECT DISTINCT content FROM timeline WHERE name = '{name}'"
    contents = office.scalars(query)
    with office.database.reading() as session:
        sought = remnants.sought(session.connection(), contents)
    for content in contents:
        order(office, second, content)
    with office.database.reading() as session:
        left = remnants.left(session.connection(), sought)
    (line,) = [one for one in left if "所录文件的各行" in one]
    assert recorded in line
    order(office, second, line.split("：")[0])
    with office.database.reading() as session:
        assert not any("所录文件的各行" in one for one in remnants.left(session.connection(), sought))
        assert round_head(session.connection(), recorded, office.known())["title"] == "第一批清理"


def test_the_statement_of_a_first_entry_is_redacted_beside_the_heads_of_changesets(office):
    """It belongs to no changeset; those that changed its items are looked through all the same."""
    item, second = office.items[0], office.person("second", "publish")
    office.publish_change(adjust(item, "2026-10-01", SECRET, "note"), title=SECRET)
    order(office, second, statement_of(office, "publication", "kind = 'initial'"))
    assert office.verify().ok
