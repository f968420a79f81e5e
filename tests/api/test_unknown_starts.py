"""What is only attested from a day never looks as if it had begun on it; and what comes before is still named."""

from __future__ import annotations

from json import loads
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living

Row = dict[str, Any]


@pytest.fixture
def attested(asking: Living) -> tuple[str, str]:
    """An item whose start no source gives, and the day from which one attests it."""
    (row,) = asking.rows(
        "SELECT b.subject_id, b.valid_to FROM timeline b WHERE b.kind = 'item' AND b.revision IS NULL"
        " AND EXISTS (SELECT 1 FROM timeline t WHERE t.subject_id = b.subject_id AND t.valid_from = b.valid_to"
        f" AND t.valid_to > '{TODAY}') ORDER BY b.subject_id LIMIT 1"
    )
    return row[0], row[1]


def doors(asking: Living, item: str, then: dict[str, str], on: str) -> dict[str, Row]:
    """The item as each door that gives its interval shows it."""
    rows = asking.get("/items", limit=500, on=on, **then).json()["items"]
    lines = map(loads, asking.get("/export.jsonl", on=on, **then).text.splitlines())
    found = {
        "item": asking.get(f"/items/{item}", on=on, **then).json(),
        "list": next(row for row in rows if row["id"] == item),
        "export": next(line for line in lines if line["id"] == item),
    }
    if not then:
        asked = {"codes": [item], "on": on}
        (looked,) = asking.client.post("/api/v1/items/lookup", json=asked).json()["results"]
        found["lookup"] = looked["found"][0]
        hits = asking.get("/search", q=found["item"]["name"], on=on, limit=100).json()["hits"]
        found["search"] = next(hit for hit in hits if hit["id"] == item)
    return found


@pytest.mark.parametrize("is_now", [True, False])
def test_both_sides_of_an_attested_day_say_so(
    asking: Living, attested: tuple[str, str], is_now: bool
) -> None:
    item, day = attested
    (earlier,) = asking.rows("SELECT max(seq) FROM log_entry WHERE seq < (SELECT max(seq) FROM log_entry)")
    then = {} if is_now else {"known_at": str(earlier[0])}
    for name, row in doors(asking, item, then, TODAY).items():
        assert (row["valid_from"], row["attested_from"]) == (day, day), name
    for name, row in doors(asking, item, then, "1990-01-01").items():
        assert (row["status"], row["valid_from"], row["attested_from"]) == ("unknown", None, day), name
        assert None not in (row["name"], row.get("authority", "")), name
    intervals = asking.get(f"/items/{item}/revisions", **then).json()["intervals"]
    assert [one["attested_from"] for one in intervals[:2]] == [day, day]
    assert {one["attested_from"] for one in intervals[2:]} <= {None}
    standing = asking.get(f"/items/{item}/standing", **then).json()
    assert (standing["since"], standing["attested_from"]) == (None, day)


def test_a_document_of_linked_data_says_that_the_start_is_unknown(
    asking: Living, attested: tuple[str, str]
) -> None:
    headers = {"Accept": "application/ld+json"}
    told = asking.client.get(f"/api/v1/items/{attested[0]}", headers=headers).json()
    assert "起始日不明" in told["skos:note"]["@value"]
    assert attested[1] in told["skos:note"]["@value"]


def test_a_start_that_is_known_is_not_called_attested(asking: Living) -> None:
    (row,) = asking.rows(
        "SELECT min(t.subject_id) FROM timeline t WHERE t.kind = 'item' AND NOT EXISTS (SELECT 1 FROM timeline b"
        " WHERE b.subject_id = t.subject_id AND b.revision IS NULL)"
        f" AND t.valid_from <= '{TODAY}' AND t.valid_to > '{TODAY}'"
    )
    if row[0]:
        assert asking.get(f"/items/{row[0]}").json()["attested_from"] is None
    assert asking.get(f"/items/{asking.item_called(FELLING)}/diff", **{"from": TODAY, "to": TODAY}).is_success


@pytest.mark.parametrize("kind", ["authorities", "instruments"])
def test_others_are_named_before_they_are_attested(asking: Living, kind: str) -> None:
    noun = {"authorities": "authority", "instruments": "instrument"}[kind]
    (row,) = asking.rows(
        f"SELECT subject_id, valid_to FROM timeline WHERE kind = '{noun}' AND revision IS NULL ORDER BY 1 LIMIT 1"
    )
    before = asking.get(f"/{kind}/{row[0]}", on="1900-01-01").json()
    after = asking.get(f"/{kind}/{row[0]}", on=row[1]).json()
    assert (before["status"], before["content"]) == ("unknown", None)
    assert before["name"] == after["name"]
    assert before["name"]
    assert before["attested_from"] == after["attested_from"] == row[1]


def test_the_last_name_of_what_has_ended_ends(asking: Living) -> None:
    (row,) = asking.rows(
        "SELECT subject_id, valid_from FROM timeline WHERE kind = 'authority' AND status = 'ended'"
        f" AND valid_from <= '{TODAY}' ORDER BY 1 LIMIT 1"
    )
    told = asking.get(f"/authorities/{row[0]}").json()
    assert told["status"] == "ended"
    assert told["names"][-1]["valid_to"] == row[1]


def test_a_mistyped_id_is_told_from_one_never_given(asking: Living) -> None:
    answer = asking.get("/items/qdi-000000cx")
    assert (answer.status_code, answer.json()["code"]) == (404, "bad-id")


def test_a_day_as_known_at_means_its_end(asking: Living) -> None:
    (row,) = asking.rows("SELECT max(recorded_at) FROM log_entry")
    said = asking.get("/log/head").json()
    answer = asking.get("/items", limit=1, known_at="9000-01-01").json()
    assert answer["seq"] == said["seq"]
    first = asking.get("/items", limit=1, known_at=_shanghai_day(row[0])).json()
    assert first["seq"] == said["seq"], "what was recorded on the day itself is known by its end"


def _shanghai_day(microseconds: int) -> str:
    import datetime as dt

    zone = dt.timezone(dt.timedelta(hours=8))
    return dt.datetime.fromtimestamp(microseconds // 1_000_000, zone).date().isoformat()


def test_the_calendar_of_this_year_answers_for_today(asking: Living) -> None:
    told = asking.get(f"/calendar/{TODAY[:4]}").json()
    assert (told["on"], told["planned"]) == (TODAY, False)
