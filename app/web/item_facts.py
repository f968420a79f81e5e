"""What is shown of an item on a day, gathered once for its page, its print sheets and its downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from app.changes.owed import Wanted, duties
from app.db import run_by
from app.deps import Asked
from app.errors import NotFound
from app.files import redacted_among
from app.items.named_files import named_files
from app.items.reading import read_item, read_item_as_known
from app.law.queries import IN_FORCE
from app.saying import said
from app.versions.names import NameBook, name_on, names_of
from app.versions.queries import Known, state_on
from app.web.delegation import delegation
from app.web.guide import citations_by_role, disclosed, saved, whom_to_ask
from app.web.rendering import Gaps, gaps
from app.web.subjects import kin, rows_on


@dataclass(slots=True)
class ItemFacts:
    """An item as its pages show it. ``item`` is the API's envelope; ``content`` is empty where there is none."""

    item: Gaps
    content: Gaps
    title: str
    given: dict[str, bool]
    saved: int | None
    bases: list[tuple[str, list[dict[str, Any]]]]
    void_bases: list[Gaps]
    contact: Gaps | None
    ask: Gaps
    """The ``phone`` for questions, and whether it is ``of_authority``."""
    entry: str | None
    excluded: list[dict[str, Any]]
    predecessors: list[Gaps]
    successors: list[Gaps]
    handed_to: list[Gaps]
    """Who is to take it over, with ``name``, ``state`` and ``due`` of the acceptance."""
    delegation: Gaps | None
    """Of an item entrusted for a time: when that runs out, and who holds the power then."""
    gone_files: set[str]
    """Digests of attached files that an order took away."""

    def shown(self) -> dict[str, Any]:
        """For a template."""
        return {name: getattr(self, name) for name in self.__slots__}


def facts_of(
    connection: Connection, item_id: str, asked: Asked, known: Known, book: NameBook | None = None
) -> ItemFacts:
    """Everything but the history. ``book``: names that are known already. Raises NotFound, for an internal item too."""
    found: Gaps = gaps(orjson.loads(_read(connection, item_id, asked, known, book or NameBook())))
    content = found["content"] or Gaps()
    cited = _citations(connection, content, asked.on, known)
    contact = _contact(connection, content, asked.on, known)
    predecessors = kin(connection, found["predecessors"], asked.on)
    return ItemFacts(
        item=found,
        content=content,
        title=found["name"] or _nameless(connection, found, asked.on, known),
        given=disclosed(content),
        saved=saved(content["statutory_limit"], content["promised_limit"]),
        bases=citations_by_role(cited),
        void_bases=_void_bases(found, cited),
        contact=contact,
        ask=Gaps(whom_to_ask(content, contact)),
        entry=_entry(connection, content, asked.on),
        excluded=_excluded(connection, content, asked.on),
        predecessors=predecessors,
        successors=kin(connection, found["successors"], asked.on),
        handed_to=_handed_to(connection, item_id, asked.on, known) if found["status"] == "ended" else [],
        delegation=delegation(connection, found, predecessors, asked.on, known),
        gone_files=redacted_among(connection, named_files(found["content"] or {})),
    )


def _handed_to(connection: Connection, item_id: str, day: str, known: Known) -> list[Gaps]:
    wanted = Wanted(on=day, kinds=frozenset({"acceptance"}), subject=item_id)
    owed = duties(connection, wanted, known=known)
    named = rows_on(connection, {one[at] for one in owed for at in ("region", "authority") if one[at]}, day)
    return [Gaps(one, name=_receiver(one, {id_: row.name for id_, row in named.items()})) for one in owed]


def _receiver(one: dict[str, Any], names: dict[str, str | None]) -> str:
    region, authority = (names.get(one[at] or "") or "" for at in ("region", "authority"))
    place = "" if region in authority else region  # 广安区 says nothing more beside 广安市广安区林业局
    return f"{place} {authority}".strip() or region or one["words"] or said("未写明的机关")


def _nameless(connection: Connection, found: Gaps, day: str, known: Known) -> str:
    """Of a day without a name: the nearest there is; of one whose name went by order, what it is called by else."""
    if (found["content"] or {}).get("redacted"):
        return said("名称已依令删改的事项（{1}）", found["code"] or found["id"])
    return nearest_name(connection, found["id"], day, known)


def nearest_name(connection: Connection, item_id: str, day: str, known: Known) -> str:
    return name_on(names_of(connection, item_id, known), day) or item_id


def _read(connection: Connection, item_id: str, asked: Asked, known: Known, book: NameBook) -> bytes:
    if known.is_head:
        return read_item(run_by(connection), book, item_id, asked.on, asked.today)
    return read_item_as_known(connection, item_id, asked.on, asked.today, known)


def _citations(connection: Connection, content: Gaps, day: str, known: Known) -> list[Gaps]:
    """Each citation with the instrument's name, force and (where the citation has none) article text that day."""
    citations = content["citations"] or []
    cited = {one["instrument"] for one in citations if one["instrument"]}
    rows = rows_on(connection, cited, day)
    wordless = {one["instrument"] for one in citations if one["article"] and not one["text"]}
    articles: dict[str, dict[str, str]] = {}
    for instrument in rows.keys() & wordless:
        document = _document(connection, instrument, day, known)
        articles[instrument] = {one["number"]: one["text"] for one in document["articles"] or []}
    shown = []
    for one in citations:
        row = rows.get(one["instrument"] or "")
        text = one["text"] or (articles[row.id].get(one["article"]) if row and one["article"] else None)
        facts = {
            "link": row.id if row else None,
            "law": one["title"] or (row.name if row else None),
            "in_force": IN_FORCE[row.status or "not_yet"] if row else None,
            "law_status": (row.status or "not_yet") if row else None,
            "law_since": row.valid_from if row and row.status == "ended" else None,
            "shown_text": text,
        }
        shown.append(Gaps(one | facts))
    return shown


def _void_bases(found: Gaps, cited: list[Gaps]) -> list[Gaps]:
    """Of an item that is not over: the instruments it cites that are not in force on the day, each once."""
    if found["status"] not in ("in_force", "suspended"):
        return []
    return list({one["link"]: one for one in reversed(cited) if one["in_force"] == "no"}.values())[::-1]


def _contact(connection: Connection, content: Gaps, day: str, known: Known) -> Gaps | None:
    """The authority's own halls and phones, where the item refers to them."""
    if not content["contact_of_authority"] or not content["authority"]:
        return None
    return _document(connection, content["authority"], day, known)


def _document(connection: Connection, subject_id: str, day: str, known: Known) -> Gaps:
    """A subject's content on a day; empty where it was not known at that time."""
    try:
        found: Gaps = gaps(state_on(connection, subject_id, day, known).document())
    except NotFound:
        found = Gaps()
    return found


def _entry(connection: Connection, content: Gaps, day: str) -> str | None:
    """The name of the catalogue entry that the item implements."""
    if not content["entry"]:
        return None
    row = rows_on(connection, [content["entry"]], day).get(content["entry"])
    return row.name if row else None


def _excluded(connection: Connection, content: Gaps, day: str) -> list[dict[str, Any]]:
    """What the item no longer covers: the document's words, the place, and the organ that has taken it over."""
    parts = content["excluded"] or []
    rows = rows_on(connection, [part[name] for part in parts for name in ("region", "authority")], day)
    return [
        {"words": part["words"], "region": rows.get(part["region"]), "authority": rows.get(part["authority"])}
        for part in parts
    ]
