"""The scope of a round held here: a filter, frozen to the items in force on the base day.

The list is a content of its own, by hash; the changeset's head names the hash, so that approval binds it. A scope
without a base day only describes a round that is recorded from a document, and freezes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlmodel import SQLModel

from app.canonical import decode, digest, encode
from app.changes.asked import GATHERING
from app.changes.models import ScopeInput
from app.changes.outcomes import RULES
from app.db import TOMBSTONE, among, chunks, fetch, insert_rows, marks
from app.errors import Gone, Invalid, Refused, RegistryError
from app.items import code_tables
from app.places.queries import authority_id, region_id, subtree
from app.versions.queries import parse_day

LISTED = ("in_force", "suspended")
"""Statuses that are in the scope; a suspended item is out of force for a time, and still to be decided. Items of
unknown status are counted beside."""
SHOWN = 50


def resolved(connection: Connection, asked: ScopeInput, today: str) -> ScopeInput:
    """The filter with its region and authorities by registry id, whoever gave codes. Raises Invalid for what is in no
    register: a filter that names nothing would hold everything, or nothing, without a word."""
    day = parse_day(asked.base_day, "基准日") if asked.base_day else today
    place = "region"
    try:
        region = region_id(connection, asked.region, day)
        place = "authorities"
        authorities = [authority_id(connection, one, day) or one for one in asked.authorities]
    except RegistryError as error:
        raise Invalid(error.message, code="unknown-reference", field=f"scope/{place}") from error
    for one in asked.types:
        if code_tables.label("item_type", one) is None and not fetch(connection, _TYPED, (one,)):
            raise Invalid(
                f"没有代码为“{one}”的事项类型，请从代码表 item_type 中选择。",
                code="unknown-type",
                field="scope/types",
            )
    return asked.model_copy(update={"region": region, "authorities": authorities})


_TYPED = "SELECT 1 FROM timeline WHERE kind = 'item' AND type = ? LIMIT 1"


def frozen_head(connection: Connection, asked: ScopeInput, before: dict[str, Any] | None) -> dict[str, Any]:
    """The scope as the head keeps it: the filter, and under ``frozen`` the list's hash and counts.

    ``before`` is the scope as it stood: where the filter is the same, its list stays. Raises Invalid.
    """
    head: dict[str, Any] = asked.model_dump(exclude_none=True, exclude_defaults=True)
    if asked.base_day is None:
        return head
    parse_day(asked.base_day, "基准日")
    if before is not None and {name: part for name, part in before.items() if name != "frozen"} == head:
        return {**head, "frozen": before["frozen"]}
    found = select(connection, head)
    items = sorted(subject for subject, status in found if status in LISTED)
    if not items:
        raise Invalid(
            "基准日在这个范围内没有在用的事项，请检查地区、类型、机关和基准日。", code="empty-scope"
        )
    body = encode(items)
    insert_rows(connection, SQLModel.metadata.tables["content"], ("hash", "body"), [(digest(body), body)])
    unknown = sum(status == "unknown" for _, status in found)
    return {**head, "frozen": {"items": digest(body), "count": len(items), "unknown": unknown}}


def select(connection: Connection, scope: dict[str, Any], day: str | None = None) -> list[tuple[str, str]]:
    """(item, status) of what the filter holds on a day, the base day by default; ended ones left out."""
    where, wanted, values = _held(connection, scope, day or scope["base_day"])
    query = among(f"SELECT t.subject_id, t.status FROM timeline t WHERE {where}", *wanted)
    return [(row[0], row[1]) for row in connection.execute(query, values)]


def counted(
    connection: Connection, scope: dict[str, Any], day: str
) -> list[tuple[str | None, str | None, str, int]]:
    """(authority, type, status, items) of what the filter holds on a day; ended ones left out."""
    where, wanted, values = _held(connection, scope, day)
    query = among(
        f"SELECT t.authority, t.type, t.status, count(*) FROM timeline t WHERE {where}"
        " GROUP BY t.authority, t.type, t.status",
        *wanted,
    )
    return [tuple(row) for row in connection.execute(query, values)]


def _held(connection: Connection, scope: dict[str, Any], on: str) -> tuple[str, list[str], dict[str, Any]]:
    """SQL of what the filter holds on a day: conditions, names of the lists among its values, its values."""
    lists = {"type": scope.get("types"), "authority": scope.get("authorities")}
    lists["region"] = subtree(connection, scope["region"], on) if scope.get("region") else None
    wanted = {
        name: list(some) for name, some in lists.items() if some or (name == "region" and some is not None)
    }
    clauses = ["t.kind = 'item'", "t.valid_from <= :on", "t.valid_to > :on", "t.status <> 'ended'"]
    clauses += [f"t.{name} IN :{name}" for name in wanted]
    return " AND ".join(clauses), [*wanted], {"on": on, **wanted}


def frozen_items(connection: Connection, scope: dict[str, Any] | None) -> list[str]:
    """The ids that the scope was frozen to; none where it was not. Raises Gone where an order took the list: without
    it, nobody can say what a round left undecided or adds up to."""
    frozen = (scope or {}).get("frozen")
    if not frozen:
        return []
    rows = fetch(connection, "SELECT body FROM content WHERE hash = ?", (frozen["items"],))
    body = bytes(rows[0][0])
    if body == TOMBSTONE:
        raise Gone(
            "这一轮冻结的事项清单已依令删改，无从得知这一轮的范围，有关的数目不再提供。",
            code="scope-redacted",
        )
    found: list[str] = decode(body)
    return found


def undecided(
    connection: Connection, scope: dict[str, Any] | None, bodies: Sequence[dict[str, Any]]
) -> list[str]:
    """Items of the scope that no decision is about and that have not ended otherwise before the round's first day."""
    left = set(frozen_items(connection, scope)) - set(_decided(bodies))
    if not left or scope is None:
        return []
    days = [body["effective_from"] for body in bodies if body.get("effective_from")]
    day = min(days, default=scope["base_day"])
    query = (
        "SELECT subject_id FROM timeline WHERE subject_id IN ({ids}) AND valid_from <= ? AND valid_to > ?"
        " AND status <> 'ended'"
    )
    standing = [
        row[0]
        for some in chunks(sorted(left))
        for row in fetch(connection, query.format(ids=marks(some)), (*some, day, day))
    ]
    return sorted(standing)


