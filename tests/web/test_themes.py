"""Themes of the first page: sought behind the readers, one day at a time, while the index stands."""

from __future__ import annotations

import pytest
from reading import BROWSER
from seeded import TODAY, Living

from app import behind
from app.behind import Behind, Work
from app.kept import Kept
from app.web import life
from search.engine import EngineError


class Hands:
    """Keeps what was begun until it is done by hand."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.now = 100.0

    def finish(self) -> None:
        self.works.pop(0)()


@pytest.fixture
def hands(living_sqlite: Living, monkeypatch: pytest.MonkeyPatch) -> Hands:
    made = Hands()
    monkeypatch.setattr(behind, "clock", lambda: made.now)
    living_sqlite.registry.behind = Behind(begin=made.works.append)
    return made


def themes(living: Living, on: str = "") -> int:
    """How many themes are shown."""
    page = living.client.get("/", params={"on": on} if on else {}, headers=BROWSER)
    assert page.status_code == 200
    return sum(f">{words}<" in page.text for _, words in (*life.PERSON, *life.COMPANY))


def test_many_days_asked_for_begin_one_search_at_a_time(living_sqlite: Living, hands: Hands) -> None:
    everything = themes(living_sqlite)
    for month in range(1, 13):
        assert themes(living_sqlite, f"2026-{month:02}-01") == everything
    assert len(hands.works) == 1, "whoever asks for many days makes no more work"
    hands.finish()
    assert 0 < themes(living_sqlite) < everything
    assert themes(living_sqlite, "2026-01-01") == everything
    assert len(hands.works) == 1


def test_they_are_sought_anew_where_the_index_has_moved_and_the_log_has_not(
    living_sqlite: Living, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = living_sqlite.registry.engine
    assert engine is not None
    everything = themes(living_sqlite)
    hands.finish()
    shown = themes(living_sqlite)
    assert shown < everything
    monkeypatch.setattr(engine, "state", lambda: "caught up")
    assert themes(living_sqlite) == everything
    assert len(hands.works) == 1


@pytest.mark.parametrize("error", [EngineError("away"), RuntimeError("broken")])
def test_what_fails_is_tried_again(
    living_sqlite: Living, hands: Hands, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    engine = living_sqlite.registry.engine
    assert engine is not None
    everything = themes(living_sqlite)

    def failing(_query: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(engine, "search", failing)
        hands.finish()
    assert themes(living_sqlite) == everything
    hands.finish()
    assert themes(living_sqlite) < everything


def test_after_work_there_is_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = Hands()
    monkeypatch.setattr(behind, "clock", lambda: hands.now)
    worked: Behind[str] = Behind(begin=hands.works.append)

    def slow() -> str:
        hands.now += 2.0
        return "found"

    assert worked.ask(b"a", TODAY, 1, slow) is None
    hands.finish()
    assert worked.ask(b"a", TODAY, 1, slow) == "found"
    hands.now += 2.0 * Behind.REST - 0.1
    assert worked.ask(b"b", TODAY, 1, slow) is None
    assert hands.works == []
    hands.now += 0.2
    assert worked.ask(b"b", TODAY, 1, slow) is None
    assert len(hands.works) == 1


def test_no_thread_to_be_had_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "clock", lambda: 100.0)

    def none(_work: Work) -> None:
        raise RuntimeError("can't start new thread")

    worked: Behind[str] = Behind(begin=none)
    assert worked.ask(b"a", TODAY, 1, lambda: "found") is None
    done: list[Work] = []
    worked._begin = done.append
    assert worked.ask(b"a", TODAY, 1, lambda: "found") is None
    assert len(done) == 1


def test_each_registry_has_its_own_and_days_are_bounded() -> None:
    one: Behind[int] = Behind(most=3, begin=lambda work: work())
    one.REST = 0  # type: ignore[misc]
    other: Behind[int] = Behind(begin=lambda work: work())
    for day in range(10):
        one.ask(b"themes", str(day), 1, lambda day=day: day)  # type: ignore[misc]
    assert isinstance(one._kept, Kept)
    assert [one._kept.holds(b"themes", str(day)) for day in range(10)] == [False] * 7 + [True] * 3
    assert other._kept.get(b"themes", "9", 1) is None
