"""The checks over all items: what is looked at, when again; exceptions; what holds a change up; who may ask."""

from __future__ import annotations

from typing import Any

import pytest
from registry import TODAY, Office, adjust
from seeded import FELLING, Living, set_field

from app.changes import drafts, excepting, publishing
from app.checks import exceptions, queries, sweeping
from app.checks.catalogue import STANDARD, Rules
from app.checks.queries import Wanted, by_authority, by_code, findings
from app.checks.sweeping import last_run, recheck, stale, sweep
from app.errors import Conflict, Forbidden, Invalid, Refused

LAW = {"title": "取水条例", "rank": "administrative_regulation", "articles": []}


def found(office: Office, **wanted: Any) -> set[tuple[str, str]]:
    with office.database.reading() as session:
        rows = findings(session.connection(), Wanted(**wanted), ("", -1), 1000)
    return {(row["subject"], row["code"]) for row in rows}


def due(office: Office, day: str = TODAY) -> list[str]:
    with office.database.reading() as session:
        return [one.id for one in stale(session.connection(), day, STANDARD)]


def test_what_has_moved_is_looked_at_again_and_nothing_else(office: Office) -> None:
    assert sorted(due(office)) == sorted(office.items)
    assert sweep(office.database, TODAY, STANDARD).items == 3
    assert due(office) == []
    assert {(one, "no-citation") for one in office.items} <= found(office)
    office.publish_change(adjust(office.items[0], TODAY, 30))
    assert due(office) == [office.items[0]]
    assert sorted(due(office, "2026-09-29")) == sorted(office.items)  # laws end at midnight
    assert sweep(office.database, TODAY, STANDARD).items == 1
    with office.database.reading() as session:
        run = last_run(session.connection())
    assert run is not None
    assert (run.items, run.day) == (1, TODAY)
    office.publish_change({"outcome": "cancel", "subject": office.items[1], "effective_from": TODAY})
    sweep(office.database, TODAY, STANDARD)
    assert {one for one, _ in found(office)} == {office.items[0], office.items[2]}


def test_an_item_is_looked_at_again_when_its_law_is_repealed(office: Office) -> None:
    item = office.items[0]
    law = {
        "kind": "instrument",
        "outcome": "enact",
        "effective_from": "2020-01-01",
        "ref": "law",
        "content": LAW,
    }
    law |= {"timing": "late_entry", "reason": "补录法规"}
    cite = {"key": "c1", "role": "setting", "instrument": "@law", "article": "第三条"}
    change = {"outcome": "adjust", "subject": item, "effective_from": TODAY}
    change["changes"] = [{"op": "add", "path": "citations", "value": cite}]
    office.publish_change(law, change)
    sweep(office.database, TODAY, STANDARD)
    assert (item, "no-citation") not in found(office)
    (law_id,) = office.scalars("SELECT DISTINCT target FROM link WHERE role = 'cites-setting'")
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": law_id, "effective_from": TODAY}
    office.publish_change(repeal)
    assert due(office) == [item]
    sweep(office.database, TODAY, STANDARD)
    assert (item, "basis-not-in-force") in found(office, severity="error")


