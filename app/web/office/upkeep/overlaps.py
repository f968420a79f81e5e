"""Overlaps (权责交叉) and levels (四级四同): what seems to be one power, and where one power differs by place."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.actor import Actor
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.showing import readable
from app.checks import comparing
from app.checks.levels import FIELDS
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.law.days import is_whole_day
from app.versions.queries import known_at, state_on, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go, number_in
from app.web.office.forms import drafting
from app.web.office.forms.redrafting import anew
from app.web.subjects import names, names_apart

router = APIRouter()
SHOWN, ENTRIES, ROUNDS = 200, 100, 100
_INSTRUMENT = re.compile(r"qdl-[0-9a-z]+")


@router.get("/office/overlaps")
def list_overlaps(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    present: Visitor,
    region: Annotated[str, Query(max_length=300)] = "",
    every: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    least = registry.settings.overlap_score
    return _overlaps(request, session, present, region, bool(every), least, Posted([]))


@router.post("/office/overlaps")
def decide_overlap(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """Kept with its reason; to merge, a draft is made too, or a decision added to a round that is being drafted."""
    made = None
    try:
        with registry.database.writing() as session:
            first, second = (form.get(name) for name in ("first", "second"))
            decision, reason = form.get("decision"), form.get("reason")
            given = comparing.say(
                session, present.actor, (first, second), decision, reason, _read(form.get("read"))
            )
            if decision == "merge":
                given.changeset = made = _merge(session, present, first, second, form)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _overlaps(
                request,
                session,
                present,
                form.get("region"),
                error.status in (409, 412),  # another has judged the pair, which is listed with what was said
                registry.settings.overlap_score,
                form,
                error,
            )
    return go(f"/office/changesets/{made}" if made else f"/office/overlaps?region={form.get('region')}")


def _read(number: str) -> int | None:
    """What was last said of the pair when the page was opened, as ``comparing.say`` has it."""
    return number_in(number) if number else None


def _merge(session: Any, present: Present, first: str, second: str, form: Posted) -> str:
    """The changeset in which one of the two ends and the other carries on. Raises Invalid."""
    keep = form.get("keep")
    if keep not in (first, second):
        raise Invalid("合并请选择保留哪一个。", code="keep-needed", field="keep")
    body = drafting.decision(None, "merge", today(), form)
    body |= {"origins": [{"subject": first}, {"subject": second}], "results": [{"subject": keep}]}
    onto = form.get("round").strip()
    if not onto:
        asked = drafting.changeset(form, "合并权责交叉的事项", [body])
        return drafts.draft(session, present.actor, asked, today()).id
    changeset = rows.find(session, onto)
    stood = [decode(row.body) for row in rows.decisions(session, changeset)]
    day = (decode(changeset.head.encode()).get("document") or {}).get("effective_on", "")
    if is_whole_day(day) and day > today():
        body["effective_from"] = day
    asked = anew(changeset, stood, [*stood, body])
    return drafts.redraft(session, present.actor, onto, changeset.version, asked, today()).id


def _overlaps(
    request: Request,
    session: Session,
    present: Present,
    asked: str,
    every: bool,
    least: int,
    form: Posted,
    error: RegistryError | None = None,
) -> Response:
    connection, day, actor = session.connection(), today(), present.actor
    regions = comparing.regions_with_items(connection, actor, day)
    region = actor.region or (regions[0][0] if regions else "")
    try:
        region = drafting.named_id(connection, asked, "region", day, "region") if asked else region
        found = comparing.overlaps_for(connection, actor, region, day, least) if region else []
    except RegistryError as refused:
        error, found = error or refused, []
    said = comparing.said(connection)
    waiting = [one for one in found if (one.first, one.second) not in said]
    listed = found if every else waiting
    ids = [one for pair in listed[:SHOWN] for one in (pair.first, pair.second)]
    return show(
        request,
        connection,
        present,
        "upkeep/overlaps.html",
        error=error,
        region=region,
        regions=regions,
        found=listed[:SHOWN],
        total=len(listed),
        waiting=len(waiting),
        every=every,
        least=least,
        decided=said,
        decisions=comparing.DECISIONS,
        items=_items(connection, ids, day),
        names=names(connection, [one for one, _ in regions], day),
        form=form,
        rounds=_drafted_rounds(session, actor),
    )


def _drafted_rounds(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """(id, title) of the rounds that are being drafted and that the actor may read, the latest first."""
    drafted = rows.rounds(session, ("draft", "returned"), ROUNDS)
    return [(one.id, one.title) for one in readable(session, actor, drafted)]


def _items(connection: Connection, ids: list[str], day: str) -> dict[str, dict[str, str]]:
    """id -> name, and the organ's name."""
    known = known_at(connection, None)
    contents = {one: state_on(connection, one, day, known).document() for one in set(ids)}
    organs = names(connection, [one.get("authority", "") for one in contents.values()], day)
    return {
        one: {"name": content.get("name", one), "organ": organs.get(content.get("authority", ""), "")}
        for one, content in contents.items()
    }


@router.get("/office/levels")
def list_levels(
    request: Request,
    session: ReadSession,
    present: Visitor,
    entry: Annotated[str, Query(max_length=40)] = "",
    within: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Without an entry, all of them; with one, its items beside each other."""
    connection, day = session.connection(), today()
    rows_ = [] if entry else comparing.entries_held(connection, day, ENTRIES + 1, after)
    context: dict[str, Any] = {"entry": None}
    said, status = "", 200
    if entry:
        try:
            place = drafting.named_id(connection, within, "region", day, "within") if within else None
        except RegistryError as error:
            place, said, status = None, error.message, error.status
        content = state_on(connection, entry, day, known_at(connection, None)).document()
        levels = content.get("levels", [])
        usual, found, missing = comparing.entry_compared(connection, entry, levels, day, place)
        ids = [one for row in found for one in (row.held.region, row.held.authority)]
        ids += [
            one["instrument"]
            for row in found
            for one in row.held.content.get("citations", ())
            if "instrument" in one
        ]
        called = names_apart(connection, [*ids, *missing[:300]], day)
        for said_so in (usual, *(row.differs for row in found)):
            if "basis" in said_so:
                said_so["basis"] = _INSTRUMENT.sub(
                    lambda one: f"《{called.get(one[0], one[0])}》", said_so["basis"]
                )
        context = {
            "entry": {"id": entry, "name": content.get("name", entry)},
            "usual": usual,
            "found": found,
            "missing": missing,
            "names": called,
        }
    return show(
        request,
        connection,
        present,
        "upkeep/levels.html",
        status=status,
        said=said,
        entries=rows_[:ENTRIES],
        following=rows_[ENTRIES - 1]["id"] if len(rows_) > ENTRIES else None,
        first=not after,
        within=within,
        fields={name: words for name, (words, _) in FIELDS.items()},
        **context,
    )
