"""What the checks have found: rows by authority, code and item, and points by authority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.auth.actor import Actor
from app.checks.catalogue import SEVERITIES, TITLES, title_of
from app.db import among
from app.errors import Forbidden, Invalid
from app.listing import bad_after, page_key
from app.places.queries import subtree


@dataclass(slots=True)
class Wanted:
    """Which findings; None: any."""

    authority: str | None = None
    regions: list[str] | None = None
    item: str | None = None
    code: str | None = None
    severity: str | None = None
    excepted: bool = False
    """True: those that are let stand, instead of the others."""

    def __post_init__(self) -> None:
        if self.code and self.code not in TITLES:
            raise Invalid(
                f"没有“{self.code[:40]}”这项检查，可用的有：{'、'.join(TITLES)}。", code="unknown-check"
            )
        if self.severity and self.severity not in SEVERITIES:
            raise Invalid("severity 可用的有：error、warning、note。", code="unknown-severity")


def confine(connection: Connection, wanted: Wanted, actor: Actor, day: str) -> None:
    """Within the actor's scope, in place. Raises Forbidden where it asks for another's."""
    if actor.authority is not None and wanted.authority not in (None, actor.authority):
        raise outside(actor)
    wanted.authority = wanted.authority or actor.authority
    if actor.region is not None:
        own = subtree(connection, actor.region, day)
        wanted.regions = own if wanted.regions is None else sorted({*wanted.regions} & {*own})
        if not wanted.regions:
            raise outside(actor)


def outside(actor: Actor) -> Forbidden:
    return Forbidden(f"所问的不在账号“{actor.name}”的管理范围内。", code="out-of-scope")


def _where(wanted: Wanted) -> tuple[str, dict[str, Any], list[str]]:
    clauses, values, expanding = ["f.excepted = :excepted"], {"excepted": int(wanted.excepted)}, []
    given: dict[str, Any] = {
        "c.authority": wanted.authority,
        "f.subject": wanted.item,
        "f.code": wanted.code,
        "f.severity": wanted.severity,
    }
    for column, value in given.items():
        if value is not None:
            name = column[2:]
            clauses.append(f"{column} = :{name}")
            values[name] = value
    if wanted.regions is not None:
        clauses.append("c.region IN :regions")
        values["regions"] = wanted.regions  # type: ignore[assignment]
        expanding.append("regions")
    return " AND ".join(clauses), values, expanding


def place_after(after: str | None) -> tuple[str, int]:
    """(item, position) that a page of findings goes on after, as its ``next`` says. Raises Invalid."""
    if not after:
        return "", -1
    item, _, position = after.partition(":")
    if not (position.isascii() and position.isdigit() and len(position) < 9):
        raise bad_after()
    return page_key(item, "item"), int(position)


def findings(
    connection: Connection, wanted: Wanted, after: tuple[str, int], limit: int
) -> list[dict[str, Any]]:
    """Findings in the order of items, from behind (item, position) on."""
    where, values, expanding = _where(wanted)
    query = among(
        "SELECT f.subject, f.position, f.code, f.severity, f.path, f.message, f.source, f.about, c.name,"
        " c.authority, c.region, c.day, c.points FROM finding f JOIN checked_item c ON c.subject = f.subject"
        f" WHERE {where} AND (f.subject > :item_ OR (f.subject = :item_ AND f.position > :position_))"
        " ORDER BY f.subject, f.position LIMIT :limit_",
        *expanding,
    )
    rows = connection.execute(query, {**values, "item_": after[0], "position_": after[1], "limit_": limit})
    return [
        {**row, "title": title_of(row["code"], row["severity"])}
        for row in (dict(one) for one in rows.mappings())
    ]


def by_code(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """code, severity, how many findings and items; the gravest and most frequent first."""
    where, values, expanding = _where(wanted)
    query = among(
        "SELECT f.code, f.severity, count(*) AS findings, count(DISTINCT f.subject) AS items FROM finding f"
        f" JOIN checked_item c ON c.subject = f.subject WHERE {where} GROUP BY f.code, f.severity",
        *expanding,
    )
    order = list(SEVERITIES)
    rows = [
        {**row, "title": title_of(row["code"], row["severity"])}
        for row in (dict(one) for one in connection.execute(query, values).mappings())
    ]
    return sorted(rows, key=lambda row: (order.index(row["severity"]), -row["items"], row["code"]))


def by_authority(connection: Connection, regions: list[str] | None = None) -> list[dict[str, Any]]:
    """Each authority with its items and their mean points, in tenths as an exact sum; the lowest first."""
    query = among(
        "SELECT c.authority, count(*) AS items, sum(c.points) AS points, sum(c.errors) AS errors,"
        " sum(c.warnings) AS warnings, sum(c.notes) AS notes,"
        " sum(CASE WHEN c.errors + c.warnings + c.notes = 0 THEN 1 ELSE 0 END) AS clean FROM checked_item c"
        + (" WHERE c.region IN :regions" if regions is not None else "")
        + " GROUP BY c.authority",
        *(["regions"] if regions is not None else []),
    )
    rows = connection.execute(query, {"regions": regions} if regions is not None else {}).mappings()
    found = [
        {name: value if name == "authority" else int(value) for name, value in row.items()} for row in rows
    ]
    for row in found:  # tenths of a point, rounded half up
        row["mean"] = (20 * row["points"] + row["items"]) // (2 * row["items"]) / 10
    return sorted(found, key=lambda row: (row["points"] / row["items"], str(row["authority"])))


def counted(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """How many items have a finding of each severity: what the desk shows."""
    where, values, expanding = _where(wanted)
    query = among(
        "SELECT f.severity, count(DISTINCT f.subject) FROM finding f JOIN checked_item c ON c.subject = f.subject"
        f" WHERE {where} GROUP BY f.severity",
        *expanding,
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query, values)}
