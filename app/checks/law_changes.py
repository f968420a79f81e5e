"""Amendments and repeals that the registry has published, and how what rests on them was dealt with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.auth.accounts import names_of_accounts
from app.auth.actor import Actor
from app.canonical import decode
from app.checks.models import LawCase
from app.checks.resting import places, resting_on, titles_of
from app.db import chunks, fetch, lock_said, marks
from app.errors import Forbidden, Invalid, NotFound, Stale
from app.places.queries import ancestors
from app.versions.queries import known_at, state_on
from app.versions.visibility import shown

OUTCOMES = {"drafted": "已拟变更单", "unaffected": "不受影响", "open": "重新待办"}
TOLD = 5
"""Of what moved meanwhile, by name."""
_ACTS = (
    "SELECT d.act, d.subject_id, d.outcome, d.effective_from, p.changeset FROM decision d"
    " JOIN publication p ON p.seq = d.publication WHERE d.outcome IN ('amend', 'repeal') AND d.role = 'subject'"
    " AND p.kind <> 'initial' AND EXISTS (SELECT 1 FROM subject s WHERE s.id = d.subject_id AND s.kind = 'instrument')"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act)"
)
_LATEST = _ACTS + " ORDER BY d.act DESC LIMIT 200"
_CHOSEN = (
    "SELECT t.subject_id, t.name, t.authority, t.region, c.body FROM timeline t JOIN content c ON c.hash = t.content"
    " WHERE t.subject_id IN ({ids}) AND t.kind IN ('item', 'entry') AND t.valid_from <= ? AND t.valid_to > ?"
    f" AND {shown('t')}"
)


class Rests(NamedTuple):
    """An item or catalogue entry that rests on a changed instrument, with what says whose it is."""

    subject: str
    authority: str | None
    region: str | None


def resting_on_changes(connection: Connection, today: str) -> dict[int, list[Rests]]:
    """act -> what rests on its instrument on the day it is changed, or today where that has passed: by a citation that
    is linked or names it by its title, by what asks for a material or a fee. Reads every content, once a day of these.
    """
    known, by_day = known_at(connection, None), dict[str, dict[int, str]]()
    for act, instrument, _, day, _ in fetch(connection, _LATEST):
        by_day.setdefault(max(day, today), {})[act] = instrument
    found: dict[int, list[Rests]] = {}
    for day, acts in by_day.items():
        contents = {law: state_on(connection, law, day, known).document() for law in acts.values()}
        titles = {law: titles_of(content) for law, content in contents.items() if "title" in content}
        rests = resting_on(connection, titles, day)
        for act, law in acts.items():
            found[act] = [Rests(one.id, one.authority, one.region) for one in rests.get(law, ())]
    return found


def law_changes(
    connection: Connection, actor: Actor, today: str, rests: Mapping[int, Sequence[Rests]]
) -> list[dict[str, Any]]:
    """Each with how much of the actor's still waits, the latest first: ``act``, ``instrument``, ``outcome``,
    ``effective_from``, ``changeset``, ``resting``, ``open``. ``rests``: as ``resting_on_changes`` has it."""
    holds = managed_by(connection, actor, today)
    found = []
    for act, instrument, outcome, day, changeset in fetch(connection, _LATEST):
        mine = {one.subject for one in rests.get(act, ()) if holds(one.authority, one.region)}
        found.append(
            {
                "act": act,
                "instrument": instrument,
                "outcome": outcome,
                "effective_from": day,
                "changeset": changeset,
                "resting": len(mine),
                "open": len(mine - settled(connection, act, outcome)) if mine else 0,
            }
        )
    return found


def managed_by(connection: Connection, actor: Actor, day: str) -> Callable[[str | None, str | None], bool]:
    """Whether what an organ holds in a place is the actor's to deal with."""
    path = cache(lambda region: frozenset(ancestors(connection, region, day)))
    return lambda authority, region: actor.covers(authority, path(region) if region else frozenset())


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
    read: int | None = None,
) -> None:
    """Note how these were dealt with. ``titles`` are the instrument's on ``day``, from which it is changed; ``read``:
    as ``require_as_read`` has it.

    Raises Invalid for no reason where they are unaffected, for what does not rest on the instrument, and where what is
    to be open again was not noted as unaffected; Forbidden for what is outside the actor's scope, NotFound, Stale."""
    actor.require("edit")
    change = law_change(session.connection(), act)
    if outcome == "unaffected" and len(reason.strip()) < 2:
        raise Invalid("不用改的，请写明理由。", code="reason-needed", field="reason")
    chosen = sorted(set(subjects))
    _require_resting(session.connection(), actor, change["instrument"], titles, chosen, day)
    lock_said(session.connection(), LawCase.__tablename__)
    require_as_read(session, actor, act, chosen, read, day)
    if outcome == "open":
        _require_unaffected(cases(session.connection(), act), chosen)
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


