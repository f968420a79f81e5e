"""Search and suggestions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from app.api.finding import FURTHEST, LONGEST, MOST, body_of
from app.api.shapes import ATTESTED, KinShape, NamedShape, answer, answer_value
from app.deps import AskedOn, ReadSession, RegistryOf
from app.errors import Invalid, Unavailable
from search.engine import EngineError, Sort

router = APIRouter(tags=["search"])

Words = Annotated[
    str, Query(max_length=LONGEST, description="everyday words, exact text, a code, a document number")
]


class HighlightShape(BaseModel):
    field: str = Field(description="where it was found: name, alias, citation, code, text, ...")
    snippet: str = Field(description="the text around it")
    spans: list[tuple[int, int]] = Field(
        description="[from, to) of what matched, in characters of the snippet"
    )


class HitShape(BaseModel):
    id: str = Field(description="registry id")
    code: str | None = Field(description="the code shown first")
    name: str | None = Field(description="its name on that day")
    layer: str = Field(description="exact, synonym, words, pinyin, typo: how far it is from what was typed")
    score: float = Field(description="within a layer, the higher the nearer")
    status: str = Field(description="in_force, suspended, ended, unknown")
    valid_from: str | None = Field(description="first day of this interval; none where unknown")
    valid_to: str | None = Field(description="first day it no longer holds; none where open")
    attested_from: str | None = Field(description=ATTESTED)
    type: str | None = Field(description="事项类型代码")
    level: str | None = Field(description="行使层级代码")
    authority: NamedShape | None = Field(description="实施机关, by its name on that day")
    region_name: str | None = Field(None, description="行政区划, by its name on that day")
    highlights: list[HighlightShape] = Field(description="what matched, and where")
    via: list[str] = Field(description="the everyday words that led to it; none where the text itself did")
    explain: list[str] | None = Field(None, description="why it was found, with `explain=true`")
    successors: list[KinShape] | None = Field(None, description="of an ended item: what came from it")


class SearchShape(BaseModel):
    on: str = Field(description="the day this answers for")
    total: int = Field(description="exact and synonym hits")
    relaxed: bool = Field(description="true: nothing matched as typed; hits are of the later layers")
    did_you_mean: str | None = Field(
        None, description="what was probably meant, where the best hit is one by sound or with a slip"
    )
    hits: list[HitShape] = Field(description="best first")
    facets: dict[str, dict[str, int]] = Field(
        description="type, authority, level, region, status, theme: counts"
    )
    sort: str | None = Field(
        None,
        description="present where hits do not stand as asked: `id`, in the order of registry ids (degraded)",
    )
    degraded: bool = Field(False, description="true: the engine is away; the database found names alone")


@router.get("/search", response_model=None, responses={200: {"model": SearchShape}})
def search(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    q: Words = "",
    region: Annotated[str | None, Query(description="region id or code; with all below it")] = None,
    authority: Annotated[str | None, Query(description="authority id or code")] = None,
    type: Annotated[str | None, Query(description="事项类型代码")] = None,
    level: Annotated[str | None, Query(description="行使层级代码")] = None,
    theme: Annotated[str | None, Query(description="主题分类，as the facet gives it")] = None,
    status: Annotated[list[str] | None, Query(description="default: all but ended")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="hits a page")] = 20,
    offset: Annotated[int, Query(ge=0, le=FURTHEST, description="hits to pass over")] = 0,
    sort: Annotated[
        Sort,
        Query(description="name: by its reading; newest: what changed last first; guesses keep relevance"),
    ] = "relevance",
    explain: Annotated[bool, Query(description="say why each hit was found")] = False,
    known_at: Annotated[str | None, Query(include_in_schema=False)] = None,
) -> Response:
    """Full-text search on a day."""
    if known_at is not None:
        raise Invalid(
            "检索不支持 known_at；请改用 /items、/revisions 或 /diff 查询当时所知。", code="known-at-refused"
        )
    body = body_of(
        request,
        registry,
        session.connection(),
        asked,
        q=q,
        region=region,
        authority=authority,
        type=type,
        level=level,
        theme=theme,
        status=status,
        limit=limit,
        offset=offset,
        sort=sort,
        explain=explain,
    )
    return answer(request, body)


class SuggestionShape(BaseModel):
    text: str = Field(description="a name to complete with")
    count: int = Field(description="how many items it leads to")
    layer: str = Field(description="how far it is from what was typed")
    via: str | None = Field(description="the everyday word that led to it; none where the typed text did")


class SuggestShape(BaseModel):
    q: str = Field(description="what was typed")
    suggestions: list[SuggestionShape] = Field(description="best first")


@router.get("/suggest", response_model=None, responses={200: {"model": SuggestShape}})
def suggest(
    request: Request,
    registry: RegistryOf,
    asked: AskedOn,
    q: Annotated[str, Query(max_length=100, description="what has been typed so far")],
    limit: Annotated[int, Query(ge=1, le=20, description="at most so many")] = 10,
) -> Response:
    """Names to complete what is being typed."""
    if registry.engine is None:
        raise Unavailable("检索引擎没有启动。", code="search-away")
    try:
        found = registry.engine.suggest(q, asked.on, limit)
    except EngineError as error:
        raise Unavailable("检索引擎暂时不可用，请稍后再试。", code="search-away") from error
    body = [{"text": s.text, "count": s.count, "layer": s.layer, "via": s.via or None} for s in found]
    return answer_value(request, {"q": q, "suggestions": body})
