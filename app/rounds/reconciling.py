"""The reconciliation line: why the catalogue on the base day and the catalogue after the round differ.

The sums are never taken from two snapshots; this line only explains them: what the round did, and what happened
beside it. By sets, so that it always comes out: after = base - ended + started + entrusted + transferred in -
transferred out + came - went. An item that the round itself transferred out of its filter stands on elsewhere: it
neither ended nor went otherwise. Of what came and went the public ones are named, all are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from app.changes.freezing import LISTED, select
from app.db import chunks, fetch, marks, run_by
from app.rounds.pairs import Pair, Side, fate_of
from app.versions.visibility import public_among

SHOWN = 50


def reconcile(
    connection: Connection, scope: dict[str, Any], pairs: Iterable[Pair], day: str
) -> dict[str, Any] | None:
    """``day`` is the round's last effective day. None for a round without a frozen scope: it has no base."""
    if "frozen" not in scope:
        return None
    base = _listed(connection, scope, scope["base_day"])
    after = _listed(connection, scope, day)
    lines: dict[str, set[str]] = {line: set() for line in ("ended", "started", "entrusted")}
    moved = dict[str, str | None]()
    for pair in pairs:
        if pair.after is not None and _is_transferred(pair.before, pair.after):
            moved[pair.item] = pair.after.authority
        line = fate_of(pair, frozenset(scope.get("types", ()))).line
        if line in lines:
            lines[line].add(pair.item)
    gone, come = base - after, after - base
    went = gone - lines["ended"]
    came = come - lines["started"] - lines["entrusted"]
    transferred = _as_moved(connection, {item: moved[item] for item in (went | came) & moved.keys()}, day)
    transferred_in, transferred_out = came & transferred, went & transferred
    came, went = came - transferred, went - transferred
    public = public_among(run_by(connection), came | went)
    return {
        "base_day": scope["base_day"],
        "base": len(base),
        "frozen": scope["frozen"]["count"],
        "unknown": scope["frozen"]["unknown"],
        "ended": len(gone & lines["ended"]),
        "started": len(come & lines["started"]),
        "entrusted": len(come & lines["entrusted"]),
        "transferred_in": len(transferred_in),
        "transferred_out": len(transferred_out),
        "came_otherwise": len(came),
        "went_otherwise": len(went),
        "came": sorted(came & public)[:SHOWN],
        "went": sorted(went & public)[:SHOWN],
        "day": day,
        "after": len(after),
        "still_standing": len(lines["ended"] & after),
        "elsewhere": len(lines["started"] - after),
    }


def _is_transferred(before: Side | None, after: Side) -> bool:
    if before is None or not (before.listed and after.listed):
        return False
    return before.authority != after.authority


_HOLDS = (
    "SELECT subject_id, authority FROM timeline WHERE subject_id IN ({ids}) AND valid_from <= ? AND valid_to > ?"
    " AND status <> 'ended'"
)


def _as_moved(connection: Connection, moved: Mapping[str, str | None], day: str) -> set[str]:
    """The items that stand on that day with the authority that the round moved them to: what took another from there,
    or ended, did so otherwise."""
    return {
        item
        for some in chunks(sorted(moved))
        for item, authority in fetch(connection, _HOLDS.format(ids=marks(some)), (*some, day, day))
        if authority == moved[item]
    }


def _listed(connection: Connection, scope: dict[str, Any], day: str) -> set[str]:
    return {item for item, status in select(connection, scope, day) if status in LISTED}
