"""Overlaps and levels over the registry: what stands on a day, and what the office has said of a pair."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.auth.accounts import names_of_accounts
from app.auth.actor import Actor
from app.canonical import decode
from app.checks.levels import Compared, Held, common, compared, unclaimed
from app.checks.models import OverlapDecision
from app.checks.overlaps import Overlap, overlaps, power_of
from app.db import among, chunks, fetch, lock_said, marks
from app.errors import Conflict, Forbidden, Invalid, Stale
from app.items.codes import NATIONAL_12
from app.places.queries import ancestors, subtree
from app.versions.codes import never_known
from app.versions.queries import today
from app.versions.visibility import shown

DECISIONS = {"different": "不是同一职权", "same": "同一职权，暂各自保留", "merge": "合并"}
ON_THE_WAY = ("draft", "submitted", "returned", "approved")
PLACES = 200
"""Places to choose from."""
_HELD = (
    "SELECT t.subject_id, t.authority, t.region, t.level, t.codes, c.body FROM timeline t"
    " JOIN content c ON c.hash = t.content WHERE t.kind = 'item' AND t.valid_from <= :day AND t.valid_to > :day"
    f" AND t.status IN ('in_force', 'suspended', 'unknown') AND {shown('t')}"
)


def overlaps_for(connection: Connection, actor: Actor, region: str, day: str, least: int) -> list[Overlap]:
    """As ``overlaps_in``, what of it the actor may read: whoever is confined to an authority reads the pairs in which
    one of the two is its own. Raises Forbidden for a place outside the actor's region."""
    if actor.region is not None and actor.region not in ancestors(connection, region, day):
        raise Forbidden(f"所问的地方不在账号“{actor.name}”的管理范围内。", code="out-of-scope")
    return overlaps_in(connection, region, day, least, actor.authority)


def overlaps_in(
    connection: Connection, region: str, day: str, least: int, authority: str | None = None
) -> list[Overlap]:
    """Pairs of items of different authorities in a place itself (not below it), the most alike first. Organs of one
    name in one place are one organ that was entered under several codes. ``authority``: only pairs with an item of
    it."""
    rows = connection.execute(text(f"{_HELD} AND t.region = :region"), {"day": day, "region": region}).all()
    held = {row[1] for row in rows if row[1]}
    organs = {
        row[0]: row[1]
        for some in chunks(sorted(held))
        for row in fetch(
            connection,
            "SELECT subject_id, name FROM timeline WHERE valid_from <= ? AND valid_to > ?"
            f" AND name IS NOT NULL AND subject_id IN ({marks(some)})",
            (day, day, *some),
        )
    }
    powers = [power_of(row[0], decode(bytes(row[5]))) for row in rows]
    found = overlaps(
        [replace(one, authority=organs.get(one.authority, one.authority)) for one in powers], least
    )
    if authority is None:
        return found
    own = {row[0] for row in rows if row[1] == authority}
    return [pair for pair in found if pair.first in own or pair.second in own]


def regions_with_items(connection: Connection, actor: Actor, day: str) -> list[tuple[str, int]]:
    """(region, how many public items), those with the most first; within the actor's region, or where the actor's
    authority has any."""
    own = "" if actor.authority is None else " AND t.authority = ?"
    rows = fetch(
        connection,
        "SELECT t.region, count(*) FROM timeline t WHERE t.kind = 'item' AND t.valid_from <= ? AND t.valid_to > ?"
        f" AND t.region IS NOT NULL AND {shown('t')}{own} GROUP BY t.region ORDER BY count(*) DESC, t.region",
        (day, day, *([actor.authority] if own else [])),
    )
    within = None if actor.region is None else set(subtree(connection, actor.region, day))
    return [(row[0], row[1]) for row in rows if within is None or row[0] in within][:PLACES]


