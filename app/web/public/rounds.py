"""Cleanup rounds: the list, each with its decisions, and how the number of items went over the years."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from app.changes import queries
from app.changes.annexes import places
from app.changes.owed import acceptances_of_round
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.places.queries import region_id
from app.rounds.browsing import PAGE, Wanted, browse
from app.rounds.corrections import corrections
from app.rounds.counted import Published, find
from app.rounds.differences import differences
from app.rounds.recording import recorded
from app.rounds.report import overview
from app.rounds.series import series
from app.saying import said
from app.versions.queries import parse_day
from app.web import charts
from app.web.rendering import gaps, kind_of, render
from app.web.subjects import names, told_apart

router = APIRouter()

LEFT = 200
"""Acceptances still owed, as far as a page lists them."""
GROUPS = {"authority": "实施机关", "type": "事项类型", "level": "行使层级"}
LINES, ROWS, ORGANS = 16, 20, 300
"""Of the chart, of a page of the cross table, and of authorities to choose from."""
Words = Annotated[str, Query(max_length=60)]
Page = Annotated[int, Query(ge=1, le=10_000)]


@router.api_route("/rounds", methods=["GET", "HEAD"])
def list_rounds(request: Request, session: ReadSession, asked: AskedOn, known: KnownAt) -> Response:
    connection = session.connection()
    return render(
        request, connection, asked, "rounds.html", rounds=gaps(queries.rounds(connection, known)), known=known
    )


@router.api_route("/rounds/series", methods=["GET", "HEAD"])
def show_series(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    registry: RegistryOf,
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    region: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Items in force by type, from the first record on; between any two days."""
    connection = session.connection()
    days = [parse_day(one, said("日期")) for one in (first, last) if one]
    days += [asked.on] if len(days) == 1 else []
    place = region_id(connection, region or None, max(days, default=asked.on))
    once = partial(registry.intervals.once, connection)
    found = series(connection, days, place, None, asked.on, once)
    named = names(connection, [place or ""], asked.on)
    return render(
        request,
        connection,
        asked,
        "series.html",
        found=found,
        drawn=charts.over_time(found["days"]),
        first=first,
        last=last,
        region=region,
        place=named.get(place or "", place),
    )


@router.api_route("/rounds/{round_id}", methods=["GET", "HEAD"])
def show_round(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    round_id: Annotated[str, Path(max_length=60)],
    outcome: Words = "",
    authority: Words = "",
    kind: Annotated[str, Query(alias="type", max_length=60)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    by: Words = "authority",
    part: Page = 1,
    row: Page = 1,
    page: Page = 1,
) -> Response:
    """``by`` and ``part``: which groups the cross table has, and which page of them; ``row``: the page of the
    document's own rows, where the round was recorded from one."""
    connection = session.connection()
    head = gaps(queries.round_head(connection, round_id, known))
    found = find(connection, round_id, known)
    browsed = browse(connection, found, known, Wanted(outcome, authority, kind, q.strip()), page)
    sums = overview(connection, round_id, known)
    grouped = by if by in GROUPS else "authority"
    groups = sums[f"by_{grouped}"]
    scope = head["scope"] or gaps({})
    owed = acceptances_of_round(connection, round_id, asked.on, known)
    left = [one for one in owed["acceptances"] if one["state"] != "done"][:LEFT]
    ids = [authority, scope["region"], *(scope["authorities"] or [])]
    ids += [one[name] for one in left for name in ("subject", "region", "authority")]
    ids += [side.authority for pair in browsed.pairs.values() for side in (pair.before, pair.after) if side]
    named = names(connection, ids, asked.on)
    apart = named | told_apart(connection, named, asked.on)
    return render(
        request,
        connection,
        asked,
        "round.html",
        round=head,
        decisions=gaps(browsed.rows),
        changed={item: differences(pair, apart) for item, pair in browsed.pairs.items()},
        matching=browsed.matching,
        listed=browsed.outcomes,
        stood={item for item, pair in browsed.pairs.items() if pair.before},
        withheld=head["withheld"] or 0,
        kinds={one["subject"]: kind_of(one["subject"]) for one in browsed.rows},
        wanted={"outcome": outcome, "authority": authority, "type": kind, "q": q},
        organs=[(row["id"], row["name"]) for row in sums["by_authority"] if row["id"] != "unknown"][:ORGANS],
        types=[(row["code"], row["name"]) for row in sums["by_type"] if row["code"] != "unknown"],
        page=page,
        pages=max(1, -(-browsed.matching // PAGE)),
        scope=scope,
        owed=owed,
        left=left,
        named=named,
        known=known,
        sums=gaps(sums),
        corrections=gaps(corrections(connection, found, known.seq)) if sums["moved"] else [],
        **_recorded(connection, found, row),
        beyond=[row["before"] for row in sums["by_authority"] if row["before"]][LINES:],
        lines=charts.outcomes_by_group(sums["by_authority"], LINES),
        legend=charts.OUTCOMES,
        by=grouped,
        groups=GROUPS,
        crossed=charts.crossed(groups[(part - 1) * ROWS : part * ROWS]),
        crossed_of=len(groups),
        part=part,
        parts=max(1, -(-len(groups) // ROWS)),
    )


def _recorded(connection: Connection, found: Published, page: int) -> dict[str, Any]:
    """A page of the rows of a recorded document, with what reconciles its totals."""
    told = recorded(connection, found.statement)
    found_rows = told["rows"] if told else []
    at = places(one.get("annex") for one in found_rows)
    rows = [{**one, "place": place} for one, place in zip(found_rows, at, strict=True)]
    shown = {**told, "rows": rows[(page - 1) * PAGE : page * PAGE]} if told else None
    return {
        "recorded": gaps(shown),
        "recorded_rows": len(rows),
        "row": page,
        "row_pages": max(1, -(-len(rows) // PAGE)),
    }
