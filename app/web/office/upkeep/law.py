"""Law changes: an amendment or repeal entered, what rests on it, and that turned into a changeset in one step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.everywhere import cite_instead, renumbered
from app.changes.models import ChangesetInput
from app.checks import law_changes
from app.checks.resting import Resting, resting, titles_of
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.listing import Filter, list_subjects
from app.versions.queries import known_at, parse_day, state_on, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go, typed_day
from app.web.office.forms import drafting, keeping, rejoining
from app.web.office.forms.working import once, one_of, posted_again, under_way
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
Law = Annotated[str, Path(max_length=40)]
Act = Annotated[str, Path(max_length=20)]
Turned = Annotated[int | None, Query(ge=1, le=100_000)]
FOUND = 30
ROWS = 500
"""Of what rests on an instrument, on a page."""
FIELDS = {
    "title": "全称",
    "number": "文号",
    "issuer": "制定机关",
    "published_on": "发布日期",
    "effective_on": "施行日期",
    "version": "版本",
    "note": "说明",
}
"""What an amendment may say anew of the instrument itself."""
WAYS = {
    "replace": "改引另一文件",
    "renumber": "条款改号",
    "remove": "删去这条依据",
    "cancel": "取消事项",
}


@router.get("/office/law")
def list_law(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    connection, day = session.connection(), today()
    changes = waiting(registry, connection, present)
    title = q.replace("\0", "").strip().strip("《》")
    wanted = Filter(on=day, kind="instrument", name_contains=title)
    return show(
        request,
        connection,
        present,
        "upkeep/law.html",
        changes=changes,
        names=names(connection, [one["instrument"] for one in changes], day),
        q=q,
        found=list_subjects(connection, wanted, None, FOUND).rows if title else None,
    )


def waiting(registry: Registry, connection: Connection, present: Present) -> list[dict[str, Any]]:
    """The law changes with what waits of the visitor's; what rests on them is worked out once for each state of the
    registry."""
    day = today()
    rests = registry.intervals.once(
        connection, b"law-changes", lambda: law_changes.resting_on_changes(connection, day)
    )
    return law_changes.law_changes(connection, present.actor, day, rests)


@router.get("/office/law/{law}")
def show_law(
    request: Request,
    session: ReadSession,
    present: Visitor,
    law: Law,
    day: Annotated[str, Query(alias="from", max_length=20)] = "",
    page: Turned = None,
) -> Response:
    on = parse_day(typed_day(day), "施行日期") if day else today()
    form, kept_at = keeping.found_again(session, present, _place(law, on))
    form, told = _rejoined(session.connection(), law, on, form)
    return _law(request, session.connection(), present, law, on, form, kept_at=kept_at, told=told, page=page)


def _place(law: str, on: str, title: str = "") -> keeping.Place:
    return keeping.Place(f"/office/law/{law}?from={on}", f"修改或废止《{title}》", law)


@router.post("/office/law/{law}")
def change_law(request: Request, registry: RegistryOf, present: Visitor, law: Law, form: Form) -> Response:
    """Draft the amendment or repeal; nothing bites before it is published."""
    on = today()
    try:
        on = parse_day(form.get("from"), "施行日期")
        with registry.database.reading() as session:
            place = _place(law, on, _content(session.connection(), law, on)["title"])
        if kept := keeping.kept_aside(request, registry, present, form, place):
            return kept
        with registry.database.writing() as session:
            form, moved = _rejoined(session.connection(), law, on, form)
            if form.get("outcome") == "amend":
                rejoining.refuse_moved(moved)
            asked = _change(session.connection(), law, on, form)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, place)
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            return _law(request, session.connection(), present, law, on, form, error)
    return go(f"/office/changesets/{made.id}")


def _rejoined(connection: Connection, law: str, on: str, form: Posted) -> tuple[Posted, str]:
    """The form with what others published of the law since it was opened, and that in words."""
    stands, content = _standing(connection, law, on)
    stood = rejoining.opened_on(connection, law, form.get("stands"))
    then = content if stood is None else stood
    return rejoining.rejoined(form, stands, _as_typed(then), _as_typed(content), FIELDS)


def _as_typed(content: dict[str, Any]) -> dict[str, str]:
    return {name: content.get(name) or "" for name in FIELDS}


def _change(connection: Connection, law: str, on: str, form: Posted) -> ChangesetInput:
    content = _content(connection, law, on)
    decision = drafting.decision(law, form.get("outcome"), on, form) | {"kind": "instrument"}
    if form.get("outcome") == "amend":
        given = {name: form.get(name).strip() for name in FIELDS}
        decision["changes"] = [
            {"op": "set", "path": name, "value": value or None}
            for name, value in given.items()
            if value != (content.get(name) or "")
        ]
    elif form.get("outcome") != "repeal":
        raise Invalid("请选择修改或废止。", code="outcome-needed", field="outcome")
    word = "修改" if form.get("outcome") == "amend" else "废止"
    return drafting.changeset(form, f"{word}《{content['title']}》", [decision])


def _content(connection: Connection, law: str, on: str) -> dict[str, Any]:
    return _standing(connection, law, on)[1]


def _standing(connection: Connection, law: str, on: str) -> tuple[str, dict[str, Any]]:
    """(hash of the content, content) on the day. Raises Invalid where there is none yet."""
    standing = state_on(connection, law, on, known_at(connection, None))
    content = standing.document()
    if "title" not in content:
        raise Invalid(f"这个文件在 {on} 还没有内容，请换一个施行日期。", code="nothing-to-edit")
    return standing.content or "", content


def _law(
    request: Request,
    connection: Connection,
    present: Present,
    law: str,
    on: str,
    form: Posted,
    error: RegistryError | None = None,
    kept_at: str = "",
    told: str = "",
    page: int | None = None,
) -> Response:
    stands, content = _standing(connection, law, on)
    turned = _turned(resting(connection, law, titles_of(content), on), page)
    return show(
        request,
        connection,
        present,
        "upkeep/law-change.html",
        error=error,
        told=told,
        law=law,
        on=on,
        stands=stands,
        content=gaps(content),
        **turned,
        others=0,
        names=_names(connection, turned["rests"], on),
        fields=FIELDS,
        form=form,
        kept_at=kept_at,
        script="form.js",
        act=None,
    )


def _turned(rests: list[Resting], page: int | None) -> dict[str, Any]:
    """What one page shows of them."""
    pages = max(1, -(-len(rests) // ROWS))
    at = min(max(page or 1, 1), pages)
    shown = rests[(at - 1) * ROWS : at * ROWS]
    return {"rests": shown, "count": len(rests), "page": at, "pages": pages, "most": ROWS}


def _names(connection: Connection, rests: list[Resting], on: str) -> dict[str, str]:
    return names(connection, [one.authority or "" for one in rests], on)


@router.get("/office/law-changes/{act}")
def show_change(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    act: Act,
    page: Turned = None,
    noted: Turned = None,
    reopened: Turned = None,
) -> Response:
    """``noted``, ``reopened``: how many were just said to be unaffected, or put back to what waits.

    While what was asked of it is under way, that it is; then the draft, or why there is none with what was typed."""
    place = _case_place(_number(act))
    if (work := registry.works.told_once(one_of(present, place.address))) is not None:
        if not work.is_done:
            return under_way(request, session, present, "法规变动：拟草稿", "/office/law", work)
        if work.refusal is not None:
            form = posted_again(work.asked)
            return _case(request, session, present, _number(act), form, work.refusal, page=page)
        if work.result:
            return go(work.result)
    form, kept_at = keeping.found_again(session, present, place)
    done = {"noted": noted, "reopened": reopened}
    return _case(request, session, present, _number(act), form, kept_at=kept_at, page=page, done=done)


def _case_place(act: int, title: str = "", law: str | None = None) -> keeping.Place:
    return keeping.Place(f"/office/law-changes/{act}", f"《{title}》变动涉及的事项", law)


@router.post("/office/law-changes/{act}")
def settle(request: Request, registry: RegistryOf, present: Visitor, act: Act, form: Form) -> Response:
    """``do``: draft (a changeset of what is ticked, or a round: ``as``), unaffected (with a reason), or
    open (what was noted as unaffected waits again)."""
    number = _number(act)
    with registry.database.reading() as session:
        change = law_changes.law_change(session.connection(), number)
        held = _content(session.connection(), change["instrument"], max(change["effective_from"], today()))
    place = _case_place(number, held["title"], change["instrument"])
    if kept := keeping.kept_aside(request, registry, present, form, place):
        return kept
    key = one_of(present, place.address)
    try:
        begun = once(
            registry,
            key,
            lambda _tell: _dealt_with(registry, present, number, form, place),
            asked=form.pairs,
            joins=False,
        )
        if not begun.is_done:
            return go(place.address)  # which says that it is under way
        then: str = begun.outcome()
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            return _case(request, session, present, number, form, error)
    return go(then)


def _dealt_with(registry: Registry, present: Present, act: int, form: Posted, place: keeping.Place) -> str:
    """The address that says what came of it: the draft, or the page again. Worked out beside all others; the
    writer's place is taken to write alone."""
    with registry.database.reading() as session:
        connection = session.connection()
        change = law_changes.law_change(connection, act)
        on = max(change["effective_from"], today())
        chosen, read = _chosen(connection, present, change, on, form), _read(form)
        law_changes.require_as_read(session, present.actor, act, chosen, read, on)
        content = _content(connection, change["instrument"], on)
        noted: dict[str, Any] = {"day": on, "titles": titles_of(content), "read": read}
        outcome = form.get("do") if form.get("do") in ("unaffected", "open") else "drafted"
        write = None
        if outcome == "drafted":
            asked = _mending(connection, change["instrument"], content, on, chosen, form)
            write = drafts.draft_from(session, present.actor, asked, today())
            # What is ticked and not touched by the draft goes on waiting.
            chosen = {one.subject for one in asked.decisions if one.subject}
        elif outcome == "unaffected":
            noted["reason"] = form.get("why")
    with registry.database.writing() as session:
        if write is not None:
            noted["changeset"] = write(session).id
        law_changes.settle(session, present.actor, act, chosen, outcome, **noted)
        if outcome == "open":  # a form of its own: what is being typed beside it is still being typed
            return f"{place.address}?reopened={len(chosen)}"
        keeping.saved(session, present, place)
    if outcome == "unaffected":
        return f"{place.address}?noted={len(chosen)}"
    return f"/office/changesets/{noted['changeset']}"


