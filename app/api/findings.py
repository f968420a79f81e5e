"""What the checks have found, for the office: needs a token, since much of it is not yet put right."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from app.api.shapes import NamedShape, answer_value, next_link
from app.checks import queries
from app.checks.sweeping import last_run
from app.db import run_by
from app.deps import ReadSession, StaffReader
from app.places.queries import region_id, subtree
from app.versions.codes import subject_id
from app.versions.names import NameBook, named
from app.versions.queries import moment, today

router = APIRouter(tags=["findings"])

Authority = Annotated[str | None, Query(max_length=300, description="items of this authority, by id or code")]
Region = Annotated[
    str | None, Query(max_length=300, description="items of this region and all below it, by id or code")
]


class FindingRowShape(BaseModel):
    """One finding about one item."""

    item: NamedShape = Field(description="the item, by its name when it was checked")
    authority: NamedShape | None = Field(description="who holds it")
    region: NamedShape | None = Field(description="where")
    code: str = Field(description="no-citation, basis-not-in-force, promised-above-statutory, ...")
    title: str = Field(description="what the code means, in Chinese")
    severity: str = Field(description="error 违反规定, warning 请核对, note 待完善")
    message: str = Field(description="what is wrong and what to do, in Chinese")
    source: str = Field(description="the law and article, or the standard, that says so")
    path: str = Field(description="the field to mend, as field changes write it: citations/k1/article")
    about: str | None = Field(description="the instrument or organ it is about")
    points: int = Field(description="the item's points, 0 to 100")
    checked_on: str = Field(description="the day as of which it was checked")


class FindingsShape(BaseModel):
    findings: list[FindingRowShape] = Field(description="in the order of items")
    next: str | None = Field(description="pass as `after` for the next page; none on the last")


class ScoreShape(BaseModel):
    """An authority's items by points."""

    authority: NamedShape | None = Field(description="the authority")
    items: int = Field(description="items looked at")
    clean: int = Field(description="items without a finding")
    mean: float = Field(description="mean points of its items, 0 to 100, to a tenth")
    errors: int = Field(description="findings against a rule of law")
    warnings: int = Field(description="findings to be looked at")
    notes: int = Field(description="what is incomplete")


class ScoresShape(BaseModel):
    checked_at: str | None = Field(
        description="when the last check over all ended; none where there was none"
    )
    scores: list[ScoreShape] = Field(description="the fewest points first")
    codes: list[dict[str, Any]] = Field(description="code, title, severity, items, findings")


@router.get("/findings", response_model=None, responses={200: {"model": FindingsShape}})
def list_findings(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    authority: Authority = None,
    region: Region = None,
    item: Annotated[str | None, Query(max_length=300, description="one item, by id or code")] = None,
    code: Annotated[str | None, Query(max_length=60, description="one check's code")] = None,
    severity: Annotated[str | None, Query(max_length=20, description="error, warning, note")] = None,
    excepted: Annotated[bool, Query(description="those let stand with a reason, instead")] = False,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="rows a page")] = 100,
) -> Response:
    """What the checks found when they last looked, item by item."""
    connection, day = session.connection(), today()
    wanted = queries.Wanted(
        authority=subject_id(connection, "authority", authority, day) if authority else None,
        regions=_regions(connection, region, day),
        item=subject_id(connection, "item", item, day) if item else None,
        code=code,
        severity=severity,
        excepted=excepted,
    )
    queries.confine(connection, wanted, reader, day)
    rows = queries.findings(connection, wanted, queries.place_after(after), limit + 1)
    following = f"{rows[limit - 1]['subject']}:{rows[limit - 1]['position']}" if len(rows) > limit else None
    rows = rows[:limit]
    name = _namer(connection, [row[part] for row in rows for part in ("authority", "region")], day)
    body = {
        "findings": [
            {
                "item": {"id": row["subject"], "name": row["name"]},
                "authority": name(row["authority"]),
                "region": name(row["region"]),
                **{part: row[part] for part in _PARTS},
                "checked_on": row["day"],
            }
            for row in rows
        ],
        "next": following,
    }
    return answer_value(request, body, headers=next_link(request, following), private=True)


_PARTS = ("code", "title", "severity", "message", "source", "path", "about", "points")


@router.get("/findings/scores", response_model=None, responses={200: {"model": ScoresShape}})
def list_scores(
    request: Request, session: ReadSession, reader: StaffReader, region: Region = None
) -> Response:
    """Points by authority, and how often each check finds something."""
    connection, day = session.connection(), today()
    wanted = queries.Wanted(regions=_regions(connection, region, day))
    queries.confine(connection, wanted, reader, day)
    found = queries.by_authority(connection, wanted.regions)
    rows = [row for row in found if wanted.authority in (None, row["authority"])]
    run = last_run(connection)
    name = _namer(connection, [row["authority"] for row in rows], day)
    body = {
        "checked_at": moment(run.at) if run else None,
        "scores": [
            {
                "authority": name(row["authority"]),
                **{part: row[part] for part in ("items", "clean", "mean", "errors", "warnings", "notes")},
            }
            for row in rows
        ],
        "codes": queries.by_code(connection, wanted),
    }
    return answer_value(request, body, private=True)


def _regions(connection: Connection, asked: str | None, day: str) -> list[str] | None:
    """What is asked for; none: everywhere."""
    found = region_id(connection, asked, day)
    return None if found is None else subtree(connection, found, day)


def _namer(connection: Connection, ids: list[str | None], day: str) -> Any:
    run, book = run_by(connection), NameBook()
    book.load(connection, ids)
    return lambda one: named(run, book, one, day)
