"""Filters by type and level as they are asked for: what nothing can have is refused, not answered with nothing."""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.errors import Invalid
from app.items.code_tables import TABLES
from app.versions.visibility import answered

UNKNOWN = "unknown"
"""The type of an item whose source gives none."""


def known_type(connection: Connection, asked: str | None, kind: str = "item") -> str | None:
    """A 事项类型代码; none where none is asked for. Raises Invalid, with the values there are."""
    if not asked:
        return None
    values = values_of("item_type")
    if asked in values or _is_held(connection, kind, "type", asked):
        return asked
    raise Invalid(
        f"没有“{asked[:40]}”这个事项类型代码，可用的有：{_listed(values)}。",
        code="unknown-type",
        field="type",
        allowed=list(values),
    )


def known_level(connection: Connection, asked: str | None) -> str | None:
    """A 行使层级代码; none where none is asked for. Raises Invalid, with the values there are."""
    if not asked:
        return None
    values = values_of("level")
    if asked in values or _is_held(connection, "item", "level", asked):
        return asked
    raise Invalid(
        f"没有“{asked[:40]}”这个行使层级代码，可用的有：{_listed(values)}。",
        code="unknown-level",
        field="level",
        allowed=list(values),
    )


def values_of(table: str) -> dict[str, str]:
    """code -> label of every source's table, the standard's label first; types have ``unknown`` besides."""
    found = {UNKNOWN: "类型不明"} if table == "item_type" else {}
    for one in reversed(TABLES[table]):
        found |= one.values
    return dict(sorted(found.items()))


def _listed(values: dict[str, str]) -> str:
    return "、".join(f"{code} {label}" for code, label in values.items())


def _is_held(connection: Connection, kind: str, column: str, asked: str) -> bool:
    """Whether an item says so all the same: the standard leaves 11 to 19 and 21 on to each place."""
    query = text(
        f"SELECT 1 FROM timeline t WHERE t.kind = :kind AND t.{column} = :asked AND {answered('t')} LIMIT 1"
    )
    return connection.execute(query, {"kind": kind, "asked": asked}).first() is not None
