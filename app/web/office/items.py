"""Editing an item: the whole content as a form, beside what stands; what differs becomes decisions of a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import drafts, kinds
from app.changes.models import Changeset
from app.changes.outcomes import RULES
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.items.queries import resolve
from app.listing import Filter, list_subjects
from app.versions.fold import diff
from app.versions.queries import Standing, known_at, parse_day, state_on, today
from app.web.office import drafting, forms
from app.web.office.fields import item_fields, item_sections
from app.web.office.pages import show
from app.web.office.visiting import Form, Posted, Visitor, go
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
Which = Annotated[str, Path(max_length=300)]
Day = Annotated[str, Query(alias="from", max_length=10)]
LIMIT = 50


@router.get("/office/items")
def list_items(
    request: Request,
    session: ReadSession,
    present: Visitor,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    connection = session.connection()
    actor = present.actor
    wanted = Filter(
        on=today(),
        name_contains=q.strip() or None,
        region=actor.region,
        authority=actor.authority,
        statuses=("in_force", "suspended", "unknown"),
    )
    page = list_subjects(connection, wanted, after or None, LIMIT)
    return show(request, connection, present, "items.html", page=page, q=q, first=not after)


@dataclass(slots=True)
class Editing:
    """An item being edited: what stands on the effective day, and what the form says."""

    item: str | None
    """None: a new one."""
    day: str
    standing: Standing | None
    base: dict[str, Any]
    content: dict[str, Any]
    asked: Posted
    """The form's other fields: title, reason, document ...; empty when it is opened."""


@router.get("/office/items/new")
def new_item(request: Request, session: ReadSession, present: Visitor, day: Day = "") -> Response:
    return _form(request, session.connection(), present, _fresh(day, Posted([])))


@router.post("/office/items/new")
def save_new(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    editing = _fresh(form.get("from"), form)
    editing.content = forms.document(item_fields(), form, editing.base)
    return _act_or_save(request, registry, present, editing)


@router.get("/office/items/{item}/edit")
def edit_item(
    request: Request, session: ReadSession, present: Visitor, item: Which, day: Day = ""
) -> Response:
    connection = session.connection()
    return _form(request, connection, present, _open(connection, item, day, Posted([])))


@router.post("/office/items/{item}/edit")
def save_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        editing = _open(session.connection(), item, form.get("from"), form)
    editing.content = forms.document(item_fields(), form, editing.base)
    return _act_or_save(request, registry, present, editing)


def _fresh(day: str, asked: Posted) -> Editing:
    base = {"schema": 1}
    return Editing(None, parse_day(day, "施行日期") if day else today(), None, base, base, asked)


def _open(connection: Connection, item: str, day: str, asked: Posted) -> Editing:
    on = parse_day(day, "施行日期") if day else today()
    found, _ = resolve(connection, item, on)
    standing = state_on(connection, found, on, known_at(connection, None))
    base = standing.document()
    if not base:
        raise Invalid(f"这个事项在 {on} 还没有内容，请换一个施行日期。", code="nothing-to-edit")
    return Editing(found, on, standing, base, base, asked)


def _act_or_save(request: Request, registry: RegistryOf, present: Present, editing: Editing) -> Response:
    """A button that changes the form shows it anew; saving makes a draft, or says what keeps it from being one."""
    act = editing.asked.get("do")
    if act and act != "save":
        editing.content = forms.acted(editing.content, tuple(item_fields()), act)
        with registry.database.reading() as session:
            return _form(request, session.connection(), present, editing)
    try:
        with registry.database.writing() as session:
            made = _save(session, present, editing)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _form(request, session.connection(), present, editing, error=error)
    return go(f"/office/changesets/{made.id}")


def _save(session: Session, present: Present, editing: Editing) -> Changeset:
    connection = session.connection()
    if editing.standing and editing.asked.get("revision") != str(editing.standing.revision or ""):
        raise Invalid(
            "您打开表单之后，这个事项又有变更生效。下面左边已换成现在的内容，请核对后再保存。", code="moved"
        )
    content = forms.with_keys(editing.content)
    drafting.put_ids(connection, content, editing.day)
    content = kinds.validate("item", content)
    made = drafting.decisions(editing.item, editing.base, content, editing.day, editing.asked)
    return drafts.draft(
        session, present.actor, drafting.changeset(editing.asked, content["name"], made), today()
    )


def _form(
    request: Request,
    connection: Connection,
    present: Present,
    editing: Editing,
    *,
    error: RegistryError | None = None,
) -> Response:
    content = editing.content
    ids = [value for value in drafting.ids_in(content) if value]
    return show(
        request,
        connection,
        present,
        "item-form.html",
        status=error.status if error else 200,
        said=error.message if error else "",
        wrong={one["field"]: one["reason"] for one in error.detail.get("errors", [])} if error else {},
        editing=editing,
        sections=item_sections(),
        content=gaps(content),
        base=gaps(editing.base),
        changed={change["path"].split("/")[0] for change in diff(editing.base, content)}
        if editing.item
        else set(),
        names=names(connection, ids, editing.day),
        form=editing.asked,
    )


# --- ending, suspending, resuming -------------------------------------------------------------------------

ENDING = ("cancel", "suspend", "resume")


@router.get("/office/items/{item}/end")
def end_page(
    request: Request, session: ReadSession, present: Visitor, item: Which, day: Day = ""
) -> Response:
    connection = session.connection()
    return _ending(request, connection, present, _open(connection, item, day, Posted([])))


@router.post("/office/items/{item}/end")
def end_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        editing = _open(session.connection(), item, form.get("from"), form)
    try:
        outcome = form.get("outcome")
        if outcome not in ENDING:
            raise Invalid("请选择取消、暂停或恢复。", code="outcome-needed", field="outcome")
        decision = drafting.decision(editing.item, outcome, editing.day, form)
        if until := form.get("until"):
            decision["until"] = until
        for name in ("words", "follow_up"):
            if form.get(name).strip():
                decision[name] = form.get(name).strip()
        label = RULES["item"][outcome].label
        asked = drafting.changeset(form, f"{label}：{editing.base['name']}", [decision])
        with registry.database.writing() as session:
            made = drafts.draft(session, present.actor, asked, today())
    except RegistryError as error:
        with registry.database.reading() as session:
            return _ending(request, session.connection(), present, editing, error=error)
    return go(f"/office/changesets/{made.id}")


def _ending(
    request: Request,
    connection: Connection,
    present: Present,
    editing: Editing,
    *,
    error: RegistryError | None = None,
) -> Response:
    return show(
        request,
        connection,
        present,
        "item-end.html",
        status=error.status if error else 200,
        said=error.message if error else "",
        editing=editing,
        base=gaps(editing.base),
        outcomes=[(name, RULES["item"][name].label) for name in ENDING],
        form=editing.asked,
    )
