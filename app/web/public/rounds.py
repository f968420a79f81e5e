"""Cleanup rounds: the list, and each with its decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.changes import queries
from app.changes.owed import acceptances_of_round
from app.deps import AskedOn, KnownAt, ReadSession
from app.rounds.report import overview
from app.web.rendering import gaps, kind_of, render
from app.web.subjects import names

router = APIRouter()

LIMIT = 200


@router.api_route("/rounds", methods=["GET", "HEAD"])
def list_rounds(request: Request, session: ReadSession, asked: AskedOn, known: KnownAt) -> Response:
    connection = session.connection()
    return render(
        request, connection, asked, "rounds.html", rounds=gaps(queries.rounds(connection, known)), known=known
    )


@router.api_route("/rounds/{round_id}", methods=["GET", "HEAD"])
def show_round(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    round_id: Annotated[str, Path(max_length=60)],
    outcome: Annotated[str, Query(max_length=60)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    connection = session.connection()
    found = gaps(queries.round_of(connection, round_id, known))
    decisions = [one for one in found["decisions"] if not outcome or one["outcome"] == outcome]
    scope = found["scope"] or gaps({})
    owed = acceptances_of_round(connection, round_id, asked.on, known)
    left = [one for one in owed["acceptances"] if one["state"] != "done"][:LIMIT]
    ids = [scope["region"], *(scope["authorities"] or [])]
    ids += [one[name] for one in left for name in ("subject", "region", "authority")]
    named = names(connection, ids, asked.on)
    return render(
        request,
        connection,
        asked,
        "round.html",
        round=found,
        decisions=decisions[(page - 1) * LIMIT : page * LIMIT],
        matching=len(decisions),
        withheld=sum(found["outcomes"].values())
        - len({one["act"] for one in found["decisions"] if not one["voided"]}),
        kinds={one["subject"]: kind_of(one["subject"]) for one in decisions},
        outcome=outcome,
        page=page,
        pages=max(1, -(-len(decisions) // LIMIT)),
        scope=scope,
        owed=owed,
        left=left,
        named=named,
        known=known,
        sums=gaps(overview(connection, round_id, known)),
    )
