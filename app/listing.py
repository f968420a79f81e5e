"""Subjects on a day: by filter and in pages, counted, or by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection

from app.db import among, chunks, fetch, marks, run_by
from app.errors import Invalid
from app.places.queries import subtree
from app.versions.codes import main_code
from app.versions.ids import is_id, kind_of
from app.versions.models import FIRST, OPEN
from app.versions.names import NameBook, named
from app.versions.timeline import attested
from app.versions.visibility import answered, not_internal, not_withheld


@dataclass(slots=True)
class Filter:
    """Which items: on a day, in a region and all below it, of an authority, type, level, status."""

    on: str
    region: str | None = None
    authority: str | None = None
    type: str | None = None
    level: str | None = None
    statuses: tuple[str, ...] = ()
    kind: str = "item"
    parent: str | None = None
    name: str | None = None
    name_contains: str | None = None
    links_to: tuple[str, str] | None = None
    """(role, target) of a link that its content must hold; an empty role: any."""
    or_coded: str | None = None
    """Beside ``name_contains``: a code or id that will do as well."""
    begun: bool | None = True
    """Those that have begun by the day, as they stand on it; False: that begin later, as they begin; None: both."""
    internal: bool = False
    """What is not public too: for the office, whose rights are asked before."""


@dataclass(slots=True)
class Page:
    """A keyset page: rows, and the id to go on after."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    next: str | None = None


STATUSES = ("in_force", "suspended", "ended", "unknown")


def page_key(after: str | None, *kinds: str) -> str:
    """The id that a page goes on after; empty where none is given. Raises Invalid for what is no id of these kinds: a
    damaged key would quietly end the list."""
    key = (after or "").lower()
    if key and not (is_id(key) and kind_of(key) in kinds):
        raise bad_after()
    return key


def bad_after(name: str = "after") -> Invalid:
    """``name``: of the parameter that bears the place to go on from."""
    return Invalid(
        f"{name} 应为上一页给出的 next，请原样带回，或从第一页重新开始。", code="bad-after", field=name
    )


def known_statuses(asked: Iterable[str]) -> tuple[str, ...]:
    """The statuses asked for, each once. Raises Invalid for one that there is not."""
    found = tuple(dict.fromkeys(asked))
    for status in found:
        if status not in STATUSES:
            raise Invalid(
                f"没有“{status[:40]}”这种状态，可用的有：{'、'.join(STATUSES)}。", code="unknown-status"
            )
    return found


_BEGUN = "t.valid_from <= :on AND t.valid_to > :on"
_AHEAD = (
    "t.valid_from > :on AND NOT EXISTS (SELECT 1 FROM timeline earlier WHERE earlier.subject_id = t.subject_id"
    " AND earlier.valid_from < t.valid_from)"
)
_MOMENTS = {True: _BEGUN, False: _AHEAD, None: f"({_BEGUN} OR {_AHEAD})"}


def _where(connection: Connection, wanted: Filter) -> tuple[str, dict[str, Any], list[str]]:
    clauses = ["t.kind = :kind", _MOMENTS[wanted.begun]]
    if not wanted.internal:
        clauses.append(not_withheld("t"))
    if wanted.kind == "item" and not wanted.internal:
        clauses.append(not_internal("t.subject_id"))
    values: dict[str, Any] = {"kind": wanted.kind, "on": wanted.on}
    expanding: list[str] = []
    for column in ("authority", "type", "level", "parent", "name"):
        value = getattr(wanted, column)
        if value is not None:
            clauses.append(f"t.{column} = :{column}")
            values[column] = value
    if wanted.statuses:
        clauses.append("t.status IN :statuses")
        values["statuses"] = list(known_statuses(wanted.statuses))
        expanding.append("statuses")
    if wanted.name_contains is not None:
        named = "lower(t.name) LIKE lower(:contains) ESCAPE '!'"
        if wanted.or_coded is not None:
            named += (
                " OR t.subject_id = lower(:coded) OR EXISTS (SELECT 1 FROM code_interval held"
                " WHERE held.subject_id = t.subject_id AND held.value = :coded)"
            )
            values["coded"] = wanted.or_coded
        clauses.append(f"({named})")
        escaped = wanted.name_contains.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values["contains"] = f"%{escaped}%"
    if wanted.links_to is not None:
        role, target = wanted.links_to
        clauses.append(
            "EXISTS (SELECT 1 FROM link l WHERE l.subject_id = t.subject_id AND l.valid_from = t.valid_from"
            f"{' AND l.role = :role' if role else ''} AND l.target = :target AND {not_internal('l.target')})"
        )
        values |= {"target": target} | ({"role": role} if role else {})
    if wanted.region is not None:
        clauses.append("t.region IN :regions")
        values["regions"] = subtree(connection, wanted.region, wanted.on)
        expanding.append("regions")
    return " AND ".join(clauses), values, expanding


