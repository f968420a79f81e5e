"""A round held here while it is worked out: 清理意见表 out and in, proposals, the office's opinions. For staff."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from app.api.files import body_of
from app.api.once import IdempotencyKey, Written, answer_read_once, fingerprint_of
from app.api.rounds import XLSX
from app.api.shapes import JSON, answer_value
from app.api.worksheet_shapes import (
    FilledShape,
    OpinedShape,
    OpineInput,
    ProgressShape,
    ProposalsShape,
    ProposedShape,
    ProposeInput,
)
from app.auth.actor import Actor
from app.canonical import digest
from app.changes import rows
from app.deps import ActorOf, ReadSession, Registry, RegistryOf, StaffReader, TokenFirst
from app.errors import Invalid
from app.exchange.rows import Refused
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import write_marked, write_worksheets
from app.exchange.worksheets import Filled, import_filled, looked_at, read_filled, refuse_faulty
from app.files import as_file
from app.manners import saved_as, unkept
from app.rounds.proposing import propose_from
from app.rounds.reviewing import Review, opine_from
from app.rounds.worksheets import Worksheets, progress, told, within, worksheets
from app.versions.queries import today

router = APIRouter(tags=["rounds"], route_class=TokenFirst)

RoundPath = Annotated[str, Path(max_length=40, description="changeset id of the round")]
AuthorityQuery = Annotated[str | None, Query(max_length=60, description="registry id: this authority alone")]
ReopenQuery = Annotated[
    bool, Query(description="replace what the office has reviewed; its opinion stays among the earlier ones")
]
SeenQuery = Annotated[
    str | None,
    Query(
        max_length=40,
        description="with `reopen`: the moment (RFC 3339) at which you read what the office has reviewed; what it has "
        "reviewed since is kept, and told as `reviewed-meanwhile`",
    ),
]
State = Literal["open", "proposed", "returned", "reviewed"]


def _sheets(session: Session, reader: Actor, round_id: str, authority: str | None = None) -> Worksheets:
    """A round's worksheets as far as the reader's scope goes."""
    return within(session.connection(), reader, worksheets(session, round_id, today(), authority))


@router.get("/rounds/{round_id}/worksheets", response_model=None, responses={200: {"model": ProgressShape}})
def list_worksheets(
    request: Request, session: ReadSession, reader: StaffReader, round_id: RoundPath
) -> Response:
    """The worksheets of a round by authority, with how many items are open, proposed, returned and reviewed."""
    return answer_value(request, progress(_sheets(session, reader, round_id)), private=True)


@router.get(
    "/rounds/{round_id}/worksheets.xlsx",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "its bytes"}},
)
def get_worksheets(
    session: ReadSession, reader: StaffReader, round_id: RoundPath, authority: AuthorityQuery = None
) -> Response:
    """清理意见表 as a workbook to fill in: one sheet an authority, or one authority's alone."""
    found = _sheets(session, reader, round_id, authority)
    name = found.names.get(authority, "") if authority else ""
    return _workbook(
        write_worksheets(session.connection(), found), f"{found.opened.changeset.title}清理意见表{name}.xlsx"
    )


def _workbook(body: bytes, name: str, replayed: bool = False) -> Response:
    return Response(body, media_type=XLSX, headers=saved_as(name) | unkept(replayed=replayed))


@router.post("/rounds/{round_id}/worksheets", response_model=None, responses={200: {"model": FilledShape}})
async def import_worksheets(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    reopen: ReopenQuery = False,
    seen: SeenQuery = None,
    key: IdempotencyKey = None,
) -> Response:
    """Take in a filled workbook (the body is its bytes): every touched row a proposal, or the file refused whole."""
    day, looked = today(), looked_at(seen)

    def read(session: Session, path: File) -> bytes | Written:
        ready = read_filled(session, actor, round_id, path, day, reopen=reopen, seen=looked)

        def write(session: Session) -> bytes:
            return said(
                import_filled(session, actor, round_id, path, day, reopen=reopen, ready=ready, seen=looked)
            )

        return write if ready.writes else said(ready.filled)

    def said(filled: Filled) -> bytes:
        refuse_faulty(filled)
        return orjson.dumps(filled.told())

    body, replayed = await _uploaded(request, registry, actor, key, read)
    return Response(body, media_type=JSON, headers=unkept(replayed=replayed))


