"""A body as a file while it is read."""

from __future__ import annotations

import pytest

from app.files import as_file


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("附件.xlsx", "附件.xlsx"),
        ("../../etc/附件.xlsx", "附件.xlsx"),
        ("C:\\表\\附件.xlsx", "附件.xlsx"),
        ("..", "文件"),
        (".", "文件"),
        ("", "文件"),
        ("x/..", "文件"),
        (".xlsx", ".xlsx"),
    ],
)
def test_it_has_the_last_part_of_its_name(name: str, called: str) -> None:
    with as_file("表".encode(), name) as path:
        assert (path.name, path.read_text("utf-8")) == (called, "表")
    assert not path.exists()
