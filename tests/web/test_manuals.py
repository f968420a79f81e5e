"""What an integrator reads is served by the registry itself, and a problem's address leads to its line."""

from __future__ import annotations

import re

import pytest
from reading import read
from seeded import Living

from app.web.public import manuals


@pytest.mark.parametrize("name", manuals.MANUALS)
def test_a_manual_is_a_page(living_sqlite: Living, name: str) -> None:
    page = read(living_sqlite, f"/docs/{name}")
    source = (manuals.DOCS / f"{name}.md").read_text("utf-8")
    heads = re.findall(r"^## (.+)$", source, re.MULTILINE)
    assert all(head in page.words for head in [source.splitlines()[0].removeprefix("# "), *heads])
    links = [attrs.get("href", "") for tag, attrs in page.tags if tag == "a"]
    assert not [link for link in links if link.endswith(".md")], "no link into the source"
    assert f"/docs/{next(one for one in manuals.MANUALS if one != name)}" in links


def test_what_a_problem_names_leads_to_its_line(living_sqlite: Living) -> None:
    problem = living_sqlite.client.get("/api/v1/items/qdi-99999999").json()
    answer = living_sqlite.client.get(problem["type"], follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/docs/problems#{problem['code']}")
    page = read(living_sqlite, "/docs/problems")
    assert problem["code"] in {attrs.get("id") for _, attrs in page.tags}


def test_every_code_of_the_list_has_an_address() -> None:
    listed = re.findall(r"^\| `([^`]+)`", (manuals.DOCS / "problems.md").read_text("utf-8"), re.MULTILINE)
    assert len(listed) > 100
    assert set(listed) <= manuals.manual("problems").anchors


@pytest.mark.parametrize("path", ["/docs/no-such", "/problems/no-such"])
def test_there_is_no_other(living_sqlite: Living, path: str) -> None:
    answer = living_sqlite.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "没有这" in read(living_sqlite, path, status=404).words
