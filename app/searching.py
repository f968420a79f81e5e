"""Search as pages and API both ask it: the engine, and the database where the engine is away."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.db import Run, run_by
from app.errors import Invalid
from app.listing import Filter, found_on, list_subjects
from app.settings import Settings
from app.versions.lineage import chain
from search.embedded import EmbeddedEngine
from search.engine import DEFAULT_STATUSES, Engine, EngineError, Hit, SearchQuery, Sort
from search.highlighting import did_you_mean
from search.synonyms import Terms, shipped, with_own

logger = logging.getLogger(__name__)


def index_state(engine: Engine | None) -> object | None:
    """The state of the index. None where there is none, or it cannot be known cheaply."""
    try:
        return engine.state() if engine is not None else None
    except EngineError:
        return None


def state_of(engine: Engine | None, run: Run) -> object | None:
    """What an answer rests on: the index and the log's head. None where it cannot be known cheaply."""
    state = index_state(engine)
    if state is None:
        return None
    head = run("SELECT seq, hash FROM log_entry ORDER BY seq DESC LIMIT 1", ())
    return (state, tuple(head[0]) if head else None)


def count_of(engine: Engine | None, *, statuses: tuple[str, ...], **wanted: Any) -> int | None:
    """How many items answer what ``page_of`` is asked, none of them read. None where the engine is away."""
    if engine is None:
        return None
    try:
        return engine.search(SearchQuery(status=statuses, limit=0, facets=(), **wanted)).total
    except EngineError as error:
        logger.error("the search engine is away; nothing is counted: %s", error)
        return None


def page_of(
    engine: Engine | None,
    connection: Connection,
    *,
    q: str,
    on: str,
    region: str | None = None,
    authority: str | None = None,
    type: str | None = None,
    level: str | None = None,
    theme: str | None = None,
    statuses: tuple[str, ...] | None = None,
    limit: int = 20,
    offset: int = 0,
    sort: Sort = "relevance",
    explain: bool = False,
) -> dict[str, Any]:
    """``{"total", "relaxed", "did_you_mean", "hits", "facets"}``; an ended hit names its ``successors``;
    ``"degraded": true`` where the database answered instead, whatever ``sort`` asks for in the order of registry ids,
    as its own ``sort`` says."""
    query = SearchQuery(
        q=q,
        on=on,
        region=region,
        authority=authority,
        type=type,
        level=level,
        theme=theme,
        status=statuses or DEFAULT_STATUSES,
        limit=limit,
        offset=offset,
        sort=sort,
        explain=explain,
    )
    if engine is not None:
        try:
            page = engine.search(query)
            hits = [_hit(hit, explain) for hit in page.hits]
            behind = _as_of_item(connection, hits, on)
            return {
                "total": page.total - behind,
                "relaxed": page.relaxed,
                "did_you_mean": did_you_mean(q, page),
                "hits": hits,
                "facets": page.facets,
            }
        except EngineError as error:
            logger.error("the search engine is away; the database answers: %s", error)
    return _from_database(connection, query)


def _as_of_item(connection: Connection, hits: list[dict[str, Any]], on: str) -> int:
    """Code and interval as the item's own page gives them; a search document's interval may be narrower.

    Takes out what the registry no longer shows, since the index may lag behind; returns how many those are.
    """
    found, rows = len(hits), found_on(connection, {hit["id"] for hit in hits}, on)
    # A document that tells of what was redacted since still has its words.
    hits[:] = [hit for hit in hits if hit["id"] in rows and "redacted" not in rows[hit["id"]]]
    for hit in hits:
        row = rows[hit["id"]]
        hit |= {name: row[name] for name in ("code", "valid_from", "valid_to", "attested_from", "status")}
        if hit["status"] == "ended":
            hit["successors"] = chain(run_by(connection), hit["id"], forward=True)
    return found - len(hits)


def _hit(hit: Hit, explain: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": hit.subject,
        "code": hit.code or None,
        "name": hit.name,
        "layer": hit.layer,
        "score": hit.score,
        "status": hit.status,
        "valid_from": None if hit.valid_from == "0001-01-01" else hit.valid_from,
        "valid_to": None if hit.valid_to == "9999-12-31" else hit.valid_to,
        "type": hit.type,
        "level": hit.level,
        "authority": {"id": hit.authority, "name": hit.authority_name},
        "region_name": hit.region_name,
        "via": hit.via,
        "highlights": [
            {"field": h.field, "snippet": h.snippet, "spans": [list(span) for span in h.spans]}
            for h in hit.highlights
        ],
    }
    if explain:
        shown["explain"] = hit.explain
    return shown


_OF_BOTH = (
    "id", "code", "name", "status", "valid_from", "valid_to", "attested_from", "type", "level", "authority",
)  # fmt: skip
"""What rows of lists and hits have in common."""


def _from_database(connection: Connection, query: SearchQuery) -> dict[str, Any]:
    """Names that contain the words, without relevance, facets or later layers."""
    statuses = (query.status,) if isinstance(query.status, str) else tuple(query.status)
    wanted = Filter(
        on=query.on,
        region=query.region,
        authority=query.authority,
        type=query.type,
        level=query.level,
        statuses=statuses,
        name_contains=query.q.strip(),  # an empty one too: of what was redacted there is no name to show
    )
    page = list_subjects(connection, wanted, None, query.offset + query.limit)
    hits = [_named(row) for row in page.rows[query.offset :]]
    total = len(page.rows) + (1 if page.next else 0)
    found: dict[str, Any] = {
        "total": total,
        "relaxed": False,
        "did_you_mean": None,
        "hits": hits,
        "facets": {},
    }
    return found | {"degraded": True, "sort": "id"}


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the list as a hit of the engine looks."""
    hit = {name: row[name] for name in _OF_BOTH}
    hit["region_name"] = row["region"]["name"] if row["region"] else None
    return hit | {"layer": "exact", "score": 1.0, "via": [], "highlights": []}


def everyday_words(settings: Settings) -> Terms:
    """The shipped everyday words, with the office's own where it has any. Raises Invalid."""
    if not settings.synonyms:
        return shipped()
    try:
        return with_own(Path(settings.synonyms).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            f"近义词文件 {settings.synonyms} 不能使用：{error}", code="bad-synonyms", file=settings.synonyms
        ) from error


def open_engine(settings: Settings) -> Engine | None:
    """The engine that the settings ask for; nothing is opened before its first use. Raises Invalid where the office's
    everyday words cannot be read."""
    words = everyday_words(settings)
    if not settings.search_url:
        return EmbeddedEngine(settings.index_dir, concepts=words)
    from search.meilisearch import MeiliEngine  # its client takes a tenth of a second to load

    return MeiliEngine(
        settings.search_url,
        settings.search_key,
        settings.index_key or settings.search_key,
        prefix=settings.search_index,
        lock_timeout=settings.lock_timeout,
        concepts=words,
    )
