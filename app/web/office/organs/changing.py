"""Organs in the office: renamed, merged, divided, dissolved. What that touches is listed before anything is drafted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.models import STATE_LABELS
from app.changes.scope import Scope
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.listing import Filter, list_subjects
from app.versions.codes import subject_id
from app.versions.queries import known_at, parse_day, state_on, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go, typed_day
from app.web.office.forms import keeping, rejoining
from app.web.office.organs import dissolving, reshaping
from app.web.office.organs.reshaping import CHANGES, FIELDS, Reshaping, required_day, shown_day
from app.web.office.organs.touching import NAMED, Touched, beside, held, touched, undone
from app.web.subjects import items_by_authority, names

router = APIRouter()
Which = Annotated[str, Path(max_length=300)]
LIMIT = 50
SHOWN = 300
"""Items of a merger that are listed; all of them go on."""


@router.get("/office/authorities")
def list_organs(
    request: Request,
    session: ReadSession,
    present: Visitor,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Those in the account's scope."""
    connection, actor, day = session.connection(), present.actor, today()
    if actor.authority is not None:
        return go(f"/office/authorities/{actor.authority}")
    words = q.replace("\0", "").strip() or None
    wanted = Filter(
        on=day,
        kind="authority",
        name_contains=words,
        or_coded=words,
        region=actor.region,
        statuses=("in_force", "suspended", "unknown"),
    )
    page = list_subjects(connection, wanted, after or None, LIMIT)
    return show(
        request,
        connection,
        present,
        "organs/list.html",
        page=page,
        q=q,
        first=not after,
        changes=CHANGES,
        items=items_by_authority(connection, [row["id"] for row in page.rows], day),
    )


@router.get("/office/authorities/{authority}")
def organ_page(
    request: Request,
    session: ReadSession,
    present: Visitor,
    authority: Which,
    change: Annotated[str, Query(max_length=20)] = "merge",
    day: Annotated[str, Query(alias="from", max_length=20)] = "",
) -> Response:
    """``change``: merge, split, rename or dissolve."""
    change = change if change in CHANGES else "merge"
    on = parse_day(typed_day(day), "施行日期") if day else today()
    connection = session.connection()
    organ, content = _organ(connection, present, authority, on)
    form, kept_at = keeping.found_again(session, present, _place(organ, change, content))
    if kept_at:
        on = shown_day(form)
    else:
        form = Posted([("change", change), ("from", on), ("ending", content["name"]), ("follow", "1")])
    return _page(request, session, present, organ, content, form, on, kept_at=kept_at)


@router.post("/office/authorities/{authority}")
def change_organ(
    request: Request, registry: RegistryOf, present: Visitor, authority: Which, form: Form
) -> Response:
    """``do``: look (what it touches), deal (items to an organ, many at once), or none: the draft."""
    change = form.get("change") if form.get("change") in CHANGES else "merge"
    on = shown_day(form)
    with registry.database.reading() as session:
        organ, content = _organ(session.connection(), present, authority, on)
    place = _place(organ, change, content)
    if kept := keeping.kept_aside(request, registry, present, form, place):
        return kept
    if form.get("do") in ("look", "deal"):
        with registry.database.reading() as session:
            return _page(request, session, present, organ, content, form, on)
    try:
        required_day(form)
        with registry.database.writing() as session:
            connection = session.connection()
            if change == "rename":
                form, moved = _rejoined(connection, organ, on, form)
                rejoining.refuse_moved(moved)
                asked = reshaping.renamed(form, on, organ, content)
            else:
                said, called = _said(connection, form, on, organ)
                scope = Scope(connection, present.actor)
                rests = (
                    held(connection, scope, said.ending, on),
                    beside(connection, scope, said.ending, on),
                )
                if change == "dissolve":
                    owed = undone(connection, [organ], on)
                    asked = dissolving.dissolved(form, on, said, *rests, owed, called)
                else:
                    asked = reshaping.asked(form, on, said, *rests, content, called)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, place)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session, present, organ, content, form, on, error=error)
    return go(f"/office/changesets/{made.id}")


def _organ(connection: Connection, present: Present, authority: str, day: str) -> tuple[str, dict[str, Any]]:
    """(id, content on the day). Raises NotFound, Forbidden outside the account's scope."""
    organ = subject_id(connection, "authority", authority, day)
    content = state_on(connection, organ, day, known_at(connection, None)).document()
    if "name" not in content:
        raise Invalid(f"这个机关在 {day} 没有内容，请换一个施行日期。", code="nothing-to-edit")
    Scope(connection, present.actor).require("authority", organ, content, day)
    return organ, content


def _rejoined(connection: Connection, organ: str, on: str, form: Posted) -> tuple[Posted, str]:
    """The form of a rename with what stands on its day, which may be another than it was opened on, and that in
    words."""
    standing = state_on(connection, organ, on, known_at(connection, None))
    content = standing.document()
    stood = rejoining.opened_on(connection, organ, form.get("stands"))
    then, now = (reshaping.as_typed(one) for one in (content if stood is None else stood, content))
    words = reshaping.FIELDS | {"short_names": "简称"}
    since = "那一天的内容与您打开表单时的不同"
    return rejoining.rejoined(form, standing.content or "", then, now, words, since=since)


def _place(organ: str, change: str, content: dict[str, Any]) -> keeping.Place:
    title = f"{CHANGES[change]}：{content['name']}"
    return keeping.Place(f"/office/authorities/{organ}?change={change}", title, organ)


def _said(connection: Connection, form: Posted, day: str, organ: str) -> tuple[Reshaping, dict[str, str]]:
    """What the form says, and the names of the organs in it. Who is dissolved is the organ at hand, and no other.
    Raises Invalid with the field."""
    if form.get("change") == "dissolve":
        others = [pair for pair in form.pairs if pair[0] not in ("ending", "founded")]
        form = Posted([*others, ("ending", organ)])
    every = [one for field in ("ending", "standing") for one in reshaping.named(connection, form, field, day)]
    called = names(connection, every, day)
    return reshaping.reshaping(connection, form, day, called), called


def _page(
    request: Request,
    session: Session,
    present: Present,
    organ: str,
    content: dict[str, Any],
    form: Posted,
    on: str,
    *,
    error: RegistryError | None = None,
    kept_at: str = "",
) -> Response:
    connection = session.connection()
    said, called = Reshaping([organ], []), {organ: content["name"]}
    if form.get("change") != "rename":
        try:
            said, called = _said(connection, form, on, organ)
        except RegistryError as refused:
            error = error or refused
    found = touched(session, present, said.ending or [organ], on)
    if form.get("do") == "deal":
        form = reshaping.dealt(form, found.items)
    return show(
        request,
        connection,
        present,
        "organs/change.html",
        error=error,
        wrong=error.detail.get("field") if error else None,
        organ=organ,
        stands=state_on(connection, organ, on, known_at(connection, None)).content or "",
        content=content,
        changes=CHANGES,
        fields=FIELDS,
        form=form,
        on=on,
        successors=said.successors,
        choices=reshaping.choices(form, said),
        nobody=dissolving.NOBODY,
        to=reshaping.receivers(form, said, found.items),
        found=found,
        called=called | names(connection, _holders(found), on),
        shown=SHOWN,
        named=NAMED,
        states=STATE_LABELS,
        kept_at=kept_at,
        script="form.js",
    )


def _holders(found: Touched) -> list[str]:
    return sorted({one.authority for one in found.items})
