"""What decisions have left to be done: acceptances, follow-ups, delegations that run out, what waits for a law."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from app.changes.duties import KINDS
from app.changes.owed import Wanted, duties
from app.changes.owed_to import OwedTo
from app.deps import ReadSession
from app.versions.ids import kind_of
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Visitor
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
PAGE = 100
STATES = {"overdue": "逾期", "gap": "无人承接", "open": "未到期", "done": "已完成"}
LEFT = frozenset({"open", "overdue"})
SOON = 30
"""Days in which an open duty is about to be due."""
ACTS = {
    "acceptance": ("accept", "承接"),
    "follow_up": ("fulfil", "办理"),
    "pending_law": ("fulfil", "办理"),
    "expiry": ("renew", "续期或收回"),
}
"""Kind of duty -> where below its address it is done, and what the link says."""
Words = Annotated[str, Query(max_length=60)]


@router.get("/office/duties")
def list_duties(
    request: Request,
    session: ReadSession,
    present: Visitor,
    kind: Words = "",
    state: Words = "",
    changeset: Words = "",
    soon: Annotated[bool, Query()] = False,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """What is overdue first, then by its last day: what the account's organ or places owe, or all. ``soon``: open
    ones due within 30 days alone."""
    connection, day = session.connection(), today()
    kinds = frozenset({kind} if kind in KINDS else ())
    mine = OwedTo(connection, present.actor, day)
    every = mine.among(duties(connection, Wanted(on=day, changeset=changeset or None)))
    listed = [one for one in every if not kinds or one["kind"] in kinds]
    listed = [
        one
        for one in listed
        if (one["gap"] if state == "gap" else one["state"] == state)
        or (state not in STATES and one["state"] in LEFT)
    ]
    if soon:
        near = {(one["decision"], one["key"]) for one in _soon(connection, day)}
        listed = [one for one in listed if (one["decision"], one["key"]) in near]
    listed.sort(
        key=lambda one: (one["state"] != "overdue", one["due"] or "9999", one["decision"], one["key"])
    )
    shown = listed[(page - 1) * PAGE : page * PAGE]
    ids = [one[part] for one in shown for part in ("subject", "region", "authority", "returns_to")]
    ids += [one["done"]["subject"] for one in shown if one["done"]]
    return show(
        request,
        connection,
        present,
        "upkeep/duties.html",
        proofs={one for one in ids if one and kind_of(one) == "instrument"},
        found=gaps(shown),
        names=names(connection, ids, day),
        kinds=KINDS,
        states=STATES,
        acts=ACTS,
        counts={name: sum(one["kind"] == name and one["state"] in LEFT for one in every) for name in KINDS},
        kind=kind,
        state=state,
        soon=soon,
        may="edit" in present.actor.rights,
        days=SOON,
        gaps=sum(one["gap"] for one in every),
        overdue=sum(one["state"] == "overdue" for one in every),
        matching=len(listed),
        page=page,
        pages=max(1, -(-len(listed) // PAGE)),
    )


def _soon(connection: Connection, day: str) -> list[dict[str, Any]]:
    return duties(connection, Wanted(on=day, due_within=SOON))
