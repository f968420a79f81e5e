"""A large file is looked at by two processes: the same records, the same report, in the same order."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.exchange import spooling
from app.exchange.mapping import load_mapping
from app.exchange.reading import ImportReading, read_records
from app.exchange.synthetic import write_synthetic

Change = Any


def written(tmp_path: Path, change: Change = None) -> Path:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 150, regions=2, authorities=2)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for number, line in enumerate(lines):
        if line["kind"] == "item" and number % 7 == 0:
            line["content"]["name"] = "重名（许可)"
            line["codes"].append({"scheme": "uscc", "value": "11511602008778183X"})
        if change is not None:
            change(number, line)
    path.write_bytes(b"\n\n".join(orjson.dumps(line) for line in lines))
    return path


def read(path: Path, monkeypatch: pytest.MonkeyPatch, *, large: int) -> tuple[bytes, int, ImportReading]:
    monkeypatch.setattr(spooling, "LARGE", large)
    monkeypatch.setattr(spooling, "LINES", 20)
    monkeypatch.setattr(spooling, "_cores", lambda: 2)
    reading = read_records(path, "qingdan", every=[])
    parts = list(spooling.packed_records(reading))
    return b"".join(lines for _, lines in parts), sum(count for count, _ in parts), reading


def assert_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportReading:
    alone, count, one = read(path, monkeypatch, large=1 << 40)
    shared, as_many, other = read(path, monkeypatch, large=0)
    assert (as_many, shared) == (count, alone)
    assert other.quality.report() == one.quality.report()
    assert by_code(other) == by_code(one)
    assert [(p.code, p.where) for p in other.problems] == [(p.code, p.where) for p in one.problems]
    assert other.errors == one.errors
    return other


def by_code(reading: ImportReading) -> dict[str, list[Any]]:
    """Every finding; of each kind in the order of the file."""
    found: dict[str, list[Any]] = {}
    assert isinstance(reading.quality.every, list)
    for one in reading.quality.every:
        found.setdefault(one[1], []).append(one)
    assert {code: len(of) for code, of in found.items() if code != "not-disclosed"} == {
        code: one.count for code, one in reading.quality.findings.items()
    }
    return found


def test_two_processes_say_what_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = assert_alike(written(tmp_path), monkeypatch)
    found = reading.quality.findings
    assert {"duplicate-name", "shared-code", "bad-uscc", "mixed-brackets"} <= found.keys()


@pytest.mark.parametrize("every", [1, 50], ids=["every line", "some"])
def test_errors_are_told_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int) -> None:
    def spoil(number: int, line: dict[str, Any]) -> None:
        if number % every == every // 2:
            line["content"]["unknown_field"] = True
        if number == 77:
            line["ref"] = "synthetic-3"

    assert assert_alike(written(tmp_path, spoil), monkeypatch).refused


def test_a_process_that_cannot_help_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = subprocess.Popen

    def dies(_command: list[str], **more: Any) -> Any:
        return start(["false"], **more)

    monkeypatch.setattr(spooling.subprocess, "Popen", dies)
    assert_alike(written(tmp_path), monkeypatch)


def test_a_process_that_dies_at_work_leaves_its_parts_to_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[Any] = []

    def listen(helper: spooling.Helper, *, wait: bool = False) -> None:
        real(helper, wait=wait or not helper.there)  # from the first part on
        if len(helper.asked) == spooling.AHEAD:
            answered.append(helper.process.pid)
            helper.process.kill()
            helper.process.wait()

    real = spooling.Helper.listen
    monkeypatch.setattr(spooling.Helper, "listen", listen)
    monkeypatch.setattr(spooling, "WAITING", 2)
    assert_alike(written(tmp_path), monkeypatch)
    assert len(set(answered)) == 1


def helping() -> subprocess.Popen[bytes]:
    """The other process, at work."""
    process = spooling._started([sys.executable, "-m", "app.exchange.spooling"])
    assert process.stdin
    assert process.stdout
    spooling.send(process.stdin, (Path("none.jsonl"), load_mapping("qingdan"), None))
    assert spooling.receive(process.stdout) is True
    spooling.send(process.stdin, (0, 0, 1))
    assert spooling.receive(process.stdout) is None  # there is no such file
    return process


def test_the_other_process_ends_with_the_first_and_leaves_an_interrupt_to_it() -> None:
    process = helping()
    process.send_signal(signal.SIGINT)
    assert process.stdin
    assert process.stdout
    spooling.send(process.stdin, (0, 0, 1))
    assert spooling.receive(process.stdout) is None
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()
