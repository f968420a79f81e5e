"""The shapes of answers, for the API's documentation; and the headers that answers share."""

from __future__ import annotations

import datetime as dt
import hashlib
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from pydantic import BaseModel, Field

from app import log
from app.manners import is_held
from app.versions.queries import DAY_SECONDS, next_midnight_seconds

JSON = "application/json"
PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str = Field(description="a stable address naming the problem: /problems/<code>")
    title: str = Field(description="what problems of this status are called, in Chinese; always the same")
    status: int = Field(description="the HTTP status")
    code: str = Field(description="stable code: not-found, stale, four-eyes ...")
    detail: str = Field(description="what is wrong here and what to do, in Chinese")
    facts: dict[str, Any] = Field(
        {}, description="the same for programs: fields, ids, what is allowed instead"
    )


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "refused: what is wrong, where, what to do"},
    "5XX": {"model": Problem, "description": "not now: the search engine is away, a writer waited too long"},
}


ATTESTED = (
    "where the start is unknown: the day from which a source attests it, in the unknown time before that day and in the"
    " first interval after it, whose `valid_from` is then no start; else none"
)


class CodeShape(BaseModel):
    scheme: str = Field(description="who defines the code: national-12, national-31, uscc, gb2260, ...")
    value: str = Field(description="the code as written")
    issuer: str | None = Field(None, description="who gives the codes, where the scheme does not say")


class NamedShape(BaseModel):
    id: str = Field(description="registry id")
    name: str | None = Field(description="its name on the day asked about")


class PaperShape(BaseModel):
    """A document: a decision or notice as issued."""

    title: str | None = Field(None, description="标题")
    number: str | None = Field(None, description="文号")
    issuer: str | None = Field(None, description="制定机关")
    document_date: str | None = Field(None, description="成文日期")
    published_on: str | None = Field(None, description="发布日期")
    effective_on: str | None = Field(None, description="施行日期")
    url: str | None = Field(None, description="where it is published")


class EmergencyShape(BaseModel):
    """The mark of what one person published without approval."""

    reason: str = Field(description="why it could not wait")
    confirmed: bool = Field(description="whether a second person has confirmed it since")


class DocumentShape(PaperShape):
    """The decision and document behind a revision; the title is the changeset's where there is no document."""

    publication: int = Field(description="log seq of the publication")
    outcome: str | None = Field(description="add, adjust, cancel, ... ; none after a void")
    words: str | None = Field(None, description="the document's own words for the decision")
    annex: str | None = Field(None, description="附件")
    receiver: str | None = Field(None, description="who receives it, in the words of the document")
    outside: list[dict[str, Any]] | None = Field(
        None, description="origins that are not in this registry: name, and code and document as far as known"
    )
    follow_up: str | None = Field(None, description="what follows a cancellation")
    emergency: EmergencyShape | None = Field(
        None, description="present where it was published in an emergency"
    )
    timing: str | None = Field(None, description="late_entry 补录 or correction 更正")
    reason: str | None = Field(None, description="why it was entered late, corrected or voided")


class KinShape(BaseModel):
    id: str = Field(description="registry id")
    relation: str = Field(description="the outcome that made the lineage: merge, split, receive, ...")
    effective_from: str = Field(description="the day from which the one came from the other")
    step: int = Field(description="1: directly; 2: from one that came from it, and so on")
    via: str | None = Field(description="the one a step before; none at step 1")


