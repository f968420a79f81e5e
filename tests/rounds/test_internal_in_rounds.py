"""What a round's report and the series over time tell of items that are not public: a count at most."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from registry import TODAY, Office, adjust, item_content
from sqlalchemy import event

from app.costly import Costly
from app.kept import Kept
from app.limiting import Queue
from app.rounds import publishing as rounds
from app.rounds.report import report
from app.rounds.series import MOST, series
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
