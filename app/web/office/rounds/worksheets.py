"""清理意见表 in the browser: taken out for one authority or all, brought back filled, errors shown in place."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from app import log
from app.auth.signing_in import Present
from app.changes import rows
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.exchange import marked as marked_copies
from app.exchange.brought import CameTo, came_again, key_of
from app.exchange.worksheet_files import write_worksheets
from app.exchange.worksheets import bring_in
from app.files import as_file
from app.manners import saved_as
from app.rounds.worksheets import progress, within, worksheets
from app.versions.queries import today
from app.web.office.doors.pages import PRIVATE, show
from app.web.office.doors.visiting import Visitor, go
from app.web.office.forms.working import once, one_of, under_way
from app.web.office.rounds.opening import Which
from app.works import Key

router = APIRouter()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NAME = "清理意见表.xlsx"
SHOWN = 100
"""Errors that a page lists; the marked copy has them all."""


@router.get("/office/rounds/{changeset}/worksheets.xlsx")
def get_worksheets(
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    authority: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    found = worksheets(session, changeset, today(), authority or None)
    found = within(session.connection(), present.actor, found)
    of = f"-{found.names.get(authority, authority)}" if authority else ""
    return _workbook(
        write_worksheets(session.connection(), found), f"清理意见表-{found.opened.changeset.title}{of}.xlsx"
    )


@router.get("/office/rounds/{changeset}/worksheets")
def show_worksheets(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    brought: Annotated[str, Query(max_length=64, pattern="^[0-9a-f]*$")] = "",
) -> Response:
    """``brought``: the file that was brought back and left; while some process is at it, that it is under way."""
    if not brought:
        return _page(request, session, present, changeset)
    work = registry.works.look(_key(present, brought))
    if work is not None and not work.is_done:
        what, back = f"导入清理意见表：{rows.find(session, changeset).title}", f"/office/rounds/{changeset}"
        return under_way(request, session, present, what, back, work)
    if work is None or work.refusal is not None:
        why = work.refusal.message if work and work.refusal else "导入的结果已经不在。"
        came = CameTo(said=f"{why}请把表格再导入一次，不会重复。")
    else:
        came = came_again(work.result)
    return _page(request, session, present, changeset, came)


@router.post("/office/rounds/{changeset}/worksheets")
async def bring_back(request: Request, registry: RegistryOf, present: Visitor, changeset: Which) -> Response:
    """A filled workbook: every touched row a proposal, or nothing of it."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            body = await file.read() if isinstance(file, UploadFile) else b""
            reopen = form.get("reopen") == "1"
            seen = _moment(str(form.get("seen") or ""))
    except MultiPartException as error:
        raise Invalid("表单无法识别，没有导入；请重新打开页面再试。", code="bad-form") from error
    return await run_in_threadpool(_brought, request, registry, present, changeset, body, reopen, seen)


def _moment(text: str) -> int | None:
    """When the page was made, as it carries that; none where it says nothing sound."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _brought(
    request: Request,
    registry: Registry,
    present: Present,
    changeset: str,
    body: bytes,
    reopen: bool,
    seen: int | None,
) -> Response:
    """In the background: what takes long is left and found again."""
    brought = key_of(changeset, body, reopen)
    key = _key(present, brought)
    work = once(registry, key, lambda _tell: _came_to(registry, present, changeset, body, reopen, seen))
    if not work.is_done:
        return go(f"/office/rounds/{changeset}/worksheets?brought={brought}")
    came = came_again(work.outcome())
    with registry.database.reading() as session:
        return _page(request, session, present, changeset, came)


def _key(present: Present, brought: str) -> Key:
    return one_of(present, f"/office/rounds/worksheets?brought={brought}")


def _came_to(
    registry: Registry, present: Present, changeset: str, body: bytes, reopen: bool, seen: int | None
) -> CameTo:
    at = log.now_microseconds()
    try:
        if not body:
            raise Invalid("没有选择文件，请选择填好的清理意见表（XLSX）。", code="no-file", field="file")
        with as_file(body, NAME) as path:
            filled = bring_in(
                registry.database, present.actor, changeset, path, today(), reopen=reopen, seen=seen
            )
    except RegistryError as error:
        return CameTo(said=error.message, status=error.status)
    marked, wrong = "", [*filled.problems, *filled.kept]
    if any(one.sheet != NAME for one in wrong):  # else it is no workbook to mark
        laid, account = registry.settings.marked_dir, present.actor.account or 0
        marked = marked_copies.lay_aside(laid, account, changeset, body, wrong)
    return CameTo(filled, marked, status=422 if filled.problems else 200, at=at)


@router.get("/office/rounds/{changeset}/worksheets/marked.xlsx")
def get_marked(
    registry: RegistryOf,
    present: Visitor,
    changeset: Which,
    file: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What was brought back, marked; it lies there for a day."""
    copy = marked_copies.marked(registry.settings.marked_dir, present.actor.account or 0, file)
    return _workbook(copy, "清理意见表（标注）.xlsx")


def _workbook(body: bytes, name: str) -> Response:
    headers = PRIVATE | saved_as(name)
    return Response(body, headers=headers, media_type=XLSX)


def _page(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    came: CameTo | None = None,
) -> Response:
    found = rows.find(session, changeset)
    came = came or CameTo()
    whole = worksheets(session, changeset, today(), brief=True)
    counted = progress(within(session.connection(), present.actor, whole))
    return show(
        request,
        session.connection(),
        present,
        "rounds/worksheets.html",
        status=came.status,
        said=came.said,
        changeset=found,
        authorities=[one for one in counted["authorities"] if one["id"]],
        filled=came.filled,
        marked=came.marked,
        seen=came.at or log.now_microseconds(),
        shown=SHOWN,
        may="edit" in present.actor.rights and found.state in ("draft", "returned"),
        script="round.js",
    )
