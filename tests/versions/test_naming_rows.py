"""A row that was changed in an entry of many rows is named, also where the entry is older than the marks."""

from __future__ import annotations

import dumping
import pytest
from registry import adjust, item_content, make_office
from sqlalchemy import Connection, text
from test_verify import check, insert, tamper, undone, unguarded

from app import log
from app.canonical import digest, encode
from app.changes import kinds
from app.migrating import migrate
from app.tables import METADATA
from app.versions import ids, verifying, verifying_chain
from app.versions.orders import Act, Order, Part, Voiding, add_code
from app.versions.recording import record


@pytest.fixture
def entry(office) -> int:
    """The seq of an entry that covers several rows of every table."""
    for day in ("2026-12-01", "2026-12-02"):
        office.publish_change(adjust(office.items[0], day, day, "consult_phone"))
    voids = [Voiding(act, "error", {"reason": "误录"}) for act in office.acts(office.items[0])[-2:]]
    listed = encode({"rows": []})
    with office.database.writing() as session:
        connection = session.connection()
        acts = [
            added(office, item, number)
            for number, item in enumerate(ids.allocate(connection, "item", 5), start=1)
        ]
        edition = ("power", office.water, "2026-09-28")
        order = Order(
            "round",
            acts=acts,
            voids=voids,
            redactions=[("0" * 64, {"reason": "个人信息"}), ("1" * 64, None)],
            documents=[listed],
            rows=[
                *(("signing_key", (f"key{n}", "公钥", None, None)) for n in (1, 2)),
                *(
                    ("edition", (f"e{n}", *edition, n, digest(listed), digest(listed), None, "k", "s"))
                    for n in (1, 2)
                ),
            ],
            statement={"title": "清理"},
        )
        receipt = record(connection, order, kinds.describe)
    return receipt.seq


def added(office, item: str, number: int) -> Act:
    content = kinds.validate("item", item_content(f"采砂许可{number}", office.water, office.district))
    part = Part(item, "2026-10-01", creates=content, changes=[add_code("local", f"N{number}")])
    return Act("add", [part], {"words": "新增"}, lineage=[(office.items[1], item)])


