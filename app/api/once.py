"""Writes that are done once: every POST takes an ``Idempotency-Key``, and repeated gives the first answer again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response
from sqlmodel import Session

from app import idempotency
from app.api.shapes import JSON
from app.auth.actor import Actor
from app.canonical import encode
from app.deps import Registry
from app.manners import unkept

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", max_length=200, description="the same key and request again: the same answer"
    ),
]


def answer_once(
    request: Request,
    session: Session,
    actor: Actor,
    key: str | None,
    asked: Any,
    work: Callable[[], Any],
    status: int = 200,
) -> Response:
    """Do the work once per Idempotency-Key; a repeated request gets the first answer."""
    fingerprint = fingerprint_of(request, asked)
    if key is not None:
        idempotency.hold(session, actor.account or 0, key)
        before = idempotency.recall(session, actor.account or 0, key, fingerprint)
        if before is not None:
            return Response(before.body, before.status, media_type=JSON, headers=unkept(replayed=True))
    body = orjson.dumps(work())
    if key is not None:
        idempotency.remember(session, actor.account or 0, key, fingerprint, status, body)
    return Response(body, status, media_type=JSON, headers=unkept())


def fingerprint_of(request: Request, asked: Any) -> bytes:
    """What a repeated request has in common with the first; the version that it was made on is part of it."""
    seen = request.headers.get("if-match")
    version = [] if seen is None else [seen]
    return encode([request.method, request.url.path, request.url.query, asked, *version])


Written = Callable[[Session], bytes]
"""What an answer says, once it is written in this session."""


def answer_read_once(
    registry: Registry,
    actor: Actor,
    key: str | None,
    fingerprint: bytes,
    read: Callable[[Session], bytes | Written],
) -> tuple[bytes, bool]:
    """(the answer's bytes, whether they were given before). ``read`` works in a reading session, for long perhaps; what
    it comes to, where it is to be written, has the writer's place for as long as writing takes."""
    account = actor.account or 0

    def before(session: Session) -> idempotency.Answered | None:
        return None if key is None else idempotency.recall(session, account, key, fingerprint)

    with registry.database.reading() as session:
        if (given := before(session)) is not None:
            return given.body, True
        got = read(session)
    if key is None and isinstance(got, bytes):
        return got, False
    with registry.database.writing() as session:
        if key is not None:
            idempotency.hold(session, account, key)
        if (given := before(session)) is not None:  # while this one was read
            return given.body, True
        body = got if isinstance(got, bytes) else got(session)
        if key is not None:
            idempotency.remember(session, account, key, fingerprint, 200, body)
    return body, False
