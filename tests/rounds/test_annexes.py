"""What the annexes of a decision say of each item: what became of it, into what, which fields changed."""

from __future__ import annotations

import pytest
from holding import BASE, DAY
from registry import TODAY, adjust, make_office

from app.rounds.report import report
from app.rounds.tables import tables_of
from app.versions.queries import known_at


@pytest.fixture
def office(sqlite, clock):
    return make_office(sqlite)


def published(office, *decisions):
    scope = {"region": office.district, "base_day": BASE}
    asked = {"kind": "round", "title": "第三批清理", "scope": scope, "document": {"number": "9号"}}
    made = office.publish_change(*decisions, **asked)
    round_id = office.scalars("SELECT id FROM changeset WHERE kind = 'round'")[0]
    assert made
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        return tables_of(connection, round_id, known), report(connection, round_id, known)


def rows_of(tables):
    """Item -> 处理决定 and 备注."""
    return {row[1]: (row[4], row[6]) for table in tables[1:] for row in table.rows}


def test_a_merged_row_says_into_what_and_of_what(office):
    first, second, third = office.items
    merge = {
        "outcome": "merge",
        "effective_from": DAY,
        "origins": [{"subject": first}, {"subject": second}],
        "results": [{"subject": second}],
        "words": "合并",
    }
    tables, _ = published(office, merge, adjust(third, DAY, 8))
    told = rows_of(tables)
    assert told["取水许可1"][0] == "合并；并入“取水许可2”"
    assert told["取水许可2"][0] == "合并；由“取水许可1”合并"
    assert told["取水许可3"][0] == "调整；承诺时限由20个工作日改为8个工作日"


def test_a_split_row_says_into_what(office):
    first, second, third = office.items
    content = office.on(first, TODAY).document()
    split = {
        "outcome": "split",
        "effective_from": DAY,
        "origins": [{"subject": first}],
        "results": [{"content": content | {"name": name}} for name in ("甲", "乙")],
    }
    retained = [{"outcome": "retain", "subject": one, "effective_from": DAY} for one in (second, third)]
    tables, _ = published(office, split, *retained)
    told = rows_of(tables)
    assert told["取水许可1"][0] == "拆分；拆分为“甲”、“乙”"
    assert told["甲"][0] == "拆分；由“取水许可1”拆分"


def test_what_waits_for_a_law_is_counted_and_named(office):
    first, second, third = office.items
    pending = {
        "outcome": "retain",
        "subject": first,
        "effective_from": DAY,
        "pending_law": {"outcome": "cancel"},
    }
    retained = [{"outcome": "retain", "subject": one, "effective_from": DAY} for one in (second, third)]
    tables, found = published(office, pending, *retained)
    assert rows_of(tables)["取水许可1"] == ("保留（待修法）", "")
    assert rows_of(tables)["取水许可2"] == ("保留", "")
    assert found["pending_law"] == {"items": 1, "open": 1}
    assert found["outcomes"]["retain"] == 3, "it is counted among what stays"


def test_nothing_that_waits_is_said_to_wait(office):
    retained = [{"outcome": "retain", "subject": one, "effective_from": DAY} for one in office.items]
    _, found = published(office, *retained)
    assert found["pending_law"] is None
