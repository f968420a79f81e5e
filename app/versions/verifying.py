"""Proof that log, hashes, revisions and derived rows agree. Fails closed; names the first bad row.

Without a head the result says "consistent", not "unaltered": whoever can rewrite every table can
rewrite the whole chain. A head kept elsewhere proves that nothing before it was cut or changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from app import log
from app.db import CHUNK, STREAMED, lock_publishing
from app.versions import named_files, verifying_contents
from app.versions.histories import History, load_histories
from app.versions.revising import wanted_revisions
from app.versions.rows import Contents
from app.versions.timeline import Derived, Describe, Facets, derive, describe_stored
from app.versions.wrong import Finding, Wrong


@dataclass
class Proof:
    """What verify found. ``finding`` is None where all agrees."""

    entries: int = 0
    rows: int = 0
    contents: int = 0
    subjects: int = 0
    redacted: int = 0
    head: log.Head | None = None
    against_head: bool = False
    finding: Finding | None = None

    @property
    def ok(self) -> bool:
        return self.finding is None


def verify(connection: Connection, describe: Describe, head: tuple[int, str] | None = None) -> Proof:
    """Check everything. Any error while checking is itself a finding."""
    proof = Proof()
    try:
        _check_chain(connection, proof)
        if head is not None:
            _check_head(connection, head)
            proof.against_head = True
        proof.contents, proof.redacted = verifying_contents.check(connection)
        _check_fold(connection, proof)
        _check_derived(connection, describe)
    except Wrong as wrong:
        proof.finding = wrong.finding
    except Exception as error:
        proof.finding = Finding("verify", f"核验未能完成：{type(error).__name__}: {error}")
    return proof


def _check_head(connection: Connection, head: tuple[int, str]) -> None:
    seq, expected = head
    if (seq, expected) == (0, log.GENESIS):
        return  # kept while nothing was published: whatever came since is after it
    found = connection.execute(
        text("SELECT hash FROM log_entry WHERE seq = :seq"), {"seq": seq}
    ).scalar_one_or_none()
    if found is None:
        raise Wrong(f"log_entry {seq}", "日志中没有这一条：日志被截短或改写")
    if found != expected:
        raise Wrong(f"log_entry {seq}", f"哈希为 {found}，与留存的 {expected} 不符：此前的记录被改写")


# --- the chain --------------------------------------------------------------------------------------------


Row = tuple[int, str, tuple[Any, ...]]
"""(seq, row format, values)"""


def _table_rows(connection: Connection, row_format: str, after: int, until: int) -> Iterator[Row]:
    table, columns = log.FORMATS[row_format]
    names = ", ".join(columns)
    result = connection.exec_driver_sql(
        f"SELECT {names} FROM {table} WHERE seq > {after} AND seq < {until} ORDER BY seq",
        execution_options=STREAMED,
    )
    for row in result:
        yield row[0], row_format, tuple(row)


def _entry_rows(connection: Connection, entries: Sequence[Any]) -> Iterator[Row]:
    """Every row that the entries cover, in the order of seq, each in the format of its entry."""
    after = 0
    for entry_format, group in groupby(entries, key=lambda entry: entry[2]):
        until = list(group)[-1][0]
        formats = log.ENTRY_FORMATS.get(entry_format)
        if formats is None:
            raise Wrong(f"log_entry {until}", f"不认识的格式 {entry_format}，请用更新的程序核验")
        yield from merge(*(_table_rows(connection, name, after, until) for name in formats))
        after = until


def _check_chain(connection: Connection, proof: Proof) -> None:
    entries = connection.exec_driver_sql(
        "SELECT seq, recorded_at, format, prev, hash, rows FROM log_entry ORDER BY seq"
    ).all()
    rows = _entry_rows(connection, entries)
    row = next(rows, None)
    prev, last_moment, expected_seq = log.GENESIS, 0, 1
    for seq, recorded_at, entry_format, entry_prev, entry_hash, entry_rows in entries:
        where = f"log_entry {seq}"
        if entry_prev != prev:
            raise Wrong(where, "与前一条不相连")
        if recorded_at <= last_moment:
            raise Wrong(where, "记录时刻没有晚于前一条")
        chain = log.Chain(prev, seq, recorded_at, entry_format)
        while row is not None and row[0] < seq:
            if row[0] != expected_seq:
                raise Wrong(f"{log.FORMATS[row[1]][0]} {row[0]}", f"序号不连续，应为 {expected_seq}")
            chain.add(row[1], row[2])
            proof.rows += 1
            expected_seq += 1
            row = next(rows, None)
        if expected_seq != seq:
            raise Wrong(where, f"缺少序号 {expected_seq} 的行")
        if chain.digest() != entry_hash or not _is_digest_of(chain, entry_format, entry_rows):
            raise Wrong(where, "它所覆盖的行与哈希不符")
        prev, last_moment, expected_seq = entry_hash, recorded_at, seq + 1
        proof.entries += 1
        proof.head = log.Head(seq=seq, hash=entry_hash, recorded_at=recorded_at)
    _refuse_uncovered(connection, entries)


def _is_digest_of(chain: log.Chain, entry_format: str, rows: str | None) -> bool:
    """Whether the entry tells the digest of its rows: proofs that people carry away rest on it from entry/2 on."""
    return rows == chain.rows() or (rows is None and entry_format == "entry/1")


def _refuse_uncovered(connection: Connection, entries: Sequence[Any]) -> None:
    """No published row may lie beyond the last entry, or at an entry's own seq."""
    last = entries[-1][0] if entries else 0
    for table in log.CURRENT:
        seq = connection.exec_driver_sql(
            f"SELECT min(t.seq) FROM {table} t WHERE t.seq > {last} OR t.seq <= 0"
            " OR EXISTS (SELECT 1 FROM log_entry e WHERE e.seq = t.seq)"
        ).scalar_one()
        if seq is not None:
            raise Wrong(f"{table} {seq}", "不在任何日志条目之内")


