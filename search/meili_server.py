"""Speaking with a Meilisearch server: errors in our words, tasks awaited, failures tried again.

The official client keeps one set of headers that every call changes, so each thread has a client of its own.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import meilisearch
import requests
from meilisearch.errors import MeilisearchApiError, MeilisearchError
from meilisearch.models.task import TaskInfo

from search.engine import EngineError, EngineReadOnly

logger = logging.getLogger(__name__)

_READ_SECONDS = 5  # a search that takes longer is answered by the database instead
_WRITE_SECONDS = 60
_PAUSES = (0.2, 1.0, 3.0)  # before a failed call or task is tried again
_FIRST_LOOK, _LONGEST_LOOK = 0.005, 0.25  # seconds between looks at a task
_REFUSED = {"invalid_api_key", "missing_authorization_header"}
_PASSING = {"internal", "system"}  # types of errors that may pass: the disk full, a restart

T = TypeVar("T")


class Refusal(EngineError):
    """The server understood and will not: asking again helps nothing."""


class NoIndex(Refusal):
    """There is no index of this name yet."""


class Server:
    """One address with a key for reading and one for writing."""

    def __init__(self, url: str, search_key: str, index_key: str | None, task_seconds: float = 600.0) -> None:
        """`task_seconds`: how long a task may take before it counts as failed."""
        self._pauses = _PAUSES
        self._url = url.rstrip("/")
        self._keys = {False: search_key, True: index_key}
        self._task_seconds = task_seconds
        self._local = threading.local()

    def reading(self, call: Callable[[meilisearch.Client], T]) -> T:
        """Raises NoIndex, EngineError; at once, for someone waits for the answer."""
        return self._call(call, write=False)

    def writing(self, call: Callable[[meilisearch.Client], T]) -> T:
        """The same with the key for writing, tried again while the server is away."""
        if self._keys[True] is None:
            raise EngineReadOnly("no key for writing to the search server is set (QINGDAN_INDEX_KEY)")
        for pause in self._pauses:
            try:
                return self._call(call, write=True)
            except Refusal:
                raise
            except EngineError as error:
                logger.warning("the search server failed, trying again in %.1f s: %s", pause, error)
                time.sleep(pause)
        return self._call(call, write=True)

    def doing(self, call: Callable[[meilisearch.Client], TaskInfo]) -> list[int]:
        """Enqueue a task and wait until it is done; tried again where what stopped it may pass.

        The uid of each try, the last of which succeeded.
        """
        tried: list[int] = []
        for pause in (*self._pauses, None):
            uid = self.writing(call).task_uid
            tried.append(uid)
            error = self.wait(uid)
            if not error:
                return tried
            if pause is None or error.get("type") not in _PASSING:
                break
            logger.warning("task %d failed, trying again in %.1f s: %s", uid, pause, error.get("message"))
            time.sleep(pause)
        raise _failed(error)

    def wait(self, uid: int) -> dict[str, Any]:
        """What stopped the task, {} where it succeeded. Raises EngineError if it takes too long."""
        deadline, pause = time.monotonic() + self._task_seconds, _FIRST_LOOK
        while time.monotonic() < deadline:
            task = self.writing(lambda client: client.get_task(uid))
            if task.status == "succeeded":
                return {}
            if task.status in ("failed", "canceled"):
                return dict(task.error or {"message": f"task {uid} was {task.status}"})
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_LOOK)
        raise EngineError(f"task {uid} of the search server is not done after {self._task_seconds:g} s")

    def wait_all(self, uids: Iterable[int]) -> None:
        for uid in uids:
            if error := self.wait(uid):
                raise _failed(error)

    def _call(self, call: Callable[[meilisearch.Client], T], *, write: bool) -> T:
        try:
            return call(self._client(write))
        except MeilisearchApiError as error:
            # Just created, by us or by one that was killed: not there until it has its settings.
            bare = "does not have configured filterable attributes" in error.message
            if error.code == "index_not_found" or bare:
                raise NoIndex(error.message) from error
            if error.code in _REFUSED:
                name = "QINGDAN_INDEX_KEY" if write else "QINGDAN_SEARCH_KEY"
                raise Refusal(f"the search server refuses the key of {name}: {error.message}") from error
            kind = Refusal if error.status_code < 500 else EngineError
            raise kind(f"the search server refused: {error.message}") from error
        except (MeilisearchError, requests.RequestException) as error:
            raise EngineError(f"the search server cannot be reached: {error}") from error

    def _client(self, write: bool) -> meilisearch.Client:
        clients: dict[bool, meilisearch.Client] = self._local.__dict__.setdefault("clients", {})
        if write not in clients:
            seconds = _WRITE_SECONDS if write else _READ_SECONDS
            clients[write] = meilisearch.Client(self._url, self._keys[write] or None, timeout=seconds)
        return clients[write]


def _failed(error: dict[str, Any]) -> EngineError:
    if error.get("code") == "index_not_found":
        return NoIndex(str(error.get("message")))
    return EngineError(f"a task of the search server failed: {error.get('message')}")
