"""What stands around every request: its id, its measure, how often and how much one may ask."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import Request, Response
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import log_lines, manners
from app.deps import Registry
from app.errors import Invalid, TooMany
from app.measuring import method_of, request_id, route_of
from app.refusing import busy, failed, refusal
from app.settings import Settings
from app.web.tongues import speak

OPEN_BODY = 2 * 2**20
"""Bytes that every other request may have: a look-up of 1,000 codes needs 1 MB at most."""


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
            settings.page_rate_per_minute,
            registry.is_good_token,
            settings.sign_in_rate_per_minute,
        )
        upload = (
            settings.max_upload_bytes + 2**20
        )  # with the form around it; the doors have their own word for it
        self.limits = (
            ("/api/v1/changesets", settings.max_body_bytes),
            ("/api/v1/files", upload),
            ("/api/v1/rounds", upload),  # filled worksheets, annexes
            ("/office", upload),
            ("", OPEN_BODY),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        headers = dict(scope["headers"])
        name, began = request_id(headers), time.perf_counter()
        log_lines.REQUEST.set(name)
        speak(scope)
        marks = [(b"x-content-type-options", b"nosniff"), (b"x-request-id", name.encode())]

        started, bare = False, manners.is_bare(scope)
        if bare:
            scope = {**scope, "method": "GET"}

        async def send_marked(message: Message) -> None:
            nonlocal started
            if bare and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *marks]
                self._note(scope, message["status"], time.perf_counter() - began)
            await send(message)

        try:
            await self._answer(scope, receive, send_marked, headers, marks)
        except Exception as error:
            if started:
                self._note(scope, 500, time.perf_counter() - began)
            else:  # here, since what stands outside knows none of the marks
                tell = busy if isinstance(error, OperationalError | PoolTimeout) else failed
                await (await tell(Request(scope), error))(scope, receive, send_marked)
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
        client, is_api = scope.get("client"), scope["path"].startswith(manners.API)
        address, method = client[0] if client else None, scope["method"]
        granted = await self.manners.granted(scope["path"], headers, address, method)
        if granted is not None:
            if is_api or granted.wait:  # readers of pages are told of it when they meet it
                marks += manners.limit_headers(granted)
            if granted.wait:
                refused = refusal(Request(scope), too_often(granted.limit, scope["path"]))
                await refused(scope, receive, send_marked)
                return

        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            error = Invalid("网址中含有空字符（U+0000），请删去后重试。", code="bad-text")
            await refusal(Request(scope), error)(scope, receive, send_marked)
            return
        limit = next(limit for path, limit in self.limits if scope["path"].startswith(path))
        await self.app(scope, _bounded(receive, limit), send_marked)


def too_often(limit: int, path: str) -> TooMany:
    what = "请稍候再试，批量取数请用接口"
    if path.startswith(manners.API):
        what = "请按 Retry-After 所示秒数之后再试，或申请密钥以提高上限"
    elif path in manners.SIGN_INS:
        what = "请稍候再登录"
    return TooMany(f"请求太频繁：每分钟最多 {limit} 次；{what}。", code="rate-limited", per_minute=limit)


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
