"""What of a changeset is let stand though a check finds it: on its page, beside what may be let stand yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session

from app.auth.actor import Actor
from app.changes.ahead import subjects_of
from app.changes.models import Changeset
from app.changes.moves import may_move
from app.changes.rows import hands_in
from app.checks.catalogue import TITLES, title_of
from app.checks.exceptions import of_changeset
from app.checks.models import CheckException
from app.items.field_words import word_of
from app.versions.queries import moment


def excepted_in(
    session: Session, changeset: Changeset, bodies: Iterable[dict[str, Any]]
) -> list[CheckException]:
    """What the changeset was granted, and what holds for the items of these decisions besides."""
    return of_changeset(session, changeset.id, {one for body in bodies for one in subjects_of(body)})


def excepted_in_words(
    one: CheckException, names: Mapping[str, str], people: Mapping[int, str], changeset: Changeset
) -> dict[str, Any]:
    """An exception as the page shows it. What is published already is taken back as on the page of the checks."""
    own = one.changeset == changeset.id and changeset.publication is None
    door = f"/office/changesets/{changeset.id}" if own else "/office/checks"
    return {
        **one.model_dump(),
        "name": names.get(one.subject, one.subject),
        "title": title_of(one.code),
        "who": people.get(one.account or 0, "命令行"),
        "place": word_of(one.path.split("/", 1)[0]) if one.path else "",
        "when": moment(one.at),
        "end": f"{door}/exceptions/{one.id}/end",
    }


def may_except(session: Session, actor: Actor, changeset: Changeset) -> dict[str, bool]:
    """Whether to offer to ``grant`` and to ``end`` them; scope is asked by the moves themselves."""
    ends = may_move(actor, changeset, "except")
    return {"end": ends, "grant": ends and actor.account not in hands_in(session, changeset)}


def may_stand(found: Mapping[str, Any]) -> bool:
    """Whether a finding is of one place of an item, by a check that exceptions are granted from."""
    return bool(found.get("path") and found.get("subject") and found.get("code") in TITLES)
