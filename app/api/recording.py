"""A round recorded from a document while it is drafted: its rows in, matched, confirmed. For staff."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from app.api.files import body_of
from app.api.once import IdempotencyKey, Written, answer_read_once, fingerprint_of
from app.api.publications import ReconciledShape
from app.api.shapes import JSON, answer_value
from app.api.worksheets import RoundPath
from app.auth.actor import Actor
from app.canonical import digest
from app.changes import rows
from app.changes.showing import require_readable
from app.deps import ActorOf, ReadSession, Registry, RegistryOf, StaffReader, TokenFirst
from app.errors import Invalid
from app.exchange.annex_reading import AnnexMapping, read_annex
from app.files import as_file
from app.manners import unkept
from app.rounds.recording import Choice, confirm, confirm_certain, drafted_rows, rematch_from, rows_from
from app.versions.queries import today
from app.versions.shapes import Body

router = APIRouter(tags=["rounds"], route_class=TokenFirst)


class CandidateShape(BaseModel):
    item: str = Field(description="registry id")
    name: str = Field(description="its last name")
    authority: str = Field(description="registry id of who holds it")
    authority_name: str | None = Field(description="its name")
    how: str = Field(description="code, name, former, close")
    how_label: str = Field(description="the same in Chinese")
    score: int = Field(description="per cent; 100 but for a close name")
    within: bool = Field(description="whether it lies in the issuing authority's region (scope.region)")


class RowShape(BaseModel):
    """A row in the document's own words."""

    model_config = ConfigDict(extra="allow")  # annex, number, code, authority, basis, outcome, words, ...
    position: int = Field(description="its place in the document, from 1")
    name: str = Field(description="项目名称 as written")
    state: str = Field(description="open, linked, unmatched")
    item: str | None = Field(description="registry id, once a person has confirmed it")
    how: str | None = Field(description="code, name, former, close, hand; none: confirmed that there is none")
    how_label: str | None = Field(description="the same in Chinese")
    certain: bool = Field(description="open, and one item alone fits by code or name in the region")
    candidates: list[CandidateShape] = Field(description="items it may mean, likeliest first")


class RowsOfRoundShape(BaseModel):
    round: str = Field(description="changeset id")
    title: str = Field(description="标题")
    state: str = Field(description="draft, submitted, returned, approved, published, withdrawn")
    rows: list[RowShape] = Field(description="in the order of the document")
    reconciliation: ReconciledShape = Field(description="stated totals beside sums of rows")


class ChoiceInput(BaseModel):
    position: int = Field(ge=1, le=100_000, description="the row")
    item: str | None = Field(None, max_length=40, description="registry id; none: it has none here")
    apply: bool = Field(False, description="make its outcome a decision about the item, entered late (补录)")


class MatchInput(Body):
    rows: list[ChoiceInput] = Field([], max_length=20_000, description="what these rows mean")
    certain: bool = Field(False, description="confirm every row that one item alone fits by code or name")
    again: bool = Field(False, description="look for candidates of the open rows again")


ROWS: dict[int | str, dict[str, Any]] = {200: {"model": RowsOfRoundShape}}


@router.get("/rounds/{round_id}/rows", response_model=None, responses=ROWS)
def list_rows(request: Request, session: ReadSession, reader: StaffReader, round_id: RoundPath) -> Response:
    """The rows of a document that is recorded, with the items each may mean, and how its totals reconcile."""
    require_readable(session, reader, rows.find(session, round_id))
    return answer_value(request, drafted_rows(session, round_id), private=True)


@router.post("/rounds/{round_id}/rows", response_model=None, responses=ROWS)
async def take_rows(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    name: Annotated[
        str, Query(min_length=1, max_length=200, description="the file's name: .csv, .xlsx or .docx")
    ],
    annex: Annotated[
        str | None, Query(max_length=200, description="every row's 附件, where no column says it")
    ] = None,
    outcome: Annotated[
        str | None, Query(max_length=200, description="every row's 处理决定, where the title alone says it")
    ] = None,
    add: Annotated[bool, Query(description="behind the rows there are; else instead of them")] = False,
    key: IdempotencyKey = None,
) -> Response:
    """Take the rows of an annex in (the body is the file's bytes), matched at once; nothing is linked by itself."""
    body = await body_of(request, registry.settings.max_upload_bytes)
    constants = {field: value for field, value in (("annex", annex), ("outcome", outcome)) if value}

    def read(session: Session, path: File) -> Written:
        found, problems = read_annex(path, AnnexMapping(constants=constants))
        wrong = [one for one in problems if one.severity == "error"]
        if wrong:
            raise Invalid(
                f"没有录入任何一行。{wrong[0].where}：{wrong[0].message}。",
                code=wrong[0].code,
                errors=[one.model_dump() for one in wrong[:200]],
            )
        return _told(rows_from(session, actor, round_id, found, today(), add=add), round_id)

    def work() -> Response:
        with as_file(body, name) as path:
            return _answered(request, registry, actor, key, digest(body), lambda session: read(session, path))

    return await run_in_threadpool(work)


@router.post("/rounds/{round_id}/rows/match", response_model=None, responses=ROWS)
def match_rows(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    asked: MatchInput,
    key: IdempotencyKey = None,
) -> Response:
    """A person confirms what rows mean: one by one, or all that are certain; rows without an item stand as they are."""

    actor.require("edit")
    if not (asked.again or asked.certain or asked.rows):
        raise Invalid("请写明各行对应的事项（rows），或 certain、again。", code="nothing-asked", field="rows")

    def read(session: Session) -> Written:
        rematched = rematch_from(session, actor, round_id, today()) if asked.again else None

        def write(session: Session) -> None:
            if rematched is not None:
                rematched(session)
            if asked.certain:
                confirm_certain(session, actor, round_id, today())
            chosen = [Choice(one.position, one.item, one.apply) for one in asked.rows]
            if chosen:
                confirm(session, actor, round_id, chosen, today())

        return _told(write, round_id)

    return _answered(request, registry, actor, key, asked.model_dump(mode="json"), read)


def _told(write: Callable[[Session], Any], round_id: str) -> Written:
    """The rows as they are, once that is written."""

    def written(session: Session) -> bytes:
        write(session)
        return orjson.dumps(drafted_rows(session, round_id))

    return written


def _answered(
    request: Request,
    registry: Registry,
    actor: Actor,
    key: str | None,
    asked: Any,
    read: Callable[[Session], Written],
) -> Response:
    body, replayed = answer_read_once(registry, actor, key, fingerprint_of(request, asked), read)
    return Response(body, media_type=JSON, headers=unkept(replayed=replayed))
