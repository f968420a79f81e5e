"""The item page: the nine disclosures, what happened to the item, and how to cite what is shown."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection

from app.db import run_by
from app.deps import Asked, AskedOn, KnownAt, ReadSession
from app.errors import NotFound
from app.items.queries import resolve
from app.items.reading import read_item, read_item_as_known
from app.law.queries import IN_FORCE
from app.versions.codes import never_known
from app.versions.history import decisions_of, history_of
from app.versions.names import NameBook, name_on, names_of
from app.versions.queries import Known, known_at, moment, state_on
from app.versions.visibility import is_public
from app.web import history
from app.web.guide import citations_by_role, disclosed, saved
from app.web.rendering import Gaps, gaps, redirect, render
from app.web.subjects import hidden, kin, rows_on, settle_documents

router = APIRouter()


@router.api_route("/items", methods=["GET", "HEAD"])
def find_item(
    request: Request, session: ReadSession, asked: AskedOn, code: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """A code with any characters in it: ``/items?code=``; without one, the search."""
    if not code:
        return redirect(request, "/search")
    return redirect(request, f"/items/{_public(session.connection(), code, asked.on)[0]}")


@router.api_route("/items/{item}", methods=["GET", "HEAD"])
def show_item(
    request: Request,
    session: ReadSession,
    asked: AskedOn,
    known: KnownAt,
    item: Annotated[str, Path(max_length=300)],
) -> Response:
    connection = session.connection()
    item_id, by_code = _public(connection, item, asked.on)
    if by_code:
        return redirect(request, f"/items/{item_id}")
    found = gaps(orjson.loads(_read(connection, item_id, asked, known)))
    content = found["content"] or gaps({})
    secret = hidden(connection, item_id)
    intervals = [one for one in gaps(history_of(connection, item_id, known)) if _open(one, secret)]
    decisions = [one for one in gaps(decisions_of(connection, item_id, known)) if _open(one, secret)]
    settle_documents(connection, [found, *intervals, *decisions])
    cited = _citations(connection, content, asked.on, known)
    return render(
        request,
        connection,
        asked,
        "item.html",
        item=found,
        content=content,
        title=found["name"] or _nearest_name(connection, item_id, asked.on, known),
        given=disclosed(content),
        saved=saved(content["statutory_limit"], content["promised_limit"]),
        bases=citations_by_role(cited),
        void_bases=_void_bases(found, cited),
        contact=_contact(connection, content, asked.on, known),
        entry=_entry(connection, content, asked.on),
        predecessors=kin(connection, found["predecessors"], asked.on),
        successors=kin(connection, found["successors"], asked.on),
        intervals=intervals,
        attested=history.attested_from(intervals),
        happened=history.rows("item", decisions, intervals),
        # Seen from a past day, what came is history.
        coming=history.coming(decisions, intervals, asked.on) if asked.on >= asked.today else None,
        revised=_revised(connection, found, asked, known),
        known=known,
        known_moment=moment(known.recorded_at),
    )


def _public(connection: Connection, asked: str, day: str) -> tuple[str, bool]:
    """(item id, whether it was asked for by another name). Raises NotFound for internal items too."""
    item_id, by_code = resolve(connection, asked, day)
    if not is_public(connection, item_id):
        raise never_known(asked, "item")
    return item_id, by_code


def _read(connection: Connection, item_id: str, asked: Asked, known: Known) -> bytes:
    if known.is_head:
        return read_item(run_by(connection), NameBook(), item_id, asked.on, asked.today)
    return read_item_as_known(connection, item_id, asked.on, asked.today, known)


def _open(entry: Gaps, secret: list[tuple[str, str]]) -> bool:
    """Whether an interval or decision begins outside the time in which the item was internal."""
    first = entry["valid_from"] or entry["effective_from"] or ""
    return not any(start <= first < end for start, end in secret)


def _nearest_name(connection: Connection, item_id: str, day: str, known: Known) -> str:
    return name_on(names_of(connection, item_id, known), day) or item_id


def _citations(connection: Connection, content: Gaps, day: str, known: Known) -> list[Gaps]:
    """Each citation with the instrument's name, force and (where the citation has none) article text that day."""
    citations = content["citations"] or []
    cited = {one["instrument"] for one in citations if one["instrument"]}
    rows = rows_on(connection, cited, day)
    articles: dict[str, dict[str, str]] = {}
    for instrument in rows:
        document = _document(connection, instrument, day, known)
        articles[instrument] = {one["number"]: one["text"] for one in document["articles"] or []}
    shown = []
    for one in citations:
        row = rows.get(one["instrument"] or "")
        text = one["text"] or (articles[row.id].get(one["article"] or "") if row else None)
        facts = {
            "link": row.id if row else None,
            "law": one["title"] or (row.name if row else None),
            "in_force": IN_FORCE[row.status or "not_yet"] if row else None,
            "law_status": (row.status or "not_yet") if row else None,
            "law_since": row.valid_from if row and row.status == "ended" else None,
            "shown_text": text,
        }
        shown.append(Gaps(one | facts))
    return shown


def _void_bases(found: Gaps, cited: list[Gaps]) -> list[Gaps]:
    """Of an item that is not over: the instruments it cites that are not in force on the day, each once."""
    if found["status"] not in ("in_force", "suspended"):
        return []
    return list({one["link"]: one for one in reversed(cited) if one["in_force"] == "no"}.values())[::-1]


def _contact(connection: Connection, content: Gaps, day: str, known: Known) -> Gaps | None:
    """The authority's own halls and phones, where the item refers to them."""
    if not content["contact_of_authority"] or not content["authority"]:
        return None
    return _document(connection, content["authority"], day, known)


def _document(connection: Connection, subject_id: str, day: str, known: Known) -> Gaps:
    """A subject's content on a day; empty where it was not known at that time."""
    try:
        found: Gaps = gaps(state_on(connection, subject_id, day, known).document())
    except NotFound:
        found = Gaps()
    return found


def _entry(connection: Connection, content: Gaps, day: str) -> str | None:
    """The name of the catalogue entry that the item implements."""
    if not content["entry"]:
        return None
    row = rows_on(connection, [content["entry"]], day).get(content["entry"])
    return row.name if row else None


def _revised(connection: Connection, found: Gaps, asked: Asked, known: Known) -> dict[str, Any] | None:
    """Whether a past day reads differently now than at its own end: entered later, or corrected since."""
    if asked.on >= asked.today or not known.is_head or found["revision"] is None:
        return None
    try:
        then = known_at(connection, f"{asked.on}T23:59:59.999999+08:00")
        standing = state_on(connection, found["id"], asked.on, then)
    except NotFound:
        return {"entered": True, "seq": None}
    if standing.revision == found["revision"]:
        return None
    return {"entered": standing.revision is None, "seq": then.seq if standing.revision else None}
