"""Backup while running, restore elsewhere, proved against the head; what is damaged is refused."""

from __future__ import annotations

import base64
import io
import itertools
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from seeded import FELLING, Living, TestClient, set_field

from app import backups
from app.backups import NotProved
from app.changes import duties
from app.changes.redacting import redact
from app.db import Database
from app.errors import Conflict, Invalid
from app.main import create_app
from app.settings import Settings
from app.turns import Turn


@pytest.fixture
def elsewhere(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Settings]:
    """Settings of an empty place of a kind."""
    numbers = itertools.count()

    def empty(kind: str) -> Settings:
        url, number = "", next(numbers)
        if kind == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            name = f"elsewhere_{number}"
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            url = server.get_uri(database=name)
        return Settings(data_dir=tmp_path / f"else-{kind}-{number}", database_url=url, drain_index=False)

    return empty


def kind_of(living: Living) -> str:
    return "sqlite" if living.database.is_sqlite else "postgresql"


def opened(settings: Settings) -> Living:
    app = create_app(settings)
    return Living(settings, TestClient(app), app.state.registry)


def fetched(there: Living, living: Living, digest: str) -> Any:
    """An attachment of the restored registry, by whoever has brought it to the first."""
    return there.client.get(f"/api/v1/files/{digest}", headers=living.headers("editor"))


def test_a_backup_is_the_registry_and_proves_it(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "note", "备份之前"))
    stored = living.client.post(
        "/api/v1/files",
        params={"name": "表.pdf"},
        content=b"%PDF-1.7",
        headers=living.headers("editor", **{"Content-Type": "application/pdf"}),
    ).json()
    head = living.get("/log/head").json()
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    assert (made.seq, made.hash) == (head["seq"], head["hash"])
    living.publish(set_field(item, "note", "备份之后"))
    settings = elsewhere(kind_of(living))
    backups.restore(settings, made.path)
    restored = opened(settings)
    assert restored.get("/log/head").json() == head
    assert restored.get(f"/items/{item}").json()["content"]["note"] == "备份之前"
    assert fetched(restored, living, stored["digest"]).content == b"%PDF-1.7"
    restored.assert_sound((made.seq, made.hash))
    assert restored.get("/export.jsonl").content == living.get("/export.jsonl", known_at=made.seq).content
    restored.tokens = living.tokens  # accounts, drafts and numbering go on
    assert restored.publish(set_field(item, "note", "恢复之后"))["state"] == "published"
    restored.database.dispose()


