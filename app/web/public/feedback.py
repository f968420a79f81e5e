"""反馈: this guide is wrong, I was asked for something not listed. A number to follow it, no account."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection

from app.deps import Asked, AskedOn, ReadSession, WriteSession
from app.errors import Invalid, NotFound, RegistryError
from app.feedback.reporting import KINDS, STATES, follow, report
from app.items.queries import resolve
from app.saying import said
from app.versions.queries import moment
from app.web.rendering import SECURITY, Gaps, render
from app.web.subjects import names
from app.web.tongues import onward

router = APIRouter()

MOST_BYTES = 32 * 1024
"""Of a form: its longest words in UTF-8, escaped for sending."""


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a sent form. Raises Invalid where it is none, or too long."""
    if "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        raise Invalid(said("请用页面上的表单提交。"), code="not-a-form")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Invalid(said("内容太长，请写得简短些。"), code="form-too-long")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise Invalid(said("表单内容无法读取，请重新填写。"), code="not-a-form") from error


@router.api_route("/feedback", methods=["GET", "HEAD"])
def show_form(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    item: Annotated[str, Query(max_length=300)] = "",
    number: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    connection = session.connection()
    if number:
        try:
            return _see(f"/feedback/{follow(session, number).number}")
        except NotFound as error:
            return _form(request, connection, asked, item, {"number": number}, error.message, error.status)
    return _form(request, connection, asked, item, {}, "")


@router.post("/feedback")
def send(
    request: Request,
    session: WriteSession,
    asked: AskedOn,
    given: Annotated[dict[str, str], Depends(form_fields)],
) -> Response:
    connection = session.connection()
    item = given.get("item", "")
    subject = resolve(connection, item, asked.on)[0] if item else None
    address = request.client.host if request.client else ""
    try:
        number = report(session, given, subject, address)
    except RegistryError as error:
        return _form(request, connection, asked, item, given, error.message, error.status)
    return _see(f"/feedback/{number}")


@router.api_route("/feedback/{number}", methods=["GET", "HEAD"])
def show_report(
    request: Request, session: ReadSession, asked: AskedOn, number: Annotated[str, Path(max_length=40)]
) -> Response:
    connection = session.connection()
    found = follow(session, number)
    answer = render(
        request,
        connection,
        asked,
        "feedback_report.html",
        report=found,
        kind=KINDS.get(found.kind, found.kind),
        state=STATES.get(found.state, found.state),
        sent_at=moment(found.created_at),
        answered_at=moment(found.answered_at) if found.answered_at else None,
        name=names(connection, [found.item], asked.on).get(found.item, found.item) if found.item else None,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _form(
    request: Request,
    connection: Connection,
    asked: Asked,
    item: str,
    given: dict[str, str],
    problem: str,
    status: int = 200,
) -> Response:
    subject = resolve(connection, item, asked.on)[0] if item else None
    name = names(connection, [subject], asked.on).get(subject) if subject else None
    answer = render(
        request,
        connection,
        asked,
        "feedback.html",
        subject=subject,
        name=name,
        given=Gaps(given),
        problem=problem,
        kinds=KINDS,
    )
    answer.status_code = status if problem else answer.status_code
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _see(path: str) -> Response:
    headers = SECURITY | {"Location": onward(path), "Cache-Control": "no-store"}
    return Response(status_code=303, headers=headers)
