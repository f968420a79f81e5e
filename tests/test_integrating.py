"""The examples of docs/integrating.md run as they stand; the API's own document and list of problems are complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from loopback import Served
from openapi_spec_validator import validate
from problem_codes import PAGE, codes
from seeded import Living

from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(
    r"^```(sh|python|js)\n(.*?)^```", (ROOT / "docs" / "integrating.md").read_text("utf-8"), re.M | re.S
)
RUNNERS = {"sh": ("sh", "-e"), "python": (sys.executable,), "js": ("node", "--input-type=module")}


@pytest.fixture(scope="module")
def address(run_seeded: Callable[[str, ExitStack], Living]) -> Iterator[str]:
    with ExitStack() as stack:
        living = run_seeded("sqlite", stack)
        served = Served(lambda: create_app(living.settings))
        stack.callback(served.stop)
        yield served.address


@pytest.mark.parametrize(("language", "block"), BLOCKS, ids=[f"{n}-{b[0]}" for n, b in enumerate(BLOCKS)])
def test_an_example_runs(language: str, block: str, address: str, tmp_path: Path) -> None:
    program = RUNNERS[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not on this machine")
    environment = os.environ | {"REGISTRY": address, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        program, input=block, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.strip()
    assert '"code":"http"' not in ran.stdout


def test_every_language_is_shown() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "python", "js"}


def test_every_problem_code_is_listed() -> None:
    assert len(codes()) > 150
    listed = set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text("utf-8"), re.M))
    assert listed == set(codes()), "run: python tests/problem_codes.py"


# --- the API's own document ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("openapi"), drain_index=False)).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_operation_is_named_once_and_described(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document):
        assert operation.get("summary"), name
        assert operation.get("description") or operation.get("summary"), name
        assert operation.get("tags"), name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])


def test_every_field_is_described(document: dict[str, Any]) -> None:
    lacking = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        if name not in ("HTTPValidationError", "ValidationError")
        for field, part in schema.get("properties", {}).items()
        if not part.get("description")
    ]
    assert not lacking


def test_every_refusal_is_a_problem_document(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "/api/v1/" in name:
            assert "application/problem+json" in operation["responses"]["4XX"]["content"], name
