"""Editions and keys at the command line; an edition checked on a machine that has nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living
from typer.testing import CliRunner

from app.auth.accounts import add_account
from app.cli import cli


@pytest.fixture
def run(living_sqlite: Living, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(living_sqlite.settings.data_dir))
    monkeypatch.setenv("QINGDAN_DATABASE_URL", "")
    with living_sqlite.database.writing() as session:
        for name, rights in (("zhunbei", ["edit"]), ("shenhe", ["review", "publish"])):
            add_account(session, name, rights)
    return lambda *arguments: CliRunner().invoke(cli, arguments)


def issued(living: Living, run: Any) -> str:
    authority = living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]
    asked = ("--authority", authority, "--number", "示例〔2026〕1号", "--on", TODAY, "--as", "zhunbei")
    made = run("edition", "prepare", "power", *asked)
    assert made.exit_code == 0, made.output + str(made.exception)
    edition = re.search(r"qdn-\w{8}", made.output)[0]  # type: ignore[index]
    assert run("edition", "approve", edition, "--as", "zhunbei").exit_code == 1
    for step in ("approve", "issue"):
        done = run("edition", step, edition, "--as", "shenhe")
        assert done.exit_code == 0, done.output + str(done.exception)
    return edition


def test_an_edition_is_issued_saved_and_proved_without_a_registry(
    living_sqlite: Living, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = issued(living_sqlite, run)
    assert edition in run("edition", "list").output
    saved = tmp_path / "list.json"
    assert run("edition", "save", edition, str(saved)).exit_code == 0
    assert "已证明" in run("verify", "--edition", str(saved)).output, "by the keys of this registry"
    keys = tmp_path / "keys.json"
    keys.write_bytes(living_sqlite.get("/keys").content)
    head = living_sqlite.get("/log/head").json()
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(tmp_path / "nothing"))
    plain = run("verify", "--edition", str(saved))
    assert (plain.exit_code, "还不能断言" in plain.output) == (0, True), plain.output
    public = json.loads(saved.read_bytes())["public_key"]
    for trusted in (("--key", str(keys)), ("--key", public), ("--head", f"{head['seq']}:{head['hash']}")):
        proved = run("verify", "--edition", str(saved), *trusted)
        assert (proved.exit_code, "已证明" in proved.output) == (0, True), (trusted, proved.output)
    assert run("verify", "--edition", str(saved), "--key", "0" * 64).exit_code == 1
    assert not (tmp_path / "nothing").exists()
    assert "签发的原样" in proved.output
    partial = json.loads(saved.read_bytes())
    partial["missing"], partial["rows"][0] = {partial["list"]["rows"][0]: "withheld"}, None
    (tmp_path / "partial.json").write_text(json.dumps(partial), "utf-8")
    told = run("verify", "--edition", str(tmp_path / "partial.json"), "--key", public)
    assert (told.exit_code, "原样" in told.output) == (3, False), told.output
    assert "有 1 项没有列出" in told.output
    assert "签发时间" in told.output, "a key does not vouch for it"
    forged = saved.read_text("utf-8").replace(FELLING, FELLING + "改")
    saved.write_text(forged, "utf-8")
    told = run("verify", "--edition", str(saved), "--key", public)
    assert told.exit_code == 1
    assert "不符" in told.output + (told.stderr or "")


def test_keys_are_shown_and_rotated(living_sqlite: Living, run: Any) -> None:
    assert "还没有签发过" in run("key", "show").output
    issued(living_sqlite, run)
    first = living_sqlite.get("/keys").json()["keys"][0]
    assert run("key", "rotate", "--reason", "年度更换").exit_code == 0
    told = living_sqlite.get("/keys").json()["keys"]
    assert [one["state"] for one in told] == ["current", "retired"]
    assert (told[1]["id"], told[0]["endorsed_by"]) == (first["id"], first["id"])
    shown = run("key", "show").output
    assert shown.index("在用") < shown.index("停用")
    living_sqlite.assert_sound()
