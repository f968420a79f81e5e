"""Which decision a revision, and the event of it, is told as."""

from __future__ import annotations

from typing import Any

import pytest
from registry import Office, adjust

from app import log
from app.changes.feed import events
from app.changes.wanted import Wanted
from app.versions import laying_out
from app.versions.causes import Cause, beside, cause_on


def head(office: Office) -> int:
    with office.database.reading() as session:
        return log.head(session.connection()).seq


def told(office: Office, after: int, **wanted: Any) -> list[dict[str, Any]]:
    with office.database.reading() as session:
        connection = session.connection()
        return events(connection, after, 100, Wanted(**wanted), head=log.head(connection).seq)[0]


def short(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["event"], one["effective_from"], one["status"]) for one in found]


def causes(office: Office, after: int) -> list[Any]:
    """The outcome of each revision's stored cause; the ground of a void's."""
    return office.scalars(
        "SELECT coalesce(d.outcome, v.ground) FROM revision r LEFT JOIN decision d ON d.seq = r.cause"
        f" LEFT JOIN void v ON v.seq = r.cause WHERE r.seq > {after} ORDER BY r.seq"
    )


@pytest.fixture(params=["stored", "last"])
def office_of_both(request: pytest.FixtureRequest, office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """As published now, and as it was once stored: the last row about a subject under every day."""
    if request.param == "last":
        monkeypatch.setattr(laying_out, "cause_on", lambda causes, day: causes[-1])
    return office


def adjusted_then_cancelled(office: Office) -> None:
    item = office.items[0]
    office.publish_change(
        adjust(item, "2026-10-01", 5, words="调整的原文"),
        {"outcome": "cancel", "subject": item, "effective_from": "2026-12-01", "follow_up": "加强监管"},
    )


def test_each_day_is_told_as_its_own_decision(office_of_both: Office) -> None:
    office, seen = office_of_both, head(office_of_both)
    adjusted_then_cancelled(office)
    first, second = told(office, seen)
    assert short([first, second]) == [
        ("adjust", "2026-10-01", "in_force"),
        ("cancel", "2026-12-01", "ended"),
    ]
    assert "自2026年10月1日起调整，承诺时限由20个工作日改为5个工作日" in first["sentence"]
    assert "自2026年12月1日起取消" in second["sentence"]
    assert "后续措施：加强监管" in second["sentence"]
    assert "后续措施" not in first["sentence"]
    assert short(told(office, seen, types=("adjust",))) == [("adjust", "2026-10-01", "in_force")]
    assert short(told(office, seen, types=("cancel",))) == [("cancel", "2026-12-01", "ended")]
    office.assert_sound()


def test_the_end_of_a_time_is_an_event_of_its_own(office_of_both: Office) -> None:
    office, seen = office_of_both, head(office_of_both)
    time = {"effective_from": "2026-10-15", "until": "2026-10-20"}
    office.publish_change(
        {"outcome": "suspend", "subject": office.items[0], **time},
        adjust(office.items[1], value=5, day=time["effective_from"], until=time["until"]),
    )
    assert sorted(short(told(office, seen))) == [
        ("adjust", "2026-10-15", "in_force"),
        ("lapse", "2026-10-20", "in_force"),
        ("lapse", "2026-10-20", "in_force"),
        ("suspend", "2026-10-15", "suspended"),
    ]
    ends = {one["outcome"]: one["sentence"] for one in told(office, seen, types=("lapse",))}
    assert "自2026年10月20日起暂停期满，恢复实施（预告）" in ends["suspend"]
    assert "自2026年10月20日起调整期满，不再适用（预告）" in ends["adjust"]


def test_an_undone_day_is_told_as_undone(office_of_both: Office) -> None:
    office, item = office_of_both, office_of_both.items[0]
    office.publish_change(adjust(item, "2026-10-01", 5))
    act, seen = office.acts(item)[-1], head(office)
    void = {"outcome": "void", "act": act, "ground": "error", "reason": "误录"}
    office.publish_change(void, adjust(item, "2026-12-01", 9))
    undone, planned = told(office, seen)
    assert (undone["event"], undone["voids"], undone["outcome"]) == ("void", act, None)
    assert (planned["event"], planned["voids"], planned["outcome"]) == ("adjust", None, "adjust")
    assert undone["sentence"].endswith(
        "撤出一项2026年10月1日起的决定，恢复为：承诺时限由5个工作日改为20个工作日。"
    )


def test_what_only_retains_is_not_what_changed_it(office_of_both: Office) -> None:
    office, item, seen = office_of_both, office_of_both.items[0], head(office_of_both)
    retained = {"outcome": "retain", "subject": item, "effective_from": "2026-10-01"}
    office.publish_change(adjust(item, "2026-10-01", 5), retained)
    assert short(told(office, seen)) == [("adjust", "2026-10-01", "in_force")]
    assert short(told(office, seen, types=("adjust",))) == [("adjust", "2026-10-01", "in_force")]
    assert told(office, seen, types=("retain",)) == []


def test_two_of_one_day_are_both_found(office_of_both: Office) -> None:
    office, item, seen = office_of_both, office_of_both.items[2], head(office_of_both)
    to_water = [{"op": "set", "path": "authority", "value": office.water}]
    moved = {"outcome": "transfer", "subject": item, "effective_from": "2026-11-01", "changes": to_water}
    office.publish_change(adjust(item, "2026-11-01", 6), moved)
    (event,) = told(office, seen)
    assert (event["event"], event["beside"]) == ("transfer", ["adjust"])
    assert told(office, seen, types=("adjust",)) == told(office, seen, types=("transfer",)) == [event]
    assert told(office, seen, types=("cancel",)) == []


def test_a_decision_that_reaches_into_a_later_version_keeps_its_own_day(office: Office) -> None:
    item = office.items[0]
    office.publish_change(adjust(item, "2027-01-01", "长期", "note"))
    seen = head(office)
    office.publish_change({"outcome": "suspend", "subject": item, "effective_from": "2026-12-01"})
    _, later = told(office, seen)
    assert (later["event"], later["effective_from"]) == ("suspend", "2027-01-01")
    assert "自2026年12月1日起暂停（及于2027年1月1日起的版本）" in later["sentence"]


def test_what_is_stored_says_the_same(office: Office) -> None:
    seen = head(office)
    adjusted_then_cancelled(office)
    assert causes(office, seen) == ["adjust", "cancel"]
    item, seen = office.items[1], head(office)
    office.publish_change(adjust(item, "2026-10-01", 5))
    void = {"outcome": "void", "act": office.acts(item)[-1], "ground": "error", "reason": "误录"}
    seen = head(office)
    office.publish_change(void, adjust(item, "2026-12-01", 9))
    assert causes(office, seen) == ["error", "adjust"]
    office.assert_sound()


def test_what_moves_the_fold_last_is_the_cause() -> None:
    long = Cause(1, "2026-10-01")
    timed = Cause(2, "2026-10-15", "2026-10-20")
    kept = Cause(3, "2026-10-18", alters=False)
    void = Cause(4, "2026-10-10", "2026-10-12", is_void=True)
    later = Cause(5, "2026-10-20")
    days = {
        "2026-10-01": long,
        "2026-10-11": void,
        "2026-10-12": long,  # what it voids counted only until then
        "2026-10-16": timed,
        "2026-10-18": timed,
        "2026-10-20": later,  # what begins goes before what lapses
    }
    listed = [long, timed, kept, void, later]
    assert {day: cause_on(listed, day) for day in days} == days
    assert cause_on(listed[:-1], "2026-10-20") == timed
    assert timed.lapsed("2026-10-20")
    assert beside(listed, later, "2026-10-20") == [timed]
    assert beside(listed, long, "2026-10-01") == []
