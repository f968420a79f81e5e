"""Where else redacted words are written: changesets, their events, comparisons, answers kept for repeated POSTs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text

from app import log
from app.canonical import decode, encode
from app.changes.reviews import forget
from app.db import TOMBSTONE

SHORTEST, RUN = 4, 8
"""Characters: what is shorter is a code, or everybody's word; so many in a row are a quotation."""
TITLE = "（标题已依令删改）"
PLACEHOLDER = "（已依令删改）"
"""In the place of a text that quotes what was redacted; the name of what goes on after its name was taken away."""
OPEN = ("draft", "submitted", "returned", "approved")

_ITS_CHANGESETS = text(
    "SELECT DISTINCT p.changeset FROM publication p WHERE p.changeset IS NOT NULL AND (p.statement = :h"
    " OR p.seq IN (SELECT publication FROM revision WHERE content = :h"
    " UNION SELECT publication FROM void WHERE statement = :h"
    " UNION SELECT publication FROM decision WHERE creates = :h OR changes = :h OR statement = :h))"
)
_ITS_SUBJECTS = (
    "SELECT subject_id FROM revision WHERE content = :h"
    " UNION SELECT subject_id FROM decision WHERE creates = :h OR changes = :h OR statement = :h"
    " OR publication IN (SELECT seq FROM publication WHERE statement = :h)"
)
_STILL_TOLD = text(
    "SELECT DISTINCT c.body FROM content c WHERE c.hash IN ("
    f" SELECT r.content FROM revision r WHERE r.subject_id IN ({_ITS_SUBJECTS})"
    f" UNION SELECT d.creates FROM decision d WHERE d.subject_id IN ({_ITS_SUBJECTS})"
    f" UNION SELECT d.changes FROM decision d WHERE d.subject_id IN ({_ITS_SUBJECTS})"
    " UNION SELECT p.statement FROM publication p)"
)


def forget_quotes(connection: Connection, content: str, document: Any) -> None:
    """Take the words of a redacted content out of every row that is not published.

    The changesets it was published from lose their decisions' bodies, notes and kept answers; their title where
    it was the title that was redacted, or quotes the words. Of other changesets about the same subjects, texts
    that quote the words are replaced, and those not published yet are returned; their comparisons are made again
    on publishing.
    """
    asked = {"h": content}
    words = _words(connection, content, document)
    its = {row[0] for row in connection.execute(_ITS_CHANGESETS, asked)} | _naming(connection, content)
    for changeset in its:
        connection.execute(
            text("UPDATE draft_decision SET body = :gone, stale = NULL WHERE changeset = :id"),
            {"gone": TOMBSTONE, "id": changeset},
        )
        connection.execute(
            text("UPDATE changeset_event SET note = NULL WHERE changeset = :id AND event <> 'approved'"),
            {"id": changeset},
        )
    forget(connection, its, words.quoted_in, lambda told: _without(told, words))
    titled = {
        row[0]
        for row in connection.execute(text("SELECT changeset FROM publication WHERE statement = :h"), asked)
    }
    subjects = [row[0] for row in connection.execute(text(_ITS_SUBJECTS), asked)]
    about = _blank_decisions(connection, subjects, words)
    _blank_heads(connection, its | about, titled, words)
    _forget_answers(connection, its | about, words)


def _naming(connection: Connection, content: str) -> set[str]:
    """Changesets of rounds whose statement names the content: the rows of a recorded document."""
    rows = connection.execute(
        text(
            "SELECT p.changeset, c.body FROM publication p JOIN content c ON c.hash = p.statement"
            " WHERE p.kind = 'round' AND p.changeset IS NOT NULL"
        )
    )
    named = content.encode()
    return {row[0] for row in rows if named in bytes(row[1])}