def covered(connection: Connection, entry: int) -> list[tuple[str, dict]]:
    """(table, row) of one row in the midst of those that the entry covers, table by table."""
    after = connection.execute(
        text("SELECT max(seq) FROM log_entry WHERE seq < :seq"), {"seq": entry}
    ).scalar_one()
    chosen = []
    for name in log.CURRENT:
        asked = text(f"SELECT * FROM {name} WHERE seq > :after AND seq < :seq ORDER BY seq")
        rows = connection.execute(asked, {"after": after, "seq": entry}).mappings().all()
        assert len(rows) > (0 if name == "publication" else 1), name
        chosen.append((name, dict(rows[len(rows) // 2])))
    return chosen


def found(connection: Connection) -> verifying.Finding:
    finding = check(connection).finding
    assert finding is not None
    return finding


def test_every_column_of_every_table(office, entry):
    with unguarded(office.database) as connection:
        assert check(connection).ok
        for name, row in covered(connection, entry):
            table = METADATA.tables[name]
            for column in table.columns:
                with undone(connection):
                    tamper(connection, table, row, column)
                    where = f"seq {row['seq']}" if column.name == "seq" else f"{name} {row['seq']}"
                    assert found(connection).where == where, column.name


def test_a_row_taken_away(office, entry):
    with unguarded(office.database) as connection:
        for name, row in covered(connection, entry):
            with undone(connection):
                connection.execute(text(f"DELETE FROM {name} WHERE seq = :seq"), {"seq": row["seq"]})
                finding = found(connection)
                assert finding.where == f"seq {row['seq']}"
                assert f"log_entry {entry}" in finding.what


def test_a_row_put_in_beside_another(office, entry):
    """Under one seq; which of the two does not belong there is told, whatever their tables are called."""
    with unguarded(office.database) as connection:
        chosen = covered(connection, entry)
        for (name, row), (_, other) in zip(chosen, chosen[1:] + chosen[:1], strict=True):
            more = {**row, "seq": other["seq"]}
            for column in METADATA.tables[name].columns:
                if column.unique and column.name != "seq":
                    more[column.name] = more[column.name] + (
                        1000 if isinstance(more[column.name], int) else "x"
                    )
            if name == "edition":
                more["number"] += 10
            if name == "subject":
                more["id"] = "qdi-00000000"
            with undone(connection):
                insert(connection, METADATA.tables[name], more)
                assert found(connection).where == f"{name} {other['seq']}"


def test_the_first_of_several_is_named(office, entry):
    with unguarded(office.database) as connection:
        rows = sorted(covered(connection, entry), key=lambda one: one[1]["seq"])
        for name, row in reversed(rows):
            column = "author" if name == "publication" else METADATA.tables[name].columns.keys()[-1]
            tamper(connection, METADATA.tables[name], row, METADATA.tables[name].columns[column])
            assert found(connection).where == f"{name} {row['seq']}"


def test_it_is_said_in_words_whose_row_it_is(office, entry):
    with unguarded(office.database) as connection:
        chosen = dict(covered(connection, entry))
        connection.exec_driver_sql(
            f"UPDATE revision SET status = 'ended' WHERE seq = {chosen['revision']['seq']}"
        )
        what = found(connection).what
    assert what.startswith("采砂许可2（qdi-")
    assert "的版本在发布之后被改动" in what
    assert f"log_entry {entry}" in what


def test_every_table_has_a_word():
    assert verifying_chain.WORDS.keys() == log.CURRENT.keys()


def test_a_value_that_nothing_could_have_hashed(sqlite, clock):
    """SQLite keeps bytes in any column."""
    office = make_office(sqlite)
    with unguarded(sqlite) as connection:
        seq = office.acts(office.items[1])[0]
        connection.exec_driver_sql(f"UPDATE decision SET role = x'ff00' WHERE seq >= {seq}")
        assert found(connection).where == f"decision {seq}"


# --- the marks themselves ---------------------------------------------------------------------------------


def marks_in(connection: Connection) -> dict[int, bytes]:
    return {row[0]: bytes(row[1]) for row in connection.exec_driver_sql("SELECT seq, marks FROM entry_marks")}


def set_marks(connection: Connection, entry: int, marks: bytes) -> None:
    connection.execute(
        text("UPDATE entry_marks SET marks = :marks WHERE seq = :seq"), {"marks": marks, "seq": entry}
    )


def end(connection: Connection, seq: int) -> None:
    connection.exec_driver_sql(f"UPDATE revision SET status = 'ended' WHERE seq = {seq}")


def test_forged_marks_hide_the_row_but_not_the_change(office, entry):
    with unguarded(office.database) as connection:
        row = dict(covered(connection, entry))["revision"]
        end(connection, row["seq"])
        assert found(connection).where == f"revision {row['seq']}"
        values = [{**row, "status": "ended"}[name] for name in log.columns_of("revision")]
        mark = log.marks_of([log.line("revision/1", values)])
        marks, first = marks_in(connection)[entry], len(marks_in(connection)[entry]) // log.MARK
        place = (row["seq"] - (entry - first)) * log.MARK
        set_marks(connection, entry, marks[:place] + mark + marks[place + log.MARK :])
        finding = found(connection)
        assert finding.where == f"log_entry {entry}"
        assert "各行与逐行标记相符" in finding.what


@pytest.mark.parametrize(
    "forge", [lambda m: m[:-1], lambda m: m + m[:8], lambda m: b"", lambda m: m[8:] + m[:8]]
)
def test_marks_that_are_not_those_of_the_rows_are_found(office, entry, forge):
    with unguarded(office.database) as connection:
        set_marks(connection, entry, forge(marks_in(connection)[entry]))
        assert found(connection).where == f"entry_marks {entry}"


def test_entries_without_marks(office, entry):
    """Their rows are proved as ever, the entry is named; what is proved gets its marks again, what is not gets none."""
    with unguarded(office.database) as connection:
        kept = marks_in(connection)
        connection.exec_driver_sql("DELETE FROM entry_marks")
        first, last = min(kept), dict(covered(connection, entry))["revision"]["seq"]
        assert found(connection).where == f"entry_marks {first}"
        with undone(connection):
            verifying.rebuild(connection, kinds.describe)
            assert marks_in(connection) == kept
            assert check(connection).ok
        end(connection, last)
        with undone(connection):
            verifying.rebuild(connection, kinds.describe)
            assert marks_in(connection) == {seq: marks for seq, marks in kept.items() if seq < entry}
            finding = found(connection)
            assert finding.where == f"log_entry {entry}"
            assert "没有逐行标记" in finding.what
        connection.exec_driver_sql(f"UPDATE log_entry SET format = 'entry/9' WHERE seq = {entry}")
        verifying.rebuild(connection, kinds.describe)
        assert found(connection).where == f"log_entry {entry}"


@pytest.mark.parametrize("revision", ["0001", "0006", "0011"])
def test_rows_of_before_the_marks_are_named_after_the_upgrade(make_database, clock, revision):
    clock.set("2027-07-01T12:00:00")
    database, dump = make_database(empty=True), dumping.read(revision)
    migrate(database, revision)
    dumping.load(database, dump)
    migrate(database)
    with unguarded(database) as connection:
        assert check(connection, tuple(dump["head"])).ok
        entries = set(connection.exec_driver_sql("SELECT seq FROM log_entry").scalars())
        assert marks_in(connection).keys() == entries
        for name in ("decision", "revision", "code"):
            for seq in connection.exec_driver_sql(f"SELECT seq FROM {name}").scalars().all():
                with undone(connection):
                    connection.exec_driver_sql(
                        f"UPDATE {name} SET effective_from = '2001-01-01' WHERE seq = {seq}"
                    )
                    assert found(connection).where == f"{name} {seq}"


def test_a_row_changed_before_the_upgrade_gets_no_mark(make_database, clock):
    """Else the change would look as if it had been published."""
    clock.set("2027-07-01T12:00:00")
    database, dump = make_database(empty=True), dumping.read("0011")
    migrate(database, "0011")
    last = max(row[0] for row in dump["tables"]["log_entry"]["rows"])
    table = dump["tables"]["publication"]
    changed = max(table["rows"])
    changed[table["columns"].index("publisher")] = 99
    dumping.load(database, dump)
    migrate(database)
    with unguarded(database) as connection:
        assert found(connection).where == f"log_entry {last}"
        assert last not in marks_in(connection)
