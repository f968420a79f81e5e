"""Forms are kept as they are typed: found again after whatever came between."""

from __future__ import annotations

from typing import NamedTuple

import orjson
from fastapi import Request, Response
from sqlmodel import Session

from app import unsaved
from app.auth.signing_in import Present
from app.deps import Registry
from app.exchange.days import instant
from app.versions.queries import moment
from app.web.office.doors.pages import PRIVATE
from app.web.office.doors.visiting import Posted, go

NOT_KEPT = frozenset({"do"})
LONGEST = 1_000
"""Characters of an address that a form is kept under."""


class Place(NamedTuple):
    """Where a form is found again; what the desk calls it; what it is about."""

    address: str
    title: str
    subject: str | None = None


def kept_aside(
    request: Request, registry: Registry, present: Present, form: Posted, place: Place
) -> Response | None:
    """``do=keep``: what was typed is kept; ``do=drop``: it is dropped. None where the form is to be saved."""
    if form.get("do") not in ("keep", "drop"):
        return None
    account, said = present.actor.account or 0, ""
    with registry.database.writing() as session:
        if form.get("do") == "drop":
            unsaved.drop(session, account, place.address)
        elif len(place.address) <= LONGEST:
            pairs = [(name, value) for name, value in form.pairs if name not in NOT_KEPT]
            made = unsaved.keep(
                session, account, place.address, pairs, subject=place.subject, title=place.title
            )
            said = kept_words(made)
    return as_json(said, []) if is_script(request) else go(place.address)


def kept_words(made: unsaved.UnsavedForm) -> str:
    return f"{instant(moment(made.saved_at))} 已暂存。"


def saved(session: Session, present: Present, place: Place) -> None:
    """It is a draft now; in the transaction that makes it."""
    unsaved.drop(session, present.actor.account or 0, place.address)


def found_again(session: Session, present: Present, place: Place) -> tuple[Posted, str]:
    """What this person typed there and when it was kept; an empty form where nothing is. It is shown whatever day is
    asked for: the day is a field of such a form, and an empty one would be kept in its place."""
    return kept_form(session, present, place.address) or (Posted([]), "")


def kept_form(session: Session, present: Present, place: str) -> tuple[Posted, str] | None:
    """The form that a person has not saved there, and when it was kept."""
    found = unsaved.kept(session, present.actor.account or 0, place)
    return (Posted(found.pairs), instant(moment(found.saved_at))) if found else None


def is_script(request: Request) -> bool:
    return request.headers.get("accept", "") == "application/json"


def as_json(said: str, others: list[str]) -> Response:
    """To our script: when the form was kept, and what others did."""
    body = orjson.dumps({"said": said, "told": others})
    return Response(body, headers=PRIVATE, media_type="application/json")
