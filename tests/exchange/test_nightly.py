"""The dump of each night: once, from its hour on, by one process; old ones go, withdrawn ones are told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, set_field

from app.changes import redacting
from app.exchange.nightly import Nightly


def at(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    instant = int(dt.datetime.fromisoformat(f"{moment}+08:00").timestamp()) * 1_000_000
    monkeypatch.setattr("app.log.now_microseconds", lambda: instant)


def nightly(living: Living, **more: Any) -> Nightly:
    return Nightly(living.database, living.settings.dumps_dir, **{"hour": 2, "kept": 3} | more)


def listed(living: Living) -> list[str]:
    return [one["on"] for one in living.get("/dumps").json()["dumps"]]


def test_a_dump_is_written_once_a_night_and_old_ones_go(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = nightly(living)
    at(monkeypatch, "2026-09-29T01:59:59")
    assert writer.look() is None, "its hour has not come"
    at(monkeypatch, "2026-09-29T02:00:00")
    told = writer.look()
    assert told is not None
    head = living.get("/log/head").json()
    assert (told["on"], told["seq"], told["hash"]) == ("2026-09-29", head["seq"], head["hash"])
    assert writer.look() is None, "it is there"
    at(monkeypatch, "2026-09-30T23:10:00")
    assert nightly(living).look() is not None, "a night that was missed is made up for"
    for day in ("2026-10-01", "2026-10-02", "2026-10-03"):
        at(monkeypatch, f"{day}T02:30:00")
        assert writer.look() is not None
    assert listed(living) == ["2026-10-03", "2026-10-02", "2026-10-01"]
    assert "items-2026-10-03.jsonl.gz" in living.get("/catalog").text
    assert len(list(living.settings.dumps_dir.iterdir())) == 6


def test_a_withdrawn_dump_is_told_and_another_takes_its_place(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", "0826-1234567"))
    writer = nightly(living)
    at(monkeypatch, f"{TODAY}T13:00:00")
    first = writer.look()
    assert first is not None
    ((content,),) = living.rows(
        f"SELECT content FROM timeline WHERE subject_id = '{item}' AND valid_from = '{TODAY}'"
    )
    living.hire("second", "publish")
    at(monkeypatch, f"{TODAY}T13:01:00")
    with living.database.writing() as session:
        redacting.redact(
            session, living.people["publisher"], living.people["second"], content, "1号令", "隐私"
        )
    noted = {name: first[name] for name in ("file", "on", "seq", "hash", "sha256")}
    answer = living.get("/dumps").json()
    assert (answer["dumps"], answer["withdrawn"]) == ([], [noted]), "told at once"
    second = writer.look()
    assert second is not None
    assert (second["file"], second["sha256"] == first["sha256"]) == (first["file"], False)
    answer = living.get("/dumps").json()
    assert answer["dumps"] == [second]
    assert answer["withdrawn"] == [noted], "told for as long as somebody may hold it"


class Waits:
    """A turn that another process has for a while."""

    def __init__(self, times: int) -> None:
        self.left = times

    def taken(self) -> bool:
        self.left -= 1
        return self.left < 0

    def give_back(self) -> None:
        self.left = 0


def test_only_the_process_whose_turn_it_is_writes(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.exchange.nightly.FIRST", 0)
    monkeypatch.setattr("app.exchange.nightly.EVERY", 0)
    turn, looked = Waits(3), list[int]()
    writer = nightly(living_sqlite, turn=turn)

    def look() -> None:
        looked.append(turn.left)
        writer._stop.set()

    monkeypatch.setattr(writer, "look", look)
    writer.run()
    assert looked == [-1]
