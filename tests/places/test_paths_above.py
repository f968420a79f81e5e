"""The path above a place is the same on every day, as it stands and as known then."""

from __future__ import annotations

import datetime as dt
from typing import Any

from registry import Office
from seeded import FELLING, TODAY, Living

from app.changes import kinds
from app.changes.publishing import publish_initial
from app.changes.redacting import redact
from app.db import Database
from app.places.queries import ancestors, ancestors_then
from app.versions import ids
from app.versions.orders import Act, Part
from app.versions.queries import known_at

COUNTY = "511602"
LONG_AGO = "1990-01-01"
"""Before any source attests the places of the seed."""


def paths(database: Database) -> tuple[dict[Any, list[str]], dict[Any, list[str]]]:
    """By place and day, of all places and of the days around which anything about one begins: the path as it stands,
    and as worked out from what was recorded."""
    with database.reading() as session:
        connection = session.connection()
        run = connection.exec_driver_sql
        places = [row[0] for row in run("SELECT id FROM subject WHERE kind = 'region'")]
        days = {LONG_AGO, TODAY}
        begins = (
            "SELECT DISTINCT r.effective_from FROM revision r JOIN subject s ON s.id = r.subject_id"
            " WHERE s.kind = 'region'"
        )
        for (first,) in run(begins).all():
            days |= {first, (dt.date.fromisoformat(first) - dt.timedelta(1)).isoformat()}
        then = known_at(connection, None)._replace(is_head=False)
        asked = [(place, day) for place in places for day in sorted(days)]
        return (
            {one: ancestors(connection, *one) for one in asked},
            {one: ancestors_then(connection, *one, then) for one in asked},
        )


def test_the_path_is_the_same_before_a_place_is_attested(asking: Living) -> None:
    stands, then = paths(asking.database)
    assert then == stands
    (county,) = asking.rows(f"SELECT subject_id FROM code_interval WHERE value = '{COUNTY}'")
    assert len(stands[county[0], LONG_AGO]) == 4, "what says where it lies says so of the time before as well"


def test_the_path_is_the_same_where_places_come_and_go(office: Office) -> None:
    with office.database.writing() as session:
        village, other = ids.allocate(session.connection(), "region", 2)
        publish_initial(
            session,
            [
                _found(village, "2010-01-01", {"name": "牌坊村", "parent": office.town}, start_unknown=True),
                _found(other, "2015-01-01", {"name": "浓洄镇", "parent": office.district}),
            ],
            {"title": "补录"},
        )
    moved = [{"op": "set", "path": "parent", "value": other}]
    about = {"kind": "region", "subject": village}
    office.publish_change({"outcome": "adjust", **about, "effective_from": "2026-10-01", "changes": moved})
    office.publish_change({"outcome": "dissolve", **about, "effective_from": "2026-11-01"})
    stands, then = paths(office.database)
    assert then == stands
    assert stands[village, LONG_AGO] == [village], "the town was not there yet"
    assert stands[village, "2009-12-31"] == [office.district, office.town, village]
    assert stands[village, "2026-10-01"] == [office.district, other, village]


def test_the_path_goes_on_above_what_was_redacted(living: Living) -> None:
    (county,) = living.rows(f"SELECT subject_id FROM code_interval WHERE value = '{COUNTY}'")
    living.hire("second", "publish")
    for (content,) in living.rows(f"SELECT DISTINCT content FROM revision WHERE subject_id = '{county[0]}'"):
        with living.database.writing() as session:
            redact(session, living.people["publisher"], living.people["second"], content, "1号令", "隐私")
    stands, then = paths(living.database)
    assert then == stands
    assert len(then[county[0], TODAY]) == 4


def test_whether_it_held_in_a_place_is_answered_as_it_was(living: Living) -> None:
    """Of an item of the province, on a day before its county is attested."""
    (row,) = living.rows(
        "SELECT min(t.subject_id) FROM timeline t JOIN code_interval c ON c.subject_id = t.region"
        f" WHERE t.kind = 'item' AND c.value = '510000' AND t.valid_from <= '{LONG_AGO}'"
    )
    asked = {"on": LONG_AGO, "region": COUNTY, "known_at": living.get("/log/head").json()["seq"]}
    stood = living.get(f"/items/{row[0]}/standing", **asked).json()
    assert stood["why"] == "unknown"
    living.publish({"outcome": "cancel", "subject": living.item_called(FELLING), "effective_from": TODAY})
    assert living.get(f"/items/{row[0]}/standing", **asked).json() == stood


def _found(place: str, day: str, content: dict[str, Any], **more: Any) -> Act:
    return Act(
        "found", [Part(place, day, creates=kinds.validate("region", {"level": "5", **content}), **more)]
    )
