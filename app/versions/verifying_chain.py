"""Whether the log is one chain, and its rows those that it hashed. Names the row that is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app import log
from app.versions.covered import Entry, Reading, Row, readings
from app.versions.models import OPEN
from app.versions.names import names_near
from app.versions.wrong import Wrong


@dataclass(frozen=True, slots=True)
class Chained:
    """How many entries and rows there are, and the last entry."""

    entries: int = 0
    rows: int = 0
    head: log.Head | None = None


def check(connection: Connection) -> Chained:
    """Raises Wrong."""
    entries = rows = 0
    last = Entry(0, 0, "", "", log.GENESIS, None)
    for reading in readings(connection):
        entry = reading.entry
        where = f"log_entry {entry.seq}"
        if entry.prev != last.hash:
            raise Wrong(where, "与前一条不相连")
        if entry.recorded_at <= last.recorded_at:
            raise Wrong(where, "记录时刻没有晚于前一条")
        if not reading.is_proved:
            raise _disproved(connection, reading)
        _check_marks(reading)
        entries, rows, last = entries + 1, rows + len(reading.marks) // log.MARK, entry
    _refuse_uncovered(connection, last.seq)
    head = log.Head(seq=last.seq, hash=last.hash, recorded_at=last.recorded_at) if entries else None
    return Chained(entries, rows, head)


def _disproved(connection: Connection, reading: Reading) -> Wrong:
    """The first row of an entry that is not as it was published; the entry itself where its marks do not tell it."""
    seq, stray = reading.entry.seq, reading.stray
    if reading.altered is not None:
        told = _told(connection, reading.altered)
        return Wrong(str(reading.altered), f"{told}在发布之后被改动，与日志 log_entry {seq} 的哈希不符")
    if stray is not None and stray.seq < reading.expected:
        which = "这是多出来的一行" if reading.is_marked else "其中一行是多出来的"
        return Wrong(str(stray), f"{_told(connection, stray)}与另一行同为序号 {stray.seq}，{which}")
    if reading.expected != seq:
        beyond = f"其后是 {stray}" if stray is not None else f"其后是 log_entry {seq}"
        return Wrong(f"seq {reading.expected}", f"日志 log_entry {seq} 所覆盖的这一行不见了，{beyond}")
    unmarked = "没有逐行标记，不知是哪一行"
    marked = "而各行与逐行标记相符：改动的或是这一条本身，或连标记也一并改了"
    return Wrong(f"log_entry {seq}", f"它与所覆盖的行不符，{marked if reading.is_marked else unmarked}")


WORDS = {
    "publication": "发布记录",
    "subject": "登记",
    "decision": "处理决定",
    "void": "撤除",
    "lineage": "承继关系",
    "revision": "版本",
    "code": "编码",
    "redaction": "删改令",
    "signing_key": "签名公钥",
    "edition": "清单",
}
"""What a row of each table is to people."""
_SUBJECTS = {"subject": "id", "lineage": "origin", "edition": "owner"}
"""The column that says whose row it is, where it is not ``subject_id``."""


def _told(connection: Connection, row: Row) -> str:
    """In words: whose row it is, as it says now, and what."""
    values: dict[str, Any] = dict(zip(log.FORMATS[row.format][1], row.values, strict=True))
    subject, word = values.get(_SUBJECTS.get(row.table, "subject_id")), WORDS[row.table]
    if not isinstance(subject, str):
        return word
    name = names_near(connection, [subject], OPEN).get(subject)
    return f"{name}（{subject}）的{word}" if name else f"{subject} 的{word}"


def _check_marks(reading: Reading) -> None:
    where = f"entry_marks {reading.entry.seq}"
    if reading.kept is None:
        raise Wrong(
            where, "这一条日志没有逐行标记，可用 qingdan verify --rebuild 补写；它所覆盖的行与哈希相符"
        )
    if reading.kept != reading.marks:
        raise Wrong(where, "逐行标记被改动；这一条日志所覆盖的行与哈希相符")


def _refuse_uncovered(connection: Connection, last: int) -> None:
    """No published row may lie beyond the last entry, or at an entry's own seq; no marks without their entry."""
    for table in log.CURRENT:
        seq = connection.exec_driver_sql(
            f"SELECT min(t.seq) FROM {table} t WHERE t.seq > {last} OR t.seq <= 0"
            " OR EXISTS (SELECT 1 FROM log_entry e WHERE e.seq = t.seq)"
        ).scalar_one()
        if seq is not None:
            raise Wrong(f"{table} {seq}", "不在任何日志条目之内")
    seq = connection.exec_driver_sql(
        "SELECT min(m.seq) FROM entry_marks m WHERE NOT EXISTS (SELECT 1 FROM log_entry e WHERE e.seq = m.seq)"
    ).scalar_one()
    if seq is not None:
        raise Wrong(f"entry_marks {seq}", "没有这样一条日志")
