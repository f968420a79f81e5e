"""A round from its desk to publication: its document, handing in, approval by a second person, publishing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlmodel import Session

from app.canonical import decode
from app.changes import drafts, rows
from app.errors import RegistryError
from app.rounds import publishing
from app.versions.queries import today
from app.web.office.doors.visiting import Form
from app.web.office.forms.drafting import PAPER
from app.web.office.forms.redrafting import anew
from app.web.office.publishing.changesets import Move
from app.web.office.rounds.desk import desk, is_recorded
from app.web.office.rounds.filtering import Wanted
from app.web.office.rounds.recording import rows_page

router = APIRouter()


class RoundMove(Move):
    """A move on a round; a refusal is shown on its desk, or above the rows of its document."""

    place = "/office/rounds/"

    def refused(self, session: Session, error: RegistryError) -> Response:
        found = rows.find(session, self.id)
        if is_recorded(found):
            return rows_page(self.request, session, self.present, self.id, error=error)
        return desk(
            self.request, session, self.present, found, Wanted(), said=error.message, status=error.status
        )


Moving = Annotated[RoundMove, Depends(RoundMove)]


@router.post("/office/rounds/{changeset}/head")
def save_head(move: Moving, form: Form) -> Response:
    """Title, number and document; decisions, scope and recorded rows stay as they are."""

    def work(session: Session) -> None:
        changeset = rows.find(session, move.id)
        bodies = [decode(row.body) for row in rows.decisions(session, changeset)]
        paper = {one: value for one in PAPER if (value := form.get(f"document/{one}").strip())}
        head = decode(changeset.head.encode()) | {
            "number": form.get("number").strip() or None,
            "reason": form.get("reason").strip() or None,
            "document": paper or None,
        }
        asked = anew(changeset, bodies, bodies, head=head, title=form.get("title").strip())
        version = form.get("version")
        seen = int(version) if version.isascii() and version.isdigit() else -1
        drafts.redraft(session, move.actor, move.id, seen, asked, today())

    return move.make(work)


@router.post("/office/rounds/{changeset}/submit")
def submit(move: Moving) -> Response:
    return move.make_apart(
        lambda session: drafts.submit(session, move.actor, move.id, None, today(), move.rules)
    )


@router.post("/office/rounds/{changeset}/take-back")
def take_back(move: Moving) -> Response:
    return move.make(lambda session: drafts.take_back(session, move.actor, move.id))


@router.post("/office/rounds/{changeset}/approve")
def approve(move: Moving, form: Form) -> Response:
    """Bound to the hash of what the desk showed."""
    return move.make(lambda session: drafts.approve(session, move.actor, move.id, form.get("hash")))


@router.post("/office/rounds/{changeset}/return")
def send_back(move: Moving, form: Form) -> Response:
    return move.make(lambda session: drafts.send_back(session, move.actor, move.id, form.get("reason")))


@router.post("/office/rounds/{changeset}/withdraw")
def withdraw(move: Moving, form: Form) -> Response:
    return move.make(lambda session: drafts.withdraw(session, move.actor, move.id, form.get("reason")))


@router.post("/office/rounds/{changeset}/publish")
def publish(move: Moving) -> Response:
    """Worked out and written in the background; the desk says how far it is to whoever asked for it."""
    return move.make_apart(
        lambda session, prepared: publishing.publish(
            session, move.actor, move.id, rules=move.rules, prepared=prepared
        ),
        lambda session: publishing.prepare(session, move.actor, move.id, today(), rules=move.rules),
    )
