"""Authorities: by region, and each with its names over time and its items on a day."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.changes.kinds import describe
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.listing import Filter, count_by, list_subjects
from app.places.queries import ancestors, region_id
from app.recalling import Recalled
from app.versions.history import decisions_of, history_of
from app.web import history
from app.web.rendering import gaps, redirect, render
from app.web.subjects import items_by_authority, names, rows_on, settle_documents, subject_of

router = APIRouter()

LIMIT = 50

After = Annotated[str, Query(max_length=40, description="go on after this id")]


@router.api_route("/authorities", methods=["GET", "HEAD"])
def list_authorities(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    region: Annotated[str, Query(max_length=60)] = "",
    name: Annotated[str, Query(max_length=100)] = "",
    after: After = "",
) -> Response:
    connection = session.connection()
    within = region_id(connection, region, asked.on)
    name = name.replace("\0", "").strip()
    wanted = Filter(on=asked.on, kind="authority", region=within, name_contains=name or None)
    page = list_subjects(connection, wanted, after or None, LIMIT)
    by_region = count_by(connection, Filter(on=asked.on, kind="authority"), "region")
    path = ancestors(connection, within, asked.on) if within else []
    known = rows_on(connection, [*by_region, *path], asked.on)
    return render(
        request,
        connection,
        asked,
        "authorities.html",
        page=page,
        name=name,
        within=within,
        path=[known[one] for one in path if one in known],
        regions=sorted(
            ((known[one], count) for one, count in by_region.items() if one in known),
            key=lambda pair: pair[0].id,
        ),
        items=items_by_authority(connection, [row["id"] for row in page.rows], asked.on),
        first=not after,
    )


@router.api_route("/authorities/{authority}", methods=["GET", "HEAD"])
def show_authority(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    authority: Annotated[str, Path(max_length=300)],
    status: Annotated[str, Query(max_length=20)] = "",
    after: After = "",
) -> Response:
    connection = session.connection()
    subject, subject_id = subject_of(connection, "authority", authority, asked.on, known)
    if subject is None:
        return redirect(request, f"/authorities/{subject_id}")
    statuses = (status,) if status else ()
    held = Filter(on=asked.on, authority=subject_id)
    if known.is_head:
        page = list_subjects(connection, replace(held, statuses=statuses), after or None, LIMIT)
        counts = count_by(connection, held, "status")
    else:
        most = registry.settings.known_at_items
        counts = Recalled(connection, held, known, describe, most).counts("status")["status"]
        chosen = replace(held, statuses=statuses)
        page = Recalled(connection, chosen, known, describe, most).page(after or None, LIMIT)
    content = subject.content or gaps({})
    decisions = gaps(decisions_of(connection, subject_id, known))
    intervals = gaps(history_of(connection, subject_id, known))
    settle_documents(connection, decisions)
    return render(
        request,
        connection,
        asked,
        "authority.html",
        subject=subject,
        content=content,
        above=names(connection, [content["region"], content["parent"]], asked.on, known),
        attested=history.attested_from(intervals),
        happened=history.rows("authority", decisions, intervals),
        page=page,
        counts=counts,
        chosen=status,
        first=not after,
        known=known,
    )
