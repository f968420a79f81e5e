"""An attached file redacted by order: its bytes and its name are gone, its hash is kept, the log still proves."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from seeded import FELLING, Living, set_field

from app import backups, files
from app.changes import kinds
from app.changes.redacting import redact
from app.errors import Conflict, Forbidden, NotFound, RegistryError
from app.versions import verifying

SECRET = b"%PDF-1.7 Zhang San 0826-1234567"
NAME = "张三身份证.pdf"


def upload(living: Living, body: bytes = SECRET, name: str = NAME) -> Any:
    headers = living.headers("editor", **{"Content-Type": "application/pdf"})
    return living.client.post("/api/v1/files", params={"name": name}, content=body, headers=headers)


@pytest.fixture
def digest(living: Living) -> str:
    """A file that an item names, beside another."""
    digest: str = upload(living).json()["digest"]
    other = upload(living, b"%PDF-1.7 harmless", "表.pdf").json()["digest"]
    decided = set_field(living.item_called(FELLING), "note", "附文件两份")
    decided["changes"] += [
        {"op": "add", "path": "files", "value": {"key": key, "name": f"附件{key}", "digest": one}}
        for key, one in (("a", digest), ("b", other))
    ]
    living.publish(decided)
    living.hire("second", "publish")
    return digest


def order(living: Living, digest: str, second: str = "second") -> Any:
    with living.database.writing() as session:
        people = living.people["publisher"], living.people[second]
        return redact(session, *people, digest, "川网信令〔2026〕1号", "个人信息")


def erase(living: Living) -> list[str]:
    with living.database.reading() as session:
        return files.erase_redacted(session.connection(), living.settings.files_dir)


def unsound(living: Living) -> str | None:
    with living.database.reading() as session:
        return files.unsound(session.connection(), living.settings.files_dir)


def test_a_forged_or_lost_file_is_found(living: Living, digest: str) -> None:
    place = files.place(living.settings.files_dir, digest)
    assert unsound(living) is None
    place.write_bytes(SECRET[:-1] + b"x")
    assert f"附件 {digest}" in str(unsound(living))
    place.unlink()
    assert f"附件 {digest}：文件不在" in str(unsound(living))


def in_backup(living: Living, path: Path) -> list[str]:
    made = backups.backup(living.settings, path)
    with tarfile.open(made.path) as archive:
        return [entry.name for entry in archive if entry.name.startswith("files/")]


def test_the_bytes_are_gone_and_everything_else_stands(living: Living, digest: str, tmp_path: Path) -> None:
    item, place = living.item_called(FELLING), files.place(living.settings.files_dir, digest)
    head = living.get("/log/head").json()
    assert living.get(f"/files/{digest}").content == SECRET
    order(living, digest)
    refused = living.get(f"/files/{digest}")
    assert (refused.status_code, refused.json()["code"]) == (410, "file-redacted"), (
        "before its bytes are deleted"
    )
    assert place.exists()
    assert "却还在" in str(unsound(living))
    assert not any(digest in name for name in in_backup(living, tmp_path / "before.tar.gz")), "nor kept"
    assert erase(living) == [digest]
    assert not place.exists()
    assert unsound(living) is None
    assert erase(living) == []
    assert living.get(f"/files/{digest}").status_code == 410
    assert (
        sum("files/" in name and len(name) > 60 for name in in_backup(living, tmp_path / "after.tar.gz")) == 1
    )
    assert NAME not in str(living.rows("SELECT * FROM stored_file"))
    assert living.get(f"/items/{item}").json()["content"]["files"][0]["digest"] == digest, "its hash is kept"
    with living.database.reading() as session:
        kept = (head["seq"], head["hash"])
        proof = verifying.verify(session.connection(), kinds.describe, kept)
    assert proof.ok, str(proof.finding)
    ((noted,),) = living.rows("SELECT note FROM access_log WHERE event = 'redacted'")
    assert noted == "川网信令〔2026〕1号；“publisher”提出，“second”确认"


def test_a_reader_who_follows_a_page_to_it_gets_a_page(living: Living, digest: str) -> None:
    order(living, digest)
    for path, status in ((digest, 410), ("0" * 64, 404)):
        answers = [
            living.client.get(f"/api/v1/files/{path}", headers={"Accept": accepted})
            for accepted in ("text/html,application/xhtml+xml,*/*;q=0.8", "*/*", "application/json")
        ]
        assert {one.status_code for one in answers} == {status}
        kinds = [one.headers["content-type"] for one in answers]
        assert kinds == ["text/html; charset=utf-8", "application/problem+json", "application/problem+json"]
        assert answers[1].json()["detail"] in answers[0].text
        assert all("Accept" in one.headers["vary"] for one in answers)


def test_who_follows_the_item_is_told(living: Living, digest: str) -> None:
    item, since = living.item_called(FELLING), living.get("/log/head").json()["seq"]
    order(living, digest)
    for query in ({}, {"subject": item}, {"region": "511602"}, {"event": "adjust"}):
        (event,) = living.get("/changes", since=since, **query).json()["changes"]
        assert (event["event"], event["subjects"]) == ("redact", [item])
    assert living.get("/changes", since=since, kind="authority").json()["changes"] == []


def test_it_does_not_come_back(living: Living, digest: str) -> None:
    order(living, digest)
    again = upload(living)
    assert (again.status_code, again.json()["code"]) == (409, "file-redacted")
    erase(living)
    assert upload(living).status_code == 409


@pytest.mark.parametrize(
    ("second", "of", "error"),
    [("publisher", "", Forbidden), ("second", "f" * 64, NotFound), ("second", "twice", Conflict)],
)
def test_it_takes_two_people_and_a_file(
    living_sqlite: Living, second: str, of: str, error: type[RegistryError]
) -> None:
    living_sqlite.hire("second", "publish")
    digest = upload(living_sqlite).json()["digest"]
    if of == "twice":
        order(living_sqlite, digest)
    with pytest.raises(error):
        order(living_sqlite, of if len(of) == 64 else digest, second)
