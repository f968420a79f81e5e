"""A filtered set of items out as a workbook, edited, and back as one changeset: tried first, with row and column."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from app.auth.signing_in import Present
from app.canonical import digest, encode
from app.changes import drafts
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.exchange import marked as marked_copies
from app.manners import saved_as
from app.versions.queries import parse_day, today
from app.web import comparing
from app.web.office.doors.pages import PRIVATE, show
from app.web.office.doors.visiting import Posted, Visitor, go, posted, typed_day
from app.web.office.forms import drafting
from app.web.office.forms.working import once, one_of, under_way
from app.web.office.many import sheets
from app.web.office.many.one_change import contents, day_of, found_items
from app.web.office.many.sheets import Brought
from app.web.office.many.trial import Cells, Tried, change_of, exported_of, left, try_workbook
from app.web.subjects import names, names_apart
from app.works import Key, Tell

router = APIRouter()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 300


@router.get("/office/many.xlsx")
def take_out(request: Request, session: ReadSession, present: Visitor) -> Response:
    """The items of the filter, as they stand on the day."""
    connection, form = session.connection(), Posted(request.query_params.multi_items())
    on = day_of(form)
    found = found_items(connection, present, form, on)
    if not found:
        raise Invalid("请先筛选出要改的事项，再导出。", code="nothing-chosen")
    held = [(row["id"], digest(encode(content)), content) for row, content in contents(connection, found, on)]
    called = names(connection, [one for *_, content in held for one in drafting.ids_in(content)], on)
    return _workbook(sheets.write(held, called), f"事项 {on}（{len(held)}）.xlsx")


@router.post("/office/many/file")
async def bring_back(request: Request, registry: RegistryOf, present: Visitor) -> Response:
    """A workbook is tried; what was tried (its differing cells travel in the page) becomes a draft."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            async with request.form(max_files=1, max_fields=10) as form:
                file, day = form.get("file"), str(form.get("from") or "")
                body = await file.read() if isinstance(file, UploadFile) else b""
        except MultiPartException as error:
            raise Invalid("表单无法识别，没有导入；请重新打开页面再试。", code="bad-form") from error
        return await run_in_threadpool(_tried, request, registry, present, body, day)
    return await run_in_threadpool(_drafted, request, registry, present, await posted(request))


def _tried(request: Request, registry: Registry, present: Present, body: bytes, day: str) -> Response:
    """Tried in the background: what it comes to has an address of its own."""
    settings = registry.settings
    try:
        if len(body) > settings.max_upload_bytes or not body:
            most = settings.max_upload_mb
            raise Invalid(f"请选择导出后改过的表格（.xlsx，{most} MB 以内）。", code="no-file")
        on = parse_day(typed_day(day), "施行日期") if day else today()
    except RegistryError as error:
        with registry.database.reading() as session:
            refused = Tried(today(), said=error.message, status=error.status)
            return _page(request, session, present, refused, Posted([]))
    tried = digest(body + on.encode())

    def do(tell: Tell) -> Tried:
        def told(done: int, of: int) -> None:
            tell(f"已看 {done} 个事项，共 {of} 个")

        return _came_to(registry, present, body, on, told)

    once(registry, _key(present, tried), do)  # what was published since is seen: the same file is tried anew
    return go(f"/office/many/file?tried={tried}")


def _key(present: Present, tried: str) -> Key:
    return one_of(present, f"/office/many/file?tried={tried}")


def _came_to(
    registry: Registry, present: Present, body: bytes, on: str, tell: Callable[[int, int], None]
) -> Tried:
    """What is told of it later, by whatever process: of more items than a page shows, their names alone."""
    try:
        with registry.database.reading() as session:
            tried = try_workbook(session.connection(), present, body, on, tell)
    except RegistryError as error:
        return Tried(on, said=error.message, status=error.status)
    tried.changed[SHOWN:] = [{"id": one["id"], "name": one["name"]} for one in tried.changed[SHOWN:]]
    if tried.problems:
        laid, account = registry.settings.marked_dir, present.actor.account or 0
        tried.marked = marked_copies.lay_aside(laid, account, "/office/many", body, tried.problems)
    return tried


