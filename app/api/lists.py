"""Lists of an authority or region, editions as issued, and the keys they are signed with."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from app.api.shapes import answer_value, next_link
from app.deps import AskedOn, KnownAt, ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.lists import carrying, reading, selecting, signing
from app.lists.comparing import Difference
from app.lists.selecting import HEADS, KINDS, NOTES, Kind, Selection
from app.lists.signing import Signer
from app.places.queries import region_id
from app.settings import Settings
from app.versions.codes import subject_id
from app.versions.ids import is_id, kind_of
from app.versions.queries import today

router = APIRouter(tags=["lists"])
logger = logging.getLogger(__name__)

Whose = Annotated[str | None, Query(max_length=300, description="by id or code")]
EditionPath = Annotated[str, Path(max_length=40, description="id of the edition")]


class KindShape(BaseModel):
    kind: str = Field(description="power, duty, negative, service")
    title: str = Field(description="权力清单, 责任清单, 负面清单, 公共服务清单")
    note: str = Field(description="what it holds, and what not")
    heads: list[str] = Field(description="the columns")


class KindsShape(BaseModel):
    kinds: list[KindShape] = Field(description="the lists there are")


class ListRowShape(BaseModel):
    id: str = Field(description="registry id of the item")
    name: str = Field(description="its name on the day")
    lines: list[list[str]] = Field(description="cells under heads; a 责任清单 has a line for each duty")


class ListShape(BaseModel):
    kind: str = Field(description="power, duty, negative, service")
    title: str = Field(description="whose list")
    on: str = Field(description="the day this answers for")
    known_at: str = Field(description="the moment of the log entry it rests on")
    seq: int = Field(description="the seq of that entry")
    owner: str = Field(description="registry id of the authority or region")
    note: str = Field(description="what it holds, and what not")
    heads: list[str] = Field(description="the columns")
    total: int = Field(description="items on the list")
    rows: list[ListRowShape] = Field(description="by authority and code")
    next: int | None = Field(description="pass as offset for the next page; none on the last")


class EditionShape(BaseModel):
    """An edition as issued."""

    id: str = Field(description="registry id")
    title: str = Field(description="with its number")
    kind: str = Field(description="power, duty, negative, service")
    owner: str = Field(description="registry id of the authority or region")
    on: str = Field(description="the day that the list is of")
    number: int = Field(description="counts the editions of this kind and owner")
    document: dict[str, Any] | None = Field(
        description="the document it was issued with; none where redacted"
    )
    issued_at: str = Field(description="recorded in the log")
    seq: int = Field(description="its log seq")
    content: str = Field(description="SHA-256 of the list, which names its rows by hash")
    previous: str | None = Field(description="id of the edition before")
    key: str = Field(description="id of the signing key, see /keys")
    signature: str = Field(description="Ed25519, hexadecimal")


class EditionsShape(BaseModel):
    editions: list[EditionShape] = Field(description="the last issued first")
    next: int | None = Field(description="pass as before for the next page; none on the last")


class ProofShape(BaseModel):
    """The file that `qingdan verify --edition` checks offline."""

    format: str = Field(description="qingdan-edition-file/1")
    title: str = Field(description="with its number")
    issued_at: str = Field(description="recorded in the log")
    edition: dict[str, Any] = Field(description="what the signature is over")
    signature: str = Field(description="Ed25519, hexadecimal")
    public_key: str = Field(description="raw, hexadecimal")
    statement: dict[str, Any] | None = Field(description="title and document; none where redacted")
    list_: dict[str, Any] | None = Field(alias="list", description="the list; none where redacted")
    rows: list[dict[str, Any] | None] = Field(description="its rows; none where one is missing")
    missing: dict[str, str] = Field(description="hash -> redacted (by order), withheld (no longer public)")
    log: list[dict[str, Any]] = Field(description="the chain from its own entry on")
    changes: dict[str, Any] | None = Field(description="what changed since the edition before; not signed")


class KeyShape(BaseModel):
    id: str = Field(description="SHA-256 of the raw public key")
    algorithm: str = Field(description="Ed25519")
    public: str = Field(description="raw public key, hexadecimal")
    state: str = Field(description="current, retired, unused (made, nothing signed yet)")
    recorded_at: str | None = Field(description="in the log since")
    retired_at: str | None = Field(description="another took its place")
    seq: int | None = Field(description="its log seq")
    endorsed_by: str | None = Field(description="id of the key before, which signed this one")
    endorsement: str | None = Field(description="that signature, hexadecimal")


class KeysShape(BaseModel):
    keys: list[KeyShape] = Field(description="the newest first; retired ones stay")


@router.get("/lists", response_model=None, responses={200: {"model": KindsShape}})
def list_kinds(request: Request) -> Response:
    """Which lists there are, and what each holds."""
    kinds = [
        {"kind": kind, "title": title, "note": NOTES[kind], "heads": HEADS[kind]}
        for kind, title in KINDS.items()
    ]
    return answer_value(request, {"kinds": kinds})


@router.get("/lists/{kind}", response_model=None, responses={200: {"model": ListShape}})
def get_list(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    kind: Annotated[
        Kind, Path(description="power 权力清单, duty 责任清单, negative 负面清单, service 公共服务清单")
    ],
    asked: AskedOn,
    known: KnownAt,
    authority: Whose = None,
    region: Whose = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="items to leave out at the beginning")] = 0,
    limit: Annotated[int, Query(ge=1, le=2_000, description="items a page")] = 500,
) -> Response:
    """The list of an authority, or of a region and all below it, as of a day."""
    connection = session.connection()
    if bool(authority) == bool(region):
        raise Invalid("请用 authority= 或 region= 说明是谁的清单，两者取一。", code="whose-list")
    held = subject_id(connection, "authority", authority, asked.on, known) if authority else None
    wanted = Selection(kind, asked.on, held, region_id(connection, region, asked.on, known))
    items = selecting.listed(connection, wanted, known, registry.settings.known_at_items)
    rest = offset + limit if offset + limit < len(items) else None
    body = {
        "kind": kind,
        "title": f"{selecting.owner_name(connection, wanted, known)}{KINDS[kind]}",
        "on": asked.on,
        **known.told(),
        "owner": wanted.owner,
        "note": NOTES[kind],
        "heads": HEADS[kind],
        "total": len(items),
        "rows": [
            {"id": one.id, "name": one.name, "lines": one.lines} for one in items[offset : offset + limit]
        ],
        "next": rest,
    }
    return answer_value(request, body)


@router.get("/editions", response_model=None, responses={200: {"model": EditionsShape}})
def list_editions(
    request: Request,
    session: ReadSession,
    known: KnownAt,
    kind: Annotated[Kind | None, Query(description="of this kind")] = None,
    owner: Annotated[
        str | None, Query(max_length=60, description="of this authority or region, by id")
    ] = None,
    before: Annotated[
        int | None, Query(ge=0, le=2**62, description="go on below this edition: `next`, its seq")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="rows a page")] = 50,
) -> Response:
    """Editions as issued, the last first."""
    connection = session.connection()
    if owner:
        kind_of_owner = kind_of(owner.lower()) if is_id(owner) else "authority"
        owner = subject_id(connection, kind_of_owner, owner, today(), known)
    found = reading.issued(connection, kind=kind, owner=owner, known=known, before=before, limit=limit + 1)
    rest = found[limit - 1].row["seq"] if len(found) > limit else None
    body = {"editions": [_told(one) for one in found[:limit]], "next": rest}
    return answer_value(request, body, headers=next_link(request, rest, by="before"))


@router.get("/editions/{edition}", response_model=None, responses={200: {"model": ProofShape}})
def get_edition(
    request: Request,
    session: ReadSession,
    edition: EditionPath,
    until: Annotated[
        int | None, Query(ge=0, le=2**62, description="carry the log up to this seq; default: its head")
    ] = None,
) -> Response:
    """One edition whole, with its proof: save it, and `qingdan verify --edition FILE` checks it offline."""
    connection = session.connection()
    found = reading.find_issued(connection, edition)
    return answer_value(
        request, carrying.carried(connection, found, until) | {"changes": _changes(connection, found)}
    )


@router.get("/keys", response_model=None, responses={200: {"model": KeysShape}})
def list_keys(request: Request, registry: RegistryOf, session: ReadSession) -> Response:
    """The public keys that editions were and are signed with."""
    return answer_value(request, {"keys": signing.told(session.connection(), _own(registry.settings))})


def _own(settings: Settings) -> Signer | None:
    """This machine's key. What is wrong with its file is for whoever runs it, not for the public."""
    path = signing.path_of(settings)
    try:
        return signing.load(path) if path.exists() else None
    except (RegistryError, OSError) as error:
        logger.error("signing key refused: %s", error)
        return None


def _told(one: reading.Issued) -> dict[str, Any]:
    names = ("id", "kind", "owner", "number", "seq", "content", "previous", "key", "signature")
    return {
        "title": one.title,
        "on": one.row["on_day"],
        "document": one.head and one.document,
        "issued_at": one.recorded_at,
        **{name: one.row[name] for name in names},
    }


def _changes(connection: Connection, edition: reading.Issued) -> dict[str, Any] | None:
    found = reading.since_last(connection, edition)
    return None if found is None else _difference(found)


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "added": found.added,
        "dropped": found.dropped,
        "changed": [
            {"item": one.item, "name": one.name, "head": one.head, "before": one.before, "after": one.after}
            for one in found.changed
        ],
        "same": found.same,
        "unknown": found.unknown,
    }