# --- the fold, and what is derived --------------------------------------------------------------------------------


def _subject_chunks(connection: Connection) -> Iterator[dict[str, History]]:
    last = ""
    while True:
        ids = [
            row[0]
            for row in connection.execute(
                text("SELECT id FROM subject WHERE id > :last ORDER BY id LIMIT :size"),
                {"last": last, "size": CHUNK},
            )
        ]
        if not ids:
            return
        last = ids[-1]
        yield load_histories(connection, ids)


def _check_fold(connection: Connection, proof: Proof) -> None:
    for histories in _subject_chunks(connection):
        for subject_id, history in histories.items():
            proof.subjects += 1
            if any(effect.redacted for effect in history.effects):
                continue  # its bytes are gone by order; the chain above still proves its rows
            wanted = wanted_revisions(history, "", Contents())
            if wanted:
                want = wanted[0]
                raise Wrong(
                    f"revision of {subject_id}",
                    f"{want.day or '最早'} 的版本与处理决定推算的结果不符（应为 {want.status}）",
                )


_UNLIKE = "推算所得的时间线与存储的不符，可用 qingdan verify --rebuild 重建"
_DERIVED = {
    "timeline": (
        "subject_id, valid_from, valid_to, kind, revision, status, content, codes, name, type, level,"
        " authority, region, parent, visibility"
    ),
    "code_interval": "subject_id, scheme, issuer, value, valid_from, valid_to",
    "link": "subject_id, valid_from, role, target, locator, valid_to",
    "named_file": named_files.SUBJECT_COLUMNS,
}


def _derive_chunk(connection: Connection, histories: dict[str, History], describe: Describe) -> Derived:
    derived = Derived()
    for subject_id, history in histories.items():

        def facets_of(content: str, kind: str = history.kind) -> Facets:
            return describe_stored(connection, describe, kind, content)

        derive(subject_id, history.kind, history.revisions, history.codes, facets_of, derived)
    return derived


def _check_derived(connection: Connection, describe: Describe) -> None:
    counted = dict.fromkeys(_DERIVED, 0)
    for histories in _subject_chunks(connection):
        derived = _derive_chunk(connection, histories, describe)
        first, last = min(histories), max(histories)
        should = {
            "timeline": derived.intervals,
            "code_interval": derived.codes,
            "link": derived.links,
            "named_file": derived.files,
        }
        for table, columns in _DERIVED.items():
            found = connection.execute(
                text(f"SELECT {columns} FROM {table} WHERE subject_id >= :first AND subject_id <= :last"),
                {"first": first, "last": last},
            )
            rows = {tuple(row) for row in found}
            wrong = rows.symmetric_difference(should[table])
            if wrong:
                row = min(wrong, key=repr)
                raise Wrong(f"{table} {row[0]}", _UNLIKE)
            counted[table] += len(rows)
    for table, count in counted.items():
        stored = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if stored != count:
            raise Wrong(table, f"有 {stored - count} 行不属于任何已登记的主体")
    wrong = named_files.documents_in(connection) ^ named_files.stored_documents(connection)
    if wrong:
        raise Wrong(f"document_file {min(wrong)[0]}", _UNLIKE)


def rebuild(connection: Connection, describe: Describe) -> int:
    """Write the derived tables anew from the published rows. Returns the number of subjects."""
    lock_publishing(connection)  # a publication in between would find its rows gone
    for table in _DERIVED:
        connection.exec_driver_sql(f"DELETE FROM {table}")
    count = 0
    for histories in _subject_chunks(connection):
        _derive_chunk(connection, histories, describe).write(connection)
        count += len(histories)
    named_files.rewrite_documents(connection)
    return count


def rederive_resting_on(connection: Connection, content: str, describe: Describe) -> set[int]:
    """Derive anew the subjects that a redacted content belongs to, so that nothing of it is left in derived
    rows. Returns their publications, for the index."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT subject_id, publication FROM revision WHERE content = :h"
            " UNION SELECT subject_id, publication FROM decision WHERE creates = :h OR changes = :h"
        ),
        {"h": content},
    ).all()
    subjects = sorted({row[0] for row in rows})
    for subject_id in subjects:
        for table in _DERIVED:
            connection.execute(text(f"DELETE FROM {table} WHERE subject_id = :id"), {"id": subject_id})
    _derive_chunk(connection, load_histories(connection, subjects), describe).write(connection)
    named_files.rewrite_documents(connection)
    return {row[1] for row in rows}
