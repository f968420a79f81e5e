"""A copy of a registry's items, kept in step: what the server's export says, byte for byte.

It is a file of SQLite with the items and the events told so far. Whatever is taken over is taken over whole: killed
at any moment, or given the same again, it goes on where it was.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from .calling import Client, Gone, Problem
from .shapes import Event, Item

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, line BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0);
"""
_ID = re.compile(rb'^\{"id":"([^"\\]+)"')
_DAY = re.compile(rb'"on":"[^"\\]*","planned":')
_KNOWN = re.compile(rb'"known_at":"[^"\\]*","seq":[0-9]+')
"""Where an answer names its day and the log entry it rests on. A quotation mark within a text is escaped, so that
neither is found in one; the content comes after both."""


ANOTHER_LOG = ("since-after-head", "since-hash-differs")
"""Refusals of a server that was restored from a backup: what is held is of another log."""
NAMED = 1000
"""Subjects that a redaction names at most: where it names so many, it may concern others too."""


class Copy:
    """``path``: the file; none: kept in memory. ``part``: ``region``, ``authority`` or ``type`` to copy alone."""

    def __init__(self, client: Client, path: str | Path = ":memory:", **part: str) -> None:
        self.client, self.part = client, part
        self._kept = sqlite3.connect(path, isolation_level=None)
        self._kept.executescript(_SCHEMA)
        self._kept.execute("PRAGMA secure_delete = ON")  # what was taken back is not to stay in the file
        asked = json.dumps(part, sort_keys=True)
        if self._get("part", asked) != asked:
            raise ValueError(f"{path} is a copy of another part: {self._get('part', '')}")
        self._set("part", asked)

    # --- what it holds

    @property
    def seq(self) -> int:
        """The log entry that the items are as of; 0 before the first export."""
        return int(self._get("seq", "0"))

    @property
    def on(self) -> str:
        """The day that the items are of."""
        return self._get("on", "")

    def item(self, item_id: str) -> Item | None:
        row = self._kept.execute("SELECT line FROM item WHERE id = ?", (item_id,)).fetchone()
        return json.loads(self._dated(row[0])) if row else None

    def lines(self) -> Iterator[bytes]:
        """What the server's export would say now, line by line, ends included."""
        for (line,) in self._kept.execute("SELECT line FROM item ORDER BY id"):
            yield self._dated(line) + b"\n"

    def __len__(self) -> int:
        return int(self._kept.execute("SELECT count(*) FROM item").fetchone()[0])

    def events(self, after: int = 0) -> Iterator[Event]:
        """The events taken over so far, in log order, each once."""
        for (body,) in self._kept.execute(
            "SELECT body FROM event WHERE seq > ? AND body <> '' ORDER BY seq", (after,)
        ):
            yield json.loads(body)

    # --- keeping in step

    def sync(self) -> int:
        """Bring the items up to the server's now and take over what was recorded meanwhile. Returns the number of new
        events. Raises Gone, Problem: then nothing is lost, and it is called again."""
        if not self._get("begun", ""):
            self._begin()
        try:
            new = self._take_events()
            self._take_items()
            self._tell_anew()
        except Problem as problem:
            if problem.code not in ANOTHER_LOG:
                raise
            self._begin()
            return 0
        return new

    def follow(self, wait: int = 30) -> Iterator[Event]:
        """Keep in step for ever, yielding each event after the items stand as of it. An event is marked as told when
        the next is asked for: one who stops in between is told it again, and by its ``seq`` knows."""
        while True:
            self.sync()
            told = 0
            for seq, body in self._kept.execute(
                "SELECT seq, body FROM event WHERE told = 0 AND body <> '' ORDER BY seq"
            ).fetchall():
                yield json.loads(body)
                self._kept.execute("UPDATE event SET told = 1 WHERE seq = ?", (seq,))
                told += 1
            if not told:
                self._wait(wait)

    def _wait(self, seconds: int) -> None:
        try:
            self.client.changes(**self._followed(), wait=seconds, limit=1)
        except Problem as problem:
            if problem.code not in ANOTHER_LOG:
                raise

    def _begin(self) -> None:
        """Everything anew: the first time, or where the server went back behind what the copy knows."""
        headers, lines = self.client.export(**self.part)
        with self._whole():
            self._kept.execute("DELETE FROM item")
            self._kept.execute("DELETE FROM event")
            self._put(lines)
            self._stand(headers)
            self._set("followed", headers["x-log-seq"])
            self._set("followed_hash", headers.get("x-log-hash", ""))
            self._set("begun", "1")

    def _take_items(self) -> None:
        since = {"since": self.seq, "since_on": self.on, "since_hash": self._get("hash", "") or None}
        headers, lines = self.client.export(**since, **self.part)
        with self._whole():
            self._put(lines)
            self._stand(headers)

    def _take_events(self) -> int:
        """Page by page, each with the place to go on from: a page that comes again adds nothing."""
        before = self._counted()
        while True:
            page = self.client.changes(**self._followed(), limit=500, **self._feed_part())
            with self._whole():
                self._hold(page["changes"])
                is_last = page["next"] is None
                self._set("followed", str(page["seq"] if is_last else page["next"]))
                self._set("followed_hash", page.get("hash", "") if is_last else "")
            if page["next"] is None:
                return self._counted() - before

    def deliver(self, events: Iterable[Event]) -> None:
        """Take events over, from wherever they come (a webhook too); one that is held already is passed over."""
        with self._whole():
            self._hold(events)

    def _hold(self, events: Iterable[Event]) -> None:
        listed = list(events)
        for event in listed:
            if (event["event"] == "redact" or event.get("withheld")) and not self._holds(event["seq"]):
                self._take_back(event.get("subjects") or [event["subject"]])
        rows = [(event["seq"], json.dumps(event, ensure_ascii=False, sort_keys=True)) for event in listed]
        self._kept.executemany("INSERT OR IGNORE INTO event (seq, body) VALUES (?, ?)", rows)

    def _holds(self, seq: int) -> bool:
        return self._kept.execute("SELECT 1 FROM event WHERE seq = ?", (seq,)).fetchone() is not None

    def _take_back(self, subjects: Collection[str]) -> None:
        """Words about these subjects are not to be kept: events that name one are emptied, and asked for anew."""
        for seq, body in self._kept.execute("SELECT seq, body FROM event WHERE body <> ''").fetchall():
            if len(subjects) >= NAMED or any(one in body for one in subjects):
                self._kept.execute("UPDATE event SET body = '' WHERE seq = ?", (seq,))

    def _tell_anew(self) -> None:
        """Events that were emptied, as the server tells them now; those that it does not tell any more are dropped."""
        while True:
            first = self._kept.execute("SELECT min(seq) FROM event WHERE body = ''").fetchone()[0]
            if first is None:
                return
            page = self.client.changes(first - 1, limit=200, **self._feed_part())
            reached = max(first, page["seq"] if page["next"] is None else page["next"])
            with self._whole():
                self._kept.executemany(
                    "UPDATE event SET body = ? WHERE seq = ? AND body = ''",
                    [
                        (json.dumps(one, ensure_ascii=False, sort_keys=True), one["seq"])
                        for one in page["changes"]
                    ],
                )
                self._kept.execute("DELETE FROM event WHERE body = '' AND seq <= ?", (reached,))

    def _followed(self) -> dict[str, Any]:
        """From where on the feed is followed, and the log's hash there where it is known."""
        return {
            "since": int(self._get("followed", "0")),
            "since_hash": self._get("followed_hash", "") or None,
        }

    def _feed_part(self) -> dict[str, Any]:
        return {name: value for name, value in self.part.items() if name != "type"}

    def _counted(self) -> int:
        return int(self._kept.execute("SELECT count(*) FROM event").fetchone()[0])

    def _put(self, lines: Iterable[bytes]) -> None:
        gone = []
        for line in lines:
            found = _ID.match(line)
            if found is None:
                raise Gone(f"a line that is no item: {line[:80]!r}")
            item_id = found[1].decode()
            if line.endswith(b'","gone":true}'):
                self._kept.execute("DELETE FROM item WHERE id = ?", (item_id,))
                gone.append(item_id)
            else:
                self._kept.execute("INSERT OR REPLACE INTO item (id, line) VALUES (?, ?)", (item_id, line))
        if gone:
            self._take_back(gone)  # it may have become internal: then the feed tells nothing of it any more

    def _stand(self, headers: dict[str, str]) -> None:
        for name, header in (("seq", "x-log-seq"), ("known_at", "x-known-at"), ("on", "x-on")):
            self._set(name, headers[header])
        self._set("hash", headers.get("x-log-hash", ""))

    def _dated(self, line: bytes) -> bytes:
        """A line as of the copy's day and log entry: all that changes in those that nothing happened to."""
        line = _DAY.sub(b'"on":"%s","planned":' % self.on.encode(), line, count=1)
        known = b'"known_at":"%s","seq":%d' % (self._get("known_at", "").encode(), self.seq)
        return _KNOWN.sub(known, line, count=1)

    def _get(self, name: str, default: str) -> str:
        row = self._kept.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def _set(self, name: str, value: str) -> None:
        self._kept.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value))

    def _whole(self) -> _Whole:
        return _Whole(self._kept)

    def close(self) -> None:
        self._kept.close()


class _Whole:
    """All that is written within, or nothing of it."""

    def __init__(self, kept: sqlite3.Connection) -> None:
        self._kept = kept

    def __enter__(self) -> None:
        self._kept.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._kept.execute("COMMIT" if kind is None else "ROLLBACK")