def test_a_law_that_is_cited_by_its_title_is_looked_at_too(office: Office) -> None:
    """Chosen or not, what the registry knows of it is told; of two of a title none is meant."""
    item = office.items[0]
    law = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY}
    law["content"] = LAW | {"title": "中华人民共和国取水法"}
    cite = {"key": "c1", "role": "setting", "title": "取水法", "article": "第三条"}
    change = {"outcome": "adjust", "subject": item, "effective_from": TODAY}
    change["changes"] = [{"op": "add", "path": "citations", "value": cite}]
    office.publish_change(law, change)
    sweep(office.database, TODAY, STANDARD)
    assert (item, "citation-unlinked") in found(office)
    assert (item, "basis-not-in-force") not in found(office)
    (law_id,) = office.scalars("SELECT subject_id FROM timeline WHERE name = '中华人民共和国取水法'")
    office.publish_change(
        {"kind": "instrument", "outcome": "repeal", "subject": law_id, "effective_from": TODAY}
    )
    sweep(office.database, TODAY, STANDARD, whole=True)
    assert (item, "basis-not-in-force") in found(office, severity="error")
    with office.database.reading() as session:
        (row,) = [
            one
            for one in findings(session.connection(), Wanted(code="citation-unlinked"), ("", -1), 10)
            if one["subject"] == item
        ]
    assert (row["about"], "登记簿里有同名的一件" in row["message"]) == (law_id, True)
    office.publish_change({**law, "effective_from": TODAY})
    sweep(office.database, TODAY, STANDARD, whole=True)
    assert (item, "basis-not-in-force") not in found(office)


def test_authorities_are_listed_by_their_points(office: Office) -> None:
    sweep(office.database, TODAY, STANDARD)
    with office.database.reading() as session:
        scores = by_authority(session.connection())
        codes = {row["code"]: row["items"] for row in by_code(session.connection(), Wanted())}
    assert {row["authority"]: row["items"] for row in scores} == {office.water: 2, office.traffic: 1}
    assert all(0 < row["mean"] < 100 for row in scores)
    assert codes["no-citation"] == 3
    assert found(office, authority=office.traffic) == {
        (office.items[2], code) for _, code in found(office, item=office.items[2])
    }