def _decided(bodies: Sequence[dict[str, Any]]) -> Iterable[str]:
    """An item is decided as a decision's subject, as an origin that becomes its results, or as a standing result."""
    for body in bodies:
        shape = _shape(body)
        # What gathers origins and results has no subject of its own; one written beside them is not decided.
        places = [] if shape in GATHERING else [body]
        if shape != "from":  # whose origins only give up a place
            places += body.get("origins", ())
        if shape != "lend":  # whose results are lent for a time
            places += body.get("results", ())
        yield from (place["subject"] for place in places if place.get("subject"))


def _shape(body: dict[str, Any]) -> str | None:
    """None of a void, which decides nothing anew."""
    rule = RULES[body.get("kind", "item")].get(body["outcome"])
    return rule.shape if rule else None


def refuse_undecided(
    connection: Connection, scope: dict[str, Any] | None, bodies: Sequence[dict[str, Any]], verb: str = "发布"
) -> None:
    """Raises Refused while an item of the scope is undecided; ``verb``: what has to wait for that."""
    left = undecided(connection, scope, bodies)
    if left:
        names = fetch(
            connection,
            f"SELECT DISTINCT name FROM timeline WHERE subject_id IN ({marks(left[:3])}) AND name IS NOT NULL",
            tuple(left[:3]),
        )
        raise Refused(
            f"范围内还有 {len(left)} 个事项没有处理决定（如{'、'.join(f'“{row[0]}”' for row in names[:3])}），"
            f"请逐项作出决定后再{verb}。",
            code="scope-undecided",
            count=len(left),
            items=left[:SHOWN],
        )