def test_a_backup_of_a_server_can_be_read_by_sqlite(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    if living.database.is_sqlite:
        pytest.skip("an SQLite backup is a file of SQLite")
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("sqlite")
    backups.restore(settings, made.path)
    restored = opened(settings)
    assert restored.get("/export.jsonl").content == living.get("/export.jsonl").content
    restored.database.dispose()


def test_an_sqlite_backup_is_not_for_a_server(
    living_sqlite: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("postgresql")
    with pytest.raises(Invalid) as refused:
        backups.restore(settings, made.path)
    assert refused.value.code == "wrong-database"


def test_a_backup_while_others_publish(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    item, stop, failed = living.item_called(FELLING), threading.Event(), []

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                living.publish(set_field(item, "note", f"第{number}次"))
            except BaseException as error:
                failed.append(error)
                return

    writer = threading.Thread(target=work)
    writer.start()
    try:
        made = [backups.backup(living.settings, tmp_path / f"{n}.tar.gz") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert failed == []
    for number, one in enumerate(made):
        settings = elsewhere(kind_of(living))
        backups.restore(settings, one.path)
        restored = Database(settings.database)
        with restored.reading() as session:
            hashes = session.connection().exec_driver_sql(f"SELECT hash FROM log_entry WHERE seq = {one.seq}")
            assert hashes.scalar_one() == one.hash, number
        restored.dispose()
        living.assert_sound((one.seq, one.hash))


# --- attachments and where things lie


@pytest.mark.parametrize("left", ["tmp8x.part", "f" * 64])
def test_what_is_finished_or_redacted_while_the_files_are_saved_stops_no_backup(
    living_sqlite: Living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """A half file has its own name a moment after it was seen, and the bytes of a redacted one go."""
    digest = stored(living_sqlite)
    passing = living_sqlite.settings.files_dir / digest[:2] / left
    passing.write_bytes(b"%PDF")
    added = tarfile.TarFile.add

    def add(archive: tarfile.TarFile, name: Any, *asked: Any, **more: Any) -> None:
        added(archive, name, *asked, **more)
        if Path(name).name == digest:
            passing.unlink()

    monkeypatch.setattr(tarfile.TarFile, "add", add)
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    with tarfile.open(made.path) as archive:
        files = [entry.name for entry in archive if entry.isfile()]
    assert files == ["manifest.json", "qingdan.db", f"files/{digest[:2]}/{digest}"]


def stored(living: Living, body: bytes = b"%PDF-1.7 form") -> str:
    answer = living.client.post(
        "/api/v1/files",
        params={"name": "表.pdf"},
        content=body,
        headers=living.headers("editor", **{"Content-Type": "application/pdf"}),
    )
    return answer.json()["digest"]


class Killed(BaseException):
    """The process ends here."""


def test_files_come_first_and_a_restore_that_was_stopped_is_done_again(
    living_sqlite: Living,
    elsewhere: Callable[[str], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digest = stored(living_sqlite)
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("sqlite")
    placed = backups._put_in_place

    def killed(saved: Path, target: Path) -> None:
        placed(saved, target.with_name("as far as that.db"))
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(backups, "_put_in_place", killed)
        patch.setattr(backups.shutil, "rmtree", lambda *_more, **_: None)  # who is killed clears nothing away
        with pytest.raises(Killed):
            backups.restore(settings, made.path)
    assert (settings.files_dir / digest[:2] / digest).read_bytes() == b"%PDF-1.7 form"
    nothing_left(settings)
    assert backups.restore(settings, made.path).lost == ()
    assert not (settings.data_dir / "restoring").exists()
    restored = opened(settings)
    assert fetched(restored, living_sqlite, digest).content == b"%PDF-1.7 form"
    restored.database.dispose()


def test_a_restore_to_a_server_killed_before_its_rows_can_be_done_again(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if living.database.is_sqlite:
        pytest.skip("an SQLite file is renamed into its place")
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("postgresql")

    def killed(*_asked: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(backups, "load_tables", killed)
        patch.setattr(backups, "_empty", lambda _database: None)  # who is killed clears nothing away
        with pytest.raises(Killed):
            backups.restore(settings, made.path)
    assert backups.restore(settings, made.path).seq == made.seq
    with pytest.raises(Conflict, match="重建"):
        backups.restore(settings, made.path)


def test_nothing_is_unpacked_but_beside_the_target(
    living_sqlite: Living,
    elsewhere: Callable[[str], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("sqlite")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no such folder"))
    backups.restore(settings, made.path)
    another = elsewhere("sqlite")
    turn = Turn(another.data_dir / "restore.lock")
    assert turn.taken()
    with pytest.raises(Conflict) as refused:
        backups.restore(another, made.path)
    assert refused.value.code == "restoring"
    turn.give_back()


def test_an_attachment_that_is_not_what_it_is_named_by_stays_out_and_is_told(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    whole, rotten = stored(living, b"%PDF-1.7 whole"), stored(living, b"%PDF-1.7 rotten")
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")

    def change(name: str, body: bytes) -> bytes:
        return body.replace(b"rotten", b"forged") if name.endswith(rotten) else body

    settings = elsewhere(kind_of(living))
    restored = backups.restore(settings, rewritten(made.path, tmp_path, change))
    assert restored.lost == (rotten,)
    there = opened(settings)
    there.tokens = living.tokens
    assert fetched(there, living, whole).status_code == 200
    assert fetched(there, living, rotten).status_code == 404
    assert stored(there, b"%PDF-1.7 rotten") == rotten
    assert fetched(there, living, rotten).content == b"%PDF-1.7 rotten", "found elsewhere"
    there.database.dispose()


# --- refusals


def damaged(path: Path, change: Callable[[bytes], bytes]) -> Path:
    other = path.with_name("damaged.tar.gz")
    other.write_bytes(change(path.read_bytes()))
    return other


def rewritten(path: Path, into: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A whole archive with other bytes in it: what a careful forger would make."""
    other = into / "rewritten.tar.gz"
    with tarfile.open(path) as old, tarfile.open(other, "w:gz") as new:
        for entry in old:
            stream = old.extractfile(entry)
            if stream is None:
                continue
            body = change(entry.name, stream.read())
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
    return other


def nothing_left(settings: Settings) -> None:
    """The place is as empty as before: a good backup can be restored into it."""
    database = Database(settings.database)
    if database.is_sqlite:
        assert not Path(str(database.path)).exists()
    else:
        with database.reader.connect() as connection:
            tables = connection.exec_driver_sql(
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
            )
            assert tables.scalar_one() == 0
    database.dispose()


CUTS = {
    "empty": lambda body: b"",
    "no archive": lambda body: b"hello" * 1000,
    "cut": lambda body: body[: len(body) // 2],
    "its tail cut": lambda body: body[:-2000],
    "a byte turned": lambda body: body[:5000] + bytes([body[5000] ^ 0xFF]) + body[5001:],
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_damaged_archive_is_refused_and_leaves_nothing(
    living_sqlite: Living, elsewhere: Callable[[str], Settings], tmp_path: Path, cut: str
) -> None:
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("sqlite")
    with pytest.raises((Invalid, NotProved)) as refused:
        backups.restore(settings, damaged(made.path, CUTS[cut]))
    assert refused.value.code in ("not-a-backup", "not-proved")
    nothing_left(settings)
    backups.restore(settings, made.path)


def forged(kind: str) -> Callable[[str, bytes], bytes]:
    def change(name: str, body: bytes) -> bytes:
        if name == "qingdan.db":
            return body.replace("砍树证".encode(), "砍柴证".encode())
        if name == "tables.jsonl":
            lines = body.splitlines(keepends=True)
            for at, line in enumerate(lines):
                row = orjson.loads(line)
                if isinstance(row, list) and isinstance(row[-1], dict) and "base64" in row[-1]:
                    plain = base64.b64decode(row[-1]["base64"])
                    if "砍树证".encode() in plain:
                        forged_ = plain.replace("砍树证".encode(), "砍柴证".encode())
                        row[-1]["base64"] = base64.b64encode(forged_).decode()
                        lines[at] = orjson.dumps(row) + b"\n"
            return b"".join(lines)
        return body

    return change


def test_a_forged_archive_is_found_out_and_leaves_nothing(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    settings = elsewhere(kind_of(living))
    with pytest.raises(NotProved) as refused:
        backups.restore(settings, rewritten(made.path, tmp_path, forged(kind_of(living))))
    assert "content" in refused.value.message
    nothing_left(settings)
    backups.restore(settings, made.path)


def test_another_head_than_the_archives_is_found_out(
    living_sqlite: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")

    def change(name: str, body: bytes) -> bytes:
        return body.replace(made.hash.encode(), b"0" * 64) if name == "manifest.json" else body

    settings = elsewhere("sqlite")
    with pytest.raises(NotProved):
        backups.restore(settings, rewritten(made.path, tmp_path, change))
    nothing_left(settings)


def test_nothing_is_written_over(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    before = living.get("/log/head").json()
    with pytest.raises(Conflict) as refused:
        backups.restore(living.settings, made.path)
    assert refused.value.code == "not-empty"
    assert living.get("/log/head").json() == before
    with pytest.raises(Conflict) as again:
        backups.backup(living.settings, made.path)
    assert again.value.code == "target-exists"
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("beside", ["-wal", "-shm", "-journal"])
def test_the_log_of_another_database_is_not_taken_up(
    living_sqlite: Living, elsewhere: Callable[[str], Settings], tmp_path: Path, beside: str
) -> None:
    made = backups.backup(living_sqlite.settings, tmp_path / "b.tar.gz")
    settings = elsewhere("sqlite")
    settings.data_dir.mkdir(parents=True)
    left = settings.data_dir / f"qingdan.db{beside}"
    left.write_bytes(b"of a registry that was killed")
    with pytest.raises(Conflict, match=str(left)) as refused:
        backups.restore(settings, made.path)
    assert refused.value.code == "not-empty"
    nothing_left(settings)
    assert left.read_bytes() == b"of a registry that was killed"
    left.unlink()
    assert backups.restore(settings, made.path).seq == made.seq


def test_what_lies_in_the_place_in_the_end_is_what_was_proved(
    living_sqlite: Living,
    elsewhere: Callable[[str], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A log that comes beside the database at the last moment is replayed into it by SQLite."""
    living = living_sqlite
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    living.publish(set_field(living.item_called(FELLING), "note", "备份之后"))
    settings = elsewhere("sqlite")
    placed = backups._put_in_place

    def put(saved: Path, target: Path) -> None:
        placed(saved, target)
        target.write_bytes(backups._snapshot(living.database, tmp_path / "other.db").read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(backups, "_put_in_place", put)
        with pytest.raises(NotProved):
            backups.restore(settings, made.path)
    nothing_left(settings)
    assert backups.restore(settings, made.path).seq == made.seq


def test_duties_that_do_not_follow_from_the_log_are_put_right(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    with living.database.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO fulfilment VALUES (1, 'k', 1, '2026-01-01', 'qdi-00000001')"
        )
    made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    settings = elsewhere(kind_of(living))
    backups.restore(settings, made.path)
    restored = opened(settings)
    with restored.database.reading() as session:
        assert duties.differs(session.connection()) is None
    restored.database.dispose()


def test_bytes_that_an_order_took_do_not_come_back_with_a_backup(
    living: Living, elsewhere: Callable[[str], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = stored(living)
    living.hire("second", "publish")
    with living.database.writing() as session:
        redact(session, living.people["publisher"], living.people["second"], digest, "1号令", "隐私")
    with monkeypatch.context() as other:  # a backup made with other tools
        other.setattr(backups, "redacted", lambda _connection: set())
        made = backups.backup(living.settings, tmp_path / "b.tar.gz")
    settings = elsewhere(kind_of(living))
    assert backups.restore(settings, made.path).lost == ()
    assert not list(settings.files_dir.rglob(digest))


def test_an_empty_registry_can_be_saved_and_restored(
    make_sqlite: Any, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    database = make_sqlite()
    settings = Settings(data_dir=tmp_path / "d", database_url=database.url)
    made = backups.backup(settings, tmp_path / "b.tar.gz")
    assert made.seq == 0
    backups.restore(elsewhere("sqlite"), made.path)


def test_what_a_killed_backup_leaves_is_known_by_its_name(
    living_sqlite: Living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is all of the registry, and is to be found by whoever clears up."""
    seen: list[str] = []
    kept = backups._snapshot

    def looked(database: Database, into: Path) -> Path:
        seen.extend(one.name for one in tmp_path.iterdir())
        return kept(database, into)

    monkeypatch.setattr(backups, "_snapshot", looked)
    backups.backup(living_sqlite.settings, tmp_path / "saved.tar.gz")
    (name,) = seen
    assert (name.startswith("saved.tar.gz."), name.endswith(".part")) == (True, True)
    assert [one.name for one in tmp_path.iterdir()] == ["saved.tar.gz"]
