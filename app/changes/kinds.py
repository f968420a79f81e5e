"""The nouns of the kernel: which content model each has, and what lists and links take from it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from app.bundles.content import BundleContent
from app.canonical import encode
from app.catalogue.content import EntryContent
from app.deadlines.content import CalendarYearContent
from app.errors import Invalid
from app.items.content import ItemContent
from app.items.named_files import named_files
from app.law.content import InstrumentContent
from app.places.content import AuthorityContent, RegionContent
from app.versions import ids
from app.versions.fold import Change, diff
from app.versions.timeline import Facets
from app.wording import reason

MODELS: dict[str, type[BaseModel]] = {
    "item": ItemContent,
    "entry": EntryContent,
    "authority": AuthorityContent,
    "region": RegionContent,
    "instrument": InstrumentContent,
    "calendar": CalendarYearContent,
    "bundle": BundleContent,
}

LABELS = ids.LABELS


def validate(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """The content as it will be stored: checked, absent instead of null or empty objects. Raises Invalid."""
    try:
        model = MODELS[kind].model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = "/".join(str(part) for part in first["loc"])
        raise Invalid(
            f"{LABELS[kind]}的内容不符合要求：字段 {field}（{reason(first)}）。",
            code="bad-content",
            errors=[
                {"field": "/".join(map(str, e["loc"])), "reason": reason(e), "type": e["type"]}
                for e in error.errors()[:50]
            ],
        ) from error
    stored = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    if _tidy(stored):
        _refuse_repeated_keys(stored, "")
    return stored


class _Passed:
    """Digests of documents that ``validate`` left as they were, the latest of them: what it says of the same bytes is
    the same, and a decision is checked when it is drafted, submitted, approved, rehearsed and published."""

    MOST = 1 << 15
    """Some 5 MB."""

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def __contains__(self, key: bytes) -> bool:
        return key in self._digests

    def add(self, key: bytes) -> None:
        with self._lock:
            if len(self._digests) >= self.MOST:
                del self._digests[next(iter(self._digests))]
            self._digests[key] = None


_PASSED = _Passed()


def differences(kind: str, document: dict[str, Any]) -> list[Change]:
    """What ``validate`` would make of a document beyond what it says. Raises Invalid where it may not stand."""
    # As bytes: to Python, 1 and True are the same.
    body = encode(document)
    key = hashlib.sha256(kind.encode() + body).digest()
    if key in _PASSED:
        return []
    checked = validate(kind, dict(document))
    if encode(checked) == body:
        _PASSED.add(key)
        return []
    return diff(document, checked)


def _refuse_repeated_keys(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            if isinstance(part, (dict, list)):
                _refuse_repeated_keys(part, f"{path}/{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and "key" in value[0]:
        seen: set[str] = set()
        for element in value:
            if element["key"] in seen:
                raise Invalid(
                    f"{path} 中键 {element['key']} 出现了两次，每个要素的键只能用一次。", code="repeated-key"
                )
            seen.add(element["key"])
            _refuse_repeated_keys(element, f"{path}/{element['key']}")


def _tidy(document: dict[str, Any]) -> bool:
    """Objects without a field are absent; an empty list stays, since "none needed" is not "unknown".

    Says whether any list may have a key twice, so that one walk does for nearly every document.
    """
    repeated, empty = False, []
    for name, part in document.items():
        kind = type(part)
        if kind is dict:
            repeated |= _tidy(part)
            if not part:
                empty.append(name)
        elif kind is list:
            keys = set()
            for element in part:
                if type(element) is dict:
                    repeated |= _tidy(element) or element.get("key") in keys
                    keys.add(element.get("key"))
    for name in empty:
        del document[name]
    return repeated


def describe(kind: str, document: dict[str, Any]) -> Facets:
    """What lists filter by and what the content refers to."""
    return _DESCRIBERS[kind](document)


def _item(document: dict[str, Any]) -> Facets:
    links = list(_citations(document))
    if entry := document.get("entry"):
        links.append(("entry", entry, ""))
    links += [("co-authority", target, "") for target in document.get("co_authority_ids", ())]
    for part in document.get("excluded", ()):
        links += [(f"excluded-{to}", part[to], part["key"]) for to in ("region", "authority") if to in part]
    return Facets(
        name=document.get("name"),
        type=document.get("type"),
        level=document.get("level"),
        authority=document.get("authority"),
        region=document.get("region"),
        visibility=document.get("visibility", "public"),
        links=links,
        files=named_files(document),
    )


def _citations(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for citation in document.get("citations", ()):
        if target := citation.get("instrument"):
            yield f"cites-{citation.get('role', 'setting')}", target, citation.get("article", "")


def _entry(document: dict[str, Any]) -> Facets:
    return Facets(
        name=document.get("name"),
        type=document.get("type"),
        parent=document.get("parent"),
        links=list(_citations(document)),
    )


def _authority(document: dict[str, Any]) -> Facets:
    return Facets(
        name=document.get("name"),
        level=document.get("level"),
        region=document.get("region"),
        parent=document.get("parent"),
    )


def _region(document: dict[str, Any]) -> Facets:
    return Facets(name=document.get("name"), level=document.get("level"), parent=document.get("parent"))


def _instrument(document: dict[str, Any]) -> Facets:
    return Facets(name=document.get("title"), type=document.get("rank"))


def _calendar(document: dict[str, Any]) -> Facets:
    return Facets(name=str(document.get("year", "")))


def _bundle(document: dict[str, Any]) -> Facets:
    links = [("bundles", member["item"], "") for member in document.get("members", ())]
    return Facets(
        name=document.get("name"),
        type=document.get("kind"),
        authority=document.get("lead"),
        region=document.get("region"),
        links=links + list(_citations(document)),
    )


_DESCRIBERS = {
    "item": _item,
    "entry": _entry,
    "authority": _authority,
    "region": _region,
    "instrument": _instrument,
    "calendar": _calendar,
    "bundle": _bundle,
}


_LINKED = {
    "entry": "entry",
    "co-authority": "authority",
    "bundles": "item",
    "excluded-region": "region",
    "excluded-authority": "authority",
}
"""What a link of a role leads to; a citation leads to an instrument."""

REFERRING = frozenset(
    {"authority", "region", "parent", "entry", "citations", "co_authority_ids", "lead", "members", "excluded"}
)
"""Top-level fields whose values are registry ids, or hold some."""


def references(kind: str, document: dict[str, Any]) -> set[tuple[str, str]]:
    """The registry ids the content rests on, each with the kind it must have."""
    found: set[tuple[str, str]] = set()
    facets = describe(kind, document)
    if facets.authority:
        found.add((facets.authority, "authority"))
    if facets.region:
        found.add((facets.region, "region"))
    if facets.parent:
        found.add((facets.parent, kind if kind != "item" else "entry"))
    for role, target, _locator in facets.links:
        found.add((target, _LINKED.get(role, "instrument")))
    return found
