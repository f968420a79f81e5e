"""When an organ ends, its items go with it: one changeset transfers every one, and none is left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.db import chunks, fetch, marks
from app.errors import Invalid

_HELD = (
    "SELECT DISTINCT subject_id FROM timeline WHERE kind = 'item' AND authority IN ({ids})"
    " AND status <> 'ended' AND valid_to > ? ORDER BY subject_id"
)
_COURSE = (
    "SELECT subject_id, valid_from, authority, status FROM timeline"
    " WHERE subject_id IN ({ids}) AND valid_to > ? ORDER BY subject_id, valid_from"
)
_ENDS = ("merge", "split", "dissolve")


def held_by(connection: Connection, authorities: list[str], day: str) -> list[str]:
    """Items not ended that an authority holds on a day or after it."""
    if not authorities:
        return []
    return [row[0] for row in fetch(connection, _HELD.format(ids=marks(authorities)), (*authorities, day))]


def given_on(connection: Connection, authorities: list[str], day: str) -> list[tuple[str, str]]:
    """(item, first day) for each time that an authority which ends on a day would hold an item from then on: on the
    day itself, where a planned item begins, and where a plan gives one to it or back to it."""
    found: list[tuple[str, str]] = []
    for some in chunks(held_by(connection, authorities, day)):
        before, given = ("", ""), False
        for item, begins, authority, status in fetch(
            connection, _COURSE.format(ids=marks(some)), (*some, day)
        ):
            given = given and before == (item, authority)
            before = (item, authority)
            if authority in authorities and status != "ended" and not given:
                found.append((item, max(begins, day)))
                given = True
    return found


def ending_authorities(body: dict[str, Any]) -> list[str]:
    """The authorities that a decision ends."""
    if body["kind"] != "authority" or body["outcome"] not in _ENDS:
        return []
    going_on = {result.get("subject") for result in body.get("results", ())}
    places = [body, *body.get("origins", ())]
    return [place["subject"] for place in places if place.get("subject") and place["subject"] not in going_on]


def transfers(connection: Connection, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The transfers that ``carry_items`` asks for; items the changeset names itself are left to it.

    Raises Invalid where it is asked of anything but a merge of authorities.
    """
    named = {body.get("subject") for body in bodies}
    made = []
    for body in bodies:
        if not body.get("carry_items"):
            continue
        if body["kind"] != "authority" or body["outcome"] != "merge" or not body.get("results"):
            raise Invalid(
                "carry_items 只用于实施机关合并；其他情形请逐项写明调整给谁。", code="carry-not-allowed"
            )
        receiver = body["results"][0]["subject"]
        for item, day in given_on(connection, ending_authorities(body), body["effective_from"]):
            if item not in named:
                made.append(transfer(body, item, day, receiver))
    return made


def transfer(body: Mapping[str, Any], item: str, day: str, receiver: str) -> dict[str, Any]:
    """The decision that gives an item on from a day, for the reason of the one that ends its authority."""
    kept = {name: body[name] for name in ("timing", "reason", "words") if body.get(name)}
    return {
        **kept,
        "kind": "item",
        "outcome": "transfer",
        "subject": item,
        "effective_from": day,
        "changes": [{"op": "set", "path": "authority", "value": receiver}],
    }
