"""Editing an item: the whole content as a form, beside what stands; what differs becomes decisions of a draft."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection, text
from sqlmodel import Session

from app.auth.actor import Actor
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, kinds, rows
from app.changes.models import Changeset
from app.changes.outcomes import RULES
from app.changes.scope import Scope
from app.changes.showing import require_readable
from app.checks.catalogue import SEVERITIES, Rules
from app.checks.facts import Around
from app.checks.finding import Checked, Finding
from app.db import TOMBSTONE
from app.deps import ReadSession, RegistryOf
from app.errors import Forbidden, Invalid, RegistryError
from app.items.field_words import word_of
from app.items.queries import resolve
from app.listing import Filter, list_subjects
from app.versions.codes import never_known
from app.versions.fold import apply_changes, diff, fold
from app.versions.queries import Standing, known_at, parse_day, state_on, today
from app.versions.recording import load_histories
from app.versions.visibility import is_public
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
SEEING_ALL = frozenset({"edit", "review", "publish"})
"""Any of these rights shows what is not public, in the account's scope: who works on an item must find it."""
UNSAVED = "unsaved."
"""What the stand-in key of a new row begins with while it is checked."""


@router.get("/office/items")
def list_items(
    request: Request,
    session: ReadSession,
    present: Visitor,
    q: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Those in the account's scope; for who drafts, reviews or publishes, internal and redacted ones too."""
    connection = session.connection()
    actor = present.actor
    wanted = Filter(
        on=today(),
        name_contains=q.strip() or None,
        or_coded=q.strip() or None,
        internal=not SEEING_ALL.isdisjoint(actor.rights),
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
    stands: str = ""
    """The hash of the content that stands now."""
    collide: list[str] = field(default_factory=list)
    """Fields that this form and somebody else's publication both changed meanwhile."""
    redacted: bool = False
    """What stands on the day was redacted; ``base`` is what is left of it."""
    changeset: Changeset | None = None
    """The draft that is taken up again; none: a new one is made."""


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
    request: Request,
    session: ReadSession,
    present: Visitor,
    item: Which,
    day: Day = "",
    changeset: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """``changeset``: a draft to take up again, with what it changes in this item already in the form."""
    editing = _open(session.connection(), present.actor, item, day, Posted([]))
    if changeset:
        _take_up(session, present.actor, editing, changeset)
    return _form(request, session.connection(), present, editing)


def _take_up(session: Session, actor: Actor, editing: Editing, changeset: str) -> None:
    editing.changeset = _readable(session, actor, changeset)
    bodies = [decode(row.body) for row in rows.decisions(session, editing.changeset)]
    content = copy.deepcopy(editing.base)
    for body in bodies:
        if body.get("subject") == editing.item and body["outcome"] in drafting.EDITABLE:
            for change in body.get("changes", ()):
                try:
                    apply_changes(content, [change])
                except RegistryError:
                    editing.collide.append(change["path"])
    editing.content = content
    head = decode(editing.changeset.head.encode())
    pairs = [("title", editing.changeset.title), ("reason", head.get("reason", ""))]
    pairs += [(f"document/{name}", str(value)) for name, value in head.get("document", {}).items()]
    editing.asked = Posted(pairs)


@router.post("/office/items/{item}/edit")
def save_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        connection = session.connection()
        editing = _open(connection, present.actor, item, form.get("from"), form)
        opened_on = _opened_on(connection, editing, form)
        if changeset := form.get("changeset"):
            editing.changeset = _readable(session, present.actor, changeset)
    editing.content = forms.document(item_fields(), form, opened_on)
    if opened_on != editing.base:
        editing.content, editing.collide = drafting.merged(opened_on, editing.content, editing.base)
    return _act_or_save(request, registry, present, editing)


def _readable(session: Session, actor: Actor, changeset: str) -> Changeset:
    """Raises NotFound, Forbidden."""
    found = rows.find(session, changeset)
    require_readable(session, actor, found)
    return found


def _opened_on(connection: Connection, editing: Editing, form: Posted) -> dict[str, Any]:
    """What stood when the form was opened: by the hash it carries, of this very item."""
    asked = form.get("stands")
    if not asked or asked == editing.stands:
        return editing.base
    row = connection.execute(
        text(
            "SELECT c.body FROM content c WHERE c.hash = :hash AND EXISTS"
            " (SELECT 1 FROM revision r WHERE r.subject_id = :item AND r.content = c.hash)"
        ),
        {"hash": asked, "item": editing.item},
    ).one_or_none()
    return decode(bytes(row[0])) if row and bytes(row[0]) != TOMBSTONE else editing.base


def _fresh(day: str, asked: Posted) -> Editing:
    base = {"schema": 1}
    return Editing(None, parse_day(day, "施行日期") if day else today(), None, base, base, asked)


def _open(connection: Connection, actor: Actor, item: str, day: str, asked: Posted) -> Editing:
    """Raises NotFound for an item that was never known, or is internal and outside the account's scope."""
    on = parse_day(day, "施行日期") if day else today()
    found, _ = resolve(connection, item, on, internal=True)
    standing = state_on(connection, found, on, known_at(connection, None))
    redacted = standing.body == TOMBSTONE
    base = _left_of(connection, found, on) if redacted else standing.document()
    if not is_public(connection, found) or base.get("visibility") == "internal":
        try:
            Scope(connection, actor).require("item", found, base, on)
        except Forbidden as error:
            raise never_known(item, "item") from error
    if not base:
        raise Invalid(f"这个事项在 {on} 还没有内容，请换一个施行日期。", code="nothing-to-edit")
    stands = standing.content or ""
    return Editing(found, on, standing, base, base, asked, stands=stands, redacted=redacted)


def _left_of(connection: Connection, item: str, day: str) -> dict[str, Any]:
    """What a redacted content is gone on from: what publishing folds."""
    state = fold(load_histories(connection, [item])[item].effects, day) or {}
    return {name: part for name, part in state.items() if name not in ("status", "codes")}


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
    if editing.standing and editing.asked.get("stands") not in ("", editing.stands):
        both = "；两边都改了的有：" + "、".join(map(_words, editing.collide)) if editing.collide else ""
        raise Invalid(
            f"您打开表单之后，这个事项又有变更发布。下面已经是现在的内容加上您的改动{both}，请核对后再保存一次。",
            code="moved",
        )
    content = forms.with_keys(editing.content)
    drafting.put_ids(connection, content, editing.day)
    content = kinds.validate("item", content)
    made = drafting.decisions(editing.item, editing.base, content, editing.day, editing.asked)
    asked = drafting.changeset(editing.asked, content["name"], made)
    if editing.changeset is None or editing.item is None:
        return drafts.draft(session, present.actor, asked, today())
    bodies = [decode(row.body) for row in rows.decisions(session, editing.changeset)]
    head = decode(editing.changeset.head.encode()) | asked.model_dump(
        include={"reason", "document"}, exclude_none=True
    )
    again = drafting.redrafted(
        bodies, editing.item, made, head | {"kind": editing.changeset.kind}, asked.title
    )
    version = editing.asked.get("version")
    return drafts.redraft(
        session,
        present.actor,
        editing.changeset.id,
        int(version) if version.isascii() and version.isdigit() else -1,
        again,
        today(),
    )


def _words(path: str) -> str:
    return word_of(path.split("/")[0])


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
        wrong=_wrong(content, error.detail.get("errors", [])) if error else {},
        editing=editing,
        sections=item_sections(),
        content=gaps(content),
        base=gaps(editing.base),
        changed={change["path"].split("/")[0] for change in diff(editing.base, content)}
        if editing.item
        else set(),
        names=names(connection, ids, editing.day),
        form=editing.asked,
        found=_checked(connection, editing, request.app.state.registry.rules),
        severities=SEVERITIES,
    )


def _checked(connection: Connection, editing: Editing, rules: Rules) -> list[Finding]:
    """What the checks find in the form as it is filled in; nothing yet in an empty one."""
    content = drafting.readable(forms.with_keys(editing.content, lambda key: f"{UNSAVED}{key[1:]}"))
    if content is None:
        return []
    with suppress(RegistryError):  # a name that finds nothing is told when it is saved
        drafting.put_ids(connection, content, editing.day)
    around = Around(connection, editing.day, whole=False)
    found = rules.find(Checked(content, editing.day, around.fact))
    found = [replace(one, path=one.path.replace(UNSAVED, forms.NEW)) for one in found]
    return sorted(found, key=lambda one: list(SEVERITIES).index(one.severity))


def _wrong(content: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, str]:
    """What is wrong by the form's field: ``materials/0/name`` is the row of the first material's key."""
    found = {}
    for one in errors:
        here: Any = content
        steps = []
        for part in one["field"].split("/"):
            if isinstance(here, list) and part.isdigit() and int(part) < len(here):
                here = here[int(part)]
                steps.append(here["key"] if isinstance(here, dict) else part)
            else:
                here = here.get(part) if isinstance(here, dict) else None
                steps.append(part)
        found["/".join(steps)] = one["reason"]
    return found


# --- ending, suspending, resuming -------------------------------------------------------------------------

ENDING = ("cancel", "suspend", "resume")


@router.get("/office/items/{item}/end")
def end_page(
    request: Request, session: ReadSession, present: Visitor, item: Which, day: Day = ""
) -> Response:
    connection = session.connection()
    return _ending(request, connection, present, _open(connection, present.actor, item, day, Posted([])))


@router.post("/office/items/{item}/end")
def end_item(request: Request, registry: RegistryOf, present: Visitor, item: Which, form: Form) -> Response:
    with registry.database.reading() as session:
        editing = _open(session.connection(), present.actor, item, form.get("from"), form)
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
