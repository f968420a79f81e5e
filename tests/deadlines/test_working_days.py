"""Due dates counted by hand around the holidays of 2025 and 2026, and against a naive count."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deadlines.working_days import Due, Excluded, WorkCalendar, Year, due


def days(*spans: tuple[str, str]) -> frozenset[date]:
    found = set()
    for first, last in spans:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            found.add(day)
            day += timedelta(days=1)
    return frozenset(found)


# 国务院办公厅关于2025年部分节假日安排的通知: National Day and Mid-Autumn 1 to 8 October; worked on
# 28 September and 11 October. Spring Festival 28 January to 4 February; worked on 26 January and 8 February.
KNOWN = WorkCalendar(
    {
        2025: Year(
            days(("2025-01-01", "2025-01-01"), ("2025-01-28", "2025-02-04"), ("2025-10-01", "2025-10-08")),
            days(
                ("2025-01-26", "2025-01-26"),
                ("2025-02-08", "2025-02-08"),
                ("2025-09-28", "2025-09-28"),
                ("2025-10-11", "2025-10-11"),
            ),
        )
    }
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("accepted", "limit", "expected"),
    [
        # Friday 26 September: Sunday the 28th is worked, then 29, 30, then the holiday, then 9, 10, 11 October.
        ("2025-09-26T15:00", {"value": 1, "unit": "workday"}, "2025-09-28"),
        ("2025-09-26T15:00", {"value": 3, "unit": "workday"}, "2025-09-30"),
        ("2025-09-26T15:00", {"value": 4, "unit": "workday"}, "2025-10-09"),
        ("2025-09-26T15:00", {"value": 6, "unit": "workday"}, "2025-10-11"),
        ("2025-09-26T15:00", {"value": 7, "unit": "workday"}, "2025-10-13"),
        # Over the Spring Festival, from Friday 24 January: 26, 27 January, 5 February.
        ("2025-01-24T09:00", {"value": 3, "unit": "workday"}, "2025-02-05"),
        ("2025-01-24T09:00", {"value": 6, "unit": "workday"}, "2025-02-08"),
        # Calendar days that end in the holiday end on the first worked day after it.
        ("2025-09-26T15:00", {"value": 7, "unit": "day"}, "2025-10-09"),
        ("2025-08-31T15:00", {"value": 1, "unit": "month"}, "2025-09-30"),
        ("2024-02-29T15:00", {"value": 1, "unit": "year"}, "2025-02-28"),
        ("2025-09-26T15:00", {"unit": "immediate"}, "2025-09-26"),
    ],
)
def test_counted_by_hand(accepted: str, limit: dict, expected: str) -> None:
    found = due(KNOWN, at(accepted), limit)
    assert found is not None
    assert found.at == date.fromisoformat(expected)


def test_hours_count_by_the_clock() -> None:
    assert due(KNOWN, at("2025-09-26T15:00"), {"value": 2, "unit": "hour"}) == Due(
        at("2025-09-26T17:00"), False
    )


def test_each_excluded_span_is_shown() -> None:
    found = due(KNOWN, at("2025-09-30T10:00"), {"value": 1, "unit": "workday"})
    assert found is not None
    assert found.excluded == [Excluded(date(2025, 10, 1), date(2025, 10, 8))]


def test_past_the_last_known_year_is_provisional() -> None:
    inside = due(KNOWN, at("2025-12-01T10:00"), {"value": 5, "unit": "workday"})
    across = due(KNOWN, at("2025-12-31T10:00"), {"value": 5, "unit": "workday"})
    assert inside is not None
    assert across is not None
    assert (inside.provisional, across.provisional) == (False, True)


def test_an_unknown_limit_has_no_due_date() -> None:
    assert due(KNOWN, at("2025-09-26T15:00"), {"note": "按规定"}) is None
    assert due(KNOWN, at("2025-09-26T15:00"), {"unit": "workday"}) is None


@pytest.mark.parametrize("unit", ["workday", "day", "month", "year"])
def test_a_limit_past_the_last_day_there_is_has_no_due_date(unit: str) -> None:
    assert due(KNOWN, at("9999-12-30T15:00"), {"unit": unit, "value": 5}) is None
    assert due(KNOWN, at("2026-09-28T15:00"), {"unit": "year", "value": 8_000}) is None
    assert due(KNOWN, at("2026-09-28T15:00"), {"unit": "month", "value": 97_000}) is None


@given(
    st.datetimes(datetime(2024, 12, 1), datetime(2025, 12, 20)),
    st.integers(min_value=1, max_value=60),
)
def test_working_days_against_a_naive_count(accepted: datetime, value: int) -> None:
    found = due(KNOWN, accepted, {"value": value, "unit": "workday"})
    assert found is not None
    assert isinstance(found.at, date)
    assert KNOWN.is_working(found.at)
    start = accepted.date()
    span = [start + timedelta(days=n) for n in range(1, (found.at - start).days + 1)]
    assert sum(KNOWN.is_working(day) for day in span) == value
    excluded = sum((e.last - e.first).days + 1 for e in found.excluded)
    assert excluded + value == len(span)
