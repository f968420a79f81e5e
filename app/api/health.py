"""Health, readiness, metrics: for whoever runs it."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from sqlalchemy import text

from app import log, outbox
from app.deps import ReadSession, RegistryOf
from app.exchange.progress import unfinished
from search.engine import EngineError

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """The process answers."""
    return "ok"


class PartShape(BaseModel):
    ready: bool = Field(description="whether this part is ready")


class ReadyShape(BaseModel):
    ready: bool = Field(description="whether every part is")
    database: PartShape = Field(description="with `seq`, the log's head")
    search: PartShape = Field(description="the search engine")
    outbox: PartShape = Field(description="with `owed` publications and `oldest_seconds`")
    import_: PartShape = Field(alias="import", description="with `unfinished`, an import that was killed")


READY: dict[int | str, dict[str, Any]] = {
    200: {"model": ReadyShape},
    503: {"model": ReadyShape, "description": "the same, where a part is not ready"},
}


@router.get("/readyz", response_model=None, responses=READY)
def readyz(registry: RegistryOf, session: ReadSession) -> Response:
    """Database, search, outbox lag and an unfinished import, told apart; 503 where one is not ready."""
    connection = session.connection()
    owed, age = outbox.lag(connection, outbox.INDEX)
    importing = unfinished(connection)
    parts: dict[str, Any] = {
        "database": {"ready": True, "seq": log.head(connection).seq},
        "search": {"ready": _search_ready(registry)},
        "outbox": {"ready": age < 60, "owed": owed, "oldest_seconds": round(age, 1)},
        "import": {"ready": importing is None, "unfinished": importing},
    }
    ready = all(part["ready"] for part in parts.values())
    body = orjson.dumps({"ready": ready, **parts})
    return Response(body, status_code=200 if ready else 503, media_type="application/json")


def _search_ready(registry: RegistryOf) -> bool:
    if registry.engine is None:
        return False
    try:
        registry.engine.applied_seq()
    except EngineError:
        return False
    return True


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(session: ReadSession) -> str:
    """Gauges in the Prometheus text format."""
    connection = session.connection()
    owed, age = outbox.lag(connection, outbox.INDEX)
    drafts = {
        row[0]: row[1]
        for row in connection.execute(text("SELECT state, count(*) FROM changeset GROUP BY state"))
    }
    lines = [
        "# TYPE qingdan_log_seq gauge",
        f"qingdan_log_seq {log.head(connection).seq}",
        "# TYPE qingdan_index_owed gauge",
        f"qingdan_index_owed {owed}",
        "# TYPE qingdan_index_lag_seconds gauge",
        f"qingdan_index_lag_seconds {age:.3f}",
        "# TYPE qingdan_changesets gauge",
        *(f'qingdan_changesets{{state="{state}"}} {count}' for state, count in sorted(drafts.items())),
    ]
    return "\n".join(lines) + "\n"
