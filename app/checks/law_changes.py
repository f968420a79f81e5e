"""Amendments and repeals that the registry has published, and how what rests on them was dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.canonical import decode
from app.checks.models import LawCase
from app.checks.resting import places
from app.db import chunks, fetch, marks
from app.errors import Forbidden, Invalid, NotFound
from app.places.queries import ancestors
from app.versions.visibility import shown

OUTCOMES = {"drafted": "已拟变更单", "unaffected": "不受影响", "open": "重新待办"}
_ACTS = (
    "SELECT d.act, d.subject_id, d.outcome, d.effective_from, p.changeset FROM decision d"
    " JOIN publication p ON p.seq = d.publication WHERE d.outcome IN ('amend', 'repeal') AND d.role = 'subject'"
    " AND p.kind <> 'initial' AND EXISTS (SELECT 1 FROM subject s WHERE s.id = d.subject_id AND s.kind = 'instrument')"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
)
_CITING = (
    "SELECT DISTINCT l.subject_id FROM link l"
    " JOIN timeline t ON t.subject_id = l.subject_id AND t.valid_from = l.valid_from"
    " WHERE l.target = ? AND l.role LIKE 'cites-%%' AND l.valid_from <= ? AND l.valid_to > ?"
    f" AND t.status <> 'ended' AND {shown('t')}"
)
_CHOSEN = (
    "SELECT t.subject_id, t.name, t.authority, t.region, c.body FROM timeline t JOIN content c ON c.hash = t.content"
    " WHERE t.subject_id IN ({ids}) AND t.kind IN ('item', 'entry') AND t.valid_from <= ? AND t.valid_to > ?"
    f" AND {shown('t')}"
)


def law_changes(connection: Connection, today: str, limit: int = 200) -> list[dict[str, Any]]:
    """Each with how much still waits, the latest first: ``act``, ``instrument``, ``outcome``, ``effective_from``,
    ``changeset``, ``resting``, ``open``."""
    rows = fetch(connection, _ACTS + f" ORDER BY d.act DESC LIMIT {limit}")
    found = []
    for act, instrument, outcome, day, changeset in rows:
        bites = max(day, today)
        citing = {row[0] for row in fetch(connection, _CITING, (instrument, bites, bites))}
        waiting = citing - settled(connection, act, outcome)
        found.append(
            {
                "act": act,
                "instrument": instrument,
                "outcome": outcome,
                "effective_from": day,
                "changeset": changeset,
                "resting": len(citing),
                "open": len(waiting),
            }
        )
    return found


def law_change(connection: Connection, act: int) -> dict[str, Any]:
    """One of them. Raises NotFound."""
    rows = fetch(connection, _ACTS + " AND d.act = ?", (act,))
    if not rows:
        raise NotFound("没有这项法规修改或废止的决定。", code="unknown-act")
    names = ("act", "instrument", "outcome", "effective_from", "changeset")
    return dict(zip(names, rows[0], strict=True))


def cases(connection: Connection, act: int) -> dict[str, dict[str, Any]]:
    """subject -> how it was last dealt with, and the state of its changeset."""
    rows = connection.execute(
        text(
            "SELECT c.*, x.state FROM law_case c LEFT JOIN changeset x ON x.id = c.changeset"
            " WHERE c.act = :act ORDER BY c.id"
        ),
        {"act": act},
    )
    return {row.subject: dict(row._mapping) for row in rows}


def settled(connection: Connection, act: int, outcome: str) -> set[str]:
    """Those that need nobody any more. A draft counts while it is on its way; where the law was repealed, not after it
    was published, for what still cites it then has not been mended."""
    on_the_way = ("draft", "submitted", "returned", "approved")
    done = on_the_way if outcome == "repeal" else (*on_the_way, "published")
    return {
        subject
        for subject, case in cases(connection, act).items()
        if case["outcome"] == "unaffected" or (case["outcome"] == "drafted" and case["state"] in done)
    }


def settle(
    session: Session,
    actor: Actor,
    act: int,
    subjects: Iterable[str],
    outcome: str,
    *,
    day: str,
    titles: Sequence[str],
    reason: str = "",
    changeset: str | None = None,
) -> None:
    """Note how these were dealt with. ``titles`` are the instrument's on ``day``, from which it is changed.

    Raises Invalid for no reason where nothing is drafted and for what does not rest on the instrument, Forbidden
    for what is outside the actor's scope, NotFound."""
    actor.require("edit")
    change = law_change(session.connection(), act)
    if outcome != "drafted" and len(reason.strip()) < 2:
        raise Invalid("不用改的，请写明理由。", code="reason-needed", field="reason")
    chosen = sorted(set(subjects))
    _require_resting(session.connection(), actor, change["instrument"], titles, chosen, day)
    now = log.now_microseconds()
    for subject in chosen:
        session.add(
            LawCase(
                act=act,
                subject=subject,
                outcome=outcome,
                reason=reason.strip()[:2000],
                changeset=changeset,
                account=actor.account,
                at=now,
            )
        )
    session.flush()


def _require_resting(
    connection: Connection, actor: Actor, instrument: str, titles: Sequence[str], chosen: list[str], day: str
) -> None:
    found: dict[str, Any] = {}
    for some in chunks(chosen):
        rows = fetch(connection, _CHOSEN.format(ids=marks(some)), (*some, day, day))
        found |= {row[0]: row[1:] for row in rows}
    path = cache(lambda region: frozenset(ancestors(connection, region, day)))
    for subject in chosen:
        name, authority, region, body = found.get(subject, (subject, None, None, None))
        if body is None or not any(places(decode(bytes(body)), instrument, titles)):
            raise Invalid(
                f"“{name}”不依据这个文件，没有记录，请核对勾选的事项。", code="not-resting", subject=subject
            )
        if not actor.covers(authority, path(region) if region else frozenset()):
            raise Forbidden(
                f"“{name}”不在账号“{actor.name}”的管理范围内。", code="out-of-scope", subject=subject
            )
