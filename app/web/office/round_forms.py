"""The whole content of an item in a round: any field changed as a proposal, and new items that the office lists itself.

What a department proposes about materials, steps or fees is said here; the sheet has a column for the limit alone.
"""

from __future__ import annotations

import copy
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import DecisionInput
from app.changes.reviews import new_places
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.rounds.opened import Opened, held_here, require_worked_on
from app.rounds.proposing import propose
from app.rounds.worksheets import Line, worksheets
from app.versions.fold import apply_changes
from app.versions.queries import today
from app.web.office import drafting, forms
from app.web.office.fields import item_fields
from app.web.office.item_forms import Editing, act_or_save, fill, fresh, item_form, opened, sound_content
from app.web.office.items import Day
from app.web.office.round_desk import lines_for
from app.web.office.round_item import WhichItem, line_of
from app.web.office.rounds import Which
from app.web.office.visiting import Form, Posted, Visitor, go

router = APIRouter()


# --- any field of an item, as a proposal ---------------------------------------------------------------------


@router.get("/office/rounds/{changeset}/items/{item}/form")
def show_fields(
    request: Request, session: ReadSession, present: Visitor, changeset: Which, item: WhichItem, day: Day = ""
) -> Response:
    editing, line = _of_round(session, present, changeset, item, day, Posted([]))
    if line.proposal is not None:
        _take_up(editing, line.proposal.body)
    return item_form(request, session.connection(), present, editing)


@router.post("/office/rounds/{changeset}/items/{item}/form")
def propose_fields(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, item: WhichItem, form: Form
) -> Response:
    with registry.database.reading() as session:
        editing, _ = _of_round(session, present, changeset, item, form.get("from"), form)
        fill(session.connection(), editing, form)

    def save(session: Session, present: Present, editing: Editing) -> str:
        content = sound_content(session.connection(), editing)
        made = drafting.decisions(editing.item, editing.base, content, editing.day, form)
        if len(made) > 1:
            raise Invalid(
                "一个事项在一轮里只有一条意见：实施机关、事项类型和其他内容的改动不能一起提，请分别在不同的轮次或变更单中办理。",
                code="one-outcome",
            )
        said = {name: value for name in ("words", "follow_up") if (value := form.get(name).strip())}
        asked = DecisionInput.model_validate(made[0] | said)
        reopen = form.get("reopen") == "1"
        propose(session, present.actor, changeset, [asked], today(), reopen=reopen)
        return f"/office/rounds/{changeset}/items/{item}?saved=true"

    return act_or_save(request, registry, present, editing, save)


def _of_round(
    session: Session, present: Present, changeset: str, item: str, day: str, asked: Posted
) -> tuple[Editing, Line]:
    """Raises NotFound for an item that is not in the round, or not this account's."""
    found = worksheets(session, changeset, today(), brief=True)
    line = line_of(lines_for(session, present, found), item)
    editing = opened(session.connection(), present.actor, item, day or found.opened.day or "", asked)
    editing.heading = f"清理意见：{editing.base['name']}"
    editing.into = "proposal"
    editing.settled = line.state == "reviewed"
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
    editing.asked = Posted([(name, str(body.get(name, ""))) for name in ("words", "follow_up", "reason")])


# --- new items ----------------------------------------------------------------------------------------------


@router.get("/office/rounds/{changeset}/new")
def new_item(
    request: Request, session: ReadSession, present: Visitor, changeset: Which, day: Day = ""
) -> Response:
    return item_form(
        request, session.connection(), present, _new(held_here(session, changeset), day, Posted([]))
    )


@router.post("/office/rounds/{changeset}/new")
def add_item(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, form: Form
) -> Response:
    """新增, or 承接 where it comes from outside this registry: a decision of the draft, listed by the office itself."""
    with registry.database.reading() as session:
        editing = _new(held_here(session, changeset), form.get("from"), form)
    editing.content = forms.document(item_fields(), form, editing.base)

    def save(session: Session, present: Present, editing: Editing) -> str:
        content = sound_content(session.connection(), editing)
        (made,) = drafting.decisions(None, editing.base, content, editing.day, form)
        if outside := {name: value for name in OUTSIDE if (value := form.get(f"outside/{name}").strip())}:
            if "name" not in outside:
                raise Invalid(
                    "承接的事项须写明原事项的名称。", code="outside-name-needed", field="outside/name"
                )
            result = {name: made.pop(name) for name in ("content", "codes") if name in made}
            made |= {"outcome": "receive", "results": [result], "outside": [outside]}
        made |= {name: value for name in ("words", "follow_up") if (value := form.get(name).strip())}
        _redraft(session, present, changeset, lambda bodies: [*bodies, made])
        return f"/office/rounds/{changeset}"

    return act_or_save(request, registry, present, editing, save)


OUTSIDE = ("name", "code", "document")


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


def _redraft(session: Session, present: Present, changeset_id: str, change: Any) -> None:
    """The round with other decisions; all else as it is."""
    changeset = rows.find(session, changeset_id)
    require_worked_on(changeset, "增减新增的事项")
    bodies = [decode(row.body) for row in rows.decisions(session, changeset)]
    kept = [{name: part for name, part in body.items() if name != "review"} for body in bodies]
    head = {name: part for name, part in decode(changeset.head.encode()).items() if name != "rows"}
    head["scope"] = {name: part for name, part in head["scope"].items() if name != "frozen"}
    asked = drafting.checked({**head, "kind": "round", "title": changeset.title, "decisions": change(kept)})
    drafts.redraft(session, present.actor, changeset_id, changeset.version, asked, today())


def _new(found: Opened, day: str, asked: Posted) -> Editing:
    require_worked_on(found.changeset, "列入新增的事项")
    editing = fresh(day or found.day or "", asked)
    editing.heading = "列入新增、承接的事项"
    editing.into = "round"
    editing.links = [(f"/office/rounds/{found.changeset.id}", found.changeset.title)]
    return editing
