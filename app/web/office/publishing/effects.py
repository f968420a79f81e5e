"""What publishing a changeset would write, worked out apart and kept while nothing moves; and how people read it."""

from __future__ import annotations

from typing import Any

import orjson
from sqlmodel import Session

from app.canonical import decode, strings_in
from app.changes import rehearsing, rows
from app.changes.models import Changeset
from app.checks.catalogue import Rules
from app.checks.exceptions import last_moved
from app.checks.sweeping import digest_of
from app.deps import Registry
from app.errors import RegistryError
from app.items.compared_words import compared_words
from app.items.field_words import word_of
from app.versions.fold import diff
from app.versions.queries import known_at, today
from app.web import comparing
from app.web.office.forms.working import ask
from app.web.rendering import gaps
from app.works import Tell, Work

Effects = tuple[dict[str, Any], str]


def ask_effects(
    session: Session, registry: Registry, changeset: Changeset, wait: float | None = None
) -> Work:
    """The work of finding out what publishing would write: the same for whoever asks while nothing has moved."""
    seq, day, rules = known_at(session.connection(), None).seq, today(), registry.rules
    excepted = last_moved(session.connection())
    moment_ = [changeset.version, changeset.state, seq, day, digest_of(rules), *excepted]

    def do(_tell: Tell) -> Effects:
        with registry.database.reading() as own:
            return _effects(own, changeset.id, day, rules)

    return ask(registry, ("effects", changeset.id), do, of=moment_, wait=wait, read=_packed)


def _effects(session: Session, changeset: str, day: str, rules: Rules) -> Effects:
    """What publishing would write, and why it could not; nothing of what is over."""
    nothing: dict[str, Any] = {"revisions": [], "later": [], "findings": [], "warnings": []}
    if rows.find(session, changeset).state in ("published", "withdrawn"):
        return nothing, ""
    try:
        effects = rehearsing.rehearse(session, changeset, day, documents=True, rules=rules)
    except RegistryError as error:
        return nothing, error.message
    return effects, ""


def _packed(written: list[Any]) -> Effects:
    """Each revision as JSON again, for thousands of them may wait for a reader."""
    effects, said = written
    return {**effects, "revisions": [orjson.dumps(one) for one in effects["revisions"]]}, said


def revision_in_words(one: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A revision as people read it: one row a field, what goes and what comes marked; of what is new, all of it."""
    changes: list[Any] = list(diff({}, one["after"])) if one["created"] else one["changes"]
    rows_ = comparing.rows(one["before"], one["after"], changes, names, ([], []))
    return {**one, "rows": rows_}


def stale_in_words(data: bytes | None, names: dict[str, str]) -> Any:
    """The three-way comparison in words."""
    if data is None:
        return None
    compared = decode(data)
    for one in compared.get("fields", ()):
        place = "/".join(part for part in one["path"].split("/") if word_of(part) != part) or one["path"]
        one["label"] = word_of(place)
        sides = ("seen", "now", "yours")
        for side, words in zip(
            sides, compared_words(place, [one.get(side) for side in sides], names), strict=True
        ):
            one[side] = words or "没有提供"
    return gaps(compared)


def ids_in_all(value: Any) -> set[str]:
    """Every string that may be a registry id."""
    return {one for one in strings_in(value) if one.startswith("qd") and len(one) == 12}
