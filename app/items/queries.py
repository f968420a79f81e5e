"""Asking about items: one by id or code, many by filter; the answer's envelope around the stored bytes.

The item read is the busiest door, so it is one indexed query and a splice of bytes, by a ``Run`` that a
driver's own connection can serve as well as SQLAlchemy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from sqlalchemy import BigInteger, Connection, String, bindparam, text

from app.canonical import decode
from app.db import fetch
from app.errors import Ambiguous, Invalid, NotFound
from app.places.queries import subtree
from app.versions import ids
from app.versions.models import FIRST, OPEN
from app.versions.queries import (
    Kin,
    Known,
    lineage_of,
    moment,
    names_of,
    not_internal,
    shown,
    state_on,
    timeline,
)
from app.versions.timeline import Span

Run = Callable[[str, tuple[Any, ...]], list[Any]]
"""Run SQL with ``?`` marks and return the rows."""


def run_by(connection: Connection) -> Run:
    """A Run over SQLAlchemy's connection."""
    return partial(fetch, connection)


class NameBook:
    """Dated names of authorities and regions, kept while the log's head stands."""

    def __init__(self) -> None:
        self.head = -1
        self._names: dict[str, list[tuple[str, str, str]]] = {}
        self.recorded_at = ""

    def turn_to(self, head: int, recorded_at: int) -> None:
        if head != self.head:
            self.head, self._names = head, {}
            self.recorded_at = moment(recorded_at)

    def load(self, connection: Connection, subject_ids: Iterable[str | None]) -> None:
        """Read the names of many subjects at once."""
        wanted = sorted({one for one in subject_ids if one} - self._names.keys())
        if not wanted:
            return
        self._names |= {one: [] for one in wanted}
        query = text(
            "SELECT subject_id, valid_from, valid_to, name FROM timeline"
            " WHERE subject_id IN :ids AND content IS NOT NULL ORDER BY subject_id, valid_from"
        ).bindparams(bindparam("ids", expanding=True))
        for row in connection.execute(query, {"ids": wanted}):
            self._names[row[0]].append((row[1], row[2], row[3]))

    def name(self, run: Run, subject_id: str, day: str) -> str | None:
        """The name on a day, or the nearest known: the last before, else the first after."""
        spans = self._names.get(subject_id)
        if spans is None:
            rows = run(
                "SELECT valid_from, valid_to, name FROM timeline"
                " WHERE subject_id = ? AND content IS NOT NULL ORDER BY valid_from",
                (subject_id,),
            )
            spans = self._names[subject_id] = [(row[0], row[1], row[2]) for row in rows]
        best = None
        for valid_from, _valid_to, name in spans:
            if valid_from <= day or best is None:
                best = name
        return best


_GOVERNING = (
    "(SELECT g.seq FROM decision g WHERE g.subject_id = r.subject_id AND g.effective_from <= r.effective_from"
    " AND (g.until IS NULL OR g.until > r.effective_from) AND (g.creates IS NOT NULL OR g.changes IS NOT NULL)"
    "{known} AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = g.act{known_void})"
    " ORDER BY g.effective_from DESC, g.seq DESC LIMIT 1)"
)
"""The last decision that applies on the day a revision begins: the one behind the state. It is not always the
one that wrote the revision: when a suspension for a time lapses, what stood before governs again."""


def _governing(known: Known | None = None) -> str:
    if known is None or known.is_head:
        return _GOVERNING.format(known="", known_void="")
    return _GOVERNING.format(known=f" AND g.seq <= {known.seq:d}", known_void=f" AND v.seq <= {known.seq:d}")


_ITEM = (
    "SELECT t.valid_from, t.valid_to, t.kind, t.revision, t.status, t.codes, t.name, t.authority, t.region,"
    " t.visibility, c.body, cd.body, cp.body, d.outcome, d.publication,"
    " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > r.seq ORDER BY e.seq LIMIT 1),"
    " EXISTS (SELECT 1 FROM lineage l WHERE l.origin = t.subject_id OR l.successor = t.subject_id),"
    " h.seq, h.recorded_at,"
    f" {not_internal('t.subject_id')}"
    # The one interval first, by itself: joined as a whole, every interval's body would be read and sorted.
    " FROM (SELECT * FROM timeline WHERE subject_id = ? AND valid_from <= ?"
    " ORDER BY valid_from DESC LIMIT 1) t"
    " JOIN (SELECT seq, recorded_at FROM log_entry ORDER BY seq DESC LIMIT 1) h ON 1 = 1"
    " LEFT JOIN content c ON c.hash = t.content"
    " LEFT JOIN revision r ON r.seq = t.revision"
    f" LEFT JOIN decision d ON d.seq = {_governing()}"
    " LEFT JOIN content cd ON cd.hash = d.statement"
    " LEFT JOIN publication p ON p.seq = d.publication"
    " LEFT JOIN content cp ON cp.hash = p.statement"
)


