"""Health, readiness, metrics: for whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from app import log, outbox
from app.deps import Registry, RegistryOf
from app.exchange.progress import unfinished
from search.engine import EngineError

router = APIRouter(tags=["health"])


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """The process answers."""
    return "ok"


class PartShape(BaseModel):
    ready: bool = Field(description="whether this part is ready")


class DatabasePartShape(PartShape):
    seq: int | None = Field(None, description="the log's head")
    error: str | None = Field(None, description="present where it is away: the kind of the error")


class OutboxPartShape(PartShape):
    owed: int | None = Field(None, description="publications that the index has not taken up yet")
    oldest_seconds: float | None = Field(None, description="for how long the oldest has waited")


class RestPartShape(PartShape):
    error: str | None = Field(None, description="present where it could not be loaded: why")


class ImportPartShape(PartShape):
    unfinished: str | None = Field(None, description="the name of one that was killed; none where none was")


class ReadyShape(BaseModel):
    ready: bool = Field(description="whether every part is")
    database: DatabasePartShape = Field(description="whether it answers")
    search: PartShape = Field(description="the search engine")
    outbox: OutboxPartShape = Field(description="what is owed to the index")
    rest: RestPartShape = Field(description="what is loaded behind the first answers")
    import_: ImportPartShape = Field(alias="import", description="the initial import")


READY: dict[int | str, dict[str, Any]] = {
    200: {"model": ReadyShape},
    503: {"model": ReadyShape, "description": "the same, where a part is not ready"},
}


@router.get("/readyz", response_model=None, responses=READY)
def readyz(request: Request, registry: RegistryOf) -> Response:
    """Database, search, outbox lag, an unfinished import and what is loaded last, told apart; 503 where one is not
    ready."""
    parts: dict[str, Any] = {"search": {"ready": _applied_seq(registry) is not None}}
    fault = request.app.state.rest.fault
    parts["rest"] = {"ready": fault is None} | ({"error": fault} if fault else {})
    try:
        with registry.database.reading() as session:
            parts |= _kept(session.connection())
    except SQLAlchemyError as error:
        # What the database would say of the others is not known while it is away.
        parts |= {name: {"ready": False} for name in ("database", "outbox", "import")}
        parts["database"]["error"] = type(error).__name__
    ready = all(part["ready"] for part in parts.values())
    body = orjson.dumps({"ready": ready, **parts})
    return Response(body, status_code=200 if ready else 503, media_type="application/json")


def _kept(connection: Connection) -> dict[str, Any]:
    owed, age = outbox.lag(connection, outbox.INDEX)
    importing = unfinished(connection)
    return {
        "database": {"ready": True, "seq": log.head(connection).seq},
        "outbox": {"ready": age < 60, "owed": owed, "oldest_seconds": round(age, 1)},
        "import": {"ready": importing is None, "unfinished": importing},
    }


def _applied_seq(registry: Registry) -> int | None:
    """The seq up to which the index is; None where the engine is away."""
    if registry.engine is None:
        return None
    try:
        return registry.engine.applied_seq()
    except EngineError:
        return None


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(registry: RegistryOf) -> str:
    """Counters, times and gauges in the Prometheus text format; of requests, those of this process."""
    applied = _applied_seq(registry)
    lines = ["# TYPE qingdan_search_up gauge", f"qingdan_search_up {int(applied is not None)}"]
    if applied is not None:
        lines += ["# TYPE qingdan_index_seq gauge", f"qingdan_index_seq {applied}"]
    try:
        with registry.database.reading() as session:
            kept = list(_gauges(session.connection()))
    except SQLAlchemyError:
        kept = ["# TYPE qingdan_database_up gauge", "qingdan_database_up 0"]
    waiting = registry.head_watch.waiting
    lines += [*kept, "# TYPE qingdan_waiting_readers gauge", f"qingdan_waiting_readers {waiting}"]
    return "\n".join([*lines, *registry.measured.lines()]) + "\n"


def _gauges(connection: Connection) -> Iterator[str]:
    owed, age = outbox.lag(connection, outbox.INDEX)
    head = log.head(connection)
    plain = {
        "qingdan_database_up": "1",
        "qingdan_log_seq": str(head.seq),
        "qingdan_last_publication_timestamp_seconds": f"{head.recorded_at / 1e6:.3f}",
        "qingdan_index_owed": str(owed),
        "qingdan_index_lag_seconds": f"{age:.3f}",
        "qingdan_import_unfinished": str(int(unfinished(connection) is not None)),
    }
    for name, value in plain.items():
        yield f"# TYPE {name} gauge"
        yield f"{name} {value}"
    for name, table in (
        ("qingdan_changesets", "changeset"),
        ("qingdan_webhook_deliveries", "webhook_delivery"),
    ):
        yield f"# TYPE {name} gauge"
        rows = connection.execute(text(f"SELECT state, count(*) FROM {table} GROUP BY state ORDER BY state"))
        yield from (f'{name}{{state="{state}"}} {count}' for state, count in rows)
