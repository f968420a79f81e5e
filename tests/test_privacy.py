"""Whatever the umask of the shell, nobody but the owner reads what the registry keeps."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "import os, sys; os.umask({umask}); from app.cli import main; main()"
SERVED = (
    "import os; os.umask(0)\n"
    "from fastapi.testclient import TestClient\n"
    "from app.main import serving\n"
    "with TestClient(serving()) as client:\n"
    "    print(client.get('/readyz').status_code)"
)


def run(directory: Path, code: str, *arguments: str) -> str:
    environment = {**os.environ, "QINGDAN_DATA_DIR": str(directory), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=directory.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def modes(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory.parent)): stat.filemode(path.stat().st_mode)
        for path in [directory, *directory.rglob("*")]
    }


def test_what_is_kept_is_the_owners_alone(tmp_path: Path) -> None:
    data, command = tmp_path / "data", COMMAND.format(umask=0)
    run(data, command, "migrate")
    run(data, command, "reindex")
    run(data, SERVED)
    run(data, command, "backup", str(tmp_path / "saved.tar.gz"))
    run(tmp_path / "again", command, "restore", str(tmp_path / "saved.tar.gz"))
    found = modes(data) | modes(tmp_path / "again") | modes(tmp_path / "saved.tar.gz")
    assert {"data/qingdan.db", "data/index", "saved.tar.gz", "again/qingdan.db"} <= found.keys()
    assert set(found.values()) == {"-rw-------", "drwx------"}, found
    run(data, command, "export", str(tmp_path / "open.jsonl"))
    asked = stat.S_IMODE((tmp_path / "open.jsonl").stat().st_mode)
    assert asked == 0o666  # what was asked for is for the asker
