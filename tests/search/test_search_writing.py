"""apply, rebuild, durability, several engines on one index."""

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tantivy
from search_cases import document, search, subjects

from search.embedded import EmbeddedEngine
from search.engine import Engine, EngineBusy, EngineError, EngineReadOnly, SearchDocument


def test_apply_replaces_all_documents_of_a_subject(engine: Engine) -> None:
    old = [
        document("a", "甲种许可", "2000-01-01", valid_to="2010-01-01", seq=1),
        document("a", "甲种许可", "2010-01-01", seq=1),
        document("b", "乙种许可", seq=1),
    ]
    engine.apply(old, [], seq=1)
    engine.apply([document("a", "丙种许可", "2005-01-01", seq=2)], [], seq=2)
    assert subjects(engine, "许可") == ["a", "b"]
    assert search(engine, "甲种").total == 0
    assert search(engine, "许可", on="2004-01-01").total == 1
    engine.apply([], ["a"], seq=3)
    assert subjects(engine, "许可") == ["b"]
    assert {doc.id for doc in engine.documents()} == {"b:2000-01-01"}


def test_applying_again_changes_nothing(engine: Engine) -> None:
    for _ in range(3):
        engine.apply([document("a", "甲种许可", seq=4)], ["b"], seq=4)
    assert search(engine, "甲种").total == 1
    assert engine.applied_seq() == 4


def test_the_newer_state_stays(engine: Engine) -> None:
    engine.apply([document("a", "新许可", seq=9), document("b", "新许可", seq=9)], [], seq=9)
    engine.apply([document("a", "旧许可", seq=5)], ["b"], seq=5)
    assert search(engine, "新许可").total == 2
    assert search(engine, "旧许可").total == 0
    engine.apply([], ["a"], seq=10)
    engine.apply([document("a", "新许可", seq=9)], [], seq=9)
    assert subjects(engine, "新许可") == ["b"]
    assert engine.applied_seq() == 10
    engine.apply([document("a", "更新许可", seq=11)], [], seq=11)
    assert subjects(engine, "更新许可") == ["a"]


def test_documents_come_back_as_they_were_given(engine: Engine) -> None:
    given = document(
        "a",
        "營業 執照",
        aliases=("x", "y"),
        former_names=("z",),
        authority_names=("局",),
        region_names=("四川省",),
        citations=("法 第一条",),
        codes=("1-2",),
        texts=("", "长文"),
        type="01",
        level="县级",
        authority="org",
        region_path=("0", "51"),
        status="suspended",
        themes=("t",),
        valid_to="2030-01-01",
        seq=3,
    )
    engine.apply([given], ["gone"], seq=3)
    assert list(engine.documents()) == [given]


def test_another_engine_sees_it_at_once_and_after_a_restart(make_engine: Callable[[], Engine]) -> None:
    writer, reader = make_engine(), make_engine()
    assert (reader.applied_seq(), search(reader, "许可").total) == (0, 0)
    for seq in range(1, 4):
        writer.apply([document(f"s{seq}", "许可", seq=seq)], [], seq=seq)
        assert (reader.applied_seq(), search(reader, "许可").total) == (seq, seq)
    writer.rebuild([document("new", "许可", seq=7)], seq=7)
    assert (reader.applied_seq(), subjects(reader, "许可")) == (7, ["new"])
    writer.close()
    assert subjects(writer, "许可") == ["new"]
    assert (make_engine().applied_seq(), subjects(make_engine(), "许可")) == (7, ["new"])


def test_rebuild_keeps_what_is_applied_meanwhile(make_engine: Callable[[], Engine]) -> None:
    engine, other = make_engine(), make_engine()
    engine.apply([document("old", "旧许可", seq=1), document("both", "旧许可", seq=1)], [], seq=1)

    def slow() -> Iterator[SearchDocument]:
        yield document("both", "旧许可", seq=1)
        yield document("removed", "旧许可", seq=1)
        other.apply(
            [document("both", "新许可", seq=2), document("late", "新许可", seq=2)], ["removed"], seq=2
        )
        assert set(subjects(other, "许可")) == {"old", "both", "late"}  # answered throughout
        yield document("third", "旧许可", seq=1)

    engine.rebuild(slow(), seq=1)
    assert set(subjects(engine, "新许可")) == {"both", "late"}
    assert subjects(engine, "旧许可") == ["third"]
    assert engine.applied_seq() == other.applied_seq() == 2
    engine.apply([document("third", "新许可", seq=3)], [], seq=3)
    assert set(subjects(other, "新许可")) == {"both", "late", "third"}


