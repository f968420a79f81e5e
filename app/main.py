"""The application: routers, error handlers, lifespan; nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app import log_lines, refusing
from app.api import health
from app.api.finding import SearchDoor
from app.api.quick import quick_item_route
from app.db import Database
from app.deps import Registry
from app.errors import RegistryError
from app.guarding import Guarded
from app.indexing import Drainer
from app.loading import Rest
from app.privacy import keep_private
from app.searching import open_engine
from app.settings import Settings
from app.stopping import told_to_stop
from app.turns import Duty, Turn
from app.web.gate import Elsewhere, elsewhere

DESCRIPTION = """
清单 (Qingdan) is a registry of administrative approval items and power lists. Reads are open; any read takes
`on=` (the day asked about) and most take `known_at=` (as known then). Writes go through changesets and need a
bearer token. Errors are RFC 9457 problem documents with a stable `code`. How to integrate, with examples:
[/docs/integrating](/docs/integrating); every problem code: [/docs/problems](/docs/problems).

**Stay in sync**: take `/export.jsonl` and keep its `X-Log-Seq` and `X-On`; wait with `/changes?since=SEQ&wait=30`;
fetch what differs with `/export.jsonl?since=SEQ&since_on=DAY`. Or subscribe at `/webhooks`. **Limits** stand in
`RateLimit-Policy` and `RateLimit`; past them, 429 with `Retry-After`.
**What will not change** under `/api/v1`: no field, operation, parameter or problem code is taken away or given
another meaning without `Deprecation` and `Sunset` in the answers twelve months before; new ones may come at any time.
"""


def name_of(route: APIRoute) -> str:
    """An operation's id: the name of its function, as generated clients will call it."""
    return route.name


def serving() -> FastAPI:
    """The application that ``qingdan serve`` starts: it reads items before all of it is loaded."""
    keep_private()  # a worker process is started anew, with the umask of the shell
    return create_app(rest_later=True)


def create_app(settings: Settings | None = None, *, rest_later: bool = False) -> FastAPI:
    """An application over one registry. Opens nothing before its first request.

    ``rest_later``: all but the quickest doors is loaded behind the first answers, or when first asked for.
    """
    settings = settings or Settings()
    if settings.log_format == "json":
        log_lines.write_json()
    database = Database(
        settings.database, lock_timeout=settings.lock_timeout, connections=settings.database_connections
    )
    engine = open_engine(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        drainer = None
        if settings.drain_index and engine is not None:
            turn = Turn(settings.drain_lock)
            drainer = Drainer(
                database,
                engine,
                access_log_months=settings.access_log_months,
                turn=turn,
                rules=app.state.registry.rules,
            )
            drainer.start()
        loading = asyncio.create_task(rest.load_soon(*_DUTIES if settings.drain_index else ()))
        with told_to_stop(app.state.registry.head_watch.end):
            yield
        loading.cancel()
        await asyncio.to_thread(rest.stop)
        if drainer:
            drainer.stop()
        if engine is not None:
            engine.close()
        app.state.registry.close()

    app = FastAPIOffline(
        title="清单 Qingdan",
        version=metadata.version("qingdan"),
        description=DESCRIPTION,
        lifespan=lifespan,
        static_url="/static-docs",
        generate_unique_id_function=name_of,
    )
    app.state.registry = Registry(settings, database, engine)
    rest = app.state.rest = Rest(app)
    app.router.routes.insert(0, quick_item_route())
    app.router.routes.insert(1, SearchDoor())
    app.include_router(health.router)
    if rest_later:
        app.router.routes.append(rest)
    else:
        rest.load()
    app.add_exception_handler(RegistryError, refusing.refused)  # type: ignore[arg-type]
    app.add_exception_handler(Elsewhere, elsewhere)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, refusing.invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, refusing.http)  # type: ignore[arg-type]
    app.add_exception_handler(OperationalError, refusing.busy)
    app.add_exception_handler(PoolTimeout, refusing.busy)
    app.add_exception_handler(InternalError, refusing.unwritten)
    app.add_exception_handler(OSError, refusing.unwritten)
    app.add_exception_handler(Exception, refusing.failed)
    app.add_middleware(Guarded, settings=settings, registry=app.state.registry)
    plain = app.openapi

    def whole() -> dict[str, Any]:
        from app.api.describing import described  # for the document alone

        if app.openapi_schema is None:
            rest.load()
            described(plain())  # in place: it is kept
        return plain()

    app.openapi = whole  # type: ignore[method-assign]
    return app


def _deliver_webhooks(app: FastAPI) -> Duty:
    """One thread, idle where nobody subscribes."""
    from app.hooks.courier import Deliverer  # with the feed: not for the first answers

    registry: Registry = app.state.registry
    settings = registry.settings
    return Deliverer(registry.database, private=settings.webhooks_private, turn=Turn(settings.deliver_lock))


def _write_dumps(app: FastAPI) -> Duty | None:
    """One thread that looks once a minute."""
    from app.exchange.nightly import nightly_of

    registry: Registry = app.state.registry
    return nightly_of(registry.database, registry.settings)


_DUTIES = (_deliver_webhooks, _write_dumps)
"""What ``serve`` does beside answering, unless a worker does."""
