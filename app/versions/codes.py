"""Who holds a code: on a day, else last. A code is a dated row, resolved as revisions are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.db import run_by
from app.errors import Ambiguous, NotFound
from app.saying import said
from app.versions import ids
from app.versions.ids import LABELS
from app.versions.queries import Known, timelines
from app.versions.visibility import code_shown, hidden_among, public_among

PREFERRED_SCHEMES = {"national-31": 31, "national-33": 33, "national-12": 12, "national-14": 14}
"""Scheme -> characters of its codes."""


def main_code(codes: Sequence[dict[str, str]]) -> str | None:
    """The code shown first: a national one where there is one of full length, since what is cut short stands in
    its place in no other system."""
    if len(codes) == 1:
        return codes[0]["value"]
    for scheme, length in PREFERRED_SCHEMES.items():
        for code in codes:
            if code["scheme"] == scheme and len(code["value"]) == length:
                return code["value"]
    return max((code["value"] for code in codes), key=len, default=None)


def holder_of(
    connection: Connection,
    code: str,
    day: str,
    kind: str = "item",
    known: Known | None = None,
    *,
    internal: bool = False,
) -> str:
    """The subject that holds a code on a day, else the last that held it; as known then, where it is asked.
    ``internal``: what is not public too, as known now; for those who may see it.

    Raises Ambiguous with the list where there are several, NotFound where there never was one.
    """
    if internal or known is None or known.is_head:
        rows = connection.execute(
            text(
                "SELECT i.subject_id, i.valid_from, i.valid_to FROM code_interval i"
                " JOIN subject s ON s.id = i.subject_id"
                f" WHERE i.value = :code AND s.kind = :kind AND {'1 = 1' if internal else code_shown('i')}"
            ),
            {"code": code, "kind": kind},
        ).all()
    else:
        rows = _held_then(connection, code, kind, known)
    if not rows:
        raise never_known(code, kind)
    found = holders([(row[0], row[1], row[2]) for row in rows], day)
    if len(found) > 1:
        raise Ambiguous(
            said("编码 {1} 有 {2} 个{3}在用，请从中选择。", code, len(found), said(LABELS[kind])),
            code="several-holders",
            holders=found,
        )
    return found[0]


def _held_then(connection: Connection, code: str, kind: str, known: Known) -> list[Any]:
    """(subject, from, to) of each time the code was held, as known then; internal times left out."""
    run = run_by(connection)
    found = run(
        "SELECT DISTINCT c.subject_id FROM code c JOIN subject s ON s.id = c.subject_id"
        " WHERE c.value = ? AND s.kind = ? AND c.seq <= ?",
        (code, kind, known.seq),
    )
    rows = timelines(connection, public_among(run, (row[0] for row in found)), known)
    hidden = hidden_among(run, (span.content for spans in rows.values() for span in spans))
    return [
        (subject, span.valid_from, span.valid_to)
        for subject, spans in rows.items()
        for span in spans
        if span.content not in hidden and any(held["value"] == code for held in orjson.loads(span.codes))
    ]


def holders(held: Sequence[tuple[str, str, str]], day: str) -> list[str]:
    """Of (subject, from, to): who holds on the day; else who held last; else who is to hold."""
    now = {subject for subject, first, last in held if first <= day < last}
    past = max((last for _, _, last in held if last <= day), default=None)
    return sorted(now or {row[0] for row in held if row[2] == past} or {row[0] for row in held})


def never_known(asked: str, kind: str) -> NotFound:
    """The refusal for an id or code that no subject of the kind ever had, or that may not be shown."""
    if kind == "item":
        return NotFound(said("登记簿中从未有过事项 {1}，请检查编号或编码。", asked), code="unknown-item")
    return NotFound(
        said("登记簿中从未有过编号或编码为 {1} 的{2}，请检查。", asked, said(LABELS[kind])),
        code="unknown-subject",
    )


def subject_id(
    connection: Connection,
    kind: str,
    asked: str,
    day: str,
    known: Known | None = None,
    *,
    internal: bool = False,
) -> str:
    """The subject of a kind that an id or code stands for, as known at a time. ``internal``: see ``holder_of``.

    Raises NotFound, in the same words where none was ever published under it, where it is of another kind and where
    it may not be shown; Ambiguous.
    """
    if not ids.is_id(asked):
        return holder_of(connection, asked, day, kind, known, internal=internal)
    found = asked.lower()
    if ids.kind_of(found) != kind:
        raise never_known(asked, kind)
    run = run_by(connection)
    latest = 2**62 if known is None else known.seq
    if not run("SELECT 1 FROM subject WHERE id = ? AND seq <= ?", (found, latest)):
        raise never_known(asked, kind)
    if not internal and not public_among(run, [found]):
        raise never_known(asked, kind)
    return found
