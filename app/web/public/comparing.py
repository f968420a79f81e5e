"""An item on two days side by side, field by field; or one day as it was known at two times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from app.deps import AskedOn, KnownAt, ReadSession
from app.items.comparing import Side, compare
from app.items.queries import resolve
from app.versions import ids
from app.versions.history import decisions_of, history_of
from app.versions.queries import known_at, moment, parse_day
from app.web import comparing, history
from app.web.history import day_before
from app.web.item_facts import nearest_name
from app.web.rendering import Gaps, gaps, redirect, render
from app.web.subjects import names_apart, settle_documents

router = APIRouter()

Day = Annotated[str, Query(max_length=20)]
ITEM = "/items/{item}/compare"


@router.api_route(ITEM, methods=["GET", "HEAD"])
def compare_days(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    item: Annotated[str, Path(max_length=300)],
    from_: Annotated[str, Query(alias="from", max_length=20)] = "",
    to: Day = "",
    known_from: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    connection = session.connection()
    last = parse_day(to, "to=") if to else asked.on
    item_id, by_code = resolve(connection, item, last)
    if by_code:
        return redirect(request, f"/items/{item_id}/compare")
    intervals = gaps(history_of(connection, item_id, known))
    decisions = gaps(decisions_of(connection, item_id, known))
    first = parse_day(from_, "from=") if from_ else day_before(intervals, last)
    known_first = known_at(connection, known_from) if known_from else known
    compared = compare(connection, item_id, (first, known_first), (last, known))
    sides = compared.first, compared.last
    named = names_apart(connection, {one for side in sides for one in _ids(side.document)}, last)
    between = sorted(
        (one for one in decisions if min(first, last) < one["effective_from"] <= max(first, last)),
        key=lambda one: (one["effective_from"], one["act"]),
    )
    settle_documents(connection, between)
    return render(
        request,
        connection,
        asked,
        "compare.html",
        id=item_id,
        title=nearest_name(connection, item_id, last, known),
        sides=[_shown(side) for side in sides],
        rows=comparing.rows(
            sides[0].document,
            sides[1].document,
            compared.changes,
            named,
            (sides[0].standing.codes, sides[1].standing.codes),
        ),
        between=[Gaps(decision=one, first=False) for one in between],
        days=[one["valid_from"] for one in intervals if one["valid_from"]],
        known=known,
        known_from=known_from,
        attested=history.attested_from(intervals),
    )


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _ids(part)
    elif isinstance(value, list):
        for part in value:
            yield from _ids(part)
    elif isinstance(value, str) and ids.is_id(value):
        yield value


def _shown(side: Side) -> dict[str, Any]:
    standing = side.standing
    return {
        "on": side.on,
        "status": standing.status,
        "revision": standing.revision,
        "known": moment(side.known.recorded_at),
        "seq": side.known.seq,
        "is_head": side.known.is_head,
    }
