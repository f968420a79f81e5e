"""One initial import, in a process of its own so that its memory is its own:
``python -m app.bench.import_run FILE`` into the registry of the environment; prints JSON."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import orjson

from app.bench import machine
from app.db import Database
from app.exchange import importing
from app.migrating import migrate
from app.settings import Settings


class Watch:
    """Notes the time each pass took, and the greatest memory seen, as the import tells how far it is."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.checked = 0.0
        self.anonymous = 0

    def tell(self, what: str, _count: int) -> None:
        if what == "核对":
            self.checked = time.perf_counter() - self.began
        self.anonymous = max(self.anonymous, machine.memory().get("anonymous", 0))


def run(file: Path) -> dict[str, Any]:
    database = Database(Settings().database)
    migrate(database)
    watch = Watch()
    imported = importing.import_initial(database, file, "qingdan", tell=watch.tell)
    took = time.perf_counter() - watch.began
    if imported.reading.refused or imported.created != imported.records:
        raise RuntimeError(f"created {imported.created} of {imported.records}")
    return {
        "records": imported.records,
        "seconds": took,
        "check_seconds": watch.checked,
        "publications": imported.publications,
        "anonymous": watch.anonymous,
        "peak": machine.memory().get("peak", 0),
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(run(Path(sys.argv[1]))))