_SHORT = (
    "t.subject_id, t.valid_from, t.valid_to, t.revision, t.status, t.codes, t.name, t.visibility,"
    f" {attested('t')}"
)


def short(row: Any) -> dict[str, Any]:
    """What every list shows of a subject, from the columns of ``_SHORT``."""
    codes = orjson.loads(row[5])
    return {
        "id": row[0],
        "code": main_code(codes),
        "codes": codes,
        "name": row[6],
        "status": row[4],
        "valid_from": None if row[1] == FIRST else row[1],
        "valid_to": None if row[2] == OPEN else row[2],
        "attested_from": row[8],
        "revision": row[3],
        **({"redacted": True} if row[7] == "redacted" else {}),
    }


def list_subjects(connection: Connection, wanted: Filter, after: str | None, limit: int) -> Page:
    """A page of subjects in the order of their ids, with what lists show of each."""
    where, values, expanding = _where(connection, wanted)
    if key := page_key(after, wanted.kind):
        where += " AND t.subject_id > :after"
        values["after"] = key
    statement = among(
        f"SELECT {_SHORT}, t.type, t.level, t.authority, t.region, t.parent FROM timeline t"
        f" WHERE {where}"
        " ORDER BY t.subject_id LIMIT :limit",
        *expanding,
    )
    found = connection.execute(statement, {**values, "limit": limit + 1}).all()
    run, book = run_by(connection), NameBook()
    book.load(connection, (one for row in found[:limit] for one in (row[11], row[12])))
    page = Page(next=found[limit - 1][0] if len(found) > limit else None)
    for row in found[:limit]:
        page.rows.append(
            {
                **short(row),
                "type": row[9],
                "level": row[10],
                "authority": named(run, book, row[11], wanted.on),
                "region": named(run, book, row[12], wanted.on),
                "parent": row[13],
                **({"visibility": row[7]} if wanted.internal else {}),
            }
        )
    return page


def count_by(connection: Connection, wanted: Filter, column: str) -> dict[str, int]:
    """How many in each value of ``status``, ``type``, ``level``, ``authority`` or ``region``."""
    if column not in ("status", "type", "level", "authority", "region"):
        raise ValueError(column)
    where, values, expanding = _where(connection, wanted)
    statement = among(
        f"SELECT coalesce(t.{column}, ''), count(*) FROM timeline t WHERE {where} GROUP BY 1 ORDER BY 1",
        *expanding,
    )
    return {row[0]: row[1] for row in connection.execute(statement, values)}


_ON_DAY = (
    f"SELECT {_SHORT} FROM timeline t"
    " WHERE t.subject_id IN ({}) AND t.valid_from <= ? AND t.valid_to > ?"
    f" AND t.kind = 'item' AND {answered('t')}"
)


def found_on(connection: Connection, subject_ids: set[str], day: str) -> dict[str, dict[str, Any]]:
    """Short rows of the items by id, as they stand on a day."""
    found: dict[str, dict[str, Any]] = {}
    for some in chunks(sorted(subject_ids)):
        rows = fetch(connection, _ON_DAY.format(marks(some)), (*some, day, day))
        found |= {row[0]: short(row) for row in rows}
    return found | _not_yet_rows(connection, subject_ids - found.keys(), day)


def _not_yet_rows(connection: Connection, subject_ids: set[str], day: str) -> dict[str, dict[str, Any]]:
    """Rows of known items that begin later: a known item always answers."""
    if not subject_ids:
        return {}
    statement = among(
        "SELECT t.subject_id, min(t.valid_from) FROM timeline t WHERE t.subject_id IN :ids AND t.kind = 'item'"
        f" AND {answered('t')} GROUP BY t.subject_id HAVING min(t.valid_from) > :on",
        "ids",
    )
    empty: dict[str, Any] = {"code": None, "codes": [], "name": None, "status": "not_yet", "valid_from": None}
    empty["attested_from"] = None
    return {
        row[0]: {"id": row[0], **empty, "valid_to": row[1], "revision": None}
        for row in connection.execute(statement, {"ids": sorted(subject_ids), "on": day})
    }
