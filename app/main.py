"""The application: routers, error handlers, lifespan; nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import metadata
from threading import Lock
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log_lines, manners
from app.api import health
from app.api.quick import KeptSearchRoute, quick_item_route
from app.api.shapes import PROBLEM, say_problem_json
from app.db import Database
from app.deps import Registry
from app.errors import Invalid, RegistryError, TooMany, Unavailable
from app.indexing import Drainer, Turn
from app.measuring import method_of, request_id, route_of
from app.privacy import keep_private
from app.searching import open_engine
from app.settings import Settings
from app.web.gate import Elsewhere, elsewhere, wants_page
from app.wording import reason

logger = logging.getLogger(__name__)

DESCRIPTION = """
清单 (Qingdan) is a registry of administrative approval items and power lists. Reads are open; any read takes
`on=` (the day asked about) and most take `known_at=` (as known then). Writes go through changesets and need a
bearer token. Errors are RFC 9457 problem documents with a stable `code`.

**Stay in sync**: take `/export.jsonl` and keep its `X-Log-Seq` and `X-On`; wait with `/changes?since=SEQ&wait=30`;
fetch what differs with `/export.jsonl?since=SEQ&since_on=DAY`. Or subscribe at `/webhooks`. **Limits** stand in
`RateLimit-Policy` and `RateLimit`; past them, 429 with `Retry-After`.
**What will not change** under `/api/v1`: no field, operation, parameter or problem code is taken away or given
another meaning without `Deprecation` and `Sunset` in the answers twelve months before; new ones may come at any time.
"""


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
    database = Database(settings.database, lock_timeout=settings.lock_timeout)
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
        loading = asyncio.create_task(rest.load_soon(_deliver_webhooks if settings.drain_index else None))
        yield
        loading.cancel()
        for deliverer in rest.started:
            deliverer.stop()
        if drainer:
            drainer.stop()
        if engine is not None:
            engine.close()
        app.state.registry.noting.close()
        database.dispose()

    app = FastAPIOffline(
        title="清单 Qingdan",
        version=metadata.version("qingdan"),
        description=DESCRIPTION,
        lifespan=lifespan,
        static_url="/static-docs",
    )
    app.state.registry = Registry(settings, database, engine)
    rest = Rest(app)
    app.router.routes.insert(0, quick_item_route())
    app.router.routes.insert(1, KeptSearchRoute())
    app.include_router(health.router)
    if rest_later:
        app.router.routes.append(rest)
    else:
        rest.load()
    app.add_exception_handler(RegistryError, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(Elsewhere, elsewhere)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(OperationalError, _busy)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guarded, settings=settings, registry=app.state.registry)
    plain = app.openapi

    def whole() -> dict[str, Any]:
        rest.load()
        return say_problem_json(plain())

    app.openapi = whole  # type: ignore[method-assign]
    return app


class Rest(BaseRoute):
    """Stands last among the routes until all others are there, then makes way for them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loading = Lock()
        self._loaded = False
        self.started: list[Any] = []

    def load(self) -> None:
        """Once, whoever asks first; the others wait for it."""
        with self._loading:
            if self._loaded:
                return
            # Here and not above: together they take longer than all that a first answer needs.
            from app.api import parts
            from app.api.items import add_item_route
            from app.web import office, public

            parts.include(self._app)
            add_item_route(self._app.router)
            public.include(self._app)
            office.include(self._app)
            if self in self._app.router.routes:
                self._app.router.routes.remove(self)
            self._loaded = True

    async def load_soon(self, then: Callable[[FastAPI], Any] | None) -> None:
        """Behind the first answers, which it would hold up; what is started last goes into ``started``."""
        if not self._loaded:
            await asyncio.sleep(REST_AFTER)
            await asyncio.to_thread(self.load)
        if then is not None:
            self.started.append(await asyncio.to_thread(then, self._app))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.load)
        await self._app.router(scope, receive, send)


def _deliver_webhooks(app: FastAPI) -> Any:
    """Started: one thread, idle where nobody subscribes."""
    from app.hooks.delivering import Deliverer  # with the feed: not for the first answers

    registry: Registry = app.state.registry
    settings = registry.settings
    deliverer = Deliverer(
        registry.database, private=settings.webhooks_private, turn=Turn(settings.deliver_lock)
    )
    deliverer.start()
    return deliverer


REST_AFTER = 0.5
"""Seconds from being ready to loading the rest unasked."""
OPEN_BODY = 2 * 2**20
"""Bytes that a request may have where no token is asked for: a look-up of 1,000 codes needs 1 MB at most."""


