"""What a round's report and the series over time tell of items that are not public: a count at most."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from registry import TODAY, Office, adjust, item_content
from sqlalchemy import event

from app.changes.queries import round_of
from app.changes.queries import rounds as published_rounds
from app.costly import Costly
from app.kept import Kept
from app.limiting import Queue
from app.rounds import publishing as rounds
from app.rounds.browsing import Wanted, browse
from app.rounds.counted import find
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import overview, report
from app.rounds.series import MOST, series
from app.rounds.tables import tables_of
from app.versions.queries import known_at

DAY = "2026-10-15"


@pytest.fixture
def round_with_an_internal_item(office: Office) -> tuple[Office, str, str]:
    """A round held over the district, and an internal item that came beside it; one item has become internal."""
    kept = [{"outcome": "retain", "subject": item, "effective_from": DAY} for item in office.items]
    scope = {"base_day": "2026-09-01", "region": office.district}
    asked = {
        "kind": "round",
        "title": "第一批清理",
        "document": {"number": "某府〔2026〕1号"},
        "scope": scope,
    }
    changeset = office.approved(*kept, **asked)
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, changeset, TODAY)
    content = item_content("机密内部事项", office.water, office.district, visibility="internal")
    office.publish_change(
        {
            "outcome": "add",
            "effective_from": "2023-05-05",
            "content": content,
            "timing": "late_entry",
            "reason": "补录",
        }
    )
    (item,) = office.scalars("SELECT subject_id FROM timeline WHERE visibility = 'internal'")
    office.publish_change(
        {"outcome": "add", "effective_from": "2026-10-01", "content": content | {"name": "后来的内部事项"}},
        {
            "outcome": "add",
            "effective_from": "2026-10-01",
            "content": item_content("公开的新事项", office.water, office.district),
        },
    )
    return office, changeset, item


def counted(office: Office, days: list[str], **more: Any) -> dict[str, int]:
    with office.database.reading() as session:
        found = series(session.connection(), days, more.get("region"), more.get("authority"), TODAY)
    return {row["day"]: row["total"] for row in found["days"]}


def test_a_report_names_what_is_public_and_counts_the_rest(
    round_with_an_internal_item: tuple[Office, str, str],
) -> None:
    office, changeset, _ = round_with_an_internal_item
    with office.database.reading() as session:
        connection = session.connection()
        line = report(connection, changeset, known_at(connection, None))["reconciliation"]
    public = office.scalars("SELECT subject_id FROM timeline WHERE name = '公开的新事项'")
    assert (line["came_otherwise"], line["came"]) == (2, public)
    assert (line["went_otherwise"], line["went"]) == (0, [])


SECRET_DAYS = 37


@pytest.fixture
def opened_and_internal(office: Office) -> tuple[str, str]:
    """An item that is internal until the round makes it public, and one that stays internal."""
    content = {"visibility": "internal", "promised_limit": {"value": SECRET_DAYS, "unit": "workday"}}
    content |= {"type": "06", "materials": [{"key": "m1", "name": "机密材料"}]}
    for name in ("先内后公的事项", "机密内部事项"):
        made = item_content(name, office.water, office.district, **content)
        office.publish_change({"outcome": "add", "effective_from": TODAY, "content": made})
    named = "SELECT subject_id FROM timeline WHERE name = '{}'"
    opened, internal = (office.scalars(named.format(one))[0] for one in ("先内后公的事项", "机密内部事项"))
    return opened, internal


def test_a_report_adds_up_what_is_public_and_has_one_figure_for_the_rest(
    office: Office, opened_and_internal: tuple[str, str]
) -> None:
    opened, internal = opened_and_internal
    decided = [
        adjust(internal, DAY, 21, "promised_limit/value"),
        adjust(opened, DAY, "public", "visibility"),
        {"outcome": "retain", "subject": office.items[0], "effective_from": DAY},
    ]
    asked: dict[str, Any] = {"kind": "round", "title": "第二批", "document": {"number": "某府〔2026〕2号"}}
    changeset = office.approved(*decided, **asked)
    with office.database.writing() as session:
        foreseen = rehearse_round(session, changeset, TODAY)["report"]
        rounds.publish(session, office.publisher, changeset, TODAY)
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        told = report(connection, changeset, known)
        page = overview(connection, changeset, known)
        whole, (listed,) = round_of(connection, changeset, known), published_rounds(connection, known)
        browsed = browse(connection, find(connection, changeset, known), known, Wanted())
        tables = tables_of(connection, changeset, known)
    assert told["recomputed"] is None
    for sums in (told, page, foreseen):
        assert (sums["before"], sums["outcomes"]["retain"], sums["withheld"]) == (1, 1, 2)
        assert [group["code"] for group in sums["by_type"]] != [] != sums["by_authority"]
        assert "06" not in [group["code"] for group in sums["by_type"]]
        assert str(SECRET_DAYS) not in str(sums["limits"])
        assert (sums["materials"]["before"], sums["materials"]["not_counted"]) == (2, 0)
        assert "另有不公开的事项 2 项，不计入以上各数。" in sums["summary"]
    shown = {one["subject"] for one in whole["decisions"]}
    assert (shown, whole["outcomes"], whole["withheld"]) == (
        {opened, office.items[0]},
        {"adjust": 1, "retain": 1},
        1,
    )
    assert (listed["outcomes"], listed["withheld"]) == (whole["outcomes"], whole["withheld"])
    assert {row["subject"] for row in browsed.rows} == shown
    assert set(browsed.pairs) == {office.items[0]}, "what it was before is not shown beside what is public"
    assert f"{SECRET_DAYS}个工作日" not in str(tables)
    assert "机密内部事项" not in str(tables)


def test_a_round_of_public_items_says_nothing_of_others(office: Office) -> None:
    kept = [{"outcome": "retain", "subject": item, "effective_from": DAY} for item in office.items]
    changeset = office.approved(*kept, kind="round", title="第一批", document={"number": "某府〔2026〕1号"})
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, changeset, TODAY)
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        for told in (report(connection, changeset, known), round_of(connection, changeset, known)):
            assert "withheld" not in told


def test_an_internal_item_is_not_counted_among_what_was_received(office: Office) -> None:
    origin = {"code": "SC-1", "name": "省级事项", "document": "省政府决定"}
    results = [
        {"content": item_content(name, office.water, office.district, **content)}
        for name, content in (("承接的事项", {}), ("机密承接的事项", {"visibility": "internal"}))
    ]
    decided = [
        {"outcome": "receive", "effective_from": DAY, "outside": [origin], "results": [result]}
        for result in results
    ]
    changeset = office.approved(*decided, kind="round", title="承接", document={"number": "某府〔2026〕3号"})
    with office.database.writing() as session:
        rounds.publish(session, office.publisher, changeset, TODAY)
    with office.database.reading() as session:
        connection = session.connection()
        told = report(connection, changeset, known_at(connection, None))
    assert told["received"] == {"origins": 1, "results": 1}
    assert (told["started"], told["withheld"], told["recomputed"]) == (1, 1, None)


def test_the_series_counts_what_is_public(round_with_an_internal_item: tuple[Office, str, str]) -> None:
    office, _, item = round_with_an_internal_item
    days = ["2023-06-01", "2025-01-01", "2026-09-30", DAY]
    totals = [0, 3, 3, 4]
    assert list(counted(office, days).values()) == totals
    assert list(counted(office, days, region=office.district).values()) == totals
    assert list(counted(office, days, authority=office.water).values()) == [0, 2, 2, 3]
    assert list(counted(office, days, region=office.town).values()) == [0, 0, 0, 0]
    assert min(counted(office, [])) == "2024-01-01"  # not the day from which the internal one stands
    office.publish_change(adjust(item, "2026-11-01", "public", "visibility"))
    assert counted(office, [*days, "2026-11-01"]) == dict(
        zip([*days, "2026-11-01"], [*totals, 5], strict=True)
    )
    assert min(counted(office, [])) == "2024-01-01"


def test_the_series_is_one_count_for_whatever_days_until_something_is_published(
    office: Office,
) -> None:
    statements: list[str] = []
    costly: Costly[Any] = Costly(Kept(4, lambda _asked, _found: 1), Queue(at_once=1, places=1, patience=0.0))
    days = [f"2026-{month:02d}-{day:02d}" for month in (1, 2, 3) for day in range(1, 29)]

    def ask(days: list[str] = days) -> dict[str, Any]:
        statements.clear()
        with office.database.reading() as session:
            connection = session.connection()
            note = lambda *args: statements.append(args[2])  # noqa: E731
            event.listen(connection, "before_cursor_execute", note)
            return series(connection, days, None, None, TODAY, partial(costly.once, connection))

    first = ask()
    assert [row["day"] for row in first["days"]] == days[-MOST:]
    assert sum("FROM timeline" in one for one in statements) == 1
    assert ask() == first
    assert not any("timeline" in one for one in statements)
    assert ask(["2023-06-01", days[-1]])["days"] == [
        {"day": "2023-06-01", "total": 0, "types": []},
        first["days"][-1],
    ]
    assert not any("timeline" in one for one in statements)
    office.publish_change(
        {
            "outcome": "cancel",
            "subject": office.items[0],
            "effective_from": "2026-03-01",
            "timing": "late_entry",
            "reason": "补录",
        }
    )
    assert [row["total"] for row in ask()["days"]] == [3 if day < "2026-03-01" else 2 for day in days[-MOST:]]