@router.get("/office/many/file")
def show_tried(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    tried: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What a workbook came to; it lies there for a day. While some process is at it, that it is under way."""
    work = registry.works.look(_key(present, tried))
    if work is not None and not work.is_done:
        return under_way(request, session, present, "核对改过的事项表", "/office/many", work)
    if work is None or work.refusal is not None:
        why = work.refusal.message if work and work.refusal else "核对的结果已经不在。"
        status = work.refusal.status if work and work.refusal else 404
        refused = Tried(today(), said=f"{why}请把表格再导入一次。", status=status)
        return _page(request, session, present, refused, Posted([]))
    return _page(request, session, present, left(work.result), Posted([]))


@router.get("/office/many/marked.xlsx")
def get_marked(
    registry: RegistryOf, present: Visitor, file: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """The workbook as it came, each error in its cell; it lies there for a day."""
    laid, account = registry.settings.marked_dir, present.actor.account or 0
    return _workbook(marked_copies.marked(laid, account, file, sheets.LOOK), "事项（标注）.xlsx")


def _workbook(body: bytes, name: str) -> Response:
    return Response(body, headers=PRIVATE | saved_as(name), media_type=XLSX)


def _drafted(request: Request, registry: Registry, present: Present, form: Posted) -> Response:
    cells = _cells(form.get("cells"))
    on = parse_day(form.get("from"), "施行日期") if form.get("from") else today()
    try:
        with registry.database.reading() as session:
            connection = session.connection()
            exported = exported_of(connection, {item: stands for item, stands, _ in cells})
            decisions: list[dict[str, Any]] = []
            for item, stands, pairs in cells:
                if (item, stands) not in exported:
                    raise Invalid("请重新导入表格。", code="not-exported")
                brought = Brought(item, stands, pairs)
                change = change_of(connection, present, brought, on, exported[item, stands])
                if change:
                    decisions += drafting.decisions(item, change["before"], change["after"], on, form)
            if not decisions:
                raise Invalid("表格里没有改动，没有什么可拟的。", code="nothing-changed")
            asked = drafting.changeset(form, f"表格改动（{len(cells)} 个事项）", decisions)
            write = drafts.draft_from(session, present.actor, asked, today())
        with registry.database.writing() as session:
            made = write(session).id
    except RegistryError as error:
        with registry.database.reading() as session:
            tried = Tried(on, cells=cells, said=error.message, status=error.status)
            connection = session.connection()
            exported = exported_of(connection, {item: stands for item, stands, _ in cells})
            for item, stands, pairs in cells:
                try:
                    change = change_of(
                        connection, present, Brought(item, stands, pairs), on, exported[item, stands]
                    )
                except (RegistryError, KeyError):
                    continue
                tried.changed += [change] if change else []
            return _page(request, session, present, tried, form)
    return go(f"/office/changesets/{made}")


def _cells(text: str) -> Cells:
    """What differs, as the page carried it. Raises Invalid."""
    try:
        return [
            (str(item), str(stands), [(str(name), str(value)) for name, value in pairs])
            for item, stands, pairs in json.loads(text)
        ]
    except (ValueError, TypeError) as error:
        raise Invalid("请重新导入表格。", code="bad-form") from error


def _page(request: Request, session: Session, present: Present, tried: Tried, form: Posted) -> Response:
    connection = session.connection()
    shown = [dict(row) for row in tried.changed[:SHOWN]]
    ids = [one for row in shown for side in ("before", "after") for one in drafting.ids_in(row[side])]
    called = names_apart(connection, ids, tried.on)
    for row in shown:
        row["rows"] = comparing.rows(row["before"], row["after"], row["changes"], called, ([], []))
    return show(
        request,
        connection,
        present,
        "many/workbook.html",
        status=422 if tried.problems else tried.status,
        said=tried.said,
        tried=tried,
        shown=shown,
        cells=json.dumps(tried.cells, ensure_ascii=False),
        on=tried.on,
        form=form,
    )
