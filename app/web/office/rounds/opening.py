"""Cleanup rounds in the office: those in work and those published; opening one, with its items counted before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.canonical import decode, digest, encode
from app.changes import drafts, rows
from app.changes.freezing import LISTED, counted
from app.changes.models import STATE_LABELS, Changeset, ChangesetInput
from app.changes.showing import readable
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.items import code_tables
from app.versions.names import names_near
from app.versions.queries import moment, parse_day, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import keeping
from app.web.office.forms.drafting import PAPER, checked, named_id
from app.web.office.forms.working import once, one_of, posted_again, under_way
from app.web.rendering import gaps

router = APIRouter()
Which = Annotated[str, Path(max_length=40)]
IN_WORK = ("draft", "returned", "submitted", "approved")
MOST = 200
OPENING = "/office/rounds/new"
PLACE = keeping.Place(OPENING, "开始新的一轮清理")


@router.get("/office/rounds")
def list_rounds(request: Request, session: ReadSession, present: Visitor) -> Response:
    working = rows.longest_waiting(session, *IN_WORK, rounds=True)
    return show(
        request,
        session.connection(),
        present,
        "rounds/list.html",
        working=_listed(session, list(islice(readable(session, present.actor, working, part=True), MOST))),
        published=_listed(session, rows.rounds(session, ("published",), MOST)),
        most=MOST,
    )


def _listed(session: Session, found: list[Changeset]) -> list[dict[str, Any]]:
    decided = rows.decided(session, [one.id for one in found])
    listed = []
    for one in found:
        head = gaps(decode(one.head.encode()))
        frozen = (head["scope"] or gaps({}))["frozen"]
        listed.append(
            {
                "id": one.id,
                "title": one.title,
                "number": head["number"],
                "document": head["document"],
                "state": one.state,
                "label": STATE_LABELS[one.state],
                "decided": decided.get(one.id, 0),
                "items": frozen["count"] if frozen else None,
                "updated": moment(one.updated_at),
            }
        )
    return listed


# --- opening ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counted:
    """What the filter holds on its base day: items in all, by authority, by type; of unknown status beside."""

    total: int = 0
    unknown: int = 0
    authorities: list[tuple[str, str, int]] = field(default_factory=list)
    types: list[tuple[str, int]] = field(default_factory=list)


@router.get("/office/rounds/new")
def new_round(request: Request, registry: RegistryOf, session: ReadSession, present: Visitor) -> Response:
    """Where a round is being opened: that it is, and then the round, or why it was not with the form as it was."""
    form, refused, kept_at = Posted([("base_day", today())]), None, ""
    if (opening := registry.works.told_once(one_of(present, OPENING))) is not None:
        asked = posted_again(opening.asked)
        if not opening.is_done:
            what = f"立项：{asked.get('title')}"
            return under_way(request, session, present, what, "/office/rounds", opening)
        if opening.refusal is None:
            return go(f"/office/rounds/{opening.result}")
        form, refused = asked, opening.refusal
    else:
        kept, kept_at = keeping.found_again(session, present, PLACE)
        form = kept if kept_at else form
    return _opening(request, session.connection(), present, form, error=refused, kept_at=kept_at)


def _form_of(form: Posted) -> str:
    """The same for the same form: a second click finds what the first began, another form is told to wait."""
    return digest(encode([list(pair) for pair in form.pairs]))


@router.post("/office/rounds/new")
def open_round(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """``do=open`` opens it; else the items are counted, which the browser asks for while the form is filled in."""
    if kept := keeping.kept_aside(request, registry, present, form, PLACE):
        return kept
    try:
        if form.get("do") != "open":
            with registry.database.reading() as session:
                return _opening(request, session.connection(), present, form)
        key = one_of(present, OPENING)
        of = _form_of(form)
        opening = once(registry, key, lambda _tell: _opened(registry, present, form), of=of, asked=form.pairs)
        if not opening.is_done:
            return go(OPENING)  # which says that it is under way
        return go(f"/office/rounds/{opening.outcome()}")
    except RegistryError as error:
        with registry.database.reading() as session:
            return _opening(request, session.connection(), present, form, error=error)


def _opened(registry: Registry, present: Present, form: Posted) -> str:
    """The id of the round, with its scope frozen."""
    with registry.database.writing() as session:
        asked = changeset_of(form, _scope(session.connection(), form), [])
        made = drafts.draft(session, present.actor, asked, today())
        keeping.saved(session, present, PLACE)
        return made.id


def changeset_of(
    form: Posted, scope: dict[str, Any] | None, decisions: list[dict[str, Any]]
) -> ChangesetInput:
    """The round as the form says it. Raises Invalid."""
    asked: dict[str, Any] = {"kind": "round", "decisions": decisions, "title": form.get("title").strip()}
    if not asked["title"]:
        raise Invalid("请写明这一轮的标题。", code="title-needed", field="title")
    if scope:
        asked["scope"] = scope
    for name in ("number", "reason"):
        if value := form.get(name).strip():
            asked[name] = value
    if undisclosed := form.get("undisclosed").strip():
        asked["undisclosed"] = undisclosed
    if paper := {one: value for one in PAPER if (value := form.get(f"document/{one}").strip())}:
        asked["document"] = paper
    return checked(asked)


def _scope(connection: Connection, form: Posted) -> dict[str, Any]:
    """The filter that the form says; names and codes become ids. Raises Invalid."""
    day = parse_day(form.get("base_day"), "基准日")
    scope: dict[str, Any] = {"base_day": day}
    if region := form.get("region").strip():
        scope["region"] = named_id(connection, region, "region", day, "region")
    if types := [one for one in form.all("types") if one]:
        scope["types"] = types
    if authorities := [one for one in form.all("authorities") if one]:
        scope["authorities"] = authorities
    return scope


def _count(connection: Connection, scope: dict[str, Any]) -> Counted:
    """Authorities are counted without the choice among them, so that others can still be chosen."""
    day = scope["base_day"]
    wide = {name: part for name, part in scope.items() if name != "authorities"}
    chosen = set(scope.get("authorities", ()))
    found = Counted()
    by_authority: Counter[str] = Counter()
    by_type: Counter[str] = Counter()
    for authority, kind, status, number in counted(connection, wide, day):
        inside = not chosen or authority in chosen
        if status not in LISTED:
            found.unknown += number if inside else 0
            continue
        by_authority[authority or ""] += number
        if inside:
            found.total += number
            by_type[kind or ""] += number
    names = names_near(connection, [one for one in by_authority if one], day)
    found.authorities = [
        (one, names.get(one, one) or "未注明", number) for one, number in by_authority.most_common()
    ]
    found.types = [
        (code_tables.label("item_type", one) or one or "未注明", n) for one, n in by_type.most_common()
    ]
    return found


def _opening(
    request: Request,
    connection: Connection,
    present: Present,
    form: Posted,
    *,
    error: RegistryError | None = None,
    kept_at: str = "",
) -> Response:
    found, said = None, ""
    try:
        found = _count(connection, _scope(connection, form))
    except RegistryError as wrong:
        said = wrong.message
    return show(
        request,
        connection,
        present,
        "rounds/new.html",
        said=said,
        error=error,
        form=form,
        found=found,
        types=code_tables.TABLES["item_type"][0].values,
        chosen_types=form.all("types"),
        chosen=form.all("authorities"),
        kept_at=kept_at,
        script="round.js form.js",
    )
