"""The documents name every setting, command and route, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

import app
from app.cli import cli
from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh-CN.md")
DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
PAGES = [*READMES, "CHANGELOG.md", "seed/README.md", *DOCS]


def _read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _commands() -> set[str]:
    """``qingdan serve``, ``qingdan user add`` ... as the command line has them."""
    return {f"qingdan {words}" for words in _leaves(typer.main.get_command(cli), ())}


def _leaves(command: Any, words: tuple[str, ...]) -> dict[str, Any]:
    """The words of each command that has none below it -> the command."""
    below = getattr(command, "commands", None)
    if not below:
        return {" ".join(words): command}
    return {name: leaf for word, one in below.items() for name, leaf in _leaves(one, (*words, word)).items()}


def _routes(tmp_path: Path) -> set[str]:
    paths = create_app(Settings(data_dir=tmp_path)).openapi()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def _settings() -> set[str]:
    return {f"QINGDAN_{name.upper()}" for name in Settings.model_fields}


def _first_cells(page: str, pattern: str) -> set[str]:
    """What the first cells of a page's tables name."""
    return set(re.findall(rf"^\| `({pattern})` \|", _read(page), re.M))


def _shell(page: str) -> list[str]:
    """The lines of a page's shell blocks without their remarks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", _read(page), re.M | re.S)
    lines = [re.sub(r"(^|\s+)# .*$", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.strip()]


@pytest.mark.parametrize("page", READMES)
def test_every_setting_is_documented_and_no_other(page: str) -> None:
    assert _first_cells(page, r"QINGDAN_\w+") == _settings()
    assert set(re.findall(r"QINGDAN_\w+", _read(page))) <= _settings()


@pytest.mark.parametrize("page", READMES)
def test_the_defaults_of_settings_are_those_of_the_code(page: str) -> None:
    for name, field in Settings.model_fields.items():
        row = re.search(rf"^\| `QINGDAN_{name.upper()}` \| (.+?) \|", _read(page), re.M)
        assert row is not None, name
        default = field.default
        shown = str(default).removesuffix(".0")
        expected = {"empty", "空"} if default in ("", None) else {f"`{shown.lower()}`", f"`{shown}`"}
        assert row[1] in expected, f"{name}: {row[1]}"


@pytest.mark.parametrize("page", READMES)
def test_every_command_is_documented_and_no_other(page: str) -> None:
    assert _first_cells(page, r"qingdan [a-z ]+") == _commands()


@pytest.mark.parametrize("page", READMES)
def test_every_route_is_documented_and_no_other(page: str, tmp_path: Path) -> None:
    assert _first_cells(page, r"(?:GET|POST|PUT|DELETE|PATCH) \S+") == _routes(tmp_path)


@pytest.mark.parametrize("page", READMES)
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", _read("Makefile"), re.M))
    named = set(re.findall(r"`make ([a-z]+)", _read(page)))
    assert {"run", "test", "check", "bench"} <= named <= targets


def test_commands_of_the_tour_exist() -> None:
    """Each ``qingdan ...`` line of a shell block begins with a command that is there."""
    for line in _shell("README.md"):
        for words in re.findall(r"\bqingdan ([a-z]+(?: [a-z]+)*)", line):
            assert _asked(words) is not None, line


def test_options_of_the_tour_exist() -> None:
    """Each option behind a ``qingdan`` command in a shell block is one of that command."""
    for line in _shell("README.md"):
        called = re.search(r"\bqingdan ([a-z]+(?: [a-z]+)*)([^|)]*)", line)
        if called is None:
            continue
        command = _asked(called[1])
        known = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", called[2])) <= known, line


def _asked(words: str) -> Any:
    """The command that a line begins with; none where there is none."""
    leaves = _leaves(typer.main.get_command(cli), ())
    begun = [name for name in leaves if f"{words} ".startswith(f"{name} ")]
    return leaves[begun[0]] if begun else None


def test_both_readmes_show_the_same_commands() -> None:
    english, chinese = (_shell(page) for page in READMES)
    assert len(english) > 60
    assert english == chinese


@pytest.mark.parametrize("page", PAGES)
def test_links_to_files_resolve(page: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", _read(page)):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", READMES)
def test_named_files_exist(page: str) -> None:
    for path in re.findall(r"`((?:app|search|seed|tests|migrations|docs)/[\w./-]*)`", _read(page)):
        assert (ROOT / path).exists(), path


def test_every_decision_is_in_the_index_and_has_its_four_parts() -> None:
    index = _read("docs/decisions/README.md")
    for path in sorted((ROOT / "docs/decisions").glob("[0-9]*.md")):
        headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.M)
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"], path.name
        assert f"({path.name})" in index
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. ")


@pytest.mark.parametrize("page", PAGES)
def test_no_path_of_one_machine(page: str) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|root|home|tmp|Users)/", _read(page))


def test_the_licence_is_whole() -> None:
    licence = _read("LICENSE")
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert len(licence) > 11_000


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_a_command_has_one_line(page: str) -> None:
    rows = re.findall(r"^\| (`qingdan [^|]*`) \|", (ROOT / page).read_text("utf-8"), re.M)
    assert len(rows) > 30
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("page", READMES)
def test_the_map_has_every_part(page: str) -> None:
    rows = re.findall(r"^\| ((?:`[\w/]+` ?)+)\|", (ROOT / page).read_text("utf-8"), re.M)
    named = [name for row in rows for name in re.findall(r"`([a-z_]+)`", row)]
    assert sorted(named) == sorted(re.findall(r"^(\w+) {2,}\S.*$", app.__doc__ or "", re.M))