class Words:
    """What was redacted, as quotations are known by: runs of characters, and whole texts that are shorter."""

    def __init__(self, texts: set[str], told: set[str]) -> None:
        self.runs = _runs(texts) - _runs(told)
        self.short = {one for one in texts - told if SHORTEST <= len(one) < RUN}

    def in_text(self, text: str) -> bool:
        return not self.runs.isdisjoint(_runs([text])) or any(one in text for one in self.short)

    def quoted_in(self, value: Any) -> bool:
        return any(self.in_text(one) for one in _texts(value))


def _runs(texts: Iterable[str]) -> set[str]:
    return {one[at : at + RUN] for one in texts for at in range(len(one) - RUN + 1)}


def _words(connection: Connection, content: str, document: Any) -> Words:
    """The words of a content that nothing published tells any more, about these subjects or in a statement."""
    told: set[str] = set()
    for (body,) in connection.execute(_STILL_TOLD, {"h": content}):
        told.update(_texts(decode(bytes(body))))
    return Words(set(_texts(document)), told)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _without(value: Any, words: Words) -> Any:
    """The same with every text that quotes the words replaced."""
    if isinstance(value, str):
        return PLACEHOLDER if words.in_text(value) else value
    if isinstance(value, dict):
        return {name: _without(part, words) for name, part in value.items()}
    return [_without(part, words) for part in value] if isinstance(value, list) else value


def _blank_decisions(connection: Connection, subjects: list[str], words: Words) -> set[str]:
    """In every drafted decision about the subjects. Returns the changesets those are in."""
    about: set[str] = set()
    rows = connection.execute(
        text(
            "SELECT d.changeset, d.position, d.body, c.state FROM draft_decision d"
            " JOIN changeset c ON c.id = d.changeset"
        )
    ).all()
    for changeset, position, body, state in rows:
        told = bytes(body).decode()
        if not any(subject in told for subject in subjects):
            continue
        about.add(changeset)
        key = {"id": changeset, "position": position}
        connection.execute(
            text("UPDATE draft_decision SET stale = NULL WHERE changeset = :id AND position = :position"), key
        )
        document = decode(told.encode())
        if words.quoted_in(document):
            left = encode(_without(document, words))
            connection.execute(
                text(
                    "UPDATE draft_decision SET body = :left, approved = NULL"
                    " WHERE changeset = :id AND position = :position"
                ),
                {"left": left, **key},
            )
            _return(connection, changeset, state)
    return about


def _return(connection: Connection, changeset: str, state: str) -> None:
    """To its author, who is to look at what is left."""
    if state in OPEN:
        connection.execute(
            text(
                "UPDATE changeset SET state = 'returned', approved = NULL, reviewer = NULL, version = version + 1"
                " WHERE id = :id"
            ),
            {"id": changeset},
        )
    connection.execute(
        text("INSERT INTO changeset_event (changeset, at, event) VALUES (:id, :at, 'redacted')"),
        {"id": changeset, "at": log.now_microseconds()},
    )


def _blank_heads(connection: Connection, about: set[str], titled: set[str], words: Words) -> None:
    for changeset, title, head in connection.execute(text("SELECT id, title, head FROM changeset")).all():
        quoting = changeset in about and words.quoted_in([title, decode(head.encode())])
        if changeset in titled or quoting:
            connection.execute(
                text(
                    "UPDATE changeset SET title = :title, head = '{}', version = version + 1 WHERE id = :id"
                ),
                {"title": TITLE, "id": changeset},
            )
    noted = text("SELECT id, changeset, note FROM changeset_event WHERE note IS NOT NULL")
    for event, changeset, note in connection.execute(noted).all():
        if changeset in about and words.in_text(note):
            connection.execute(text("UPDATE changeset_event SET note = NULL WHERE id = :id"), {"id": event})


def _forget_answers(connection: Connection, changesets: set[str], words: Words) -> None:
    """Kept answers tell whole changesets, their comparisons among them."""
    for account, key, body in connection.execute(text("SELECT account, key, body FROM answered")).all():
        told = bytes(body).decode()
        if any(one in told for one in changesets) or words.quoted_in(decode(told.encode())):
            connection.execute(
                text("DELETE FROM answered WHERE account = :account AND key = :key"),
                {"account": account, "key": key},
            )
