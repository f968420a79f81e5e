"""A round over the small office with its worksheets, as tests fill them."""

from __future__ import annotations

from pathlib import Path

import pytest
from holding import exported, opened
from registry import Office


@pytest.fixture
def sheet(office: Office, tmp_path: Path) -> tuple[Office, str, Path]:
    """The office, a round, and its workbook as exported."""
    round_id = opened(office)
    return office, round_id, exported(office, round_id, tmp_path / "表.xlsx")
