"""The order of imports, as the map in ``app/__init__.py`` says it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import app

ROOT = Path(app.__file__).resolve().parent.parent
LINE = re.compile(r"^(\w+) {2,}\S.*$", re.MULTILINE)
MAP = LINE.findall(app.__doc__ or "")
OFFICE = ROOT / "app" / "web" / "office"
ROOMS = LINE.findall(ast.get_docstring(ast.parse((OFFICE / "__init__.py").read_text(encoding="utf-8"))) or "")
EDGES = {"api", "web", "cli"}
BANNED = {
    "service",
    "services",
    "repository",
    "repositories",
    "schemas",
    "util",
    "utils",
    "core",
    "common",
    "helpers",
}
FILES = sorted((ROOT / "app").rglob("*.py"))


def unit_of(path: Path) -> str:
    """The package of app/ (or its single file) that a file belongs to."""
    return path.relative_to(ROOT / "app").with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of all imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 1 and unit_of(path) == "client":  # so that the folder can be copied
                continue
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            if node.module in ("app", "search"):
                yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)
            elif node.module:
                yield node.lineno, node.module


def test_the_map_names_every_package():
    found = {unit_of(path) for path in FILES} - {"__init__"}
    assert len(MAP) == len(set(MAP))
    assert found == set(MAP), "app/__init__.py is the map: one line per package, in the order of imports"


@pytest.mark.parametrize("name", MAP)
def test_a_package_imports_only_from_above_it(name):
    above = set(MAP[: MAP.index(name)]) | {name}
    if name in EDGES:
        above -= EDGES - {name}
    wrong = []
    for path in FILES:
        if unit_of(path) != name:
            continue
        for line, module in imports(path):
            parts = module.split(".")
            place = f"{path.relative_to(ROOT)}:{line} imports {module}"
            if parts[0] == "app" and len(parts) > 1 and parts[1] not in above:
                wrong.append(place)
            if parts[0] in ("tests", "migrations", "seed"):
                wrong.append(place)
    assert not wrong, wrong


def room_of(path: Path) -> str:
    """The room of the office (or its single file) that a file belongs to."""
    return path.relative_to(OFFICE).with_suffix("").parts[0]


def imported_rooms(path: Path) -> Iterator[tuple[str, str]]:
    """(place, room) of all that a file imports from the office."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not f"{node.module}.".startswith("app.web.office."):
            continue
        inside = (node.module or "").split(".")[3:]
        for room in inside[:1] or [name.name for name in node.names]:
            yield f"{path.relative_to(ROOT)}:{node.lineno} imports {room}", room


def test_the_office_names_every_room():
    found = {room_of(path) for path in OFFICE.rglob("*.py")} - {"__init__"}
    assert len(ROOMS) == len(set(ROOMS))
    assert found == set(ROOMS), (
        "app/web/office/__init__.py is the map: one line per room, in the order of imports"
    )


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_only_from_rooms_above_it(name):
    above = {*ROOMS[: ROOMS.index(name)], name}
    files = [path for path in OFFICE.rglob("*.py") if room_of(path) == name]
    assert files
    assert not [place for path in files for place, room in imported_rooms(path) if room not in above]


def test_the_client_can_be_copied_into_another_program(tmp_path):
    """The folder alone, under another name, where nothing else of this program is to be found."""
    shutil.copytree(ROOT / "app" / "client", tmp_path / "taken", ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "import sys; sys.path.insert(0, '.'); from taken import Client, Copy; print('app' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == ("False", "")


def test_search_knows_nothing_of_app():
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in (ROOT / "search").rglob("*.py")
        for line, module in imports(path)
        if module.split(".")[0] not in ("search",)
        and module.split(".")[0] in ("app", "seed", "migrations", "tests")
    ]
    assert not wrong


def test_seed_holds_nothing_that_runs():
    assert not list((ROOT / "seed").rglob("*.py"))


def test_no_file_is_named_for_a_layer():
    named = [
        path for folder in ("app", "search") for path in (ROOT / folder).rglob("*.py") if path.stem in BANNED
    ]
    assert not named, "name a file for what it does"


def test_the_kernel_knows_no_noun():
    """It takes facets as a function; only the id letters name kinds."""
    for path in (ROOT / "app" / "versions").glob("*.py"):
        for _line, module in imports(path):
            assert module.split(".")[:2] not in (["app", "items"], ["app", "places"], ["app", "law"])