@router.post(
    "/rounds/{round_id}/worksheets/marked",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "its bytes"}},
)
async def mark_worksheets(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    reopen: ReopenQuery = False,
    seen: SeenQuery = None,
    key: IdempotencyKey = None,
) -> Response:
    """The same workbook back with every error written in place; nothing is taken in."""
    looked = looked_at(seen)

    def read(session: Session, path: File) -> bytes:
        filled = read_filled(session, actor, round_id, path, today(), reopen=reopen, seen=looked).filled
        try:
            sheets = every_sheet(path)
        except Refused as refused:
            raise Invalid(f"{refused.problem.message}。", code=refused.problem.code) from None
        return write_marked(sheets, [*filled.problems, *filled.kept])

    marked, replayed = await _uploaded(request, registry, actor, key, read)
    return _workbook(marked, "清理意见表（标注）.xlsx", replayed)


async def _uploaded(
    request: Request,
    registry: Registry,
    actor: Actor,
    key: str | None,
    read: Callable[[Session, File], bytes | Written],
) -> tuple[bytes, bool]:
    """(what is answered to an uploaded workbook, whether it was answered before). The file is there as long as it is
    read and written."""
    body = await body_of(request, registry.settings.max_upload_bytes)

    def work() -> tuple[bytes, bool]:
        with as_file(body, "清理意见表.xlsx") as path:
            asked = fingerprint_of(request, digest(body))
            return answer_read_once(registry, actor, key, asked, lambda session: read(session, path))

    return await run_in_threadpool(work)


@router.get("/rounds/{round_id}/proposals", response_model=None, responses={200: {"model": ProposalsShape}})
def list_proposals(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    round_id: RoundPath,
    authority: AuthorityQuery = None,
    state: Annotated[State | None, Query(description="items in this state alone")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows")] = 200,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="rows passed over")] = 0,
) -> Response:
    """Item by item: the department's proposal, the office's opinion, the decision; with who and when."""
    found = _sheets(session, reader, round_id, authority)
    lines = [line for some in found.lines.values() for line in some if state is None or line.state == state]
    rows = told(session, lines[offset : offset + limit])
    return answer_value(request, {"round": round_id, "total": len(lines), "proposals": rows}, private=True)


@router.post("/rounds/{round_id}/proposals", response_model=None, responses={200: {"model": ProposedShape}})
def make_proposals(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    asked: ProposeInput,
    key: IdempotencyKey = None,
) -> Response:
    """Propose for items of the round, all or none; each is tried against the rules, and checked."""

    def read(session: Session) -> Written:
        write = propose_from(
            session,
            actor,
            round_id,
            lambda _session: asked.decisions,
            today(),
            reopen=asked.reopen,
            read=asked.read,
        )

        def written(session: Session) -> bytes:
            done = write(session)
            return orjson.dumps({name: getattr(done, name) for name in ProposedShape.model_fields})

        return written

    return _weighed_once(request, registry, actor, key, asked, read)


@router.post("/rounds/{round_id}/opinions", response_model=None, responses={200: {"model": OpinedShape}})
def give_opinion(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    round_id: RoundPath,
    asked: OpineInput,
    key: IdempotencyKey = None,
) -> Response:
    """The office agrees to proposals, changes one, or returns them. Not by whoever proposed them; of one that was
    changed after it was `read`, 412 and nothing is written."""

    def read(session: Session) -> Written:
        review = Review(asked.items, asked.opinion, asked.reason, asked.decision, asked.read or {})
        write = opine_from(session, actor, round_id, review, today())

        def written(session: Session) -> bytes:
            items = [row.subject for row in write(session)]
            version = rows.find(session, round_id).version
            return orjson.dumps({"opinion": asked.opinion, "items": items, "version": version})

        return written

    return _weighed_once(request, registry, actor, key, asked, read)


def _weighed_once(
    request: Request,
    registry: Registry,
    actor: Actor,
    key: str | None,
    asked: BaseModel,
    read: Callable[[Session], Written],
) -> Response:
    fingerprint = fingerprint_of(request, asked.model_dump(mode="json"))
    body, replayed = answer_read_once(registry, actor, key, fingerprint, read)
    return Response(body, media_type=JSON, headers=unkept(replayed=replayed))
