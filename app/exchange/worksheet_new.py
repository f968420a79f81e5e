"""A row for an item that is not there yet: 新增, or 承接 of what others hand down.

Name, type, basis and statutory limit, which other rows only show, are written in it; the organ is the one whose sheet
it stands in.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from app.changes.owed import Wanted, duties
from app.changes.reviews import new_places
from app.exchange.citations import parse_citations
from app.exchange.worksheet_cells import (
    ADDED,
    EDITABLE,
    NEW,
    Cells,
    Faulty,
    common,
    limit_in,
    refuse_misplaced,
)
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_owing import owed
from app.exchange.worksheet_rows import cells_of
from app.items import code_tables
from app.items.field_words import limit_words
from app.items.inherited import inherited
from app.rounds.worksheets import Line
from app.versions.names import names_near
from app.versions.queries import known_at, state_on

_PARTED = re.compile(r"[｜|]")
_ID = re.compile(r"qdi-[0-9a-z]{8}")
_INSTRUMENT = text(
    "SELECT DISTINCT subject_id FROM timeline WHERE kind = 'instrument' AND name = :name AND status <> 'ended'"
    " AND valid_from <= :day AND valid_to > :day"
)
_LIMITS = {"statutory": "statutory_limit", "limit": "promised_limit"}
_PLACE, _ORIGINS = ("subject", "content", "codes"), ("origins", "outside", "accepts")
_OWN = frozenset(
    {
        "words",
        "follow_up",
        "reason",
        "duties",
        "authorised_by",
        "effective_from",
        "outcome",
        "results",
        *_PLACE,
        *_ORIGINS,
    }
)
"""What a row says itself of a decision; the rest of what is proposed stays."""

Made = dict[str, Any]


class NewRows:
    """Rows of new items, read and written. ``day``: 施行日期 of the round, for rows that do not say their own."""

    def __init__(self, connection: Connection, names: Names, day: str | None, today: str) -> None:
        self._connection, self._names, self._day, self._today = connection, names, day, today

    # --- written out

    def cells(self, line: Line) -> Cells:
        """The editable cells of a new item's row. ``line`` with its content's words."""
        body = line.proposal.body if line.proposal else {}
        cells = cells_of(line, self._day, self._names)
        cells |= {
            "name": line.name,
            "type": line.type,
            "citations": line.citations,
            "statutory": line.statutory,
        }
        cells |= {"limit": limit_words(line.content.get("promised_limit"))}
        return cells | {"others": "\n".join(self._told_origins(body))}

    def _told_origins(self, body: Mapping[str, Any]) -> list[str]:
        here = [one["subject"] for one in body.get("origins", ())]
        called = names_near(self._connection, here, self._today)
        told = [f"{called.get(one, '')} {one}".strip() for one in here]
        return told + [
            "｜".join([one["name"], one.get("code") or "", one.get("document") or ""]).rstrip("｜")
            for one in body.get("outside", ())
        ]

    # --- read back

    def decision(self, line: Line | None, cells: Cells, authority: str) -> Made:
        """The proposal that a row makes; ``line`` is what is proposed already under its id or name. Raises Faulty."""
        outcome = ADDED.get(cells["outcome"], "")
        if not outcome:
            raise Faulty("outcome", "unknown-outcome", f"还没有的事项，处理意见只能写：{'、'.join(ADDED)}")
        cells = cells | {"day": cells["day"] or self._day or ""}
        said = common(cells) | owed(cells, self._names) | {"outcome": outcome}
        refuse_misplaced(outcome, cells)
        body = copy.deepcopy(line.proposal.body) if line and line.proposal else {}
        stood = self.cells(line) if line else dict.fromkeys((*EDITABLE, *NEW), "")
        first, *beside = new_places(body) or [{}]
        place = {name: first[name] for name in _PLACE if name in first}
        said = {name: part for name, part in body.items() if name not in _OWN} | said
        if outcome == "add":
            place["content"] = self._content(place.get("content"), cells, stood, authority)
            return said | place
        taken = {name: body[name] for name in _ORIGINS if name in body}
        if not taken or cells["others"] != stood["others"]:
            taken, origin = self._taken(cells, authority)
            if origin is not None:
                place.setdefault("content", inherited(origin) | self._holder(authority))
        place["content"] = self._content(place.get("content"), cells, stood, authority)
        return said | taken | {"results": [place, *beside]}

    def _holder(self, authority: str) -> Made:
        organ = self._names.organ(authority)
        if organ is None:
            raise Faulty("outcome", "unknown-authority", "认不出这一行是哪个机关的，请写在那个机关的表里")
        held = {"authority": organ.id, "region": organ.region, "level": organ.level}
        return {name: value for name, value in held.items() if value}

    def _content(self, base: Made | None, cells: Cells, stood: Cells, authority: str) -> Made:
        """What is said already, with what the row says otherwise."""
        content: Made = copy.deepcopy(base) if base is not None else {"schema": 1} | self._holder(authority)
        if not cells["name"]:
            raise Faulty("name", "name-missing", "没有写事项名称；新增、承接的事项须写明名称和类型")
        content["name"] = cells["name"]
        if (cells["type"] and cells["type"] != stood["type"]) or not content.get("type"):
            code = code_tables.code_of("item_type", cells["type"])
            if code is None:
                offered = "、".join(code_tables.TABLES["item_type"][0].values.values())
                word = f"“{cells['type'][:20]}”不是事项类型" if cells["type"] else "没有写事项类型"
                raise Faulty("type", "unknown-type", f"{word}；可选的有：{offered}")
            content["type"] = code
        if cells["citations"] and cells["citations"] != stood["citations"]:
            kept = [one for one in content.get("citations", ()) if one.get("role", "setting") != "setting"]
            content["citations"] = [*self._citations(cells["citations"]), *kept]
        for column, name in _LIMITS.items():
            if cells[column] and cells[column] != stood[column]:
                note = {"note": content[name]["note"]} if content.get(name, {}).get("note") else {}
                content[name] = {k: v for k, v in limit_in(cells, column).items() if v is not None} | note
            elif not cells[column] and stood[column]:
                content.pop(name, None)
        return content

    def _citations(self, written: str) -> list[Made]:
        found, whole = parse_citations(written)
        if not whole:
            raise Faulty(
                "citations", "bad-citation", "设定依据看不全，请写成《文件名称》（文号）第几条，每行一个"
            )
        for one in found:
            asked = {"name": one["title"], "day": self._today}
            named = self._connection.execute(_INSTRUMENT, asked).scalars().all()
            one |= {"instrument": named[0]} if len(named) == 1 else {}
        return found

    def _taken(self, cells: Cells, authority: str) -> tuple[Made, Made | None]:
        """What 承接 takes over, and the content of the first of it that stands in this registry."""
        lines = [one.strip() for one in cells["others"].split("\n") if one.strip()]
        if not lines:
            raise Faulty(
                "others",
                "origin-missing",
                "承接须在“一并处理的事项”写明原事项，每行一个：名称或编号｜编码｜文件",
            )
        owing = self._owing(authority)
        made: Made = {"accepts": [], "outside": []}
        first: Made | None = None
        for line in lines:
            name, code, document = [*(part.strip() for part in _PARTED.split(line)), "", ""][:3]
            duty = self._meant(name, code, owing)
            if duty is None:
                told = {"name": name, "code": code, "document": document}
                made["outside"].append({part: value for part, value in told.items() if value})
                continue
            made["accepts"].append({"act": duty["decision"], "receiver": duty["key"]})
            known = known_at(self._connection, None)
            first = first or state_on(self._connection, duty["subject"], duty["opens"], known).document()
        return {name: some for name, some in made.items() if some}, first

    def _owing(self, authority: str) -> list[Made]:
        """Acceptances that are owed to the organ or, where none is named, to its place."""
        place = self._holder(authority).get("region")
        wanted = Wanted(self._today, frozenset({"open", "overdue"}), frozenset({"acceptance"}))
        return [
            one
            for one in duties(self._connection, wanted)
            if one["authority"] == authority or (not one["authority"] and place and one["region"] == place)
        ]

    def _meant(self, name: str, code: str, owing: list[Made]) -> Made | None:
        """The acceptance that a written origin means; None for an origin outside this registry. Raises Faulty."""
        if found := _ID.search(name.lower()):
            meant = [one for one in owing if one["subject"] == found[0]]
            if not meant:
                raise Faulty("others", "nothing-owed", f"{found[0]} 没有下放给本机关而待承接的，请核对编号")
            return meant[0]
        called = names_near(self._connection, [one["subject"] for one in owing], self._today)
        folded = "".join(name.split())
        meant = [one for one in owing if "".join(called.get(one["subject"], "").split()) == folded]
        if len(meant) > 1:
            raise Faulty("others", "several-named", f"待承接的有 {len(meant)} 项名为“{name[:30]}”，请写编号")
        return meant[0] if meant and not code else None
