"""The shapes of answers, for the API's documentation; and the headers that answers share."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, Field

from app.versions.queries import next_midnight_seconds

JSON = "application/json"
PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str = Field(description="a stable address naming the problem: /problems/<code>")
    title: str = Field(description="what is wrong and what to do, in Chinese")
    status: int
    code: str = Field(description="stable code: not-found, stale, four-eyes ...")
    detail: dict[str, Any] = Field({}, description="machine-readable facts")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "refused: what is wrong, where, what to do"},
}


class CodeShape(BaseModel):
    scheme: str = Field(description="who defines the code: national-12, national-31, uscc, gb2260, ...")
    value: str
    issuer: str | None = Field(None, description="who gives the codes, where the scheme does not say")


class NamedShape(BaseModel):
    id: str = Field(description="registry id")
    name: str | None = Field(description="its name on the day asked about")


class DocumentShape(BaseModel):
    """The decision and document behind the revision in force."""

    publication: int = Field(description="log seq of the publication")
    outcome: str | None = Field(description="add, adjust, cancel, ... ; none after a void")
    title: str | None = None
    number: str | None = Field(None, description="文号")
    issuer: str | None = None
    document_date: str | None = Field(None, description="成文日期")
    published_on: str | None = Field(None, description="发布日期")
    effective_on: str | None = Field(None, description="施行日期")
    words: str | None = Field(None, description="the document's own words for the decision")
    annex: str | None = None
    follow_up: str | None = Field(None, description="what follows a cancellation")
    timing: str | None = Field(None, description="late_entry 补录 or correction 更正")
    reason: str | None = None


class KinShape(BaseModel):
    id: str
    relation: str = Field(description="the outcome that made the lineage: merge, split, receive, ...")
    effective_from: str


class ItemShape(BaseModel):
    """An item on a day: an envelope around the content bytes as they were published."""

    id: str = Field(description="permanent registry id")
    code: str | None = Field(description="the code shown first")
    codes: list[CodeShape] = Field(description="every code held on that day")
    name: str | None
    status: str = Field(description="not_yet, in_force, suspended, ended, unknown")
    on: str = Field(description="the day this answers for")
    planned: bool = Field(description="true where `on` lies in the future")
    valid_from: str | None = Field(description="first day of this interval; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description="status unknown: the day from which a source attests it")
    revision: int | None = Field(description="log seq of the revision in force")
    recorded_at: str | None = Field(description="when that revision was recorded")
    authority: NamedShape | None
    region: NamedShape | None
    document: DocumentShape | None
    predecessors: list[KinShape]
    successors: list[KinShape]
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    content: dict[str, Any] | None = Field(description="the content; see /api/v1/schema/content")


class RowShape(BaseModel):
    id: str
    code: str | None
    codes: list[CodeShape]
    name: str | None
    status: str
    valid_from: str | None
    valid_to: str | None
    revision: int | None
    type: str | None
    level: str | None
    authority: NamedShape | None
    region: NamedShape | None
    parent: str | None


class PageShape(BaseModel):
    items: list[RowShape]
    next: str | None = Field(description="pass as `after` for the next page; none on the last")
    on: str


def answer(
    request: Request,
    body: bytes,
    *,
    status: int = 200,
    private: bool = False,
    headers: dict[str, str] | None = None,
) -> Response:
    """JSON bytes with ETag and cache headers; 304 where the client holds them already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    shared = {
        "ETag": tag,
        "Cache-Control": "private, no-store"
        if private
        else f"public, max-age={min(60, next_midnight_seconds())}",
    }
    if headers:
        shared |= headers
    wanted = request.headers.get("if-none-match")
    if wanted and (wanted == "*" or tag in [part.strip().removeprefix("W/") for part in wanted.split(",")]):
        return Response(status_code=304, headers=shared)
    return Response(body, status_code=status, media_type=JSON, headers=shared)


def answer_value(request: Request, value: Any, **options: Any) -> Response:
    return answer(request, orjson.dumps(value), **options)


def next_link(request: Request, after: str | None) -> dict[str, str]:
    """``Link: <...>; rel="next"`` for a keyset page."""
    if after is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    return {"Link": f'<{request.url.path}?{urlencode([*query, ("after", after)])}>; rel="next"'}
