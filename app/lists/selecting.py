"""Which items make up a list on a day, and what each row says.

The rules, and where they come from:

权力清单: 《关于推行地方各级政府工作部门权力清单制度的指导意见》 (中办、国办, 2015): every administrative power of an
    organ with its basis and who exercises it: 行政许可, 处罚, 强制, 征收, 给付, 检查, 确认, 奖励, 裁决 and
    others. Here: every item that is no 公共服务.
责任清单: the same guideline sets beside each power what its holder answers for: 责任事项 and 追责情形. An item
    that states none keeps its row, empty, so that the gap is seen.
负面清单: 《国务院关于实行市场准入负面清单制度的意见》 (国发〔2015〕55号), 《优化营商环境条例》 第二十条: what may
    be entered only by permission, and what not at all; the rest is open to all. A registry of powers holds
    the first kind alone: its 行政许可. It knows no prohibitions, and says so (``NOTES``).
公共服务清单: items of type 公共服务.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import orjson
from sqlalchemy import Connection

from app.canonical import decode
from app.changes.quoting import PLACEHOLDER
from app.db import among, run_by
from app.errors import Invalid
from app.items.code_tables import label
from app.items.field_words import STATUS, limit_words
from app.places.queries import subtree, subtree_then
from app.saying import said
from app.versions.codes import main_code
from app.versions.names import NameBook, named_as_known
from app.versions.queries import Known
from app.versions.standing import standing_then
from app.versions.visibility import answered

Kind = Literal["power", "duty", "negative", "service"]
KINDS: dict[str, str] = {
    "power": "权力清单",
    "duty": "责任清单",
    "negative": "负面清单",
    "service": "公共服务清单",
}
SERVICE_TYPES = ("20", "21")
"""公共服务: 20 in GB/T 39046-2020, 21 where a province has 20 for other powers. Everything else is a power."""
PERMIT_TYPES = ("01",)
STANDING = ("in_force", "suspended", "unknown")
"""What a list shows: ended items are no longer on it; what is suspended or not known says so."""
MOST = 20_000
"""Items of one list; no authority or county comes near it."""

HEADS: dict[str, tuple[str, ...]] = {
    "power": ("编码", "事项名称", "类型", "行使层级", "实施机关", "设定依据", "法定时限", "承诺时限", "状态"),
    "duty": ("编码", "事项名称", "类型", "实施机关", "阶段", "责任事项", "依据", "追责情形"),
    "negative": ("编码", "事项名称", "行使层级", "实施机关", "服务对象", "准入条件", "设定依据", "状态"),
    "service": ("编码", "事项名称", "行使层级", "实施机关", "依据", "法定时限", "承诺时限", "状态"),
}
KEPT = ("编码", "事项名称", "类型", "行使层级", "实施机关", "状态")
"""Heads under which something is known of an item whose words were taken away by order."""
GONE = PLACEHOLDER
"""What stands in its other cells: the power is still in force, so the list does not leave it out."""
NOTES: dict[str, str] = {
    "power": "列出登记的全部行政权力事项；公共服务另成清单。",
    "duty": "与权力清单逐项对应；来源没有写明责任事项或追责情形的，照实留空。",
    "negative": "列出登记的行政许可，即取得许可方可从事的领域（许可准入）。登记簿只登记职权，不登记禁止准入的领域，"
    "因此不代替国家统一发布的市场准入负面清单。",
    "service": "列出登记的公共服务事项，不属于行政权力。",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """A list's kind, and whose: an authority's, or that of a region and all below it."""

    kind: Kind
    on: str
    authority: str | None = None
    region: str | None = None

    @property
    def owner(self) -> str:
        return self.authority or self.region or ""


@dataclass(slots=True)
class Listed:
    """An item on a list. ``lines`` have cells under ``HEADS``: one, or one for each duty of a 责任清单."""

    id: str
    source: str
    """Hash of the item's content that the lines were drawn from."""
    name: str
    lines: list[list[str]] = field(default_factory=list)


class _Row(NamedTuple):
    id: str
    name: str
    codes: str
    type: str
    status: str
    authority: str
    source: str
    content: dict[str, Any]
    redacted: bool = False
    """By order: the power stands, its words are gone."""


def belongs(kind: str, item_type: str, status: str) -> bool:
    """Whether an item of a type and status is on a list of a kind. The rule, pure."""
    if status not in STANDING:
        return False
    if kind == "service":
        return item_type in SERVICE_TYPES
    if kind == "negative":
        return item_type in PERMIT_TYPES
    return item_type not in SERVICE_TYPES


def listed(
    connection: Connection, wanted: Selection, known: Known | None = None, most: int = MOST
) -> list[Listed]:
    """The items of a list, by authority and code; as known then, where that is asked. Only what is public.

    Raises Invalid past ``MOST`` items, or past ``most`` items in the registry as known then.
    """
    then = known is not None and not known.is_head
    if then and known is not None:
        rows = list(_known_then(connection, wanted, known, most))
        names = {
            one: _name_then(connection, one, wanted.on, known) for one in {row.authority for row in rows}
        }
    else:
        rows = list(_now(connection, wanted))
        names = _names(connection, {row.authority for row in rows}, wanted.on)
    found = []
    for row in rows:
        authority = names.get(row.authority) or row.authority
        code = main_code(orjson.loads(row.codes)) or row.id
        lines = list(_lines(wanted.kind, row, code, authority))
        found.append((authority, code, row.id, Listed(row.id, row.source, row.name, lines)))
    return [one[3] for one in sorted(found, key=lambda one: one[:3])]


