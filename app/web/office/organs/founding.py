"""A new organ (设立): what is said of it, its credit code, from which day; a draft like any other."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import drafts, kinds
from app.changes.models import ChangesetInput
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.items import codes
from app.places.content import AuthorityContent
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import drafting, filled, keeping, row_buttons
from app.web.office.forms.fields import FormField, fields_of
from app.web.office.items.form import wrong_places
from app.web.office.organs.reshaping import FIELDS, required_day, shown_day
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
PLACE = keeping.Place("/office/authorities/new", "设立机关")
ROWS = ("add:", "remove:", "restore:", "up:", "down:")
"""What the buttons of its rows do."""


@router.get("/office/authorities/new")
def new_organ(request: Request, session: ReadSession, present: Visitor) -> Response:
    form, kept_at = keeping.found_again(session, present, PLACE)
    return _page(request, session, present, form, _content(form), kept_at=kept_at)


@router.post("/office/authorities/new")
def found_organ(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """``do``: a button of a row; none: the draft."""
    if kept := keeping.kept_aside(request, registry, present, form, PLACE):
        return kept
    content = _content(form)
    if form.get("do").startswith(ROWS):
        content, form = row_buttons.acted(content, form, authority_fields(), form.get("do"), {})
        with registry.database.reading() as session:
            return _page(request, session, present, form, content)
    try:
        with registry.database.writing() as session:
            asked = founded(session.connection(), form, content)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, PLACE)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session, present, form, content, error=error)
    return go(f"/office/changesets/{made.id}")


@cache
def authority_fields() -> tuple[FormField, ...]:
    return tuple(replace(one, label=FIELDS.get(one.name, one.label)) for one in fields_of(AuthorityContent))


def _content(form: Posted) -> dict[str, Any]:
    return filled.document(authority_fields(), form, {})


def founded(connection: Connection, form: Posted, content: dict[str, Any]) -> ChangesetInput:
    """The draft. Raises Invalid with the field."""
    day = required_day(form)
    made = filled.with_keys(content)
    for field, kind in (("region", "region"), ("parent", "authority")):
        if made.get(field):
            made[field] = _id_of(connection, made[field], kind, day, field)
    made = kinds.validate("authority", made)
    body = drafting.decision(None, "found", day, form) | {"kind": "authority", "content": made}
    if code := form.get("code").strip():
        body["codes"] = [codes.sound(codes.USCC, code, "code")]
    return drafting.changeset(form, f"设立：{made['name']}"[:400], [body])


def _id_of(connection: Connection, asked: str, kind: str, day: str, field: str) -> str:
    try:
        return drafting.named_id(connection, asked, kind, day, field)
    except RegistryError as error:
        raise Invalid(error.message, code=error.code, field=field) from error


def _page(
    request: Request,
    session: Session,
    present: Present,
    form: Posted,
    content: dict[str, Any],
    *,
    error: RegistryError | None = None,
    kept_at: str = "",
) -> Response:
    connection, on = session.connection(), shown_day(form)
    gone = row_buttons.gone(form, content)
    wrong = wrong_places(content, error.detail.get("errors", [])) if error else {}
    if error and error.detail.get("field"):
        wrong[error.detail["field"]] = error.message
    return show(
        request,
        connection,
        present,
        "organs/new.html",
        error=error,
        wrong=wrong,
        form=form,
        on=on,
        fields=authority_fields(),
        content=gaps(content),
        names=names(connection, [content.get("region", ""), content.get("parent", "")], on),
        gone=gone,
        gone_fields=row_buttons.gone_fields(form, gone),
        focus=row_buttons.focus(content, authority_fields(), form.get("do")),
        kept_at=kept_at,
        script="form.js",
    )
