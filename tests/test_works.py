"""Work in the background is written down: found by any process, begun once, told when it was broken off."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app import works as of_works
from app.errors import Conflict, Forbidden, Invalid, NotFound, RegistryError
from app.works import KEPT_SECONDS, Tell, Works

KEY = ("begun", 7, "/office/rounds/new")


@pytest.fixture
def works(tmp_path: Path) -> Works:
    return Works(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Works:
    """What another process has of the same data directory."""
    return Works(tmp_path)


class Slow:
    """Work that says how far it is and then waits to be let go; how often it was done."""

    def __init__(self) -> None:
        self.said, self.go, self.times = threading.Event(), threading.Event(), 0

    def __call__(self, tell: Tell) -> list[int]:
        self.times += 1
        tell("已看 3 个，共 8 个")
        self.said.set()
        assert self.go.wait(60)
        return [self.times]


@contextmanager
def slowly() -> Iterator[Slow]:
    slow = Slow()
    try:
        yield slow
    finally:
        slow.go.set()


def test_any_process_finds_it_under_way_and_done(works: Works, other: Works) -> None:
    with slowly() as slow:
        begun = works.ask(KEY, slow, asked=[("title", "第三批")])
        assert slow.said.wait(60)
        for one in (works, other):
            found = one.look(KEY)
            assert found is not None
            assert (found.id, found.is_done, found.said) == (begun.id, False, "已看 3 个，共 8 个")
            assert found.asked == [["title", "第三批"]]
        assert other.ask(KEY, slow).id == begun.id, "asked again, it is the same work"
        assert other.look((*KEY, "of another")) is None
        slow.go.set()
        assert other.ask(KEY, slow, wait=60).outcome() == [1]
    assert works.ask(KEY, slow).outcome() == [1]
    assert slow.times == 1


def test_what_is_done_once_is_begun_by_one_of_many_who_ask_at_once(tmp_path: Path) -> None:
    with slowly() as slow:
        ready, ids = threading.Barrier(6), []

        def click() -> None:
            works = Works(tmp_path)
            ready.wait(60)
            ids.append(works.once(KEY, slow).id)

        clicks = [threading.Thread(target=click) for _ in range(6)]
        for one in clicks:
            one.start()
        for one in clicks:
            one.join(60)
        assert len(ids) == 6
        assert len(set(ids)) == 1
    assert slow.times == 1


def test_who_clicks_again_has_what_the_first_click_came_to(
    works: Works, other: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the first was answered, and so told, before the second looked."""
    before = other.look

    def meanwhile(key: Any, read: Any = None) -> Any:
        monkeypatch.setattr(other, "look", before)
        found = before(key, read)
        works.once(KEY, lambda _tell: "第一次", wait=60)
        assert works.told_once(KEY) is not None
        return found

    monkeypatch.setattr(other, "look", meanwhile)
    assert other.once(KEY, lambda _tell: "第二次", wait=60).outcome() == "第一次"


def test_what_is_done_whenever_it_is_asked_for(works: Works, other: Works) -> None:
    assert works.once(KEY, lambda _tell: 1, wait=60).outcome() == 1
    assert other.once(KEY, lambda _tell: 2, wait=60).outcome() == 2
    with slowly() as slow:
        works.once(KEY, slow, of="submit")
        for ask in ({"of": "publish"}, {"of": "submit", "joins": False}):
            with pytest.raises(Conflict, match="还在进行"):
                other.once(KEY, slow, **ask)


def test_a_state_that_moved_is_worked_out_anew(works: Works, other: Works) -> None:
    assert works.ask(KEY, lambda _tell: "旧", of=[4, "2026-09-28"], wait=60).outcome() == "旧"
    assert other.ask(KEY, lambda _tell: "新", of=[4, "2026-09-28"], wait=60).outcome() == "旧"
    assert other.ask(KEY, lambda _tell: "新", of=[5, "2026-09-28"], wait=60).outcome() == "新"
    found = works.look(KEY)
    assert found is not None
    assert found.outcome() == "新", "what this process has at hand is the older"


def test_it_is_told_once_whoever_asks(works: Works, other: Works) -> None:
    works.ask(KEY, lambda _tell: 7, wait=60)
    told = other.told_once(KEY)
    assert told is not None
    assert told.outcome() == 7
    assert works.told_once(KEY) is None
    assert other.told_once(KEY) is None


def test_a_refusal_is_told_with_all_it_says_and_tried_anew(works: Works, other: Works) -> None:
    def refuse(_tell: Tell) -> None:
        raise Invalid("第 3 项：没有这个类型。", code="bad-row", wrong={"qdi-1": "没有这个类型。"})

    works.ask(KEY, refuse, wait=60)
    found = other.look(KEY)
    assert found is not None
    refusal = found.refusal
    assert refusal is not None
    assert (refusal.message, refusal.code, refusal.status) == ("第 3 项：没有这个类型。", "bad-row", 422)
    assert refusal.detail == {"wrong": {"qdi-1": "没有这个类型。"}}
    assert other.ask(KEY, lambda _tell: 1, wait=60).outcome() == 1