def said(connection: Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """What the office last said of each pair, and in ``merging`` the changeset on its way that merges it, or None."""
    rows = connection.execute(
        text(
            "SELECT d.*, x.state FROM overlap_decision d LEFT JOIN changeset x ON x.id = d.changeset ORDER BY d.id"
        )
    ).mappings()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        pair = (row["first"], row["second"])
        before = found[pair]["merging"] if pair in found else None
        found[pair] = {**row, "merging": row["changeset"] if row["state"] in ON_THE_WAY else before}
    return found


def say(
    session: Session,
    actor: Actor,
    pair: tuple[str, str],
    decision: str,
    reason: str,
    read: int | None = None,
) -> OverlapDecision:
    """Keep what the office says of a pair; of a merge, the caller writes down its changeset. ``read``: the ``id`` of
    what was last said when the actor looked, 0 for nothing; None: whatever stands.

    Raises Invalid without a reason, or for no such decision; NotFound for what is no item; Forbidden unless both are
    in the actor's scope; Stale where another has said something since; Conflict for a merge of what was merged last in
    a changeset that is on its way."""
    actor.require("review")
    for item in pair:
        _require_scope(session.connection(), actor, item)
    if decision not in DECISIONS:
        raise Invalid("请选择是同一职权、不是同一职权，还是合并。", code="decision-needed", field="decision")
    if len(reason.strip()) < 2:
        raise Invalid("请写明理由。", code="reason-needed", field="reason")
    first, second = sorted(pair)
    lock_said(session.connection(), OverlapDecision.__tablename__)
    last = said(session.connection()).get((first, second))
    if last is not None:
        _require_as_read(session, last, read)
        if decision == "merge" == last["decision"] and last["merging"]:
            raise Conflict(
                f"这两项已经在变更单 {last['merging']} 里合并，不另起草；要改合并的做法，请改那一份，或先撤回它。",
                code="already-merging",
                changeset=last["merging"],
            )
    row = OverlapDecision(
        first=first,
        second=second,
        decision=decision,
        reason=reason.strip()[:2000],
        account=actor.account,
        at=log.now_microseconds(),
    )
    session.add(row)
    session.flush()
    return row


def _require_as_read(session: Session, last: dict[str, Any], read: int | None) -> None:
    if read is None or last["id"] <= read:
        return
    who = names_of_accounts(session, [last["account"]]).get(last["account"], "命令行")
    done = " ".join(part for part in (DECISIONS[last["decision"]], last["changeset"]) if part)
    raise Stale(
        f"您打开这一页之后，{who}已把这两项判断为“{done}”：{last['reason'][:100]}。您的没有保存，请看过再定。",
        code="said-meanwhile",
    )


def _require_scope(connection: Connection, actor: Actor, item: str) -> None:
    day = today()
    rows = fetch(
        connection,
        "SELECT authority, region, visibility FROM timeline WHERE subject_id = ? AND kind = 'item'"
        " AND valid_from <= ? AND valid_to > ?",
        (item, day, day),
    )
    covered = rows and actor.covers(rows[0][0], frozenset(ancestors(connection, rows[0][1] or "", day)))
    if not rows or (rows[0][2] == "internal" and not covered):
        raise never_known(item, "item")
    if not covered:
        raise Forbidden(
            f"两个事项不都在账号“{actor.name}”的管理范围内，请由管理两个机关的账号认定。", code="out-of-scope"
        )


def entries_held(connection: Connection, day: str, limit: int, after: str = "") -> list[dict[str, Any]]:
    """Catalogue entries with how many items implement each, in the order of ids."""
    rows = connection.execute(
        text(
            "SELECT e.subject_id AS id, e.name, (SELECT count(*) FROM link l WHERE l.target = e.subject_id"
            " AND l.role = 'entry' AND l.valid_from <= :day AND l.valid_to > :day) AS held FROM timeline e"
            " WHERE e.kind = 'entry' AND e.valid_from <= :day AND e.valid_to > :day AND e.status <> 'ended'"
            " AND e.subject_id > :after ORDER BY e.subject_id LIMIT :limit"
        ),
        {"day": day, "after": after, "limit": limit},
    )
    return [dict(row._mapping) for row in rows]


def entry_compared(
    connection: Connection, entry: str, levels: list[str], day: str, within: str | None
) -> tuple[dict[str, str], list[Compared], list[str]]:
    """(what most say, the items with their differences, regions that have not claimed it), within a region or all."""
    places = subtree(connection, within, day) if within else None
    query = (
        f"{_HELD} AND EXISTS (SELECT 1 FROM link l WHERE l.subject_id = t.subject_id"
        " AND l.valid_from = t.valid_from AND l.role = 'entry' AND l.target = :entry)"
    )
    rows = connection.execute(text(query), {"day": day, "entry": entry}).all()
    held = [_held(row) for row in rows if places is None or row[2] in places]
    standing = among(
        "SELECT subject_id, level FROM timeline WHERE kind = 'region' AND valid_from <= :day AND valid_to > :day"
        " AND status <> 'ended'" + ("" if places is None else " AND subject_id IN :places"),
        *([] if places is None else ["places"]),
    )
    given = {"day": day} | ({} if places is None else {"places": places})
    regions = {row[0]: row[1] or "" for row in connection.execute(standing, given)}
    return common(held), compared(held), unclaimed(levels, regions, held)


def _held(row: Any) -> Held:
    content = decode(bytes(row[5]))
    codes = [one["value"] for one in orjson.loads(row[4]) if one["scheme"] == NATIONAL_12]
    return Held(
        row[0], row[2] or "", row[1] or "", row[3] or "", {**content, "base_code": codes[0] if codes else ""}
    )
