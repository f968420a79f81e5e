"""The decisions about an item that can be taken out: those not voided that the account may touch, in words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

from app.auth.actor import Actor
from app.changes.ahead import TAKES_FROM, Ahead
from app.changes.queries import stated
from app.changes.scope import Scope
from app.changes.statements import body_of, said
from app.changes.voiding import is_seen
from app.errors import Forbidden
from app.versions.visibility import is_public
from app.web.rendering import Gaps, gaps

_ITS_OWN = "NOT (d.outcome = '{}' AND d.role = '{}')".format(*TAKES_FROM)
"""SQL: what an acceptance does to its origin is taken out where the acceptance was decided."""
_NEWEST = text(
    f"SELECT DISTINCT d.act FROM decision d WHERE d.subject_id = :item AND d.act < :before AND {_ITS_OWN}"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) ORDER BY d.act DESC LIMIT :most"
)
_ROWS = text(
    "SELECT d.act, d.subject_id, s.kind, d.outcome, d.role, d.effective_from, d.until, d.creates,"
    f" {body_of('d.statement')}, {body_of('p.statement')}"
    " FROM decision d JOIN subject s ON s.id = d.subject_id JOIN publication p ON p.seq = d.publication"
    " WHERE d.act IN :acts ORDER BY d.seq"
).bindparams(bindparam("acts", expanding=True))
_TAKEN_OUT = text(
    "SELECT d.act, d.subject_id, s.kind, d.outcome, d.effective_from FROM decision d"
    f" JOIN subject s ON s.id = d.subject_id WHERE d.act IN :acts AND {_ITS_OWN} ORDER BY d.seq"
).bindparams(bindparam("acts", expanding=True))


@dataclass(slots=True)
class Part:
    """What an act does to one subject."""

    subject: str
    kind: str
    name: str
    """As the subject is called on the day; empty where the account is not told."""
    outcome: str
    day: str
    until: str | None
    creates: bool


@dataclass(slots=True)
class Decided:
    """An act: what it does to the item at hand, and to others."""

    act: int
    own: Part
    others: list[Part]
    first_day: str
    """The first day of all its parts."""
    words: str
    head: Gaps
    """What its publication says: ``document``, ``title``."""


def newest(connection: Connection, item: str, before: int, most: int) -> list[int]:
    """Acts about an item that are not voided, the last recorded first."""
    return list(connection.scalars(_NEWEST, {"item": item, "before": before, "most": most}))


def of_act(connection: Connection, actor: Actor, item: str, act: int) -> Decided | None:
    """An act about the item; none where there is none that the account may know of. Raises Forbidden where it is
    public and about what is not the account's."""
    ahead, rows = _loaded(connection, [act])
    if item not in [subject for subject, _ in ahead.voiding.get(act, ())] or not is_seen(
        ahead, Scope(connection, actor), act
    ):
        return None
    return _decided(ahead, item, act, rows[act])


def may_touch(connection: Connection, actor: Actor, item: str, acts: Sequence[int]) -> list[Decided]:
    """Of these acts about the item those that are the account's to touch, in the order asked."""
    ahead, rows = _loaded(connection, acts)
    scope = Scope(connection, actor)
    found = []
    for act in acts:
        with suppress(Forbidden):
            if is_seen(ahead, scope, act):
                found.append(_decided(ahead, item, act, rows[act]))
    return found


def _loaded(connection: Connection, acts: Sequence[int]) -> tuple[Ahead, dict[int, list[Any]]]:
    """The subjects of these acts, and the rows of each."""
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(_ROWS, {"acts": list(acts)}):
        rows.setdefault(row[0], []).append(row)
    ahead = Ahead(connection)
    ahead.load([{"outcome": "void", "act": act} for act in rows])
    return ahead, rows


def _decided(ahead: Ahead, item: str, act: int, rows: Sequence[Any]) -> Decided:
    parts = [_part(ahead, row) for row in rows]
    own = next(part for part in parts if part.subject == item)
    return Decided(
        act=act,
        own=own,
        others=[part for part in parts if part.subject != item],
        first_day=min(part.day for part in parts),
        words=next((words for row in rows if (words := said(row[8]).get("words"))), ""),
        head=gaps(stated(rows[0][9])),
    )


def _part(ahead: Ahead, row: Any) -> Part:
    _, subject, kind, outcome, role, day, until, creates, *_ = row
    state = ahead.state_on(subject, day) or {}
    told = [outcome, role] != TAKES_FROM or (
        state.get("visibility") != "internal" and is_public(ahead.connection, subject)
    )
    name = (state.get("name") or state.get("title") or subject) if told else ""
    return Part(subject, kind, name, outcome, day, until, creates is not None)


def taken_out_by(connection: Connection, bodies: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, str]]]:
    """By the act that a decision of a changeset voids: what that act does to each subject."""
    found: dict[int, list[dict[str, str]]] = {}
    acts = [body["act"] for body in bodies if body["outcome"] == "void"]
    for act, *row in connection.execute(_TAKEN_OUT, {"acts": acts}):
        part = dict(zip(("subject", "kind", "outcome", "day"), row, strict=True))
        if part not in found.setdefault(act, []):
            found[act].append(part)
    return found
