"""The whole content of an item as a form: opened on what stands, read back, checked, shown with what is wrong.

What saving it makes differs: a draft of its own, a proposal in a round, an acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection, text
from sqlmodel import Session

from app import files
from app.auth.actor import Actor
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import kinds
from app.changes.models import Changeset
from app.changes.scope import Scope
from app.checks.catalogue import SEVERITIES, Rules
from app.checks.facts import Around
from app.checks.finding import Checked, Finding
from app.db import TOMBSTONE
from app.deps import Registry
from app.errors import Forbidden, Invalid, RegistryError
from app.items.field_words import word_of
from app.items.queries import resolve
from app.versions.codes import never_known
from app.versions.fold import diff, fold
from app.versions.histories import load_histories
from app.versions.queries import Standing, known_at, parse_day, state_on, today
from app.versions.visibility import is_public
from app.web.office import citing, drafting, forms
from app.web.office.fields import item_fields, item_sections
from app.web.office.pages import show
from app.web.office.visiting import Posted, go, typed_day
from app.web.rendering import gaps
from app.web.subjects import names

UNSAVED = "unsaved."
"""What the stand-in key of a new row begins with while it is checked."""


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
    heading: str = ""
    """What the page is called, where it is neither a new item nor a change of one."""
    into: str = ""
    """What it is saved as, where not as a draft of its own: ``proposal``, ``new proposal``, ``round``,
    ``acceptance``."""
    place: str = ""
    """Where the form is kept as it is typed; empty: it is not."""
    kept_at: str = ""
    """When what is shown was kept, where it was not saved then; empty: it is what stands."""
    told: list[str] = field(default_factory=list)
    """What the others have done meanwhile, or are about to."""
    settled: bool = False
    """The office has reviewed what is proposed; proposing again takes that back."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """Where it belongs: (address, words)."""


def fresh(day: str, asked: Posted) -> Editing:
    base = {"schema": 1}
    return Editing(None, parse_day(typed_day(day), "施行日期") if day else today(), None, base, base, asked)


def opened(connection: Connection, actor: Actor, item: str, day: str, asked: Posted) -> Editing:
    """Raises NotFound for an item that was never known, or is internal and outside the account's scope."""
    on = parse_day(typed_day(day), "施行日期") if day else today()
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


def fill(connection: Connection, editing: Editing, form: Posted) -> None:
    """What the form says becomes the content, in place; what was published meanwhile is joined with it."""
    opened_on = _opened_on(connection, editing, form)
    editing.content = forms.document(item_fields(), form, opened_on)
    if opened_on != editing.base:
        editing.content, editing.collide = drafting.merged(opened_on, editing.content, editing.base)


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


def sound_content(connection: Connection, editing: Editing) -> dict[str, Any]:
    """The content as it can be kept: elements with keys, ids in the place of names. Raises Invalid, also where the
    item has moved since the form was opened."""
    if editing.standing and editing.asked.get("stands") not in ("", editing.stands):
        both = "；两边都改了的有：" + "、".join(map(_words, editing.collide)) if editing.collide else ""
        raise Invalid(
            f"您打开表单之后，这个事项又有变更发布。下面已经是现在的内容加上您的改动{both}，请核对后再保存一次。",
            code="moved",
        )
    content = forms.with_keys(editing.content)
    drafting.put_ids(connection, content, editing.day)
    content = kinds.validate("item", content)
    _require_files(connection, editing, content)
    return content


def _require_files(connection: Connection, editing: Editing, content: dict[str, Any]) -> None:
    """What the form names anew is stored. Raises Invalid, with the places."""
    stood = set(drafting.files_in(editing.base).values())
    named = {place: one for place, one in drafting.files_in(content).items() if one not in stood}
    held = files.names_of(connection, named.values())
    gone = files.redacted(connection) if named else set()
    said = "没有这份附件，请先上传，再填它的指纹"
    if wrong := [
        {"field": place, "reason": said} for place, one in named.items() if one not in held or one in gone
    ]:
        raise Invalid(f"{said}。", code="unknown-file", errors=wrong)


def _words(path: str) -> str:
    return word_of(path.split("/")[0])


def act_or_save(
    request: Request,
    registry: Registry,
    present: Present,
    editing: Editing,
    save: Callable[[Session, Present, Editing], str],
    more: dict[str, Any] | None = None,
) -> Response:
    """A button that changes the form shows it anew; ``save`` keeps it and says where to go, or what is wrong."""
    from app.web.office import form_keeping  # which reads what is edited from here

    act = editing.asked.get("do")
    if editing.place and act == "drop":
        with registry.database.writing() as session:
            form_keeping.drop(session, present, editing)
        return go(editing.place)
    if editing.place and act == "keep" and form_keeping.is_script(request):
        return form_keeping.answer(request, registry, present, editing)
    if editing.place and act:
        with registry.database.writing() as session:
            form_keeping.keep(session, present, editing)
            editing.told = form_keeping.told(session, present, editing)
    if act and act != "save":
        editing.content = forms.acted(editing.content, tuple(item_fields()), act)
        with registry.database.reading() as session:
            return item_form(request, session.connection(), present, editing, more=more)
    try:
        with registry.database.writing() as session:
            address = save(session, present, editing)
            if editing.place:
                form_keeping.drop(session, present, editing)
    except RegistryError as error:
        with registry.database.reading() as session:
            return item_form(request, session.connection(), present, editing, error=error, more=more)
    return go(address)


def item_form(
    request: Request,
    connection: Connection,
    present: Present,
    editing: Editing,
    *,
    error: RegistryError | None = None,
    more: dict[str, Any] | None = None,
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
        wrong=wrong_places(content, error.detail.get("errors", [])) if error else {},
        editing=editing,
        sections=item_sections(),
        content=gaps(content),
        base=gaps(editing.base),
        changed={change["path"].split("/")[0] for change in diff(editing.base, content)}
        if editing.item
        else set(),
        names=names(connection, ids, editing.day)
        | files.names_of(connection, drafting.files_in(content).values()),
        cited=citing.texts(connection, content.get("citations") or (), editing.day),
        focus=forms.focus(content, tuple(item_fields()), editing.asked.get("do")),
        form=editing.asked,
        found=_checked(connection, editing, request.app.state.registry.rules),
        severities=SEVERITIES,
        script="form.js" if editing.place else "",
        **(more or {}),
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


def wrong_places(content: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, str]:
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
