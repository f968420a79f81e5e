"""What is not public is read by those who work on it: with a right, by a key that has it, in their scope."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.auth import accounts
from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep
from app.errors import Invalid

SECRET = "尚未公开的内部事项"


def key(living: Living, name: str, who: str, scopes: Sequence[str] | None) -> str:
    """A further key of somebody, under a name of its own."""
    with living.database.writing() as session:
        account = accounts.find_account(session, who)
        living.tokens[name] = accounts.issue_token(session, account, scopes=scopes)
    return name


def noted(living: Living, who: str) -> list[tuple[str, str, str | None]]:
    """(event, address, code) of what the access log has of somebody."""
    account = living.people[who].account
    query = f"SELECT event, subject, note FROM access_log WHERE account = {account} ORDER BY id"
    return [tuple(row) for row in living.rows(query)]


@pytest.fixture
def draft(living_sqlite: Living) -> str:
    form = {
        "title": "新增",
        "decisions": [new_item(living_sqlite, SECRET, content={"visibility": "internal"})],
    }
    return living_sqlite.post("editor", "/changesets", form).json()["id"]


def staff_doors(living: Living, draft: str) -> list[str]:
    """Every GET of the API that only staff may ask, found by asking without a key; webhooks are one's own."""
    found = []
    for path, operations in living.client.get("/openapi.json").json()["paths"].items():
        if "get" in operations and path.startswith("/api/v1/") and "/webhooks" not in path:
            address = path.replace("{changeset}", draft).replace("{round_id}", draft).removeprefix("/api/v1")
            address = address.replace("{", "").replace("}", "")
            address += "?region=511602" if path.endswith("/overlaps") else ""
            if living.get(address).status_code == 401:
                found.append(address)
    return found


def test_a_key_that_only_reads_reads_what_is_public_alone(living_sqlite: Living, draft: str) -> None:
    living = living_sqlite
    key(living, "only-reads", "editor", [])
    key(living, "only-subscribes", "editor", ["subscribe"])
    key(living, "audits-nothing", "editor", ["audit"])
    doors = staff_doors(living, draft)
    assert {"/changesets", f"/changesets/{draft}", "/findings", "/overlaps?region=511602"} <= {*doors}
    for who in ("only-reads", "only-subscribes", "audits-nothing", "reader"):
        for door in doors:
            answer = living.client.get(f"/api/v1{door}", headers=living.headers(who))
            assert (answer.status_code, answer.json()["code"]) == (403, "staff-only"), (who, door)
    listed = living.client.get("/api/v1/changesets", headers=living.headers("reviewer"))
    assert [one["id"] for one in listed.json()["changesets"]][:1] == [draft]
    noted = living.rows("SELECT count(*) FROM access_log WHERE event = 'staff-read'")
    assert noted[0][0] == 1, "what was refused was not read"


def test_drafts_of_another_place_are_not_read(living_sqlite: Living, draft: str) -> None:
    living = living_sqlite
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    (other,) = living.rows(
        "SELECT min(subject_id) FROM timeline WHERE kind = 'authority' AND subject_id <>"
        f" '{felling['authority']['id']}'"
    )
    living.hire("own", "review", region=felling["content"]["region"])
    living.hire("elsewhere", "review", authority=other[0])
    asked = lambda who, path: living.client.get(f"/api/v1{path}", headers=living.headers(who))  # noqa: E731
    for path in (f"/changesets/{draft}", f"/changesets/{draft}/effects", f"/changesets/{draft}/rehearsal"):
        assert asked("own", path).status_code == 200, path
        assert noted(living, "own")[-1] == ("staff-read", f"/api/v1{path}", None)
        refused = asked("elsewhere", path)
        assert (refused.status_code, refused.json()["code"]) == (403, "out-of-scope"), path
        assert noted(living, "elsewhere")[-1] == ("refused", f"/api/v1{path}", "out-of-scope")
    assert "staff-read" not in {event for event, _, _ in noted(living, "elsewhere")}
    assert draft in asked("own", "/changesets").text
    assert draft not in asked("elsewhere", "/changesets").text


def test_findings_and_overlaps_keep_to_the_scope(living_sqlite: Living) -> None:
    living = living_sqlite
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    living.publish(set_field(felling["id"], "consult_phone", "2222333"))
    sweep(living.database, TODAY, STANDARD)
    (other,) = living.rows(
        "SELECT min(authority) FROM checked_item WHERE authority <> '" + felling["authority"]["id"] + "'"
    )
    places = dict(living.rows("SELECT subject_id, parent FROM timeline WHERE kind = 'region'"))
    below = next(one for one, parent in places.items() if parent)
    living.hire("own", "edit", authority=felling["authority"]["id"])
    living.hire("other", "edit", authority=other[0])
    living.hire("below", "edit", region=below)

    def get(who: str, path: str, **query: str) -> tuple[int, str]:
        answer = living.client.get(f"/api/v1{path}", params=query, headers=living.headers(who))
        return answer.status_code, answer.text

    assert felling["id"] in get("own", "/findings", item=felling["id"])[1]
    assert '"findings":[]' in get("other", "/findings", item=felling["id"])[1]
    assert get("other", "/findings", authority=felling["authority"]["id"])[0] == 403
    assert felling["authority"]["name"] not in get("other", "/findings/scores")[1]
    assert get("below", "/overlaps", region=places[below])[0] == 403
    assert get("below", "/overlaps", region=below)[0] == 200


def test_a_key_that_only_reads_writes_no_subscription(living_sqlite: Living) -> None:
    living, form = living_sqlite, {"url": "https://hall.example/hook"}
    key(living, "only-reads", "reader", [])
    key(living, "only-subscribes", "reader", ["subscribe"])
    refused = living.post("only-reads", "/webhooks", form)
    assert (refused.status_code, refused.json()["code"]) == (403, "read-only-key")
    made = living.post("only-subscribes", "/webhooks", form).json()
    place = f"/webhooks/{made['id']}"
    for move in ("rotate", "pause", "resume", "resend"):
        assert living.post("only-reads", f"{place}/{move}").status_code == 403, move
    gone = living.client.delete(f"/api/v1{place}", headers=living.headers("only-reads"))
    assert gone.json()["code"] == "read-only-key"
    assert living.client.get(f"/api/v1{place}", headers=living.headers("only-reads")).status_code == 200
    assert (
        living.client.delete(f"/api/v1{place}", headers=living.headers("only-subscribes")).status_code == 204
    )


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_a_key_for_no_day_or_for_ever_and_a_day_is_refused(living_sqlite: Living, days: int) -> None:
    with living_sqlite.database.writing() as session, pytest.raises(Invalid) as refused:
        accounts.issue_token(session, accounts.find_account(session, "reader"), days=days)
    assert refused.value.code == "bad-days"
