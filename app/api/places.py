"""Authorities and regions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from app.api.pages import AfterQuery, AskedList, LimitQuery, Statuses
from app.api.shapes import PageShape, SubjectShape, answer_value
from app.deps import AskedOn, KnownAt, ReadSession
from app.listing import Filter
from app.versions.codes import main_code, subject_id
from app.versions.models import OPEN
from app.versions.queries import Known
from app.versions.subjects import describe_on

router = APIRouter(tags=["places"])

SubjectPath = Annotated[str, Path(description="registry id, or a code", max_length=300)]


def subject_answer(
    connection: Connection, kind: str, asked: str, day: str, known: Known, today: str
) -> dict[str, Any]:
    """A subject other than an item, on a day, as known at a time: the same envelope, fewer fields."""
    found = subject_id(connection, kind, asked, day, known)
    described = describe_on(connection, found, day, known)
    standing = described.standing
    return {
        "id": found,
        "kind": kind,
        "code": main_code(standing.codes),
        "codes": standing.codes,
        "name": described.name,
        "status": standing.status,
        "on": day,
        "planned": day > today,
        "valid_from": standing.valid_from,
        "valid_to": standing.valid_to,
        "attested_from": standing.attested_from,
        "revision": standing.revision,
        "names": [
            {
                "name": n.name,
                "valid_from": n.valid_from,
                "valid_to": None if n.valid_to == OPEN else n.valid_to,
            }
            for n in described.names
        ],
        "predecessors": described.predecessors,
        "successors": described.successors,
        **known.told(),
        "content": described.content or None,
    }


@router.get("/authorities", response_model=None, responses={200: {"model": PageShape}})
def list_authorities(
    asked: Annotated[AskedList, Depends()],
    region: Annotated[str | None, Query(description="region id or code; with all below it")] = None,
    name: Annotated[str | None, Query(description="names that contain this")] = None,
    status: Statuses = None,
    after: AfterQuery = None,
    limit: LimitQuery = 100,
) -> Response:
    """Authorities on a day, under their names of that day."""
    within = asked.region(region)
    wanted = Filter(
        on=asked.on, kind="authority", region=within, name_contains=name, statuses=tuple(status or ())
    )
    return asked.answer(wanted, after, limit)


@router.get("/authorities/{authority}", response_model=None, responses={200: {"model": SubjectShape}})
def get_authority(
    request: Request, session: ReadSession, authority: SubjectPath, asked: AskedOn, known: KnownAt
) -> Response:
    """An authority: its dated names, predecessors and successors."""
    body = subject_answer(session.connection(), "authority", authority, asked.on, known, asked.today)
    return answer_value(request, body)


@router.get("/regions", response_model=None, responses={200: {"model": PageShape}})
def list_regions(
    asked: Annotated[AskedList, Depends()],
    parent: Annotated[
        str | None, Query(description="only those directly below this region (id or code)")
    ] = None,
    after: AfterQuery = None,
    limit: LimitQuery = 500,
) -> Response:
    """Regions on a day."""
    return asked.answer(Filter(on=asked.on, kind="region", parent=asked.region(parent)), after, limit)


@router.get("/regions/{region}", response_model=None, responses={200: {"model": SubjectShape}})
def get_region(
    request: Request, session: ReadSession, region: SubjectPath, asked: AskedOn, known: KnownAt
) -> Response:
    """A region: its dated names and codes."""
    body = subject_answer(session.connection(), "region", region, asked.on, known, asked.today)
    return answer_value(request, body)
