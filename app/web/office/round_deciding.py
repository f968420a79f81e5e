"""Deciding in a round: departments propose and the office says what it thinks, row by row, in bulk, or item by item.

A form says what a row of the 清理意见表 says, and goes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import rows
from app.changes.models import DecisionInput
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, NotFound, RegistryError
from app.exchange.worksheet_rows import EDITABLE, Cells, Faulty, cells_of, decision_of, is_beyond_sheet, tidy
from app.exchange.worksheets import receiver_named
from app.items.field_words import value_words
from app.rounds.proposing import propose
from app.rounds.reviewing import opine
from app.rounds.worksheets import Line, told, with_contents, worksheets
from app.versions.queries import today
from app.web.office.pages import show
from app.web.office.round_desk import CHECKS, OFFERED, STATES, Asking, Wanted, desk, lines_for, may
from app.web.office.rounds import Which
from app.web.office.visiting import Form, Posted, Visitor, go
from app.web.rendering import gaps
from app.web.subjects import names as names_on
from app.wording import reason

router = APIRouter()
WhichItem = Annotated[str, Path(max_length=40)]
FIELDS = {
    "limit": "拟承诺时限",
    "outcome": "处理意见",
    "words": "原文表述",
    "receiver": "承接方",
    "follow_up": "后续监管措施",
    "day": "施行日期",
    "reason": "理由",
}


class Wrong(Exception):
    """Which item of many could not be done, and why."""

    def __init__(self, item: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.item, self.message, self.status = item, message, status


# --- many at once -------------------------------------------------------------------------------------------


@router.post("/office/rounds/{changeset}/proposals")
def propose_many(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, asking: Asking, form: Form
) -> Response:
    """``do``: rows (each as its own field says), selected or matching (all with the outcome of the bar)."""

    def chosen(lines: list[Line]) -> list[tuple[Line, str]]:
        return _chosen(lines, form, asking, "o:", form.get("outcome"), asking.takes)

    def work(session: Session, some: list[tuple[Line, str]]) -> None:
        connection = session.connection()
        resolve, lines = resolver(connection), [line for line, _ in some]
        if form.get("limit").strip():  # a limit is compared with what stands
            lines = with_contents(connection, lines, today())
            some = [(line, outcome) for line, (_, outcome) in zip(lines, some, strict=True)]
        asked = [asked_of(line, _cells(form) | {"outcome": outcome}, resolve, form) for line, outcome in some]
        _each(
            [line.item for line, _ in some],
            lambda: propose(session, present.actor, changeset, asked, today()),
        )

    return _many(request, registry, present, changeset, asking, form, chosen, work, "提出")


@router.post("/office/rounds/{changeset}/opinions")
def opine_many(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, asking: Asking, form: Form
) -> Response:
    """The office agrees or returns; changing one is done on its own page."""

    def chosen(lines: list[Line]) -> list[tuple[Line, str]]:
        return _chosen(lines, form, asking, "v:", form.get("opinion"), lambda line: line.state == "proposed")

    def work(session: Session, some: list[tuple[Line, str]]) -> None:
        for opinion in ("agree", "return"):
            items = list(
                dict.fromkeys(line.filed_under or line.item for line, said in some if said == opinion)
            )
            if items:
                said = form.get("why")
                _each(items, lambda items=items, opinion=opinion, said=said: opine(  # type: ignore[misc]
                    session, present.actor, changeset, items, opinion, today(), reason=said
                ))  # fmt: skip

    return _many(request, registry, present, changeset, asking, form, chosen, work, "审核")


def _chosen(
    lines: list[Line],
    form: Posted,
    asking: Wanted,
    prefix: str,
    common: str,
    fits: Callable[[Line], bool],
) -> list[tuple[Line, str]]:
    """The lines that are meant, each with what is said of it. Raises Invalid where that is nothing."""
    do = form.get("do")
    if do == "rows":
        said = {
            name.removeprefix(prefix): value
            for name, value in form.pairs
            if name.startswith(prefix) and value
        }
        some = [(line, said[line.item]) for line in lines if line.item in said]
    else:
        ticked = set(form.all("item"))
        meant = [
            line
            for line in lines
            if (line.item in ticked if do == "selected" else asking.holds(line) and fits(line))
        ]
        some = [(line, common) for line in meant]
        if some and not common:
            raise Invalid("请先选择怎样处理。", code="outcome-needed", field="outcome")
    if not some:
        raise Invalid(
            "没有选中任何事项：请逐项选择，或勾选几项，再保存。", code="nothing-chosen", field="item"
        )
    return some


def _many(
    request: Request,
    registry: RegistryOf,
    present: Present,
    changeset: str,
    asking: Wanted,
    form: Posted,
    chosen: Callable[[list[Line]], list[tuple[Line, str]]],
    work: Callable[[Session, list[tuple[Line, str]]], None],
    verb: str,
) -> Response:
    """All or none; what is refused is said by its row. All that match are done after one question."""
    try:
        with registry.database.reading() as session:
            some = chosen(lines_for(present, worksheets(session, changeset, today(), brief=True)))
            if form.get("do") == "matching" and not form.get("sure") and len(some) > 1:
                return _sure(request, session, present, changeset, asking, form, some, verb)
        with registry.database.writing() as session:
            work(session, some)
    except (Wrong, RegistryError) as error:
        if isinstance(error, RegistryError) and error.status == 404:
            raise
        wrong = {error.item: error.message} if isinstance(error, Wrong) else {}
        with registry.database.reading() as session:
            found = rows.find(session, changeset)
            said = f"没有保存。{error.message}"
            return desk(
                request,
                session,
                present,
                found,
                asking,
                said=said,
                status=error.status,
                wrong=wrong,
                form=form,
            )
    address = replace(asking, state="" if asking.state in ("open", "proposed") else asking.state).address
    return go(f"/office/rounds/{changeset}{address}{'&' if address else '?'}done={len(some)}")


def _sure(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    asking: Wanted,
    form: Posted,
    some: list[tuple[Line, str]],
    verb: str,
) -> Response:
    return show(
        request,
        session.connection(),
        present,
        "round-sure.html",
        changeset=rows.find(session, changeset),
        asking=asking,
        verb=verb,
        says={"agree": "同意", "return": "退回"}.get(some[0][1], some[0][1]),
        some=[line for line, _ in some],
        pairs=[
            (name, value)
            for name, value in form.pairs
            if not name.startswith(("o:", "v:")) and name != "item"
        ],
    )


def _each(items: Sequence[str], do: Callable[[], Any]) -> None:
    """A refusal that names a decision by its place is one of the item there."""
    try:
        do()
    except RegistryError as error:
        place = error.detail.get("decision")
        item = (
            items[place - 1]
            if isinstance(place, int) and 0 < place <= len(items)
            else error.detail.get("subject")
        )
        if not isinstance(item, str):
            raise
        raise Wrong(item, error.message, error.status) from error


# --- one item -----------------------------------------------------------------------------------------------


@router.get("/office/rounds/{changeset}/items/{item}")
def show_item(
    request: Request,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    item: WhichItem,
    asking: Asking,
    saved: Annotated[bool, Query()] = False,
) -> Response:
    return _item(request, session, present, changeset, item, asking, saved=saved)


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
    def work(session: Session, line: Line) -> None:
        asked = asked_of(line, _cells(form), resolver(session.connection()), form)
        reopen = form.get("reopen") == "1"
        propose(session, present.actor, changeset, [asked], today(), reopen=reopen)

    return _one(request, registry, present, changeset, item, asking, form, work)


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
    def work(session: Session, line: Line) -> None:
        opinion = form.get("opinion")
        if opinion not in ("agree", "change", "return"):
            raise Invalid("请选择同意、修改或退回。", code="opinion-needed", field="opinion")
        decision = None
        if opinion == "change":
            decision = asked_of(line, _cells(form), resolver(session.connection()), form)
        items = [line.filed_under or line.item]
        said = form.get("why")
        opine(session, present.actor, changeset, items, opinion, today(), reason=said, decision=decision)  # type: ignore[arg-type]

    return _one(request, registry, present, changeset, item, asking, form, work)


def _one(
    request: Request,
    registry: RegistryOf,
    present: Present,
    changeset: str,
    item: str,
    asking: Wanted,
    form: Posted,
    work: Callable[[Session, Line], None],
) -> Response:
    try:
        with registry.database.writing() as session:
            found = worksheets(session, changeset, today(), brief=True)
            following = _around(lines_for(present, found), asking, item)[1]
            try:
                (line,) = with_contents(
                    session.connection(), [_line(lines_for(present, found), item)], found.day
                )
                work(session, line)
            except Wrong as wrong:
                raise Invalid(wrong.message, code="bad-row") from wrong
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            return _item(request, session, present, changeset, item, asking, error=error, form=form)
    place = following if form.get("then") == "next" and following else item
    return go(
        f"/office/rounds/{changeset}/items/{place}{asking.address}{'&' if asking.address else '?'}saved=true"
    )


def _item(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    item: str,
    asking: Wanted,
    *,
    saved: bool = False,
    error: RegistryError | None = None,
    form: Posted | None = None,
) -> Response:
    connection = session.connection()
    found = worksheets(session, changeset, today(), brief=True)
    lines = lines_for(present, found)
    (line,) = with_contents(connection, [_line(lines, item)], found.day)
    before, after = _around(lines, asking, item)
    return show(
        request,
        connection,
        present,
        "round-item.html",
        status=error.status if error else 200,
        said=error.message if error else "",
        saved=saved,
        changeset=found.opened.changeset,
        line=gaps(told(session, [line])[0]),
        content=gaps(line.content),
        in_words=value_words,
        named=names_on(connection, _ids(line), found.day),
        cells=_cells(form) if form else cells_of(line, found.opened.day),
        beyond=is_beyond_sheet(line),
        why=form.get("why") if form else "",
        fields=FIELDS,
        offered=OFFERED,
        states=STATES,
        checks=CHECKS,
        may=may(session, present, found.opened.changeset),
        mine=line.proposal is not None and line.proposal.account == present.actor.account,
        names=found.names,
        asking=asking,
        previous=before,
        following=after,
        script="round.js",
    )


def _ids(line: Line) -> list[str]:
    """What the changes proposed and decided may name."""
    bodies = [
        *(line.proposal.earlier if line.proposal else ()),
        line.proposal and line.proposal.body,
        line.final,
    ]
    changes = [
        change for body in bodies if body for change in (body.get("proposed", body).get("changes") or ())
    ]
    return [one["value"] for one in changes if isinstance(one.get("value"), str)]


def _line(lines: Sequence[Line], item: str) -> Line:
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


# --- from a form to a proposal ------------------------------------------------------------------------------


def _cells(form: Posted) -> Cells:
    return {name: tidy(form.get(name)) for name in EDITABLE}


def asked_of(
    line: Line, cells: Cells, resolve: Callable[[str], dict[str, str] | None], form: Posted
) -> DecisionInput:
    """What a form says of an item, as its row of the sheet would. Raises Wrong."""
    try:
        said = decision_of(line, cells, resolve)
        if timing := form.get("timing"):
            said["timing"] = timing
        return DecisionInput.model_validate(said)
    except Faulty as fault:
        raise Wrong(line.item, f"{FIELDS[fault.column]}：{fault.message}。") from fault
    except ValidationError as error:
        raise Wrong(line.item, f"{reason(error.errors()[0])}。") from error


def resolver(connection: Connection) -> Callable[[str], dict[str, str] | None]:
    """A receiver as written -> its id by kind; None where the registry has no such name, or several."""
    day = today()
    return lru_cache(maxsize=4096)(lambda name: receiver_named(connection, name, day))
