"""Items handled together (并联审批, 一件事): the time saved, who waits for whom, the materials once each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from app.bundles.paths import Plan
from app.bundles.queries import Together, together
from app.deps import AskedOn, KnownAt, ReadSession
from app.listing import Filter, list_subjects
from app.saying import said
from app.versions.history import decisions_of, history_of
from app.versions.queries import Known
from app.web import history
from app.web.public.authorities import LIMIT, After
from app.web.rendering import gaps, redirect, render
from app.web.subjects import names, settle_documents, subject_of

router = APIRouter()

WIDTH, ROW = 600, 26
"""Of the drawn plan, in its own units."""


@router.api_route("/bundles", methods=["GET", "HEAD"])
def list_bundles(request: Request, session: ReadSession, asked: AskedOn, after: After = "") -> Response:
    connection = session.connection()
    page = list_subjects(connection, Filter(on=asked.on, kind="bundle"), after or None, LIMIT)
    return render(request, connection, asked, "bundles.html", page=page, first=not after)


@router.api_route("/bundles/{bundle}", methods=["GET", "HEAD"])
def show_bundle(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    bundle: Annotated[str, Path(max_length=300)],
    without: Annotated[list[str] | None, Query(max_length=500)] = None,
) -> Response:
    connection = session.connection()
    subject, subject_id = subject_of(connection, "bundle", bundle, asked.on, known)
    if subject is None:
        return redirect(request, f"/bundles/{subject_id}")
    content = subject.content or gaps({})
    left_out = [key for key in without or () if key]
    found = together(connection, content, asked.on, known, left_out)
    called = _called(connection, found, asked.on, known)
    decisions = gaps(decisions_of(connection, subject_id, known))
    intervals = gaps(history_of(connection, subject_id, known))
    settle_documents(connection, [*intervals, *decisions])
    return render(
        request,
        connection,
        asked,
        "bundle.html",
        subject=subject,
        content=content,
        left_out=left_out,
        found=found,
        called=called,
        lead=names(connection, [content["lead"], content["region"]], asked.on, known),
        bars=_bars(found, called),
        width=WIDTH,
        height=ROW * len(found.promised.slots),
        saved=_saved(found.promised),
        attested=history.attested_from(intervals),
        happened=history.rows("bundle", decisions, intervals),
        known=known,
    )


def _called(connection: Connection, found: Together, day: str, known: Known) -> dict[str, str]:
    """Key -> name of each member on the day, or the nearest known then; a redacted one is called by no other day's,
    which may be what was ordered away."""
    nearest = names(connection, [one.member["item"] for one in found.listed], day, known)
    called = {}
    for one in found.listed:
        item = one.member["item"]
        if one.content.get("redacted"):
            called[one.key] = said("名称已依令删改（{1}）", item)
        else:
            called[one.key] = one.content.get("name") or nearest.get(item, one.key)
    return called


def _bars(found: Together, called: Mapping[str, str]) -> list[dict[str, Any]]:
    """The members as bars: place and width by promised limits; one that takes no day keeps a thin line."""
    whole = found.promised.parallel or 1
    bars = []
    for at, one in enumerate(one for one in found.members if one.stands):
        slot = found.promised.slots[one.key]
        bars.append(
            {
                "x": slot.start * WIDTH // whole,
                "y": at * ROW,
                "width": max((slot.finish - slot.start) * WIDTH // whole, 3),
                "critical": one.key in found.promised.critical,
                "name": called[one.key],
            }
        )
    return bars


def _saved(plan: Plan) -> int | None:
    """Percent of the time saved by handling in parallel, rounded half up; none where there is no time."""
    if not plan.serial:
        return None
    return (200 * (plan.serial - plan.parallel) + plan.serial) // (2 * plan.serial)
