"""Changesets through HTTP: the whole life, and every way in which it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.auth import accounts
from app.rounds import publishing


def drafted(living: Living, *decisions: dict[str, Any], who: str = "editor", **asked: Any) -> str:
    form = {"title": "调整承诺时限", "decisions": list(decisions), **asked}
    answer = living.post(who, "/changesets", form)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def approved(living: Living, *decisions: dict[str, Any], **asked: Any) -> str:
    changeset = drafted(living, *decisions, **asked)
    assert living.post("editor", f"/changesets/{changeset}/submit").status_code == 200
    assert living.post("reviewer", f"/changesets/{changeset}/approve").status_code == 200
    return changeset


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert problem["type"] == f"/problems/{code}"
    return problem


@pytest.fixture
def item(living: Living) -> str:
    return living.item_called(FELLING)


def test_the_whole_life(living: Living, item: str) -> None:
    document = {"number": "广区府发〔2026〕9号", "title": "关于压缩时限的通知", "effective_on": "2026-10-01"}
    form = {
        "title": "压缩承诺时限",
        "document": document,
        "decisions": [set_field(item, "promised_limit/value", 8, "2026-10-01")],
    }
    made = living.post("editor", "/changesets", form)
    body, place = made.json(), made.headers["location"].removeprefix("/api/v1")
    assert (made.status_code, made.headers["etag"], body["state"]) == (201, '"1"', "draft")
    assert made.headers["cache-control"] == "private, no-store"
    assert body["decisions"][0]["base"] == {item: body["decisions"][0]["base"][item]}
    submitted = living.post("editor", f"{place}/submit", **{"If-Match": made.headers["etag"]})
    assert (submitted.status_code, submitted.json()["state_label"]) == (200, "待审核")
    passed = living.post("reviewer", f"{place}/approve", {"hash": submitted.json()["hash"]})
    assert passed.json()["approved"] == submitted.json()["hash"]
    published = living.post("publisher", f"{place}/publish").json()
    assert (published["state"], published["unconfirmed"]) == ("published", False)
    assert [event["event"] for event in published["events"]] == [
        "drafted",
        "submitted",
        "approved",
        "published",
    ]
    answer = living.get(f"/items/{item}", on="2026-10-01").json()
    assert answer["content"]["promised_limit"]["value"] == 8
    assert answer["document"]["number"] == "广区府发〔2026〕9号"
    assert answer["document"]["publication"] == published["publication"]
    assert living.get(f"/items/{item}").json()["content"]["promised_limit"]["value"] == 10
    living.assert_sound()


def test_a_changeset_goes_back_and_is_given_up(living: Living, item: str) -> None:
    changeset = approved(living, set_field(item, "note", "一"))
    place = f"/changesets/{changeset}"
    refused(living.post("reviewer", f"{place}/return", {"reason": " "}), 422, "reason-needed")
    back = living.post("reviewer", f"{place}/return", {"reason": "请补依据"}).json()
    assert (back["state"], back["approved"], back["events"][-1]["note"]) == ("returned", None, "请补依据")
    refused(living.post("publisher", f"{place}/publish"), 409, "wrong-state")
    gone = living.post("editor", f"{place}/withdraw", {"reason": "不改了"}).json()
    assert gone["state"] == "withdrawn"
    refused(living.post("editor", f"{place}/submit"), 409, "wrong-state")


def test_a_changeset_is_taken_back_by_its_author(living: Living, item: str) -> None:
    changeset = drafted(living, set_field(item, "note", "一"))
    place = f"/changesets/{changeset}"
    refused(living.post("editor", f"{place}/take-back"), 409, "wrong-state")
    living.post("editor", f"{place}/submit")
    refused(living.post("reviewer", f"{place}/take-back"), 403, "missing-right")
    again = {"Idempotency-Key": "back-1"}
    taken, twice = (living.post("editor", f"{place}/take-back", **again) for _ in range(2))
    assert taken.json() == twice.json()
    assert taken.headers["etag"] == '"3"'
    told = taken.json()
    assert (told["state"], told["submitter"], told["events"][-1]["event"]) == ("draft", None, "taken-back")
    refused(living.post("reviewer", f"{place}/approve"), 409, "wrong-state")
    assert living.post("editor", f"{place}/submit").json()["state"] == "submitted"


def test_changesets_are_listed_and_shown_to_staff_alone(living: Living, item: str) -> None:
    changeset = drafted(living, set_field(item, "note", "一"))
    listed = living.client.get("/api/v1/changesets", headers=living.headers("publisher")).json()["changesets"]
    assert listed[0] == {
        "id": changeset,
        "state": "draft",
        "kind": "routine",
        "title": "调整承诺时限",
        "version": 1,
    }
    shown = living.client.get(f"/api/v1/changesets/{changeset}", headers=living.headers("reviewer"))
    assert (shown.headers["etag"], shown.headers["cache-control"]) == ('"1"', "private, no-store")
    of_state = living.client.get("/api/v1/changesets?state=draft", headers=living.headers("publisher")).json()
    assert [one["id"] for one in of_state["changesets"]] == [changeset]
    for path in ("/changesets", f"/changesets/{changeset}"):
        refused(living.get(path), 401, "token-needed")


@pytest.mark.parametrize("account", ["publisher", "confined"])
def test_every_changeset_is_on_some_page(living: Living, item: str, account: str) -> None:
    made = [drafted(living, set_field(item, "note", note)) for note in ("一", "二", "三")]
    if account == "confined":
        region = living.get(f"/items/{item}").json()["region"]["id"]
        living.hire(account, "edit", region=region)
    address, seen = "/api/v1/changesets?state=draft&limit=2", list[str]()
    for _ in range(3):
        answer = living.client.get(address, headers=living.headers(account))
        page = answer.json()
        seen += [one["id"] for one in page["changesets"]]
        if page["next"] is None:
            assert "link" not in answer.headers
            break
        assert page["next"] == seen[-1]
        address = answer.headers["link"].split(">")[0].removeprefix("<")
    assert seen == made[::-1]


# --- who may


def test_without_a_good_token_nothing_is_written(living: Living, item: str, clock: Any) -> None:
    form = {"title": "x", "decisions": [set_field(item, "note", "x", "2026-12-01")]}

    def asked(authorization: str | None) -> Any:
        headers = {"Authorization": authorization} if authorization is not None else {}
        return living.client.post("/api/v1/changesets", json=form, headers=headers)

    for header in (None, "", "Basic eDp5", "Bearer", "Bearer  "):
        answer = asked(header)
        refused(answer, 401, "token-needed")
        assert answer.headers["www-authenticate"] == "Bearer"
    short = living.hire("temporary", "edit")
    with living.database.writing() as session:
        account = accounts.find_account(session, "temporary")
        short_lived = accounts.issue_token(session, account, days=1)
    clock.step(86_400_000_001)
    refused(asked(f"Bearer {short_lived}"), 401, "bad-token")
    assert asked(f"Bearer {short}").status_code == 201
    with living.database.writing() as session:
        accounts.revoke_tokens(session, accounts.find_account(session, "temporary"))
    refused(asked(f"Bearer {short}"), 401, "bad-token")
    locked = living.hire("locked", "edit")
    with living.database.writing() as session:
        accounts.find_account(session, "locked").locked = 1
    refused(asked(f"Bearer {locked}"), 401, "bad-token")
    refused(asked("Bearer qdt_invented"), 401, "bad-token")
    living.registry.noting.flush()
    noted = living.rows("SELECT subject FROM access_log WHERE event = 'token-refused'")
    assert [row[0] for row in noted] == ["/api/v1/changesets"] * 4


def test_every_right_is_asked_for_and_its_lack_is_noted(living: Living, item: str) -> None:
    form = {"title": "x", "decisions": [set_field(item, "note", "x")]}
    problem = refused(living.post("reader", "/changesets", form), 403, "missing-right")
    assert "编辑" in problem["detail"]
    changeset = drafted(living, set_field(item, "note", "x"))
    place = f"/changesets/{changeset}"
    refused(living.post("reviewer", f"{place}/submit"), 403, "missing-right")
    living.post("editor", f"{place}/submit")
    refused(living.post("publisher", f"{place}/approve"), 403, "missing-right")
    refused(living.post("editor", f"{place}/return", {"reason": "x"}), 403, "missing-right")
    living.post("reviewer", f"{place}/approve")
    refused(living.post("reviewer", f"{place}/publish"), 403, "missing-right")
    noted = living.rows("SELECT account, subject, note FROM access_log WHERE event = 'refused' ORDER BY id")
    assert [row[1].rsplit("/", 1)[1] for row in noted] == [
        "changesets",
        "submit",
        "approve",
        "return",
        "publish",
    ]
    assert noted[0][0] == living.people["reader"].account
    assert {row[2] for row in noted} == {"missing-right"}


def test_nobody_approves_what_he_wrote_or_submitted(living: Living, item: str) -> None:
    living.hire("both", "edit", "review")
    changeset = drafted(living, set_field(item, "note", "x"), who="both")
    living.post("both", f"/changesets/{changeset}/submit")
    refused(living.post("both", f"/changesets/{changeset}/approve"), 403, "four-eyes")
    other = drafted(living, set_field(item, "note", "y"))
    living.post("both", f"/changesets/{other}/submit")
    refused(living.post("both", f"/changesets/{other}/approve"), 403, "four-eyes")
    assert living.post("reviewer", f"/changesets/{other}/approve").status_code == 200


def test_a_scoped_account_stays_in_its_scope(living: Living, item: str) -> None:
    (elsewhere,) = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'region' AND name = '成都市' LIMIT 1"
    )
    living.hire("chengdu", "edit", region=elsewhere[0])
    form = {"title": "x", "decisions": [set_field(item, "note", "x")]}
    refused(living.post("chengdu", "/changesets", form), 403, "out-of-scope")


# --- what goes wrong


def test_a_stale_edit_is_told(living: Living, item: str) -> None:
    changeset = drafted(living, set_field(item, "note", "一"))
    form = {"title": "改", "decisions": [set_field(item, "note", "二")]}

    def edit(version: str | None) -> Any:
        headers = living.headers("editor") | ({"If-Match": version} if version else {})
        return living.client.put(f"/api/v1/changesets/{changeset}", json=form, headers=headers)

    refused(edit(None), 422, "if-match-needed")
    refused(edit('"x"'), 422, "bad-if-match")
    refused(edit('"²"'.encode("latin-1")), 422, "bad-if-match")  # type: ignore[arg-type]
    first = edit('"1"')
    assert (first.status_code, first.headers["etag"], first.json()["title"]) == (200, '"2"', "改")
    assert refused(edit('"1"'), 412, "edited-meanwhile")["facts"]["version"] == 2
    refused(
        living.post("editor", f"/changesets/{changeset}/submit", **{"If-Match": '"1"'}),
        412,
        "edited-meanwhile",
    )


def test_approval_is_for_what_was_read(living: Living, item: str) -> None:
    changeset = drafted(living, set_field(item, "note", "一"))
    place = f"/changesets/{changeset}"
    read = living.post("editor", f"{place}/submit").json()["hash"]
    living.post("reviewer", f"{place}/return", {"reason": "改"})
    form = {"title": "调整承诺时限", "decisions": [set_field(item, "note", "二")]}
    version = living.client.get(f"/api/v1{place}", headers=living.headers("editor")).headers["etag"]
    living.client.put(f"/api/v1{place}", json=form, headers=living.headers("editor", **{"If-Match": version}))
    living.post("editor", f"{place}/submit")
    problem = refused(living.post("reviewer", f"{place}/approve", {"hash": read}), 412, "approval-stale")
    assert living.post("reviewer", f"{place}/approve", {"hash": problem["facts"]["hash"]}).status_code == 200


def test_a_moved_base_stops_publishing_and_the_comparison_stays(living: Living, item: str) -> None:
    first = approved(living, set_field(item, "promised_limit/value", 8))
    second = approved(living, set_field(item, "promised_limit/value", 5), set_field(item, "note", "同改"))
    living.post("publisher", f"/changesets/{first}/publish")
    head = living.get("/log/head").json()
    problem = refused(living.post("publisher", f"/changesets/{second}/publish"), 412, "base-moved")
    assert problem["facts"]["comparisons"][0]["subject"] == item
    assert living.get("/log/head").json() == head
    kept = living.client.get(f"/api/v1/changesets/{second}", headers=living.headers("editor")).json()
    assert (kept["state"], kept["approved"]) == ("returned", None)
    stale = {field["path"]: field for field in kept["decisions"][0]["stale"]["fields"]}
    compared = stale["promised_limit/value"]
    assert (compared["seen"], compared["now"], compared["yours"]) == (10, 8, 5)
    assert kept["events"][-1]["event"] == "base-moved"
    refused(living.post("editor", f"/changesets/{second}/submit"), 409, "stale-decisions")
    form = {"title": "再来", "decisions": [set_field(item, "promised_limit/value", 5)]}
    again = living.client.put(
        f"/api/v1/changesets/{second}",
        json=form,
        headers=living.headers("editor", **{"If-Match": f'"{kept["version"]}"'}),
    )
    assert again.status_code == 200
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        assert living.post(who, f"/changesets/{second}/{move}").status_code == 200
    assert living.get(f"/items/{item}").json()["content"]["promised_limit"]["value"] == 5
    living.assert_sound()


def test_an_emergency_is_published_by_one_and_confirmed_by_another(living: Living, item: str) -> None:
    living.hire("duty", "edit", "publish", "review")
    changeset = drafted(living, set_field(item, "note", "停电，改在二楼办理"), who="duty")
    place = f"/changesets/{changeset}"
    refused(living.post("duty", f"{place}/publish"), 409, "wrong-state")
    refused(living.post("duty", f"{place}/publish", {"emergency": " "}), 422, "reason-needed")
    published = living.post("duty", f"{place}/publish", {"emergency": "大厅停电"}).json()
    assert (published["state"], published["unconfirmed"]) == ("published", True)
    assert living.get(f"/items/{item}").json()["content"]["note"] == "停电，改在二楼办理"
    refused(living.post("duty", f"{place}/confirm"), 403, "four-eyes")
    confirmed = living.post("reviewer", f"{place}/confirm").json()
    assert (confirmed["unconfirmed"], confirmed["events"][-1]["event"]) == (False, "confirmed")
    refused(living.post("reviewer", f"{place}/confirm"), 409, "nothing-to-confirm")
    living.assert_sound()


def test_a_refused_draft_leaves_nothing(living: Living, item: str) -> None:
    before = living.rows("SELECT count(*) FROM changeset")
    for decision, status, code in (
        ({"outcome": "abolish", "subject": item, "effective_from": TODAY}, 409, "unknown-outcome"),
        (set_field(item, "promised_limit/value", 8, "2026-01-01"), 422, "timing-needed"),
        (set_field(item, "promised_limit/value", 8, "2026-13-01"), 422, "bad-day"),
        (set_field(item, "authority", "qda-0000001f"), 409, "use-own-outcome"),
        (set_field(item, "colour", "red"), 422, "bad-content"),
        (new_item(living, "x", codes=[{"scheme": "local", "value": "qdi-0000001f"}]), 422, "code-like-id"),
        (new_item(living, "x", content={"region": "qdr-0000000x"}), 422, "unknown-reference"),
    ):
        answer = living.post("editor", "/changesets", {"title": "x", "decisions": [decision]})
        refused(answer, status, code)
    assert living.rows("SELECT count(*) FROM changeset") == before


@pytest.mark.parametrize("value", [10**30, 1.5, "\x00", "\ud800", {"a": [1.5]}, [["x"]], float("nan")])
def test_what_cannot_be_stored_is_refused_alike(living: Living, item: str, value: Any) -> None:
    import json

    body = json.dumps({"title": "x", "decisions": [set_field(item, "note", value)]})
    answer = living.client.post(
        "/api/v1/changesets",
        content=body,
        headers=living.headers("editor", **{"Content-Type": "application/json", "Idempotency-Key": "k"}),
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("bad-text", "bad-content", "no-floats", "bad-request", "bad-change")


def test_unknown_changesets_are_404(living: Living) -> None:
    for path in ("", "/submit", "/publish"):
        headers = living.headers("editor" if path != "/publish" else "publisher")
        send = living.client.post if path else living.client.get
        refused(send(f"/api/v1/changesets/qdx-0000000x{path}", headers=headers), 404, "unknown-changeset")


# --- the day


def test_a_publication_is_of_the_day_on_which_it_is_written(
    living: Living, item: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have waited for other writers over midnight: then the plan that it takes back has begun."""
    living.publish(set_field(item, "note", "明日起", "2026-09-29"))
    act = living.rows("SELECT max(act) FROM decision")[0][0]
    clock.set("2026-09-28T23:59:40")
    taken = {"outcome": "void", "act": act, "ground": "withdrawn", "reason": "推迟施行"}
    changeset = approved(living, taken, document={"number": "示例〔2026〕7号", "title": "关于推迟施行的通知"})
    prepare = publishing.prepare

    def wait(*asked: Any, **more: Any) -> Any:
        prepared = prepare(*asked, **more)
        clock.set("2026-09-29T00:00:05")
        return prepared

    monkeypatch.setattr(publishing, "prepare", wait)
    answer = living.post("publisher", f"/changesets/{changeset}/publish")
    assert (answer.status_code, answer.json()["code"]) == (409, "already-effective")
    living.assert_sound()


