"""Rows of a recorded document: told on the page of the item they are linked to, and taken away by order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Browser
from seeded import FELLING, Living
from typer.testing import CliRunner

from app.cli import build
from app.rounds import annex_rows
from app.rounds.annex_rows import LinkedRows
from app.versions.queries import known_at

PRIVATE = "张三身份证五一二九零一不慎写入"
PIECES = [PRIVATE.encode(), "身份证五一二九".encode(), PRIVATE[:6].encode()]


@pytest.fixture
def recorded(living_sqlite: Living) -> dict[str, Any]:
    """A published round of two rows, one of them linked to an item of the registry; its words hold what must go."""
    living = living_sqlite
    living.hire("second", "publish")
    item = living.item_called(FELLING)
    asked = {
        "title": "第二批清理",
        "kind": "round",
        "document": {
            "number": "广区府发〔2015〕9号",
            "title": "关于取消事项的决定",
            "document_date": "2015-05-04",
        },
        "stated": {"total": 2, "parts": [{"words": "取消", "count": 2}]},
    }
    made = living.post("editor", "/changesets", asked)
    assert made.status_code == 201, made.text
    round_id = made.json()["id"]
    rows = "附件,序号,项目名称,处理决定,原文表述\n"
    rows += f"附件1,7,{FELLING},取消,取消审批，{PRIVATE}\n附件1,8,早已没有的事项,取消,\n"
    answer = living.client.post(
        f"/api/v1/rounds/{round_id}/rows",
        params={"name": "附件.csv"},
        content=rows.encode(),
        headers=living.headers("editor"),
    )
    assert answer.status_code == 200, answer.text
    assert PRIVATE in answer.text
    choices = [{"position": 1, "item": item}, {"position": 2, "item": None}]
    answer = living.post("editor", f"/rounds/{round_id}/rows/match", {"rows": choices})
    assert answer.status_code == 200, answer.text
    for who, move in (("editor", "submit"), ("reviewer", "approve"), ("publisher", "publish")):
        answer = living.post(who, f"/changesets/{round_id}/{move}")
        assert answer.status_code == 200, answer.text
    living.drain()
    return {"living": living, "round": round_id, "item": item}


def page_of(recorded: dict[str, Any]) -> str:
    living: Living = recorded["living"]
    return str(living.client.get(f"/items/{recorded['item']}").text)


def test_an_item_tells_the_documents_that_name_it(recorded: dict[str, Any]) -> None:
    page = page_of(recorded)
    assert "依文件补录的各轮清理中的记载" in page
    assert f"/rounds/{recorded['round']}" in page
    assert "广区府发〔2015〕9号" in page
    assert "序号 <bdi>7</bdi>" in page
    assert "取消审批" in page
    assert "早已没有的事项" not in page


def files_with(directory: Path) -> list[str]:
    return sorted(
        str(path.relative_to(directory))
        for path in directory.rglob("*")
        if path.is_file() and any(piece in path.read_bytes() for piece in PIECES)
    )


def test_rows_are_redacted_by_order_and_their_words_stand_in_no_file(
    recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    living: Living = recorded["living"]
    directory = Path(living.settings.data_dir)
    assert files_with(directory), "else nothing is tried"
    held = [
        row[0] for row in living.rows("SELECT hash, body FROM content") if PRIVATE.encode() in bytes(row[1])
    ]
    monkeypatch.setenv("QINGDAN_DATA_DIR", str(directory))
    asked = ["redact", *held, "--order", "川网信令〔2026〕1号", "--reason", "个人信息"]
    both = "\n".join(living.tokens[name] for name in ("publisher", "second"))
    done = CliRunner().invoke(build(), [*asked, "--first", "publisher", "--second", "second"], input=both)
    assert done.exit_code == 0, done.output
    assert files_with(directory) == []
    living.assert_sound()
    assert "序号 <bdi>7</bdi>" not in page_of(recorded)
    shown = living.client.get(f"/rounds/{recorded['round']}")
    assert shown.status_code == 200
    told = living.get(f"/rounds/{recorded['round']}").json()
    assert told["title"] == "第二批清理"
    office = Browser(living, "kanfa", ["edit"])
    office.get(f"/office/rounds/{recorded['round']}/report")


def test_each_publication_is_read_once_and_an_item_without_rows_costs_one_look(
    recorded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    living: Living = recorded["living"]
    asked: list[str] = []
    really = annex_rows.fetch

    def noted(connection: Any, statement: str, parameters: Any = ()) -> Any:
        asked.append(statement)
        return really(connection, statement, parameters)

    monkeypatch.setattr(annex_rows, "fetch", noted)
    linked = LinkedRows()

    def about(item: str, known: str | None = None) -> tuple[list[dict[str, Any]], list[str]]:
        asked.clear()
        with living.database.reading() as session:
            connection = session.connection()
            found = linked.about(connection, item, known_at(connection, known))
        return found, list(asked)

    seq = living.rows(f"SELECT seq FROM publication WHERE changeset = '{recorded['round']}'")[0][0]
    assert about(recorded["item"], str(seq - 1))[0] == []
    found, _ = about(recorded["item"])
    assert [(one["round"], one["row"]["number"], one["document"]["number"]) for one in found] == [
        (recorded["round"], "7", "广区府发〔2015〕9号")
    ]
    assert PRIVATE in found[0]["row"]["words"]
    assert len(about(recorded["item"])[1]) == 3
    assert about("qdi-none") == ([], [annex_rows._ENTRY])
    assert about(recorded["item"], str(seq - 1)) == ([], [annex_rows._ENTRY])
    linked._hash = "another log's"
    assert about(recorded["item"])[0] == found
