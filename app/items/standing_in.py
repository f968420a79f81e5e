"""Whether an item still holds on a day in a place; else by which document it ended there, and who has it now."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import run_by
from app.items.reading import read_item
from app.listing import Filter, list_subjects
from app.places.queries import ancestors
from app.versions.history import document, note_confirmed
from app.versions.names import NameBook, named

ALIVE = ("in_force", "suspended")
MOST = 50
"""Others named at most."""

_EARLIER = text(
    "SELECT t.valid_from, c.body FROM timeline t LEFT JOIN content c ON c.hash = t.content"
    " AND t.visibility = 'public' WHERE t.subject_id = :item AND t.valid_from <= :on ORDER BY t.valid_from DESC"
)
_DECIDED = text(
    "SELECT c.body, w.body, p.body, d.outcome, d.publication FROM decision d"
    " JOIN content c ON c.hash = coalesce(d.changes, d.creates) LEFT JOIN content w ON w.hash = d.statement"
    " LEFT JOIN publication k ON k.seq = d.publication LEFT JOIN content p ON p.hash = k.statement"
    " WHERE d.subject_id = :item AND d.effective_from = :day"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) ORDER BY d.seq DESC"
)


def standing_in(
    connection: Connection, item_id: str, place: str | None, on: str, today: str
) -> dict[str, Any]:
    """``{"in_force", "why", "document", "since", "now": [...]}``; ``why``: in_force, suspended, ended, not_yet,
    unknown (of the item itself), elsewhere (it never held in the place), handed_on (it does not cover the place any
    more, with the day and the document of that). ``now``: what holds there on the day in its stead, with its authority.
    Raises NotFound."""
    run, book = run_by(connection), NameBook()
    item = orjson.loads(read_item(run, book, item_id, on, today))
    path = ancestors(connection, place, on) if place else []
    left = _left_to(item, path)
    why = item["status"]
    if place and item["region"] and item["region"]["id"] not in path:
        why = "elsewhere"
    elif why in ALIVE and left is not None:
        why = "handed_on"
        item |= _handed_on(connection, item, left, on)
    found = {
        "id": item["id"],
        "code": item["code"],
        "name": item["name"],
        "on": on,
        "region": named(run, book, place, on),
        "in_force": why == "in_force",
        "why": why,
        "status": item["status"],
        "since": item["valid_from"],
        "authority": item["authority"],
        "document": item["document"],
        "words": left.get("words") if left else None,
        "now": [],
        "known_at": item["known_at"],
        "seq": item["seq"],
    }
    if why not in ("in_force", "not_yet"):
        found["now"] = _instead(connection, item, path, on, today)
    found["sentence"] = sentence(found)
    return found


def _left_to(item: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    """The part of the item that the place falls under and that is no longer handled here."""
    excluded = (item["content"] or {}).get("excluded", [])
    return next((one for one in excluded if one.get("region") in path and path), None)


def _handed_on(connection: Connection, item: dict[str, Any], left: dict[str, Any], on: str) -> dict[str, Any]:
    """The day from which a part has been handed on without a break, and the document that said so: what was decided
    about the item since is another matter."""
    day = on
    for begins, body in connection.execute(_EARLIER, {"item": item["id"], "on": on}):
        parts = (decode(bytes(body)) or {}).get("excluded", []) if body else []
        if left["key"] not in [one["key"] for one in parts]:
            break
        day = begins
    behind = item["document"]
    for body, words, statement, outcome, publication in connection.execute(
        _DECIDED, {"item": item["id"], "day": day}
    ):
        if _sets_excluded(decode(bytes(body))):
            behind = document(words, statement, outcome, publication)
            note_confirmed(run_by(connection), behind, item["seq"])
            break
    return {"valid_from": day, "document": behind}


def _sets_excluded(decided: Any) -> bool:
    """Whether the changes of a decision, or the content that it began, say what is no longer covered."""
    if isinstance(decided, list):
        return any(change["path"].split("/", 1)[0] == "excluded" for change in decided)
    return "excluded" in (decided or {})


def _instead(
    connection: Connection, item: dict[str, Any], path: list[str], on: str, today: str
) -> list[dict[str, Any]]:
    """Items in force on the day that came from this one, or that implement the same catalogue entry; in the place, the
    nearest to it first, where one is named."""
    run, book = run_by(connection), NameBook()
    found: dict[str, dict[str, Any]] = {}
    for kin in item["successors"]:
        other = orjson.loads(read_item(run, book, kin["id"], on, today))
        if other["status"] in ALIVE:
            found[kin["id"]] = _short(other) | {"relation": kin["relation"], "from": kin["effective_from"]}
    entry = (item["content"] or {}).get("entry")
    if entry and path:
        for region in path:
            same = Filter(on=on, region=region, links_to=("entry", entry), statuses=ALIVE)
            for row in list_subjects(connection, same, None, MOST).rows:
                if row["id"] != item["id"] and row["region"] and row["region"]["id"] == region:
                    found.setdefault(row["id"], _short(row) | {"relation": "same_entry", "from": None})
    listed = list(found.values())
    if path:
        listed = [one for one in listed if one["region"] is None or one["region"]["id"] in path]
        listed.sort(key=lambda one: -path.index(one["region"]["id"]) if one["region"] else 0)
    return listed[:MOST]


def _short(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("id", "code", "name", "status", "authority", "region")}


WHY = {
    "in_force": "有效",
    "suspended": "暂停",
    "ended": "已终止",
    "not_yet": "尚未施行",
    "unknown": "状态不明",
    "elsewhere": "不在该事项的实施范围内",
    "handed_on": "已不由该事项办理",
}


def sentence(found: dict[str, Any]) -> str:
    """The answer in one Chinese sentence."""
    where = f"在{found['region']['name']}" if found["region"] and found["region"]["name"] else ""
    said = f"{found['on']}，“{found['name'] or found['id']}”{where}{WHY[found['why']]}"
    paper = found["document"] or {}
    if found["why"] in ("ended", "suspended", "handed_on") and paper.get("title"):
        number = f"（{paper['number']}）" if paper.get("number") else ""
        said += f"，依据《{paper['title']}》{number}"
    if found["why"] in ("ended", "handed_on") and paper.get("receiver"):
        said += f"，承接方：{paper['receiver']}"
    holders = [
        one["authority"]["name"] for one in found["now"] if one["authority"] and one["authority"]["name"]
    ]
    if holders:
        said += f"；现由{'、'.join(dict.fromkeys(holders[:3]))}办理"
    return said + "。"
