"""Open data: items in shared vocabularies, dumps, the catalogue of what there is."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from app import log
from app.api.items import ItemPath
from app.api.quick import as_linked
from app.api.shapes import answer, answer_value
from app.api.stored import StoredFile
from app.db import run_by
from app.deps import AskedOn, ReadSession, RegistryOf, base_of
from app.exchange.dumping import dump_path, dumps_in, withdrawn_in
from app.exchange.linked import catalog
from app.items.queries import resolve
from app.items.reading import read_item
from app.versions.names import NameBook

router = APIRouter(tags=["open data"])
LINKED: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/ld+json": {"schema": {"type": "object"}}}, "description": "JSON-LD"}
}


@router.get("/items/{item}/jsonld", response_model=None, response_class=Response, responses=LINKED)
def get_linked(request: Request, session: ReadSession, item: ItemPath, asked: AskedOn) -> Response:
    """An item on a day in CPSV-AP 3.2 and schema.org; so does `/items/{id}` with `Accept: application/ld+json`."""
    connection = session.connection()
    item_id, _ = resolve(connection, item, asked.on)
    body = read_item(run_by(connection), NameBook(), item_id, asked.on, asked.today)
    return as_linked(request, body)


class DumpShape(BaseModel):
    file: str = Field(description="name of the file, under /api/v1/dumps/")
    on: str = Field(description="the day it is of")
    seq: int = Field(description="the log entry it is as of")
    hash: str = Field(description="that entry's hash, which covers all before it")
    known_at: str = Field(description="the moment of that entry")
    items: int = Field(description="lines in it")
    bytes: int = Field(description="size of the file")
    sha256: str = Field(description="SHA-256 of the file, hexadecimal")


class WithdrawnShape(BaseModel):
    file: str = Field(description="the name it had; a later dump of the same day may have it now")
    on: str = Field(description="the day it was of")
    seq: int = Field(description="the log entry it was as of")
    hash: str = Field(description="that entry's hash")
    sha256: str = Field(description="SHA-256 of the file: drop yours where it is this one")


class DumpsShape(BaseModel):
    dumps: list[DumpShape] = Field(description="the newest day first")
    withdrawn: list[WithdrawnShape] = Field(
        description="dumps in which something was redacted or has become internal since, or of another log; the newest"
        " first"
    )


@router.get("/dumps", response_model=None, responses={200: {"model": DumpsShape}})
def list_dumps(request: Request, registry: RegistryOf, session: ReadSession) -> Response:
    """Dump files, one a night, each with checksum and head: what to begin a copy with where the registry is large. Once
    something in it was redacted or has become internal, a dump is withdrawn: no longer among them, but told as such."""
    connection, directory = session.connection(), registry.settings.dumps_dir
    told = {"dumps": dumps_in(connection, directory), "withdrawn": withdrawn_in(connection, directory)}
    return answer_value(request, told)


@router.get(
    "/dumps/{file}",
    response_model=None,
    response_class=StoredFile,
    responses={200: {"content": {"application/gzip": {}}, "description": "gzip of JSON lines"}},
)
def get_dump(
    registry: RegistryOf,
    session: ReadSession,
    file: Annotated[str, Path(description="name of a dump", max_length=60)],
) -> StoredFile:
    """A dump file; ranges are answered."""
    path = dump_path(session.connection(), registry.settings.dumps_dir, file)
    return StoredFile(path, media_type="application/gzip", filename=file)


@router.get("/catalog", response_model=None, response_class=Response, responses=LINKED)
def get_catalog(request: Request, registry: RegistryOf, session: ReadSession) -> Response:
    """What data there is, as a DCAT catalogue."""
    connection = session.connection()
    dumps = dumps_in(connection, registry.settings.dumps_dir)
    body = orjson.dumps(catalog(base_of(request), log.head(connection).seq, dumps))
    return answer(request, body, media_type="application/ld+json")
