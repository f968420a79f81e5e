"""Staying in sync: the change feed, the export, the log's head."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field
from sqlalchemy import event

from app.exchange import exporting
from app.items import streaming
from app.log import GENESIS


def follow(living: Living, **query: Any) -> list[dict[str, Any]]:
    """Every change, page by page."""
    found: list[dict[str, Any]] = []
    since = query.pop("since", 0)
    while since is not None:
        page = living.get("/changes", since=since, **query).json()
        found += page["changes"]
        since = page["next"]
    return found


def test_the_feed_tells_every_revision_once_and_in_order(asking: Living) -> None:
    told = follow(asking, limit=97)
    assert [one["seq"] for one in told] == [
        row[0] for row in asking.rows("SELECT seq FROM revision ORDER BY seq")
    ]
    assert follow(asking, limit=1000) == told
    middle = told[500]["seq"]
    assert follow(asking, since=middle) == told[501:]
    assert asking.get("/changes", since=told[-1]["seq"]).json()["changes"] == []


def test_a_reader_who_stays_in_sync_holds_what_the_registry_answers(living: Living) -> None:
    item = living.item_called(FELLING)
    seen = living.get("/log/head").json()["seq"]
    living.publish(set_field(item, "note", "一"))
    living.publish(set_field(item, "note", "二", "2026-10-01"))
    told = follow(living, since=seen)
    # The plan of 2027 stands on top of both: each publication wrote a revision for each day it changed.
    assert [(one["subject"], one["effective_from"]) for one in told] == [
        (item, TODAY),
        (item, "2027-01-01"),
        (item, "2026-10-01"),
        (item, "2027-01-01"),
    ]
    answer = living.get(f"/items/{item}/revisions").json()["intervals"]
    assert [i["content_hash"] for i in answer][-3:] == [told[i]["content_hash"] for i in (0, 2, 3)]
    assert living.get("/changes", since=seen).headers["cache-control"] == "private, no-store"


def test_what_takes_effect_in_a_month(asking: Living) -> None:
    told = follow(asking, effective_from="2026-12-01", effective_to="2027-01-31")
    assert [(one["subject"], one["outcome"]) for one in told] == [(asking.item_called(FELLING), "adjust")]
    october = follow(asking, effective_from="2025-10-01", effective_to="2025-10-01", limit=3)
    assert {one["effective_from"] for one in october} == {"2025-10-01"}
    assert sorted(one["outcome"] for one in october).count("cancel") == 2
    assert asking.get("/changes", effective_from="morgen").json()["code"] == "bad-day"


def test_the_export_is_every_items_own_answer(asking: Living) -> None:
    for on in (TODAY, "2025-05-01"):
        answer = asking.get("/export.jsonl", on=on)
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = answer.content.splitlines()
        assert len(lines) == sum(asking.get("/items/counts", on=on).json()["status"].values())
        for line in lines[::40]:
            item = orjson.loads(line)["id"]
            assert line == asking.get(f"/items/{item}", on=on).content
        head = asking.get("/log/head").json()
        assert answer.headers["x-log-seq"] == str(head["seq"])


def test_the_export_in_small_pages_is_every_items_own_answer(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pages share is written once: of items that came of each other, of an emergency, with other documents."""
    one, other = (
        row[0] for row in living.rows("SELECT id FROM subject WHERE kind = 'item' ORDER BY id LIMIT 2")
    )
    origins, result = (
        [{"subject": one}, {"subject": other}],
        {"content": new_item(living, "合并后")["content"]},
    )
    living.publish({"outcome": "merge", "effective_from": TODAY, "origins": origins, "results": [result]})
    hurried = living.post(
        "editor",
        "/changesets",
        {"title": "应急", "decisions": [set_field(living.item_called(FELLING), "note", "急")]},
    )
    answer = living.post("publisher", f"/changesets/{hurried.json()['id']}/publish", {"emergency": "停电"})
    assert answer.status_code == 200, answer.text
    monkeypatch.setattr(exporting, "PAGE", 7)
    monkeypatch.setattr(streaming, "_KEPT", 3)
    lines = living.get("/export.jsonl").content.splitlines()
    assert len(lines) > 200
    for line in lines:
        assert line == living.get(f"/items/{orjson.loads(line)['id']}").content
    assert sum(b'"emergency":{"reason"' in line for line in lines) == 1
    assert sum(b'"relation":"merge"' in line for line in lines) == 3


def test_an_export_asks_the_database_by_the_page(asking: Living) -> None:
    """Not once an item: a page, what came of what, and what documents it names for the first time."""
    asked: list[str] = []
    with asking.database.reading() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        lines = list(exporting.export_lines(connection, TODAY, TODAY))
    kin = sum(b'"relation"' in line for line in lines)
    names = len({orjson.loads(line)[one]["id"] for line in lines for one in ("authority", "region")})
    assert len(asked) <= 10 + names + 6 * kin < len(lines)


