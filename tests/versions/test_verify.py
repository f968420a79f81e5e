"""Whoever can switch the guards off can change bytes; verify finds every one, and names the row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from registry import adjust, make_office
from sqlalchemy import Connection, create_engine, event, text
from sqlmodel import SQLModel
from test_guards import full_office

from app import log
from app.canonical import decode, encode
from app.changes import kinds
from app.guards import guarded_tables
from app.rounds import publishing as rounds
from app.versions import verifying

PUBLISHED = [table for table in guarded_tables() if table.name != "content"]
DERIVED = ("timeline", "code_interval", "link", "named_file", "document_file")


@contextmanager
def unguarded(database) -> Iterator[Connection]:
    """A connection without guards and foreign keys, in a transaction that is rolled back."""
    if not database.is_sqlite:
        with database.writer.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in guarded_tables():
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
            yield connection
            transaction.rollback()
        return
    engine = create_engine(database.url)
    event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection, connection.begin() as transaction:
        for name in (
            connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .scalars()
            .all()
        ):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        yield connection
        transaction.rollback()
    engine.dispose()


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("SAVEPOINT before")
    yield
    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT before")


def check(connection: Connection, head: tuple[int, str] | None = None) -> verifying.Proof:
    return verifying.verify(connection, kinds.describe, head)


def rows_of(connection: Connection, name: str) -> list[dict[str, Any]]:
    order = "hash" if name == "content" else "seq"
    return [
        dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY {order}").mappings()
    ]


def changed(value: Any, column: Any) -> Any:
    """The value with one byte (or one unit) changed."""
    if isinstance(value, (bytes, memoryview)):
        data = bytearray(value)
        data[len(data) // 2] ^= 1
        return bytes(data)
    if isinstance(value, int):
        return value + (10**9 if column.primary_key or column.unique else 1)
    if value is None:
        return 1 if "INT" in str(column.type).upper() else "x"
    return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"


@pytest.fixture
def full(database, clock):
    return full_office(database, clock)


def tamper(connection, table, row, column) -> None:
    keys = [c.name for c in table.primary_key.columns]
    where = " AND ".join(f"{key} = :key_{key}" for key in keys)
    connection.execute(
        text(f"UPDATE {table.name} SET {column.name} = :value WHERE {where}"),
        {"value": changed(row[column.name], column), **{f"key_{key}": row[key] for key in keys}},
    )


def test_a_changed_byte_in_any_published_row_is_found(full):
    """Every column of every row on SQLite; of each table's first and last row on PostgreSQL."""
    every = full.database.is_sqlite
    with unguarded(full.database) as connection:
        assert check(connection).ok
        for table in PUBLISHED:
            rows = rows_of(connection, table.name)
            for row in rows if every else (rows[0], rows[-1]):
                for column in table.columns:
                    with undone(connection):
                        tamper(connection, table, row, column)
                        finding = check(connection).finding
                        assert finding is not None, (table.name, row, column.name)
                        if column.name == "seq":
                            place = (str(row["seq"]), "log_entry")  # the gap, or the entry after it
                            assert any(part in str(finding) for part in place), finding
                        else:
                            assert finding.where == f"{table.name} {row['seq']}", finding


def test_a_changed_byte_in_any_content_is_found(full):
    table = SQLModel.metadata.tables["content"]
    with unguarded(full.database) as connection:
        for row in rows_of(connection, "content"):
            for column in (table.columns["hash"], table.columns["body"]):  # id is but the place it lies in
                with undone(connection):
                    tamper(connection, table, row, column)
                    finding = check(connection).finding
                    assert finding is not None, row
                    named = row["hash"] if column.name == "body" else changed(row["hash"], column)
                    assert finding.where == f"content {named}"


def test_a_missing_row_is_found(full):
    with unguarded(full.database) as connection:
        for table in PUBLISHED:
            for row in rows_of(connection, table.name):
                with undone(connection):
                    connection.execute(
                        text(f"DELETE FROM {table.name} WHERE seq = :seq"), {"seq": row["seq"]}
                    )
                    assert check(connection).finding is not None, (table.name, row["seq"])


