"""Files to download: their types, and a name for people beside one of plain letters."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from fastapi import Response
from starlette.convertors import StringConvertor, register_url_convertor

from app.exchange.handouts import plain
from app.versions.queries import next_midnight_seconds
from app.web.rendering import SECURITY

Form = Literal["xlsx", "csv", "json", "docx", "pdf"]
FORMS: dict[str, str] = {
    "xlsx": "Excel 表格",
    "csv": "CSV",
    "json": "JSON",
    "docx": "Word 文档",
    "pdf": "PDF",
}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


class _Form(StringConvertor):
    """So that an address with anything else in this place is no address of ours."""

    regex = "|".join(FORMS)


register_url_convertor("list_form", _Form())


def download(body: bytes, form: str, title: str, name: str) -> Response:
    """An attachment called by its title, or by ``name`` where a browser knows plain letters alone."""
    told = quote(plain(f"{title}.{form}").replace("/", "／"), safe="")
    headers = SECURITY | {
        "Content-Disposition": f"attachment; filename=\"{name}.{form}\"; filename*=UTF-8''{told}",
        "Cache-Control": f"public, max-age={min(60, next_midnight_seconds())}",
    }
    return Response(body, media_type=TYPES[form], headers=headers)
