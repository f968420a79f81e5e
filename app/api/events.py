"""The log's head, the change feed, the export."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from app import log
from app.api.shapes import answer_value
from app.changes.feed import events
from app.deps import AskedOn, KnownQuery, ReadSession, RegistryOf, address_of
from app.errors import RegistryError
from app.exchange.exporting import export_lines, export_lines_as_known
from app.versions.queries import known_at, moment, parse_day
from app.versions.standing import refuse_too_many

router = APIRouter(tags=["log"])


class HeadShape(BaseModel):
    seq: int = Field(description="seq of the last entry; 0 where nothing is published")
    hash: str = Field(description="its hash, which covers all before it")
    recorded_at: str = Field(description="when it was recorded")


@router.get("/log/head", response_model=None, responses={200: {"model": HeadShape}})
def get_head(request: Request, session: ReadSession) -> Response:
    """Seq and hash of the last log entry. Keep it: `qingdan verify --head SEQ:HASH` proves against it later."""
    head = log.head(session.connection())
    return answer_value(
        request, {"seq": head.seq, "hash": head.hash, "recorded_at": moment(head.recorded_at)}, private=True
    )


class ChangeShape(BaseModel):
    """A revision as recorded, or a code given or taken from a day on."""

    seq: int = Field(description="its log seq")
    subject: str = Field(description="registry id")
    kind: str = Field(description="item, entry, authority, region, instrument, calendar")
    effective_from: str = Field(description="the day from which it holds")
    status: str | None = Field(
        description="status from that day; not_yet after a voided start; none where withheld"
    )
    content_hash: str | None = Field(
        description="SHA-256 of the content; none after a voided start or where withheld"
    )
    publication: int = Field(description="seq of the publication")
    outcome: str | None = Field(description="add, adjust, cancel, ... ; none after a void")
    voids: int | None = Field(description="the act that was voided")
    recorded_at: str | None = Field(description="when it was recorded")
    withheld: bool = Field(
        False, description="present where the revision is not public: drop what you hold from that day"
    )


class ChangesShape(BaseModel):
    changes: list[ChangeShape] = Field(description="in log order")
    next: int | None = Field(description="pass as `since` for the next page; none on the last")
    seq: int = Field(description="the log's head")


@router.get("/changes", response_model=None, responses={200: {"model": ChangesShape}})
def list_changes(
    request: Request,
    session: ReadSession,
    since: Annotated[int, Query(ge=0, le=2**62, description="events recorded after this seq")] = 0,
    effective_from: Annotated[str | None, Query(description="events that take effect from this day")] = None,
    effective_to: Annotated[str | None, Query(description="... up to this day")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows")] = 200,
) -> Response:
    """What changed, in log order and without gaps. Go on with `next` as `since`."""
    connection = session.connection()
    days = None
    if effective_from or effective_to:
        days = parse_day(effective_from or "0001-01-01"), parse_day(effective_to or "9999-12-30")
    found, following = events(connection, since, limit, days)
    body = {"changes": found, "next": following, "seq": log.head(connection).seq}
    return answer_value(request, body, private=True)


@router.get(
    "/export.jsonl",
    response_model=None,
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "one item a line"}},
)
def export(request: Request, registry: RegistryOf, asked: AskedOn, known_at_: KnownQuery = None) -> Response:
    """Every public item on a day, one JSON answer a line, as of one log entry (header X-Log-Seq).

    With `known_at` the answers are worked out from revisions: the same lines, slower, and up to a number of items
    that the registry sets (QINGDAN_KNOWN_AT_ITEMS); past it the request is refused as `known-at-too-large`.
    """
    registry.noting.note("export", subject=request.url.path, address=address_of(request), note=asked.on)
    snapshot = ExitStack()
    connection = snapshot.enter_context(registry.database.reading()).connection()
    try:
        known = known_at(connection, known_at_)
        if not known.is_head:
            refuse_too_many(connection, "item", known, registry.settings.known_at_items)
    except RegistryError:
        snapshot.close()
        raise

    def lines() -> Iterator[bytes]:
        with snapshot:
            if known.is_head:
                yield from export_lines(connection, asked.on, asked.today)
            else:
                yield from export_lines_as_known(connection, asked.on, asked.today, known)

    headers = {"X-Log-Seq": str(known.seq)} | ({"X-Later-Than-Head": "true"} if known.asked_later else {})
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)
