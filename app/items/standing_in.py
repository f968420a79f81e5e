"""Whether an item still holds on a day in a place; else by which document it ended there, and who has it now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import run_by
from app.items.reading import read_item_at
from app.listing import Filter, list_subjects
from app.places.queries import ancestors, ancestors_then
from app.recalling import Recalled
from app.versions.history import document, note_confirmed
from app.versions.names import named_as_known
from app.versions.queries import Known, timeline
from app.versions.timeline import Describe
from app.versions.visibility import hidden_among, on_its_day

ALIVE = ("in_force", "suspended")
SAME_ENTRY = "same_entry"
"""How an item stands beside another that only implements the same catalogue entry."""
MOST = 50
"""Others named at most."""

_BODY = text("SELECT body FROM content WHERE hash = :hash")
_DECIDED = text(
    f"SELECT c.body, w.body, p.body, d.outcome, d.publication, {on_its_day('d')} FROM decision d"
    " JOIN content c ON c.hash = coalesce(d.changes, d.creates) LEFT JOIN content w ON w.hash = d.statement"
    " LEFT JOIN publication k ON k.seq = d.publication LEFT JOIN content p ON p.hash = k.statement"
    " WHERE d.subject_id = :item AND d.effective_from = :day AND d.seq <= :seq"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act AND v.seq <= :seq) ORDER BY d.seq DESC"
)


@dataclass(frozen=True, slots=True)
class View:
    """What is asked on which day, as known when. ``describe`` is the layer's that knows the nouns; as known earlier,
    at most ``most`` items are worked out."""

    connection: Connection
    on: str
    today: str
    known: Known
    describe: Describe
    most: int

    def item(self, item_id: str) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(
            read_item_at(self.connection, item_id, self.on, self.today, self.known)
        )
        return found

    def named(self, subject: str | None) -> dict[str, Any] | None:
        return named_as_known(self.connection, subject, self.on, self.known)

    def path(self, place: str) -> list[str]:
        """The place's regions from the country down."""
        if self.known.is_head:
            return ancestors(self.connection, place, self.on)
        return ancestors_then(self.connection, place, self.on, self.known)

    def of_entry(self, entry: str, path: list[str]) -> Iterator[dict[str, Any]]:
        """Items in force that implement a catalogue entry in one of these regions itself."""
        if self.known.is_head:
            for region in path:
                wanted = Filter(on=self.on, region=region, links_to=("entry", entry), statuses=ALIVE)
                for row in list_subjects(self.connection, wanted, None, MOST).rows:
                    if row["region"] and row["region"]["id"] == region:
                        yield row
            return
        wanted = Filter(on=self.on, links_to=("entry", entry), statuses=ALIVE)
        recalled, after = Recalled(self.connection, wanted, self.known, self.describe, self.most), ""
        while True:
            page = recalled.page(after, 500)
            yield from (row for row in page.rows if row["region"] and row["region"]["id"] in path)
            if page.next is None:
                return
            after = page.next


def standing_in(view: View, item_id: str, place: str | None) -> dict[str, Any]:
    """``{"in_force", "why", "document", "since", "now": [...]}``; ``why``: in_force, suspended, ended, not_yet,
    unknown (of the item itself), elsewhere (it never held in the place), handed_on (it does not cover the place any
    more, with the day and the document of that). ``now``: what holds there on the day in its stead, with its authority.
    Raises NotFound."""
    item = view.item(item_id)
    path = view.path(place) if place else []
    left = _left_to(item, path)
    why = item["status"]
    if place and item["region"] and item["region"]["id"] not in path:
        why = "elsewhere"
    elif why in ALIVE and left is not None:
        why = "handed_on"
        item |= _handed_on(view, item, left)
    found = {
        "id": item["id"],
        "code": item["code"],
        "name": item["name"],
        "on": view.on,
        "region": view.named(place),
        "in_force": why == "in_force",
        "why": why,
        "status": item["status"],
        "since": None if item["valid_from"] == item["attested_from"] else item["valid_from"],
        "attested_from": item["attested_from"],
        "authority": item["authority"],
        "document": item["document"],
        "words": left.get("words") if left else None,
        "now": [],
        **view.known.told(),
    }
    if why not in ("in_force", "not_yet"):
        found["now"] = _instead(view, item, path)
    found["sentence"] = sentence(found)
    return found


