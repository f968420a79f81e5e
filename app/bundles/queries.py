"""A bundle on a day: what each member takes on that day, and the plan and materials that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from app.bundles.materials import Joint, once_each
from app.bundles.paths import Plan, Task, bridged, plan
from app.canonical import decode
from app.db import among, run_by
from app.versions.queries import Known, state_on
from app.versions.visibility import hidden_among, public_among


@dataclass(slots=True)
class Taken:
    """A member with its item as it stands on the day. ``status``: of the item."""

    member: Mapping[str, Any]
    status: str
    content: Mapping[str, Any]

    @property
    def key(self) -> str:
        return self.member["key"]

    @property
    def stands(self) -> bool:
        """Whether it can be handled on the day: an item that has ended, or not begun, takes no time."""
        return self.status not in ("ended", "not_yet")

    @property
    def handled(self) -> Mapping[str, Any]:
        """What is handled: the variant that is meant, over the item."""
        wanted = self.member.get("variant")
        for variant in self.content.get("variants", ()):
            if variant["key"] == wanted:
                return {**self.content, **variant}
        return self.content

    def limit(self, which: str) -> tuple[Mapping[str, Any] | None, str | None]:
        """(the limit that counts in the bundle, whose it is: bundle or item). Statutory: the item's."""
        agreed = self.member.get("limit") if which == "promised" else None
        own = self.handled.get(f"{which}_limit")
        return (agreed, "bundle") if agreed else (own, "item" if own else None)

    def days(self, which: str) -> int | None:
        """Working days, 即办 as 0; None in any other unit or where it is not known."""
        limit = self.limit(which)[0] or {}
        if limit.get("unit") == "immediate":
            return 0
        return limit.get("value") if limit.get("unit") == "workday" else None


@dataclass(slots=True)
class Together:
    """A bundle worked out on a day. ``listed``: all members that may be named; ``members``: those of them that are
    wanted; the plans and materials are of those of these that stand. ``hidden``: keys of members whose items are not
    public. ``after``: whom each waits for, through those that are not in the plans."""

    listed: list[Taken]
    members: list[Taken]
    hidden: set[str]
    after: Mapping[str, Sequence[str]]
    promised: Plan
    statutory: Plan
    materials: list[Joint]


def together(
    connection: Connection,
    content: Mapping[str, Any],
    day: str,
    known: Known,
    without: Sequence[str] = (),
) -> Together:
    """What the members take on a day, those left out aside; items that are not public are not named, but the time is
    then at least."""
    listed = content.get("members", ())
    standing = _standing(connection, [member["item"] for member in listed], day, known)
    hidden = {member["key"] for member in listed if member["item"] not in standing}
    named = [Taken(one, *standing[one["item"]]) for one in listed if one["key"] not in hidden]
    members = [one for one in named if one.key not in without]
    promised, statutory = (_tasks(listed, members, hidden, which) for which in ("promised", "statutory"))
    asked = [(one.key, one.handled.get("materials", ())) for one in members if one.stands]
    return Together(
        named, members, hidden, bridged(promised), plan(promised), plan(statutory), once_each(asked)
    )


def _tasks(
    listed: Sequence[Mapping[str, Any]], members: Sequence[Taken], hidden: set[str], which: str
) -> list[Task]:
    """Every member of the bundle, so that the order goes on through those that take no time here."""
    days = {one.key: one.days(which) for one in members if one.stands}
    return [
        Task(
            key := member["key"],
            days.get(key),
            member.get("after", ()),
            left_out=key not in days and key not in hidden,
            hidden=key in hidden,
        )
        for member in listed
    ]


def _standing(
    connection: Connection, items: Sequence[str], day: str, known: Known
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """id -> (status, content) of items that are public, on the day too; at the head in one query. What is internal on
    the day alone is no more named than what is hidden as a whole."""
    if not known.is_head:
        run = run_by(connection)
        states = [state_on(connection, item, day, known) for item in sorted(public_among(run, items))]
        hidden = hidden_among(run, (state.content for state in states))
        return {s.subject_id: (s.status, s.document()) for s in states if s.content not in hidden}
    statement = among(
        "SELECT t.subject_id, t.valid_from, t.valid_to, t.status, t.visibility, c.body FROM timeline t"
        " LEFT JOIN content c ON c.hash = t.content AND t.valid_from <= :day AND t.valid_to > :day"
        " WHERE t.subject_id IN :ids ORDER BY t.subject_id, t.valid_from",
        "ids",
    )
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    rows = connection.execute(statement, {"ids": list(items), "day": day})
    for item, intervals in groupby(rows, key=lambda row: row.subject_id):
        *_, last = own = list(intervals)
        then = next((row for row in own if row.valid_from <= day < row.valid_to), None)
        if "internal" in (last.visibility, then.visibility if then else None):
            continue
        found[item] = (
            (then.status, decode(bytes(then.body)) if then.body else {}) if then else ("not_yet", {})
        )
    return found
