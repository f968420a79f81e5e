"""Events of the feed: typed, in fields and in a sentence; filtered; waited for."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from awaiting import wait_for
from seeded import FELLING, TODAY, Living, new_item, set_field
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen, remove

from app.changes import redacting
from app.changes.sentences import clauses, sentence


def told(living: Living, since: int, **query: Any) -> list[dict[str, Any]]:
    return living.get("/changes", since=since, **query).json()["changes"]


def head(living: Living) -> int:
    return living.get("/log/head").json()["seq"]


def test_a_shorter_limit_is_told_in_fields_and_in_words(living: Living) -> None:
    item, seen = living.item_called(FELLING), head(living)
    living.publish(set_field(item, "promised_limit/value", 6))
    (first,) = told(living, seen)  # the plan of 2027 sets a limit of its own
    assert (first["event"], first["planned"]) == ("adjust", False)
    assert first["changes"] == [{"op": "set", "path": "promised_limit/value", "value": 6, "before": 10}]
    assert "自2026年9月28日起调整，承诺时限由10个工作日改为6个工作日。" in first["sentence"]
    assert first["document"]["title"] == "调整"


def test_a_cancellation_says_what_follows(living_sqlite: Living) -> None:
    living = living_sqlite
    item, seen = living.item_called(FELLING), head(living)
    follow = {"outcome": "cancel", "subject": item, "follow_up": "改为备案。"}
    living.publish({**follow, "effective_from": "2026-10-01"})
    event = told(living, seen)[0]
    assert (event["event"], event["status"], event["planned"]) == ("cancel", "ended", True)
    assert event["sentence"] == f"{FELLING}：自2026年10月1日起取消，后续措施：改为备案（预告）。"


def test_a_devolution_says_to_whom_and_the_origin_hears_of_its_successor(living: Living) -> None:
    item = living.item_called(FELLING)
    county = living.get(f"/items/{item}").json()["region"]["id"]
    place = {"name": "协兴镇", "level": "5", "parent": county}
    found = {"kind": "region", "outcome": "found", "effective_from": "2026-01-01", "content": place}
    made = living.publish({**found, "timing": "late_entry", "reason": "补录"})
    town = made["decisions"][0]["subject"]
    organ = {"name": "协兴镇人民政府", "region": town}
    made = living.publish(
        {**found, "kind": "authority", "content": organ, "timing": "late_entry", "reason": "补录"}
    )
    town_organ = made["decisions"][0]["subject"]
    seen = head(living)
    devolve = {"outcome": "devolve", "subject": item, "effective_from": "2026-10-01"}
    made = living.publish({**devolve, "receivers": [{"region": town}], "transition_until": "2026-12-01"})
    event = next(one for one in told(living, seen) if one["event"] == "devolve")
    assert event["receivers"] == [{"region": town}]
    assert "下放至协兴镇" in event["sentence"]
    seen = head(living)
    act = (
        made["decisions"][0].get("act")
        or living.rows("SELECT max(act) FROM decision WHERE outcome = 'devolve'")[0][0]
    )
    content = living.get(f"/items/{item}").json()["content"]
    given = {name: content[name] for name in ("name", "type")} | {"authority": town_organ}
    result = {"content": {**given, "region": town, "level": "5"}}
    living.publish(
        {"outcome": "receive", "effective_from": "2026-10-08", "results": [result], "accepts": [{"act": act}]}
    )
    events = told(living, seen)
    received = next(one for one in events if one["event"] == "receive" and one["subject"] != item)
    assert (received["origins"], received["successors"]) == ([item], [received["subject"]])
    assert item in {one["subject"] for one in events}


def test_a_void_says_what_is_restored(living_sqlite: Living) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    living.publish(set_field(item, "note", "误写"))
    (act,) = living.rows("SELECT max(act) FROM decision WHERE outcome = 'adjust'")[0]
    seen = head(living)
    living.publish({"outcome": "void", "act": act, "ground": "error", "reason": "误录"})
    event = told(living, seen)[0]
    assert (event["event"], event["voids"]) == ("void", act)
    assert event["changes"][0]["before"] == "误写"
    assert "撤出一项2026年9月28日起的决定" in event["sentence"]


def test_a_redaction_is_told_and_its_words_are_not(living: Living) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", "张三0826-1234567"))
    (content,) = living.rows(
        f"SELECT content FROM revision WHERE subject_id = '{item}' AND effective_from = '{TODAY}' ORDER BY seq DESC"
    )[0]
    seen = head(living)
    living.hire("second", "publish")
    with living.database.writing() as session:
        redacting.redact(
            session, living.people["publisher"], living.people["second"], content, "1号令", "隐私"
        )
    events = told(living, seen)
    event = next(one for one in events if one["event"] == "redact")
    assert (event["subjects"], event["content_hash"], event["effective_from"]) == ([item], content, None)
    assert event["sentence"] == f"{item}：有内容依令删改。", "the name may be what was redacted"
    assert event["name"] is None
    everything = living.get("/changes", since=0, limit=1000, subject=item).json()["changes"]
    assert [one for one in everything if one["content_hash"] == content and one["event"] != "redact"]
    assert "张三" not in str([one["changes"] for one in everything if one["content_hash"] == content])
    (authority, cited) = living.rows(
        "SELECT t.authority, l.target FROM timeline t JOIN link l ON l.subject_id = t.subject_id"
        f" WHERE t.subject_id = '{item}' AND l.role LIKE 'cites-%'"
    )[0]
    for asked in (
        {"authority": authority},
        {"region": "511602"},
        {"instrument": cited},
        {"event": "cancel"},
        {"planned": True},
        {"authority": authority, "region": "510000", "kind": "item"},
    ):
        assert [one for one in told(living, seen, **asked) if one["event"] == "redact"] == [event], asked
    (other,) = living.rows(
        f"SELECT min(subject_id) FROM timeline WHERE kind = 'authority' AND subject_id <> '{authority}'"
    )[0]
    assert told(living, seen, authority=other) == []


def test_of_words_of_the_document_everything_it_decided_is_told(living_sqlite: Living) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    living.publish(set_field(item, "note", "平常"), reason="应张三来信")
    (publication, content) = living.rows("SELECT seq, statement FROM publication ORDER BY seq DESC LIMIT 1")[
        0
    ]
    seen = head(living)
    living.hire("second", "publish")
    with living.database.writing() as session:
        redacting.redact(
            session, living.people["publisher"], living.people["second"], content, "1号令", "隐私"
        )
    (event,) = told(living, seen, region="511602")
    assert (event["event"], event["subjects"]) == ("redact", [item]), publication


@pytest.mark.parametrize("kept", [True, False])
def test_whoever_reads_of_redactions_does_not_search_the_registry_for_each(
    living: Living, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """What rested on the words was found when they were redacted; an order that did not keep it is told of too."""
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", "张三0826-1234567"))
    (content,) = living.rows(f"SELECT content FROM revision WHERE subject_id = '{item}' ORDER BY seq DESC")[0]
    seen = head(living)
    living.hire("second", "publish")
    if not kept:
        monkeypatch.setattr(redacting, "KEPT", "elsewhere")
    with living.database.writing() as session:
        people = living.people["publisher"], living.people["second"]
        redacting.redact(session, *people, content, "1号令", "隐私")
    searched: list[bool] = []

    def note(*asked: Any) -> None:
        searched.append("WHERE p.statement IN" in asked[2])

    listen(Engine, "before_cursor_execute", note)
    try:
        (told_of,) = told(living, seen)
    finally:
        remove(Engine, "before_cursor_execute", note)
    assert (told_of["event"], told_of["subjects"]) == ("redact", [item])
    assert any(searched) is not kept


def test_a_reader_of_another_log_is_told_so(living_sqlite: Living) -> None:
    """After a restore: past the head, or where the log has another hash at that seq."""
    living = living_sqlite
    now = living.get("/log/head").json()
    before = living.get("/changes", since=now["seq"]).json()
    assert (before["changes"], before["seq"], before["hash"]) == ([], now["seq"], now["hash"])
    exported = living.get("/export.jsonl", type="05")
    assert (exported.headers["x-log-seq"], exported.headers["x-log-hash"]) == (str(now["seq"]), now["hash"])
    for door, more in (("/changes", {}), ("/changes", {"wait": 30}), ("/export.jsonl", {})):
        ahead = living.get(door, since=now["seq"] + 1, **more)
        assert (ahead.status_code, ahead.json()["code"]) == (409, "since-after-head")
        other = living.get(door, since=now["seq"], since_hash="0" * 64, **more)
        assert (other.status_code, other.json()["code"]) == (409, "since-hash-differs")
        assert living.get(door, since=now["seq"], since_hash="x").status_code == 422
    living.publish(set_field(living.item_called(FELLING), "note", "x"))
    for door in ("/changes", "/export.jsonl"):
        assert living.get(door, since=now["seq"], since_hash=now["hash"]).status_code == 200
        assert living.get(door, since=0, since_hash="0" * 64).status_code == 200
    assert living.get("/export.jsonl", since_hash=now["hash"]).json()["code"] == "since-needed"
    waited = living.get("/changes", since=head(living), since_hash=head_hash(living), wait=1)
    assert (waited.status_code, waited.json()["changes"]) == (200, [])


def head_hash(living: Living) -> str:
    return str(living.get("/log/head").json()["hash"])


def test_filters_agree_with_the_whole_feed(asking: Living) -> None:
    whole: list[dict[str, Any]] = []
    since: int | None = 0
    while since is not None:
        page = asking.get("/changes", since=since, limit=500).json()
        whole, since = whole + page["changes"], page["next"]
    item = asking.item_called(FELLING)
    (authority,) = asking.rows(f"SELECT authority FROM timeline WHERE subject_id = '{item}'")[0]
    assert told(asking, 0, subject=item) == [one for one in whole if one["subject"] == item]
    assert told(asking, 0, event="cancel") == [one for one in whole if one["event"] == "cancel"]
    assert told(asking, 0, kind=["calendar"], limit=1000) == [e for e in whole if e["kind"] == "calendar"]
    assert told(asking, 0, planned=True) == [one for one in whole if one["planned"]]
    held = {row[0] for row in asking.rows(f"SELECT subject_id FROM timeline WHERE authority = '{authority}'")}
    of_it = [one for one in whole if one["subject"] in held | {authority}]
    assert told(asking, 0, authority=authority, limit=1000) == of_it
    starts = [0, of_it[0]["seq"], of_it[1]["seq"]]
    assert [told(asking, since, authority=authority, limit=1)[0] for since in starts] == of_it[:3]
    places = told(asking, 0, region="511602", limit=1000)
    assert item in {one["subject"] for one in places}
    assert {"calendar", "entry"}.isdisjoint({one["kind"] for one in places})
    assert asking.get("/changes", event="abolish").json()["code"] == "unknown-value"


def test_waiting_ends_with_the_event_or_with_the_time(living_sqlite: Living) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    seen = head(living)
    began = time.monotonic()
    empty = living.get("/changes", since=seen, wait=1).json()
    assert (empty["changes"], empty["next"], empty["seq"]) == ([], None, seen)
    assert 0.9 < time.monotonic() - began < 5
    answers: list[tuple[float, Any]] = []

    def wait() -> None:
        answer = living.get("/changes", since=seen, wait=30).json()
        answers.append((time.monotonic(), answer))

    waiting = [threading.Thread(target=wait) for _ in range(3)]
    for one in waiting:
        one.start()
    wait_for(lambda: living.registry.head_watch.waiting == 3)
    assert not answers
    living.publish(set_field(item, "note", "等到了"))
    published = time.monotonic()
    for one in waiting:
        one.join(20)
    assert [len(answer["changes"]) for _, answer in answers] == [2, 2, 2]
    assert max(at for at, _ in answers) - published < 2
    assert living.registry.head_watch.waiting == 0


def test_an_event_of_an_internal_item_tells_nothing(living_sqlite: Living) -> None:
    living, seen = living_sqlite, head(living_sqlite)
    made = living.publish(
        new_item(living, "先内部后公开", content={"visibility": "internal", "note": "密文"})
    )
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "visibility", "public", "2026-10-01"))
    internal, public = told(living, seen)
    assert internal["event"] == "withheld"
    assert {"name", "sentence", "changes", "document"}.isdisjoint(internal)
    assert "before" not in str(public["changes"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"op": "set", "path": "note", "value": "长" * 50, "before": "短"}, "备注有修改"),
        ({"op": "set", "path": "note", "before": "旧"}, "备注“旧”删去"),
        (
            {"op": "set", "path": "materials/m/copies", "value": 1, "before": 2},
            "申请材料“身份证”的复印件份数由2改为1",
        ),
        ({"op": "remove", "path": "materials/m"}, "删去申请材料“身份证”"),
        ({"op": "order", "path": "materials", "keys": ["m"]}, "申请材料次序有调整"),
        ({"op": "set", "path": "promised_limit/unit", "value": "day"}, "承诺时限由5个工作日改为5个自然日"),
        ({"op": "remove", "path": "citations/c"}, "删去依据“森林法”第五十六条"),
    ],
)
def test_changes_in_words(change: dict[str, Any], words: str) -> None:
    before = {
        "materials": [{"key": "m", "name": "身份证", "copies": 2}],
        "citations": [{"key": "c", "title": "森林法", "article": "第五十六条"}],
        "promised_limit": {"value": 5, "unit": "workday"},
    }
    assert clauses([change], {}, before) == [words]


@pytest.mark.parametrize(
    ("kind", "outcome", "name", "words"),
    [
        ("instrument", "enact", "森林法", "森林法：自2020年7月1日起施行。"),
        ("instrument", "amend", "森林法", "森林法：自2020年7月1日起施行修改后的文本。"),
        ("instrument", "repeal", "森林法", "森林法：自2020年7月1日起废止。"),
        ("calendar", "set", "2026", "2026年：自2020年7月1日起适用公布的放假安排。"),
    ],
)
def test_what_happens_on_the_day_is_named(kind: str, outcome: str, name: str, words: str) -> None:
    event = {"kind": kind, "event": outcome, "outcome": outcome, "name": name, "subject": "x", "changes": []}
    event |= {"effective_from": "2020-07-01", "planned": False, "status": "in_force"}
    assert sentence(event | {"origins": [], "successors": []}, {}, {}, {}) == words
