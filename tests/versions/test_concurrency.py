"""Readers beside a publish, and two writers on one item."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from registry import TODAY, adjust

from app.changes import drafts, publishing, rows
from app.errors import Conflict, Stale
from app.versions import queries

DAY = "2026-10-01"


def limit(office, known_at=None):
    return office.on(office.items[0], DAY, known_at).document()["promised_limit"]["value"]


def test_a_question_asked_while_a_publish_holds_the_lock(office):
    """It sees the old state, and the same T gives the same answer after."""
    changeset = office.approved(adjust(office.items[0], DAY, 5))
    before = office.known()
    with office.database.writing() as session:
        publishing.publish(session, office.publisher, changeset, TODAY)
        with ThreadPoolExecutor(1) as elsewhere:  # written, not committed, the lock held
            during = elsewhere.submit(office.known).result(timeout=10)
            seen = elsewhere.submit(limit, office).result(timeout=10)
            asked = elsewhere.submit(limit, office, str(during.seq)).result(timeout=10)
    assert during == before
    assert (seen, asked) == (20, 20)
    assert office.known().seq > before.seq
    assert limit(office, str(during.seq)) == 20
    assert limit(office) == 5


def test_a_snapshot_stays_whole_while_others_publish(office):
    """One reading session sees one head, whatever is committed meanwhile."""
    with office.database.reading() as session:
        connection = session.connection()
        first = queries.known_at(connection, None)
        office.publish_change(adjust(office.items[0], DAY, 5))
        assert queries.known_at(connection, None) == first
        standing = queries.state_on(connection, office.items[0], DAY, first)
        assert standing.document()["promised_limit"]["value"] == 20


def race(office, *moves):
    """Run the moves at once, each in its own transaction; what each came to."""
    start = threading.Barrier(len(moves))

    def run(move):
        start.wait(timeout=10)
        try:
            with office.database.writing() as session:
                return move(session)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(moves)) as pool:
        return list(pool.map(run, moves))


def publishes(office, changeset):
    return lambda session: publishing.publish(session, office.publisher, changeset, TODAY)


@pytest.mark.parametrize("_turn", range(3))
def test_two_writers_race_on_one_item(office, _turn):
    item = office.items[0]
    changesets = [office.approved(adjust(item, DAY, value)) for value in (5, 8)]
    outcomes = race(office, *(publishes(office, changeset) for changeset in changesets))
    lost = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [type(error) for error in lost] == [Stale], outcomes
    winner, loser = (0, 1) if outcomes[1] is lost[0] else (1, 0)
    assert limit(office) == (5, 8)[winner]
    assert office.changeset(changesets[winner]).state == "published"
    assert office.changeset(changesets[loser]).state == "returned"
    (row,) = office.draft_rows(changesets[loser])
    assert row["stale"]["fields"][0] | {"seen": None} == {
        "path": "promised_limit/value",
        "seen": None,
        "now": (5, 8)[winner],
        "yours": (5, 8)[loser],
        "collides": True,
    }
    office.assert_sound()


def test_writers_on_different_items_all_get_through(office):
    changesets = [office.approved(adjust(item, DAY, 7)) for item in office.items]
    outcomes = race(office, *(publishes(office, changeset) for changeset in changesets))
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes
    assert sorted(office.scalars("SELECT seq FROM log_entry")) == office.scalars(
        "SELECT seq FROM log_entry ORDER BY seq"
    )
    office.assert_sound()


@pytest.mark.parametrize("_turn", range(3))
def test_one_changeset_is_published_once(office, _turn):
    changeset = office.approved(adjust(office.items[0], DAY, 5))
    outcomes = race(office, *[publishes(office, changeset)] * 3)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1, outcomes
    assert all(isinstance(o, (Conflict, Stale)) for o in outcomes if isinstance(o, Exception)), outcomes
    assert office.count("publication") == 2
    office.assert_sound()


@pytest.mark.parametrize("_turn", range(5))
def test_sent_back_or_published_never_both(office, _turn):
    changeset = office.approved(adjust(office.items[0], DAY, 5))
    sent, published = race(
        office,
        lambda session: drafts.send_back(session, office.reviewer, changeset, "有误"),
        publishes(office, changeset),
    )
    refused = [isinstance(outcome, (Conflict, Stale)) for outcome in (sent, published)]
    assert sorted(refused) == [False, True], (sent, published)
    assert office.changeset(changeset).state == ("published" if refused[0] else "returned")
    assert office.count("publication") == (2 if refused[0] else 1)


def test_a_move_that_crossed_another_is_refused(office):
    """Read, then another move commits, then written: deterministic where the database lets both in."""
    if office.database.is_sqlite:
        pytest.skip("SQLite has one writer: BEGIN IMMEDIATE lets no second one in between")
    changeset = office.submitted(adjust(office.items[0], DAY, 5))
    with pytest.raises(Stale) as refusal, office.database.writing() as session:  # noqa: PT012
        mine = rows.find(session, changeset)
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(race, office, lambda s: drafts.approve(s, office.reviewer, changeset)).result(
                timeout=10
            )
        mine.state = "withdrawn"
        rows.save(session, mine)
    assert refusal.value.code == "edited-meanwhile"
    assert office.changeset(changeset).state == "approved"
