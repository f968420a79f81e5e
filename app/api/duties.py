"""What decisions leave to be done: acceptances, follow-up duties, delegations that run out, items that wait."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from app.api.shapes import NamedShape, answer_value, next_link
from app.changes.duties import KINDS
from app.changes.owed import Wanted, acceptances_of_round, duties, known_kinds, known_states
from app.changes.queries import require_round
from app.db import run_by
from app.deps import AskedOn, KnownAt, ReadSession
from app.listing import bad_after
from app.places.queries import region_id, subtree
from app.versions.codes import subject_id
from app.versions.names import NameBook, named

router = APIRouter(tags=["duties"])
PARTS = ("subject", "authority", "region", "returns_to")
"""What of a duty is a subject, answered with its name."""


class DutyPaperShape(BaseModel):
    number: str | None = Field(description="文号")
    title: str | None = Field(description="标题")


class DoneShape(BaseModel):
    decision: int | None = Field(
        description="seq of the decision that did it, for a delegation the one that it is not renewed; none where a"
        " delegation was renewed or ended before its day, or there was nothing left to entrust"
    )
    on: str | None = Field(description="the day from which it is done")
    subject: NamedShape | None = Field(
        description="what it made or changed: the item of the receiver; or the document that proves it"
    )


class DutyShape(BaseModel):
    """One thing that a decision leaves to be done."""

    decision: int = Field(
        description="seq of the decision that laid it down; `accepts` and `fulfils` name it"
    )
    key: str = Field(description="its key within that decision")
    kind: str = Field(description="acceptance, follow_up, expiry, pending_law")
    kind_label: str = Field(description="承接, 后续责任, 委托到期, 待修法")
    outcome: str = Field(description="the outcome of that decision: devolve, narrow, entrust, ...")
    changeset: str | None = Field(description="the changeset it was published in")
    document: DutyPaperShape = Field(description="the document behind it")
    subject: NamedShape | None = Field(
        description="what it is about: the item handed down, entrusted, waiting"
    )
    authority: NamedShape | None = Field(description="who owes it; for a delegation, who holds it")
    region: NamedShape | None = Field(description="the place that owes it")
    words: str | None = Field(description="in the words of the document")
    opens: str = Field(description="the day of the decision")
    lost_from: str | None = Field(
        description="acceptance: the day from which the origin no longer covers the place, accepted or not"
    )
    due: str | None = Field(
        description="the last day; for a delegation, the first day it no longer holds; none where not said"
    )
    provisional: bool = Field(
        description="true where that rests on a year whose holidays are not published yet"
    )
    state: str = Field(description="open, done, overdue")
    late: bool = Field(description="true where it was done after its last day")
    gap: bool = Field(description="acceptance: true where on this day nobody covers the place")
    done: DoneShape | None = Field(description="by which decision; none while it is owed")
    returns_to: NamedShape | None = Field(
        description="expiry: the item that was entrusted from; the power is its organ's again from `due` on, unless"
        " the delegation is renewed"
    )


class DutiesShape(BaseModel):
    on: str = Field(description="the day this answers for")
    duties: list[DutyShape] = Field(description="in the order of the decisions that laid them down")
    next: str | None = Field(description="pass as `after` for the next page; none on the last")


class AcceptancesShape(BaseModel):
    """What the receivers of a round owe, on a day."""

    round: str = Field(description="changeset id of the round")
    on: str = Field(description="the day this answers for")
    owed: int = Field(description="how many acceptances the round asks for")
    open: int = Field(description="not done yet, still in time")
    done: int = Field(description="done by a receive decision that holds on this day")
    overdue: int = Field(description="not done by the last day")
    late: int = Field(description="of the done ones, how many came after the last day")
    gaps: int = Field(description="places that nobody covers on this day; their rows say `gap`")
    acceptances: list[DutyShape] = Field(description="row by row")


def _shown(connection: Connection, rows: list[dict[str, Any]], on: str) -> list[dict[str, Any]]:
    """With labels, and names on the day."""
    run, book = run_by(connection), NameBook()
    ids = [row[name] for row in rows for name in PARTS]
    book.load(connection, [*ids, *(row["done"]["subject"] for row in rows if row["done"])])

    def name(one: str | None) -> dict[str, Any] | None:
        return named(run, book, one, on)

    return [
        row
        | {"kind_label": KINDS[row["kind"]]}
        | {part: name(row[part]) for part in PARTS}
        | {"done": row["done"] and {**row["done"], "subject": name(row["done"]["subject"])}}
        for row in rows
    ]


@router.get(
    "/rounds/{round_id}/acceptances", response_model=None, responses={200: {"model": AcceptancesShape}}
)
def get_acceptances(
    request: Request,
    session: ReadSession,
    round_id: Annotated[str, Path(max_length=40, description="changeset id of the round")],
    asked: AskedOn,
    known: KnownAt,
) -> Response:
    """What the receivers of a round's devolved items owe on a day: open, done, overdue; the places left over."""
    connection = session.connection()
    require_round(connection, round_id, known)
    found = acceptances_of_round(connection, round_id, asked.on, known)
    found["acceptances"] = _shown(connection, found["acceptances"], asked.on)
    return answer_value(request, {"round": round_id, "on": asked.on, **found})


@router.get("/duties", response_model=None, responses={200: {"model": DutiesShape}})
def list_duties(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    state: Annotated[list[str] | None, Query(description="open, done, overdue; several: any of them")] = None,
    kind: Annotated[
        list[str] | None,
        Query(description="acceptance, follow_up, expiry, pending_law; several: any of them"),
    ] = None,
    owner: Annotated[
        str | None, Query(max_length=300, description="the authority that owes it, by id or code")
    ] = None,
    region: Annotated[
        str | None,
        Query(max_length=300, description="the place that owes it, by id or code; with all below it"),
    ] = None,
    item: Annotated[str | None, Query(max_length=300, description="what it is about, by id or code")] = None,
    due_within: Annotated[
        int | None,
        Query(ge=0, le=36_500, description="open ones whose last day is at most so many days after `on`"),
    ] = None,
    after: Annotated[str | None, Query(description="go on after this: `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="rows a page")] = 50,
) -> Response:
    """What is owed on a day. `kind=expiry&due_within=60`: delegations that run out within 60 days."""
    connection = session.connection()
    wanted = Wanted(
        on=asked.on,
        states=known_states(state or ()),
        kinds=known_kinds(kind or ()),
        owner=subject_id(connection, "authority", owner, asked.on) if owner else None,
        regions=_regions(connection, region, asked.on),
        subject=subject_id(connection, "item", item, asked.on) if item else None,
        due_within=due_within,
    )
    rows = duties(connection, wanted, _place(after), limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    following = f"{rows[-1]['decision']}:{rows[-1]['key']}" if more else None
    body = {"on": asked.on, "duties": _shown(connection, rows, asked.on), "next": following}
    return answer_value(request, body, headers=next_link(request, following))


def _regions(connection: Connection, asked: str | None, on: str) -> frozenset[str] | None:
    found = region_id(connection, asked, on)
    return None if found is None else frozenset(subtree(connection, found, on))


def _place(after: str | None) -> tuple[int, str]:
    if after is None:
        return 0, ""
    act, _, key = after.partition(":")
    if not (act.isascii() and act.isdigit() and len(act) < 19) or "\0" in key:
        raise bad_after()
    return int(act), key
