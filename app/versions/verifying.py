"""Proof that log, hashes, revisions and derived rows agree. Fails closed; names the first bad row.

Without a head the result says "consistent", not "unaltered": whoever can rewrite every table can
rewrite the whole chain. A head kept elsewhere proves that nothing before it was cut or changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from app import log
from app.db import CHUNK, lock_publishing
from app.versions import named_files, verifying_chain, verifying_contents
from app.versions.histories import History, load_histories
from app.versions.revising import Wanted, wanted_revisions
from app.versions.row_marks import write_missing
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
        chained = verifying_chain.check(connection)
        proof.entries, proof.rows, proof.head = chained.entries, chained.rows, chained.head
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
                raise _unlike_the_fold(subject_id, history, wanted[0])


def _unlike_the_fold(subject_id: str, history: History, want: Wanted) -> Wrong:
    """Names the row that stands on the day; where there is none, the decision that it should follow from."""
    table, rows, what = "revision", list[Any](history.revisions), f"版本（应为 {want.status}）"
    if not want.differs:
        table, rows = "code", [row for row in history.codes if (row.code, not row.held) in want.codes]
        should = (f"{'持有' if held else '不持有'} {code[2]}" for code, held in want.codes)
        what = f"编码（应为{'、'.join(should)}）"
    found = [(row.effective_from, row.seq) for row in rows if row.effective_from <= want.day]
    if not found:
        table = "decision"
        found = [(one.effective_from, one.seq) for one in history.effects if one.effective_from <= want.day]
    told = f"{subject_id} 自 {want.day} 起的{what}与处理决定推算的结果不符"
    return Wrong(f"{table} {max(found)[1]}", told)


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
                raise Wrong(_place(table, columns, min(wrong, key=repr)), _UNLIKE)
            counted[table] += len(rows)
    for table, count in counted.items():
        stored = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
        if stored != count:
            raise Wrong(
                _first_stray(connection, table), f"有 {stored - count} 行不属于任何已登记的主体，先列一行"
            )
    wrong = named_files.documents_in(connection) ^ named_files.stored_documents(connection)
    if wrong:
        raise Wrong(_place("document_file", named_files.DOCUMENT_COLUMNS, min(wrong)), _UNLIKE)


def _keys(table: str) -> list[str]:
    return [column.name for column in SQLModel.metadata.tables[table].primary_key.columns]


def _place(table: str, columns: str, row: Sequence[Any]) -> str:
    """A derived row by its key: it has no seq."""
    values = dict(zip(columns.split(", "), row, strict=True))
    return " ".join([table, *(str(values[name]) for name in _keys(table) if values[name] != "")])


def _first_stray(connection: Connection, table: str) -> str:
    keys = ", ".join(_keys(table))
    asked = (
        f"SELECT {keys} FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM subject s WHERE s.id = t.subject_id)"
        f" ORDER BY {keys} LIMIT 1"
    )
    row = connection.exec_driver_sql(asked).one()
    return _place(table, keys, row)


def rebuild(connection: Connection, describe: Describe) -> int:
    """Write the derived tables anew from the published rows, and the marks that are missing. Returns the number of
    subjects."""
    lock_publishing(connection)  # a publication in between would find its rows gone
    write_missing(connection)
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
