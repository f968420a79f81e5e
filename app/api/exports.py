"""The export: every item of a day, a line each; or what differs from an earlier one."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection
from starlette.types import Message, Receive, Scope, Send

from app import log
from app.deps import Asked, AskedOn, KnownQuery, Registry, RegistryOf, address_of
from app.errors import Busy, Invalid
from app.exchange.exporting import Part, export_differences, export_lines, export_lines_as_known
from app.items.filtering import known_type
from app.limiting import is_local, place_of
from app.manners import accepts_gzip
from app.places.queries import authority_id, region_id, subtree
from app.settings import Settings
from app.versions.following import refuse_another_log
from app.versions.queries import Known, known_at, moment, parse_day
from app.versions.standing import refuse_too_many

logger = logging.getLogger(__name__)
router = APIRouter(tags=["log"])

BLOCK = 256 * 1024
"""Bytes sent at once: handing every line over by itself would take longer than making it."""


class ExportQuery:
    """Which part of the registry, and since when."""

    def __init__(
        self,
        since: Annotated[
            int | None,
            Query(ge=0, le=2**62, description="X-Log-Seq of an earlier export: only what differs from it"),
        ] = None,
        since_on: Annotated[
            str | None, Query(description="X-On of that export, where it was of another day")
        ] = None,
        since_hash: Annotated[
            str | None,
            Query(
                pattern="^[0-9a-f]{64}$",
                description="X-Log-Hash of that export: refused where this is another log",
            ),
        ] = None,
        region: Annotated[str | None, Query(description="region id or code; with all below it")] = None,
        authority: Annotated[str | None, Query(description="authority id or code")] = None,
        type: Annotated[str | None, Query(description="事项类型代码: 01 行政许可 ...")] = None,
    ) -> None:
        self.since, self.since_on, self.since_hash = since, since_on, since_hash
        self.region, self.authority, self.type = region, authority, type
        if since is None and since_on is not None:
            raise Invalid("since_on= 要与 since= 一起给出。", code="since-needed")
        if since is None and since_hash is not None:
            raise Invalid("since_hash= 要与 since= 一起给出。", code="since-needed")

    def part(self, connection: Connection, on: str) -> Part:
        region = region_id(connection, self.region, on)
        regions = tuple(subtree(connection, region, on) or [region]) if region else ()
        return Part(regions, authority_id(connection, self.authority, on), known_type(connection, self.type))

    @property
    def is_whole(self) -> bool:
        return self.since is None and not (self.region or self.authority or self.type)


@router.get(
    "/export.jsonl",
    response_model=None,
    response_class=StreamingResponse,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "one item a line"}},
)
def export(
    request: Request,
    registry: RegistryOf,
    asked: AskedOn,
    wanted: Annotated[ExportQuery, Depends(ExportQuery)],
    known_at_: KnownQuery = None,
) -> StreamingResponse:
    """Every public item on a day, one JSON answer a line, as of one log entry: its seq is in the header X-Log-Seq,
    its hash in X-Log-Hash, its moment in X-Known-At, the day in X-On.

    With `since` (an earlier X-Log-Seq) only the lines that differ from that export, and `{"id", "gone": true}` for
    items that are no longer in it; the others differ in `seq`, `known_at` and `on` alone. With `since_hash`
    a registry that was restored from a backup since is noticed, though it has grown past that seq again: 409.

    With `known_at` the answers are worked out from revisions: the same lines, slower, and up to a number of items
    that the registry sets (QINGDAN_KNOWN_AT_ITEMS); past it the request is refused as `known-at-too-large`.
    """
    held = ExitStack()
    try:
        held.callback(_place(request, registry))
        registry.noting.note("export", subject=request.url.path, address=address_of(request), note=asked.on)
        connection = held.enter_context(registry.database.reading()).connection()
        known = known_at(connection, known_at_)
        found = _lines(connection, asked, wanted, known, registry.settings)
        return _answer(request, connection, known, asked, found, held)
    except BaseException:
        held.close()
        raise


def _place(request: Request, registry: Registry) -> Callable[[], None]:
    """What gives back the place of an export under way: each holds a connection and what SQLite has yet to copy back.
    Raises Busy where there is none."""
    address = address_of(request)
    # This machine's own batch work is not for one address; behind a proxy the server has the reader's.
    name = f"local {uuid4()}" if is_local(address) else place_of(address)
    if not registry.exports.take(name):
        raise Busy(
            "正在进行的导出太多，请稍后再试；也可以下载每日的整库文件（/api/v1/dumps）。", retry_after=30
        )
    return partial(registry.exports.give_back, name)


def _answer(
    request: Request,
    connection: Connection,
    known: Known,
    asked: Asked,
    found: Iterator[bytes],
    held: ExitStack,
) -> Paced:
    headers = {"X-Log-Seq": str(known.seq), "X-Known-At": moment(known.recorded_at), "X-On": asked.on}
    headers["X-Log-Hash"] = log.hash_at(connection, known.seq) or ""
    headers |= {"X-Later-Than-Head": "true"} if known.asked_later else {}
    blocks = in_blocks(found)
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        headers |= {"Content-Encoding": "gzip"}
        blocks = gzipped(blocks)
    headers["Vary"] = "Accept-Encoding"
    return Paced(blocks, held, headers)


class Paced(StreamingResponse):
    """Lines that are read while they are sent, to who takes them at some pace; ``held`` is given back with the last
    of them. A reader who is too slow is cut off: the answer stays without its end, which a client notices."""

    SLACK = 60.0
    """Seconds that a reader may keep it waiting in all,"""
    EACH = 1.0
    """and beside that for each block: a quarter of a mebibyte a second, before it is compressed."""

    def __init__(self, blocks: Iterator[bytes], held: ExitStack, headers: dict[str, str]) -> None:
        super().__init__(blocks, media_type="application/x-ndjson", headers=headers)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._held.close()

    async def stream_response(self, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        left, cut_off = self.SLACK, False

        async def paced(message: Message) -> None:
            nonlocal left, cut_off
            left, began = left + self.EACH, clock()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    await send(message)
            except TimeoutError:
                cut_off = True
                raise
            left -= clock() - began

        try:
            await super().stream_response(paced)
        except TimeoutError:
            if not cut_off:
                raise
            logger.warning("an export was cut off: its reader took too little of it")


def _lines(
    connection: Connection, asked: Asked, wanted: ExportQuery, known: Known, settings: Settings
) -> Iterator[bytes]:
    """Raises Invalid, Conflict; nothing is read before the first line is asked for."""
    if not known.is_head:
        if not wanted.is_whole:
            raise Invalid(
                "known_at= 的导出不能同时用 since= 或筛选条件。", code="known-at-alone", field="known_at"
            )
        refuse_too_many(connection, "item", known, settings.known_at_items)
        return export_lines_as_known(connection, asked.on, asked.today, known)
    part = wanted.part(connection, asked.on)
    if wanted.since is None:
        return export_lines(connection, asked.on, asked.today, part)
    refuse_another_log(connection, wanted.since, wanted.since_hash)
    day = parse_day(wanted.since_on, "since_on=") if wanted.since_on else asked.on
    return export_differences(connection, (wanted.since, day), asked.on, asked.today, part)


def in_blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about a size."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= BLOCK:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Compressed as they come, lightly: most of an export is the same words again."""
    packer = zlib.compressobj(3, zlib.DEFLATED, 31)
    for block in blocks:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()
