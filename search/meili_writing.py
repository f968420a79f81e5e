"""Writing to a Meilisearch server: an apply as one task, a rebuild beside the index that answers, the swap."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple, TypeVar

import orjson
from meilisearch import Client
from meilisearch.models.document import DocumentsResults
from meilisearch.models.task import TaskInfo

from search.engine import EngineBusy, EngineError, SearchDocument
from search.meili_documents import MARKER, blank, index_settings, marker, to_index, tombstone
from search.meili_filters import one_of
from search.meili_server import NoIndex, Server
from search.meili_text import read, written
from search.values import from_source

_PAGE = 1000  # documents of a call
_MOST_BYTES = 20_000_000  # of a task; the server takes 100 MB
_AT_ONCE = 4  # tasks of a rebuild that may wait at the server
_SWAP_SECONDS = 600
_WRITES = "documentAdditionOrUpdate"

T = TypeVar("T")
Asking = Callable[[Callable[[Any], Any]], Any]


class State(NamedTuple):
    """What the marker of an index says."""

    seq: int
    batch: int
    build: str  # the rebuild that filled it; after a swap another


class Writer:
    """Not for several threads at once; MeiliEngine sees to that."""

    def __init__(self, server: Server, prefix: str, index: str) -> None:
        self._server = server
        self._prefix = prefix
        self._index = index

    # -- what is there

    def state(self, asking: Asking, index: str = "") -> State:
        """Raises NoIndex."""
        question = {"filter": f"role = {MARKER}", "limit": 1, "attributesToRetrieve": [*State._fields]}
        found = asking(lambda client: client.index(index or self._index).search("", question))["hits"]
        return State(**found[0]) if found else State(0, 0, "")

    def documents(self) -> Iterator[SearchDocument]:
        try:
            for found in self._fetched(self._index, "role = document", ["source"]):
                yield from_source(found["source"])
        except NoIndex:
            return

    def _fetched(self, index: str, condition: str, fields: list[str]) -> Iterator[dict[str, Any]]:
        offset, total = 0, 1
        while offset < total:
            asked = {"filter": condition, "fields": fields, "limit": _PAGE, "offset": offset}
            page = self._server.writing(partial(_documents, index=index, asked=asked))
            yield from map(dict, page.results)
            offset, total = offset + _PAGE, page.total

    # -- apply

    def apply(self, documents: list[SearchDocument], removed: dict[str, int], seq: int) -> None:
        """`removed` says at which seq each subject was removed."""
        to_index_at_zero = [
            to_index(document, 0) for document in documents
        ]  # refused before anything is done
        del to_index_at_zero
        began, state = self._begun()
        batch = state.batch + 1
        changes = self._changes(documents, removed, batch)
        done = self._add(self._index, changes, marker(max(seq, state.seq), batch, state.build))
        self._tidy(changes)
        self._alone_since(began, done, state.build)

    def _changes(
        self, documents: list[SearchDocument], removed: dict[str, int], batch: int
    ) -> list[dict[str, Any]]:
        newest: dict[str, int] = {}
        for document in documents:
            newest[document.subject] = max(document.seq, newest.get(document.subject, 0))
        removed = {subject: at for subject, at in removed.items() if subject not in newest}
        stored = self._stored([*newest, *removed])
        written_ = {
            subject
            for subject, at in (removed | newest).items()
            if max((one["seq"] for one in stored.get(subject, ())), default=-1) <= at
        }
        changes = [to_index(document, batch) for document in documents if document.subject in written_]
        changes += [tombstone(s, at, batch) for s, at in removed.items() if s in written_]
        put = {one["key"] for one in changes}
        gone = [
            one["key"] for subject in written_ for one in stored.get(subject, ()) if one["key"] not in put
        ]
        return changes + [blank(key, batch) for key in gone]

    def _stored(self, subjects: list[str]) -> dict[str, list[dict[str, Any]]]:
        """{subject: its documents and its tombstone, each with key and seq}."""
        found: dict[str, list[dict[str, Any]]] = {}
        for start in range(0, len(subjects), _PAGE):
            condition = one_of("subject", map(written, subjects[start : start + _PAGE]))
            for one in self._fetched(self._index, condition, ["key", "subject", "seq"]):
                found.setdefault(read(one["subject"]), []).append(one)
        return found

    def _add(self, index: str, changes: list[dict[str, Any]], last: dict[str, Any]) -> list[int]:
        """One task, or several where it would be too large; the marker goes with the last."""
        parts = _parts(iter([*changes, last]))
        return [uid for part in parts for uid in self._server.doing(_adding(index, part))]

    def _tidy(self, changes: list[dict[str, Any]]) -> None:
        """Nobody finds what is blank; nobody waits until it is gone."""
        if any(one["role"] == "blank" for one in changes):
            self._server.writing(
                lambda client: client.index(self._index).delete_documents(filter="role = blank")
            )

    def _begun(self) -> tuple[int, State]:
        """The last task that wrote to the index, and the state it left; what is not there is made first."""
        try:
            return self._last_task(), self.state(self._server.writing)
        except NoIndex:
            self._create(self._index)
            self._add(self._index, [], marker(0, 0, ""))
            return self._last_task(), self.state(self._server.writing)

    def _create(self, index: str) -> None:
        """Two that create it at once both find it there."""
        try:
            self._server.doing(lambda client: client.create_index(index, {"primaryKey": "key"}))
        except EngineError as error:
            if "already exists" not in str(error):
                raise
        self._server.doing(lambda client: client.index(index).update_settings(index_settings()))

    # -- others

    def _last_task(self) -> int:
        """The last task that wrote to the index, waited for: what a killed process left is done first."""
        found = self._tasks(limit=1)
        if found and found[0].status in ("enqueued", "processing"):
            self._server.wait(found[0].uid)
        return found[0].uid if found else -1

    def _alone_since(self, began: int, done: list[int], build: str) -> None:
        others = {task.uid for task in self._tasks(limit=1000) if began < task.uid < done[-1]} - {*done}
        if others or self.state(self._server.writing).build != build:
            raise EngineBusy("another process wrote to the search index meanwhile")

    def _tasks(self, limit: int, index: str = "") -> list[Any]:
        asked = {"indexUids": index or self._index, "types": _WRITES, "limit": limit}
        return list(self._server.writing(lambda client: client.get_tasks(dict(asked))).results)

    # -- rebuild

    def begin(self) -> int:
        """The batch of the last apply that a rebuild need not carry over."""
        return self._begun()[1].batch

    def build(self, documents: Iterable[SearchDocument], seq: int, batch: int) -> str:
        """Fill an index beside the one that answers; its name. Nothing is left of it where that fails."""
        index = f"{self._index}_{uuid.uuid4().hex[:12]}"
        self._create(index)
        try:
            count, waiting = 0, []
            for part in _parts(to_index(document, batch) for document in documents):
                count += len(part)
                waiting.append(self._server.writing(_adding(index, part)).task_uid)
                if len(waiting) >= _AT_ONCE:
                    self._server.wait_all([waiting.pop(0)])
            self._server.wait_all(waiting)
            self._add(index, [], marker(seq, batch, index))
            found = self._server.writing(lambda client: client.index(index).get_stats())
            if found.number_of_documents != count + 1:
                raise EngineError(f"{count} documents were sent, {found.number_of_documents - 1} are there")
        except BaseException:
            self._drop(index)
            raise
        return index

    def swap(self, building: str, batch: int) -> None:
        """Carry over what was applied meanwhile, then let the new index answer under the old name."""
        try:
            self._carry_over(self._index, building, batch)
            carried = self._last_task()
            swap: list[Any] = [{"indexes": [self._index, building]}]
            swapped = self._server.writing(lambda client: client.swap_indexes(swap)).task_uid
            self._wait_for_build(building)
        except BaseException:
            self._drop(building)
            raise
        # Tasks change their index with the swap: what the old one took is listed under the other name now.
        late = [task for task in self._tasks(1000, building) if carried < task.uid < swapped]
        if late:  # another process applied between carrying over and swapping
            self._carry_over(building, self._index, batch)
        self._remove_others()

    def _wait_for_build(self, building: str) -> None:
        """The server tells of a swap only to keys that see every index, so the marker is looked at."""
        deadline = time.monotonic() + _SWAP_SECONDS
        while self.state(self._server.writing).build != building:
            if time.monotonic() > deadline:
                raise EngineError(f"the new search index is not in its place after {_SWAP_SECONDS} s")
            time.sleep(0.02)

    def _carry_over(self, old: str, new: str, after_batch: int) -> None:
        state = self.state(self._server.writing, old)
        if state.batch == after_batch:
            return
        documents: list[SearchDocument] = []
        removed: dict[str, int] = {}
        fields = ["role", "subject", "seq", "source"]
        for one in self._fetched(old, f"batch > {after_batch}", fields):
            if one["role"] == "document":
                documents.append(from_source(one["source"]))
            elif one["role"] == "tombstone":
                removed[read(one["subject"])] = one["seq"]
        other = Writer(self._server, self._prefix, new)
        into = other.state(self._server.writing)
        seq = max(state.seq, into.seq)
        self._add(new, other._changes(documents, removed, state.batch), marker(seq, state.batch, into.build))

    def _remove_others(self) -> None:
        """What was swapped away, what killed rebuilds left, and indexes of other versions."""
        found = self._server.writing(lambda client: client.get_raw_indexes({"limit": 1000}))
        names = [one["uid"] for one in (found["results"] if isinstance(found, dict) else found)]
        for name in names:
            if name.startswith(f"{self._prefix}_v") and name != self._index:
                self._drop(name)

    def _drop(self, index: str) -> None:
        try:
            self._server.doing(lambda client: client.delete_index(index))
        except NoIndex:
            return


def _documents(client: Client, index: str, asked: dict[str, Any]) -> DocumentsResults:
    return client.index(index).get_documents({**asked})


def _adding(index: str, documents: list[dict[str, Any]]) -> Callable[[Any], TaskInfo]:
    body = orjson.dumps(documents)
    return lambda client: client.index(index).add_documents_json(body)


def _parts(documents: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part, size = [], 0
    for document in documents:
        part.append(document)
        size += sum(map(len, map(str, document.values()))) * 2
        if size > _MOST_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
