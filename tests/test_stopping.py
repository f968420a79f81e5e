"""A served registry says why it does not start, and stops at once when it is asked to."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from awaiting import wait_for
from looping import on_a_loop

from app.api.events import MOST_WAIT
from app.db import Database, has_refused
from app.stopping import told_to_stop
from app.watching import HeadWatch

LONG = 120
"""Seconds that a process may take to start or to end on a machine under load."""
Start = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, sqlite_template: Path) -> Iterator[Start]:
    """Starts ``qingdan serve`` over a registry with nothing in it."""
    shutil.copy(sqlite_template, tmp_path / "qingdan.db")
    started: list[subprocess.Popen[str]] = []

    def begin(*asked: str, **settings: str) -> subprocess.Popen[str]:
        environment = os.environ | {"QINGDAN_DATA_DIR": str(tmp_path)} | settings
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve", *asked]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(
            subprocess.Popen(command, env=environment, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
        )
        return started[-1]

    yield begin
    for one in started:
        with suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.communicate()


def said_by(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout is not None
    return next(line for line in process.stdout if words in line)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_follows_the_changes_does_not_hold_up_a_stop(start: Start, workers: str) -> None:
    port = free_port()
    served = start("--port", str(port), "--workers", workers)
    said_by(served, "清单已启动")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as client:
        follow = f"/api/v1/changes?wait={MOST_WAIT}"
        with ThreadPoolExecutor(6) as pool:
            followers = [pool.submit(client.get, follow) for _ in range(6)]

            def waiting() -> int:
                """In whichever process answers: not all of them need be in the same."""
                (line,) = (
                    one
                    for one in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
                    if one.startswith("qingdan_waiting_readers ")
                )
                return int(line.split()[1])

            wait_for(lambda: waiting() > 0)
            served.send_signal(signal.SIGTERM)
            assert served.wait(MOST_WAIT - 10) in (0, -signal.SIGTERM)
            ended = [one.result().json() for one in followers if one.exception() is None]
    assert ended
    assert all(one["changes"] == [] and one["next"] is None for one in ended)


def test_a_watch_that_is_ended_lets_everybody_go(make_sqlite: Callable[..., Database]) -> None:
    watch = HeadWatch(make_sqlite())

    async def connected() -> bool:
        return False

    async def follow_and_end() -> float:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONG
        waiting = [asyncio.create_task(watch.beyond(2**40, until, connected)) for _ in range(3)]
        while watch.waiting < 3:
            await asyncio.sleep(0)
        watch.end()
        await asyncio.gather(*waiting)
        await watch.beyond(2**40, until, connected)
        return until - loop.time()

    assert not watch._is_ended
    assert on_a_loop(follow_and_end()) > LONG / 2
    assert (watch.is_open, watch.waiting) == (False, 0)


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    async def within() -> None:
        with told_to_stop(lambda: None):
            pass

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=asyncio.run, args=(within(),))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before


# --- not starting


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_is_told(start: Start, workers: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        served = start("--port", str(port), "--workers", workers)
        out, errors = served.communicate(timeout=LONG)
    assert (served.returncode, "清单已启动" in out) == (1, False)
    assert errors.startswith(f"未执行：不能监听 127.0.0.1:{port}：这个端口已被别的程序占用，")
    assert errors.endswith("（cannot-listen）\n"), "one line, and nothing else"


def test_an_address_of_another_machine_is_told(start: Start) -> None:
    served = start("--host", "192.0.2.1", "--port", str(free_port()))
    _, errors = served.communicate(timeout=LONG)
    assert served.returncode == 1
    assert "请检查 --host" in errors


@pytest.mark.parametrize("workers", ["1", "2"])
def test_processes_that_cannot_start_end_the_command_with_a_reason(
    start: Start, tmp_path: Path, workers: str
) -> None:
    """As where half of an update lies in place: the command runs, the application cannot be loaded."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text("import sys; sys.modules['app.main'] = None")
    path = os.pathsep.join([str(broken), *sys.path])
    served = start("--port", str(free_port()), "--workers", workers, PYTHONPATH=path)
    out, errors = served.communicate(timeout=LONG)
    assert served.returncode != 0
    assert "清单已启动" not in out
    assert "app.main" in errors
    assert ("（worker-failed）" in errors) == (workers == "2")


def test_a_process_that_is_killed_is_replaced(start: Start) -> None:
    port = free_port()
    served = start("--port", str(port), "--workers", "2")
    said_by(served, "清单已启动")

    def workers() -> set[str]:
        children = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split()
        with suppress(OSError):
            return {one for one in children if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()}
        return set()

    before = workers()
    os.kill(int(min(before)), signal.SIGKILL)
    wait_for(lambda: len(workers() - before) == 1 and len(workers()) == 2)
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=LONG).text == "ok"


def test_workers_end_when_what_watches_over_them_is_killed(start: Start) -> None:
    port = free_port()
    served = start("--port", str(port), "--workers", "2")
    said_by(served, "清单已启动")
    served.kill()
    served.communicate(timeout=LONG)  # whoever lives keeps the pipes open
    with socket.socket() as another:
        another.bind(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("words", "is_final"),
    [
        ('FATAL:  database "qingdan" does not exist', True),
        ('FATAL:  password authentication failed for user "qingdan"', True),
        ('致命错误:  数据库 "qingdan" 不存在', True),
        ("Connection refused", False),
        ("FATAL:  the database system is starting up", False),
        ("FATAL:  sorry, too many clients already", False),
    ],
)
def test_a_server_that_will_not_have_us_is_told_from_one_that_is_away(words: str, is_final: bool) -> None:
    assert has_refused(OSError(words)) is is_final


def test_a_database_that_the_server_does_not_have_is_not_served(
    start: Start, postgresql_server: object
) -> None:
    address = postgresql_server.get_uri(database="no_such_database")  # type: ignore[attr-defined]
    served = start("--port", str(free_port()), QINGDAN_DATABASE_URL=address)
    out, errors = served.communicate(timeout=LONG)
    assert (served.returncode, out) == (1, "")
    assert "no_such_database" in errors
    assert errors.strip().endswith("（database-away）")


def test_a_server_that_is_away_is_told_and_waited_for(start: Start) -> None:
    address = f"postgresql://127.0.0.1:{free_port()}/qingdan"
    served = start("--port", str(free_port()), QINGDAN_DATABASE_URL=address)
    assert "服务先启动，数据库恢复后即可使用" in said_by(served, "数据库没有应答")
    said_by(served, "清单已启动")
