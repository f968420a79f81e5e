"""A filtered set of items out as a workbook, edited, and back as one changeset: tried first, with row and column."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from app.auth.signing_in import Present
from app.canonical import decode, digest, encode
from app.changes import drafts, kinds
from app.db import TOMBSTONE, chunks, fetch, marks
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.exchange.worksheet_files import CellProblem
from app.items.field_words import word_of
from app.manners import saved_as
from app.versions.fold import diff
from app.versions.queries import parse_day, today
from app.web import comparing
from app.web.office import drafting, forms, item_sheets
from app.web.office.fields import item_fields
from app.web.office.item_forms import opened, wrong_places
from app.web.office.item_sheets import Brought, Reading
from app.web.office.many import MOST, contents, day_of, found_items
from app.web.office.pages import PRIVATE, show
from app.web.office.visiting import Posted, Visitor, go, posted, typed_day
from app.web.subjects import names

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
    held = [
        (row["id"], digest(encode(content)), content)
        for row, content in contents(connection, found, on)
        if "name" in content  # one that was redacted is edited on its own page
    ]
    called = names(connection, [one for *_, content in held for one in drafting.ids_in(content)], on)
    name = f"事项 {on}（{len(held)}）.xlsx"
    headers = PRIVATE | saved_as(name)
    return Response(item_sheets.write(held, called), headers=headers, media_type=XLSX)


@dataclass(slots=True)
class Tried:
    """What a workbook comes to: problems, or the items it changes with before and after."""

    on: str
    problems: list[CellProblem] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0


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
    with registry.database.reading() as session:
        try:
            if len(body) > registry.settings.max_upload_mb * 1_000_000 or not body:
                raise Invalid(
                    f"请选择导出后改过的表格（.xlsx，{registry.settings.max_upload_mb} MB 以内）。",
                    code="no-file",
                )
            on = parse_day(typed_day(day), "施行日期") if day else today()
            tried, cells = _try(session.connection(), present, body, on)
        except RegistryError as error:
            return _page(request, session, present, Tried(today()), [], Posted([]), error)
        return _page(request, session, present, tried, cells, Posted([]))


def _try(
    connection: Connection, present: Present, body: bytes, on: str
) -> tuple[Tried, list[tuple[str, str, item_sheets.Pairs]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "items.xlsx"
        path.write_bytes(body)
        reading = Reading(path)
    wanted = reading.names_wanted()
    if len(wanted) > MOST:
        raise Invalid(f"一次最多改 {MOST} 个事项，请分几次导入。", code="too-many-items")
    exported = _exported(connection, wanted)
    ids = [one for content in exported.values() for one in drafting.ids_in(content)]
    reading.compare(lambda item, stands: exported.get((item, stands), {}), names(connection, ids, on))
    tried = Tried(on)
    for brought in reading.items.values():
        if not brought.pairs:
            tried.unchanged += 1
            continue
        change = _change(connection, present, brought, on, exported[brought.item, brought.stands], reading)
        if change:
            tried.changed.append(change)
    tried.problems = reading.problems
    return tried, [(one.item, one.stands, one.pairs) for one in reading.items.values() if one.pairs]


def _exported(connection: Connection, wanted: dict[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    """(item, hash) -> the content, where the item ever had it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for some in chunks(sorted(wanted)):
        rows = fetch(
            connection,
            "SELECT DISTINCT r.subject_id, c.hash, c.body FROM revision r JOIN content c ON c.hash = r.content"
            f" WHERE r.subject_id IN ({marks(some)})",
            tuple(some),
        )
        for item, stands, body in rows:
            if wanted[item] == stands and bytes(body) != TOMBSTONE:
                found[item, stands] = decode(bytes(body))
    return found