class ItemShape(BaseModel):
    """An item on a day: an envelope around the content bytes as they were published."""

    id: str = Field(description="permanent registry id")
    code: str | None = Field(description="the code shown first")
    codes: list[CodeShape] = Field(description="every code held on that day")
    name: str | None = Field(description="its name on that day")
    status: str = Field(description="not_yet, in_force, suspended, ended, unknown")
    on: str = Field(description="the day this answers for")
    planned: bool = Field(description="true where `on` lies in the future")
    valid_from: str | None = Field(description="first day of this interval; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description=ATTESTED)
    revision: int | None = Field(description="log seq of the revision in force")
    recorded_at: str | None = Field(description="when that revision was recorded")
    authority: NamedShape | None = Field(description="实施机关, by its name on that day")
    region: NamedShape | None = Field(description="行政区划, by its name on that day")
    document: DocumentShape | None = Field(description="what the revision rests on; none where not begun")
    predecessors: list[KinShape] = Field(description="what it came from")
    successors: list[KinShape] = Field(description="what came from it")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    content: dict[str, Any] | None = Field(description="the content; see /api/v1/schema/content")


class FoundShape(BaseModel):
    """What a list or a lookup shows of a subject on a day."""

    id: str = Field(description="registry id")
    code: str | None = Field(description="the code shown first")
    codes: list[CodeShape] = Field(description="every code held on that day")
    name: str | None = Field(description="its name on that day")
    status: str = Field(description="not_yet, in_force, suspended, ended, unknown")
    valid_from: str | None = Field(description="first day of this interval; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description=ATTESTED)
    revision: int | None = Field(description="log seq of the revision in force")
    redacted: bool = Field(
        False,
        description="present where an order removed the words of this interval: the power stands, unnamed",
    )


class RowShape(FoundShape):
    """A row of a list."""

    type: str | None = Field(description="事项类型代码; an instrument's rank")
    level: str | None = Field(description="行使层级代码")
    authority: NamedShape | None = Field(description="实施机关, by its name on that day")
    region: NamedShape | None = Field(description="行政区划, by its name on that day")
    parent: str | None = Field(description="id of what it is a part of")


class PageShape(BaseModel):
    """A keyset page, in the order of ids."""

    items: list[RowShape] = Field(description="the rows, in the order of their ids")
    next: str | None = Field(description="pass as `after` for the next page; none on the last")
    on: str = Field(description="the day this answers for")
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry: as `known_at`, the following pages rest on it too")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )


class SpanShape(BaseModel):
    """A name and the days on which it held."""

    name: str = Field(description="the name")
    valid_from: str = Field(description="first day")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")


class SubjectShape(BaseModel):
    """An authority, region, instrument, catalogue entry or calendar year on a day."""

    id: str = Field(description="permanent registry id")
    kind: str = Field(description="authority, region, instrument, entry, calendar")
    code: str | None = Field(description="the code shown first")
    codes: list[CodeShape] = Field(description="every code held on that day")
    name: str | None = Field(description="name or title on that day")
    status: str = Field(description="not_yet, in_force, suspended, ended, unknown")
    on: str = Field(description="the day this answers for")
    planned: bool = Field(description="true where `on` lies in the future")
    valid_from: str | None = Field(description="first day of this interval; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description=ATTESTED)
    revision: int | None = Field(description="log seq of the revision in force")
    names: list[SpanShape] = Field(description="its dated names, former ones included")
    predecessors: list[KinShape] = Field(description="what it came from")
    successors: list[KinShape] = Field(description="what came from it")
    later_than_head: bool = Field(
        False,
        description="present where the known_at asked lies after the last entry: answered as of that entry",
    )
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry; use it for permanent links")
    content: dict[str, Any] | None = Field(description="the content; see /api/v1/schema/content")


def answer(
    request: Request,
    body: bytes,
    *,
    status: int = 200,
    private: bool = False,
    headers: dict[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """JSON bytes with ETag and cache headers; 304 where the client holds them already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    left = next_midnight_seconds()
    shared = {
        "ETag": tag,
        "Cache-Control": "private, no-store" if private else f"public, max-age={min(60, left)}",
    }
    if headers:
        shared |= headers
    asked = dict(request.scope["headers"])
    wanted = asked.get(b"if-none-match", b"").decode("latin-1")
    modified = None if private else last_modified(body, left)
    if modified is not None:
        shared["Last-Modified"] = modified
    if not wanted and modified and asked.get(b"if-modified-since") == modified.encode():
        return Response(status_code=304, headers=shared)
    if wanted and is_held(wanted, tag):
        return Response(status_code=304, headers=shared)
    return Response(body, status_code=status, media_type=media_type, headers=shared)


KNOWN = b'"known_at":"'


def last_modified(body: bytes, left: int) -> str | None:
    """The later of the log entry that an answer rests on and the beginning of the day (a day's beginning changes
    what is in force); None of one that names no entry, and as long as that second lasts, in which another entry may
    come (RFC 9110, 8.8.2.2). A whole second, so only the same one counts as not modified.
    ``left``: seconds until the next Shanghai midnight."""
    at = body.find(KNOWN)
    if at < 0:
        return None
    recorded = body[at + len(KNOWN) : at + len(KNOWN) + 19].decode()
    now = log.now_microseconds() // 1_000_000
    modified, shown = _modified(recorded, now + left - DAY_SECONDS)
    return shown if modified < now else None


@lru_cache(maxsize=256)
def _modified(recorded: str, day_began: int) -> tuple[int, str]:
    entry = int(dt.datetime.fromisoformat(recorded).replace(tzinfo=dt.UTC).timestamp())
    return max(entry, day_began), formatdate(max(entry, day_began), usegmt=True)


def answer_value(request: Request, value: Any, **options: Any) -> Response:
    return answer(request, orjson.dumps(value), **options)


def next_link(request: Request, after: str | int | None, by: str = "after") -> dict[str, str]:
    """``Link: <...>; rel="next"`` for a keyset page; ``by``: the parameter that says where to go on."""
    if after is None:
        return {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != by]
    return {"Link": f'<{request.url.path}?{urlencode([*query, (by, after)])}>; rel="next"'}
