"""Rounds as published."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from app.api.pages import AfterQuery, LimitQuery
from app.api.shapes import PaperShape, answer_value, next_link
from app.changes.models import DutyInput, FulfilmentInput, OutsideOrigin, PendingLawInput, ReceiverInput
from app.changes.queries import round_of, rounds
from app.deps import KnownAt, ReadSession
from app.listing import bad_after, page_key
from app.rounds.recording import recorded

router = APIRouter(tags=["rounds"])


class RowsOfDocumentShape(BaseModel):
    count: int = Field(description="how many")
    hash: str = Field(description="SHA-256 of them, which the log names")


class RoundShape(BaseModel):
    """A published cleanup round."""

    id: str = Field(description="changeset id")
    publication: int = Field(description="log seq")
    recorded_at: str = Field(description="when it was published")
    outcomes: dict[str, int] = Field(
        description="how many decisions of each outcome, of those that are public"
    )
    withheld: int | None = Field(
        None, description="how many are not public, whatever the outcome; absent where none"
    )
    title: str = Field(description="标题")
    number: str | None = Field(None, description="第几批")
    reason: str | None = Field(None, description="why")
    document: PaperShape | None = Field(None, description="the document it rests on")
    scope: dict[str, Any] | None = Field(None, description="region, types, authorities, base day")
    synthetic: bool = Field(False, description="true for demonstration data")
    emergency: str | None = Field(None, description="published by one person, for this reason")
    unconfirmed: bool | None = Field(
        None, description="of an emergency: true until a second person has confirmed it"
    )
    undisclosed: int | None = Field(None, description="secret items decided by the document, never entered")
    corrects: str | None = Field(None, description="changeset id of the published round that this corrects")
    stated: dict[str, Any] | None = Field(
        None, description="recorded from a document: the totals it states, as written"
    )
    rows: RowsOfDocumentShape | None = Field(None, description="recorded from a document: its rows")
    report: str | None = Field(
        None, description="SHA-256 of the sums that were stored with it; see `/rounds/{round_id}/report`"
    )


class RoundsShape(BaseModel):
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    rounds: list[RoundShape] = Field(description="newest first")
    next: str | None = Field(description="pass as after for the next page; none on the last")


class AcceptedShape(BaseModel):
    act: int = Field(description="seq of the devolve or narrow")
    receiver: str | None = Field(description="key, region or authority of the receiver")


class RoundDecisionShape(BaseModel):
    act: int = Field(description="seq of the decision")
    subject: str = Field(description="registry id")
    name: str | None = Field(description="name of the item")
    role: str = Field(description="subject, origin, result")
    outcome: str = Field(description="retain, adjust, cancel, ...")
    effective_from: str = Field(description="施行日期")
    until: str | None = Field(description="the first day on which it no longer holds")
    voided: str | None = Field(description="error, withdrawn, or none")
    words: str | None = Field(None, description="the document's own words")
    annex: str | None = Field(None, description="附件")
    number: str | None = Field(None, description="序号 in the annex")
    receiver: str | None = Field(None, description="who receives it, in the words of the document")
    follow_up: str | None = Field(None, description="后续监管措施")
    reason: str | None = Field(None, description="why it was decided so, entered late or corrected")
    timing: str | None = Field(None, description="late_entry 补录 or correction 更正")
    outside: list[OutsideOrigin] | None = Field(None, description="origins that are not in this registry")
    receivers: list[ReceiverInput] | None = Field(None, description="who is to take it over")
    transition_until: str | None = Field(
        None, description="过渡期: the first day on which it no longer holds here, accepted or not"
    )
    accepts: list[AcceptedShape] | None = Field(None, description="the devolves that it accepts")
    duties: list[DutyInput] | None = Field(None, description="what is to be done after it")
    fulfils: list[FulfilmentInput] | None = Field(
        None, description="duties of earlier decisions that it fulfils"
    )
    pending_law: PendingLawInput | None = Field(
        None, description="待修法: what is proposed once the law is amended"
    )
    authorised_by: str | None = Field(
        None, description="上级依据: the higher document that allows what a check would refuse"
    )
    redacted: bool = Field(False, description="present where what it says was removed by order")
    review: dict[str, Any] | None = Field(
        None, description="proposed, opinion, findings and earlier ones: what led to the decision"
    )


class ReconciledShape(BaseModel):
    """The totals a document states beside the sums of its rows. A difference is told, never corrected."""

    total: int | None = Field(description="共多少项, as stated")
    parts: list[dict[str, Any]] = Field(description="words, count, and rows with that outcome, as stated")
    additive: bool = Field(description="false: the parts may not be added up")
    sum_of_parts: int | None = Field(description="the parts added up; none where they may not be")
    parts_match: bool | None = Field(description="whether that is the total")
    rows: int = Field(description="rows recorded")
    rows_by_outcome: dict[str, int] = Field(description="the rows by their outcome, as written")
    rows_without_outcome: int = Field(description="rows whose outcome the source does not give")
    linked: int = Field(description="rows that a person has linked to an item")
    not_recorded: int | None = Field(description="items of the total without a row")
    beyond_total: int | None = Field(description="rows beyond the total: sub-items, merges by source")
    undisclosed: int | None = Field(description="secret items, counted alone")
    reasons: list[dict[str, Any]] = Field(description="kind, label, count, words: why numbers differ")
    unconfirmed: list[dict[str, Any]] = Field(
        description="待确认: label, words: figures that nobody has checked against the document; no difference is drawn"
    )
    retained: str | None = Field(description="what stays after it, as written")
    source: str | None = Field(description="where the figures were found")
    note: str | None = Field(description="what else there is to say")
    sentences: list[str] = Field(description="the same in Chinese")


class RecordedShape(BaseModel):
    reconciliation: ReconciledShape = Field(description="stated totals beside sums of rows")
    rows: list[dict[str, Any]] = Field(
        description="as written: annex, number, name, authority, basis, outcome, words ...; item and how where linked"
    )


class WholeRoundShape(RoundShape):
    """A round with every decision in it."""

    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    decisions: list[RoundDecisionShape] = Field(description="in the order of the document")
    recorded: RecordedShape | None = Field(
        description="recorded from a document: its rows, and how its totals reconcile; none where held here"
    )


@router.get("/rounds", response_model=None, responses={200: {"model": RoundsShape}})
def list_rounds(
    request: Request,
    session: ReadSession,
    known: KnownAt,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """Published cleanup rounds, newest first, with how many items each outcome took."""
    found = rounds(session.connection(), known)
    if key := page_key(after, "changeset"):  # rounds are some dozens in all
        ids = [one["id"] for one in found]
        if key not in ids:
            raise bad_after()
        found = found[ids.index(key) + 1 :]
    following = found[limit - 1]["id"] if len(found) > limit else None
    body = {"rounds": found[:limit], "next": following, **known.told()}
    return answer_value(request, body, headers=next_link(request, following))


@router.get("/rounds/{round_id}", response_model=None, responses={200: {"model": WholeRoundShape}})
def get_round(
    request: Request,
    session: ReadSession,
    round_id: Annotated[str, Path(max_length=40, description="changeset id of the round")],
    known: KnownAt,
) -> Response:
    """A round: its document, scope and every decision."""
    connection = session.connection()
    found = round_of(connection, round_id, known)
    return answer_value(request, {**found, "recorded": recorded(connection, found), **known.told()})