def _change(
    connection: Connection,
    present: Present,
    brought: Brought,
    on: str,
    exported: dict[str, Any],
    reading: Reading | None = None,
) -> dict[str, Any] | None:
    """The item before and after, on what stands now. ``reading`` is told of what is wrong; without one it is raised."""
    wrong = reading.wrong_in if reading else _raise
    try:
        editing = opened(connection, present.actor, brought.item, on, Posted([]))
        mine = forms.document(item_fields(), Posted(brought.pairs), exported)
        after, collide = drafting.merged(exported, mine, editing.base)
        for place in collide:
            said = f"导出之后，“{word_of(place.split('/')[0])}”已另有变更发布，请重新导出再改。"
            wrong(brought, place, "moved", said)
        after = forms.with_keys(after)
        drafting.put_ids(connection, after, on)
        after = kinds.validate("item", after)
    except RegistryError as error:
        listed = wrong_places(mine, error.detail["errors"]) if "errors" in error.detail else {}
        for place, said in (listed or {str(error.detail.get("field", "")): error.message}).items():
            wrong(brought, place, error.code, said)
        return None
    changes = diff(editing.base, after)
    if not changes:
        return None
    return {
        "id": brought.item,
        "name": after["name"],
        "before": editing.base,
        "after": after,
        "changes": changes,
    }


def _raise(_brought: Brought, _place: str, code: str, message: str) -> None:
    raise Invalid(message, code=code)


def _drafted(request: Request, registry: Registry, present: Present, form: Posted) -> Response:
    cells = _cells(form.get("cells"))
    on = parse_day(form.get("from"), "施行日期") if form.get("from") else today()
    try:
        with registry.database.writing() as session:
            connection = session.connection()
            exported = _exported(connection, {item: stands for item, stands, _ in cells})
            decisions: list[dict[str, Any]] = []
            for item, stands, pairs in cells:
                if (item, stands) not in exported:
                    raise Invalid("请重新导入表格。", code="not-exported")
                brought = Brought(item, stands, pairs)
                change = _change(connection, present, brought, on, exported[item, stands])
                if change:
                    decisions += drafting.decisions(item, change["before"], change["after"], on, form)
            if not decisions:
                raise Invalid("表格里没有改动，没有什么可拟的。", code="nothing-changed")
            asked = drafting.changeset(form, f"表格改动（{len(cells)} 个事项）", decisions)
            made = drafts.draft(session, present.actor, asked, today())
    except RegistryError as error:
        with registry.database.reading() as session:
            tried = Tried(on)
            connection = session.connection()
            exported = _exported(connection, {item: stands for item, stands, _ in cells})
            for item, stands, pairs in cells:
                try:
                    change = _change(
                        connection, present, Brought(item, stands, pairs), on, exported[item, stands]
                    )
                except (RegistryError, KeyError):
                    continue
                tried.changed += [change] if change else []
            return _page(request, session, present, tried, cells, form, error)
    return go(f"/office/changesets/{made.id}")


def _cells(text: str) -> list[tuple[str, str, item_sheets.Pairs]]:
    """What differs, as the page carried it. Raises Invalid."""
    try:
        return [
            (str(item), str(stands), [(str(name), str(value)) for name, value in pairs])
            for item, stands, pairs in json.loads(text)
        ]
    except (ValueError, TypeError) as error:
        raise Invalid("请重新导入表格。", code="bad-form") from error


def _page(
    request: Request,
    session: Session,
    present: Present,
    tried: Tried,
    cells: list[tuple[str, str, item_sheets.Pairs]],
    form: Posted,
    error: RegistryError | None = None,
) -> Response:
    connection = session.connection()
    shown = tried.changed[:SHOWN]
    ids = [one for row in shown for side in ("before", "after") for one in drafting.ids_in(row[side])]
    called = names(connection, ids, tried.on)
    for row in shown:
        row["rows"] = comparing.rows(row["before"], row["after"], row["changes"], called, ([], []))
    status = error.status if error else 422 if tried.problems else 200
    return show(
        request,
        connection,
        present,
        "many-file.html",
        status=status,
        said=error.message if error else "",
        tried=tried,
        shown=shown,
        cells=json.dumps(cells, ensure_ascii=False),
        on=tried.on,
        form=form,
    )
