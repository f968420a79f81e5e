"""What the checks have found: by authority, by check, item by item with where to mend it; exceptions with a reason."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.auth.signing_in import Present
from app.checks import exceptions, queries
from app.checks.catalogue import SEVERITIES, TITLES, title_of
from app.checks.sweeping import last_run, recheck, stale, sweep
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import RegistryError
from app.versions.queries import moment, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Visitor, go, number_in, own_address
from app.web.office.forms.working import begun, once
from app.web.subjects import names, told_apart
from app.works import Key, Tell, Work

router = APIRouter()
ROWS = 100
MOST_STALE = 1_000
"""Items that have to be looked at again are counted up to here."""
RUNNING: Key = ("sweep",)
"""The sweep of a registry: one, whoever began it."""


@router.get("/office/checks")
def list_checks(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    present: Visitor,
    authority: Annotated[str, Query(max_length=40)] = "",
    code: Annotated[str, Query(max_length=60)] = "",
    severity: Annotated[str, Query(max_length=10)] = "",
    excepted: Annotated[str, Query(max_length=1)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    wanted = queries.Wanted(
        authority=authority or None,
        code=code if code in TITLES else None,
        severity=severity if severity in SEVERITIES else None,
        excepted=bool(excepted),
    )
    queries.confine(session.connection(), wanted, present.actor, today())
    running, said = begun(request, registry, RUNNING)
    return _page(request, session, registry, present, wanted, after, said=said, running=running)


@router.post("/office/checks/run")
def run_checks(registry: RegistryOf, present: Visitor) -> Response:
    """What has moved since; the whole catalogue where it never was looked at (some seconds for 20,000 items). Worked
    in the background; the page says how far it is to whoever looks, beside what was found before."""

    def do(tell: Tell) -> None:
        def told(done: int, due: int) -> None:
            tell(f"已看 {done} 个事项，共 {due} 个")

        sweep(registry.database, today(), registry.rules, tell=told)

    sweeping = once(registry, RUNNING, do)
    if sweeping.is_done:
        sweeping.outcome()
    return go("/office/checks")


@router.post("/office/checks/exceptions")
def grant(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    try:
        with registry.database.writing() as session:
            subject = form.get("subject")
            asked = (subject, form.get("code"), form.get("path"), form.get("reason"))
            exceptions.grant(session, present.actor, *asked, today())
            recheck(session, subject, today(), registry.rules)
    except RegistryError as error:
        return _refused(request, registry, present, error)
    return go(own_address(form.get("back")) or "/office/checks")


@router.post("/office/checks/exceptions/{number}/end")
def end(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    number: Annotated[str, Path(max_length=18)],
    form: Form,
) -> Response:
    try:
        with registry.database.writing() as session:
            ended = exceptions.end(session, present.actor, number_in(number), today())
            recheck(session, ended.subject, today(), registry.rules)
    except RegistryError as error:
        return _refused(request, registry, present, error)
    return go(own_address(form.get("back")) or "/office/checks?excepted=1")


def _refused(request: Request, registry: Registry, present: Present, error: RegistryError) -> Response:
    if error.status in (403, 404):
        raise error
    wanted = queries.Wanted()
    with registry.database.reading() as session:
        queries.confine(session.connection(), wanted, present.actor, today())
        return _page(request, session, registry, present, wanted, "", error)


def _page(
    request: Request,
    session: Session,
    registry: Registry,
    present: Present,
    wanted: queries.Wanted,
    after: str,
    error: RegistryError | None = None,
    said: str = "",
    running: Work | None = None,
) -> Response:
    connection, day = session.connection(), today()
    run = last_run(connection)
    listed = wanted.authority or wanted.code or wanted.excepted
    scores = [] if listed else queries.by_authority(connection, wanted.regions)
    rows = queries.findings(connection, wanted, queries.place_after(after), ROWS + 1) if listed else []
    following = f"{rows[ROWS - 1]['subject']}:{rows[ROWS - 1]['position']}" if len(rows) > ROWS else None
    rows = rows[:ROWS]
    held = [row["authority"] or "" for row in [*rows, *scores]]
    called = names(connection, [*held, wanted.authority or ""], day)
    called |= told_apart(connection, called, day)
    given = exceptions.exceptions(session, 500) if wanted.excepted else []
    answer = show(
        request,
        connection,
        present,
        "upkeep/checks.html",
        error=error,
        said=said,
        run=run and {"at": moment(run.at), "looked": run.items, "seconds": run.milliseconds / 1000},
        due=len(stale(connection, day, registry.rules, MOST_STALE)),
        most=MOST_STALE,
        wanted=wanted,
        chosen=called.get(wanted.authority or "", wanted.authority),
        codes=[{**row, "subjects": row["items"]} for row in queries.by_code(connection, wanted)],
        scores=[{**row, "held": row["items"]} for row in scores],
        names=called,
        found=[(item, list(some)) for item, some in groupby(rows, _item_of)] if listed else None,
        following=following,
        first=not after,
        exceptions=[{**one.model_dump(), "when": moment(one.at)} for one in given],
        people=names_of_accounts(session, {one.account for one in given}),
        severities=SEVERITIES,
        title=title_of(wanted.code, wanted.severity) if wanted.code else "",
        running=running,
    )
    if running is not None:
        answer.headers["Refresh"] = "3"
    return answer


def _item_of(row: dict[str, Any]) -> str:
    return str(row["subject"])
