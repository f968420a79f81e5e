"""A published round to be read by people: its decisions by filter and search, a page at a time.

A page costs what its own rows cost, however many decisions the round has: before and after are worked out for
the items on the page alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes.annexes import places
from app.db import run_by
from app.rounds.counted import Published, correcting
from app.rounds.pairing import Family, load, pairs_of
from app.rounds.pairs import Pair
from app.versions.names import last_names
from app.versions.queries import Known, of_publication
from app.versions.visibility import hidden_among, may_be_told, on_its_day, public_among

PAGE = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions. ``authority`` and ``type`` are those of the item before or after; ``words``: a part of its
    name, or of what the decision says."""

    outcome: str = ""
    authority: str = ""
    type: str = ""
    words: str = ""


@dataclass(slots=True)
class Browsed:
    """A page of decisions: ``matching`` in all that match."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    matching: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    """Decisions by outcome without any filter; one about several items is one, and has several rows."""
    pairs: dict[str, Pair] = field(default_factory=dict)
    """By item, of the page's items alone."""


_MAY = may_be_told("d")
_NEAR = (
    " AND EXISTS (SELECT 1 FROM timeline near WHERE near.subject_id = d.subject_id"
    " AND near.valid_from <= d.effective_from AND near.valid_to >= d.effective_from AND near.{0} = :{0})"
)
_VOIDED = "(SELECT v.ground FROM void v WHERE v.act = d.act AND v.seq <= :seq)"
_COLUMNS = (
    f"d.act, d.subject_id, d.role, d.outcome, d.effective_from, d.until, w.body, {_VOIDED}, {on_its_day('d')},"
    " d.seq"
)


def browse(connection: Connection, found: Published, known: Known, wanted: Wanted, page: int = 1) -> Browsed:
    """A page, from 1. Rows as ``changes.queries.round_of`` gives them, and ``place`` where they have no number."""
    where, values = _where(found, known, wanted)
    first = (page - 1) * PAGE
    select = f"SELECT {_COLUMNS} FROM decision d LEFT JOIN content w ON w.hash = d.statement WHERE {where}"
    at: dict[int, int] = {}
    if wanted.words:
        rows = _matching(connection, f"{select} ORDER BY d.seq", values, wanted.words, known)
        shown, matching = rows[first : first + PAGE], len(rows)
    else:
        paged = text(f"{select} ORDER BY d.seq LIMIT {PAGE} OFFSET {first}")
        listed = connection.execute(paged, values).all()
        shown = _public(connection, listed)
        matching = connection.execute(
            text(f"SELECT count(*) FROM decision d WHERE {where}"), values
        ).scalar_one()
        if wanted == Wanted():
            at = {row[9]: place for place, row in enumerate(listed, start=first + 1)}
    names = last_names(connection, sorted({row[1] for row in shown}), known)
    items = sorted({row[1] for row in shown})
    whole, asked = _where(found, known, Wanted())
    counted = connection.execute(
        text(
            f"SELECT d.outcome, count(DISTINCT d.act) FROM decision d WHERE {whole}"
            " GROUP BY d.outcome ORDER BY d.outcome"
        ),
        asked,
    )
    return Browsed(
        _numbered(connection, found, known, [(row[9], _row(row, names)) for row in shown], at),
        matching,
        {row[0]: row[1] for row in counted},
        compared(connection, found, items, known.seq),
    )


def _where(found: Published, known: Known, wanted: Wanted) -> tuple[str, dict[str, Any]]:
    where = f"{of_publication('d.seq', ':p')} AND {_MAY}"
    values: dict[str, Any] = {"p": found.publication, "seq": known.seq}
    if wanted.outcome:
        where += " AND d.outcome = :outcome"
        values["outcome"] = wanted.outcome
    for name in ("authority", "type"):
        if value := getattr(wanted, name):
            where += _NEAR.format(name)
            values[name] = value
    return where, values


def _matching(
    connection: Connection, query: str, values: dict[str, Any], words: str, known: Known
) -> list[Any]:
    """The rows whose item's name, or own words, hold the words; case and blanks make no difference."""
    rows = _public(connection, connection.execute(text(query), values).all())
    names = last_names(connection, sorted({row[1] for row in rows}), known)
    sought = _folded(words)
    return [
        row
        for row in rows
        if sought in _folded(names.get(row[1], "")) or (row[6] and sought in _folded(_said(bytes(row[6]))))
    ]


def _said(body: bytes) -> str:
    said = decode(body)
    return " ".join(
        str(said[one]) for one in ("words", "number", "annex", "follow_up", "receiver") if one in said
    )


def _numbered(
    connection: Connection,
    found: Published,
    known: Known,
    rows: Sequence[tuple[int, dict[str, Any]]],
    at: dict[int, int],
) -> list[dict[str, Any]]:
    """(seq, row) with ``place`` where its document gives it no number: among the round's rows of its annex, or among
    all for one in no annex, whatever the page was filtered by. ``at``: places among all by seq, where those of the
    page are known."""
    bare = [(seq, row) for seq, row in rows if not row.get("number")]
    annexed = any(row.get("annex") for _, row in bare)
    if bare and (annexed or not at):
        where, values = _where(found, known, Wanted())
        body = "w.body" if annexed else "NULL"  # a round held here has no annexes: its rows are counted alone
        query = (
            f"SELECT d.seq, {body} FROM decision d LEFT JOIN content w ON w.hash = d.statement WHERE {where}"
        )
        whole = connection.execute(text(f"{query} ORDER BY d.seq"), values).all()
        annexes = (decode(bytes(row[1])).get("annex") if row[1] else None for row in whole)
        at = dict(zip((row[0] for row in whole), places(annexes), strict=True))
    return [row if row.get("number") else row | {"place": at[seq]} for seq, row in rows]


def _folded(words: str) -> str:
    return "".join(words.split()).casefold()


def _public(connection: Connection, rows: Sequence[Any]) -> list[Any]:
    run = run_by(connection)
    public = public_among(run, (row[1] for row in rows))
    hidden = hidden_among(run, (row[8] for row in rows))
    return [row for row in rows if row[1] in public and row[8] not in hidden]


def _row(row: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        "act": row[0],
        "subject": row[1],
        "name": names.get(row[1]),
        "role": row[2],
        "outcome": row[3],
        "effective_from": row[4],
        "until": row[5],
        "voided": row[7],
        **(decode(bytes(row[6])) if row[6] else {}),
    }


def compared(connection: Connection, found: Published, items: Iterable[str], seq: int) -> dict[str, Pair]:
    """Before and after of some of a round's items, where both are public; corrections of it included."""
    family = Family(frozenset([found.publication, *correcting(connection, found, seq)]), None, "")
    pairs = pairs_of(load(connection, items, seq), family)
    return {pair.item: pair for pair in pairs if pair.is_public}
