"""Attached files, by content hash."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app import files
from app.api.once import IdempotencyKey, answer_once
from app.api.stored import StoredFile
from app.canonical import digest as digest_of
from app.changes import file_reading
from app.deps import ActorOf, ReadSession, RegistryOf, asker, note_access
from app.errors import Invalid
from app.manners import is_held, saved_as, unkept
from app.versions.queries import next_midnight_seconds

router = APIRouter(tags=["files"])


class FileShape(BaseModel):
    digest: str = Field(description="SHA-256 of the bytes: what content names")
    name: str = Field(description="the file name, for people")
    media_type: str = Field(description="application/pdf, image/png, ...")
    size: int = Field(description="bytes")


async def body_of(request: Request, limit: int) -> bytes:
    """The request's body, refused as soon as it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Invalid(f"文件超过 {limit // 2**20} MB，请压缩或拆分后再上传。", code="file-too-large")
        parts.append(part)
    return b"".join(parts)


@router.post("/files", status_code=201, response_model=None, responses={201: {"model": FileShape}})
async def upload(
    request: Request,
    registry: RegistryOf,
    actor: ActorOf,
    name: Annotated[str, Query(min_length=1, max_length=200, description="the file's name, for people")],
    content_type: Annotated[str, Header(description="application/pdf, image/png, ...")],
    key: IdempotencyKey = None,
) -> Response:
    """Keep a file (the body is its bytes); content then names it by `digest`. The same bytes twice are one."""
    actor.require("edit")
    media_type = content_type.split(";")[0].strip().lower()
    limit = registry.settings.max_upload_bytes
    body = await body_of(request, limit)

    def work() -> Response:
        with registry.database.writing() as session:

            def kept() -> Any:
                row = files.store(
                    session, registry.settings.files_dir, name, media_type, body, limit, actor.account
                )
                return FileShape(
                    digest=row.digest, name=name, media_type=row.media_type, size=row.size
                ).model_dump()

            asked = [media_type, digest_of(body)]
            return answer_once(request, session, actor, key, asked, kept, 201)

    return await run_in_threadpool(work)


@router.get(
    "/files/{digest}",
    response_model=None,
    response_class=StoredFile,
    responses={
        200: {
            "content": {kind: {} for kind in sorted(files.MEDIA_TYPES.values())},
            "description": "its bytes",
        },
        304: {"description": "still to be read by whoever asks; its bytes never change"},
        404: {"description": "no such file, or nothing names it that whoever asks may read"},
        410: {"description": "redacted by order"},
    },
)
def download(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256")],
) -> Response:
    """An attached file: public where something public names it, a revision of whatever day or the document of a
    decision, a round or an edition. With a token also what a draft or an internal item in its scope names, and what its
    account has brought; such reads are noted, and refusals. Its bytes never change, but who may read them does."""
    public = file_reading.is_public(session.connection(), digest)
    if not public:
        asking = asker(request, registry)
        if asking is None:
            raise files.unknown()
        if not file_reading.is_readable(session, asking, digest):
            note_access(request, registry, "refused", asking.account, "out-of-scope")
            raise files.unknown()
        note_access(request, registry, "staff-read", asking.account)
    row, path = files.find(session, registry.settings.files_dir, digest)
    kept = {"Cache-Control": f"public, max-age={min(60, next_midnight_seconds())}"} if public else unkept()
    headers = {
        **kept,
        **saved_as(row.name),
        "Content-Security-Policy": "sandbox",
        "ETag": f'"{digest}"',
    }
    if is_held(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return StoredFile(path, media_type=row.media_type, headers=headers)