def test_an_exception_that_is_granted_while_a_sweep_is_at_work_holds(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, look = (office.items[0], "no-citation"), sweeping.look
    sweep(office.database, TODAY, STANDARD)

    def granted_after_it(connection: Any, due: Any, day: str, rules: Rules) -> Any:
        looked = look(connection, due, day, rules)
        monkeypatch.setattr(sweeping, "look", look)
        with office.database.writing() as session:
            exceptions.grant(session, office.reviewer, *asked, "citations", "依据在途", TODAY)
            recheck(session, asked[0], TODAY, STANDARD)
        return looked

    def points() -> list[Any]:
        return office.scalars(f"SELECT points FROM checked_item WHERE subject = '{asked[0]}'")

    before = points()
    monkeypatch.setattr(sweeping, "look", granted_after_it)
    sweep(office.database, TODAY, STANDARD, whole=True)
    assert asked in found(office, excepted=True)
    assert asked not in found(office)
    assert points() > before


def test_an_exception_needs_a_reviewer_and_a_reason_and_can_be_ended(office: Office) -> None:
    item, asked = office.items[0], (office.items[0], "no-citation")
    sweep(office.database, TODAY, STANDARD)

    def grant(actor: Any, reason: str) -> int:
        with office.database.writing() as session:
            made = exceptions.grant(session, actor, *asked, "citations", reason, TODAY)
            recheck(session, item, TODAY, STANDARD)
            return made.id or 0

    with pytest.raises(Forbidden):
        grant(office.editor, "依据在途")
    with pytest.raises(Forbidden, match="管辖范围"):
        grant(office.person("other", "review", authority=office.traffic), "依据在途")
    with pytest.raises(Invalid):
        grant(office.reviewer, " ")
    with pytest.raises(Conflict, match="检查结果中没有这一处"), office.database.writing() as session:
        exceptions.grant(session, office.reviewer, *asked, "citations/c9", "还没有发布的", TODAY)
    number = grant(office.reviewer, "依据在途，省里九月公布")
    with pytest.raises(Conflict):
        grant(office.reviewer, "再来一次")
    assert asked not in found(office)
    assert asked in found(office, excepted=True)
    sweep(office.database, TODAY, STANDARD, whole=True)  # it holds when all is looked at anew
    assert asked not in found(office)
    with office.database.writing() as session:
        exceptions.end(session, office.reviewer, number, TODAY)
        recheck(session, item, TODAY, STANDARD)
    assert asked in found(office)


def test_an_exception_excuses_one_place_and_no_other(office: Office) -> None:
    item, code = office.items[0], "vague-material"

    def places(excepted: bool) -> set[str]:
        with office.database.reading() as session:
            asked = queries.Wanted(item=item, code=code, excepted=excepted)
            return {row["path"] for row in queries.findings(session.connection(), asked, ("", -1), 50)}

    added = [
        {"op": "add", "path": "materials", "value": {"key": key, "name": "其他材料"}} for key in ("m8", "m9")
    ]
    office.publish_change(
        {"outcome": "adjust", "subject": item, "effective_from": TODAY, "changes": added[:1]}
    )
    sweep(office.database, TODAY, STANDARD)
    first = places(False)
    assert first == {"materials/m8/name"}
    with office.database.writing() as session, pytest.raises(Invalid):
        exceptions.grant(session, office.reviewer, item, code, "", "由窗口说明", TODAY)
    with office.database.writing() as session:
        exceptions.grant(session, office.reviewer, item, code, first.pop(), "由窗口说明", TODAY)
    office.publish_change(
        {"outcome": "adjust", "subject": item, "effective_from": TODAY, "changes": added[1:]}
    )
    sweep(office.database, TODAY, STANDARD)
    assert (places(True), places(False)) == ({"materials/m8/name"}, {"materials/m9/name"})


def test_a_check_holds_a_change_up_where_the_office_says_so(office: Office) -> None:
    rules = Rules(block=frozenset({"phones-alike"}))
    alike = [
        {"op": "set", "path": name, "value": "0826-2222333"} for name in ("consult_phone", "complaint_phone")
    ]
    change = {"outcome": "adjust", "subject": office.items[0], "effective_from": TODAY, "changes": alike}
    changeset = office.draft(change).id
    with pytest.raises(Refused) as refused, office.database.writing() as session:
        drafts.submit(session, office.editor, changeset, None, TODAY, rules)
    assert refused.value.code == "phones-alike"
    with office.database.writing() as session:
        drafts.submit(
            session, office.editor, changeset, None, TODAY
        )  # by the standard rules it is told alone
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, changeset)
    with pytest.raises(Refused), office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY, rules=rules)
    with office.database.writing() as session:
        place = (office.items[0], "phones-alike", "complaint_phone")
        excepting.let_stand(session, office.reviewer, changeset, *place, "窗口只有一部电话", TODAY, rules)
    office.publish(changeset, rules=rules)
    other = office.draft(adjust(office.items[0], TODAY, 9)).id
    with office.database.writing() as session:  # what stood so before does not hold up another change
        drafts.submit(session, office.editor, other, None, TODAY, rules)


def test_findings_are_for_the_office(living: Living) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", "2222333"))
    sweep(living.database, TODAY, STANDARD)
    assert living.get("/findings").status_code == 401

    def get(path: str, **query: Any) -> Any:
        return living.client.get(f"/api/v1{path}", params=query, headers=living.headers("editor"))

    body = get("/findings", item=item).json()
    assert "phone-without-area-code" in {one["code"] for one in body["findings"]}
    one = next(one for one in body["findings"] if one["code"] == "phone-without-area-code")
    assert (one["path"], one["item"]["id"], one["checked_on"]) == ("consult_phone", item, TODAY)
    seen, after = [], None
    while True:
        page = get("/findings", limit=7, **({"after": after} if after else {})).json()
        seen += [(row["item"]["id"], row["path"], row["code"]) for row in page["findings"]]
        if not (after := page["next"]):
            break
    assert len(seen) == len(set(seen)) == living.rows("SELECT count(*) FROM finding")[0][0]
    scores = get("/findings/scores").json()
    assert (
        sum(row["items"] for row in scores["scores"])
        == living.rows("SELECT count(*) FROM checked_item")[0][0]
    )
    assert get("/findings", code="nonsense").json()["code"] == "unknown-check"
