"""What the public reports, and its answer. The answers of a page are one form: giving one keeps the others as typed.

What is kept is the person's, not the page's: of two tabs each keeps what was typed in it, beside what the other kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from app import log, unsaved
from app.auth.signing_in import Present
from app.deps import ReadSession, RegistryOf, address_of
from app.errors import RegistryError
from app.feedback.models import Feedback
from app.feedback.reporting import KINDS, STATES, answer, answers_of, closed, dismiss, ending, waiting
from app.versions.queries import moment, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import keeping
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
MOST, ENDED = 200, 50
Number = Annotated[str, Query(max_length=40)]
PLACE = keeping.Place("/office/feedback", "答复群众反馈")
FIELD = "answer/"
"""And the number of a report: the field in which its answer is typed."""
WAS, STANDS = "was/", "stands/"
"""And a field: what the page was opened with in it. And the number of a report: how it was closed then."""


@router.get("/office/feedback")
def list_feedback(
    request: Request, session: ReadSession, present: Visitor, answered: Number = "", aside: Number = ""
) -> Response:
    """``answered``, ``aside``: what was just closed, and how."""
    form, kept_at = keeping.found_again(session, present, PLACE)
    kept, done = _not_given(session, _typed(form)), {"answered": answered, "aside": aside}
    return _page(request, session, present, kept, kept, kept_at=kept_at, done=done)


@router.post("/office/feedback")
def keep_answers(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """What was typed is kept until it is given; ``do=drop``: it is dropped."""
    words = ""
    with registry.database.writing() as session:
        if form.get("do") == "drop":
            unsaved.drop(session, present.actor.account or 0, PLACE.address)
        else:
            words = _keep(session, present, form)
    return keeping.as_json(words, []) if keeping.is_script(request) else go(PLACE.address)


@router.post("/office/feedback/{number}")
def answer_feedback(
    request: Request,
    registry: RegistryOf,
    present: Visitor,
    number: Annotated[str, Path(max_length=40)],
    form: Form,
) -> Response:
    """The answer is public to whoever has the number. ``do``: dismiss sets aside what is about nothing here."""
    aside = form.get("do") == "dismiss"
    try:
        with registry.database.writing() as session:
            if aside:
                found = dismiss(session, present.actor, number)
            else:
                stood = form.get(STANDS + number)
                found = answer(session, present.actor, number, form.get(FIELD + number), stood)
            log.record_access(
                session.connection(),
                "feedback-dismissed" if aside else "feedback-answered",
                account=present.actor.account,
                subject=found.number,
                address=address_of(request),
            )
            _keep(session, present, form)
    except RegistryError as error:
        with registry.database.reading() as session:
            before = keeping.found_again(session, present, PLACE)[0]
            kept = _not_given(session, _typed(before))
            typed = _not_given(session, _typed(before) | _changed(form))
            return _page(request, session, present, typed, kept, error)
    return go(f"/office/feedback?{'aside' if aside else 'answered'}={found.number}")


def _typed(form: Posted) -> dict[str, str]:
    """Number -> what is typed as its answer."""
    return {name.removeprefix(FIELD): words for name, words in form.pairs if name.startswith(FIELD)}


def _changed(form: Posted) -> dict[str, str]:
    """Of what is typed what the page was not opened with."""
    return {
        number: words
        for number, words in _typed(form).items()
        if (was := WAS + FIELD + number) not in form or form.get(was).strip() != words.strip()
    }


def _not_given(session: Session, typed: Mapping[str, str]) -> dict[str, str]:
    """Of what is typed what is not the answer that stands."""
    stand = answers_of(session, typed)
    return {number: words for number, words in typed.items() if words.strip() not in ("", stand.get(number))}


def _keep(session: Session, present: Present, form: Posted) -> str:
    """What this page changed is kept beside what another kept; when, in words, empty where nothing waits."""
    account = present.actor.account or 0
    kept = _typed(Posted(unsaved.hold(session, account, PLACE.address)))
    waits = _not_given(session, kept | _changed(form))
    if not waits:
        unsaved.drop(session, account, PLACE.address)
        return ""
    pairs = [(FIELD + number, words) for number, words in waits.items()]
    return keeping.kept_words(unsaved.keep(session, account, PLACE.address, pairs, title=PLACE.title))


def _told(one: Feedback) -> dict[str, Any]:
    ended = moment(one.answered_at) if one.answered_at else None
    return {**one.model_dump(), "at": moment(one.created_at), "ended": ended, "stands": ending(one)}


def _page(
    request: Request,
    session: Session,
    present: Present,
    typed: Mapping[str, str],
    kept: Mapping[str, str],
    error: RegistryError | None = None,
    *,
    kept_at: str = "",
    done: Mapping[str, str] | None = None,
) -> Response:
    """``typed``: what waits to be given as an answer, by number; of a report that is not on the page it is told.
    ``kept``: what of it is kept."""
    found, ended = waiting(session, present.actor, MOST), closed(session, present.actor, ENDED)
    shown = {one.number for one in (*found, *ended)}
    return show(
        request,
        session.connection(),
        present,
        "upkeep/feedback.html",
        error=error,
        typed=typed,
        kept=kept,
        homeless="\n".join(words for number, words in typed.items() if number not in shown),
        kept_at=kept_at if typed else "",
        done=gaps(dict(done or {})),
        found=[_told(one) for one in found],
        ended=[_told(one) for one in ended],
        states=STATES,
        names=names(session.connection(), [one.item or "" for one in (*found, *ended)], today()),
        kinds=KINDS,
        most=MOST,
        most_ended=ENDED,
        script="form.js",
    )