def _left_to(item: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    """The part of the item that the place falls under and that is no longer handled here."""
    excluded = (item["content"] or {}).get("excluded", [])
    return next((one for one in excluded if one.get("region") in path and path), None)


def _handed_on(view: View, item: dict[str, Any], left: dict[str, Any]) -> dict[str, Any]:
    """The day from which a part has been handed on without a break, and the document that said so: what was decided
    about the item since is another matter."""
    day = view.on
    for begins, content in _earlier(view, item["id"]):
        if left["key"] not in [one["key"] for one in content.get("excluded", [])]:
            break
        day = begins
    behind = item["document"]
    asked = {"item": item["id"], "day": day, "seq": view.known.seq}
    run = run_by(view.connection)
    for body, words, statement, outcome, publication, stood in view.connection.execute(_DECIDED, asked):
        if _sets_excluded(decode(bytes(body))):
            is_open = not hidden_among(run, [stood])
            behind = document(words, statement, outcome, publication) if is_open else None
            note_confirmed(run, behind, view.known.seq)
            break
    return {"valid_from": day, "document": behind}


def _earlier(view: View, item_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(first day, content) of each interval up to the day, the last first; nothing of hidden ones."""
    spans = [span for span in timeline(view.connection, item_id, view.known) if span.valid_from <= view.on]
    hidden = hidden_among(run_by(view.connection), (span.content for span in spans))
    for span in reversed(spans):
        if span.content is None or span.content in hidden:
            yield span.valid_from, {}
        else:
            body = view.connection.execute(_BODY, {"hash": span.content}).scalar_one()
            yield span.valid_from, decode(bytes(body))


def _sets_excluded(decided: Any) -> bool:
    """Whether the changes of a decision, or the content that it began, say what is no longer covered."""
    if isinstance(decided, list):
        return any(change["path"].split("/", 1)[0] == "excluded" for change in decided)
    return "excluded" in (decided or {})


def _instead(view: View, item: dict[str, Any], path: list[str]) -> list[dict[str, Any]]:
    """Items in force on the day that came from this one, or that implement the same catalogue entry; in the place, the
    nearest to it first, where one is named."""
    found: dict[str, dict[str, Any]] = {}
    for kin in item["successors"]:
        other = view.item(kin["id"])
        if other["status"] in ALIVE:
            found[kin["id"]] = _short(other) | {"relation": kin["relation"], "from": kin["effective_from"]}
    entry = (item["content"] or {}).get("entry")
    if entry and path:
        for row in view.of_entry(entry, path):
            if row["id"] != item["id"]:
                found.setdefault(row["id"], _short(row) | {"relation": SAME_ENTRY, "from": None})
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
    return said + _whose_now(found) + "。"


def _whose_now(found: dict[str, Any]) -> str:
    """Who has it now. Beside one that was cancelled, what implements the same catalogue entry is another power: it is
    named, and nothing is said of its having taken over."""
    held = [one for one in found["now"] if one["authority"] and one["authority"]["name"]]
    went = found["why"] in ("elsewhere", "handed_on") or (found["document"] or {}).get("outcome") == "devolve"
    if not went:
        beside = [one for one in held if one["relation"] == SAME_ENTRY]
        held = [one for one in held if one["relation"] != SAME_ENTRY]
        if beside and not held:
            named = "、".join(
                f"“{one['name'] or one['id']}”（{one['authority']['name']}）" for one in beside[:3]
            )
            return f"；同一目录事项仍在实施的有{named}"
    holders = dict.fromkeys(one["authority"]["name"] for one in held[:3])
    return f"；现由{'、'.join(holders)}办理" if holders else ""
