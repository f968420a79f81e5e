"""What documents recorded as rounds say of an item: the rows of their annexes that a person has linked to it."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from sqlalchemy import Connection

from app.canonical import decode, encode
from app.db import TOMBSTONE, fetch
from app.versions.queries import Known

MOST = 50
_RECORDED = (
    "SELECT p.seq, p.changeset, c.hash, c.body FROM publication p JOIN content c ON c.hash = p.statement"
    " WHERE p.seq > ? AND p.seq <= ? AND p.kind = 'round' AND p.changeset IS NOT NULL ORDER BY p.seq"
)
_ENTRY = "SELECT hash FROM log_entry WHERE seq = ?"
_BODY = "SELECT body FROM content WHERE hash = ?"
_ROW = "SELECT substr(body, ?, ?) FROM content WHERE hash = ? AND length(body) = ?"


class Place(NamedTuple):
    """Where a row stands: ``start`` (from 1) and ``length`` in bytes of the ``whole`` of a content. In the order in
    which rows are told, the oldest document first."""

    date: str
    round: str
    number: int
    seq: int
    statement: str
    rows: str
    start: int
    length: int
    whole: int


class LinkedRows:
    """By item, where the rows linked to it stand; never their words, which may be redacted. One per process.

    Each publication is read once. What is published does not change, so that what is held stays true while the
    log it was read from goes on; where it does not (another database in its place), all of it is read anew.
    """

    def __init__(self) -> None:
        self._places: dict[str, list[Place]] = {}
        self._seq, self._hash = 0, ""
        self._lock = threading.Lock()

    def has_read(self, seq: int, hash_: str) -> bool:
        """Whether all is read up to an entry of the log, by its hash: what is asked of it then takes little."""
        return (self._seq, self._hash) == (seq, hash_)

    def about(self, connection: Connection, item: str, known: Known) -> list[dict[str, Any]]:
        """``{"round", "title", "document", "row"}`` of each such row, oldest document first; at most 50."""
        with self._lock:
            self._catch_up(connection, known.seq)
            held = self._places.get(item)
            places = [one for one in held if one.seq <= known.seq][:MOST] if held else []
        return [told for one in places if (told := _told(connection, one)) is not None]

    def _catch_up(self, connection: Connection, seq: int) -> None:
        """Read what was published up to ``seq`` since it was last asked."""
        if self._seq and _hash_of(connection, self._seq) != self._hash:
            self._places, self._seq = {}, 0
        if seq <= self._seq:
            return
        touched: set[str] = set()
        for published, changeset, hash_, body in fetch(connection, _RECORDED, (self._seq, seq)):
            for item, place in _places(connection, published, changeset, hash_, bytes(body)):
                self._places.setdefault(item, []).append(place)
                touched.add(item)
        for item in touched:
            self._places[item].sort()
        self._seq, self._hash = seq, _hash_of(connection, seq)


def _hash_of(connection: Connection, seq: int) -> str:
    rows = fetch(connection, _ENTRY, (seq,))
    return str(rows[0][0]) if rows else ""


def _places(
    connection: Connection, seq: int, changeset: str, hash_: str, body: bytes
) -> list[tuple[str, Place]]:
    """Of one publication: each linked item with the place of its row."""
    if b'"stated"' not in body:
        return []
    statement = decode(body)
    named = statement.get("rows")
    found = fetch(connection, _BODY, (named["hash"],)) if named else []
    if not found or (data := bytes(found[0][0])) == TOMBSTONE:
        return []
    date = (statement.get("document") or {}).get("document_date") or "9999"
    places, start = [], 2  # behind the bracket
    for number, row in enumerate(decode(data)):
        length = len(encode(row))  # as canonical alone as among the others
        if item := row.get("item"):
            place = Place(date, changeset, number, seq, hash_, named["hash"], start, length, len(data))
            places.append((item, place))
        start += length + 1
    return places


def _told(connection: Connection, place: Place) -> dict[str, Any] | None:
    """None where the row or the words of its round were redacted since."""
    row = fetch(connection, _ROW, (place.start, place.length, place.rows, place.whole))
    statement = fetch(connection, _BODY, (place.statement,))
    if not row or not statement or (body := bytes(statement[0][0])) == TOMBSTONE:
        return None
    said = decode(body)
    told = {"round": place.round, "title": said.get("title"), "document": said.get("document")}
    return told | {"row": decode(bytes(row[0][0]))}
