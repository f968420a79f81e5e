"""序号 where a document gives none: a row's own place in its annex, however the page was filtered."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust

from app.changes.annexes import places
from app.rounds.browsing import Wanted, browse
from app.rounds.counted import find
from app.versions.queries import known_at


def test_places_are_counted_in_each_annex_and_among_all_without_one():
    assert places(["附件1", "附件1", "附件2", None, "附件1", ""]) == [1, 2, 1, 4, 3, 6]


def placed(office, round_id, wanted):
    with office.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        rows = browse(connection, find(connection, round_id, known), known, wanted).rows
    return {row["subject"]: row.get("place", row.get("number")) for row in rows}


@pytest.mark.parametrize(
    ("annexes", "places_of"),
    [
        (({}, {}, {}), (1, 2, 3)),
        (({"annex": "附件1"}, {"annex": "附件1"}, {"annex": "附件2"}), (1, 2, 1)),
        (({"annex": "附件1"}, {"annex": "附件1", "number": "7"}, {"annex": "附件1"}), (1, "7", 3)),
    ],
)
def test_a_row_keeps_its_place_whatever_the_list_is_filtered_by(office, annexes, places_of):
    first, second, third = office.items
    made = [
        adjust(first, TODAY, 5),
        {"outcome": "cancel", "subject": second, "effective_from": TODAY},
        adjust(third, TODAY, 5),
    ]
    decisions = [one | said for one, said in zip(made, annexes, strict=True)]
    changeset = office.approved(*decisions, kind="round", title="第三批清理")
    office.publish(changeset)
    expected = dict(zip(office.items, places_of, strict=True))
    assert placed(office, changeset, Wanted()) == expected
    assert placed(office, changeset, Wanted(outcome="adjust")) == {
        one: expected[one] for one in (first, third)
    }
    assert placed(office, changeset, Wanted(words="取水许可2")) == {second: expected[second]}
