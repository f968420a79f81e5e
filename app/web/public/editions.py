"""Editions as issued: the series, one with what changed since the last, its files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.deps import AskedOn, ReadSession, RegistryOf, base_of
from app.exchange.edition_facts import document_words, left_out
from app.lists import reading, signing
from app.lists.selecting import KINDS
from app.web.downloads import FORMS, Form, download
from app.web.edition_file import edition_file
from app.web.rendering import render
from app.web.subjects import names

router = APIRouter()

LIMIT, SERIES = 200, 100
SHOWN = 100
"""Rows of each part of what changed."""
Which = Annotated[str, Path(max_length=40)]


@router.api_route("/editions", methods=["GET", "HEAD"])
def show_editions(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    kind: Annotated[str, Query(max_length=20)] = "",
    owner: Annotated[str, Query(max_length=60)] = "",
    before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    connection = session.connection()
    of_kind = kind if kind in KINDS else None
    found = reading.issued(connection, kind=of_kind, owner=owner or None, before=before, limit=SERIES + 1)
    return render(
        request,
        connection,
        asked,
        "editions.html",
        editions=found[:SERIES],
        next=found[SERIES - 1].row["seq"] if len(found) > SERIES else None,
        kind=of_kind,
        owner=owner,
        owner_name=names(connection, [owner], asked.on).get(owner, owner) if owner else "",
        kinds=KINDS,
        words=document_words,
    )


# Before the page, since an id may hold anything but a slash.
@router.api_route("/editions/{edition}.{form:list_form}", methods=["GET", "HEAD"])
def download_edition(
    request: Request, session: ReadSession, registry: RegistryOf, edition: Which, form: Form
) -> Response:
    connection = session.connection()
    found = reading.find_issued(connection, edition)
    body = edition_file(connection, found, form, base_of(request), registry.settings.pdf_font)
    return download(body, form, found.title, found.row["id"])


@router.api_route("/editions/{edition}", methods=["GET", "HEAD"])
def show_edition(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    edition: Which,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    connection = session.connection()
    found = reading.find_issued(connection, edition)
    rows = reading.rows_of(connection, (found.frozen or {}).get("rows", []))
    lines = rows.lines
    previous = found.row["previous"]
    return render(
        request,
        connection,
        asked,
        "edition.html",
        edition=found,
        document=document_words(found.document),
        kinds=KINDS,
        rows=lines[(page - 1) * LIMIT : page * LIMIT],
        items=len({item for item, _ in lines}),
        left=left_out(rows.missing.values()),
        page=page,
        pages=max(1, -(-len(lines) // LIMIT)),
        previous=reading.find_issued(connection, previous) if previous else None,
        changes=reading.since_last(connection, found),
        shown=SHOWN,
        forms=FORMS,
        key=next((one for one in signing.told(connection) if one["id"] == found.row["key"]), None),
    )
