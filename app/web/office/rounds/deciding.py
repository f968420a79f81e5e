"""Deciding many items of a round at once: departments propose, the office says what it thinks, row by row or in bulk.

A form says what a row of the 清理意见表 says, and goes the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple, TypeVar

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import rows
from app.changes.models import DecisionInput
from app.deps import Registry, RegistryOf
from app.errors import Invalid, RegistryError, Stale
from app.exchange.worksheet_names import Names
from app.rounds import proposing, reviewing
from app.rounds.proposing import propose_from
from app.rounds.reviewing import Opinion, Review, opine_from
from app.rounds.worksheets import Line, with_contents, worksheets
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms.working import once, one_of
from app.web.office.rounds import desk_keeping
from app.web.office.rounds.asking import Wrong, asked_of, posted_cells
from app.web.office.rounds.desk import desk_again, lines_for, refused_desk
from app.web.office.rounds.desk_keeping import Prefix
from app.web.office.rounds.filtering import Asking, Wanted
from app.web.office.rounds.opening import Which

router = APIRouter()
Done = TypeVar("Done")
_PLACE = re.compile(r"^第 \d+ 项(决定)?：")
Write = Callable[[Session], Any]
Weigh = Callable[[Session, list[tuple[Line, str]]], Write]
"""What is to be done with the lines and what is said of each, in a reading session; what it returns writes it down."""


class Chosen(NamedTuple):
    """The lines that are meant, each with what is said of it: ``own``, in its own row; ``bulk``, above for many."""

    own: list[tuple[Line, str]]
    bulk: list[tuple[Line, str]]

    @property
    def all(self) -> list[tuple[Line, str]]:
        return self.own + self.bulk


@router.post("/office/rounds/{changeset}/proposals")
def propose_many(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, asking: Asking, form: Form
) -> Response:
    """``do``: rows (each as its own field says), selected or matching (all with the outcome of the bar, but for those
    whose own field says another); back: the list as it was, nothing is done; keep, drop: of what is not saved."""

    def chosen(lines: list[Line]) -> Chosen:
        some = _chosen(lines, form, asking, "o:", form.get("outcome"), asking.takes)
        shown = [line for line, _ in some.all if not _is_own(line, present)]
        _require_shown(shown, form.get("shown"), proposing.MOVED)
        return some

    def weigh(session: Session, some: list[tuple[Line, str]]) -> Write:
        def asked(session: Session) -> list[DecisionInput]:
            connection = session.connection()
            names = Names(connection, worksheets(session, changeset, today(), brief=True))
            lines = [line for line, _ in some]
            if (
                form.get("limit").strip() or form.get("receiver").strip()
            ):  # limits and delegations rest on what stands
                lines = with_contents(connection, lines, today())
            cells = posted_cells(form)
            return [
                asked_of(line, cells | {"outcome": outcome}, names, form)
                for line, (_, outcome) in zip(lines, some, strict=True)
            ]

        items = [line.item for line, _ in some]
        read = {line.item: line.proposal.hash if line.proposal else "" for line, _ in some}
        asked_for = (present.actor, changeset, asked, today())
        write = _of_each(items, lambda: propose_from(session, *asked_for, read=read))
        return lambda session: _of_each(items, lambda: write(session))

    return _many(request, registry, present, changeset, asking, form, chosen, weigh, "o:")


@router.post("/office/rounds/{changeset}/opinions")
def opine_many(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, asking: Asking, form: Form
) -> Response:
    """The office agrees or returns; changing one is done on its own page."""

    def chosen(lines: list[Line]) -> Chosen:
        some = _chosen(lines, form, asking, "v:", form.get("opinion"), lambda line: line.state == "proposed")
        _require_shown([line for line, _ in some.all], form.get("shown"), reviewing.MOVED)
        return some

    def weigh(session: Session, some: list[tuple[Line, str]]) -> Write:
        why = {one: form.get("why") for one in OPINIONS}
        if any(said == "return" for _, said in some):  # the reason is theirs that are returned
            why["agree"] = ""
        writes = [_opined(session, present, changeset, some, one, why[one]) for one in OPINIONS]

        def write(session: Session) -> None:
            for one in writes:
                one(session)

        return write

    return _many(request, registry, present, changeset, asking, form, chosen, weigh, "v:")


OPINIONS: tuple[Opinion, ...] = ("agree", "return")


def _opined(
    session: Session,
    present: Present,
    changeset: str,
    some: list[tuple[Line, str]],
    opinion: Opinion,
    reason: str,
) -> Write:
    """This opinion of those rows that say so, weighed; what is returned writes it down."""
    meant = {line.filed_under or line.item: line.proposal for line, said in some if said == opinion}
    if not meant:
        return lambda _session: None
    items, read = list(meant), {item: row.hash for item, row in meant.items() if row}
    review = Review(items, opinion, reason, read=read)
    write = _of_each(items, lambda: opine_from(session, present.actor, changeset, review, today()))
    return lambda session: _of_each(items, lambda: write(session))


def _is_own(line: Line, present: Present) -> bool:
    """Whether this person alone has moved the line: a second click says nothing that is not known."""
    stood = line.proposal
    return stood is not None and stood.opinion is None and stood.account == present.actor.account


def _require_shown(lines: list[Line], shown: str, said: str) -> None:
    """``shown``: the newest moment of a proposal when the list was shown. Raises ``bad-row`` of what moved since."""
    newest = int(shown) if re.fullmatch(r"\d{1,20}", shown) else None
    wrong = {
        line.item: said
        for line in lines
        if newest is not None and line.proposal is not None and line.proposal.moved_at > newest
    }
    if wrong:
        raise Stale(said, code="bad-row", wrong=wrong)


def _chosen(
    lines: list[Line],
    form: Posted,
    asking: Wanted,
    prefix: Prefix,
    common: str,
    fits: Callable[[Line], bool],
) -> Chosen:
    """What a row says of itself goes before what is said of many. Raises Invalid where nothing is meant."""
    said = {
        name.removeprefix(prefix): value for name, value in form.pairs if name.startswith(prefix) and value
    }
    ticked, do = set(form.all("item")), form.get("do")

    def is_meant(line: Line) -> bool:
        if do == "rows" or line.item in said:
            return False
        return line.item in ticked if do == "selected" else asking.holds(line) and fits(line)

    own = [(line, said[line.item]) for line in lines if line.item in said]
    bulk = [(line, common) for line in lines if is_meant(line)]
    if bulk and not common:
        raise Invalid("请先选择怎样处理。", code="outcome-needed", field="outcome")
    if not own and not bulk:
        raise Invalid(
            "没有选中任何事项：请逐项选择，或勾选几项，再保存。", code="nothing-chosen", field="item"
        )
    return Chosen(own, bulk)


def _many(
    request: Request,
    registry: RegistryOf,
    present: Present,
    changeset: str,
    asking: Wanted,
    form: Posted,
    chosen: Callable[[list[Line]], Chosen],
    weigh: Weigh,
    prefix: Prefix,
) -> Response:
    """All or none; what is refused is said by its row. All that match are done after one question."""
    if kept := desk_keeping.kept_aside(request, registry, present, changeset, form, prefix):
        return kept

    try:
        with registry.database.reading() as session:
            if form.get("do") == "back":
                return desk_again(request, session, present, rows.find(session, changeset), asking, form)
            lines = lines_for(session, present, worksheets(session, changeset, today(), brief=True))
            held: list[Line] = []
            if form.get("do") == "matching":  # what another page of the list says of a row goes before it too
                waiting = desk_keeping.waiting(session, present, changeset, form, prefix, lines)
                held = [line for line in lines if line.item in waiting and asking.holds(line)]
            meant = chosen([line for line in lines if line not in held])
            if _is_asked_about(form, meant, held):
                verb = "提出" if prefix == "o:" else "审核"
                return _sure(request, session, present, changeset, asking, form, meant, held, verb)
        some = meant.all
        done = [line.item for line, _ in some]

        def saved(session: Session) -> None:
            desk_keeping.saved(session, present, changeset, form, prefix, done)

        key, asked = one_of(present, f"/office/rounds/{changeset}"), [asdict(asking), form.pairs]
        begun = once(
            registry, key, lambda _tell: _written(registry, weigh, some, saved), asked=asked, joins=False
        )
        if not begun.is_done:
            return go(f"/office/rounds/{changeset}")  # which says that it is under way
        begun.outcome()
    except RegistryError as error:
        if error.status == 404:
            raise
        with registry.database.reading() as session:
            found = rows.find(session, changeset)
            return refused_desk(request, session, present, found, error, asking, form)
    address = replace(asking, state="" if asking.state in ("open", "proposed") else asking.state).address
    return go(f"/office/rounds/{changeset}{address}{'&' if address else '?'}done={len(some)}")


def _written(registry: Registry, weigh: Weigh, some: list[tuple[Line, str]], saved: Write) -> None:
    """Weighed beside all others; the writer's place is taken to write alone. Raises RegistryError; ``bad-row`` of one
    item."""
    try:
        with registry.database.reading() as session:
            write = weigh(session, some)
        with registry.database.writing() as session:
            write(session)
            saved(session)
    except Wrong as wrong:
        refused = Invalid(wrong.message, code="bad-row", wrong={wrong.item: wrong.message, **wrong.others})
        refused.status = wrong.status
        raise refused from wrong


def _is_asked_about(form: Posted, meant: Chosen, held: Sequence[Line]) -> bool:
    """Whether a click for many is asked about first: where it is for all that match, and where rows say otherwise."""
    if form.get("do") == "rows" or form.get("sure"):
        return False
    common = {form.get("outcome"), form.get("opinion")}
    otherwise = any(said not in common for _, said in meant.own)
    return otherwise or bool(held) or (form.get("do") == "matching" and len(meant.all) > 1)


def _sure(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    asking: Wanted,
    form: Posted,
    meant: Chosen,
    held: Sequence[Line],
    verb: str,
) -> Response:
    """The question carries all that was posted: to be done, and to be found again on the way back."""
    words = {"agree": "同意", "return": "退回"}
    return show(
        request,
        session.connection(),
        present,
        "rounds/sure.html",
        changeset=rows.find(session, changeset),
        asking=asking,
        verb=verb,
        do=form.get("do"),
        says=words.get(meant.bulk[0][1], meant.bulk[0][1]) if meant.bulk else "",
        bulk=[line for line, _ in meant.bulk],
        held=held,
        own=[(line, words.get(said, said)) for line, said in meant.own],
        pairs=[(name, value) for name, value in form.pairs if value and name not in ("do", "sure")],
    )


def _of_each(items: Sequence[str], do: Callable[[], Done]) -> Done:
    """A refusal that names a decision by its place is one of the item there."""
    try:
        return do()
    except RegistryError as error:
        place = error.detail.get("decision")
        item = (
            items[place - 1]
            if isinstance(place, int) and 0 < place <= len(items)
            else error.detail.get("subject")
        )
        if not isinstance(item, str):
            raise
        found = {one["subject"]: one["message"] for one in error.detail.get("findings", ())}
        message = found.get(item) or _PLACE.sub("", error.message)  # the row says which it is
        raise Wrong(item, message, error.status, found) from error
