"""Items that a round begins: 新增, and 承接 from outside this registry. The office lists them in the draft itself; a
department proposes them, and the office reviews that like any other proposal.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import DecisionInput
from app.changes.reviews import new_places
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid
from app.rounds.opened import held_here, require_worked_on
from app.rounds.proposing import propose
from app.rounds.worksheets import Line, worksheets
from app.versions.queries import today
from app.web.office.doors.visiting import Day, Form, Posted, Visitor, go
from app.web.office.forms import drafting, filled
from app.web.office.forms.fields import item_fields
from app.web.office.forms.redrafting import anew
from app.web.office.items import form_keeping
from app.web.office.items.form import act_or_save, item_form
from app.web.office.items.in_hand import Editing, fresh, sound_content
from app.web.office.rounds.asking import as_read
from app.web.office.rounds.desk import lines_for
from app.web.office.rounds.opening import Which

router = APIRouter()
OUTSIDE = ("name", "code", "document")


@router.get("/office/rounds/{changeset}/new")
def new_item(
    request: Request, session: ReadSession, present: Visitor, changeset: Which, day: Day = ""
) -> Response:
    editing = _opened(session, present, changeset, day, Posted([]))
    form_keeping.take_up_kept(session, present, editing, day)
    return item_form(request, session, present, editing)


@router.post("/office/rounds/{changeset}/new")
def add_item(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, form: Form
) -> Response:
    """Of the office a decision of the draft, of a department a proposal for the office to review."""
    with registry.database.reading() as session:
        editing = _opened(session, present, changeset, form.get("from"), form)
    return save_new(request, registry, present, changeset, editing, form)


@router.post("/office/rounds/{changeset}/new/remove")
def remove_item(registry: RegistryOf, present: Visitor, changeset: Which, form: Form) -> Response:
    """Take a new item out of the draft again: by its id."""
    gone = form.get("item")
    with registry.database.writing() as session:
        _redraft(
            session,
            present,
            changeset,
            lambda bodies: [
                body for body in bodies if gone not in {place["subject"] for place in new_places(body)}
            ],
        )
    return go(f"/office/rounds/{changeset}")


def save_new(
    request: Request,
    registry: Registry,
    present: Present,
    changeset: str,
    editing: Editing,
    form: Posted,
    line: Line | None = None,
) -> Response:
    """``line``: what is proposed already, and is to be changed."""
    editing.content = filled.document(item_fields(), form, editing.base)

    def save(session: Session, present: Present, editing: Editing) -> str:
        content = sound_content(session.connection(), editing)
        made = _made(content, editing.day, form)
        if editing.into == "round":
            _redraft(session, present, changeset, lambda bodies: [*bodies, made])
            return f"/office/rounds/{changeset}"
        asked = DecisionInput.model_validate(_in_place_of(made, line))
        reopen, read = form.get("reopen") == "1", as_read(form, line.item) if line else None
        done = propose(session, present.actor, changeset, [asked], today(), reopen=reopen, read=read)
        (filed,) = (*done.new, *done.changed, *done.reopened, *done.unchanged)
        return f"/office/rounds/{changeset}/items/{filed}?saved=true"

    return act_or_save(request, registry, present, editing, save)


def _made(content: dict[str, Any], day: str, form: Posted) -> dict[str, Any]:
    """What the form says: an add, or a receive where it comes from outside."""
    (made,) = drafting.decisions(None, {"schema": 1}, content, day, form)
    if outside := {name: value for name in OUTSIDE if (value := form.get(f"outside/{name}").strip())}:
        if "name" not in outside:
            raise Invalid("承接的事项须写明原事项的名称。", code="outside-name-needed", field="outside/name")
        result = {name: made.pop(name) for name in ("content", "codes") if name in made}
        made |= {"outcome": "receive", "results": [result], "outside": [outside]}
    return made


def _in_place_of(made: dict[str, Any], line: Line | None) -> dict[str, Any]:
    """Filed under the same item; what the form has no field for stays as it is proposed."""
    if line is None or line.proposal is None:
        return made
    stood = line.proposal.body
    kept: dict[str, Any] = {
        name: stood[name]
        for name in ("origins", "accepts", "duties", "authorised_by", "annex", "number")
        if name in stood
    }
    if len(stood.get("outside", ())) > 1:
        kept["outside"] = [*made.get("outside", ()), *stood["outside"][1:]]
    if kept.get("accepts") and "results" not in made:
        result = {name: made.pop(name) for name in ("content", "codes") if name in made}
        made |= {"outcome": "receive", "results": [result]}
    place = made["results"][0] if "results" in made else made
    first = new_places(stood)[0]
    place |= {name: first[name] for name in ("subject", "codes") if name in first and name not in place}
    return made | kept


def _redraft(session: Session, present: Present, changeset_id: str, change: Any) -> None:
    """The round with other decisions; all else as it is."""
    changeset = rows.find(session, changeset_id)
    require_worked_on(changeset, "增减新增的事项")
    bodies = [decode(row.body) for row in rows.decisions(session, changeset)]
    asked = anew(changeset, bodies, change(bodies))
    drafts.redraft(session, present.actor, changeset_id, changeset.version, asked, today())


# --- the form ---------------------------------------------------------------------------------------------------


def _opened(session: Session, present: Present, changeset: str, day: str, asked: Posted) -> Editing:
    found = held_here(session, changeset)
    require_worked_on(found.changeset, "列入新增的事项")
    whole = drafts.is_in_scope(session, present.actor, found.changeset)
    editing = fresh(day or found.day or "", asked)
    editing.heading = f"{'列入' if whole else '提出'}新增、承接的事项"
    editing.into = "round" if whole else "new proposal"
    editing.place = f"/office/rounds/{changeset}/new"
    editing.links = [(f"/office/rounds/{changeset}", found.changeset.title)]
    return editing


def new_line(session: Session, present: Present, changeset: str, item: str) -> Line | None:
    """The new item that is proposed under this id, where the visitor has to do with it; None for any other item."""
    found = worksheets(session, changeset, today(), brief=True)
    return next((line for line in lines_for(session, present, found) if line.new and line.item == item), None)


def taken_up(session: Session, changeset: str, line: Line, day: str, asked: Posted) -> Editing:
    """What is proposed already, in the form again."""
    found = held_here(session, changeset)
    require_worked_on(found.changeset, "改新增的事项")
    stood = line.proposal.body if line.proposal else {}
    editing = fresh(day or stood.get("effective_from") or "", asked if asked.pairs else _as_posted(stood))
    editing.base = editing.content = line.content
    editing.settled, editing.read = line.state == "reviewed", line.proposal.hash if line.proposal else ""
    editing.heading = f"新增、承接的意见：{line.name}"
    editing.into = "new proposal"
    editing.place = f"/office/rounds/{changeset}/items/{line.item}/form"
    editing.links = [
        (f"/office/rounds/{changeset}", found.changeset.title),
        (f"/office/rounds/{changeset}/items/{line.item}", line.name),
    ]
    return editing


def _as_posted(body: dict[str, Any]) -> Posted:
    """What is said beside the content, as the form's own fields."""
    said = [(name, str(body.get(name, ""))) for name in drafting.SAID]
    outside = (body.get("outside") or [{}])[0]
    return Posted([*said, *((f"outside/{name}", outside.get(name, "")) for name in OUTSIDE)])
