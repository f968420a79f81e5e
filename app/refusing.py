"""Errors as answers: a page for people, a problem document (RFC 9457) for everything else."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.api.shapes import PROBLEM
from app.db import is_away
from app.errors import NotInFile, RegistryError, Unavailable
from app.manners import NEVER_BARE
from app.saying import said
from app.unwritable import note, unwritable
from app.web.gate import wants_page
from app.wording import PARTS, reason

logger = logging.getLogger(__name__)


def _page(request: Request, status: int, message: str, detail: dict[str, Any]) -> Response:
    from app.web import errors  # with the templates: loaded for people alone

    return errors.page(request, status, message, detail)


TITLES = {
    300: "有多个对应",
    400: "请求读不出来",
    401: "需要身份",
    403: "没有权限",
    404: "没有找到",
    405: "不支持的方法",
    409: "与现状不符",
    410: "已依令删改",
    412: "已有新的改动",
    413: "正文太大",
    415: "正文的类型不对",
    416: "没有所要的部分",
    422: "内容不合要求",
    429: "请求太多",
    500: "系统出错",
    503: "暂时不能答复",
}
"""What problems of a status are called, whatever the occasion (RFC 9457, 3.1.4)."""


def problem(status: int, code: str, sentence: str, facts: dict[str, object] | None = None) -> Response:
    """A problem document (RFC 9457); ``facts`` is a member of our own."""
    body = {
        "type": f"/problems/{code}",
        "title": TITLES.get(status, "没有成功"),
        "status": status,
        "code": code,
        "detail": sentence,
        "facts": facts or {},
    }
    headers = {"Vary": "Accept"}  # a browser may have been answered with a page
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(_json(body), status_code=status, media_type=PROBLEM, headers=headers)


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half a surrogate pair in what was asked: only an escape can say it
        return json.dumps(body).encode()


async def refused(request: Request, error: RegistryError) -> Response:
    return refusal(request, error)


def refusal(request: Request, error: RegistryError) -> Response:
    if wants_page(request):
        response = _page(request, error.status, error.message, error.detail)
    else:
        response = problem(error.status, error.code, error.message, error.detail)
    if isinstance(error, Unavailable) and error.retry_after:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotInFile) and "size" in error.detail:
        response.headers["Content-Range"] = f"bytes */{error.detail['size']}"
    return response


async def invalid(request: Request, error: RequestValidationError) -> Response:
    fields = [
        {"field": "/".join(str(part) for part in e["loc"]), "reason": reason(e), "type": e["type"]}
        for e in error.errors()[:50]
    ]
    if isinstance(error.body, bytes):  # its kind says that it is no JSON, so that nobody has read it
        message = said("正文应是 JSON：请带上请求头 Content-Type: application/json。")
        return problem(415, "json-needed", message)
    message = said("请求不符合要求。")
    if fields:
        first = error.errors()[0]
        message = said("请求不符合要求：{1}：{2}。", _place(first["loc"], error.body), reason(first))
    if wants_page(request):
        return _page(request, 422, message, {})
    return problem(422, "bad-request", message, {"errors": fields})


def _place(where: Sequence[int | str], body: Any) -> str:
    """Where in a request something is wrong: 查询参数 from, 正文 decisions/0/after, 正文第 12 个字符处."""
    part = PARTS.get(str(where[0]), "") if where else "正文"
    steps = where[1:]
    if part == "正文" and len(steps) == 1 and isinstance(steps[0], int) and isinstance(body, str):
        return said("正文第 {1} 个字符处", min(steps[0] + 1, len(body)))
    return f"{said(part)} {'/'.join(str(step) for step in steps)}".strip()


async def http(request: Request, error: HTTPException) -> Response:
    """What the framework itself refuses: no route, wrong method, a body that cannot be read."""
    told = {
        400: ("unreadable-body", said("请求的正文读不出来：不是 UTF-8 的 JSON，或嵌套层数过多。")),
        404: ("unknown-address", said("没有这个地址，请检查网址。")),
        405: ("wrong-method", said("这个地址不支持这种请求方法。")),
        413: ("body-too-large", said("请求的正文太大，没有写入任何内容；请分成几次提交。")),
    }
    other = ("http", said("请求没有成功，请检查地址、方法和正文。"))
    code, title = told.get(error.status_code, other)
    if wants_page(request):
        if error.status_code == 413:
            title = said("上传的文件或填写的内容太大，没有读取；请换小一些的文件，或分成几次提交。")
        return _page(request, error.status_code, title, {})
    response = problem(error.status_code, code, title)
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        methods = _methods_at(request)
        heads = ["HEAD"] if "GET" in methods and request.url.path != NEVER_BARE else []
        response.headers["Allow"] = ", ".join([*methods, *heads])
    return response


def _methods_at(request: Request) -> list[str]:
    """Every method that some route has for the address; the one that refused knows its own alone. An address that is
    spelt out (``/items/lookup``) has not those of a pattern that it meets too (``/items/{item}``)."""
    found = [
        (str(getattr(scope.get("route"), "path", "")), method)
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        for match, scope in (
            route.matches({**request.scope, "method": method}) for route in request.app.router.routes
        )
        if match is Match.FULL
    ]
    spelt = min((path.count("{") for path, _ in found), default=0)
    return list(dict.fromkeys(method for path, method in found if path.count("{") == spelt))


async def busy(request: Request, error: Exception) -> Response:
    """The database is locked or away, or all its connections are taken. What else a statement fails of is our own."""
    if told := unwritable(error):
        note(told, error)
        return refusal(request, told)
    if isinstance(error, OperationalError) and not is_away(error.orig):
        logger.error("a statement failed", exc_info=error)
        return await failed(request, error)
    logger.error("the database did not answer in time", exc_info=error)
    busy_now = Unavailable(said("数据库正忙，请稍后再试；没有写入任何内容。"), code="busy", retry_after=10)
    return refusal(request, busy_now)


async def unwritten(request: Request, error: Exception) -> Response:
    """A file that cannot be written, or a transaction that may only read. Raises what is anything else."""
    told = unwritable(error)
    if told is None:
        raise error
    note(told, error)
    return refusal(request, told)


async def failed(request: Request, error: Exception) -> Response:
    """What nobody foresaw: logged by the server, told without its insides."""
    message = said("系统出错，没有写入任何内容；请稍后再试，仍不行请联系管理员。")
    if wants_page(request):
        return _page(request, 500, message, {})
    return problem(500, "internal", message)
