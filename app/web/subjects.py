"""What pages ask beyond the shared queries: names and states of several subjects at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

from app.canonical import decode
from app.db import CHUNK, chunks, fetch, marks
from app.saying import said
from app.versions.codes import main_code, subject_id
from app.versions.models import FIRST
from app.versions.names import Name, name_on, names_of
from app.versions.queries import Known, moment
from app.versions.subjects import describe_on
from app.versions.visibility import answered, shown
from app.web.rendering import Gaps, gaps


@dataclass(frozen=True, slots=True)
class Row:
    """A subject on a day, as lists show it. Status None: it has no interval on that day."""

    id: str
    name: str | None
    status: str | None
    valid_from: str | None
    region: str | None
    kind: str


def rows_on(connection: Connection, subject_ids: Iterable[str], day: str) -> dict[str, Row]:
    """Public subjects on a day, under their name of that day or the nearest known."""
    wanted = sorted({one for one in subject_ids if one})
    found: dict[str, Row] = {}
    if not wanted:
        return found
    query = (
        "SELECT t.subject_id, t.name, t.status, t.valid_from, t.valid_to, t.region, t.kind FROM timeline t"
        f" WHERE t.subject_id IN ({{}}) AND {shown('t')} ORDER BY t.subject_id, t.valid_from"
    )
    rows = (
        row for some in chunks(wanted) for row in fetch(connection, query.format(marks(some)), tuple(some))
    )
    for row in rows:
        before = found.get(row[0])
        if row[3] <= day < row[4]:
            name = row[1] or (before.name if before else None)
            found[row[0]] = Row(row[0], name, row[2], None if row[3] == FIRST else row[3], row[5], row[6])
        elif row[3] <= day or before is None:
            found[row[0]] = Row(row[0], row[1], None, None, row[5], row[6])
        elif before.name is None:
            found[row[0]] = Row(row[0], row[1], before.status, before.valid_from, row[5], row[6])
    return found


def names(
    connection: Connection, subject_ids: Iterable[str], day: str, known: Known | None = None
) -> dict[str, str]:
    """id -> name on the day, or the nearest known; ``known``: as it was known then."""
    found = {row.id: row.name for row in rows_on(connection, subject_ids, day).values() if row.name}
    if known is not None and not known.is_head:
        then = {one: name_on(names_of(connection, one, known), day) for one in found}
        found = {one: name for one, name in then.items() if name}
    return found


def told_apart(connection: Connection, called: Mapping[str, str], day: str) -> dict[str, str]:
    """Those of one name (id -> name) with what tells them apart: place and code, else the id."""
    alike = _of_one_name(called)
    apart = apart_by(connection, list(alike), day)
    told = {one: said("{1}（{2}）", name, apart[one]) for one, name in alike.items()}
    return told | {one: said("{1}（{2}）", alike[one], one) for one in _of_one_name(told)}


def _of_one_name(called: Mapping[str, str]) -> dict[str, str]:
    borne = Counter(called.values())
    return {one: name for one, name in called.items() if borne[name] > 1}


def names_apart(connection: Connection, subject_ids: Iterable[str], day: str) -> dict[str, str]:
    """As ``names``, those of one name told apart: for what is compared."""
    found = names(connection, subject_ids, day)
    return found | told_apart(connection, found, day)


def apart_by(connection: Connection, organs: Sequence[str], day: str) -> dict[str, str]:
    """What tells organs of one name apart: each one's place with its code, or its id where it has none."""
    placed = rows_on(connection, organs, day)
    places = names(connection, [one.region or "" for one in placed.values()], day)
    coded = {  # the last to begin stays
        row[0]: row[1]
        for some in chunks(organs)
        for row in fetch(
            connection,
            f"SELECT subject_id, value FROM code_interval WHERE subject_id IN ({marks(some)})"
            " AND valid_from <= ? ORDER BY valid_from",
            (*some, day),
        )
    }
    found = {}
    for one in organs:
        place = places.get(placed[one].region or "", "") if one in placed else ""
        found[one] = " ".join(part for part in (place, coded.get(one, one)) if part)
    return found


