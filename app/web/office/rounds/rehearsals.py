"""A round before it is published, added up and item by item; and after, as its report tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.canonical import decode
from app.changes import rows
from app.db import fetch, marks
from app.deps import ReadSession, Registry, RegistryOf
from app.rounds.corrections import corrections
from app.rounds.counted import find
from app.rounds.recording import recorded
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import report
from app.rounds.sentence import COMING, LEAVING, PARTS
from app.versions.fold import changed
from app.versions.queries import known_at, today
from app.web import charts, comparing
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Visitor
from app.web.office.forms.working import ask, under_way
from app.web.office.publishing.effects import ids_in_all
from app.web.rendering import gaps
from app.web.subjects import names as names_on
from app.web.subjects import names_apart

router = APIRouter()
Which = Annotated[str, Path(max_length=40)]
PAGE = 100
LINES = {
    "retained": "保留",
    "ended": "减少",
    "started": "增加",
    "entrusted": "委托产生",
    "outside": "范围之外",
    "passing": "本轮中产生又结束",
}
_STANDING = {**PARTS, "retain": "保留", "receive": "承接"}
WORDS = {
    "retained": _STANDING,
    "ended": LEAVING,
    "started": COMING,
    "entrusted": {"entrust": "委托"},
    "outside": {**LEAVING, **COMING, **_STANDING},
    "passing": COMING,
}
"""What an outcome is called, by the line that an item counts in: the same merge keeps one item and ends another."""


@router.get("/office/rounds/{changeset}/rehearsal")
def show_rehearsal(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    line: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=100)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """What publishing would do, before and after, added up, with what stands against it. Writes nothing."""
    found, day = rows.find(session, changeset), today()
    seq = known_at(session.connection(), None).seq
    worked = ask(
        registry,
        ("rehearsal", changeset),
        lambda _tell: _apart(registry, lambda own: rehearse_round(own, changeset, day)),
        of=[found.version, seq, day],
    )
    if not worked.is_done:
        return under_way(
            request, session, present, f"预演：{found.title}", f"/office/rounds/{changeset}", worked
        )
    rehearsed = worked.outcome()
    sought = "".join(q.split())
    listed = [
        one
        for one in rehearsed["items"]
        if (not line or one["line"] == line) and sought in "".join((one["name"] or "").split())
    ]
    shown = listed[(page - 1) * PAGE : page * PAGE]
    touched = _changed(rehearsed["revisions"], {one["item"] for one in shown})
    connection = session.connection()
    names = names_apart(connection, sorted(ids_in_all([one["changes"] for one in touched])), day)
    return show(
        request,
        connection,
        present,
        "rounds/rehearsal.html",
        changeset=found,
        sums=gaps(rehearsed["report"]),
        crossed=charts.crossed(rehearsed["report"]["by_authority"]),
        lines=LINES,
        line=line,
        counts=Counter(one["line"] for one in rehearsed["items"]),
        words=WORDS,
        items=shown,
        changes=_in_words(connection, touched, names),
        matching=len(listed),
        q=q,
        page=page,
        pages=max(1, -(-len(listed) // PAGE)),
        stale=rehearsed["stale"],
        undecided=rehearsed["undecided"],
        later=rehearsed["later"],
        later_names=names_on(connection, [one["subject"] for one in rehearsed["later"][:PAGE]], day),
        findings=rehearsed["findings"],
        most=PAGE,
    )


def _apart(registry: Registry, do: Callable[[Session], Any]) -> Any:
    """In a session of its own: the request's is over by then."""
    with registry.database.reading() as session:
        return do(session)


def _changed(revisions: list[dict[str, Any]], items: set[str]) -> list[dict[str, Any]]:
    """Of each item its first revision that changes any field."""
    found: dict[str, dict[str, Any]] = {}
    for one in revisions:
        if one["subject"] in items and one["changes"]:
            found.setdefault(one["subject"], one)
    return list(found.values())


_STOOD = (
    "SELECT t.subject_id, c.body FROM timeline t JOIN content c ON c.hash = t.content"
    " WHERE t.subject_id IN ({ids}) AND t.valid_from <= ? AND t.valid_to > ?"
)


def _in_words(
    connection: Connection, revisions: list[dict[str, Any]], names: Mapping[str, str]
) -> dict[str, list[comparing.Row]]:
    """Item -> its changes as a changeset tells them, beside what stands on the revision's day: a limit is told whole,
    whatever part of it was set."""
    items: dict[str, list[str]] = {}
    for one in revisions:
        items.setdefault(one["effective_from"], []).append(one["subject"])
    stood = {
        item: decode(bytes(body))
        for day, some in items.items()
        for item, body in fetch(connection, _STOOD.format(ids=marks(some)), (*some, day, day))
    }
    told = {}
    for one in revisions:
        before, changes = stood.get(one["subject"], {}), one["changes"]
        told[one["subject"]] = comparing.rows(before, changed(before, changes), changes, names, ([], []))
    return told


@router.get("/office/rounds/{changeset}/report")
def show_report(
    request: Request, registry: RegistryOf, session: ReadSession, present: Visitor, changeset: Which
) -> Response:
    """The report of a published round: as published, as known now where that differs, reconciled."""
    found, connection = rows.find(session, changeset), session.connection()
    seq = known_at(connection, None).seq
    worked = ask(
        registry,
        ("report", changeset),
        lambda _tell: _apart(registry, lambda own: _report(own, changeset)),
        of=[seq, today()],
    )
    if not worked.is_done:
        return under_way(
            request, session, present, f"报告：{found.title}", f"/office/rounds/{changeset}", worked
        )
    told = worked.outcome()
    return show(
        request,
        connection,
        present,
        "rounds/report.html",
        changeset=found,
        report=gaps(told),
        crossed={name: charts.crossed(told[name]) for name in ("by_authority", "by_type", "by_level")},
        recorded=gaps(told["recorded"]),
        corrections=gaps(told["corrections"]),
        groups={"by_authority": "实施机关", "by_type": "事项类型", "by_level": "行使层级"},
    )


def _report(session: Session, changeset: str) -> dict[str, Any]:
    connection = session.connection()
    known = known_at(connection, None)
    published = find(connection, changeset, known)
    told = recorded(connection, published.statement)
    return report(connection, changeset, known) | {
        "recorded": {**told, "rows": []} if told else None,
        "corrections": corrections(connection, published, known.seq),
    }