def test_the_head_moves_with_every_publication(living: Living) -> None:
    before = living.get("/log/head").json()
    living.publish(set_field(living.item_called(FELLING), "note", "x"))
    after = living.get("/log/head").json()
    assert after["seq"] > before["seq"]
    assert after["hash"] != before["hash"] != GENESIS
    living.assert_sound((before["seq"], before["hash"]))


def test_the_feed_tells_of_an_entry_that_was_voided(living: Living) -> None:
    made = living.publish(new_item(living, "误录的事项", codes=[{"scheme": "local", "value": "WULU-1"}]))
    item = made["decisions"][0]["subject"]
    seen = living.get("/log/head").json()["seq"]
    (act,) = living.rows(f"SELECT act FROM decision WHERE subject_id = '{item}'")
    living.publish({"outcome": "void", "act": act[0], "ground": "error", "reason": "误录"})
    (told,) = follow(living, since=seen)
    assert (told["subject"], told["status"], told["content_hash"]) == (item, "not_yet", None)
    assert told["voids"] == act[0]


def test_the_feed_tells_of_a_code_given_and_taken(living: Living) -> None:
    item = living.item_called(FELLING)
    for change in (
        {"op": "add", "path": "codes", "value": {"scheme": "local", "value": "XIN-1"}},
        {"op": "remove", "path": "codes/local:XIN-1"},
    ):
        seen = living.get("/log/head").json()["seq"]
        decision = {"outcome": "adjust", "subject": item, "effective_from": "2026-10-01"}
        living.publish({**decision, "changes": [change]})
        (told,) = follow(living, since=seen)
        standing = living.get(f"/items/{item}", on="2026-10-01").json()
        assert (told["subject"], told["effective_from"]) == (item, "2026-10-01")
        assert (told["status"], told["outcome"]) == (standing["status"], "adjust")
        (stored,) = living.rows(f"SELECT content FROM revision WHERE seq = {standing['revision']}")
        assert told["content_hash"] == stored[0]
    held = living.get(f"/items/{item}", on="2026-10-01").json()["codes"]
    assert "XIN-1" not in [code["value"] for code in held]


def test_the_feed_withholds_an_internal_period(living: Living) -> None:
    seen = living.get("/log/head").json()["seq"]
    hidden = {"visibility": "internal", "note": "密文"}
    made = living.publish(new_item(living, "先内部后公开", content=hidden))
    item = made["decisions"][0]["subject"]
    assert follow(living, since=seen, limit=1) == []
    living.publish(set_field(item, "visibility", "public", "2026-10-01"))
    internal, public = follow(living, since=seen, limit=1)
    assert internal["withheld"] is True
    assert [internal[name] for name in ("status", "content_hash", "outcome")] == [None] * 3
    assert (public["status"], public["effective_from"]) == ("in_force", "2026-10-01")
    assert "withheld" not in public


def test_the_export_as_known_then_is_what_was_exported_then(living: Living) -> None:
    item = living.item_called(FELLING)
    made = living.publish(new_item(living, "先内部后公开", content={"visibility": "internal"}))
    turned = made["decisions"][0]["subject"]
    then = living.get("/export.jsonl", on=TODAY)
    seq = living.get("/log/head").json()["seq"]
    living.publish(set_field(item, "note", "后来的备注"))
    living.publish(set_field(turned, "visibility", "public", "2026-10-01"))
    living.publish(new_item(living, "后来的事项"))
    assert living.get("/export.jsonl", on=TODAY).content != then.content
    again = living.get("/export.jsonl", on=TODAY, known_at=seq)
    assert again.headers["x-log-seq"] == str(seq)
    assert again.content == then.content


def test_an_export_as_known_is_bounded(living_sqlite: Living) -> None:
    living = living_sqlite
    seq = living.get("/log/head").json()["seq"]
    living.publish(set_field(living.item_called(FELLING), "note", "x"))
    (held,) = living.rows("SELECT count(*) FROM subject WHERE kind = 'item'")
    living.settings.known_at_items = held[0]
    assert living.get("/export.jsonl", known_at=seq).status_code == 200
    living.settings.known_at_items = held[0] - 1
    refused = living.get("/export.jsonl", known_at=seq)
    assert (refused.status_code, refused.json()["code"]) == (422, "known-at-too-large")
    assert refused.json()["facts"] == {"held": held[0], "most": held[0] - 1}
    assert living.get("/export.jsonl").status_code == 200