def test_a_missing_content_is_found_by_the_row_that_rests_on_it(full):
    with unguarded(full.database) as connection:
        for row in rows_of(connection, "content"):
            with undone(connection):
                connection.execute(text("DELETE FROM content WHERE hash = :hash"), row)
                finding = check(connection).finding
                assert finding is not None
                assert row["hash"] in finding.what


def test_redacted_words_put_back_are_found(full):
    with unguarded(full.database) as connection:
        gone = connection.exec_driver_sql("SELECT content FROM redaction").scalar_one()
        words = encode({"name": "又写回来的话"})
        connection.execute(
            text("UPDATE content SET body = :body WHERE hash = :hash"), {"body": words, "hash": gone}
        )
        finding = check(connection).finding
        assert finding is not None
        assert (finding.where, finding.what) == (f"content {gone}", "已依令删改，却还有内容")


def test_the_digest_of_an_entrys_rows_is_not_left_out(full):
    """Editions carry it instead of the rows: without it they could not be proved."""
    with unguarded(full.database) as connection:
        for seq in connection.exec_driver_sql("SELECT seq FROM log_entry").scalars().all():
            with undone(connection):
                connection.exec_driver_sql(f"UPDATE log_entry SET rows = NULL WHERE seq = {seq}")
                finding = check(connection).finding
                assert finding is not None
                assert finding.where == f"log_entry {seq}"


@pytest.mark.parametrize("column", ["item", "source"])
def test_a_row_of_a_list_said_to_be_of_another_item_is_found(full, column):
    """By it a row is withheld where its item is no longer public."""
    with unguarded(full.database) as connection:
        other = "qdi-99999999" if column == "item" else "0" * 64
        for statement in (f"UPDATE edition_row SET {column} = '{other}'", "DELETE FROM edition_row"):
            with undone(connection):
                connection.exec_driver_sql(statement)
                finding = check(connection).finding
                assert finding is not None
                assert finding.where.startswith("edition_row ")


def test_what_a_round_names_is_there(database, clock):
    """The sums that were published, and the items that its scope was frozen to."""
    office = make_office(database)
    decided = [{"outcome": "retain", "subject": one, "effective_from": "2026-10-15"} for one in office.items]
    scope = {"base_day": "2026-09-01", "region": office.district}
    round_id = office.approved(
        *decided, kind="round", title="第一批清理", document={"number": "某府〔2026〕1号"}, scope=scope
    )
    with database.writing() as session:
        rounds.publish(session, office.publisher, round_id, "2026-09-28")
    (named,) = office.scalars("SELECT statement FROM publication WHERE kind = 'round'")
    statement = decode(bytes(office.scalars(f"SELECT body FROM content WHERE hash = '{named}'")[0]))
    with unguarded(database) as connection:
        assert check(connection).ok
        for content in (statement["report"], statement["scope"]["frozen"]["items"]):
            with undone(connection):
                connection.execute(text("DELETE FROM content WHERE hash = :hash"), {"hash": content})
                finding = check(connection).finding
                assert finding is not None
                assert content in finding.what


def insert(connection, table, row) -> None:
    names = list(row)
    connection.execute(
        text(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(':' + n for n in names)})"),
        row,
    )


def test_an_inserted_row_is_found(full):
    """After the head, before everything, and under a seq that another table holds."""
    with unguarded(full.database) as connection:
        head = log.head(connection)
        for table in PUBLISHED:
            rows = rows_of(connection, table.name)
            seqs = {row["seq"] for row in rows}
            held_elsewhere = next(seq for seq in range(1, head.seq) if seq not in seqs)
            for seq in (head.seq + 1, 0, held_elsewhere):
                row = {**rows[0], "seq": seq}
                for column in table.columns:
                    if column.unique and column.name != "seq":
                        row[column.name] = row[column.name] + (
                            10**6 if isinstance(row[column.name], int) else "0"
                        )
                if table.name == "edition":
                    row["number"] += 1
                if table.name == "subject":
                    row["id"] = "qdi-00000000"
                with undone(connection):
                    insert(connection, table, row)
                    finding = check(connection).finding
                    assert finding is not None, (table.name, seq)


