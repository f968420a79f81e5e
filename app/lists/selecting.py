"""Which items make up a list (权力清单, 责任清单, 公共服务清单) on a day, and what each row says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import Connection

from app.canonical import decode
from app.db import among
from app.items.code_tables import label
from app.items.field_words import STATUS, limit_words
from app.places.queries import subtree
from app.versions.codes import main_code
from app.versions.visibility import shown

Kind = Literal["power", "duty", "service"]
KINDS: dict[str, str] = {"power": "权力清单", "duty": "责任清单", "service": "公共服务清单"}
SERVICE_TYPES = ("20", "21")
"""公共服务: 20 in GB/T 39046-2020, 21 where a province has 20 for other powers. Everything else is a power."""
STANDING = ("in_force", "suspended", "unknown")
"""What a list shows: ended items are no longer on it; what is suspended or not known says so."""
MOST = 20_000
"""Rows of one list; no authority or county comes near it."""

HEADS = {
    "power": ("编码", "事项名称", "类型", "行使层级", "实施机关", "设定依据", "法定时限", "承诺时限", "状态"),
    "duty": ("编码", "事项名称", "实施机关", "阶段", "责任事项", "依据", "追责情形"),
    "service": ("编码", "事项名称", "行使层级", "实施机关", "依据", "法定时限", "承诺时限", "状态"),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """A list's kind, and whose: an authority's, or that of a region and all below it."""

    kind: Kind
    on: str
    authority: str | None = None
    region: str | None = None


@dataclass(slots=True)
class ListRow:
    """An item of a list with the cells under ``HEADS``; a duty list may have several rows of one item."""

    id: str
    name: str
    cells: list[str]


def rows_of(connection: Connection, wanted: Selection, names: dict[str, str]) -> list[ListRow]:
    """The list's rows by authority and code. ``names`` gives authorities their names on the day."""
    found: list[ListRow] = []
    for row in _items(connection, wanted):
        content = decode(bytes(row[6]))
        code = main_code(orjson.loads(row[2])) or row[0]
        authority = names.get(row[5], row[5])
        found += [
            ListRow(row[0], row[1], cells) for cells in _cells(wanted.kind, row, code, authority, content)
        ]
    return sorted(found, key=lambda one: (one.cells[2 if wanted.kind == "duty" else -5], one.cells[0]))


def authorities_of(connection: Connection, wanted: Selection) -> set[str]:
    """Whose items are on the list."""
    return {row[5] for row in _items(connection, wanted)}


def _items(connection: Connection, wanted: Selection) -> list[Any]:
    values: dict[str, Any] = {"on": wanted.on, "statuses": list(STANDING), "types": list(SERVICE_TYPES)}
    lists = ["statuses", "types"]
    whose = ""
    if wanted.authority:
        whose, values["authority"] = " AND t.authority = :authority", wanted.authority
    elif wanted.region:
        whose, values["regions"] = " AND t.region IN :regions", subtree(connection, wanted.region, wanted.on)
        lists.append("regions")
    types = "t.type IN :types" if wanted.kind == "service" else "t.type NOT IN :types"
    statement = among(
        "SELECT t.subject_id, t.name, t.codes, t.type, t.status, t.authority, c.body FROM timeline t"
        " JOIN content c ON c.hash = t.content WHERE t.kind = 'item' AND t.valid_from <= :on AND t.valid_to > :on"
        f" AND t.status IN :statuses AND {types}{whose} AND {shown('t')} ORDER BY t.subject_id LIMIT {MOST}",
        *lists,
    )
    return list(connection.execute(statement, values))


def _cells(kind: str, row: Any, code: str, authority: str, content: dict[str, Any]) -> Iterator[list[str]]:
    if kind == "duty":
        for one in content.get("responsibilities") or []:
            told = [one.get(name) or "" for name in ("stage", "matter", "basis", "accountability")]
            yield [code, row[1], authority, *told]
        return
    level = label("level", content["level"]) or content["level"] if content.get("level") else ""
    limits = [limit_words(content.get(name)) for name in ("statutory_limit", "promised_limit")]
    type_words = [] if kind == "service" else [label("item_type", row[3]) or row[3]]
    yield [code, row[1], *type_words, level, authority, _bases(content), *limits, STATUS.get(row[4], row[4])]


def _bases(content: dict[str, Any]) -> str:
    """设定依据 as written; where none is marked so, all that are cited."""
    citations = content.get("citations") or []
    setting = [one for one in citations if one.get("role", "setting") == "setting"] or citations
    return "；".join(f"《{one.get('title') or '名称未提供'}》{one.get('article') or ''}" for one in setting)
