"""A round before it is published, added up and item by item; and after, as its report tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlmodel import Session

from app.changes import rows
from app.deps import ReadSession, Registry, RegistryOf
from app.items.field_words import value_words, word_of
from app.rounds.corrections import corrections
from app.rounds.counted import find
from app.rounds.pairs import RETAINED
from app.rounds.recording import recorded
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import report
from app.rounds.sentence import COMING, LEAVING, PARTS
from app.versions.queries import known_at, today
from app.web import charts
from app.web.office.pages import show
from app.web.office.visiting import Visitor
from app.web.office.working import WORKING, under_way
from app.web.rendering import gaps
from app.web.subjects import names as names_on

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
_STANDING = {**{one: PARTS.get(one, one) for one in RETAINED}, "retain": "保留", "receive": "承接"}
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
    worked = WORKING.ask(
        ("rehearsal", registry.database.url, changeset, found.version, seq, day),
        lambda: _apart(registry, lambda own: rehearse_round(own, changeset, day)),
    )
    if not worked.done.is_set():
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
    changes = _changes(rehearsed["revisions"], {one["item"] for one in shown})
    connection = session.connection()
    names = names_on(connection, _ids(changes), day)
    return show(
        request,
        connection,
        present,
        "rehearsal.html",
        changeset=found,
        sums=gaps(rehearsed["report"]),
        crossed=charts.crossed(rehearsed["report"]["by_authority"]),
        lines=LINES,
        line=line,
        counts=Counter(one["line"] for one in rehearsed["items"]),
        words=WORDS,
        items=shown,
        changes={item: [_told(change, names) for change in some] for item, some in changes.items()},
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


def _changes(revisions: list[dict[str, Any]], items: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Item -> the field changes of its first revision that has any."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in revisions:
        if one["subject"] in items and one["changes"]:
            found.setdefault(one["subject"], one["changes"])
    return found


def _ids(changes: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    values = [
        change.get(side) for some in changes.values() for change in some for side in ("before", "value")
    ]
    return [value for value in values if isinstance(value, str)]


def _told(change: dict[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    first, *rest = change["path"].split("/")
    place = "/".join([first, *(part for part in rest if word_of(part) != part)])
    words = [word_of(first)] + ([word_of(place)] if "/" in place and not first.endswith("_limit") else [])
    return {
        "label": "：".join(words),
        "before": value_words(place, change.get("before"), names) if change.get("before") is not None else "",
        "after": value_words(place, change.get("value"), names) if change["op"] != "remove" else "",
    }


@router.get("/office/rounds/{changeset}/report")
def show_report(
    request: Request, registry: RegistryOf, session: ReadSession, present: Visitor, changeset: Which
) -> Response:
    """The report of a published round: as published, as known now where that differs, reconciled."""
    found, connection = rows.find(session, changeset), session.connection()
    seq = known_at(connection, None).seq
    worked = WORKING.ask(
        ("report", registry.database.url, changeset, seq, today()),
        lambda: _apart(registry, lambda own: _report(own, changeset)),
    )
    if not worked.done.is_set():
        return under_way(
            request, session, present, f"报告：{found.title}", f"/office/rounds/{changeset}", worked
        )
    told = worked.outcome()
    return show(
        request,
        connection,
        present,
        "round-report.html",
        changeset=found,
        report=gaps(told),
        crossed={name: charts.crossed(told[name]) for name in ("by_authority", "by_type", "by_level")},
        recorded=told["recorded"],
        corrections=told["corrections"],
        groups={"by_authority": "实施机关", "by_type": "事项类型", "by_level": "行使层级"},
    )


def _report(session: Session, changeset: str) -> dict[str, Any]:
    connection = session.connection()
    known = known_at(connection, None)
    published = find(connection, changeset, known)
    told = recorded(connection, published.statement)
    return report(connection, changeset, known) | {
        "recorded": gaps({**told, "rows": []}) if told else None,
        "corrections": gaps(corrections(connection, published, known.seq)),
    }
