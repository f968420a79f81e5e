"""The desk of a round held here: how far each authority has come; each item with what is proposed and decided."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.models import STATE_LABELS, Changeset
from app.changes.moves import DRAFTED, may_move
from app.changes.reviews import OPINIONS, new_places
from app.deps import ReadSession, RegistryOf
from app.errors import RegistryError
from app.exchange.worksheet_cells import ADDED, LABELS, PENDING
from app.rounds.worksheets import Line, Worksheets, progress, told, with_contents, within, worksheets
from app.versions.queries import moment, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Posted, Visitor, go, keep_refusal
from app.web.office.forms.working import one_of, posted_again, under_way
from app.web.office.publishing.changesets import EVENTS
from app.web.office.rounds import desk_keeping
from app.web.office.rounds.desk_keeping import Prefix
from app.web.office.rounds.filtering import CHECKS, STATES, Asking, Wanted, label_of
from app.web.office.rounds.opening import Which
from app.web.office.rounds.words import changes_in_words
from app.web.rendering import gaps
from app.web.subjects import names as names_on

router = APIRouter()
PAGE = 100
OFFERED = (
    "保留", "取消", PENDING, "暂停", "调整", "下放", "调整实施机关", "部分取消、部分下放", "委托",
    "转变管理方式", "恢复",
)  # fmt: skip
"""What many rows may be given at once, what needs nothing more first; 合并 and 拆分 are said on an item's own page."""
KEYS = "123456789abcdefghi"
"""One key for each: 0 clears a row, j and k move."""


