"""What rests on an instrument on a day: by its citations, and by its title in what asks for a material or a fee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.checks.finding import ALIVE
from app.db import fetch
from app.items.code_tables import label
from app.versions.visibility import shown

BASES = {
    "materials": "材料",
    "fees": "收费",
    "special_procedures": "特别程序",
    "responsibilities": "责任事项",
}
"""Lists of an item whose elements name their basis as text."""
KINDS = ("entry", "item")
_ALL = (
    "SELECT t.subject_id, t.kind, t.name, t.status, t.authority, t.region, c.body FROM timeline t"
    # One kind at a time: of two, SQLite sorts all that is left for each thousand.
    " JOIN content c ON c.hash = t.content WHERE t.kind = ? AND t.valid_from <= ?"
    f" AND t.valid_to > ? AND {shown('t')} AND t.subject_id > ? ORDER BY t.subject_id LIMIT 1000"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item says that it rests on the instrument."""

    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Resting:
    """An item or catalogue entry that rests on it."""

    id: str
    kind: str
    name: str
    authority: str | None
    region: str | None
    content: dict[str, Any]
    places: list[Place]

    @property
    def cites(self) -> bool:
        """Whether it cites the instrument, so that the citation can be changed; else it names it in a text."""
        return any(place.path.startswith("citations/") for place in self.places)


def cites(citation: Mapping[str, Any], instrument: str, titles: Sequence[str]) -> bool:
    """Whether a citation means the instrument: it is linked to it, or linked to none and names it by a title."""
    if linked := citation.get("instrument"):
        return bool(linked == instrument)
    return str(citation.get("title") or "").strip("《》") in titles


def places(content: Mapping[str, Any], instrument: str, titles: Sequence[str]) -> Iterator[Place]:
    """Every place of a content that rests on the instrument. Pure."""
    named = [f"《{title}》" for title in titles if title]
    for one in content.get("citations") or ():
        if cites(one, instrument, titles):
            role = label("citation_role", one.get("role", "setting")) or ""
            yield Place(f"citations/{one['key']}", f"{role} {one.get('article') or ''}".strip())
    for holder, prefix in [
        (content, ""),
        *((v, f"variants/{v['key']}/") for v in content.get("variants") or ()),
    ]:
        for name, words in BASES.items():
            for one in holder.get(name) or ():
                if any(title in (one.get("basis") or "") for title in named):
                    what = one.get("name") or one.get("matter") or one["key"]
                    yield Place(f"{prefix}{name}/{one['key']}/basis", f"{words}“{what[:30]}”")


def titles_of(content: Mapping[str, Any]) -> list[str]:
    """An instrument's names: the whole one, without the country's where it has that, and the short ones."""
    title = content["title"]
    return list(
        dict.fromkeys([title, title.removeprefix("中华人民共和国"), *content.get("short_titles", ())])
    )


def resting(connection: Connection, instrument: str, titles: Sequence[str], day: str) -> list[Resting]:
    """All items and entries that carry on and rest on it on a day, in the order of ids. Reads every content once."""
    return resting_on(connection, {instrument: titles}, day)[instrument]


def resting_on(
    connection: Connection, laws: Mapping[str, Sequence[str]], day: str
) -> dict[str, list[Resting]]:
    """The same of several, each with its titles, in one reading."""
    needles = {
        law: [law.encode(), *(title.encode() for title in titles if title)] for law, titles in laws.items()
    }
    found: dict[str, list[Resting]] = {law: [] for law in laws}
    for subject, kind, name, status, authority, region, body in _standing(connection, day):
        data = bytes(body)
        named = [law for law, words in needles.items() if any(word in data for word in words)]
        if status not in ALIVE or not named:
            continue
        content = decode(data)
        for law in named:
            if at := list(places(content, law, laws[law])):
                found[law].append(Resting(subject, kind, name or "", authority, region, content, at))
    return {law: sorted(rest, key=lambda one: one.id) for law, rest in found.items()}


def _standing(connection: Connection, day: str) -> Iterator[Any]:
    for kind in KINDS:
        last = ""
        while rows := fetch(connection, _ALL, (kind, day, day, last)):
            last = rows[-1][0]
            yield from rows
