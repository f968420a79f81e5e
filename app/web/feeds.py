"""Atom feeds and the sitemap, as XML by the standard library. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from app.exchange.handouts import plain
from app.web.rendering import Gaps, day, outcome

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
PATHS = {"item": "/items/", "authority": "/authorities/", "instrument": "/laws/", "bundle": "/bundles/"}
"""Where the page of a subject of a kind stands."""


def atom(registry: str, title: str, base: str, path: str, page: str, changes: Sequence[Gaps]) -> bytes:
    """A feed with an entry for each publication. ``registry`` names the registry for good (the hash of its first
    log entry), so that an entry keeps its id wherever the site moves."""
    feed = _element(None, "feed", xmlns=ATOM)
    feed.set("xml:lang", "zh-CN")
    _element(feed, "id", _urn(registry, path))
    _element(feed, "title", title)
    _element(feed, "updated", changes[0]["recorded_at"] if changes else "1970-01-01T00:00:00Z")
    _element(_element(feed, "author"), "name", "清单登记簿")
    _element(feed, "link", rel="self", type="application/atom+xml", href=base + path)
    _element(feed, "link", rel="alternate", type="text/html", href=base + page)
    for change in changes:
        _entry(feed, registry, base, page, change)
    return _written(feed)


def _urn(registry: str, name: str | int) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{registry} {name}')}"


def _entry(feed: ET.Element, registry: str, base: str, page: str, change: Gaps) -> None:
    entry = _element(feed, "entry")
    _element(entry, "id", _urn(registry, change["publication"]))
    _element(entry, "title", change["statement"]["title"] or "变更")
    _element(entry, "updated", change["recorded_at"])
    _element(entry, "published", change["recorded_at"])
    only = change["subjects"][0] if change["count"] == 1 and change["subjects"] else None
    if change["kind"] == "round":
        target = f"/rounds/{change['changeset']}"
    elif only and only["kind"] in PATHS:
        target = PATHS[only["kind"]] + only["id"]
    else:
        target = page
    _element(entry, "link", rel="alternate", type="text/html", href=base + target)
    _element(entry, "summary", _summary(change), type="text")


def _summary(change: Gaps) -> str:
    document = change["statement"]["document"] or Gaps()
    number = f"（{document['number']}）" if document["number"] else ""
    source = f"依据《{document['title']}》{number}。" if document["title"] else ""
    named = "；".join(f"{one['name'] or one['id']}：{outcomes(one)}" for one in change["subjects"])
    rest = f"等共 {change['count']} 项" if change["count"] > len(change["subjects"]) else ""
    return f"{day(change['effective_from'])}起施行。{source}{named}{rest}。"


def outcomes(one: Gaps) -> str:
    """What was decided about a subject: ``调整、取消``."""
    return "、".join("撤出" if name == "void" else outcome(name, one["kind"]) for name in one["outcomes"])


def sitemap(base: str, paths: Iterable[tuple[str, str | None]]) -> bytes:
    """Addresses, each with the moment of its last change where that is known."""
    root = _element(None, "urlset", xmlns=SITEMAP)
    for path, changed in paths:
        url = _element(root, "url")
        _element(url, "loc", base + path)
        if changed:
            _element(url, "lastmod", changed)
    return _written(root)


def sitemap_index(base: str, paths: Iterable[str]) -> bytes:
    root = _element(None, "sitemapindex", xmlns=SITEMAP)
    for path in paths:
        _element(_element(root, "sitemap"), "loc", base + path)
    return _written(root)


def _element(parent: ET.Element | None, name: str, words: str | None = None, **given: str) -> ET.Element:
    made = ET.Element(name) if parent is None else ET.SubElement(parent, name)
    for key, value in given.items():
        made.set(key, plain(value))
    if words is not None:
        made.text = plain(words)
    return made


def _written(root: ET.Element) -> bytes:
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
