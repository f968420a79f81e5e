"""Attachments on the disk: whole before they have their name, whoever else stores the same bytes meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from app import files
from app.db import Database

PDF = "application/pdf"
BODY = b"%PDF-1.7 the same"


def keep(database: Database, root: Path, name: str = "表.pdf") -> files.StoredFile:
    with database.writing() as session:
        return files.store(session, root, name, PDF, BODY, 2**20)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_the_same_bytes_at_once_are_one_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is through between the first's look and its insert."""
    root, kept = tmp_path / "files", files.write_whole

    def meanwhile(target: Path, body: bytes) -> None:
        monkeypatch.setattr(files, "write_whole", kept)
        if database.is_sqlite:  # there, whoever writes is alone: a row of its own stands for another's
            row = (target.name, "先到.pdf", PDF, len(body), 1)
            files.change(held[0].connection(), files._ADD, row)
        else:
            keep(database, root, "先到.pdf")
        kept(target, body)

    monkeypatch.setattr(files, "write_whole", meanwhile)
    held: list[Any] = []
    with database.writing() as session:
        held.append(session)
        row = files.store(session, root, "后到.pdf", PDF, BODY, 2**20)
    assert row.name == "先到.pdf"
    assert names(root) == [row.digest]
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM stored_file").scalar_one() == 1


def test_two_who_write_the_same_file_have_a_half_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, replace = tmp_path / "ab" / "abcd", os.replace

    def meanwhile(half: str, into: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        files.write_whole(target, BODY)  # another thread, through before this one
        replace(half, into)

    monkeypatch.setattr(os, "replace", meanwhile)
    files.write_whole(target, BODY)
    assert target.read_bytes() == BODY
    assert names(tmp_path) == ["abcd"]


def test_what_could_not_be_written_leaves_nothing(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            keep(sqlite, tmp_path / "files")
    assert names(tmp_path / "files") == []
    with sqlite.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM stored_file").scalar_one() == 0
    assert keep(sqlite, tmp_path / "files").size == len(BODY)


def test_the_folder_is_on_the_disk_too(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Path] = []
    sync = files.sync_folder
    monkeypatch.setattr(files, "sync_folder", lambda folder: (sync(folder), done.append(folder)))
    row = keep(sqlite, tmp_path / "files")
    assert done == [tmp_path / "files" / row.digest[:2], tmp_path / "files"]