def kin(connection: Connection, rows: list[dict[str, Any]], day: str) -> list[Gaps]:
    """Predecessors or successors with name and status on the day; internal items left out."""
    known = rows_on(connection, [row["id"] for row in rows], day)
    return [
        Gaps(
            row,
            name=known[row["id"]].name,
            status=known[row["id"]].status,
            via_name=known[row["via"]].name if row["via"] in known else row["via"],
        )
        for row in rows
        if row["id"] in known
    ]


@dataclass(slots=True)
class Subject:
    """An authority or instrument on a day, as its page shows it."""

    id: str
    name: str
    status: str
    valid_from: str | None
    valid_to: str | None
    attested_from: str | None
    codes: list[Gaps]
    code: str | None
    content: Gaps | None
    names: list[Name]
    predecessors: list[Gaps]
    successors: list[Gaps]


def subject_of(
    connection: Connection, kind: str, asked: str, day: str, known: Known
) -> tuple[Subject | None, str]:
    """(the subject, its id); no subject where ``asked`` was not its own id. Raises NotFound."""
    found = subject_id(connection, kind, asked, day, known)
    if found != asked:
        return None, found
    described = describe_on(connection, found, day, known)
    standing = described.standing
    redacted = bool(described.content and described.content.get("redacted"))
    subject = Subject(
        id=found,
        # The name of another day may be the one that was ordered away.
        name=said("名称已依令删改（{1}）", found) if redacted else described.nearest_name(day),
        status=standing.status,
        valid_from=standing.valid_from,
        valid_to=standing.valid_to,
        attested_from=standing.attested_from,
        codes=gaps(standing.codes),
        code=main_code(standing.codes),
        content=gaps(described.content) if described.content else None,
        names=described.names,
        predecessors=kin(connection, described.predecessors, day),
        successors=kin(connection, described.successors, day),
    )
    return subject, found


def settle_documents(connection: Connection, entries: Iterable[Gaps]) -> None:
    """Give the document of each entry its own title, or none: answers show the changeset's where the document
    has none, and where there is no document at all. And when its publication was recorded, which is not when
    an interval was that it governs; and of one published in an emergency: its reason, and whether a second person
    has confirmed it."""
    documents = [one["document"] for one in entries if one["document"]]
    query = (
        "SELECT p.seq, c.body,"
        " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > p.seq ORDER BY e.seq LIMIT 1),"
        " (SELECT min(k.seq) FROM publication k WHERE k.kind = 'confirmation' AND k.changeset = p.changeset)"
        " FROM publication p LEFT JOIN content c ON c.hash = p.statement WHERE p.seq IN ({})"
    )
    seqs = sorted({one["publication"] for one in documents})
    some = [tuple(seqs[start : start + CHUNK]) for start in range(0, len(seqs), CHUNK)]
    found = {row[0]: row for part in some for row in fetch(connection, query.format(marks(part)), part)}
    for one in documents:
        _, body, recorded_at, confirmed = found[one["publication"]]
        published = decode(bytes(body)) if body else {}
        one["title"] = (published.get("document") or {}).get("title")
        one["published_here"] = moment(recorded_at)
        if published.get("emergency"):
            one["emergency"] = {"reason": published.get("emergency"), "confirmed": confirmed is not None}


def items_by_authority(connection: Connection, authorities: Iterable[str], day: str) -> dict[str, int]:
    """How many public items each authority holds on a day, ended ones left out."""
    wanted = list(authorities)
    if not wanted:
        return {}
    statement = text(
        "SELECT t.authority, count(*) FROM timeline t WHERE t.authority IN :ids AND t.kind = 'item'"
        f" AND t.valid_from <= :day AND t.valid_to > :day AND {answered('t')} AND t.status <> 'ended'"
        " GROUP BY t.authority"
    ).bindparams(bindparam("ids", expanding=True))
    return {row[0]: row[1] for row in connection.execute(statement, {"ids": wanted, "day": day})}
