"""Which items are meant: an id, a code, or many of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.db import among
from app.errors import NotFound
from app.listing import found_on
from app.versions import ids
from app.versions.codes import holders, subject_id
from app.versions.queries import Known
from app.versions.visibility import code_shown


def resolve(
    connection: Connection, asked: str, day: str, known: Known | None = None, *, internal: bool = False
) -> tuple[str, bool]:
    """(item id, whether it was asked for by another name); a code as it was held as known then. ``internal``: see
    ``holder_of``. Raises NotFound, for a mistyped id by a code of its own, else as ``subject_id`` does; Ambiguous."""
    if ids.PATTERN.match(asked.lower()) and not ids.is_id(asked):  # no code looks like it
        raise NotFound(
            f"“{asked[:40]}”不是本登记簿的编号：校验字符不对，多半是抄错了一个字，请核对。", code="bad-id"
        )
    found = subject_id(connection, "item", asked, day, known, internal=internal)
    return found, found != asked


def look_up_many(connection: Connection, asked: Sequence[str], day: str) -> list[dict[str, Any]]:
    """Codes and ids in bulk, each answered in the order asked: found rows, or why not."""
    code_rows = connection.execute(
        among(
            "SELECT i.value, i.subject_id, i.valid_from, i.valid_to FROM code_interval i"
            " JOIN subject s ON s.id = i.subject_id WHERE s.kind = 'item' AND i.value IN :codes"
            f" AND {code_shown('i')}",
            "codes",
        ),
        {"codes": list(dict.fromkeys(asked))},
    ).all()
    held: dict[str, list[Any]] = {}
    for row in code_rows:
        held.setdefault(row[0], []).append(row)
    wanted: dict[str, list[str]] = {}
    for code in asked:
        if ids.is_id(code):
            wanted[code] = [code.lower()]
        else:
            rows = held.get(code, [])
            wanted[code] = holders([(row[1], row[2], row[3]) for row in rows], day)
    rows_by_id = found_on(connection, {one for many in wanted.values() for one in many}, day)
    results = []
    for code in asked:
        found = [rows_by_id[one] for one in wanted[code] if one in rows_by_id]
        problem = None if len(found) == 1 else ("several-holders" if found else "unknown-item")
        results.append({"asked": code, "found": found, "problem": problem})
    return results
