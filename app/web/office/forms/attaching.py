"""Attached files in the browser: scans of decision documents, blank and sample forms. Kept by content hash; what names
the hash says which version it is, so nothing is ever replaced."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from app import files
from app.auth.signing_in import Present
from app.changes import file_reading
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.manners import saved_as
from app.versions.queries import moment
from app.web.office.doors.pages import PRIVATE, show
from app.web.office.doors.visiting import Visitor, keep_refusal
from app.web.office.forms.keeping import is_script

router = APIRouter()
LATEST = 30
LONGEST = 200
"""Characters of a file's name; of a longer one the end is kept, which says what it is."""


@router.get("/office/files")
def list_files(request: Request, session: ReadSession, present: Visitor) -> Response:
    return _page(request, session, present)


@router.post("/office/files")
async def bring_file(request: Request, registry: RegistryOf, present: Visitor) -> Response:
    """One file kept; to our script as JSON, else as the page with its fingerprint."""
    limit = registry.settings.max_upload_bytes
    try:
        async with request.form(max_files=1, max_fields=5) as form:
            file = form.get("file")
            given = isinstance(file, UploadFile)
            name = (file.filename or "") if given else ""  # type: ignore[union-attr]
            body = await file.read(limit + 1) if given else b""  # type: ignore[union-attr]
    except MultiPartException as error:
        raise Invalid("表单无法识别，没有存入；请重新打开页面再试。", code="bad-form") from error
    return await run_in_threadpool(_kept, request, registry, present, plain_name(name), body)


@router.get("/office/files/{digest}")
def read_file(
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """A file that the visitor may read, public or not: a browser shows its session to the office alone."""
    if not file_reading.is_readable(session, present.actor, digest) and not file_reading.is_public(
        session.connection(), digest
    ):
        raise files.unknown()
    row, path = files.find(session, registry.settings.files_dir, digest)
    headers = {**PRIVATE, **saved_as(row.name), "Content-Security-Policy": "sandbox"}
    return FileResponse(path, media_type=row.media_type, headers=headers)


def plain_name(name: str) -> str:
    """The last part of what a browser calls the file, without signs that are none to read."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[-LONGEST:]


def _kept(request: Request, registry: Registry, present: Present, name: str, body: bytes) -> Response:
    limit = registry.settings.max_upload_bytes
    try:
        if not name:
            raise Invalid("没有选择文件，请选择要上传的文件。", code="no-file", field="file")
        media_type = files.media_type_of(name)
        with registry.database.writing() as session:
            root, by = registry.settings.files_dir, present.actor.account
            row = files.store(session, root, name, media_type, body, limit, by)
            kept = {"digest": row.digest, "name": name, "size": row.size}
    except RegistryError as error:
        keep_refusal(request, error)
        if is_script(request):
            return _json({"said": error.message}, error.status)
        with registry.database.reading() as session:
            return _page(request, session, present, said=error.message, status=error.status)
    if is_script(request):
        return _json(kept)
    with registry.database.reading() as session:
        return _page(request, session, present, kept=kept)


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, headers=PRIVATE, media_type="application/json")


def _page(
    request: Request,
    session: Session,
    present: Present,
    *,
    said: str = "",
    kept: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    gone = files.redacted(session.connection())
    everywhere = present.actor.region is None and present.actor.authority is None
    latest_first = select(files.StoredFile).order_by(col(files.StoredFile.added_at).desc())
    rows = (
        session.exec(latest_first.limit(LATEST)).all() if everywhere else ()
    )  # names may say what is drafted
    latest = [
        {"digest": one.digest, "name": one.name, "size": one.size, "at": moment(one.added_at)}
        for one in rows
        if one.digest not in gone
    ]
    return show(
        request,
        session.connection(),
        present,
        "forms/files.html",
        status=status,
        said=said,
        kept=kept,
        latest=latest if everywhere else None,
        accepted=files.ACCEPTED,
        suffixes=",".join([*files.MEDIA_TYPES, ".jpeg"]),
        most=request.app.state.registry.settings.max_upload_mb,
    )
