"""What decisions leave to be done, through HTTP: a round that hands an item of the city down to its counties."""

from __future__ import annotations

import pytest
from handed import LATEST, bureau, hand_down
from seeded import TODAY, Living


@pytest.fixture
def handed(living: Living) -> dict[str, str]:
    return hand_down(living)


def test_the_acceptances_of_a_round(living: Living, handed: dict[str, str]) -> None:
    path = f"/rounds/{handed['round']}/acceptances"
    body = living.get(path, on="2026-12-01").json()
    assert body["owed"] == len(body["acceptances"]) == 6, "广安市 has six districts, counties and cities"
    assert (body["done"], body["open"], body["overdue"], body["gaps"]) == (1, 5, 0, 0)
    (done,) = [row for row in body["acceptances"] if row["state"] == "done"]
    assert done["region"] == {"id": handed["county"], "name": "广安区"}
    assert done["done"]["subject"] == {"id": handed["received"], "name": "承接的事项"}
    after = living.get(path, on="2027-01-02").json()
    assert (after["done"], after["overdue"], after["gaps"]) == (1, 5, 5)
    gaps = {row["region"]["name"] for row in after["acceptances"] if row["gap"]}
    assert len(gaps) == 5
    assert "广安区" not in gaps
    assert living.get(path, on="2027-01-02", known_at=handed["act"]).status_code == 404, (
        "not published by then"
    )
    assert living.get("/rounds/qdc-0000000/acceptances").json()["code"] == "unknown-round"


def test_duties_by_state_kind_owner_place_and_day(living: Living, handed: dict[str, str]) -> None:
    def keys(**query: str) -> list[str]:
        return [row["key"] for row in living.get("/duties", **query).json()["duties"]]

    assert keys(kind="follow_up", on="2026-10-29", state="open") == ["rules"]
    assert keys(kind="follow_up", on="2026-10-30", state="overdue") == ["rules"]
    assert keys(owner=bureau(living)) == ["rules"]
    assert len(keys(region="511602", state="done", on="2026-11-01")) == 1
    assert len(keys(region="511600", kind="acceptance")) == 6
    assert keys(due_within="31", on="2026-09-28") == ["rules"]
    assert keys(due_within="30", on="2026-09-28") == []
    (row,) = living.get("/duties", kind="follow_up").json()["duties"]
    assert (row["kind_label"], row["changeset"], row["outcome"]) == ("后续责任", handed["round"], "devolve")


def test_duties_come_in_pages(living: Living, handed: dict[str, str]) -> None:
    seen, after, pages = [], None, 0
    while True:
        answer = living.get("/duties", limit=3, **({"after": after} if after else {}))
        body = answer.json()
        seen += [(row["decision"], row["key"]) for row in body["duties"]]
        pages, after = pages + 1, body["next"]
        if after is None:
            break
        assert 'rel="next"' in answer.headers["link"]
    assert (pages, len(seen)) == (3, 7)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("query", "code"),
    [({"state": "late"}, "unknown-state"), ({"kind": "x"}, "unknown-kind"), ({"after": "x"}, "bad-after")],
)
def test_what_is_refused(asking: Living, query: dict[str, str], code: str) -> None:
    answer = asking.get("/duties", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_item_says_what_followed_and_lost_the_place(living: Living, handed: dict[str, str]) -> None:
    body = living.get(f"/items/{handed['item']}", on="2026-12-01").json()
    assert body["status"] == "in_force"
    assert [part["region"] for part in body["content"]["excluded"]] == [handed["county"]]
    assert [(one["id"], one["step"]) for one in body["successors"]] == [(handed["received"], 1)]
    ended = living.get(f"/items/{handed['item']}", on=LATEST).json()
    assert (ended["status"], ended["valid_from"], ended["document"]["outcome"]) == (
        "ended",
        LATEST,
        "devolve",
    )
    assert (
        living.get(f"/items/{handed['received']}", on=LATEST).json()["predecessors"][0]["id"]
        == handed["item"]
    )
    assert living.get(f"/items/{handed['item']}", on=TODAY).json()["status"] == "in_force"
    living.assert_sound()
