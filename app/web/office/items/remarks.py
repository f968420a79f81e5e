"""Why a draft came back, and what was said of single fields: for whoever mends it, in the form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.changes import rows
from app.changes.models import ChangesetEvent
from app.versions.fold import diff
from app.web import comparing
from app.web.office.items.in_hand import Editing, drafted

BACK = ("returned", "base-moved")
ONWARD = ("submitted", "approved", "published", "withdrawn")
People = dict[int, str]


@dataclass(slots=True)
class Remarks:
    """What others said of a draft."""

    back: dict[str, str] | None = None
    """``who`` sent it back and ``why``; None where nobody did since it was last submitted."""
    of: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    """Path in the form -> of each remark on it ``who``, what the field is called (``about``) and ``words``; those on no
    field of this form under the empty path."""

    @property
    def rows(self) -> set[str]:
        """Paths of what holds a field with a remark."""
        steps = (path.split("/") for path in self.of)
        return {"/".join(path[:end]) for path in steps for end in range(1, len(path) + 1)}


def remarks_on(session: Session, editing: Editing) -> Remarks:
    """Those on the draft that is taken up; none on what is new."""
    if editing.changeset is None:
        return Remarks()
    events = rows.events(session, editing.changeset)
    people = names_of_accounts(session, {event.account for event in events})
    found = Remarks(sent_back(events, people))
    called = _called(session, editing)
    for one in comments(events, people):
        start = next((start for start in called if one["note"].startswith(start)), "")
        path, about = called.get(start, ("", ""))
        words = one["note"][len(start) :].partition("起）：")[2] if start else one["note"]
        found.of.setdefault(path, []).append({"who": one["who"], "about": about, "words": words})
    return found


def sent_back(events: Sequence[ChangesetEvent], people: People) -> dict[str, str] | None:
    """Who sent it back last, and why; None where it has been submitted since, or never came back."""
    last = next((one for one in reversed(events) if one.event in (*BACK, *ONWARD)), None)
    return _said(last, people, "why") if last is not None and last.event in BACK else None


def comments(events: Sequence[ChangesetEvent], people: People) -> list[dict[str, str]]:
    return [_said(event, people, "note") for event in events if event.event == "commented"]


def _said(event: ChangesetEvent, people: People, name: str) -> dict[str, str]:
    return {"who": people.get(event.account or 0, "命令行"), name: event.note or ""}


def _called(session: Session, editing: Editing) -> dict[str, tuple[str, str]]:
    """How a remark on a field begins, as the page of the changeset has it -> (path, what the field is called), of each
    field that the draft changes."""
    content, _ = drafted(session, editing)
    names: set[Any] = {editing.base.get("name"), content.get("name"), editing.item}
    changes: list[Any] = list(diff(editing.base, content))
    rows_ = comparing.rows(editing.base, content, changes, {}, ([], []))
    return {
        f"{name}·{row.label}（自 ": (row.path.removesuffix(f"/{comparing.ORDER}"), row.label)
        for row in rows_
        for name in names
        if name
    }