def read_item(run: Run, book: NameBook, item_id: str, day: str, today: str) -> bytes:
    """The answer of ``GET /items/{id}`` at the log's head, as JSON bytes. Raises NotFound."""
    rows = run(_ITEM, (item_id, day))
    if not rows or rows[0][1] <= day:
        return _outside(run, book, item_id, day, today)
    row = rows[0]
    if row[2] != "item" or row[9] == "internal" or not row[19]:
        raise unknown_item(item_id)
    book.turn_to(row[17], row[18])
    unknown = row[3] is None
    codes = orjson.loads(row[5])
    envelope = {
        "id": item_id,
        "code": main_code(codes),
        "codes": codes,
        "name": row[6],
        "status": row[4],
        "on": day,
        "planned": day > today,
        "valid_from": None if unknown else row[0],
        "valid_to": None if row[1] == OPEN else row[1],
        "attested_from": row[1] if unknown else None,
        "revision": row[3],
        "recorded_at": moment(row[15]) if row[15] else None,
        "authority": _named(run, book, row[7], day),
        "region": _named(run, book, row[8], day),
        "document": _document(row[11], row[12], row[13], row[14]),
        "predecessors": [],
        "successors": [],
        "known_at": book.recorded_at,
        "seq": row[17],
    }
    if row[16]:
        envelope["predecessors"], envelope["successors"] = _kin(run, item_id)
    return splice(envelope, bytes(row[10]) if row[10] is not None else None)


def _outside(run: Run, book: NameBook, item_id: str, day: str, today: str) -> bytes:
    """A known item on a day before it begins (or after a voided start): it still answers."""
    found = run(
        "SELECT s.seq, (SELECT min(valid_from) FROM timeline t WHERE t.subject_id = s.id AND t.valid_from > ?),"
        f" {not_internal('s.id')},"
        " h.seq, h.recorded_at FROM subject s"
        " JOIN (SELECT seq, recorded_at FROM log_entry ORDER BY seq DESC LIMIT 1) h ON 1 = 1"
        " WHERE s.id = ? AND s.kind = 'item'",
        (day, item_id),
    )
    if not found or not found[0][2]:
        raise unknown_item(item_id)
    row = found[0]
    book.turn_to(row[3], row[4])
    return splice(_empty_envelope(item_id, day, today, row[1], book.recorded_at, row[3]), None)


def _empty_envelope(
    item_id: str, day: str, today: str, begins: str | None, known: str, seq: int
) -> dict[str, Any]:
    return {
        "id": item_id,
        "code": None,
        "codes": [],
        "name": None,
        "status": "not_yet",
        "on": day,
        "planned": day > today,
        "valid_from": None,
        "valid_to": begins,
        "attested_from": None,
        "revision": None,
        "recorded_at": None,
        "authority": None,
        "region": None,
        "document": None,
        "predecessors": [],
        "successors": [],
        "known_at": known,
        "seq": seq,
    }


def unknown_item(asked: str) -> NotFound:
    return NotFound(f"登记簿中从未有过事项 {asked}，请检查编号或编码。", code="unknown-item")


KIND_LABELS = {
    "item": "事项",
    "entry": "基本目录事项",
    "authority": "实施机关",
    "region": "行政区划",
    "instrument": "法律法规文件",
    "calendar": "节假日安排",
}


def unknown_code(code: str, kind: str) -> NotFound:
    if kind == "item":
        return unknown_item(code)
    return NotFound(
        f"登记簿中从未有过编号或编码为 {code} 的{KIND_LABELS[kind]}，请检查。", code="unknown-subject"
    )


def splice(envelope: dict[str, Any], content: bytes | None) -> bytes:
    """The envelope with the stored content bytes in it, untouched."""
    return orjson.dumps(envelope)[:-1] + b',"content":' + (content or b"null") + b"}"


PREFERRED_SCHEMES = ("national-31", "national-33", "national-12", "national-14")