def cut_tail(connection: Connection) -> None:
    """Take back the last publication: its entry and all it covers, derived rows made to fit."""
    last, before = connection.exec_driver_sql("SELECT seq FROM log_entry ORDER BY seq DESC LIMIT 2").scalars()
    assert before < last
    for table in PUBLISHED:
        connection.execute(text(f"DELETE FROM {table.name} WHERE seq > :seq"), {"seq": before})
    verifying.rebuild(connection, kinds.describe)


def test_a_cut_tail_is_found_against_a_kept_head(full):
    kept = full.known()
    with unguarded(full.database) as connection:
        head = log.head(connection)
        assert head.seq == kept.seq
        cut_tail(connection)
        alone, against = check(connection), check(connection, (head.seq, head.hash))
    assert alone.ok, alone.finding
    assert not alone.against_head
    assert against.finding is not None
    assert against.finding.where == f"log_entry {head.seq}"


def test_an_older_head_proves_what_was_before_it(full):
    with full.database.reading() as session:
        head = log.head(session.connection())
    full.publish_change(adjust(full.items[2], "2026-11-01", 7))
    proof = full.verify((head.seq, head.hash))
    assert (proof.ok, proof.against_head) == (True, True)
    assert proof.head.seq > head.seq
    assert full.verify((0, log.GENESIS)).ok
    assert not full.verify((head.seq, "0" * 64)).ok
    assert not full.verify((head.seq - 1, head.hash)).ok


def rechain(connection: Connection) -> None:
    """What a forger with the code would do: hash the whole chain anew."""
    rows = sorted(
        (row[0], name, tuple(row))
        for name, (table, columns) in log.FORMATS.items()
        for row in connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}")
    )
    prev, done = log.GENESIS, 0
    for seq, moment in connection.exec_driver_sql(
        "SELECT seq, recorded_at FROM log_entry ORDER BY seq"
    ).all():
        chain = log.Chain(prev, seq, moment)
        for row_seq, name, row in rows:
            if done < row_seq < seq:
                chain.add(name, row)
        connection.execute(
            text("UPDATE log_entry SET prev = :prev, hash = :hash, rows = :rows WHERE seq = :seq"),
            {"prev": prev, "hash": chain.digest(), "rows": chain.rows(), "seq": seq},
        )
        covered = [log.line(name, row) for row_seq, name, row in rows if done < row_seq < seq]
        connection.execute(
            text("UPDATE entry_marks SET marks = :marks WHERE seq = :seq"),
            {"marks": log.marks_of(covered), "seq": seq},
        )
        prev, done = chain.digest(), seq


def test_a_forged_chain_is_consistent_but_not_the_kept_one(full):
    with unguarded(full.database) as connection:
        head = log.head(connection)
        connection.exec_driver_sql("UPDATE publication SET reviewer = 99 WHERE reviewer IS NOT NULL")
        assert not check(connection).ok
        rechain(connection)
        assert check(connection).ok
        finding = check(connection, (head.seq, head.hash)).finding
        assert finding is not None
        assert finding.where == f"log_entry {head.seq}"


@pytest.mark.parametrize(
    ("forgery", "named"),
    [
        ("UPDATE revision SET status = 'suspended' WHERE seq = {revision}", "revision {revision}"),
        ("UPDATE revision SET effective_from = '2023-01-01' WHERE seq = {revision}", "revision {revision}"),
        ("UPDATE revision SET effective_from = '2999-01-01' WHERE seq = {revision}", "decision {decision}"),
        ("UPDATE code SET held = 0 WHERE seq = {code}", "code {code}"),
        ("UPDATE code SET value = 'Y' WHERE seq = {code}", "code {code}"),
        ("UPDATE decision SET until = '2026-12-24' WHERE seq = {decision}", "revision {revision}"),
        ("DELETE FROM content WHERE hash = (SELECT min(changes) FROM decision)", "decision {changing}"),
    ],
)
def test_revisions_that_do_not_follow_from_the_decisions_are_found(full, forgery, named):
    """Even where the chain was hashed anew. The row that stands is named, else the decision that it should follow."""
    with unguarded(full.database) as connection:
        seqs = {
            table: connection.execute(
                text(f"SELECT max(seq) FROM {table} WHERE subject_id = :id"), {"id": full.items[2]}
            ).scalar_one()
            for table in ("decision", "revision", "code")
        }
        changing = "SELECT min(seq) FROM decision WHERE changes = (SELECT min(changes) FROM decision)"
        seqs["changing"] = connection.exec_driver_sql(changing).scalar_one()
        connection.exec_driver_sql(forgery.format(**seqs))
        rechain(connection)
        verifying.rebuild(connection, kinds.describe)
        finding = check(connection).finding
        assert finding is not None
        assert finding.where == named.format(**seqs), finding


