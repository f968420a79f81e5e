"""承接 in the browser: what is owed to a place becomes the draft of an item there, begun with what was handed down."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.owed import one_duty
from app.changes.owed_to import OwedTo
from app.deps import ReadSession, RegistryOf
from app.errors import Conflict, Forbidden, Invalid
from app.items.inherited import inherited
from app.items.queries import resolve
from app.versions.queries import known_at, parse_day, state_on, today
from app.web.office.doors.visiting import Day, Form, Posted, Visitor
from app.web.office.forms import drafting, filled
from app.web.office.forms.fields import item_fields
from app.web.office.items import form_keeping
from app.web.office.items.form import act_or_save, item_form
from app.web.office.items.in_hand import Editing, sound_content
from app.web.subjects import names

router = APIRouter()
Act = Annotated[int, Path(ge=1)]
Key = Annotated[str, Path(max_length=64)]
WHOSE = ("authority", "region", "level")
"""What of the item that was handed down is never the receiver's: asked for where it is not known."""


@router.get("/office/duties/{act}/{key}/accept")
def show_acceptance(
    request: Request, session: ReadSession, present: Visitor, act: Act, key: Key, day: Day = ""
) -> Response:
    connection = session.connection()
    duty, editing = _opened(connection, present, act, key, day, Posted([]))
    form_keeping.take_up_kept(session, present, editing, day)
    return item_form(request, session, present, editing, more={"duty": duty})


@router.post("/office/duties/{act}/{key}/accept")
def accept(
    request: Request, registry: RegistryOf, present: Visitor, act: Act, key: Key, form: Form
) -> Response:
    with registry.database.reading() as session:
        duty, editing = _opened(session.connection(), present, act, key, form.get("from"), form)
    editing.content = filled.document(item_fields(), form, editing.base)

    def save(session: Session, present: Present, editing: Editing) -> str:
        connection = session.connection()
        decision = drafting.decision(None, "receive", editing.day, form) | {
            "results": [_result(connection, editing, form)],
            "accepts": [{"act": act, "receiver": key}],
        }
        asked = drafting.changeset(form, editing.heading, [decision])
        return f"/office/changesets/{drafts.draft(session, present.actor, asked, today()).id}"

    return act_or_save(request, registry, present, editing, save, more={"duty": duty})


def _result(connection: Connection, editing: Editing, form: Posted) -> dict[str, Any]:
    """An item that stands here already, where one is named; else a new one with the content of the form."""
    if standing := form.get("standing").strip():
        return {"subject": resolve(connection, standing, editing.day, internal=True)[0]}
    made: dict[str, Any] = {"content": sound_content(connection, editing)}
    if code := form.get("code").strip():
        made["codes"] = [{"scheme": form.get("scheme").strip() or "local", "value": code}]
    return made


def _opened(
    connection: Connection, present: Present, act: int, key: str, day: str, asked: Posted
) -> tuple[dict[str, Any], Editing]:
    """The duty and the form for it. Raises NotFound, Conflict where it is done, Forbidden where it is another's."""
    duty = one_duty(connection, act, key, today())
    if duty["kind"] != "acceptance":
        raise Invalid("这一件不是承接，不在这里办。", code="not-an-acceptance")
    if duty["done"] is not None:
        raise Conflict("这一承接方已经承接，不能再承接一次。", code="already-accepted")
    if not OwedTo(connection, present.actor, today()).holds(duty):
        raise Forbidden(
            f"这一项不是由账号“{present.actor.name}”管理的地方或机关承接的。", code="out-of-scope"
        )
    on = parse_day(day, "施行日期") if day else max(today(), duty["opens"])
    known = known_at(connection, None)
    origin = state_on(connection, duty["subject"], duty["opens"], known).document()
    begun = {name: part for name, part in inherited(origin).items() if name not in WHOSE}
    content = begun | _whose(connection, present, duty, on)
    called = names(connection, [duty["subject"]], duty["opens"])
    title = called.get(duty["subject"]) or origin.get("name", "")
    editing = Editing(None, on, None, content, content, asked)
    editing.heading = f"承接：{title}"
    editing.into = "acceptance"
    editing.place = f"/office/duties/{act}/{key}/accept"
    editing.links = [("/office/duties", "承接和后续")]
    return duty | {"name": title}, editing


def _whose(connection: Connection, present: Present, duty: dict[str, Any], on: str) -> dict[str, Any]:
    """The receiver's organ, place and level, as far as they are known: of a place alone no organ is."""
    known = known_at(connection, None)
    organ = duty["authority"] or present.actor.authority
    held = state_on(connection, organ, on, known).document() if organ else {}
    place = duty["region"] or held.get("region") or present.actor.region
    stands = state_on(connection, place, on, known).document() if place else {}
    found = {
        "authority": organ,
        "region": place,
        "level": stands.get("level") or held.get("level"),
    }
    return {name: value for name, value in found.items() if value is not None}
