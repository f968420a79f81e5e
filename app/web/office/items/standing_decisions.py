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
from app.changes.voiding import is_seen, resting_on
from app.errors import Forbidden
from app.versions.names import own_name
from app.versions.visibility import is_public
from app.web.rendering import Gaps, gaps

_ITS_OWN = "NOT (d.outcome = '{}' AND d.role = '{}')".format(*TAKES_FROM)
"""SQL: what an acceptance does to its origin is taken out where the acceptance was decided."""
_NEWEST = text(
    f"SELECT DISTINCT d.act FROM decision d WHERE d.subject_id = :item AND d.act < :before AND {_ITS_OWN}"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) ORDER BY d.act DESC LIMIT :most"
)
_TOGETHER = text(
    f"SELECT DISTINCT d.act FROM decision d WHERE d.publication IN (SELECT publication FROM decision WHERE act = :act)"
    f" AND {_ITS_OWN} AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) ORDER BY d.act LIMIT :most"
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


LAST = (1 << 62) - 1
"""No act has a greater seq."""
MOST, WHOLE = 50, 500
"""Other acts about the item, and of the same changeset, that are offered beside one."""
WHYS = ("rests", "changeset", "item")


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
    """Of an act that is not about the item: what it does to the first of its subjects."""
    others: list[Part]
    first_day: str
    """The first day of all its parts."""
    words: str
    head: Gaps
    """What its publication says: ``document``, ``title``."""


@dataclass(slots=True)
class Beside:
    """An act that can be taken out together with another."""

    one: Decided
    why: str
    """``rests`` on it, so that it has to go too; of the same ``changeset``; of the same ``item``."""


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
    """Of these acts those that are the account's to touch, in the order asked; told as they are about the item."""
    ahead, rows = _loaded(connection, acts)
    scope = Scope(connection, actor)
    found = []
    for act in acts:
        with suppress(Forbidden):
            if is_seen(ahead, scope, act):
                found.append(_decided(ahead, item, act, rows[act]))
    return found


def beside(connection: Connection, actor: Actor, item: str, act: int) -> list[Beside]:
    """What can be taken out together with an act about the item, as far as it is the account's to touch."""
    together = [*connection.scalars(_TOGETHER, {"act": act, "most": WHOLE})]
    why = dict.fromkeys(newest(connection, item, LAST, MOST), "item")
    why |= dict.fromkeys(together, "changeset") | dict.fromkeys(resting_on(connection, act), "rests")
    why.pop(act, None)
    order = sorted(why, key=lambda one: (WHYS.index(why[one]), -one))
    return [Beside(one, why[one.act]) for one in may_touch(connection, actor, item, order)]


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
    own = next((part for part in parts if part.subject == item), parts[0])
    return Decided(
        act=act,
        own=own,
        others=[part for part in parts if part.subject != own.subject],
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
    name = (own_name(state) or subject) if told else ""
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
