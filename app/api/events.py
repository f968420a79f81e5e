"""The log's head, the change feed, the export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app import log
from app.api.shapes import answer_value
from app.changes.queries import events_effective, events_since
from app.deps import AskedOn, ReadSession, RegistryOf
from app.exchange.exporting import export_lines
from app.versions.queries import moment, parse_day

router = APIRouter(tags=["log"])


@router.get("/log/head", response_model=None)
def get_head(request: Request, session: ReadSession) -> Response:
    """Seq and hash of the last log entry. Keep it: `qingdan verify --head SEQ:HASH` proves against it later."""
    head = log.head(session.connection())
    return answer_value(
        request, {"seq": head.seq, "hash": head.hash, "recorded_at": moment(head.recorded_at)}, private=True
    )


@router.get("/changes", response_model=None)
def list_changes(
    request: Request,
    session: ReadSession,
    since: Annotated[int, Query(ge=0, description="events recorded after this seq")] = 0,
    effective_from: Annotated[str | None, Query(description="events that take effect from this day")] = None,
    effective_to: Annotated[str | None, Query(description="... up to this day")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """What changed, in log order and without gaps. Go on with `next` as `since`."""
    connection = session.connection()
    if effective_from or effective_to:
        first = parse_day(effective_from or "0001-01-01")
        last = parse_day(effective_to or "9999-12-30")
        events = events_effective(connection, first, last, since, limit)
    else:
        events = events_since(connection, since, limit)
    head = log.head(connection)
    body = {
        "changes": events,
        "next": events[-1]["seq"] if len(events) == limit else None,
        "seq": head.seq,
    }
    return answer_value(request, body, private=True)


@router.get("/export.jsonl", response_model=None)
def export(registry: RegistryOf, asked: AskedOn) -> Response:
    """Every public item on a day, one JSON answer a line, as of one log entry (header X-Log-Seq)."""
    opened = registry.database.reading()
    connection = opened.__enter__().connection()
    head = log.head(connection)

    def lines() -> Iterator[bytes]:
        try:
            yield from export_lines(connection, asked.on, asked.today)
        finally:
            opened.__exit__(None, None, None)

    headers = {"X-Log-Seq": str(head.seq), "X-Log-Hash": head.hash}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)