def test_rebuild_forgets_a_future_that_never_was(engine: Engine) -> None:
    """After a restore from backup the registry is behind the index."""
    engine.apply([document("a", "许可", seq=100)], [], seq=100)
    engine.rebuild([document("b", "许可", seq=50)], seq=50)
    assert (engine.applied_seq(), subjects(engine, "许可")) == (50, ["b"])


def test_a_failed_write_leaves_everything_as_it_was(engine: Engine) -> None:
    engine.apply([document("a", "许可", seq=1)], [], seq=1)
    bad = document("a", "坏许可", seq=2, valid_to="someday")
    with pytest.raises(ValueError, match="unpack"):
        engine.apply([bad], [], seq=2)
    with pytest.raises(ValueError, match="unpack"):
        engine.rebuild([document("b", "许可", seq=2), bad], seq=2)
    assert (engine.applied_seq(), subjects(engine, "许可")) == (1, ["a"])
    engine.apply([document("a", "新许可", seq=2)], [], seq=2)
    engine.rebuild([document("b", "许可", seq=3)], seq=3)
    assert subjects(engine, "许可") == ["b"]


def test_reading_and_writing_at_once(make_engine: Callable[[], Engine]) -> None:
    """Searches from several threads always see a whole state, through applies and rebuilds."""
    writer, reader = make_engine(), make_engine()
    writer.rebuild([document(f"s{n}", "零号许可", seq=0) for n in range(10)], seq=0)
    problems: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                page = search(reader, "许可", limit=20)
                if page.total != 10 or len({hit.name for hit in page.hits}) != 1:
                    problems.append([hit.name for hit in page.hits])
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seq in range(1, 9):
        state = [document(f"s{n}", f"{seq}号许可", seq=seq) for n in range(10)]
        if seq % 3:
            writer.apply(state, [], seq=seq)
        else:
            writer.rebuild(state, seq=seq)
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []


# -- what only an index in a directory has


def test_read_only_refuses_to_write_and_needs_no_directory(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "index", read_only=True)
    assert search(engine, "许可").total == 0
    with pytest.raises(EngineReadOnly):
        engine.apply([], [], seq=1)
    with pytest.raises(EngineReadOnly):
        engine.rebuild([], seq=1)
    assert not (tmp_path / "index").exists()


def test_a_held_lock_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    patient, hasty = EmbeddedEngine(tmp_path), EmbeddedEngine(tmp_path, lock_timeout=0.05)
    with hasty._locked("lock"):
        with pytest.raises(EngineBusy):
            hasty.apply([], [], seq=1)
        thread = threading.Thread(target=patient.apply, args=([], [], 2))
        thread.start()
        time.sleep(0.05)
    thread.join()
    assert hasty.applied_seq() == 2


def test_what_another_program_locks_or_spoils_is_an_engine_error(tmp_path: Path) -> None:
    """Not the ValueError that tantivy says of everything, which a drainer would take for a fault of its own."""
    engine = EmbeddedEngine(tmp_path)
    engine.apply([document("a", "许可", seq=1)], [], seq=1)
    (generation,) = tmp_path.glob("v*-*")
    index = tantivy.Index.open(str(generation))
    held = index.writer(15_000_000, 1)
    with pytest.raises(EngineError, match="cannot be written"):
        engine.apply([document("b", "许可", seq=2)], [], seq=2)
    assert (engine.applied_seq(), subjects(engine, "许可")) == (1, ["a"])
    held.wait_merging_threads()
    engine.apply([document("b", "许可", seq=2)], [], seq=2)
    assert sorted(subjects(engine, "许可")) == ["a", "b"]
    (generation / "meta.json").write_text("{", "utf-8")
    with pytest.raises(EngineError, match="cannot be written"):
        engine.apply([document("c", "许可", seq=3)], [], seq=3)


