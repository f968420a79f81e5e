"""一次性告知单 and 办事指南 as print pages and as files to carry."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from markupsafe import Markup
from sqlalchemy import Connection
from starlette.convertors import StringConvertor, register_url_convertor

from app.deps import Asked, AskedOn, KnownAt, ReadSession, RegistryOf, base_of
from app.exchange.handouts import Handout, qr_svg
from app.items.queries import resolve
from app.versions.queries import Known
from app.web.downloads import download
from app.web.handouts import guide, notice
from app.web.item_facts import facts_of
from app.web.rendering import gaps, redirect, render
from app.web.subjects import settle_documents

router = APIRouter()


class _Kind(StringConvertor):
    """So that an address with anything else in this place is no address of ours."""

    regex = "notice|guide"


class _Form(StringConvertor):
    regex = "pdf|docx"


register_url_convertor("handout", _Kind())
register_url_convertor("handout_form", _Form())

Item = Annotated[str, Path(max_length=300)]
Kind = Literal["notice", "guide"]
Have = Annotated[list[str] | None, Query(max_length=400)]


@router.api_route("/items/{item}/{kind:handout}.{form:handout_form}", methods=["GET", "HEAD"])
def download_handout(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    item: Item,
    kind: Kind,
    form: Literal["pdf", "docx"],
    have: Have = None,
) -> Response:
    connection = session.connection()
    item_id, by_code = resolve(connection, item, asked.on, known)
    if by_code:
        return redirect(request, f"/items/{item_id}/{kind}.{form}")
    handout = _handout(request, connection, asked, known, item_id, kind, have)
    body = _written(handout, form, registry.settings.pdf_font)
    return download(body, form, f"{handout.kind}-{handout.title[:60]}-{asked.on}", f"{item_id}-{kind}")


@router.api_route("/items/{item}/{kind:handout}", methods=["GET", "HEAD"])
def show_handout(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    item: Item,
    kind: Kind,
    have: Have = None,
) -> Response:
    connection = session.connection()
    item_id, by_code = resolve(connection, item, asked.on, known)
    if by_code:
        return redirect(request, f"/items/{item_id}/{kind}")
    handout = _handout(request, connection, asked, known, item_id, kind, have)
    return render(
        request,
        connection,
        asked,
        "handout.html",
        handout=handout,
        qr=Markup(qr_svg(handout.address)),
        id=item_id,
        kind=kind,
        ready=sum(sum(table.ticked or []) for part in handout.parts for _, table in part.tables),
        wanted=sum(len(table.ticked or []) for part in handout.parts for _, table in part.tables),
    )


def _written(handout: Handout, form: str, font: str) -> bytes:
    # Loaded when the first is asked for: most processes never write one.
    if form == "pdf":
        from app.exchange.pdf import pdf_of

        return pdf_of(handout, font)
    from app.exchange.docx import docx_of

    return docx_of(handout)


def _handout(
    request: Request,
    connection: Connection,
    asked: Asked,
    known: Known,
    item_id: str,
    kind: Kind,
    have: list[str] | None,
) -> Handout:
    facts = facts_of(connection, item_id, asked, known)
    settle_documents(connection, [gaps(facts.item)])
    base = base_of(request)
    return notice(facts, have or (), base) if kind == "notice" else guide(facts, base)
