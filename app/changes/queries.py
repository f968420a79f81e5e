"""Asking about publications: rounds, the change feed, a changeset's own page."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes.quotes import TITLE
from app.changes.reviews import without_accounts
from app.changes.statements import body_of, said
from app.db import run_by
from app.errors import NotFound
from app.versions.names import last_names
from app.versions.queries import Known, moment, of_publication
from app.versions.visibility import (
    hidden_among,
    may_be_told,
    on_its_day,
    on_open_day,
    public_among,
)

_STATED = body_of("p.statement")
_WHEN = "(SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1)"


IS_ROUND = (
    "(p.kind = 'round' OR (p.kind = 'emergency'"
    " AND EXISTS (SELECT 1 FROM changeset drawn WHERE drawn.id = p.changeset AND drawn.kind = 'round')))"
)
"""SQL: whether a publication is a round. One published in an emergency once bore that kind instead; its statement
says so now, beside its own."""
_CONFIRMED = (
    "EXISTS (SELECT 1 FROM publication k WHERE k.kind = 'confirmation' AND k.changeset = p.changeset"
    " AND k.seq <= :seq)"
)


def rounds(connection: Connection, known: Known) -> list[dict[str, Any]]:
    """Published rounds with their outcome counts; newest first by the day of their document (else of publication
    here), so that an old one recorded late stands in its year."""
    rows = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, {_STATED}, {_WHEN}, {_CONFIRMED} FROM publication p"
            f" WHERE {IS_ROUND} AND p.seq <= :seq ORDER BY p.seq DESC"
        ),
        {"seq": known.seq},
    ).all()
    counts = _outcomes(connection, known)
    found = [_round(row, counts.get(row[0], NONE)) for row in rows]
    return sorted(found, key=_dated, reverse=True)


def _dated(found: dict[str, Any]) -> tuple[str, int]:
    paper = found.get("document") or {}
    days = (paper.get(one) for one in ("document_date", "published_on", "effective_on"))
    return next((day for day in days if day), str(found["recorded_at"])[:10]), found["publication"]


def is_held_here(found: dict[str, Any]) -> bool:
    """Whether a round was worked out here over a frozen scope, not recorded from a document."""
    return bool((found.get("scope") or {}).get("frozen")) and not found.get("stated")


class _Counted(NamedTuple):
    """The decisions of a round that stand: by outcome those that may be told of, and how many may not."""

    outcomes: dict[str, int]
    withheld: int = 0


NONE = _Counted({})


def _outcomes(connection: Connection, known: Known, changeset: str | None = None) -> dict[int, _Counted]:
    """By round; of one round, or of all in one query."""
    which = " AND p.changeset = :id" if changeset else ""
    found: dict[int, _Counted] = {}
    for publication, outcome, count, told in connection.execute(
        text(
            "SELECT p.seq, d.outcome, count(DISTINCT d.act),"
            f" count(DISTINCT CASE WHEN {may_be_told('d')} THEN d.act END) FROM publication p"
            f" JOIN decision d ON {of_publication('d.seq', 'p.seq')} WHERE {IS_ROUND} AND p.seq <= :seq{which}"
            " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act AND v.seq <= :seq)"
            " GROUP BY p.seq, d.outcome ORDER BY p.seq, d.outcome"
        ),
        {"seq": known.seq, "id": changeset} if changeset else {"seq": known.seq},
    ):
        outcomes, withheld = found.get(publication, NONE)
        shown = {outcome: told} if told else {}
        found[publication] = _Counted(outcomes | shown, withheld + count - told)
    return found


def _round(row: Any, counted: _Counted) -> dict[str, Any]:
    statement = stated(row[2])
    return {
        "id": row[1],
        "publication": row[0],
        "recorded_at": moment(row[3]),
        "outcomes": counted.outcomes,
        **({"withheld": counted.withheld} if counted.withheld else {}),
        **statement,
        **({"unconfirmed": not row[4]} if "emergency" in statement else {}),
    }


def stated(body: Any) -> dict[str, Any]:
    """What a publication says of itself, given its statement or what ``statements.body_of`` finds; under a title that
    says so where that was redacted by order."""
    if body is None:
        return {}
    found = said(body)
    return {**found, "title": found.get("title", TITLE)}


def _said(body: Any) -> dict[str, Any]:
    """What the statement of a decision says, as the public reads it."""
    told: dict[str, Any] = decode(bytes(body)) if body else {}
    if "review" in told:
        told["review"] = without_accounts(told["review"])
    return told


def require_round(connection: Connection, changeset: str, known: Known) -> None:
    """Raises NotFound where no such round was published (at that time)."""
    query = text(f"SELECT 1 FROM publication p WHERE {IS_ROUND} AND p.changeset = :id AND p.seq <= :seq")
    if connection.execute(query, {"id": changeset, "seq": known.seq}).first() is None:
        raise _unknown_round(changeset)


def _unknown_round(changeset: str) -> NotFound:
    return NotFound(f"没有编号为 {changeset} 的已发布清理轮次。", code="unknown-round")


def round_of(connection: Connection, changeset: str, known: Known) -> dict[str, Any]:
    """A published round with every decision in it that may be shown. Raises NotFound."""
    found = round_head(connection, changeset, known)
    found["decisions"] = _decisions(connection, found["publication"], known)
    return found


def round_head(connection: Connection, changeset: str, known: Known) -> dict[str, Any]:
    """What a published round says of itself, with its outcomes counted. Raises NotFound."""
    row = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, {_STATED}, {_WHEN}, {_CONFIRMED} FROM publication p"
            f" WHERE {IS_ROUND} AND p.changeset = :id AND p.seq <= :seq"
        ),
        {"id": changeset, "seq": known.seq},
    ).one_or_none()
    if row is None:
        raise _unknown_round(changeset)
    return _round(row, _outcomes(connection, known, changeset).get(row[0], NONE))


def _decisions(connection: Connection, publication: int, known: Known) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(
            "SELECT d.act, d.subject_id, d.role, d.outcome, d.effective_from, d.until, w.body,"
            f" (SELECT v.ground FROM void v WHERE v.act = d.act AND v.seq <= :seq), {on_its_day('d')}"
            " FROM decision d LEFT JOIN content w ON w.hash = d.statement"
            f" WHERE {of_publication('d.seq', ':p')} AND {on_open_day('d')} ORDER BY d.seq"
        ),
        {"p": publication, "seq": known.seq},
    ).all()
    run = run_by(connection)
    public = public_among(run, (d[1] for d in rows))
    hidden = hidden_among(run, (d[8] for d in rows))
    names = last_names(connection, public, known)
    return [
        {
            "act": d[0],
            "subject": d[1],
            "name": names.get(d[1]),
            "role": d[2],
            "outcome": d[3],
            "effective_from": d[4],
            "until": d[5],
            "voided": d[7],
            **_said(d[6]),
        }
        for d in rows
        if d[1] in public and d[8] not in hidden
    ]
