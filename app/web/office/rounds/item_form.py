"""The whole content of an item in a round: any field changed as a proposal.

What a department proposes about materials, steps or fees is said here; the sheet has a column for the limit alone.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes.models import DecisionInput
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.rounds.proposing import propose
from app.rounds.worksheets import Line, worksheets
from app.versions.fold import apply_changes
from app.versions.queries import today
from app.web.office.doors.visiting import Day, Form, Posted, Visitor
from app.web.office.forms import drafting
from app.web.office.items import form_keeping
from app.web.office.items.form import act_or_save, item_form
from app.web.office.items.in_hand import Editing, fill, opened, sound_content
from app.web.office.rounds.asking import as_read
from app.web.office.rounds.desk import lines_for
from app.web.office.rounds.new_items import new_line, save_new, taken_up
from app.web.office.rounds.one_item import WhichItem, line_of
from app.web.office.rounds.opening import Which

router = APIRouter()
BESIDE = ("annex", "number", "duties", "authorised_by", "until", "fulfils")
"""What a proposal says that the form has no field for: it stays while the outcome is the same."""


# --- any field of an item, as a proposal ---------------------------------------------------------------------


@router.get("/office/rounds/{changeset}/items/{item}/form")
def show_fields(
    request: Request, session: ReadSession, present: Visitor, changeset: Which, item: WhichItem, day: Day = ""
) -> Response:
    if (line := new_line(session, present, changeset, item)) is not None:
        editing = taken_up(session, changeset, line, day, Posted([]))
        form_keeping.take_up_kept(session, present, editing, day)
        return item_form(request, session, present, editing)
    editing, line = _of_round(session, present, changeset, item, day, Posted([]))
    if line.proposal is not None:
        _take_up(editing, line.proposal.body)
    if kept := form_keeping.kept_on(session, present, editing, day):
        editing, _ = _of_round(session, present, changeset, item, kept[0].get("from"), kept[0])
        editing.kept_at = kept[1]
        fill(session.connection(), editing, editing.asked)
    editing.told += form_keeping.told(session, present, editing)
    return item_form(request, session, present, editing)


@router.post("/office/rounds/{changeset}/items/{item}/form")
def propose_fields(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, item: WhichItem, form: Form
) -> Response:
    with registry.database.reading() as session:
        if (line := new_line(session, present, changeset, item)) is not None:
            editing = taken_up(session, changeset, line, form.get("from"), form)
            return save_new(request, registry, present, changeset, editing, form, line)
        editing, line = _of_round(session, present, changeset, item, form.get("from"), form)
        fill(session.connection(), editing, form)

    def save(session: Session, present: Present, editing: Editing) -> str:
        content = sound_content(session.connection(), editing)
        made = drafting.decisions(editing.item, editing.base, content, editing.day, form)
        if len(made) > 1:
            raise Invalid(
                "一个事项在一轮里只有一条意见：实施机关、事项类型和其他内容的改动不能一起提，请分别在不同的轮次或变更单中办理。",
                code="one-outcome",
            )
        stood = line.proposal.body if line.proposal else {}
        if stood.get("outcome") == made[0]["outcome"]:
            made[0] |= {name: stood[name] for name in BESIDE if name in stood}
        asked = DecisionInput.model_validate(made[0])
        reopen, read = form.get("reopen") == "1", as_read(form, item)
        propose(session, present.actor, changeset, [asked], today(), reopen=reopen, read=read)
        return f"/office/rounds/{changeset}/items/{item}?saved=true"

    return act_or_save(request, registry, present, editing, save)


def _of_round(
    session: Session, present: Present, changeset: str, item: str, day: str, asked: Posted
) -> tuple[Editing, Line]:
    """Raises NotFound for an item that is not in the round, or not this account's."""
    found = worksheets(session, changeset, today(), brief=True)
    line = line_of(lines_for(session, present, found), item)
    proposed = line.proposal.body.get("effective_from") if line.proposal else None
    on = day or proposed or found.opened.day or ""
    editing = opened(session.connection(), present.actor, item, on, asked)
    editing.heading = f"清理意见：{editing.base['name']}"
    editing.into = "proposal"
    editing.place = f"/office/rounds/{changeset}/items/{item}/form"
    editing.settled, editing.read = line.state == "reviewed", line.proposal.hash if line.proposal else ""
    editing.links = [
        (f"/office/rounds/{changeset}", found.opened.changeset.title),
        (f"/office/rounds/{changeset}/items/{item}", line.name),
    ]
    return editing, line


def _take_up(editing: Editing, body: dict[str, Any]) -> None:
    """What is proposed already stands in the form."""
    content = copy.deepcopy(editing.base)
    for change in body.get("changes", ()) if body["outcome"] in drafting.EDITABLE else ():
        try:
            apply_changes(content, [change])
        except RegistryError:
            editing.collide.append(change["path"])
    editing.content = content
    editing.asked = Posted([(name, str(body.get(name, ""))) for name in drafting.SAID])
