"""Ending, suspending and resuming an item: what needs no form of its content."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.outcomes import RULES
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Day, Form, Posted, Visitor, go, keep_refusal
from app.web.office.forms import drafting, keeping
from app.web.office.items.editing import Which
from app.web.office.items.in_hand import Editing, opened
from app.web.rendering import gaps

router = APIRouter()
ENDING = ("cancel", "suspend", "resume")


@router.get("/office/items/{item}/end")
def end_page(
    request: Request, session: ReadSession, present: Visitor, item: Which, day: Day = ""
) -> Response:
    connection = session.connection()
    editing = opened(connection, present.actor, item, day, Posted([]))
    form, kept_at = keeping.found_again(session, present, _place(editing))
    if kept_at:
        editing, wrong = _as_typed(connection, present, item, form)
        editing.kept_at = kept_at
        return _ending(request, connection, present, editing, said=wrong.message if wrong else "")
    return _ending(request, connection, present, editing)


def _as_typed(
    connection: Connection, present: Present, item: str, form: Posted
) -> tuple[Editing, Invalid | None]:
    """As of the day that was typed; where that is none, or none on which the item has anything to end, as of today,
    and what is wrong with it."""
    try:
        return opened(connection, present.actor, item, form.get("from"), form), None
    except Invalid as error:
        return opened(connection, present.actor, item, "", form), error


def _place(editing: Editing) -> keeping.Place:
    title = f"取消、暂停或恢复：{editing.base['name']}"
    return keeping.Place(f"/office/items/{editing.item}/end", title, editing.item)


@router.post("/office/items/{item}/end")
def end_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        editing, wrong = _as_typed(session.connection(), present, item, form)
    if kept := keeping.kept_aside(request, registry, present, form, _place(editing)):
        return kept
    try:
        if wrong:
            raise wrong
        outcome = form.get("outcome")
        if outcome not in ENDING:
            raise Invalid("请选择取消、暂停或恢复。", code="outcome-needed", field="outcome")
        decision = drafting.decision(editing.item, outcome, editing.day, form)
        if until := form.get("until"):
            decision["until"] = until
        label = RULES["item"][outcome].label
        asked = drafting.changeset(form, f"{label}：{editing.base['name']}", [decision])
        with registry.database.writing() as session:
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, _place(editing))
    except RegistryError as error:
        keep_refusal(request, error)
        with registry.database.reading() as session:
            connection, status = session.connection(), error.status
            return _ending(request, connection, present, editing, said=error.message, status=status)
    return go(f"/office/changesets/{made.id}")


def _ending(
    request: Request,
    connection: Connection,
    present: Present,
    editing: Editing,
    *,
    said: str = "",
    status: int = 200,
) -> Response:
    return show(
        request,
        connection,
        present,
        "items/end.html",
        status=status,
        said=said,
        editing=editing,
        base=gaps(editing.base),
        outcomes=[(name, RULES["item"][name].label) for name in ENDING],
        form=editing.asked,
        kept_at=editing.kept_at,
        script="form.js",
    )
