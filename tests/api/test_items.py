"""Items: by id and by code, through days and through what was known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

FORESTRY = "511A0148700000-511602000000-000-11511301MB1P96705T-1-00"
"""The implementation code of ``FELLING``."""
SHARED = "11450721MB155808114000141005000"


def felling(living: Living) -> str:
    return living.item_called(FELLING)


# --- one item


def test_an_item_answers_by_its_id_with_its_envelope(asking: Living) -> None:
    item = felling(asking)
    body = asking.get(f"/items/{item}").json()
    assert (body["id"], body["name"], body["status"], body["on"]) == (item, FELLING, "in_force", TODAY)
    assert (body["valid_from"], body["valid_to"], body["planned"]) == ("2025-10-01", "2027-01-01", False)
    assert body["authority"]["name"] == "广安市广安区林业局"
    assert body["region"]["name"] == "广安区"
    assert body["code"] == FORESTRY
    assert {code["scheme"] for code in body["codes"]} == {"sichuan-base", "sichuan-impl"}
    assert body["document"]["outcome"] == "adjust"
    assert body["document"]["number"] == "演示〔2025〕3号"
    assert body["content"]["name"] == FELLING
    assert (body["predecessors"], body["successors"]) == ([], [])


def test_a_code_leads_to_the_items_own_address_and_keeps_the_question(asking: Living) -> None:
    answer = asking.get(f"/items/{FORESTRY}", on="2025-07-01", known_at="99999999")
    assert answer.status_code == 308
    assert answer.headers["location"] == (f"/api/v1/items/{felling(asking)}?on=2025-07-01&known_at=99999999")
    followed = asking.client.get(answer.headers["location"])
    assert followed.json()["on"] == "2025-07-01"


def test_the_address_of_an_item_does_not_depend_on_case(asking: Living) -> None:
    item = felling(asking)
    answer = asking.get(f"/items/{item.upper()}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/api/v1/items/{item}")


@pytest.mark.parametrize(
    "asked", ["没有这个编码", "qdi-9999999k", "qdi-00000578", "511A-x", "%2F..%2F", "a?b"]
)
def test_what_was_never_known_is_404(asking: Living, asked: str) -> None:
    answer = asking.get(f"/items/{asked}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in ("unknown-item", "bad-id", "unknown-address")  # a slash in a path


def test_a_mistyped_id_is_found_out(asking: Living) -> None:
    item = felling(asking)
    typo = item[:-1] + ("x" if item[-1] != "x" else "y")
    answer = asking.get(f"/items/{typo}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "bad-id"
    assert typo in answer.json()["detail"]


def test_an_authoritys_id_is_no_item(asking: Living) -> None:
    authority = asking.get(f"/items/{felling(asking)}").json()["authority"]["id"]
    assert asking.get(f"/items/{authority}").status_code == 404


def test_several_holders_of_a_code_are_listed(living: Living) -> None:
    living.publish(
        *(
            new_item(living, f"共用编码{number}", codes=[{"scheme": "national-31", "value": SHARED}])
            for number in (1, 2, 3)
        )
    )
    answer = living.get(f"/items/{SHARED}")
    assert answer.status_code == 300
    problem = answer.json()
    assert problem["code"] == "several-holders"
    assert "3 个事项" in problem["detail"]
    holders = problem["facts"]["holders"]
    assert [living.get(f"/items/{one}").json()["code"] for one in holders] == [SHARED] * 3
    looked = living.client.post("/api/v1/items/lookup", json={"codes": [SHARED]}).json()["results"][0]
    assert (looked["problem"], len(looked["found"])) == ("several-holders", 3)


ODD = "川·a/b c?d#e&f=g%25+（一）"


def test_a_code_of_any_characters_is_asked_for_by_query(living: Living) -> None:
    living.publish(new_item(living, "怪编码", codes=[{"scheme": "local", "value": ODD}]))
    answer = living.get("/items", code=ODD, on="2026-10-01")
    assert answer.status_code == 308
    body = living.client.get(answer.headers["location"]).json()
    assert (body["code"], body["on"]) == (ODD, "2026-10-01")
    assert living.get("/items", code="没有").json()["code"] == "unknown-item"


# --- days


@pytest.mark.parametrize(
    ("on", "status", "valid_from", "planned", "days"),
    [
        ("2025-04-01", "in_force", "2025-04-01", False, None),
        ("2025-06-01", "in_force", "2025-06-01", False, 20),
        ("2025-09-30", "in_force", "2025-06-01", False, 20),
        ("2025-10-01", "in_force", "2025-10-01", False, 10),
        ("2026-12-31", "in_force", "2025-10-01", True, 10),
        ("2027-01-01", "in_force", "2027-01-01", True, 7),
        ("9998-12-31", "in_force", "2027-01-01", True, 7),
    ],
)
def test_an_item_on_a_day(
    asking: Living, on: str, status: str, valid_from: str, planned: bool, days: int | None
) -> None:
    body = asking.get(f"/items/{felling(asking)}", on=on).json()
    assert (body["status"], body["valid_from"], body["planned"]) == (status, valid_from, planned)
    assert body["content"].get("promised_limit", {}).get("value") == days


def test_before_its_source_attests_it_an_item_is_unknown(asking: Living) -> None:
    body = asking.get(f"/items/{felling(asking)}", on="2025-03-31").json()
    assert (body["status"], body["attested_from"]) == ("unknown", "2025-04-01")
    assert (body["valid_from"], body["revision"], body["content"]) == (None, None, None)
    assert body["name"] == FELLING


def test_before_it_begins_an_item_is_not_yet(asking: Living) -> None:
    item = asking.item_called("重点液态食品道路散装运输准运证核发")
    body = asking.get(f"/items/{item}", on="2025-11-30").json()
    assert (body["status"], body["valid_to"], body["attested_from"]) == ("not_yet", "2025-12-01", None)
    assert body["content"] is None


def test_a_cancelled_item_says_since_when_and_by_which_document(asking: Living) -> None:
    (row,) = asking.rows(
        "SELECT subject_id, valid_from FROM timeline WHERE kind = 'item' AND status = 'ended' ORDER BY 1 LIMIT 1"
    )
    before = asking.get(f"/items/{row[0]}", on="2025-09-30").json()
    after = asking.get(f"/items/{row[0]}").json()
    assert (before["status"], after["status"]) == ("in_force", "ended")
    assert (after["valid_from"], after["document"]["outcome"]) == ("2025-10-01", "cancel")
    assert after["document"]["follow_up"]


# --- what was known


def test_the_past_stays_as_it_was_known(living: Living, clock: Any) -> None:
    item = felling(living)
    head = living.get("/log/head").json()
    moment = "2026-09-28T11:59:59+08:00"
    before = living.get(f"/items/{item}").json()
    living.publish(
        set_field(item, "promised_limit/value", 3, "2025-06-01", timing="correction", reason="录入有误")
    )
    now = living.get(f"/items/{item}").json()
    assert now["seq"] > before["seq"]
    for known in (head["seq"], head["recorded_at"], moment):
        then = living.get(f"/items/{item}", known_at=known).json()
        assert then == before
    june = [living.get(f"/items/{item}", on="2025-06-15", **k).json() for k in ({"known_at": moment}, {})]
    assert [one["content"]["promised_limit"]["value"] for one in june] == [20, 3]


def test_a_moment_after_the_head_is_answered_as_of_the_head(asking: Living) -> None:
    item, head = felling(asking), asking.get("/log/head").json()
    plain = asking.get(f"/items/{item}").json()
    for known in ("2999-01-01T00:00:00Z", head["seq"] + 1000, head["seq"]):
        body = asking.get(f"/items/{item}", known_at=known).json()
        assert body.pop("later_than_head", False) is (known != head["seq"]), "it says so"
        assert body == plain
        assert (body["seq"], body["known_at"]) == (head["seq"], head["recorded_at"])


@pytest.mark.parametrize(
    ("known", "status", "code"),
    [
        ("2026-09-28T07:59:59+08:00", 404, "before-first-record"),
        ("0", 404, "before-first-record"),
        ("去年", 422, "bad-known-at"),
        ("²", 422, "bad-known-at"),
        ("99999999999999999999", 422, "bad-known-at"),
    ],
)
def test_a_bad_or_too_early_known_at_is_refused(asking: Living, known: str, status: int, code: str) -> None:
    answer = asking.get(f"/items/{felling(asking)}", known_at=known)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_item_not_yet_entered_was_not_known(living: Living) -> None:
    head = living.get("/log/head").json()["seq"]
    made = living.publish(new_item(living, "新事项"))
    item = made["decisions"][0]["subject"]
    assert living.get(f"/items/{item}").json()["name"] == "新事项"
    assert living.get(f"/items/{item}", known_at=head).status_code == 404


# --- revisions and differences


def test_revisions_tell_every_interval_and_decision(asking: Living) -> None:
    body = asking.get(f"/items/{felling(asking)}/revisions").json()
    assert [(i["valid_from"], i["status"]) for i in body["intervals"]] == [
        (None, "unknown"),
        ("2025-04-01", "in_force"),
        ("2025-06-01", "in_force"),
        ("2025-10-01", "in_force"),
        ("2027-01-01", "in_force"),
    ]
    assert [d["outcome"] for d in body["decisions"]] == ["add", "adjust", "adjust", "adjust"]
    assert body["decisions"][-1]["document"]["number"] == "演示〔2026〕10号"
    assert body["decisions"][-1]["changes"][0]["path"] == "promised_limit/value"
    assert all(i["document"]["title"] for i in body["intervals"][1:])


def test_a_difference_lists_the_fields(asking: Living) -> None:
    answer = asking.get(f"/items/{felling(asking)}/diff", **{"from": "2025-07-01", "to": "2027-06-01"})
    body = answer.json()
    changed = {change["path"]: change.get("value") for change in body["changes"]}
    assert changed["promised_limit/value"] == 7
    assert (body["from"]["on"], body["to"]["status"]) == ("2025-07-01", "in_force")
    same = asking.get(f"/items/{felling(asking)}/diff", **{"from": "2025-07-01", "to": "2025-07-02"}).json()
    assert same["changes"] == []


# --- lookup


def test_a_thousand_codes_in_one_request(asking: Living) -> None:
    rows = asking.rows("SELECT DISTINCT value, subject_id FROM code_interval WHERE scheme = 'sichuan-impl'")
    codes = [row[0] for row in rows]
    asked = (codes + [f"没有{number}" for number in range(1000)])[:1000]
    answer = asking.client.post("/api/v1/items/lookup", json={"codes": asked, "on": TODAY})
    results = answer.json()["results"]
    assert [one["asked"] for one in results] == asked
    by_code = {one["asked"]: one for one in results}
    assert {one["found"][0]["id"] for one in results if one["asked"] in codes} == {row[1] for row in rows}
    assert by_code["没有0"] == {"asked": "没有0", "found": [], "problem": "unknown-item"}
    too_many = asking.client.post("/api/v1/items/lookup", json={"codes": ["x"] * 1001})
    assert (too_many.status_code, too_many.json()["code"]) == (422, "bad-request")


def test_lookup_answers_for_its_day_and_knows_what_is_to_come(asking: Living) -> None:
    item = asking.item_called("重点液态食品道路散装运输准运证核发")
    early = asking.client.post("/api/v1/items/lookup", json={"codes": [item], "on": "2025-01-01"})
    (result,) = early.json()["results"]
    assert result["problem"] is None
    assert (result["found"][0]["status"], result["found"][0]["valid_to"]) == ("not_yet", "2025-12-01")


# --- caching


def test_an_unchanged_item_costs_no_body(living: Living) -> None:
    item = felling(living)
    first = living.get(f"/items/{item}")
    tag = first.headers["etag"]
    for value in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = living.client.get(f"/api/v1/items/{item}", headers={"If-None-Match": value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    living.publish(set_field(item, "note", "新的说明"))
    fresh = living.client.get(f"/api/v1/items/{item}", headers={"If-None-Match": tag})
    assert (fresh.status_code, fresh.json()["content"]["note"]) == (200, "新的说明")


def test_no_cache_outlives_the_shanghai_day(asking: Living, clock: Any) -> None:
    item = felling(asking)

    def age() -> int:
        value = asking.get(f"/items/{item}").headers["cache-control"]
        assert value.startswith("public, max-age=")
        return int(value.rpartition("=")[2])

    assert age() == 60
    clock.set("2026-09-28T23:59:48")
    assert age() == 12
    clock.set("2026-12-31T23:59:59.9")
    assert asking.get(f"/items/{item}").json()["content"]["promised_limit"]["value"] == 10
    assert age() == 1
    clock.set("2027-01-01T00:00:00")  # no worker ran, nothing was written
    assert asking.get(f"/items/{item}").json()["content"]["promised_limit"]["value"] == 7


@pytest.mark.parametrize("on", ["2026-02-30", "20260928", "今天", "2026-9-28", "0000-01-01", "9999-12-31"])
def test_a_bad_day_is_refused_in_words(asking: Living, on: str) -> None:
    for path in (f"/items/{felling(asking)}", "/items", "/search", "/authorities", "/items/counts"):
        answer = asking.get(path, on=on)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-day")
        assert "YYYY-MM-DD" in answer.json()["detail"]


def test_content_is_answered_as_it_was_published(asking: Living) -> None:
    """Byte for byte: the envelope is put around the stored bytes."""
    item = felling(asking)
    (row,) = asking.rows(
        "SELECT c.body FROM timeline t JOIN content c ON c.hash = t.content"
        f" WHERE t.subject_id = '{item}' AND t.valid_to = '2027-01-01'"
    )
    assert asking.get(f"/items/{item}").content.endswith(b'"content":' + bytes(row[0]) + b"}")


def test_recorded_moments_have_all_their_digits(asking: Living) -> None:
    body = asking.get(f"/items/{felling(asking)}").json()
    recorded = dt.datetime.fromisoformat(body["recorded_at"].replace("Z", "+00:00"))
    assert recorded.date() == dt.date(2026, 9, 28)
    assert body["recorded_at"] <= body["known_at"]
