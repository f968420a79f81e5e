"""An item in the hands of an editor: what stands on the day, what the form says, and what of it can be kept."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from app import files
from app.auth.actor import Actor
from app.canonical import decode
from app.changes import kinds, rows
from app.changes.models import Changeset
from app.changes.scope import Scope
from app.db import TOMBSTONE
from app.errors import Forbidden, Invalid, RegistryError
from app.items.field_words import word_of
from app.items.queries import resolve
from app.versions.codes import never_known
from app.versions.fold import apply_changes, fold
from app.versions.histories import load_histories
from app.versions.queries import Standing, known_at, parse_day, state_on, today
from app.versions.visibility import is_public
from app.web.office.doors.visiting import Posted, typed_day
from app.web.office.forms import drafting, filled, rejoining, taking_up
from app.web.office.forms.fields import item_fields


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
    read: str | None = None
    """The hash of what is proposed already, as the form shows it; empty: nothing is. None: it is no proposal's form."""
    fulfils: list[dict[str, Any]] = field(default_factory=list)
    """Duties that the decision does, as ``owing.named_in`` tells them."""
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
    editing.content = filled.document(item_fields(), form, opened_on)
    if opened_on != editing.base:
        editing.content, editing.collide = drafting.merged(opened_on, editing.content, editing.base)


def _opened_on(connection: Connection, editing: Editing, form: Posted) -> dict[str, Any]:
    """What stood when the form was opened: by the hash it carries, of this very item."""
    asked = form.get("stands")
    if not asked or asked == editing.stands:
        return editing.base
    stood = rejoining.opened_on(connection, editing.item, asked)
    return editing.base if stood is None else stood


def drafted(session: Session, editing: Editing) -> tuple[dict[str, Any], list[str]]:
    """The item's content with what the draft that is taken up changes in it, and the fields in which a change no longer
    finds its place."""
    assert editing.changeset is not None
    bodies = [decode(row.body) for row in rows.decisions(session, editing.changeset)]
    content, lost = copy.deepcopy(editing.base), []
    for change in (
        one for body in drafting.made_by_form(bodies, editing.item) for one in body.get("changes", ())
    ):
        try:
            apply_changes(content, [change])
        except RegistryError:
            lost.append(change["path"])
    return content, lost


def said_in_draft(session: Session, editing: Editing) -> list[tuple[str, str]]:
    """What the draft that is taken up says beside the content, as the form's fields."""
    assert editing.changeset is not None
    bodies = [decode(row.body) for row in rows.decisions(session, editing.changeset)]
    own = drafting.made_by_form(bodies, editing.item)
    return taking_up.as_posted(editing.changeset.title, decode(editing.changeset.head.encode()), own)


def sound_content(connection: Connection, editing: Editing) -> dict[str, Any]:
    """The content as it can be kept: elements with keys, ids in the place of names. Raises Invalid, also where the
    item has moved since the form was opened."""
    if editing.standing and editing.asked.get("stands") not in ("", editing.stands):
        both = "；两边都改了的有：" + "、".join(map(_words, editing.collide)) if editing.collide else ""
        raise Invalid(
            f"您打开表单之后，这个事项又有变更发布。下面已经是现在的内容加上您的改动{both}，请核对后再保存一次。",
            code="moved",
        )
    content = filled.with_keys(editing.content)
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
