"""Marked copies: found by any process, by their own account alone, for a while."""

from __future__ import annotations

import io
import os
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from app.errors import Invalid, NotFound
from app.exchange import marked
from app.exchange.worksheet_files import CellProblem

WRONG = [CellProblem("某局", 2, "处理意见", "bad-outcome", "处理意见不在可选之列")]


@cache  # a workbook notes the second in which it was made
def workbook(mark: str = "废掉") -> bytes:
    out = io.BytesIO()
    with Workbook(out) as book:
        sheet = book.add_worksheet("某局")
        sheet.write_row(0, 0, ["编号", "处理意见"])
        sheet.write_row(1, 0, ["qdi-1", mark])
    return out.getvalue()


def cells(body: bytes) -> list[str]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
    return [str(cell) for row in sheet.to_python() for cell in row]


def lying(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_what_was_wrong_is_marked_as_it_was_found(tmp_path: Path) -> None:
    key = marked.lay_aside(tmp_path, 7, "qdx-1", workbook(), WRONG)
    assert any("不在可选之列" in cell for cell in cells(marked.marked(tmp_path, 7, key)))
    assert marked.lay_aside(tmp_path, 7, "qdx-1", workbook(), []) == key, "brought again, it is the same"
    assert not any("不在可选之列" in cell for cell in cells(marked.marked(tmp_path, 7, key)))
    assert len(lying(tmp_path)) == 2


def test_it_is_its_own_accounts_alone(tmp_path: Path) -> None:
    key = marked.lay_aside(tmp_path, 7, "qdx-1", workbook(), WRONG)
    for account, asked in ((8, key), (7, ""), (7, "0" * 64), (8, f"../7/{key}"), (7, "../../etc/passwd")):
        with pytest.raises(NotFound):
            marked.marked(tmp_path, account, asked)


def test_age_and_number_are_bounded(tmp_path: Path) -> None:
    keys = []
    for number in range(marked.MOST + 2):
        keys.append(marked.lay_aside(tmp_path, 7, "qdx-1", workbook(str(number)), WRONG))
        for path in (tmp_path / "7").glob(f"{keys[-1]}*"):
            os.utime(path, (time.time() - 3600 + number,) * 2)
    other = marked.lay_aside(tmp_path, 8, "qdx-1", workbook(), WRONG)
    found = {name.split(".")[0] for name in lying(tmp_path)}
    assert found == {*keys[2:], other}
    for path in (tmp_path / "7").glob("*"):
        os.utime(path, (time.time() - marked.KEPT_SECONDS - 60,) * 2)
    (tmp_path / "7" / "orphan.xlsx").write_bytes(b"")
    os.utime(tmp_path / "7" / "orphan.xlsx", (1, 1))
    marked.lay_aside(tmp_path, 8, "qdx-1", workbook(), WRONG)
    assert {name.split(".")[0] for name in lying(tmp_path)} == {other}


def test_what_is_no_workbook_is_said(tmp_path: Path) -> None:
    key = marked.lay_aside(tmp_path, 7, "qdx-1", b"not a workbook", WRONG)
    with pytest.raises(Invalid):
        marked.marked(tmp_path, 7, key)


def test_redacted_words_leave_with_the_files_that_hold_them(tmp_path: Path) -> None:
    holding = marked.lay_aside(tmp_path, 7, "qdx-1", workbook("张三的住址在某处"), WRONG)
    told = marked.lay_aside(tmp_path, 8, "qdx-1", workbook("甲"), [replace(WRONG[0], message="张三的住址")])
    other = marked.lay_aside(tmp_path, 8, "qdx-1", workbook("乙"), WRONG)
    assert marked.forget(tmp_path, lambda text: "张三的住址" in text) == 2
    for account, key in ((7, holding), (8, told)):
        with pytest.raises(NotFound):
            marked.marked(tmp_path, account, key)
    assert {name.split(".")[0] for name in lying(tmp_path)} == {other}
