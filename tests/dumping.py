"""Registries as the code of an earlier schema revision left them: written once, loaded by tests of migrations.

``tests/dumps/<revision>.json`` is written by the code whose newest schema is that revision, before the next
migration lands: ``PYTHONPATH=.:tests python tests/dumping.py``. It is never written again: what matters in it is
that it was not made by the code under test.
"""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from issuing_editions import approve, issue, prepare, signer_in
from registry import TODAY, Office, adjust, item_content, make_office
from sqlalchemy import MetaData, text

from app import files, log
from app.auth.accounts import find_account, issue_token
from app.changes import kinds
from app.changes.redacting import redact
from app.db import Database
from app.migrating import current_revision, migrate
from app.versions import verifying

DUMPS = Path(__file__).parent / "dumps"


def path_of(revision: str) -> Path:
    return DUMPS / f"{revision}.json"


def read(revision: str) -> dict[str, Any]:
    """``{"revision", "proof": {...}, "head": [seq, hash], "tables": {name: {"columns", "rows"}}}``"""
    return json.loads(path_of(revision).read_text("utf-8"))


def load(database: Database, dump: dict[str, Any]) -> None:
    """Into an empty database that has the schema of the dump's revision, by the tables as they are there."""
    metadata = MetaData()
    with database.writer.begin() as connection:
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            found = dump["tables"].get(table.name)
            if found and found["rows"]:
                rows = [dict(zip(found["columns"], map(_thaw, row), strict=True)) for row in found["rows"]]
                connection.execute(table.insert(), rows)
        if not database.is_sqlite:
            _advance_sequences(connection, metadata)


def _advance_sequences(connection: Any, metadata: MetaData) -> None:
    for table in metadata.sorted_tables:
        for key in table.primary_key.columns:
            sequence = f"pg_get_serial_sequence('{table.name}', '{key.name}')"
            if connection.execute(text(f"SELECT {sequence}")).scalar():
                connection.execute(
                    text(
                        f"SELECT setval({sequence}, coalesce((SELECT max({key.name}) FROM {table.name}), 0) + 1)"
                    )
                )


def take(database: Database) -> dict[str, Any]:
    """Every row of every table, with what the code of today makes of it."""
    metadata = MetaData()
    with database.reading() as session:
        connection = session.connection()
        metadata.reflect(connection)
        tables = {}
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                rows = connection.execute(table.select().order_by(*table.primary_key.columns)).all()
                tables[table.name] = {
                    "columns": [column.name for column in table.columns],
                    "rows": [[_freeze(value) for value in row] for row in rows],
                }
        proof, head = verifying.verify(connection, kinds.describe), log.head(connection)
    assert proof.ok, proof.finding
    counted = {"entries": proof.entries, "rows": proof.rows, "contents": proof.contents}
    return {
        "revision": current_revision(database),
        "proof": {**counted, "subjects": proof.subjects, "redacted": proof.redacted},
        "head": [head.seq, head.hash],
        "tables": tables,
    }


def _freeze(value: Any) -> Any:
    if not isinstance(value, (bytes, memoryview)):
        return value
    try:
        return {"utf8": bytes(value).decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _thaw(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value["utf8"].encode() if "utf8" in value else base64.b64decode(value["base64"])


def populate(database: Database) -> None:
    """Rows in every published table, drafts in several states, people, tokens; by the code of today."""
    office = make_office(database)
    first, second, third = office.items
    office.publish_change(adjust(second, "2026-12-01", "0826-2222222", "consult_phone"))
    later = office.acts(second)[-1]
    office.publish_change({"outcome": "void", "act": later, "ground": "withdrawn", "reason": "文件改期"})
    merge = {"outcome": "merge", "effective_from": "2026-10-01"}
    office.publish_change(
        {**merge, "origins": [{"subject": first}, {"subject": second}], "results": [{"subject": first}]}
    )
    office.publish_change(
        {"outcome": "suspend", "subject": third, "effective_from": "2026-10-01", "until": "2027-01-01"},
        {
            "outcome": "add",
            "effective_from": "2026-11-01",
            "content": item_content("河道采砂许可", office.water, office.district),
            "codes": [{"scheme": "local", "value": "X9"}],
        },
    )
    office.publish_change(
        {
            "outcome": "devolve",
            "subject": third,
            "effective_from": "2027-02-01",
            "receivers": [{"region": office.town}],
            "duties": [{"what": "制定监管细则", "owner": office.traffic, "due": "2027-06-01"}],
        }
    )
    attach(office)
    wrong = "张三的电话误写入"
    office.publish_change(adjust(third, "2026-11-01", wrong, "consult_phone"))
    office.publish_change(adjust(third, "2026-11-02", "0826-3333333", "consult_phone"))
    with database.reading() as session:
        contents = session.connection().exec_driver_sql("SELECT hash, body FROM content ORDER BY id").all()
    with tempfile.TemporaryDirectory() as directory:
        signer = signer_in(Path(directory))
        issue(office, signer)
        approve(office, prepare(office, authority=office.traffic))
    second_publisher = office.person("second", "publish")
    for digest, body in contents:
        if wrong.encode() in bytes(body):
            with database.writing() as session:
                redact(session, office.publisher, second_publisher, digest, "删改令1号", "个人信息")
    office.draft(adjust(first, "2026-12-01", 7))
    office.submitted(adjust(first, "2026-12-02", 8))
    office.approved(adjust(third, "2026-12-03", 9))
    with database.writing() as session:
        issue_token(session, find_account(session, "editor"), "试用")


def attach(office: Office) -> None:
    """Files: a form that an item names, the scan of a document, and a form that is drafted alone."""
    with tempfile.TemporaryDirectory() as directory, office.database.writing() as session:
        blank, scan, drafted = (
            files.store(
                session, Path(directory), name, "application/pdf", b"%PDF-1.7 " + name.encode(), 2**20
            ).digest
            for name in ("空白表.pdf", "扫描件.pdf", "新表.pdf")
        )
    item = office.items[0]
    office.publish_change(
        adjust(item, "2026-12-05", blank, "materials/m1/blank_form"),
        document={"number": "广安区府办〔2026〕40号", "url": f"/api/v1/files/{scan}"},
    )
    office.draft(adjust(item, "2026-12-08", drafted, "materials/m1/blank_form"))


def main() -> None:
    """Write the dump of the newest revision. Refuses to write one again."""
    moment = iter(range(1_790_000_000_000_000, 1_800_000_000_000_000, 1000))
    log.now_microseconds = lambda: next(moment)
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{directory}/qingdan.db")
        migrate(database)
        populate(database)
        made = take(database)
        database.dispose()
    target = path_of(made["revision"])
    if target.exists():
        raise SystemExit(f"{target} exists: a dump is written once")
    target.write_text(json.dumps(made, ensure_ascii=False, indent=0) + "\n", "utf-8")
    print(f"{target}, as of {TODAY}: {made['proof']}")


if __name__ == "__main__":
    main()
