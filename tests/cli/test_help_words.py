"""What a command says of its options and arguments is Chinese; names, formats and values stay as they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from app.cli import build


def described(command: Any, path: str = "qingdan") -> Iterator[tuple[str, str]]:
    for one in command.params:
        if getattr(one, "help", None) and one.name != "help":
            yield f"{path} {one.name}", one.help
    for name, below in getattr(command, "commands", {}).items():
        yield f"{path} {name}", below.help or ""
        yield from described(below, f"{path} {name}")


@pytest.mark.parametrize(("where", "words"), sorted(described(typer.main.get_command(build()))))
def test_it_is_said_in_chinese(where: str, words: str) -> None:
    assert any("一" <= char <= "鿿" for char in words), where