def _chosen(
    connection: Connection, present: Present, change: dict[str, Any], on: str, form: Posted
) -> set[str]:
    """What is ticked, with all that waits on whatever page where that is asked for. Raises Invalid for nothing."""
    chosen = set(form.all("subject"))
    if form.get("every"):
        every, settled = _managed(connection, present, change, on)[0], _settled(connection, change)
        chosen |= {one.id for one in every if one.id not in settled}
    if not chosen:
        raise Invalid("请先勾选事项。", code="nothing-chosen")
    return chosen


def _read(form: Posted) -> int | None:
    """The last case that the page had shown, as ``law_changes.require_as_read`` has it."""
    number = form.get("read")
    return _number(number) if number else None


def _settled(connection: Connection, change: dict[str, Any]) -> set[str]:
    return law_changes.settled(connection, change["act"], change["outcome"])


def _managed(
    connection: Connection, present: Present, change: dict[str, Any], on: str
) -> tuple[list[Resting], int]:
    """(what of the visitor's rests on the instrument, how many that others look after)"""
    content = _content(connection, change["instrument"], on)
    every = resting(connection, change["instrument"], titles_of(content), on)
    holds = law_changes.managed_by(connection, present.actor, on)
    mine = [one for one in every if holds(one.authority, one.region)]
    return mine, len(every) - len(mine)


