"""Editing an item: the whole content as a form, beside what stands; what differs becomes decisions of a draft."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.actor import Actor
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import Changeset
from app.changes.showing import READING, require_readable
from app.deps import ReadSession, RegistryOf
from app.errors import Stale
from app.listing import Filter, count_by, list_subjects
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Day, Form, Posted, Visitor
from app.web.office.forms import drafting, filled, taking_up
from app.web.office.forms.fields import item_fields
from app.web.office.forms.redrafting import redrafted
from app.web.office.items import form_keeping
from app.web.office.items.form import act_or_save, item_form
from app.web.office.items.in_hand import Editing, drafted, fill, fresh, opened, said_in_draft, sound_content
from app.web.office.upkeep import owing

router = APIRouter()
Which = Annotated[str, Path(max_length=300)]
LIMIT = 50


class State(NamedTuple):
    """What the list may be narrowed to, by what ``Filter`` calls it."""

    words: str
    begun: bool | None
    statuses: tuple[str, ...] = ()


STATES = {
    "now": State("现行", True, ("in_force", "suspended", "unknown")),
    "planned": State("将生效", False),
    "ended": State("已终止", True, ("ended",)),
    "all": State("全部", None),
}


@router.get("/office/items")
def list_items(
    request: Request,
    session: ReadSession,
    present: Visitor,
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Those in the account's scope; for who works on the catalogue or audits it, internal and redacted ones too.
    ``state``: one of ``STATES``; what stands by default."""
    connection = session.connection()
    actor = present.actor
    state = state if state in STATES else "now"
    wanted = Filter(
        on=today(),
        name_contains=q.strip() or None,
        or_coded=q.strip() or None,
        internal=not READING.isdisjoint(actor.rights),
        region=actor.region,
        authority=actor.authority,
    )
    chosen = replace(wanted, begun=STATES[state].begun, statuses=STATES[state].statuses)
    return show(
        request,
        connection,
        present,
        "items/list.html",
        page=list_subjects(connection, chosen, after or None, LIMIT),
        q=q,
        state=state,
        states=STATES,
        counts=_counts(connection, wanted),
        first=not after,
    )


def _counts(connection: Connection, wanted: Filter) -> dict[str, int]:
    """How many in each state."""
    begun = count_by(connection, wanted, "status")
    ahead = sum(count_by(connection, replace(wanted, begun=False), "status").values())
    ended = begun.get("ended", 0)
    now = sum(begun.values()) - ended
    return {"now": now, "planned": ahead, "ended": ended, "all": now + ahead + ended}


@router.get("/office/items/new")
def new_item(request: Request, session: ReadSession, present: Visitor, day: Day = "") -> Response:
    editing = fresh(day, Posted([]))
    editing.place = "/office/items/new"
    form_keeping.take_up_kept(session, present, editing, day)
    return item_form(request, session, present, editing)


@router.post("/office/items/new")
def save_new(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    editing = fresh(form.get("from"), form)
    editing.place = "/office/items/new"
    editing.content = filled.document(item_fields(), form, editing.base)
    return act_or_save(request, registry, present, editing, _save)


@router.get("/office/items/{item}/edit")
def edit_item(
    request: Request,
    session: ReadSession,
    present: Visitor,
    item: Which,
    day: Day = "",
    changeset: Annotated[str, Query(max_length=40)] = "",
    fulfils: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """``changeset``: a draft to take up again, with what it changes in this item already in the form. ``fulfils``: a
    duty that is done by it, ``act/key``."""
    connection = session.connection()
    editing = opened(connection, present.actor, item, day, Posted([]))
    if changeset:
        _take_up(session, present.actor, editing, changeset)
    editing.place = place_of(editing)
    if kept := form_keeping.kept_on(session, present, editing, day):
        taken_up = editing
        editing = opened(connection, present.actor, item, kept[0].get("from"), kept[0])
        editing.changeset, editing.place, editing.kept_at = taken_up.changeset, taken_up.place, kept[1]
        fill(connection, editing, editing.asked)
    named = [*editing.asked.all("fulfils"), *([fulfils] if fulfils else [])]
    editing.fulfils = owing.named_in(connection, present, named)
    editing.told += form_keeping.told(session, present, editing)
    return item_form(request, session, present, editing)


def place_of(editing: Editing) -> str:
    """Where the form of a standing item is kept: each draft has its own."""
    asked = f"?changeset={editing.changeset.id}" if editing.changeset else ""
    return f"/office/items/{editing.item}/edit{asked}"


def _take_up(session: Session, actor: Actor, editing: Editing, changeset: str) -> None:
    editing.changeset = _readable(session, actor, changeset)
    editing.content, editing.collide = drafted(session, editing)
    bodies = [row.body for row in rows.decisions(session, editing.changeset)]
    pairs = said_in_draft(session, editing)
    pairs += [("fulfils", named) for named in owing.drafted_in(bodies, editing.item)]
    editing.asked = Posted(pairs)


@router.post("/office/items/{item}/edit")
def save_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        connection = session.connection()
        editing = opened(connection, present.actor, item, form.get("from"), form)
        fill(connection, editing, form)
        if changeset := form.get("changeset"):
            editing.changeset = _readable(session, present.actor, changeset)
        editing.fulfils = owing.named_in(connection, present, form.all("fulfils"))
    editing.place = place_of(editing)
    return act_or_save(request, registry, present, editing, _save)


def _readable(session: Session, actor: Actor, changeset: str) -> Changeset:
    """Raises NotFound, Forbidden."""
    found = rows.find(session, changeset)
    require_readable(session, actor, found)
    return found


def _save(session: Session, present: Present, editing: Editing) -> str:
    """A draft of its own, or the one that was taken up."""
    content = sound_content(session.connection(), editing)
    made = drafting.decisions(editing.item, editing.base, content, editing.day, editing.asked)
    if editing.fulfils:
        made[0]["fulfils"] = owing.as_fulfils(editing.fulfils)
    asked = drafting.changeset(editing.asked, content["name"], made)
    if editing.changeset is None or editing.item is None:
        return f"/office/changesets/{drafts.draft(session, present.actor, asked, today()).id}"
    bodies = [decode(row.body) for row in rows.decisions(session, editing.changeset)]
    own = drafting.made_by_form(bodies, editing.item)
    head = taking_up.head_as_said(decode(editing.changeset.head.encode()), own, asked)
    again = redrafted(editing.changeset, bodies, editing.item, made, head, asked.title)
    version = editing.asked.get("version")
    number = int(version) if version.isascii() and version.isdigit() else -1
    try:
        drafts.redraft(session, present.actor, editing.changeset.id, number, again, today())
    except Stale as error:
        differs = form_keeping.other_draft(session, editing)
        raise Stale(
            f"另一人刚刚保存过这份草稿。与他保存的不同之处：{differs or '没有'}。下面是您填的内容；核对后再保存一次，"
            "就以您的为准，他的保存在变更单的经过里。",
            code=error.code,
        ) from error
    return f"/office/changesets/{editing.changeset.id}"