def test_a_directory_that_cannot_be_made_is_an_engine_error(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file", "utf-8")
    with pytest.raises(EngineError, match="cannot be written"):
        EmbeddedEngine(tmp_path / "index").apply([document("a", "许可")], [], seq=1)


def test_what_the_registry_fails_with_comes_out_of_a_rebuild_as_it_is(engine: Engine) -> None:
    def documents() -> Iterator[SearchDocument]:
        yield document("a", "许可", seq=1)
        raise ValueError("the registry's own")

    with pytest.raises(ValueError, match="the registry's own"):
        engine.rebuild(documents(), seq=1)
    assert engine.applied_seq() == 0


def test_an_index_of_another_version_counts_as_empty(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    engine.apply([document("a", "许可")], [], seq=5)
    (tmp_path / "CURRENT").write_text("v0-000001")
    assert (engine.applied_seq(), search(engine, "许可").total) == (0, 0)
    engine.rebuild([document("a", "许可")], seq=5)
    assert engine.applied_seq() == 5


def test_a_rebuild_leaves_one_generation(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    for seq in range(3):
        engine.rebuild([document("a", "许可")], seq=seq)
    assert len(list(tmp_path.glob("v*-*"))) == 1


def _apply_for_ever(root: Path, first: int) -> None:
    engine = EmbeddedEngine(root)
    for seq in range(first, 100_000):
        engine.apply([document(f"s{n}", f"{seq}号许可", seq=seq) for n in range(5)], [], seq=seq)


def _files(root: Path) -> set[str]:
    """Without those of a few bytes in which the engine keeps its own lists."""
    found = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(root)) for path in found} - {"rebuild.lock"}


def _write_without_room(root: Path) -> None:
    """With a limit on the size of files, which stops the engine where a full disk would: within a write."""
    engine = EmbeddedEngine(root)
    engine.apply([document("a", "旧许可", seq=1)], [], seq=1)
    before, (_, most) = _files(root), resource.getrlimit(resource.RLIMIT_FSIZE)
    words = tuple(f"{number * 7919:x}" for number in range(20))
    given = [document(f"s{n}", f"新许可{n}", texts=(*words, str(n) * 9), seq=2) for n in range(300)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, most))
    for write in (engine.apply, engine.apply, engine.rebuild):
        with pytest.raises(EngineError, match=r"worker thread|[Ff]ile too large"):
            write(given, *([()] if write == engine.apply else []), seq=2)
        assert (engine.applied_seq(), subjects(engine, "许可")) == (1, ["a"])
        assert _files(root) == before
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    engine.apply(given, [], seq=2)
    assert (engine.applied_seq(), search(engine, "许可").total) == (2, 301)
    engine.rebuild(given, seq=3)
    assert (engine.applied_seq(), search(engine, "许可").total) == (3, 300)


def test_where_there_is_no_room_nothing_is_lost_and_nothing_left_lying(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_write_without_room, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert search(EmbeddedEngine(tmp_path), "新许可").total == 300


def test_killed_at_any_moment_the_state_is_whole(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    context = multiprocessing.get_context("spawn")
    last = 0
    for _ in range(2):
        process = context.Process(target=_apply_for_ever, args=(tmp_path, last + 1))
        process.start()
        deadline = time.monotonic() + 30
        while engine.applied_seq() <= last + 3 and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.pid
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        seq = engine.applied_seq()
        assert seq > last
        assert {hit.name for hit in search(engine, "号许可").hits} == {f"{seq}号许可"}
        engine.apply([document(f"s{n}", f"{seq}号许可", seq=seq) for n in range(5)], [], seq=seq)
        engine.rebuild(list(engine.documents()), seq=seq)
        last = seq  # an older state would be left alone
