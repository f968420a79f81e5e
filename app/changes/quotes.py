"""Where else redacted words are written: changesets, their events, comparisons, forms that are being filled in,
answers kept for repeated POSTs, and what is beside changesets (``quoted_beside``). Every table is walked through in
pages: redaction holds the publishing lock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from app import log, unsaved
from app.canonical import decode, encode
from app.changes.quoted_beside import forget_beside
from app.changes.quoting import ACT, ITS_SUBJECTS, Words, names_any, without, words_of
from app.changes.reviews import forget
from app.db import TOMBSTONE, among, chunks, holds_bytes, walk
from app.versions import ids

TITLE = "（标题已依令删改）"
FEW = 20
"""Subjects that the database looks for; of more, each row is read once."""

_ITS_CHANGESETS = text(
    "SELECT DISTINCT p.changeset FROM publication p WHERE p.changeset IS NOT NULL AND (p.statement = :h"
    " OR p.seq IN (SELECT publication FROM revision WHERE content = :h"
    " UNION SELECT publication FROM void WHERE statement = :h"
    " UNION SELECT publication FROM decision WHERE creates = :h OR changes = :h OR statement = :h))"
)


def forget_quotes(connection: Connection, content: str, document: Any) -> None:
    """Take the words of a redacted content out of every row that is not published.

    The changesets it was published from lose their decisions' bodies, notes and kept answers; their title where
    it was the title that was redacted, or quotes the words. Of other changesets about the same subjects, texts
    that quote the words are replaced, and those not published yet are returned; their comparisons are made again
    on publishing.
    """
    asked = {"h": content}
    words = words_of(connection, content, document)
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
    forget(connection, its, words.quoted_in, lambda told: without(told, words))
    titled = {
        row[0]
        for row in connection.execute(
            text("SELECT changeset FROM publication WHERE statement = :h AND changeset IS NOT NULL"), asked
        )
    }
    subjects = {row[0] for row in connection.execute(text(ITS_SUBJECTS), asked)}
    about = _blank_decisions(connection, subjects, words)
    _blank_heads(connection, its | about, titled, words)
    unsaved.forget(connection, subjects, words.quoted_in)
    _forget_answers(connection, its | about, words)
    forget_beside(connection, subjects, words)


def _naming(connection: Connection, content: str) -> set[str]:
    """Changesets of rounds whose statement names the content: the rows of a recorded document."""
    rows = connection.execute(
        text(
            "SELECT p.changeset FROM publication p JOIN content c ON c.hash = p.statement"
            " WHERE p.kind = 'round' AND p.changeset IS NOT NULL"
            f" AND {holds_bytes(connection, 'c.body', 'named')}"
        ),
        {"named": content.encode()},
    )
    return {row[0] for row in rows}


def _blank_decisions(connection: Connection, subjects: set[str], words: Words) -> set[str]:
    """In every drafted decision about the subjects. Returns the changesets those are in."""
    about: set[str] = set()
    is_about = names_any(connection, subjects)
    for changeset, position, body in _drafted_about(connection, subjects):
        told = bytes(body)
        if not is_about(told):
            continue
        about.add(changeset)
        key = {"id": changeset, "position": position}
        connection.execute(
            text("UPDATE draft_decision SET stale = NULL WHERE changeset = :id AND position = :position"), key
        )
        document = decode(told)
        if words.quoted_in(document):
            connection.execute(
                text(
                    "UPDATE draft_decision SET body = :left, approved = NULL"
                    " WHERE changeset = :id AND position = :position"
                ),
                {"left": encode(without(document, words)), **key},
            )
            _return(connection, changeset)
    return about


def _drafted_about(connection: Connection, subjects: set[str]) -> Iterator[Any]:
    """(changeset, position, body) of the drafted decisions that may name one of the subjects, or an act about one."""
    key, fields = ("changeset", "position"), ("body",)
    if len(subjects) > FEW:
        return walk(connection, "draft_decision", key, fields)
    named = {f"s{at}": part for at, part in enumerate([ACT, *(one.encode() for one in sorted(subjects))])}
    where = " OR ".join(holds_bytes(connection, "body", name) for name in named)
    return walk(connection, "draft_decision", key, fields, where, named)


def _return(connection: Connection, changeset: str) -> None:
    """To its author, who is to look at what is left; what is over stays as it is."""
    connection.execute(
        text(
            "UPDATE changeset SET state = 'returned', approved = NULL, reviewer = NULL, version = version + 1"
            " WHERE id = :id AND state NOT IN ('published', 'withdrawn')"
        ),
        {"id": changeset},
    )
    connection.execute(
        text("INSERT INTO changeset_event (changeset, at, event) VALUES (:id, :at, 'redacted')"),
        {"id": changeset, "at": log.now_microseconds()},
    )


_HEADS = among("SELECT id, title, head FROM changeset WHERE id IN :ids", "ids")
_NOTES = among("SELECT id, note FROM changeset_event WHERE changeset IN :ids AND note IS NOT NULL", "ids")


def _blank_heads(connection: Connection, about: set[str], titled: set[str], words: Words) -> None:
    for some in chunks(sorted(about | titled)):
        for changeset, title, head in connection.execute(_HEADS, {"ids": some}).all():
            if changeset in titled or words.quoted_in([title, decode(head.encode())]):
                connection.execute(
                    text(
                        "UPDATE changeset SET title = :title, head = '{}', version = version + 1"
                        " WHERE id = :id"
                    ),
                    {"title": TITLE, "id": changeset},
                )
        for event, note in connection.execute(_NOTES, {"ids": [one for one in some if one in about]}).all():
            if words.in_text(note):
                connection.execute(
                    text("UPDATE changeset_event SET note = NULL WHERE id = :id"), {"id": event}
                )


def _forget_answers(connection: Connection, changesets: set[str], words: Words) -> None:
    """Kept answers tell whole changesets, their comparisons among them. Of files nobody can say what they quote:
    they are worked out again when they are asked for again."""
    for account, key, body in walk(connection, "answered", ("account", "key"), ("body",)):
        told = bytes(body)
        if not changesets.isdisjoint(ids.named_in(told)) or _is_quoting(told, words):
            connection.execute(
                text("DELETE FROM answered WHERE account = :account AND key = :key"),
                {"account": account, "key": key},
            )


def _is_quoting(answer: bytes, words: Words) -> bool:
    try:
        return words.quoted_in(decode(answer))
    except ValueError:
        return True
