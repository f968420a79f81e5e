"""Laws, regulations and documents, and what rests on them."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from app.deps import AskedOn, KnownAt, ReadSession
from app.errors import Invalid
from app.law.content import Rank
from app.law.queries import IN_FORCE, cited_though_out_of_force, resting_on
from app.listing import Filter, list_subjects
from app.saying import said
from app.versions.history import decisions_of, history_of
from app.web import history
from app.web.public.authorities import LIMIT, After
from app.web.rendering import gaps, redirect, render
from app.web.subjects import names, settle_documents, subject_of

router = APIRouter()


@router.api_route("/laws", methods=["GET", "HEAD"])
def list_laws(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    title: Annotated[str, Query(max_length=100)] = "",
    rank: Annotated[str, Query(max_length=60)] = "",
    after: After = "",
) -> Response:
    connection = session.connection()
    title = title.replace("\0", "").strip().strip("《》")
    if rank and rank not in get_args(Rank):
        raise Invalid(
            said("没有“{1}”这种效力层级，可用的有：{2}。", rank[:40], ", ".join(get_args(Rank))),
            code="unknown-rank",
            field="rank",
        )
    wanted = Filter(on=asked.on, kind="instrument", name_contains=title or None, type=rank or None)
    page = list_subjects(connection, wanted, after or None, LIMIT)
    return render(request, connection, asked, "laws.html", page=page, title=title, rank=rank, first=not after)


@router.api_route("/laws/out-of-force", methods=["GET", "HEAD"])
def list_out_of_force(request: Request, session: ReadSession, asked: AskedOn, after: After = "") -> Response:
    """Instruments out of force that items in force still cite."""
    connection = session.connection()
    found = cited_though_out_of_force(connection, asked.on, after or None, LIMIT + 1)
    following = found[LIMIT - 1]["id"] if len(found) > LIMIT else None
    return render(
        request,
        connection,
        asked,
        "laws_lapsed.html",
        rows=found[:LIMIT],
        following=following,
        first=not after,
    )


@router.api_route("/laws/{law}", methods=["GET", "HEAD"])
def show_law(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    law: Annotated[str, Path(max_length=300)],
    article: Annotated[str, Query(max_length=100)] = "",
    after: After = "",
) -> Response:
    connection = session.connection()
    subject, subject_id = subject_of(connection, "instrument", law, asked.on, known)
    if subject is None:
        return redirect(request, f"/laws/{subject_id}")
    resting, following = _resting(connection, subject_id, asked.on, article or None, after or None)
    decisions = gaps(decisions_of(connection, subject_id, known))
    intervals = gaps(history_of(connection, subject_id, known))
    settle_documents(connection, [*intervals, *decisions])
    return render(
        request,
        connection,
        asked,
        "law.html",
        subject=subject,
        content=subject.content or gaps({}),
        in_force=IN_FORCE[subject.status],
        versions=intervals,
        attested=history.attested_from(intervals),
        happened=history.rows("instrument", decisions, intervals),
        resting=resting,
        following=following,
        authorities=names(connection, [one["authority"] for one in resting], asked.on),
        article=article,
        first=not after,
        known=known,
    )


def _resting(
    connection: Connection, instrument: str, day: str, article: str | None, after: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what rests on an instrument, one row a subject with its citations; and where to go on."""
    most = LIMIT * 4
    rows = resting_on(connection, instrument, day, article, after, most)
    subjects: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = subjects.setdefault(row["id"], {**row, "cited": []})
        one["cited"].append({"role": row["role"], "article": row["article"]})
    found = list(subjects.values())
    if len(rows) == most and len(found) > 1:
        found.pop()  # its citations may go on beyond these rows
    following = found[min(len(found), LIMIT) - 1]["id"] if len(found) > LIMIT or len(rows) == most else None
    return found[:LIMIT], following