@router.get("/office/rounds/{changeset}")
def show_round(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    asking: Asking,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    done: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """``done``: how many items the last click was about."""
    found = rows.find(session, changeset)
    moving = registry.works.told_once(one_of(present, f"/office/rounds/{changeset}"))
    if moving is not None and not moving.is_done:
        what = "发布" if found.state == "approved" else "保存、提交"
        return under_way(request, session, present, f"{what}：{found.title}", "/office/rounds", moving)
    refused = moving.refusal if moving is not None else None
    if refused is not None and moving is not None and moving.asked is not None:
        asked, pairs = moving.asked
        form = posted_again(pairs)
        return refused_desk(request, session, present, found, refused, Wanted(**asked), form)
    if found.kind == "round" and found.state == "published":
        return go(f"/office/rounds/{changeset}/report")
    if is_recorded(found) and found.state != "withdrawn":
        return go(f"/office/rounds/{changeset}/rows")
    if not is_held_here(found) or found.state == "withdrawn":
        return go(f"/office/changesets/{changeset}")
    return desk(
        request, session, present, found, asking, page, done=done, said=refused.message if refused else ""
    )


def is_held_here(changeset: Changeset) -> bool:
    """Whether it is a round with a frozen scope, which has a desk."""
    scope = decode(changeset.head.encode()).get("scope") or {}
    return changeset.kind == "round" and "frozen" in scope


def is_recorded(changeset: Changeset) -> bool:
    """Whether it is a round recorded from a document, which has rows instead of a desk."""
    return changeset.kind == "round" and "stated" in decode(changeset.head.encode())


def lines_for(session: Session, present: Present, found: Worksheets) -> list[Line]:
    """The lines that a visitor has to do with. Raises Forbidden where there are none."""
    own = within(session.connection(), present.actor, found)
    return [line for some in own.lines.values() for line in some]


def desk(
    request: Request,
    session: Session,
    present: Present,
    changeset: Changeset,
    asking: Wanted,
    page: int = 1,
    *,
    done: int = 0,
    said: str = "",
    status: int = 200,
    wrong: Mapping[str, str] | None = None,
    form: Posted | None = None,
) -> Response:
    """``wrong``: what is wrong by item; ``form``: what was posted, so that nothing has to be chosen again."""
    found = within(
        session.connection(), present.actor, worksheets(session, changeset.id, today(), brief=True)
    )
    every = [line for some in found.lines.values() for line in some]
    listed = [line for line in every if asking.holds(line)]
    shown = with_contents(session.connection(), listed[(page - 1) * PAGE : page * PAGE], found.day)
    counted, allowed = progress(found), may(session, present, changeset)
    fresh = new_items(session, changeset, {line.item for line in every if line.new})
    both = allowed["propose"] and allowed["opine"]
    if both and asking.role == "review":
        allowed["propose"] = False
    prefix: Prefix = "o:" if allowed["propose"] else "v:"
    kept, kept_at = desk_keeping.found_again(session, present, changeset.id, prefix)
    overtaken = desk_keeping.overtaken(kept, prefix, every)
    kept = desk_keeping.without(kept, prefix, overtaken)
    beside = desk_keeping.chosen_in(kept, prefix)
    here = {line.item for line in shown}
    if form is None:
        form = kept if "day" in kept else Posted([*kept.pairs, ("day", found.opened.day or "")])
    else:
        kept_at = ""
    return show(
        request,
        session.connection(),
        present,
        "rounds/desk.html",
        status=status,
        said=said,
        wrong=[(line, wrong[line.item]) for line in every if wrong and line.item in wrong],
        done=done,
        changeset=changeset,
        label=STATE_LABELS[changeset.state],
        head=gaps(decode(changeset.head.encode())),
        progress=counted,
        left=sum(line.is_wanting for line in every),
        states=STATES,
        checks=CHECKS,
        offered=OFFERED,
        keys=KEYS,
        pending=PENDING,
        labels=[*LABELS, *ADDED],
        opinions=OPINIONS,
        authorities=counted["authorities"],
        types=sorted({line.type for line in every}),
        asking=asking,
        lines=[
            {**gaps(row), "label": label_of(line), "wrong": (wrong or {}).get(line.item, "")}
            for row, line in zip(told(session, shown), shown, strict=True)
        ],
        matching=len(listed),
        open_matching=sum(asking.takes(line) for line in listed),
        newest=max((line.proposal.moved_at for line in every if line.proposal), default=0),
        proposed_matching=sum(line.state == "proposed" for line in listed),
        page=page,
        pages=max(1, -(-len(listed) // PAGE)),
        names=found.names,
        may=allowed,
        asks_why=drafts.asks_why(session, present.actor, changeset),
        both=both,
        hash=drafts.hash_of(changeset, rows.decisions(session, changeset))
        if changeset.state == "submitted"
        else "",
        form=form,
        kept_at=kept_at,
        elsewhere=[
            (line, OPINIONS.get(beside[line.item], beside[line.item]))
            for line in every
            if line.item in beside and line.item not in here and line.state != "reviewed"
        ],
        overtaken=[
            (line, OPINIONS.get(overtaken[line.item], overtaken[line.item]))
            for line in every
            if line.item in overtaken and not form.get(prefix + line.item)
            if line.state == "proposed" or (prefix == "o:" and line.state != "reviewed")
        ],
        fresh=fresh,
        named=names_on(
            session.connection(), [*ids_of(shown), *(one["authority"] for one in fresh)], found.day
        ),
        called={line.item: line.name for line in shown} | _called(session, shown, found.day),
        changes_in_words=changes_in_words,
        own_hand=_own_hand(session, present, changeset),
        events=_events(session, changeset),
        script="round.js form.js",
    )


def refused_desk(
    request: Request,
    session: Session,
    present: Present,
    changeset: Changeset,
    error: RegistryError,
    asking: Wanted,
    form: Posted,
) -> Response:
    """What was posted and refused, as it was; the refusal of one item stands by its row."""
    wrong: dict[str, str] = error.detail.get("wrong", {}) if error.code == "bad-row" else {}
    if wrong:
        said = f"有 {len(wrong)} 项不能这样处理，一项也没有保存："
    else:  # of what was broken off nobody knows whether it was saved
        said = error.message if error.code == "broken-off" else f"没有保存。{error.message}"
    keep_refusal(request, error)
    more = {"said": said, "status": error.status, "wrong": wrong}
    return desk_again(request, session, present, changeset, asking, form, **more)


def desk_again(
    request: Request,
    session: Session,
    present: Present,
    changeset: Changeset,
    asking: Wanted,
    form: Posted,
    **more: Any,
) -> Response:
    """The page of the list that a form was posted from, with what was chosen there; ``more`` as of ``desk``."""
    page = form.get("page")
    at = int(page) if re.fullmatch(r"[1-9]\d{0,3}", page) else 1
    return desk(request, session, present, changeset, asking, at, form=form, **more)


def _called(session: Session, lines: Sequence[Line], day: str) -> dict[str, str]:
    """Names of the items that lines are filed under."""
    filed = {line.filed_under for line in lines if line.filed_under not in (None, line.item)}
    return names_on(session.connection(), sorted(one for one in filed if one), day)


def new_items(session: Session, changeset: Changeset, listed: Container[str]) -> list[dict[str, Any]]:
    """What the office itself put into the draft as 新增, and 承接 from elsewhere; what was proposed is ``listed``."""
    found = []
    for row in rows.decisions(session, changeset):
        body = decode(row.body)
        for place in new_places(body):
            if place["subject"] in listed:
                continue
            told = {"outcome": body["outcome"], "effective_from": body["effective_from"]}
            told |= {"item": place["subject"], "name": place["content"].get("name")}
            told |= {"authority": place["content"].get("authority")}
            found.append(told | {"outside": "、".join(one["name"] for one in body.get("outside", ()))})
    return found


def ids_of(lines: Sequence[Line]) -> list[str]:
    """What the changes, origins and results proposed and decided may name."""
    bodies = [
        body
        for line in lines
        for body in (
            *(one.get("proposed", one) for one in (line.proposal.earlier if line.proposal else ())),
            (line.proposal and line.proposal.body) or {},
            line.final or {},
        )
    ]
    named: list[Any] = [one.get("value") for body in bodies for one in body.get("changes", ())]
    for place in (one for body in bodies for part in ("origins", "results") for one in body.get(part, ())):
        named += [place.get("subject"), place.get("content", {}).get("authority")]
    named += [one.get("owner") for body in bodies for one in body.get("duties", ())]
    named += [
        one.get(to) for body in bodies for one in body.get("receivers", ()) for to in ("authority", "region")
    ]
    return [one for one in named if isinstance(one, str)]


def may(session: Session, present: Present, changeset: Changeset) -> dict[str, bool]:
    """What to offer; whoever asks for more is refused by the use case itself."""
    worked_on = changeset.state in DRAFTED
    whole = drafts.is_in_scope(session, present.actor, changeset)
    second = present.actor.account not in rows.hands_in(session, changeset)

    def can(name: str) -> bool:
        return may_move(present.actor, changeset, name)

    return {
        "propose": "edit" in present.actor.rights and worked_on,
        "opine": "review" in present.actor.rights and worked_on,
        "redraft": can("redraft") and whole,
        "submit": can("submit") and whole,
        "take_back": can("take-back") and whole and not second,
        "approve": can("approve") and second,
        "return": can("return"),
        "publish": can("publish"),
        "withdraw": can("withdraw") and whole and drafts.may_withdraw(session, present.actor, changeset),
    }


def _own_hand(session: Session, present: Present, changeset: Changeset) -> str:
    """Why this person, who may review, does not approve this round; empty where nothing keeps them from it."""
    own = present.actor.account
    if "review" not in present.actor.rights or changeset.state not in ("draft", "returned", "submitted"):
        return ""
    bodies = [decode(row.body) for row in rows.decisions(session, changeset)]
    opinions = [(body.get("review") or {}).get("opinion") or {} for body in bodies]
    changed = sum(one.get("opinion") == "change" and one.get("account") == own for one in opinions)
    if changed:
        return f"您修改过其中 {changed} 项，须由另一人批准。"
    if changeset.state == "submitted" and own in rows.hands_in(session, changeset):
        return "您参与起草或提交了这一轮，须由另一人批准。"
    return ""


def _events(session: Session, changeset: Changeset) -> list[dict[str, Any]]:
    events = rows.events(session, changeset)
    people = names_of_accounts(session, {event.account for event in events})
    return [
        {
            "at": moment(event.at),
            "who": people.get(event.account or 0, "命令行"),
            "what": EVENTS.get(event.event, event.event),
            "note": "" if event.event == "approved" else event.note or "",
        }
        for event in reversed(events)
    ]
