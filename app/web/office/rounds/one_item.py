"""One item of a round: what is proposed and decided, beside what stands; a form for every outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes.models import DecisionInput
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, NotFound, RegistryError
from app.exchange.worksheet_cells import LABELS, TAKEN
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_rows import cells_of, is_beyond_sheet
from app.rounds.proposing import propose_from
from app.rounds.reviewing import Opinion, Review, opine_from
from app.rounds.worksheets import Line, told, with_contents, worksheets
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import keeping
from app.web.office.rounds.asking import FIELDS, Wrong, as_read, asked_of, posted_cells
from app.web.office.rounds.desk import ids_of, lines_for, may
from app.web.office.rounds.filtering import CHECKS, STATES, Asking, Wanted
from app.web.office.rounds.opening import Which
from app.web.office.rounds.words import changes_in_words
from app.web.rendering import gaps
from app.web.subjects import names as names_on

router = APIRouter()
FORMS = {"proposal": ("", "清理意见"), "opinion": ("?role=review", "审核清理意见")}
"""The two forms of the page: what tells their addresses apart, and what the desk calls them."""
WhichItem = Annotated[str, Path(max_length=40)]


@router.get("/office/rounds/{changeset}/items/{item}")
def show_item(
    request: Request,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    item: WhichItem,
    asking: Asking,
    saved: Annotated[Literal["", "true", "next"], Query()] = "",
) -> Response:
    """With what was typed into its forms and not saved."""
    kept = {what: keeping.found_again(session, present, _place(changeset, item, what)) for what in FORMS}
    return _item(request, session, present, changeset, item, asking, saved=saved, kept=kept)


def _place(changeset: str, item: str, what: str, form: Posted | None = None) -> keeping.Place:
    """Where one of the page's two forms is found again; what it is about is called as the form itself says."""
    address = f"/office/rounds/{changeset}/items/{item}{FORMS[what][0]}"
    return keeping.Place(address, f"{FORMS[what][1]}：{form.get('called') if form else ''}", item)


@router.post("/office/rounds/{changeset}/items/{item}/proposal")
def propose_one(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    changeset: Which,
    item: WhichItem,
    asking: Asking,
    form: Form,
) -> Response:
    def weigh(session: Session) -> Callable[[Session], object]:
        def asked(session: Session) -> list[DecisionInput]:
            line, names, _ = _line(session, present, changeset, item, asking)
            return [asked_of(line, posted_cells(form), names, form)]

        reopen, read = form.get("reopen") == "1", as_read(form, item)
        return propose_from(session, present.actor, changeset, asked, today(), reopen=reopen, read=read)

    return _one(request, registry, present, changeset, item, asking, form, weigh, "proposal")


@router.post("/office/rounds/{changeset}/items/{item}/opinion")
def opine_one(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    changeset: Which,
    item: WhichItem,
    asking: Asking,
    form: Form,
) -> Response:
    def weigh(session: Session) -> Callable[[Session], object]:
        line, names, _ = _line(session, present, changeset, item, asking)
        opinion = next((one for one in get_args(Opinion) if one == form.get("opinion")), None)
        if opinion is None:
            raise Invalid("请选择同意、修改或退回。", code="opinion-needed", field="opinion")
        decision = None
        if opinion == "change":
            decision = asked_of(line, posted_cells(form), names, form)
        filed, shown = line.filed_under or line.item, form.get("read")
        review = Review([filed], opinion, form.get("why"), decision, {filed: shown} if shown else {})
        return opine_from(session, present.actor, changeset, review, today())

    return _one(request, registry, present, changeset, item, asking, form, weigh, "opinion")