# --- once only


def test_a_key_is_not_answered_from_another_version(living: Living, item: str) -> None:
    """Given back and changed in between, a submission with the same key is another request."""
    form = {"title": "两版", "decisions": [set_field(item, "note", "两版")]}
    made = living.post("editor", "/changesets", form).json()
    path = f"/changesets/{made['id']}"
    sent = {"Idempotency-Key": "two-versions", "If-Match": f'"{made["version"]}"'}
    assert living.post("editor", f"{path}/submit", **sent).status_code == 200
    again = living.post("editor", f"{path}/submit", **sent)
    assert (again.status_code, again.headers["idempotent-replay"]) == (200, "true")
    returned = living.post("reviewer", f"{path}/return", {"reason": "请改"}).json()
    sent["If-Match"] = f'"{returned["version"]}"'
    refused(living.post("editor", f"{path}/submit", **sent), 409, "idempotency-key-reused")


def test_a_repeated_request_does_its_work_once(living: Living, item: str) -> None:
    form = {"title": "一次", "decisions": [set_field(item, "note", "一次")]}
    first, again = (living.post("editor", "/changesets", form, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotent-replay"] == "true"
    assert [again.headers[name] for name in ("location", "etag")] == [
        first.headers[name] for name in ("location", "etag")
    ]
    assert living.rows("SELECT count(*) FROM changeset WHERE title = '一次'")[0][0] == 1
    other = living.post("editor", "/changesets", {**form, "title": "两次"}, **{"Idempotency-Key": "k1"})
    refused(other, 409, "idempotency-key-reused")
    refused(
        living.post("editor", f"/changesets/{first.json()['id']}/submit", **{"Idempotency-Key": "k1"}),
        409,
        "idempotency-key-reused",
    )
    living.hire("colleague", "edit")
    own = living.post("colleague", "/changesets", form, **{"Idempotency-Key": "k1"})
    assert own.json()["id"] != first.json()["id"]


def test_a_repeated_publish_answers_as_the_first(living: Living, item: str) -> None:
    changeset = approved(living, set_field(item, "note", "x"))
    place = f"/changesets/{changeset}/publish"
    first, again = (living.post("publisher", place, **{"Idempotency-Key": "p"}) for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    refused(living.post("publisher", place), 409, "wrong-state")


def test_a_refusal_is_not_remembered(living: Living, item: str) -> None:
    changeset = drafted(living, set_field(item, "note", "x"))
    place = f"/changesets/{changeset}/publish"
    refused(living.post("publisher", place, **{"Idempotency-Key": "p"}), 409, "wrong-state")
    living.post("editor", f"/changesets/{changeset}/submit")
    living.post("reviewer", f"/changesets/{changeset}/approve")
    assert living.post("publisher", place, **{"Idempotency-Key": "p"}).status_code == 200


@pytest.mark.parametrize("depth", [40, 300])
@pytest.mark.parametrize("place", ["value", "content", "result"])
def test_what_is_nested_without_end_is_refused(living_sqlite: Living, depth: int, place: str) -> None:
    item = living_sqlite.item_called(FELLING)
    deep = '{"a":[' * (depth // 2) + '"底"' + "]}" * (depth // 2)
    decision: dict[str, Any] = {
        "value": set_field(item, "note", "DEEP"),
        "content": {"outcome": "add", "effective_from": TODAY, "content": {"name": "DEEP"}},
        "result": {"outcome": "merge", "effective_from": TODAY, "results": [{"content": {"name": "DEEP"}}]},
    }[place]
    body = json.dumps({"title": "深", "decisions": [decision]}).replace('"DEEP"', deep).encode()
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/json"})
    answer = living_sqlite.client.post("/api/v1/changesets", content=body, headers=headers)
    assert "嵌套层数过多" in refused(answer, 422, "bad-request")["detail"]


def test_a_body_that_no_reader_gets_to_the_end_of_is_refused(living_sqlite: Living) -> None:
    headers = living_sqlite.headers("editor", **{"Content-Type": "application/json"})
    for body in (b"[" * 100_000, b'{"a":' * 20_000, b'{"title": "x"', b"\xff\xfe"):
        answer = living_sqlite.client.post("/api/v1/changesets", content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.json()["detail"].startswith(("请求的正文读不出来", "请求不符合要求"))


def test_a_body_has_its_limit_however_it_comes(living_sqlite: Living) -> None:
    """Said by its length or sent in parts without one; what needs no token has the smaller limit."""
    large = b'{"title": "' + b"x" * (3 * 2**20) + b'"}'
    headers = {"Content-Type": "application/json"}
    for content in (large, (large[at : at + 65536] for at in range(0, len(large), 65536))):
        answer = living_sqlite.client.post("/api/v1/items/lookup", content=content, headers=headers)
        assert refused(answer, 413, "body-too-large")["detail"].startswith("请求的正文太大")
    headers = living_sqlite.headers("editor", **headers)
    answer = living_sqlite.client.post("/api/v1/changesets", content=large, headers=headers)
    refused(answer, 422, "bad-request")
    endless = (b"x" * 2**20 for _ in range(40))
    answer = living_sqlite.client.post("/api/v1/changesets", content=endless, headers=headers)
    refused(answer, 413, "body-too-large")


def test_a_malformed_code_is_told_in_the_answer_to_the_draft(living_sqlite: Living) -> None:
    living = living_sqlite
    codes = [{"scheme": "national-12", "value": "12"}, {"scheme": "local", "value": "随便"}]
    form = {"title": "新增", "decisions": [new_item(living, "新事项", codes=codes)]}
    answer = living.post("editor", "/changesets", form)
    assert answer.status_code == 201  # kept as written: the papers of others say it so
    (told,) = answer.json()["warnings"]
    assert (told["code"], told["position"], told["field"]) == ("bad-national-12", 1, "codes/0")
    assert "应为12位，现为2位" in told["message"]