def main_code(codes: Sequence[dict[str, str]]) -> str | None:
    """The code shown first: a national one where there is one."""
    for scheme in PREFERRED_SCHEMES:
        for code in codes:
            if code["scheme"] == scheme:
                return code["value"]
    return max((code["value"] for code in codes), key=len, default=None)


def _named(run: Run, book: NameBook, subject_id: str | None, day: str) -> dict[str, Any] | None:
    return {"id": subject_id, "name": book.name(run, subject_id, day)} if subject_id else None


def _document(
    words: Any, statement: Any, outcome: str | None, publication: int | None
) -> dict[str, Any] | None:
    """The document behind the revision in force: what was decided, in whose words, by which document."""
    if publication is None:
        return None
    decided = decode(bytes(words)) if words else {}
    published = decode(bytes(statement)) if statement else {}
    return {
        "publication": publication,
        "outcome": outcome,
        "title": published.get("title"),
        **published.get("document", {}),
        **{
            name: decided[name]
            for name in ("words", "annex", "receiver", "outside", "follow_up", "timing", "reason")
            if name in decided
        },
    }


def _kin(run: Run, item_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    query = (
        "SELECT {other}, relation, effective_from FROM lineage l WHERE {own} = ?"
        " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = l.act) AND {open} ORDER BY effective_from, seq"
    )
    before = run(query.format(other="origin", own="successor", open=not_internal("l.origin")), (item_id,))
    after = run(query.format(other="successor", own="origin", open=not_internal("l.successor")), (item_id,))
    shape = ("id", "relation", "effective_from")
    return [dict(zip(shape, r, strict=True)) for r in before], [
        dict(zip(shape, r, strict=True)) for r in after
    ]


def read_item_as_known(connection: Connection, item_id: str, day: str, today: str, known: Known) -> bytes:
    """The same answer as known at an earlier point of the log: worked out from revisions, slower."""
    standing = state_on(connection, item_id, day, known)
    if standing.kind != "item":
        raise unknown_item(item_id)
    content = standing.document()
    if content.get("visibility") == "internal" or not is_public(connection, item_id):
        raise unknown_item(item_id)
    before, after = _public_kin(connection, item_id, known)
    envelope = _empty_envelope(item_id, day, today, standing.valid_to, moment(known.recorded_at), known.seq)
    envelope |= {
        "code": main_code(standing.codes),
        "codes": standing.codes,
        "name": content.get("name"),
        "status": standing.status,
        "valid_from": standing.valid_from,
        "valid_to": standing.valid_to,
        "attested_from": standing.attested_from,
        "revision": standing.revision,
        "authority": _named_as_known(connection, content.get("authority"), day, known),
        "region": _named_as_known(connection, content.get("region"), day, known),
        "predecessors": [
            {"id": k.origin, "relation": k.relation, "effective_from": k.effective_from} for k in before
        ],
        "successors": [
            {"id": k.successor, "relation": k.relation, "effective_from": k.effective_from} for k in after
        ],
    }
    if known.asked_later:
        envelope["later_than_head"] = True
    if standing.revision is not None:
        behind = _behind(connection, [standing.revision], known)
        envelope["recorded_at"], envelope["document"] = behind[standing.revision]
    return splice(envelope, standing.body)


def _public_kin(connection: Connection, item_id: str, known: Known) -> tuple[list[Kin], list[Kin]]:
    before, after = lineage_of(connection, item_id, known)
    return (
        [kin for kin in before if is_public(connection, kin.origin)],
        [kin for kin in after if is_public(connection, kin.successor)],
    )


def _named_as_known(
    connection: Connection, subject_id: str | None, day: str, known: Known
) -> dict[str, Any] | None:
    if subject_id is None:
        return None
    best = None
    for span in names_of(connection, subject_id, known):
        if span.valid_from <= day or best is None:
            best = span.name
    return {"id": subject_id, "name": best}


Behind = tuple[str, dict[str, Any] | None]
"""When a revision was recorded, and the document behind it."""


def _behind(connection: Connection, revisions: Iterable[int], known: Known) -> dict[int, Behind]:
    """What is behind each of these revisions."""
    query = _bound(
        "SELECT cd.body, cp.body, d.outcome, d.publication,"
        " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > r.seq ORDER BY e.seq LIMIT 1), r.seq"
        f" FROM revision r LEFT JOIN decision d ON d.seq = {_governing(known)}"
        " LEFT JOIN content cd ON cd.hash = d.statement LEFT JOIN publication p ON p.seq = d.publication"
        " LEFT JOIN content cp ON cp.hash = p.statement WHERE r.seq IN :seqs",
        ["seqs"],
    )
    listed = list(revisions)
    found: dict[int, Behind] = {}
    for start in range(0, len(listed), 1000):
        for row in connection.execute(query, {"seqs": listed[start : start + 1000]}):
            found[row[5]] = moment(row[4]), _document(row[0], row[1], row[2], row[3])
    return found


# --- codes ----------------------------------------------------------------------------------------------


def holder_of(connection: Connection, code: str, day: str, kind: str = "item") -> str:
    """The subject that holds a code on a day, else the last that held it.

    Raises Ambiguous with the list where there are several, NotFound where there never was one.
    """
    rows = connection.execute(
        text(
            "SELECT i.subject_id, i.valid_from, i.valid_to FROM code_interval i JOIN subject s ON s.id = i.subject_id"
            f" WHERE i.value = :code AND s.kind = :kind AND {not_internal('i.subject_id')}"
        ),
        {"code": code, "kind": kind},
    ).all()
    if not rows:
        raise unknown_code(code, kind)
    holders = _holders([(row[0], row[1], row[2]) for row in rows], day)
    if len(holders) > 1:
        raise Ambiguous(
            f"编码 {code} 有 {len(holders)} 个{KIND_LABELS[kind]}在用，请从中选择。",
            code="several-holders",
            holders=holders,
        )
    return holders[0]


def _holders(held: Sequence[tuple[str, str, str]], day: str) -> list[str]:
    """Of (subject, from, to): who holds on the day; else who held last; else who is to hold."""
    now = {subject for subject, first, last in held if first <= day < last}
    past = max((last for _, _, last in held if last <= day), default=None)
    return sorted(now or {row[0] for row in held if row[2] == past} or {row[0] for row in held})


def resolve(connection: Connection, asked: str, day: str) -> tuple[str, bool]:
    """(item id, whether a code was asked for)."""
    if ids.is_id(asked):
        return asked.lower(), asked.lower() != asked
    return holder_of(connection, asked, day), True


# --- many ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Filter:
    """Which items: on a day, in a region and all below it, of an authority, type, level, status."""

    on: str
    region: str | None = None
    authority: str | None = None
    type: str | None = None
    level: str | None = None
    statuses: tuple[str, ...] = ()
    kind: str = "item"
    parent: str | None = None
    name: str | None = None
    name_contains: str | None = None


@dataclass(slots=True)
class Page:
    """A keyset page: rows, and the id to go on after."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    next: str | None = None


STATUSES = ("in_force", "suspended", "ended", "unknown")


def known_statuses(asked: Iterable[str]) -> tuple[str, ...]:
    """The statuses asked for, each once. Raises Invalid for one that there is not."""
    found = tuple(dict.fromkeys(asked))
    for status in found:
        if status not in STATUSES:
            raise Invalid(
                f"没有“{status[:40]}”这种状态，可用的有：{'、'.join(STATUSES)}。", code="unknown-status"
            )
    return found


def _where(connection: Connection, wanted: Filter) -> tuple[str, dict[str, Any], list[str]]:
    clauses = ["t.kind = :kind", "t.valid_from <= :on", "t.valid_to > :on", "t.visibility = 'public'"]
    if wanted.kind == "item":
        clauses.append(not_internal("t.subject_id"))
    values: dict[str, Any] = {"kind": wanted.kind, "on": wanted.on}
    expanding: list[str] = []
    for column in ("authority", "type", "level", "parent", "name"):
        value = getattr(wanted, column)
        if value is not None:
            clauses.append(f"t.{column} = :{column}")
            values[column] = value
    if wanted.statuses:
        clauses.append("t.status IN :statuses")
        values["statuses"] = list(known_statuses(wanted.statuses))
        expanding.append("statuses")
    if wanted.name_contains is not None:
        clauses.append("t.name LIKE :contains ESCAPE '!'")
        escaped = wanted.name_contains.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values["contains"] = f"%{escaped}%"
    if wanted.region is not None:
        clauses.append("t.region IN :regions")
        values["regions"] = subtree(connection, wanted.region, wanted.on)
        expanding.append("regions")
    return " AND ".join(clauses), values, expanding


def _bound(statement: str, expanding: list[str]) -> Any:
    # Typed, since an empty list of no type is one of integers to PostgreSQL.
    return text(statement).bindparams(
        *(
            bindparam(name, expanding=True, type_=BigInteger() if name == "seqs" else String())
            for name in expanding
        )
    )


def list_subjects(connection: Connection, wanted: Filter, after: str | None, limit: int) -> Page:
    """A page of subjects in the order of their ids, with what lists show of each."""
    where, values, expanding = _where(connection, wanted)
    if after:
        where += " AND t.subject_id > :after"
        values["after"] = after
    statement = _bound(
        "SELECT t.subject_id, t.valid_from, t.valid_to, t.revision, t.status, t.codes, t.name, t.type, t.level,"
        f" t.authority, t.region, t.parent FROM timeline t WHERE {where} ORDER BY t.subject_id LIMIT :limit",
        expanding,
    )
    found = connection.execute(statement, {**values, "limit": limit + 1}).all()
    run, book = run_by(connection), NameBook()
    book.load(connection, (one for row in found[:limit] for one in (row[9], row[10])))
    page = Page(next=found[limit - 1][0] if len(found) > limit else None)
    for row in found[:limit]:
        codes = orjson.loads(row[5])
        page.rows.append(
            {
                "id": row[0],
                "code": main_code(codes),
                "codes": codes,
                "name": row[6],
                "status": row[4],
                "valid_from": None if row[1] == FIRST else row[1],
                "valid_to": None if row[2] == OPEN else row[2],
                "revision": row[3],
                "type": row[7],
                "level": row[8],
                "authority": _named(run, book, row[9], wanted.on),
                "region": _named(run, book, row[10], wanted.on),
                "parent": row[11],
            }
        )
    return page


def count_by(connection: Connection, wanted: Filter, column: str) -> dict[str, int]:
    """How many in each value of ``status``, ``type``, ``level``, ``authority`` or ``region``."""
    if column not in ("status", "type", "level", "authority", "region"):
        raise ValueError(column)
    where, values, expanding = _where(connection, wanted)
    statement = _bound(
        f"SELECT coalesce(t.{column}, ''), count(*) FROM timeline t WHERE {where} GROUP BY 1 ORDER BY 1",
        expanding,
    )
    return {row[0]: row[1] for row in connection.execute(statement, values)}


def history_of(connection: Connection, subject_id: str, known: Known) -> list[dict[str, Any]]:
    """The subject's intervals, each with the decision and document behind it, oldest first."""
    result = []
    rows = _public_spans(connection, timeline(connection, subject_id, known))
    behind = _behind(connection, [span.revision for span in rows if span.revision is not None], known)
    for span in rows:
        entry: dict[str, Any] = {
            "revision": span.revision,
            "status": span.status,
            "valid_from": None if span.valid_from == FIRST else span.valid_from,
            "valid_to": None if span.valid_to == OPEN else span.valid_to,
            "codes": orjson.loads(span.codes),
            "content_hash": span.content,
        }
        if span.revision is not None:
            entry["recorded_at"], entry["document"] = behind[span.revision]
        result.append(entry)
    return result


def _public_spans(connection: Connection, rows: Sequence[Span]) -> list[Span]:
    """The intervals whose content is not internal."""
    query = _bound("SELECT hash, body FROM content WHERE hash IN :hashes", ["hashes"])
    hashes = sorted({span.content for span in rows if span.content})
    internal: set[str] = set()
    for start in range(0, len(hashes), 1000):
        for row in connection.execute(query, {"hashes": hashes[start : start + 1000]}):
            if decode(bytes(row[1])).get("visibility") == "internal":
                internal.add(row[0])
    return [span for span in rows if span.content not in internal]


def decisions_of(connection: Connection, subject_id: str, known: Known) -> list[dict[str, Any]]:
    """Every decision about a subject, voided ones marked, with its words and document; in log order.

    Of one that took effect while the item was internal, it is not said what it changed.
    """
    internal = _internal_days(connection, subject_id)
    rows = connection.execute(
        text(
            "SELECT d.act, d.seq, d.outcome, d.role, d.effective_from, d.until, v.ground, cd.body, cp.body,"
            " d.publication, ch.body, cv.body,"
            " (SELECT e.recorded_at FROM log_entry e WHERE e.seq > v.seq ORDER BY e.seq LIMIT 1) FROM decision d"
            " LEFT JOIN void v ON v.act = d.act AND v.seq <= :seq LEFT JOIN content cv ON cv.hash = v.statement"
            " LEFT JOIN content cd ON cd.hash = d.statement LEFT JOIN content ch ON ch.hash = d.changes"
            " JOIN publication p ON p.seq = d.publication LEFT JOIN content cp ON cp.hash = p.statement"
            " WHERE d.subject_id = :id AND d.seq <= :seq ORDER BY d.seq"
        ),
        {"id": subject_id, "seq": known.seq},
    )
    return [
        {
            "act": row[0],
            "outcome": row[2],
            "role": row[3],
            "effective_from": row[4],
            "until": row[5],
            "voided": row[6],
            "voided_at": moment(row[12]) if row[12] else None,
            "void_reason": decode(bytes(row[11])).get("reason") if row[11] else None,
            "document": _document(row[7], row[8], row[2], row[9]),
            "changes": decode(bytes(row[10])) if row[10] and not _within(row[4], internal) else [],
        }
        for row in rows
    ]


def _internal_days(connection: Connection, subject_id: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        text("SELECT valid_from, valid_to FROM timeline WHERE subject_id = :id AND visibility = 'internal'"),
        {"id": subject_id},
    )
    return [(row[0], row[1]) for row in rows]


def _within(day: str, intervals: Sequence[tuple[str, str]]) -> bool:
    return any(first <= day < last for first, last in intervals)


def is_public(connection: Connection, subject_id: str) -> bool:
    """Whether a subject may be shown: known, and not internal in the end."""
    query = text(f"SELECT 1 FROM subject s WHERE s.id = :id AND {not_internal('s.id')}")
    return connection.execute(query, {"id": subject_id}).first() is not None


def look_up_many(connection: Connection, asked: Sequence[str], day: str) -> list[dict[str, Any]]:
    """Codes and ids in bulk, each answered in the order asked: found rows, or why not."""
    code_rows = connection.execute(
        _bound(
            "SELECT i.value, i.subject_id, i.valid_from, i.valid_to FROM code_interval i"
            " JOIN subject s ON s.id = i.subject_id WHERE s.kind = 'item' AND i.value IN :codes"
            f" AND {not_internal('i.subject_id')}",
            ["codes"],
        ),
        {"codes": list(dict.fromkeys(asked))},
    ).all()
    holders: dict[str, list[Any]] = {}
    for row in code_rows:
        holders.setdefault(row[0], []).append(row)
    wanted: dict[str, list[str]] = {}
    for code in asked:
        if ids.is_id(code):
            wanted[code] = [code.lower()]
        else:
            rows = holders.get(code, [])
            wanted[code] = _holders([(row[1], row[2], row[3]) for row in rows], day)
    rows_by_id = rows_on(connection, {one for many in wanted.values() for one in many}, day)
    results = []
    for code in asked:
        found = [rows_by_id[one] for one in wanted[code] if one in rows_by_id]
        problem = None if len(found) == 1 else ("several-holders" if found else "unknown-item")
        results.append({"asked": code, "found": found, "problem": problem})
    return results


def rows_on(connection: Connection, subject_ids: set[str], day: str) -> dict[str, dict[str, Any]]:
    """Short rows of the items by id, as they stand on a day."""
    statement = _bound(
        "SELECT t.subject_id, t.valid_from, t.valid_to, t.revision, t.status, t.codes, t.name FROM timeline t"
        " WHERE t.subject_id IN :ids AND t.valid_from <= :on AND t.valid_to > :on"
        f" AND t.kind = 'item' AND {shown('t')}",
        ["ids"],
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(statement, {"ids": sorted(subject_ids), "on": day}):
        codes = orjson.loads(row[5])
        found[row[0]] = {
            "id": row[0],
            "code": main_code(codes),
            "codes": codes,
            "name": row[6],
            "status": row[4],
            "valid_from": None if row[1] == FIRST else row[1],
            "valid_to": None if row[2] == OPEN else row[2],
            "revision": row[3],
        }
    return found | _not_yet_rows(connection, subject_ids - found.keys(), day)


def _not_yet_rows(connection: Connection, subject_ids: set[str], day: str) -> dict[str, dict[str, Any]]:
    """Rows of known items that begin later: a known item always answers."""
    if not subject_ids:
        return {}
    statement = _bound(
        "SELECT t.subject_id, min(t.valid_from) FROM timeline t WHERE t.subject_id IN :ids AND t.kind = 'item'"
        f" AND {shown('t')} GROUP BY t.subject_id HAVING min(t.valid_from) > :on",
        ["ids"],
    )
    empty: dict[str, Any] = {"code": None, "codes": [], "name": None, "status": "not_yet", "valid_from": None}
    return {
        row[0]: {"id": row[0], **empty, "valid_to": row[1], "revision": None}
        for row in connection.execute(statement, {"ids": sorted(subject_ids), "on": day})
    }