def _one(
    request: Request,
    registry: RegistryOf,
    present: Present,
    changeset: str,
    item: str,
    asking: Wanted,
    form: Posted,
    weigh: Callable[[Session], Callable[[Session], object]],
    what: str,
) -> Response:
    """Weighed beside all others; the writer's place is taken to write alone."""
    place = _place(changeset, item, what, form)
    if kept := keeping.kept_aside(request, registry, present, form, place):
        return kept
    try:
        try:
            with registry.database.reading() as session:
                _, _, following = _line(session, present, changeset, item, asking)
                write = weigh(session)
            with registry.database.writing() as session:
                write(session)
                keeping.saved(session, present, place)
        except Wrong as wrong:
            raise Invalid(wrong.message, code="bad-row") from wrong
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            return _item(request, session, present, changeset, item, asking, error=error, form=form)
    onward = form.get("then") == "next" and following is not None
    address = f"/office/rounds/{changeset}/items/{following if onward else item}{asking.address}"
    return go(f"{address}{'&' if asking.address else '?'}saved={'next' if onward else 'true'}")


def _line(
    session: Session, present: Present, changeset: str, item: str, asking: Wanted
) -> tuple[Line, Names, str | None]:
    """The item's line with its content, what names mean in the round, and the item that comes next."""
    found = worksheets(session, changeset, today(), brief=True)
    own = lines_for(session, present, found)
    (line,) = with_contents(session.connection(), [line_of(own, item)], found.day)
    return line, Names(session.connection(), found), _around(own, asking, item)[1]


def _item(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    item: str,
    asking: Wanted,
    *,
    saved: str = "",
    error: RegistryError | None = None,
    form: Posted | None = None,
    kept: Mapping[str, tuple[Posted, str]] | None = None,
) -> Response:
    """``form``: what was refused; ``kept``: what was typed into each form and not saved, and when that was kept."""
    connection = session.connection()
    found = worksheets(session, changeset, today(), brief=True)
    lines = lines_for(session, present, found)
    called = Names(connection, found)
    (line,) = with_contents(connection, [line_of(lines, item)], found.day)
    before, after = _around(lines, asking, item)
    allowed = may(session, present, found.opened.changeset)
    both = allowed["propose"] and allowed["opine"]
    if both and asking.role == "review":
        allowed["propose"] = False
    typed = {what: (kept or {}).get(what, (Posted([]), "")) for what in FORMS}
    own, own_at = typed[
        "proposal" if allowed["propose"] else "opinion"
    ]  # where the fields of an outcome stand
    cells = form or (own if own_at else None)
    said = (line.proposal.body if line.proposal else line.final) or {}
    why = form or typed["opinion"][0]
    return show(
        request,
        connection,
        present,
        "rounds/item.html",
        error=error,
        saved=saved,
        changeset=found.opened.changeset,
        line=gaps(told(session, [line])[0]),
        content=gaps(line.content),
        changes_in_words=changes_in_words,
        both=both,
        named=names_on(connection, ids_of([line]), found.day),
        cells=posted_cells(cells) if cells else cells_of(line, found.opened.day, called),
        beyond=is_beyond_sheet(line, called),
        why=why.get("why"),
        form=cells or Posted([]),
        timing=cells.get("timing") if cells else said.get("timing", ""),
        kept_at={what: at for what, (_, at) in typed.items()},
        fields=FIELDS,
        offered=LABELS,
        taken=TAKEN,
        states=STATES,
        checks=CHECKS,
        may=allowed,
        mine=line.proposal is not None and line.proposal.account == present.actor.account,
        names=found.names,
        asking=asking,
        previous=before,
        following=after,
        script="round.js form.js",
    )


def line_of(lines: Sequence[Line], item: str) -> Line:
    found = next((line for line in lines if line.item == item), None)
    if found is None:
        raise NotFound("这个事项不在这一轮的范围内，或不归您办理。", code="not-in-round")
    return found


def _around(lines: Sequence[Line], asking: Wanted, item: str) -> tuple[str | None, str | None]:
    """The items before and after this one among those that are wanted, itself among them whatever it says."""
    listed = [line.item for line in lines if line.item == item or asking.holds(line)]
    if item not in listed:
        return None, None
    at = listed.index(item)
    return (listed[at - 1] if at else None), (listed[at + 1] if at + 1 < len(listed) else None)
