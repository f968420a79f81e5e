"""What may be shown in public: the one rule, for every door. It fails closed.

An item whose content says ``"visibility": "internal"`` in its last interval is hidden as a whole, whatever
the day or ``known_at``. So is one whose visibility cannot be established: no interval is left of it and no
revision of it was ever public, or what was redacted did not say that it was public. Of an item that is
public in the end, whatever was internal is hidden by itself: revisions as known at any time, decisions that
took effect on an internal day, names and codes of those days.

The timeline says ``public``, ``internal`` or ``redacted`` (bytes gone by order, public when they stood): redacted
rows are told of without their words (``answered``), and have no words to show (``shown``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.db import TOMBSTONE, Run, chunks, marks, run_by
from app.versions.models import OPEN


def shown(row: str) -> str:
    """SQL: whether the words of a timeline row, by its alias, may be shown: public itself, of a subject that is not
    hidden. For doors that show or compare words; what lists powers asks ``answered``."""
    return f"{row}.visibility = 'public' AND {_hidden_never(row)}"


def answered(row: str) -> str:
    """SQL: whether a timeline row is answered for: public, or redacted by order. An order takes the words of a power
    away, not the power: lists, counts and exports go on telling that it stands, and whose it is."""
    return f"{not_withheld(row)} AND {_hidden_never(row)}"


def not_withheld(row: str) -> str:
    """SQL: whether a timeline row by itself is answered for, whatever its subject has become."""
    return f"{row}.visibility IN ('public', 'redacted')"


def _hidden_never(row: str) -> str:
    """The last row of a subject, most of those asked for, says that of itself."""
    return f"({row}.valid_to = '{OPEN}' OR {not_internal(row + '.subject_id')})"


def not_internal(subject: str) -> str:
    """SQL: whether a subject that has intervals, by the column of its id, is shown. False where it has none:
    ``public_among`` knows more."""
    return (
        "coalesce((SELECT shown.visibility FROM timeline shown"
        f" WHERE shown.subject_id = {subject} ORDER BY shown.valid_from DESC LIMIT 1), 'internal') <> 'internal'"
    )


def code_shown(row: str) -> str:
    """SQL: whether a row of ``code_interval`` may be followed: it was not held on internal days alone."""
    return (
        f"{not_internal(row + '.subject_id')} AND EXISTS (SELECT 1 FROM timeline held"
        f" WHERE held.subject_id = {row}.subject_id AND held.visibility <> 'internal'"
        f" AND held.valid_from < {row}.valid_to AND held.valid_to > {row}.valid_from)"
    )


def public_among(run: Run, subject_ids: Iterable[str]) -> set[str]:
    """Which of these subjects may be shown: published, and not hidden."""
    found: set[str] = set()
    for some in chunks(sorted(set(subject_ids))):
        rows = run(
            "SELECT s.id, s.kind, (SELECT t.visibility FROM timeline t WHERE t.subject_id = s.id"
            f" ORDER BY t.valid_from DESC LIMIT 1) FROM subject s WHERE s.id IN ({marks(some)})",
            tuple(some),
        )
        found |= {row[0] for row in rows if row[2] not in (None, "internal")}
        gone = [row[0] for row in rows if row[2] is None]
        found |= {row[0] for row in rows if row[2] is None and row[1] != "item"}
        found |= _once_public(run, [one for one in gone if one not in found])
    return found


def hidden_on(run: Run, asked: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these subjects, each with a day, are not to be named of that day, as known now: hidden as a whole, or
    internal on the day."""
    wanted = set(asked)
    public = public_among(run, {subject for subject, _ in wanted})
    internal: dict[str, list[tuple[str, str]]] = {}
    for some in chunks(sorted(public)):
        rows = run(
            "SELECT subject_id, valid_from, valid_to FROM timeline WHERE visibility = 'internal'"
            f" AND subject_id IN ({marks(some)})",
            tuple(some),
        )
        for subject, first, end in rows:
            internal.setdefault(subject, []).append((first, end))
    return {
        (subject, day)
        for subject, day in wanted
        if subject not in public or any(first <= day < end for first, end in internal.get(subject, ()))
    }


def is_public(connection: Connection, subject_id: str) -> bool:
    """Whether a subject may be shown."""
    return bool(public_among(run_by(connection), [subject_id]))


def _once_public(run: Run, subject_ids: Sequence[str]) -> set[str]:
    """Of items of which no interval is left (their entry was voided): those that were never but public."""
    if not subject_ids:
        return set()
    rows = run(
        "SELECT DISTINCT subject_id, content FROM revision WHERE content IS NOT NULL"
        f" AND subject_id IN ({marks(subject_ids)})",
        tuple(subject_ids),
    )
    hidden = hidden_among(run, (row[1] for row in rows))
    return {row[0] for row in rows} - {row[0] for row in rows if row[1] in hidden}


def hidden_among(run: Run, contents: Iterable[str | None]) -> set[str]:
    """Which of these contents, by hash, are not to be shown: internal ones, and redacted ones of which it
    is not recorded that they were public."""
    hidden: set[str] = set()
    gone: list[str] = []
    for some in chunks(sorted({one for one in contents if one})):
        for key, body in run(f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})", tuple(some)):
            data = bytes(body)
            if data == TOMBSTONE:
                gone.append(key)
            elif is_internal(data):
                hidden.add(key)
    kept = kept_of(run, gone)
    return hidden | {key for key in gone if kept.get(key, {}).get("visibility") != "public"}


def is_internal(body: bytes) -> bool:
    """Whether canonical content says that it is internal; most bodies need not be decoded to know."""
    return b'"visibility":"internal"' in body and decode(body).get("visibility") == "internal"


def kept_of(run: Run, contents: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the orders that redacted these contents kept of them: who held it, whether it was public."""
    found: dict[str, dict[str, Any]] = {}
    for some in chunks(contents):
        rows = run(
            "SELECT r.content, c.body FROM redaction r JOIN content c ON c.hash = r.statement"
            f" WHERE r.content IN ({marks(some)})",
            tuple(some),
        )
        found |= {row[0]: decode(bytes(row[1])).get("kept", {}) for row in rows}
    return found


def on_its_day(decision: str) -> str:
    """SQL: the content that stood on a decision's own day once it was published, by the decision's alias."""
    return (
        f"(SELECT own.content FROM revision own WHERE own.subject_id = {decision}.subject_id"
        f" AND own.effective_from <= {decision}.effective_from"
        f" AND own.seq < (SELECT min(e.seq) FROM log_entry e WHERE e.seq > {decision}.publication)"
        " ORDER BY own.effective_from DESC, own.seq DESC LIMIT 1)"
    )


def may_be_told(decision: str) -> str:
    """SQL: whether a decision, by its alias, may be shown, but for what was redacted or is left of nothing, which is
    asked of rows. Most subjects never were internal."""
    return (
        f"(NOT EXISTS (SELECT 1 FROM timeline ever WHERE ever.subject_id = {decision}.subject_id"
        f" AND ever.visibility = 'internal') OR ({on_open_day(decision)}"
        f" AND {not_internal(decision + '.subject_id')}))"
    )


def on_open_day(decision: str) -> str:
    """SQL: whether a decision, by its alias, takes effect on a day that is not internal as known now."""
    return (
        f"NOT EXISTS (SELECT 1 FROM timeline own WHERE own.subject_id = {decision}.subject_id"
        f" AND own.valid_from <= {decision}.effective_from AND own.valid_to > {decision}.effective_from"
        " AND own.visibility = 'internal')"
    )
