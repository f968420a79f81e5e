"""What a workbook of items that comes back would change: item by item, on what stands now; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import kinds
from app.db import TOMBSTONE, chunks, fetch, marks
from app.errors import Invalid, RegistryError
from app.exchange.worksheet_files import CellProblem
from app.files import as_file
from app.items.field_words import word_of
from app.versions.fold import diff
from app.web.office.doors.visiting import Posted
from app.web.office.forms import drafting, filled
from app.web.office.forms.fields import item_fields
from app.web.office.items.form import wrong_places
from app.web.office.items.in_hand import opened
from app.web.office.many import sheets
from app.web.office.many.one_change import MOST
from app.web.office.many.sheets import Brought, Reading
from app.web.subjects import names

Cells = list[tuple[str, str, sheets.Pairs]]
"""Item, hash of what was written out of it, fields that differ."""


@dataclass(slots=True)
class Tried:
    """What a workbook comes to: problems, or the items it changes with before and after."""

    on: str
    problems: list[CellProblem] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    cells: Cells = field(default_factory=list)
    """What differs, to be drafted."""
    marked: str = ""
    """Under what the marked copy lies, where there are problems."""
    said: str = ""
    """Why it was refused whole."""
    status: int = 200


def try_workbook(
    connection: Connection, present: Present, body: bytes, on: str, tell: Callable[[int, int], None]
) -> Tried:
    """What the workbook (the bytes of an XLSX file) would change from a day on; nothing is written. ``tell``: items
    done, of how many. Raises Invalid where it names too many."""
    with as_file(body, "items.xlsx") as path:
        reading = Reading(path)
    wanted = reading.names_wanted()
    if len(wanted) > MOST:
        raise Invalid(f"一次最多改 {MOST} 个事项，请分几次导入。", code="too-many-items")
    exported = exported_of(connection, wanted)
    ids = [one for content in exported.values() for one in drafting.ids_in(content)]
    reading.compare(lambda item, stands: exported.get((item, stands), {}), names(connection, ids, on))
    tried = Tried(on)
    for done, brought in enumerate(reading.items.values()):
        tell(done, len(reading.items))
        if not brought.pairs:
            tried.unchanged += 1
            continue
        change = change_of(connection, present, brought, on, exported[brought.item, brought.stands], reading)
        if change:
            tried.changed.append(change)
    tried.problems = reading.problems
    tried.cells = [(one.item, one.stands, one.pairs) for one in reading.items.values() if one.pairs]
    return tried


def left(told: dict[str, Any]) -> Tried:
    """What was written of a trial, read again."""
    problems = [CellProblem(**one) for one in told["problems"]]
    cells = [
        (item, stands, [(name, value) for name, value in pairs]) for item, stands, pairs in told["cells"]
    ]
    return Tried(**{**told, "problems": problems, "cells": cells})


def exported_of(connection: Connection, wanted: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    """(item, hash) -> the content, where the item ever had it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for some in chunks(sorted(wanted)):
        rows = fetch(
            connection,
            "SELECT DISTINCT r.subject_id, c.hash, c.body FROM revision r JOIN content c ON c.hash = r.content"
            f" WHERE r.subject_id IN ({marks(some)})",
            tuple(some),
        )
        for item, stands, body in rows:
            if wanted[item] == stands and bytes(body) != TOMBSTONE:
                found[item, stands] = decode(bytes(body))
    return found


def change_of(
    connection: Connection,
    present: Present,
    brought: Brought,
    on: str,
    exported: dict[str, Any],
    reading: Reading | None = None,
) -> dict[str, Any] | None:
    """The item before and after, on what stands now. ``reading`` is told of what is wrong; without one it is raised."""
    wrong = reading.wrong_in if reading else _raise
    try:
        editing = opened(connection, present.actor, brought.item, on, Posted([]))
        mine = filled.document(item_fields(), Posted(brought.pairs), exported)
        after, collide = drafting.merged(exported, mine, editing.base)
        for place in collide:
            said = f"导出之后，“{word_of(place.split('/')[0])}”已另有变更发布，请重新导出再改。"
            wrong(brought, place, "moved", said)
        after = filled.with_keys(after)
        drafting.put_ids(connection, after, on)
        after = kinds.validate("item", after)
    except RegistryError as error:
        listed = wrong_places(mine, error.detail["errors"]) if "errors" in error.detail else {}
        for place, said in (listed or {str(error.detail.get("field", "")): error.message}).items():
            wrong(brought, place, error.code, said)
        return None
    changes = diff(editing.base, after)
    if not changes:
        return None
    return {
        "id": brought.item,
        "name": after["name"],
        "before": editing.base,
        "after": after,
        "changes": changes,
    }


def _raise(_brought: Brought, _place: str, code: str, message: str) -> None:
    raise Invalid(message, code=code)