def _mending(
    connection: Connection, law: str, content: dict[str, Any], on: str, chosen: set[str], form: Posted
) -> ChangesetInput:
    """One decision or more for each that is ticked and can be changed so, from the day the law changes, or from
    today where it has passed."""
    way, old, new = form.get("way"), form.get("old").strip(), form.get("new").strip()
    if way not in WAYS:
        raise Invalid("请选择怎样处理。", code="way-needed", field="way")
    other, title, number = None, "", ""
    if way == "replace":
        other = drafting.named_id(connection, form.get("other").strip(), "instrument", on, "other")
        cited = _content(connection, other, on)
        title, number = cited["title"], cited.get("number", "")
    decisions: list[dict[str, Any]] = []
    titles = titles_of(content)
    for one in resting(connection, law, titles, on):
        if one.id not in chosen:
            continue
        if way == "cancel":
            decisions.append(drafting.decision(one.id, "cancel", on, form) | {"kind": one.kind})
            continue
        if way == "renumber":
            after = renumbered(one.content, law, old, new, titles)
        elif way == "replace":
            after = cite_instead(one.content, law, other, title, number, old, new, titles)
        else:
            after = cite_instead(one.content, law, None, titles=titles)
        if after != one.content:
            made = drafting.decisions(one.id, one.content, after, on, form)
            decisions += [decision | {"kind": one.kind} for decision in made]
    if not decisions:
        raise Invalid(
            "勾选的事项里没有可以这样改的依据（只在材料、收费的文字里提到的，请逐项修改）。",
            code="nothing-changed",
        )
    asked = drafting.changeset(form, f"{WAYS[way]}：《{content['title']}》", decisions)
    if form.get("as") != "round":
        return asked
    number = form.get("number").strip()[:100]
    return asked.model_copy(update={"kind": "round", "number": number or None})


def _case(
    request: Request,
    session: Session,
    present: Present,
    act: int,
    form: Posted,
    error: RegistryError | None = None,
    kept_at: str = "",
    page: int | None = None,
    done: dict[str, int | None] | None = None,
) -> Response:
    """Those that wait come first."""
    connection = session.connection()
    change = law_changes.law_change(connection, act)
    on = max(change["effective_from"], today())
    content = _content(connection, change["instrument"], on)
    (mine, others), settled = _managed(connection, present, change, on), _settled(connection, change)
    turned = _turned(sorted(mine, key=lambda one: one.id in settled), page or _number(form.get("page")))
    cases, moved = law_changes.cases(connection, act), set(error.detail.get("moved", ()) if error else ())
    last = max((case["id"] for case in cases.values()), default=0)
    return show(
        request,
        connection,
        present,
        "upkeep/law-change.html",
        error=error,
        law=change["instrument"],
        on=on,
        content=gaps(content),
        **turned,
        waits=sum(one.id not in settled for one in mine),
        others=others,
        names=_names(connection, turned["rests"], on),
        act=change,
        cases=cases,
        done=gaps(done or {}),
        read=form.get("read") if form.get("read") and not moved else last,
        settled=settled,
        outcomes=law_changes.OUTCOMES,
        ways=WAYS,
        form=form,
        ticked=set(form.all("subject")) - moved if kept_at or error else None,
        kept_at=kept_at,
        script="form.js",
    )


def _number(act: str) -> int:
    return int(act) if act.isascii() and act.isdigit() and len(act) < 19 else -1
