"""Search and suggestions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.items import region_id
from app.api.shapes import answer_value
from app.deps import AskedOn, ReadSession, RegistryOf
from app.errors import Invalid, Unavailable
from app.searching import page_of
from search.engine import EngineError

router = APIRouter(tags=["search"])

Words = Annotated[
    str, Query(max_length=200, description="everyday words, exact text, a code, a document number")
]


class SearchShape(BaseModel):
    on: str
    total: int = Field(description="exact and synonym hits")
    relaxed: bool = Field(description="true: nothing matched as typed; hits are of the later layers")
    hits: list[dict[str, Any]]
    facets: dict[str, dict[str, int]]


@router.get("/search", response_model=None, responses={200: {"model": SearchShape}})
def search(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    q: Words = "",
    region: Annotated[str | None, Query(description="region id or code; with all below it")] = None,
    authority: Annotated[str | None, Query(description="authority id")] = None,
    type: Annotated[str | None, Query(description="事项类型代码")] = None,
    level: Annotated[str | None, Query(description="行使层级代码")] = None,
    status: Annotated[list[str] | None, Query(description="default: all but ended")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    explain: Annotated[bool, Query(description="say why each hit was found")] = False,
    known_at: Annotated[str | None, Query(description="refused: search answers as known now")] = None,
) -> Response:
    """Full-text search on a day."""
    if known_at is not None:
        raise Invalid(
            "检索不支持 known_at；请改用 /items、/revisions 或 /diff 查询当时所知。", code="known-at-refused"
        )
    page = page_of(
        registry.engine,
        session.connection(),
        q=q,
        on=asked.on,
        region=region_id(session.connection(), region, asked.on),
        authority=authority,
        type=type,
        level=level,
        statuses=tuple(status) if status else None,
        limit=limit,
        offset=offset,
        explain=explain,
    )
    return answer_value(request, {"on": asked.on, **page})


@router.get("/suggest", response_model=None)
def suggest(
    request: Request,
    registry: RegistryOf,
    asked: AskedOn,
    q: Annotated[str, Query(max_length=100, description="what has been typed so far")],
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
) -> Response:
    """Names to complete what is being typed."""
    if registry.engine is None:
        raise Unavailable("检索引擎没有启动。", code="search-away")
    try:
        found = registry.engine.suggest(q, asked.on, limit)
    except EngineError as error:
        raise Unavailable("检索引擎暂时不可用，请稍后再试。", code="search-away") from error
    body = [{"text": s.text, "count": s.count, "layer": s.layer} for s in found]
    return answer_value(request, {"q": q, "suggestions": body})
