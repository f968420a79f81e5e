"""The rows of a document that is recorded: drafted as rows, bound to the head by their hash, published as one content.

A row keeps the document's own words, whether or not an item of this registry is found for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app.canonical import decode, digest, encode
from app.changes.models import Changeset
from app.changes.rows import save
from app.db import fetch

FIELDS = (
    "annex", "number", "code", "name", "authority", "basis", "outcome", "words", "receiver", "follow_up", "note",
)  # fmt: skip
"""What a row may say: 附件, 序号, 编码, 项目名称, 实施机关, 设定依据, 处理决定 in a word, the document's words for it,
承接方, 后续监管措施, 备注."""
HOW = {
    "code": "编码相同",
    "name": "名称相同",
    "former": "曾用名相同",
    "close": "名称相近",
    "hand": "人工指定",
    "none": "无对应",
}
"""How an item was found for a row, as the person who confirmed it saw it."""


@dataclass(slots=True)
class Row:
    """A drafted row."""

    position: int
    body: dict[str, str]
    candidates: list[dict[str, Any]] = field(default_factory=list)
    item: str | None = None
    how: str | None = None
    account: int | None = None
    at: int | None = None

    @property
    def state(self) -> str:
        """open, linked, unmatched."""
        if self.how is None:
            return "open"
        return "linked" if self.item else "unmatched"

    def told(self) -> dict[str, Any]:
        """As it is published."""
        linked = {"item": self.item, "how": self.how} if self.item else {}
        return {**self.body, **linked}


def places(annexes: Iterable[str | None]) -> list[int]:
    """Of rows in the document's order, by the annex each is in: its place in that, from 1; in no annex: among all."""
    counted: Counter[str] = Counter()
    found = []
    for at, annex in enumerate(annexes, start=1):
        counted[annex or ""] += 1
        found.append(counted[annex] if annex else at)
    return found


_ALL = "SELECT position, body, candidates, item, how, account, at FROM annex_row WHERE changeset = ? ORDER BY position"
_INSERT = text(
    "INSERT INTO annex_row (changeset, position, body, candidates, item, how, account, at)"
    " VALUES (:changeset, :position, :body, :candidates, :item, :how, :account, :at)"
)
_GONE = text("DELETE FROM annex_row WHERE changeset = :changeset AND position = :position")


def annex_rows(connection: Connection, changeset_id: str) -> list[Row]:
    """The rows of a drafted document, in its order."""
    return [
        Row(row[0], decode(bytes(row[1])), decode(bytes(row[2])), *row[3:])
        for row in fetch(connection, _ALL, (changeset_id,))
    ]


def replace_rows(session: Session, changeset: Changeset, made: Sequence[Row]) -> None:
    """These are the document's rows from now on."""
    gone = text("DELETE FROM annex_row WHERE changeset = :changeset")
    session.connection().execute(gone, {"changeset": changeset.id})
    _insert(session, changeset, made)
    bind(session, changeset)


def put_rows(session: Session, changeset: Changeset, made: Sequence[Row]) -> None:
    """Each in its place; the others stay."""
    if made:
        places = [{"changeset": changeset.id, "position": row.position} for row in made]
        session.connection().execute(_GONE, places)
        _insert(session, changeset, made)
        bind(session, changeset)


def _insert(session: Session, changeset: Changeset, made: Iterable[Row]) -> None:
    values = [
        {
            "changeset": changeset.id,
            "position": row.position,
            "body": encode(row.body),
            "candidates": encode(row.candidates),
            "item": row.item,
            "how": row.how,
            "account": row.account,
            "at": row.at,
        }
        for row in made
    ]
    if values:
        session.connection().execute(_INSERT, values)


def content_of(rows: Iterable[Row]) -> bytes:
    """The rows as one content."""
    return encode([row.told() for row in rows])


def bind(session: Session, changeset: Changeset) -> None:
    """The head names the rows by hash, so that approval is bound to them."""
    rows = annex_rows(session.connection(), changeset.id)
    head = decode(changeset.head.encode())
    head["rows"] = {"count": len(rows), "hash": digest(content_of(rows))}
    changeset.head = encode(head).decode()
    changeset.approved = changeset.reviewer = None
    save(session, changeset)
