"""A round's report folds the whole round, the series over time reads every interval: once for each state of the log,
and not by everybody at the same time."""

from __future__ import annotations

from typing import Any

import pytest
from seeded import FELLING, Living, set_field

from app.api import rounds
from app.costly import Costly
from app.kept import Kept, KeptAnswers
from app.limiting import Queue


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    folded: list[str] = []
    whole = rounds.report

    def report(connection: Any, round_id: str, known: Any) -> Any:
        folded.append(round_id)
        return whole(connection, round_id, known)

    monkeypatch.setattr(rounds, "report", report)
    return folded


def test_it_is_worked_out_once_until_something_is_published(
    living_sqlite: Living, counted: list[str]
) -> None:
    round_id = living_sqlite.get("/rounds").json()["rounds"][0]["id"]
    path = f"/rounds/{round_id}/report"
    first = living_sqlite.get(path).json()
    assert living_sqlite.get(path).json() == first
    assert len(counted) == 1
    assert living_sqlite.get(f"{path}.xlsx").content == living_sqlite.get(f"{path}.xlsx").content
    assert len(counted) == 2
    living_sqlite.publish(set_field(living_sqlite.item_called(FELLING), "note", "另行通知", "2026-10-01"))
    assert living_sqlite.get(path).json()["seq"] > first["seq"]
    assert len(counted) == 3


def test_who_finds_no_place_is_told_to_come_again(living_sqlite: Living, counted: list[str]) -> None:
    round_id = living_sqlite.get("/rounds").json()["rounds"][0]["id"]
    registry = living_sqlite.registry
    queue = Queue(at_once=1, places=1, patience=0.0)
    registry.reports = Costly(KeptAnswers(), queue)
    registry.intervals = Costly(Kept(1000, lambda _asked, _found: 1), queue)
    assert queue.places.take()
    refused = living_sqlite.get(f"/rounds/{round_id}/report.docx")
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert refused.headers["retry-after"] == "10"
    assert counted == []
    refused = living_sqlite.get("/rounds/series", day="2026-01-01")
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert living_sqlite.client.get("/rounds/series").status_code == 503
    queue.places.give_back()
    assert living_sqlite.get("/rounds/series", day="2026-01-01").status_code == 200
    assert living_sqlite.get(f"/rounds/{round_id}/report.docx").status_code == 200
