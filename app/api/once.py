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
    fingerprint = encode([request.method, request.url.path, request.url.query, asked])
    if key is not None:
        before = idempotency.recall(session, actor.account or 0, key, fingerprint)
        if before is not None:
            headers = {"Cache-Control": "private, no-store", "Idempotent-Replay": "true"}
            return Response(before.body, before.status, media_type=JSON, headers=headers)
    body = orjson.dumps(work())
    if key is not None:
        idempotency.remember(session, actor.account or 0, key, fingerprint, status, body)
    return Response(body, status, media_type=JSON, headers={"Cache-Control": "private, no-store"})
