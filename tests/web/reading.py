"""Reading a page as a person and as a browser would: its words, links, forms, tags."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

from seeded import Living

VOID = {"meta", "link", "input", "br", "img", "hr"}
DRAWN = {"gantt", "qr", "drawn", "drawn tall"}
"""Classes of the pictures that pages draw themselves."""
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Page(HTMLParser):
    """A parsed page. Raises AssertionError where the tags do not close as they were opened."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.links: list[tuple[str, str]] = []
        self.title = ""
        self.data: list[Any] = []
        self.marks: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._parts: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"
        self.words = " ".join("".join(self._parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "a":
            self.links.append((given.get("href", ""), ""))
        if tag == "mark":
            self.marks.append("")
        if tag not in VOID:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1][0] == tag, f"</{tag}> closes <{self._open[-1][0]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        opened = [tag for tag, _ in self._open]
        if "title" in opened:
            self.title += data
            return
        if "script" in opened:  # a block of data, no words of the page; our own files stand elsewhere
            self.data.append(json.loads(data))
            return
        self._parts.append(data)
        if "a" in opened:
            href, words = self.links[-1]
            self.links[-1] = (href, words + data)
        if "mark" in opened:
            self.marks[-1] += data

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]

    def link(self, words: str) -> str:
        """Where the first link with these words leads."""
        found = [href for href, shown in self.links if words in shown]
        assert found, f"no link says {words}: {[shown for _, shown in self.links]}"
        return found[0]

    def section(self, heading: str) -> str:
        """The words from a heading to the next one of its level (h2)."""
        html = self.html
        match = re.search(rf"<h2[^>]*>{re.escape(heading)}</h2>(.*?)(<h2|</article>|</main>)", html, re.S)
        assert match, f"no heading {heading}"
        return " ".join(re.sub(r"<[^>]+>", " ", match[1]).split())


def read(living: Living, path: str, status: int = 200, **query: Any) -> Page:
    """The page at an address, sound and with nothing from elsewhere."""
    answer = living.client.get(path, params=query or None, headers=BROWSER)
    assert answer.status_code == status, answer.text[:2000]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert_safe(page)
    return page


def assert_safe(page: Page) -> None:
    """No script but our own files, no inline style, nothing from another host, no link that runs something."""
    for tag, attrs in page.tags:
        own = set(attrs) == {"src", "defer"} and attrs["src"].startswith("/static/")
        assert tag != "script" or own or attrs == {"type": "application/ld+json"}, (tag, attrs)
        assert tag not in {"style", "iframe", "object", "embed", "base", "img"}, (tag, attrs)
        assert tag != "svg" or attrs.get("class") in DRAWN, (tag, attrs)
        for name, value in attrs.items():
            assert not name.startswith("on") or (tag == "input" and name == "on"), (tag, attrs)
            assert name not in ("style", "srcset", "srcdoc"), (tag, attrs)
            if name in ("href", "src", "action", "formaction"):
                assert_own(tag, attrs, value)


def assert_own(tag: str, attrs: dict[str, str], value: str) -> None:
    if value.startswith("/") and not value.startswith("//"):
        return
    if tag == "a" and value.startswith("#"):
        return
    assert tag == "a", (tag, attrs)
    assert value.startswith(("http://", "https://")), (tag, attrs)
    assert set(attrs["rel"].split()) == {"noopener", "nofollow"}, (tag, attrs)
