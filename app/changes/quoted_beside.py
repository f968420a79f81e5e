"""Redacted words in rows beside the changesets: what people wrote of a finding, a pair, a law, a list or as the public,
and what the checks found. Packages below this one keep them, so their tables are asked here by name."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, text

from app.canonical import encode
from app.changes.quoting import PLACEHOLDER, Words, without
from app.db import lock_findings, walk


@dataclass(frozen=True, slots=True)
class _Written:
    """A table with columns that people write free words in."""

    table: str
    key: str
    fields: tuple[str, ...]


_WRITTEN = (
    _Written("feedback", "number", ("words", "answer")),
    _Written("check_exception", "id", ("reason",)),
    _Written("overlap_decision", "id", ("reason",)),
    _Written("law_case", "id", ("reason",)),
    _Written("edition_draft", "id", ("note",)),
)


def forget_beside(connection: Connection, subjects: set[str], words: Words) -> None:
    """Replace what quotes the words; delete what was found about the subjects or quotes the words, so that the next
    sweep looks at those items anew.

    What people wrote comes first: who grants or ends an exception holds its row while waiting for the findings."""
    for one in _WRITTEN:
        for row in walk(connection, one.table, (one.key,), one.fields):
            _replace(connection, one, row, words)
    _replace_in_heads(connection, words)
    lock_findings(connection)
    quoting = {
        subject
        for subject, _, message in walk(connection, "finding", ("subject", "position"), ("message",))
        if words.in_text(message)
    }
    quoting |= {
        subject
        for subject, name in walk(connection, "checked_item", ("subject",), ("name",))
        if words.in_text(name)
    }
    for subject in sorted(subjects | quoting):
        for table in ("finding", "checked_item"):
            connection.execute(text(f"DELETE FROM {table} WHERE subject = :subject"), {"subject": subject})


def _replace(connection: Connection, one: _Written, row: tuple[str | None, ...], words: Words) -> None:
    for field, said in zip(one.fields, row[1:], strict=True):
        if said and words.in_text(said):
            connection.execute(
                text(f"UPDATE {one.table} SET {field} = :left WHERE {one.key} = :key"),
                {"left": PLACEHOLDER, "key": row[0]},
            )


def _replace_in_heads(connection: Connection, words: Words) -> None:
    """Titles and documents of lists that are prepared, or were: those on their way are returned by now."""
    for edition, head in walk(connection, "edition_draft", ("id",), ("head",)):
        told = json.loads(head)
        if words.quoted_in(told):
            connection.execute(
                text("UPDATE edition_draft SET head = :left WHERE id = :id"),
                {"left": encode(without(told, words)).decode(), "id": edition},
            )
