"""A real Meilisearch server to measure and to test on, where one is at hand.

``QINGDAN_TEST_MEILI_URL`` with ``QINGDAN_TEST_MEILI_KEY`` (its master key), or a ``meilisearch`` on the path, which
is started on loopback in a directory of its own.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import meilisearch

from search import meili_keys
from search.meilisearch import MeiliEngine

MISSING = "no Meilisearch server at hand: QINGDAN_TEST_MEILI_URL is not set and no meilisearch is on the path"


class MeiliServer:
    """A server with its master key; whoever asks it gets keys of least rights."""

    def __init__(self, url: str, master: str) -> None:
        self.url, self.master = url, master

    @property
    def admin(self) -> meilisearch.Client:
        return meilisearch.Client(self.url, self.master, timeout=30)

    @property
    def version(self) -> str:
        return self.admin.get_version()["pkgVersion"]

    def engine(self, prefix: str, **more: Any) -> MeiliEngine:
        keys = meili_keys.make(self.url, self.master, prefix)
        return MeiliEngine(self.url, keys.search, keys.writing, prefix=prefix, **more)

    def forget(self, prefix: str) -> None:
        """Remove the indexes of this prefix."""
        found: Any = self.admin.get_raw_indexes({"limit": 1000})
        for index in found["results"]:
            if index["uid"].startswith(f"{prefix}_v"):
                self.admin.delete_index(index["uid"])


class OwnServer(MeiliServer):
    """A process on loopback."""

    def __init__(self, program: str, directory: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        super().__init__(f"http://127.0.0.1:{port}", secrets.token_urlsafe(24))
        self._program, self._directory = program, directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        at = self._directory
        at.mkdir(parents=True, exist_ok=True)
        options = {
            "--http-addr": self.url.removeprefix("http://"),
            "--master-key": self.master,
            "--db-path": at / "data",
            "--dump-dir": at / "dumps",
            "--snapshot-dir": at / "snapshots",
            "--log-level": "ERROR",
            # By default it takes two thirds of the memory for each task, and seconds to lay hands on it.
            "--max-indexing-memory": "200MiB",
        }
        given = [str(part) for option in options.items() for part in option]
        self._process = subprocess.Popen(
            [self._program, "--no-analytics", *given],
            cwd=at,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not self.admin.is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the Meilisearch server did not start")
            time.sleep(0.05)

    def end(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None


def program() -> str | None:
    return shutil.which("meilisearch")


@contextmanager
def at_hand(directory: Path) -> Iterator[MeiliServer | None]:
    """None where there is no server."""
    url, found = os.environ.get("QINGDAN_TEST_MEILI_URL"), program()
    if url:
        yield MeiliServer(url, os.environ.get("QINGDAN_TEST_MEILI_KEY", ""))
    elif found:
        server = OwnServer(found, directory)
        try:
            server.start()
            yield server
        finally:
            server.end()
    else:
        yield None
