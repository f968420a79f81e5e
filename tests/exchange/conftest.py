"""What the importer's tests share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from exchange_cases import ATTESTED, FLAT

from app.exchange.mapping import Mapping
from app.exchange.reading import ImportReading, read_records


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ImportReading]:
    """Writes text or bytes to a file of a name and reads it by a mapping, to the end."""

    def reading(
        content: str | bytes,
        name: str = "f.csv",
        mapping: Mapping | str = FLAT,
        attested: date | None = ATTESTED,
    ) -> ImportReading:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_records(path, mapping, attested)

    return reading
