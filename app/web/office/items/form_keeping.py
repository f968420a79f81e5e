"""An item's form is kept as it is typed, on each day by itself; who fills it in is told of what others did."""

from __future__ import annotations

from fastapi import Request, Response
from sqlmodel import Session

from app import unsaved
from app.auth.accounts import names_of_accounts
from app.auth.signing_in import Present
from app.changes import rows
from app.deps import Registry
from app.exchange.days import instant
from app.items.field_words import word_of
from app.versions.fold import diff
from app.versions.queries import moment, parse_day
from app.web.office.doors.visiting import Posted
from app.web.office.forms import drafting, filled
from app.web.office.forms.fields import item_fields
from app.web.office.forms.keeping import NOT_KEPT, as_json, kept_form
from app.web.office.items.in_hand import Editing, drafted, said_in_draft


def keep(session: Session, present: Present, editing: Editing) -> None:
    """Keep what was posted, in the place of what was kept before of the same day."""
    pairs = [(name, value) for name, value in editing.asked.pairs if name not in NOT_KEPT]
    title = str(editing.content.get("name") or editing.base.get("name") or "新增事项")
    if editing.into == "acceptance":  # called as the item above is, which may stand on the same desk
        title = f"承接：{title}"
    account, place = present.actor.account or 0, place_on_day(session, present, editing)
    if place != editing.place:
        title = f"{title}（自 {editing.day}）"
    unsaved.keep(session, account, place, pairs, subject=editing.item, title=title)


def drop(session: Session, present: Present, editing: Editing) -> str:
    """Where it was kept."""
    place = place_on_day(session, present, editing)
    unsaved.drop(session, present.actor.account or 0, place)
    return place


def place_on_day(session: Session, present: Present, editing: Editing) -> str:
    """Where the form of this day is kept: at its own address, unless that of another day is kept there; then beside
    it, with the day in the address."""
    account = present.actor.account or 0
    dated = f"{editing.place}{'&' if '?' in editing.place else '?'}from={editing.day}"
    if unsaved.kept(session, account, dated):
        return dated
    other = kept_form(session, present, editing.place)
    return editing.place if other is None or other[0].get("from") == editing.day else dated


def kept_on(session: Session, present: Present, editing: Editing, day: str) -> tuple[Posted, str] | None:
    """What this person typed here and did not save; of the ``day``, where one is asked for."""
    kept = kept_form(session, present, editing.place)
    if kept and day and kept[0].get("from") != editing.day:
        editing.told.append(
            f"您 {kept[1]} 为 {kept[0].get('from')} 填的内容还没有保存；不带日期打开这一页就能接着填。"
        )
    elif kept:
        return kept
    return kept_form(session, present, place_on_day(session, present, editing))


def take_up_kept(session: Session, present: Present, editing: Editing, day: str) -> None:
    """The form of what is new as it was typed and not saved, where it was; in place. ``day``: as ``kept_on``."""
    if kept := kept_on(session, present, editing, day):
        editing.asked, editing.kept_at = kept
        editing.day = parse_day(kept[0].get("from"), "施行日期")
        editing.content = filled.document(item_fields(), editing.asked, editing.base)


def told(session: Session, present: Present, editing: Editing) -> list[str]:
    """What somebody who fills in the form should know of the others: who is at it too, what was published or saved
    since it was opened."""
    said: list[str] = []
    stands = editing.asked.get("stands")
    if editing.standing and stands and stands != editing.stands:
        said.append("您打开表单之后，这个事项又有变更发布；保存时会把两边的改动合在一起，请您核对。")
    version = editing.asked.get("version")
    if editing.changeset is not None and version and version != str(editing.changeset.version):
        said.append("您打开表单之后，这份草稿已被另一人保存过；保存时会列出不同之处。")
    if editing.item and present.actor.account is not None:
        others = [*unsaved.others_at_work(session, editing.item, present.actor.account)]
        names = names_of_accounts(session, {one for one, _ in others})
        said += [
            f"{names.get(one, '另一人')}也在填写这个事项（{instant(moment(at))}）。" for one, at in others[:3]
        ]
    return said


def answer(request: Request, registry: Registry, present: Present, editing: Editing) -> Response:
    """To our script: when it was kept, and what it should tell."""
    with registry.database.writing() as session:
        keep(session, present, editing)
        place = place_on_day(session, present, editing)
        found = unsaved.kept(session, present.actor.account or 0, place)
        at = instant(moment(found.saved_at)) if found else ""
        said = told(session, present, editing)
    return as_json(f"{at} 已暂存。", said)


def other_draft(session: Session, editing: Editing) -> str:
    """Where the draft that another has saved meanwhile differs from the form, in words; the form is then of the
    version that stands, so that saving again is a choice."""
    if editing.changeset is None:
        return ""
    editing.changeset = rows.find(session, editing.changeset.id)
    pairs = [(name, value) for name, value in editing.asked.pairs if name != "version"]
    editing.asked = Posted([*pairs, ("version", str(editing.changeset.version))])
    theirs, _ = drafted(session, editing)
    places = dict.fromkeys(word_of(one["path"].split("/")[0]) for one in diff(theirs, editing.content))
    for name, value in said_in_draft(session, editing):
        if value != editing.asked.get(name).strip():
            in_head = name in drafting.PLACES
            places[drafting.PLACES[name if in_head else f"decisions/{name}"]] = None
    return "、".join(places)