def _require_unaffected(noted: Mapping[str, Mapping[str, Any]], chosen: Iterable[str]) -> None:
    if any(noted.get(one, {}).get("outcome") != "unaffected" for one in chosen):
        raise Invalid("只有记为不受影响的可以改回待处理；拟了变更单的，请撤回变更单。", code="not-unaffected")


def require_as_read(
    session: Session, actor: Actor, act: int, subjects: Iterable[str], read: int | None, day: str
) -> None:
    """Raises Stale, whose ``moved`` says which, where one of these in the actor's scope was dealt with since. ``read``:
    the greatest ``id`` of the cases that were looked at, 0 for none; None: whatever stands."""
    if read is None:
        return
    every = cases(session.connection(), act)
    since = {one: every[one] for one in subjects if one in every and every[one]["id"] > read}
    found, holds = (
        _chosen(session.connection(), sorted(since), day),
        managed_by(session.connection(), actor, day),
    )
    moved = [one for one, (_, authority, region, _) in found.items() if holds(authority, region)]
    if not moved:
        return
    people = names_of_accounts(session, (since[one]["account"] for one in moved))
    told = [
        _in_words(found[one][0], since[one], people.get(since[one]["account"], "命令行"))
        for one in moved[:TOLD]
    ]
    more = f"；等 {len(moved)} 项" if len(moved) > TOLD else ""
    raise Stale(
        f"您打开这一页之后，{'；'.join(told)}{more}。这些没有再勾选，请看过现在的处理再定。",
        code="case-stale",
        moved=moved,
    )


def _in_words(name: str, case: Mapping[str, Any], who: str) -> str:
    done = " ".join(part for part in (OUTCOMES[case["outcome"]], case["changeset"]) if part)
    return f"“{name}”已由{who}处理为“{done}”{'：' if case['reason'] else ''}{case['reason'][:100]}"


def _chosen(connection: Connection, chosen: list[str], day: str) -> dict[str, Any]:
    """subject -> name, authority, region, content."""
    found: dict[str, Any] = {}
    for some in chunks(chosen):
        rows = fetch(connection, _CHOSEN.format(ids=marks(some)), (*some, day, day))
        found |= {row[0]: row[1:] for row in rows}
    return found


def _require_resting(
    connection: Connection, actor: Actor, instrument: str, titles: Sequence[str], chosen: list[str], day: str
) -> None:
    found = _chosen(connection, chosen, day)
    holds = managed_by(connection, actor, day)
    for subject in chosen:
        name, authority, region, body = found.get(subject, (subject, None, None, None))
        if body is None or not any(places(decode(bytes(body)), instrument, titles)):
            raise Invalid(
                f"“{name}”不依据这个文件，没有记录，请核对勾选的事项。", code="not-resting", subject=subject
            )
        if not holds(authority, region):
            raise Forbidden(
                f"“{name}”不在账号“{actor.name}”的管理范围内。", code="out-of-scope", subject=subject
            )
