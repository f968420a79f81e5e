"""A restore from a backup, as those who subscribed see it: they are told, and miss nothing afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from fastapi.testclient import TestClient
from seeded import FELLING, Living, set_field
from sqlalchemy import text
from test_webhooks import Receiver, deliver, receiver, subscribe, told  # noqa: F401

from app import backups
from app.main import create_app
from app.settings import Settings


def letters(receiver: Receiver) -> list[dict[str, Any]]:  # noqa: F811
    return [orjson.loads(headers["body"]) for headers, _ in receiver.seen]


def test_a_subscription_past_the_head_is_told_and_goes_on(living: Living, receiver: Receiver) -> None:  # noqa: F811
    item = living.item_called(FELLING)
    hook = subscribe(living, receiver.url, subject=item)
    head = living.get("/log/head").json()
    with living.database.writing() as session:  # as where the log alone came from a backup
        connection = session.connection()
        beyond = {"id": hook["id"], "beyond": head["seq"] + 50, "item": item}
        connection.execute(text("UPDATE webhook SET followed = :beyond WHERE id = :id"), beyond)
        connection.execute(
            text(
                "INSERT INTO webhook_delivery (webhook, event, subject_id, state, attempts, next_at)"
                " VALUES (:id, :beyond, :item, 'owed', 0, 0)"
            ),
            beyond,
        )
    assert deliver(living) == 1
    (letter,) = letters(receiver)
    assert (letter["type"], letter["webhook"]) == ("restored", hook["id"])
    assert (letter["data"]["seq"], letter["data"]["hash"]) == (head["seq"], head["hash"])
    (kept,) = told(living, hook, "/deliveries")["deliveries"]
    assert (kept["type"], kept["event"], kept["subject"], kept["state"]) == ("restored", None, None, "done")
    living.publish(set_field(item, "note", "恢复之后"))
    assert deliver(living) == 2
    assert letters(receiver)[1]["data"]["seq"] < head["seq"] + 50, "an event it would have passed over"
    assert told(living, hook)["followed"] == living.get("/log/head").json()["seq"]


def test_the_same_seq_after_a_restore_is_another_letter(
    living_sqlite: Living,
    receiver: Receiver,  # noqa: F811
    tmp_path: Path,
) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    subscribe(living, receiver.url, subject=item)
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    living.publish(set_field(item, "note", "备份之后，恢复时失去"))
    deliver(living)
    lost, event = receiver.seen[0]
    receiver.seen.clear()
    settings = Settings(data_dir=tmp_path / "else", database_url="", drain_index=False)
    backups.restore(settings, made.path)
    app = create_app(settings)
    restored = Living(settings, TestClient(app), app.state.registry, living.tokens)
    restored.publish(set_field(item, "note", "恢复之后"))
    deliver(restored)
    assert [one["type"] for one in letters(receiver)][:2] == ["restored", "change"]
    headers, again = receiver.seen[1]
    assert again["seq"] == event["seq"]
    assert headers["webhook-id"] != lost["webhook-id"], "or its receiver takes it for one it has"
    restored.database.dispose()
