"""The citation picker: an instrument by what is typed of its name, its articles, and what an article says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from app.checks.numerals import articles
from app.deps import ReadSession
from app.errors import RegistryError
from app.listing import Filter, list_subjects
from app.versions import ids
from app.versions.queries import known_at, parse_day, state_on, today
from app.versions.visibility import is_public
from app.web.office.doors.pages import PRIVATE
from app.web.office.doors.visiting import Visitor, typed_day
from app.web.office.forms.drafting import named_id

router = APIRouter()
OFFERED = 10
"""Instruments that are offered for what is typed."""
SUBJECT = "citations"


@router.get("/office/citation")
def pick(
    request: Request,
    session: ReadSession,
    present: Visitor,
    law: Annotated[str, Query(max_length=1000)] = "",
    article: Annotated[str, Query(max_length=1000)] = "",
    day: Annotated[str, Query(alias="from", max_length=20)] = "",
) -> Response:
    """To our script: the instruments whose names contain ``law`` and, where it names just one, that one, its articles
    and the text of ``article``, as worded on the day."""
    connection = session.connection()
    on = parse_day(typed_day(day), "施行日期") if day else today()
    asked = law.replace("\0", "").strip().strip("《》")
    told: dict[str, Any] = {"laws": [], "id": None, "title": None, "articles": [], "text": None}
    if asked and not ids.is_id(asked):
        wanted = Filter(on=on, kind="instrument", name_contains=asked)
        told["laws"] = [row["name"] for row in list_subjects(connection, wanted, None, OFFERED).rows]
    if found := _one(connection, asked, on):
        content = worded(connection, found, on)
        told |= {"id": found, "title": content.get("title")}
        told["articles"] = [one["number"] for one in content.get("articles") or ()]
        told["text"] = text_of(content, article)
    return Response(orjson.dumps(told), headers=PRIVATE, media_type="application/json")


def _one(connection: Connection, asked: str, on: str) -> str | None:
    if not asked:
        return None
    try:
        return named_id(connection, asked, "instrument", on, SUBJECT)
    except RegistryError:
        return None


def worded(connection: Connection, instrument: str, on: str) -> Mapping[str, Any]:
    """The instrument as worded on the day; empty where it is none, or none that the public may read."""
    if not ids.is_id(instrument) or ids.kind_of(instrument) != "instrument":
        return {}
    if not is_public(connection, instrument):
        return {}
    return state_on(connection, instrument, on, known_at(connection, None)).document()


def text_of(content: Mapping[str, Any], article: str) -> str | None:
    """What the instrument says there: the article as written (第十二条 for 第十二条第一款), else by its number."""
    asked = "".join(article.split())
    if not asked:
        return None
    held = [(str(one["number"]).strip(), str(one["text"])) for one in content.get("articles") or ()]
    written = [
        (len(name), text)
        for name, text in held
        if name and asked.startswith(name) and not asked[len(name) :].startswith("之")
    ]
    if written:
        return max(written)[1]
    numbers = articles(asked)
    return next((text for name, text in held if numbers and articles(name) == numbers[:1]), None)


def texts(connection: Connection, citations: Iterable[Mapping[str, Any]], on: str) -> dict[str, str]:
    """Key of a citation -> what the article says that it names, where the registry has it."""
    held: dict[str, Mapping[str, Any]] = {}
    found: dict[str, str] = {}
    for one in citations:
        instrument = str(one.get("instrument") or "")
        if not instrument or not one.get("article"):
            continue
        if instrument not in held:
            named = _one(connection, instrument, on)
            held[instrument] = worded(connection, named, on) if named else {}
        if text := text_of(held[instrument], str(one["article"])):
            found[str(one["key"])] = text
    return found
