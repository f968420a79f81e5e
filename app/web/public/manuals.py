"""What an integrator reads, served by the registry itself: government networks are closed.

The texts are those of ``docs/``, held to the code by tests. Every problem document names an address under
``/problems``, which leads to its line in the list.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.deps import AskedOn, ReadSession
from app.errors import NotFound
from app.saying import said
from app.web.rendering import render

router = APIRouter()

DOCS = Path(__file__).parents[3] / "docs"
MANUALS = ("integrating", "problems")


class Manual(NamedTuple):
    """A text as HTML, without its title; ``anchors`` are the ids in it."""

    title: str
    body: str
    anchors: frozenset[str]


@lru_cache
def manual(name: str) -> Manual:
    """Headings and the rows of tables get anchors, and links to another manual lead to its page."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse((DOCS / f"{name}.md").read_text("utf-8"))
    anchors: set[str] = set()
    for place, token in enumerate(tokens):
        if token.type in ("heading_open", "tr_open") and (anchor := _anchor(tokens, place)):
            token.attrSet("id", anchor)
            anchors.add(anchor)
        for part in token.children or ():
            target = str(part.attrGet("href") or "")
            if target.removesuffix(".md") in MANUALS:
                part.attrSet("href", f"/docs/{target.removesuffix('.md')}")
    title = tokens[1].content
    return Manual(title, parser.renderer.render(tokens[3:], parser.options, {}), frozenset(anchors))


def _anchor(tokens: list[Token], place: int) -> str:
    """Of a heading its words, of a row its code."""
    inline = next(token for token in tokens[place:] if token.type == "inline")
    if tokens[place].type == "heading_open":
        return "-".join(inline.content.lower().split())
    return next((part.content for part in inline.children or () if part.type == "code_inline"), "")


@router.api_route("/docs/{name}", methods=["GET", "HEAD"])
def show_manual(request: Request, session: ReadSession, asked: AskedOn, name: str) -> Response:
    if name not in MANUALS:
        raise NotFound(said("没有这份说明；有的是 /docs、/docs/integrating 和 /docs/problems。"))
    return render(request, session.connection(), asked, "manual.html", manual=manual(name), name=name)


@router.api_route("/problems/{code}", methods=["GET", "HEAD"])
def show_problem(code: str) -> Response:
    """What a problem document names as its ``type``."""
    if code not in manual("problems").anchors:
        raise NotFound(said("没有这个错误代码；全部代码见 /docs/problems。"))
    return RedirectResponse(f"/docs/problems#{code}", 303)