class Guarded:
    """Around every request: NUL in an address is refused, and no answer may be sniffed for another type.

    Plain ASGI: Starlette's own middleware base costs several times an empty route.
    """

    def __init__(self, app: ASGIApp, settings: Settings, registry: Registry) -> None:
        self.app, self.registry = app, registry
        self.logs = settings.log_format == "json"
        self.manners = manners.Manners(
            settings.rate_per_minute,
            settings.key_rate_per_minute,
            settings.local_rate_per_minute,
            registry.is_good_token,
        )
        self.limits = (
            ("/api/v1/changesets", settings.max_body_mb * 2**20),
            (
                "/api/v1/files",
                (settings.max_upload_mb + 1) * 2**20,
            ),  # the door of files has its own word for it
            ("/office", (settings.max_upload_mb + 1) * 2**20),
            ("", OPEN_BODY),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        headers = dict(scope["headers"])
        name, began = request_id(headers), time.perf_counter()
        log_lines.REQUEST.set(name)
        marks = [(b"x-content-type-options", b"nosniff"), (b"x-request-id", name.encode())]

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *marks]
                self._note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._answer(scope, receive, send_marked, headers, marks)
        except Exception:
            self._note(scope, 500, time.perf_counter() - began)
            raise

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = method_of(scope), route_of(scope)
        self.registry.measured.note(method, route, status, seconds)
        if self.logs:
            client = scope.get("client")
            told = {
                "method": method,
                "path": scope["path"][:500],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "address": client[0] if client else None,
            }
            log_lines.requests.info("request", extra={"told": told})

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send_marked: Send,
        headers: Mapping[bytes, bytes],
        marks: manners.Headers,
    ) -> None:
        if scope["path"].startswith(manners.API):
            if manners.is_preflight(scope, headers):
                marks += manners.PREFLIGHT
                await Response(status_code=204)(scope, receive, send_marked)
                return
            marks += manners.read_headers(scope)
            client = scope.get("client")
            granted = await self.manners.granted(scope["path"], headers, client[0] if client else None)
            if granted is not None:
                marks += manners.limit_headers(granted)
                if granted.wait:
                    await _refusal(Request(scope), _too_often(granted.limit))(scope, receive, send_marked)
                    return

        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            error = Invalid("网址中含有空字符（U+0000），请删去后重试。", code="bad-text")
            await _refusal(Request(scope), error)(scope, receive, send_marked)
            return
        limit = next(limit for path, limit in self.limits if scope["path"].startswith(path))
        await self.app(scope, _bounded(receive, limit), send_marked)


def _too_often(limit: int) -> TooMany:
    return TooMany(
        f"请求太频繁：每分钟最多 {limit} 次；请按 Retry-After 所示秒数之后再试，或申请密钥以提高上限。",
        code="rate-limited",
        per_minute=limit,
    )


def _bounded(receive: Receive, limit: int) -> Receive:
    """The request's body, refused as soon as it is over the limit, however much of it is still to come."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise HTTPException(413)
        return message

    return bounded


def _page(request: Request, status: int, message: str, detail: dict[str, Any]) -> Response:
    from app.web import errors  # with the templates: loaded for people alone

    return errors.page(request, status, message, detail)


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
    return Response(_json(body), status_code=status, media_type=PROBLEM, headers=headers)


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half a surrogate pair in what was asked: only an escape can say it
        return json.dumps(body).encode()


async def _refused(request: Request, error: RegistryError) -> Response:
    return _refusal(request, error)


def _refusal(request: Request, error: RegistryError) -> Response:
    if wants_page(request):
        return _page(request, error.status, error.message, error.detail)
    return problem(error.status, error.code, error.message, error.detail)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    fields = [
        {"field": "/".join(str(part) for part in e["loc"]), "reason": reason(e), "type": e["type"]}
        for e in error.errors()[:50]
    ]
    first = f"{fields[0]['field']}{fields[0]['reason']}" if fields else "请求"
    message = f"请求不符合要求：{first}。"
    if wants_page(request):
        return _page(request, 422, message, {})
    return problem(422, "bad-request", message, {"errors": fields})


async def _http(request: Request, error: HTTPException) -> Response:
    titles = {
        413: "请求的正文太大，没有写入任何内容；请分成几次提交。",
        400: "请求的正文读不出来：不是完整的 JSON，或嵌套层数过多。",
        404: "没有这个地址，请检查网址。",
        405: "这个地址不支持这种请求方法。",
    }
    title = titles.get(error.status_code, "请求没有成功，请检查地址、方法和正文。")
    if wants_page(request):
        return _page(request, error.status_code, title, {})
    response = problem(error.status_code, "http", title)
    response.headers.update(error.headers or {})
    return response


async def _busy(request: Request, error: OperationalError) -> Response:
    logger.error("the database did not answer in time", exc_info=error)
    return _refusal(request, Unavailable("数据库正忙，请稍后再试；没有写入任何内容。", code="busy"))


async def _failed(request: Request, error: Exception) -> Response:
    """What nobody foresaw: logged by the server, told without its insides."""
    message = "系统出错，没有写入任何内容；请稍后再试，仍不行请联系管理员。"
    if wants_page(request):
        return _page(request, 500, message, {})
    return problem(500, "internal", message)
