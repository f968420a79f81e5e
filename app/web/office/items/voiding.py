"""Taking a decision about an item out of the registry: which ones stand, and the draft that takes one out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from app.auth.actor import Actor
from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.models import ChangesetInput
from app.changes.outcomes import RULES
from app.changes.voiding import is_voided
from app.changes.warnings import withdraws_without_paper
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, NotFound, RegistryError
from app.items.queries import resolve
from app.versions.codes import never_known
from app.versions.queries import today
from app.versions.visibility import is_public
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import drafting, keeping
from app.web.office.items.editing import Which
from app.web.office.items.standing_decisions import LAST, Beside, Decided, beside, may_touch, newest, of_act

router = APIRouter()
Act = Annotated[int, Path(ge=1, le=LAST)]
SHOWN = 20
"""Decisions of one page."""


@router.get("/office/items/{item}/void")
def list_decisions(
    request: Request,
    session: ReadSession,
    present: Visitor,
    item: Which,
    after: Annotated[int, Query(ge=1, le=LAST)] = LAST,
) -> Response:
    """``after``: the last act of the page before."""
    connection = session.connection()
    found, _ = resolve(connection, item, today(), internal=True)
    acts = newest(connection, found, after, SHOWN + 1)
    shown = may_touch(connection, present.actor, found, acts[:SHOWN])
    if not shown and not is_public(connection, found):
        raise never_known(item, "item")
    return show(
        request,
        connection,
        present,
        "items/decisions.html",
        item=found,
        name=shown[0].own.name if shown else "",
        decisions=shown,
        next=acts[SHOWN - 1] if len(acts) > SHOWN else None,
        first=after == LAST,
    )


@router.get("/office/items/{item}/void/{act}")
def void_page(request: Request, session: ReadSession, present: Visitor, item: Which, act: Act) -> Response:
    connection = session.connection()
    one = _found(connection, present.actor, item, act)
    form, kept_at = keeping.found_again(session, present, _place(one))
    return _page(request, connection, present, one, form, kept_at=kept_at)


@router.post("/office/items/{item}/void/{act}")
def void_decision(
    request: Request, registry: RegistryOf, present: Visitor, item: Which, act: Act, form: Form
) -> Response:
    with registry.database.reading() as session:
        one = _found(session.connection(), present.actor, item, act)
    if kept := keeping.kept_aside(request, registry, present, form, _place(one)):
        return kept
    try:
        with registry.database.writing() as session:
            asked = _asked(one, _together(session.connection(), present.actor, one, form), form)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, _place(one))
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session.connection(), present, one, form, error=error)
    return go(f"/office/changesets/{made.id}")


def _together(connection: Connection, actor: Actor, one: Decided, form: Posted) -> list[int]:
    """The acts that the form ticks beside this one; ``whole``: all of the same changeset. Raises Invalid for one that
    is not offered."""
    others = beside(connection, actor, one.own.subject, one.act)
    offered = {other.one.act for other in others}
    whole = [str(other.one.act) for other in others if other.why == "changeset"]
    ticked = list(dict.fromkeys([*form.all("also"), *(whole if form.get("whole") == "1" else ())]))
    for text in ticked:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) in offered):
            raise Invalid(
                "勾选的决定里有的已经撤除，或者不能从这里一并撤除；请重新打开这一页。",
                code="unknown-act",
                field="also",
            )
    return [int(text) for text in ticked]


def _asked(one: Decided, together: list[int], form: Posted) -> ChangesetInput:
    """The draft. Raises Invalid, also without the document that a plan is given up by: no form adds it later."""
    bodies = [_body(act, form) for act in (one.act, *together)]
    title = _title(one) if not together else f"撤除 {len(bodies)} 项处理决定：{one.own.name}"
    asked = drafting.changeset(form, title, bodies)
    if withdraws_without_paper(asked.model_dump(exclude_none=True), bodies[0]):
        raise Invalid(
            "以撤销或推迟为由撤除，须写明是哪份文件这样定的：请填写依据的文件的文号或标题；是录错的，请选误录。",
            code="document-needed",
            field="document",
        )
    return asked


def _body(act: int, form: Posted) -> dict[str, Any]:
    """Raises Invalid without a ground; the rules ask for the reason."""
    if form.get("ground") not in ("error", "withdrawn"):
        raise Invalid("请选择误录，或者撤销、推迟。", code="void-incomplete", field="ground")
    body = {"kind": "item", "outcome": "void", "act": act, "ground": form.get("ground")}
    return body | ({"reason": reason} if (reason := form.get("reason").strip()) else {})


def _found(connection: Connection, actor: Actor, item: str, act: int) -> Decided:
    """Raises NotFound, Forbidden where it is public and not the account's."""
    subject, _ = resolve(connection, item, today(), internal=True)
    found = of_act(connection, actor, subject, act)
    if found is None:
        raise NotFound(f"这个事项没有序号为 {act} 的处理决定。", code="unknown-act")
    return found


def _title(one: Decided) -> str:
    return f"撤除“{RULES['item'][one.own.outcome].label}”：{one.own.name}"


def _place(one: Decided) -> keeping.Place:
    return keeping.Place(f"/office/items/{one.own.subject}/void/{one.act}", _title(one), one.own.subject)


def _page(
    request: Request,
    connection: Connection,
    present: Present,
    one: Decided,
    form: Posted,
    *,
    kept_at: str = "",
    error: RegistryError | None = None,
) -> Response:
    others = beside(connection, present.actor, one.own.subject, one.act)
    return show(
        request,
        connection,
        present,
        "items/void.html",
        error=error,
        one=one,
        title=_title(one),
        planned=one.first_day > today(),
        voided=is_voided(connection, one.act),
        beside=others,
        shown=SHOWN,
        ticked=_ticked(form, others, fresh=not kept_at and error is None),
        form=form,
        kept_at=kept_at,
        script="form.js",
    )


def _ticked(form: Posted, others: list[Beside], *, fresh: bool) -> set[str]:
    """In a fresh form, what has to go too."""
    if fresh:
        return {str(other.one.act) for other in others if other.why == "rests"}
    return set(form.all("also"))