@pytest.mark.parametrize("name", DERIVED)
def test_derived_rows_tampered_with_are_found_and_rebuilt(full, name):
    table = SQLModel.metadata.tables[name]
    if name in ("link", "named_file", "document_file"):
        full.publish_change(
            {
                "kind": "instrument",
                "outcome": "enact",
                "effective_from": "2026-10-01",
                "content": {"title": "取水许可办法"},
                "ref": "law",
            },
            {
                "outcome": "adjust",
                "subject": full.items[2],
                "effective_from": "2026-10-01",
                "changes": [
                    {
                        "op": "add",
                        "path": "citations",
                        "value": {"key": "c1", "role": "setting", "instrument": "@law"},
                    },
                    {"op": "set", "path": "materials/m1/blank_form", "value": "f" * 64},
                ],
            },
            document={"number": "〔2026〕9号", "url": f"/api/v1/files/{'e' * 64}"},
        )
    with unguarded(full.database) as connection:
        stored = connection.exec_driver_sql(f"SELECT * FROM {name}").mappings().all()
        assert stored
        for column in table.columns:
            with undone(connection):
                tamper(connection, table, stored[-1], column)
                finding = check(connection).finding
                assert finding is not None, column.name
                assert finding.where.split()[0] == name
                if not column.primary_key:
                    keys = (str(stored[-1][key.name]) for key in table.primary_key.columns)
                    assert finding.where == " ".join([name, *(key for key in keys if key)])
                verifying.rebuild(connection, kinds.describe)
                assert check(connection).ok
                assert set(connection.exec_driver_sql(f"SELECT * FROM {name}").all()) == {
                    tuple(row.values()) for row in stored
                }
        first = table.primary_key.columns[0].name
        for statement in (f"DELETE FROM {name}", f"UPDATE {name} SET {first} = 'z' || {first}"):
            with undone(connection):
                connection.exec_driver_sql(statement)
                finding = check(connection).finding
                assert finding is not None
                assert len(finding.where.split()) > 1, "a row, not a table"
                verifying.rebuild(connection, kinds.describe)
                assert check(connection).ok


@pytest.mark.parametrize("name", [*(table.name for table in guarded_tables()), *DERIVED])
def test_verify_fails_closed(full, name):
    """What cannot be checked is a finding, never a pass and never an exception."""
    with unguarded(full.database) as connection:
        cascade = "" if full.database.is_sqlite else " CASCADE"
        connection.exec_driver_sql(f"DROP TABLE {name}{cascade}")
        finding = check(connection).finding
    assert finding is not None
    assert name in str(finding)


def test_verify_of_an_empty_registry(database):
    with database.reading() as session:
        connection = session.connection()
        proof = check(connection)
        assert (proof.ok, proof.entries, proof.head) == (True, 0, None)
        assert check(connection, (0, log.GENESIS)).ok
        assert not check(connection, (7, "a" * 64)).ok


def test_verify_counts_what_it_checked(full):
    proof = full.verify()
    assert proof.entries == full.count("log_entry")
    assert proof.rows == sum(full.count(table) for table in log.CURRENT)
    assert proof.contents == full.count("content")
    assert proof.subjects == full.count("subject")


def test_rebuild_after_verify_on_one_connection(full):
    """As ``qingdan verify --rebuild`` does."""
    with full.database.writing() as session:
        assert check(session.connection()).ok
        assert verifying.rebuild(session.connection(), kinds.describe) == full.count("subject")
        assert check(session.connection()).ok