def test_what_nobody_foresaw_is_told_without_its_insides(
    works: Works, other: Works, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_tell: Tell) -> None:
        raise KeyError("postgresql://user:secret@host")

    works.ask(KEY, fail, wait=60)
    found = other.look(KEY)
    assert found is not None
    with pytest.raises(RegistryError, match="系统出错") as told:
        found.outcome()
    assert told.value.status == 500
    assert "secret" not in told.value.message
    assert "KeyError" in caplog.text


def test_what_cannot_be_written_down_is_a_failure_and_not_silence(works: Works) -> None:
    with pytest.raises(RegistryError, match="系统出错"):
        works.ask(KEY, lambda _tell: object(), wait=60).outcome()


DIES = """
import os, sys
from pathlib import Path
from app.works import Works

def die(tell):
    tell("已看 3 个")
    os._exit(9)

Works(Path(sys.argv[1])).ask(("begun", 7, "/office/rounds/new"), die, asked=[["title", "第三批"]], wait=60)
"""


def test_what_its_process_did_not_outlive_is_told_as_broken_off(works: Works, tmp_path: Path) -> None:
    root = Path(of_works.__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path)], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert ran.returncode == 9
    found = works.told_once(KEY)
    assert found is not None
    assert found.is_done
    assert found.asked == [["title", "第三批"]], "the form is shown again"
    assert found.refusal is not None
    assert found.refusal.code == "broken-off"
    assert "没有办成的，请再办一次" in found.refusal.message
    assert works.told_once(KEY) is None, "told once"
    assert works.once(KEY, lambda _tell: "办成", wait=60).outcome() == "办成", "nothing stands in its way"


def test_after_a_day_it_is_gone_but_for_what_is_under_way(works: Works, other: Works, tmp_path: Path) -> None:
    works.ask(KEY, lambda _tell: 7, wait=60)
    with slowly() as slow:
        works.ask(("slow",), slow)
        assert slow.said.wait(60)
        for path in tmp_path.rglob("*.json"):
            old = path.stat().st_mtime - KEPT_SECONDS - 60
            os.utime(path, (old, old))
        other.ask(("another",), lambda _tell: 1, wait=60)
        assert other.look(KEY) is None
        assert other.look(("slow",)) is not None
        left = [len(list((tmp_path / folder).iterdir())) for folder in ("turns", "told")]
    assert left == [2, 2], "nor does an empty lock stay behind"


def test_half_a_file_is_none(works: Works, tmp_path: Path) -> None:
    """A power failure may leave one."""
    works.ask(KEY, lambda _tell: 7, wait=60)
    (path,) = (tmp_path / "told").iterdir()
    path.write_bytes(path.read_bytes()[:20])
    assert works.look(KEY) is None
    assert works.ask(KEY, lambda _tell: 8, wait=60).outcome() == 8


def test_work_of_another_state_is_no_answer(works: Works, other: Works) -> None:
    """A reviewer approves by what the page says: that is of what is approved, or is not there yet."""
    with slowly() as slow:
        assert not works.ask(KEY, slow, of=[1]).is_done
        assert slow.said.wait(60)
        waits = other.ask(KEY, lambda _tell: "new", of=[2])
        assert (waits.is_done, waits.result) == (False, None)
        slow.go.set()
        found = other.ask(KEY, lambda _tell: "new", of=[2], wait=60)
    assert (found.is_done, found.of, found.result) == (True, [2], "new")


def test_what_is_under_way_while_words_are_redacted_is_not_written_down(works: Works, other: Works) -> None:
    with slowly() as slow:
        works.ask(KEY, slow)
        assert slow.said.wait(60)
        other.forget_unfinished()
        slow.go.set()
        while of_works.is_in_hand(works._turns / of_works._name(KEY)):
            pass
    assert works.look(KEY) is None
    assert works.ask(KEY, lambda _tell: "anew", wait=60).result == "anew"
    other.forget_unfinished()
    assert works.look(KEY) is not None, "what is done stays, unless it holds the words"


def test_a_refusal_by_rights_stays_one(works: Works) -> None:
    """The access log notes it, also where it is told as if nothing were there."""

    def refuse(_tell: Tell) -> None:
        raise Forbidden("不在范围内。", code="out-of-scope")

    def hide(_tell: Tell) -> None:
        try:
            refuse(_tell)
        except Forbidden as error:
            raise NotFound("没有。", code="unknown-item") from error

    refused, hidden = (
        works.ask(("one", name), do, wait=60).refusal for name, do in (("a", refuse), ("b", hide))
    )
    assert isinstance(refused, Forbidden)
    assert refused.code == "out-of-scope"
    assert hidden is not None
    assert isinstance(hidden.__cause__, Forbidden)
    assert (hidden.code, hidden.status, hidden.__cause__.code) == ("unknown-item", 404, "out-of-scope")
