"""The application: routers, error handlers, lifespan; nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import metadata

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from app.api import health_router
from app.api import router as api_router
from app.api.items import add_item_route
from app.api.shapes import PROBLEM
from app.db import Database
from app.deps import Registry
from app.errors import RegistryError
from app.indexing import Drainer
from app.searching import open_engine
from app.settings import Settings
from app.web import errors as web_errors
from app.web.public import router as public_router

DESCRIPTION = """
清单 (Qingdan) is a registry of administrative approval items and power lists. Reads are open; any read takes
`on=` (the day asked about) and most take `known_at=` (as known then). Writes go through changesets and need a
bearer token. Errors are RFC 9457 problem documents with a stable `code`.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """An application over one registry. Opens nothing before its first request."""
    settings = settings or Settings()
    database = Database(settings.database, lock_timeout=settings.lock_timeout)
    engine = open_engine(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        drainer = Drainer(database, engine) if settings.drain_index and engine is not None else None
        if drainer:
            drainer.start()
        yield
        if drainer:
            drainer.stop()
        if engine is not None:
            engine.close()
        database.dispose()

    app = FastAPIOffline(
        title="清单 Qingdan",
        version=metadata.version("qingdan"),
        description=DESCRIPTION,
        lifespan=lifespan,
        static_url="/static-docs",
    )
    app.state.registry = Registry(settings, database, engine)
    # Fixed paths first: /items/counts is not an item called "counts".
    app.include_router(health_router)
    app.include_router(api_router)
    add_item_route(app.router, quick=database.is_sqlite)
    app.include_router(public_router)
    app.add_exception_handler(RegistryError, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.middleware("http")(_security_headers)
    return app


async def _security_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def problem(status: int, code: str, title: str, detail: dict[str, object] | None = None) -> Response:
    """A problem document (RFC 9457)."""
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or {},
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return Response(orjson.dumps(body), status_code=status, media_type=PROBLEM, headers=headers)


async def _refused(request: Request, error: RegistryError) -> Response:
    if web_errors.wants_page(request):
        return web_errors.page(request, error.status, error.message, error.detail)
    return problem(error.status, error.code, error.message, error.detail)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    fields = [
        {"field": "/".join(str(part) for part in e["loc"]), "reason": e["msg"], "type": e["type"]}
        for e in error.errors()[:50]
    ]
    named = fields[0]["field"] if fields else "请求"
    message = f"请求不符合要求：{named}。请对照接口说明改正。"
    if web_errors.wants_page(request):
        return web_errors.page(request, 422, message, {})
    return problem(422, "bad-request", message, {"errors": fields})


async def _http(request: Request, error: HTTPException) -> Response:
    titles = {404: "没有这个地址，请检查网址。", 405: "这个地址不支持这种请求方法。"}
    title = titles.get(error.status_code, str(error.detail))
    if web_errors.wants_page(request):
        return web_errors.page(request, error.status_code, title, {})
    return problem(error.status_code, "http", title)