def owner_name(connection: Connection, wanted: Selection, known: Known | None = None) -> str:
    """What the authority or region was called on the day."""
    if known is not None and not known.is_head:
        return _name_then(connection, wanted.owner, wanted.on, known) or wanted.owner
    return _names(connection, {wanted.owner}, wanted.on).get(wanted.owner) or wanted.owner


def _names(connection: Connection, ids: Iterable[str], day: str) -> dict[str, str | None]:
    book, run = NameBook(), run_by(connection)
    wanted = sorted(ids)
    book.load(connection, wanted)
    return {one: book.name(run, one, day) for one in wanted}


def _name_then(connection: Connection, one: str, day: str, known: Known) -> str | None:
    found = named_as_known(connection, one, day, known)
    return found["name"] if found else None


def _now(connection: Connection, wanted: Selection) -> Iterator[_Row]:
    values: dict[str, Any] = {"on": wanted.on, "statuses": list(STANDING)}
    lists = ["statuses"]
    whose = ""
    if wanted.authority:
        whose, values["authority"] = " AND t.authority = :authority", wanted.authority
    elif wanted.region:
        whose, values["regions"] = " AND t.region IN :regions", subtree(connection, wanted.region, wanted.on)
        lists.append("regions")
    types = {"service": SERVICE_TYPES, "negative": PERMIT_TYPES}.get(wanted.kind)
    values["types"] = list(types or SERVICE_TYPES)
    one_of = f"t.type {'IN' if types else 'NOT IN'} :types"
    statement = among(
        "SELECT t.subject_id, t.name, t.codes, t.type, t.status, t.authority, t.content, c.body, t.visibility,"
        " t.level FROM timeline t"
        " JOIN content c ON c.hash = t.content WHERE t.kind = 'item' AND t.valid_from <= :on AND t.valid_to > :on"
        f" AND t.status IN :statuses AND {one_of}{whose} AND {answered('t')} ORDER BY t.subject_id LIMIT {MOST + 1}",
        "types",
        *lists,
    )
    rows = connection.execute(statement, values).all()
    _refuse_more(len(rows))
    for row in rows:
        one, name, codes, item_type, status, authority, source, body, visibility, level = row
        gone = visibility == "redacted"
        content = {"level": level} if gone else decode(bytes(body))
        yield _Row(
            one, GONE if gone else name, codes, item_type, status, authority or "", source, content, gone
        )


def _known_then(connection: Connection, wanted: Selection, known: Known, most: int) -> Iterator[_Row]:
    regions = subtree_then(connection, wanted.region, wanted.on, known, most) if wanted.region else set[str]()
    count = 0
    mentioning = wanted.authority or ""
    for stood in standing_then(
        connection, "item", wanted.on, known, most, mentioning=mentioning, redacted=True
    ):
        content, span = stood.content, stood.span
        own = (
            content.get("authority") == wanted.authority
            if wanted.authority
            else content.get("region") in regions
        )
        if own and span.content and belongs(wanted.kind, content.get("type", "unknown"), span.status):
            count += 1
            _refuse_more(count)
            name = GONE if stood.redacted else content["name"]
            told = (name, span.codes, content.get("type", "unknown"), span.status)
            yield _Row(stood.id, *told, content.get("authority", ""), span.content, content, stood.redacted)


def _refuse_more(count: int) -> None:
    if count > MOST:
        raise Invalid(
            f"这份清单超过 {MOST:,} 项，请改按实施机关或下级地区分别查看；全部事项可以用导出接口取得。",
            code="list-too-large",
            most=MOST,
        )


def _lines(kind: str, row: _Row, code: str, authority: str) -> Iterator[list[str]]:
    content = row.content
    level = said(label("level", content["level"]) or content["level"]) if content.get("level") else ""
    type_words = said(label("item_type", row.type) or row.type)
    status, bases = said(STATUS.get(row.status, row.status)), _bases(content)
    limits = [limit_words(content.get(name)) for name in ("statutory_limit", "promised_limit")]
    if row.redacted:
        cells = (code, row.name, type_words, level, authority, status)
        known = dict(zip(KEPT, cells, strict=True))
        yield [known.get(head, said(GONE)) for head in HEADS[kind]]
    elif kind == "duty":
        fields = ("stage", "matter", "basis", "accountability")
        for one in content.get("responsibilities") or [{}]:
            yield [code, row.name, type_words, authority, *(one.get(name) or "" for name in fields)]
    elif kind == "negative":
        objects = "、".join(
            said(label("service_object", one) or one) for one in content.get("service_objects") or []
        )
        yield [code, row.name, level, authority, objects, content.get("conditions") or "", bases, status]
    elif kind == "service":
        yield [code, row.name, level, authority, bases, *limits, status]
    else:
        yield [code, row.name, type_words, level, authority, bases, *limits, status]


def _bases(content: dict[str, Any]) -> str:
    """设定依据 as written; where none is marked so, all that are cited."""
    citations = content.get("citations") or []
    setting = [one for one in citations if one.get("role", "setting") == "setting"] or citations
    return "；".join(f"《{one.get('title') or '名称未提供'}》{one.get('article') or ''}" for one in setting)
