"""Which subject of the registry a record is about, and which ones it names.

A subject is matched by the source's own key; a region, authority, instrument or entry also by its code or its name, so
that two sources speak of one organ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from app.checks.facts import called, the_only_one
from app.errors import Invalid
from app.exchange.mapping import SameAs
from app.exchange.readying import SINGLE, references_of, titles_of
from app.exchange.records import Admissible
from app.versions.names import own_name

MATCHED_BY_CODE = {"region": ("gb2260",), "authority": ("uscc",), "entry": ("national-12",)}
"""Schemes whose code names one subject whatever the source."""


_NOT_OWN = (
    " AND NOT EXISTS (SELECT 1 FROM source_key k WHERE k.subject_id = i.subject_id"
    " AND k.source = :source AND k.owned = 1)"
)
"""Two keys of one source are two subjects to it, whatever batch they come in."""


NOT_YET = "?"
"""In the place of the id of a region that has none yet; no id is written so."""


class Recognition:
    """What one run over one source knows of its subjects."""

    def __init__(self, source: str, same_as: Mapping[str, SameAs] | None = None) -> None:
        """``same_as``: items that the source itself says another source has too."""
        self.source = source
        self.same_as = same_as or {}
        self.refs: dict[tuple[str, str], str] = {}
        """(kind, ref) -> id of all but items: what content may refer to."""
        self._laws: dict[tuple[str, str], str | None] = {}
        """(title, day) -> the one instrument so called that the registry has, or the batch at hand brings."""
        self._brought: dict[str, set[str]] = {}
        """Title -> the instruments so called that the batch brings."""

    def match(self, connection: Connection, record: Admissible) -> str | None:
        """The subject that the registry has already, from another source: an item where this source says so
        itself; a region, authority, instrument, entry or year by code or name."""
        if record.kind == "item":
            return self._same_item(connection, record)
        for code in record.codes:
            if code.scheme in MATCHED_BY_CODE.get(record.kind, ()):
                found = self._by_code(connection, record.kind, code.value)
                if found:
                    return found
        if record.kind == "region":
            return None
        return self._by_name(connection, record)

    def _same_item(self, connection: Connection, record: Admissible) -> str | None:
        same = self.same_as.get(record.ref)
        if same is None:
            return None
        return connection.execute(
            text("SELECT subject_id FROM source_key WHERE source = :s AND kind = 'item' AND ref = :r"),
            {"s": same.source, "r": same.ref},
        ).scalar_one_or_none()

    def _by_code(self, connection: Connection, kind: str, value: str) -> str | None:
        short = value[:6] if kind == "region" and value.endswith("000000") else value
        rows = connection.execute(
            text(
                "SELECT DISTINCT i.subject_id FROM code_interval i JOIN subject s ON s.id = i.subject_id"
                " WHERE s.kind = :kind AND i.value IN (:value, :short)" + _NOT_OWN
            ),
            {"kind": kind, "value": value, "short": short, "source": self.source},
        ).all()
        return rows[0][0] if len(rows) == 1 else None

    def _by_name(self, connection: Connection, record: Admissible) -> str | None:
        name = own_name(record.content)
        region = self._region(connection, str(record.content.get("region", "")))
        if region == NOT_YET:
            return None
        rows = connection.execute(
            text(
                "SELECT DISTINCT i.subject_id FROM timeline i WHERE i.kind = :kind AND i.name = :name"
                " AND (:region = '' OR i.region = :region)" + _NOT_OWN
            ),
            {"kind": record.kind, "name": name, "region": region, "source": self.source},
        ).all()
        return rows[0][0] if len(rows) == 1 else None

    def _region(self, connection: Connection, asked: str) -> str:
        """The id of a region that content names; NOT_YET where this run founds it: nothing is in it so far."""
        if not asked.startswith("@region:"):
            return asked
        ref = asked.removeprefix("@region:")
        if ("region", ref) not in self.refs:
            found = self._key_of(connection, "region", ref)
            if found is None:
                return NOT_YET
            self.refs[("region", ref)] = found
        return self.refs[("region", ref)]

    def missing(self, connection: Connection, record: Admissible) -> list[tuple[str, str]]:
        """(field, ``@kind:ref``) of each reference to what neither the source nor the registry has."""
        return [
            (field, asked)
            for field, asked in references_of(record.content)
            if self._known(connection, asked) is None
        ]

    def _with_ids(self, connection: Connection, record: Admissible) -> dict[str, Any]:
        """The content with ids in the place of ``@kind:ref``."""
        content = dict(record.content)
        for name in SINGLE:
            if str(content.get(name, "")).startswith("@"):
                content[name] = self._id(connection, content[name], record)
        if any("instrument" in citation for citation in content.get("citations", ())):
            content["citations"] = [
                {**c, "instrument": self._id(connection, c["instrument"], record)} if "instrument" in c else c
                for c in content["citations"]
            ]
        if any(titles_of(content)):
            content["citations"] = [self._linked(connection, c, record.day) for c in content["citations"]]
        if "co_authority_ids" in content:
            content["co_authority_ids"] = [
                self._id(connection, one, record) for one in content["co_authority_ids"]
            ]
        return content

    def _linked(self, connection: Connection, citation: dict[str, Any], day: str) -> dict[str, Any]:
        """A citation by title alone, with the instrument where the registry has just one that the title means; what is
        written stays as it is."""
        title = None if "instrument" in citation else citation.get("title")
        law = self._law_called(connection, title, day) if title else None
        return citation if law is None else {**citation, "instrument": law}

    def _law_called(self, connection: Connection, title: str, day: str) -> str | None:
        if (title, day) not in self._laws:

            def of_title(one: str) -> list[str]:
                return [*self._brought.get(one, set()).union(called(connection, one, day))]

            self._laws[title, day] = the_only_one(of_title, title)
        return self._laws[title, day]

    def _learn_laws(self, records: Iterable[Admissible]) -> None:
        """Whose titles the batch at hand may cite: what it brings besides what the registry has."""
        self._laws, self._brought = {}, {}
        for record in records:
            if record.kind == "instrument" and (found := self.refs.get((record.kind, record.ref))):
                self._brought.setdefault(str(record.content.get("title")), set()).add(found)

    def _id(self, connection: Connection, asked: str, record: Admissible) -> str:
        if not asked.startswith("@"):
            return asked
        found = self._known(connection, asked)
        if found is None:
            raise Invalid(
                f"{record.where}：引用的 {asked} 在来源和登记簿中都没有，请先导入它。",
                code="unknown-reference",
            )
        return found

    def _known(self, connection: Connection, asked: str) -> str | None:
        kind, _, ref = asked[1:].partition(":")
        found = self.refs.get((kind, ref)) or self._key_of(connection, kind, ref)
        if found is not None:
            self.refs[(kind, ref)] = found
        return found

    def _key_of(self, connection: Connection, kind: str, ref: str) -> str | None:
        """By the source's own key; a region, which a table of regions refers to by code, by that too."""
        found: str | None = connection.execute(
            text("SELECT subject_id FROM source_key WHERE source = :s AND kind = :k AND ref = :r"),
            {"s": self.source, "k": kind, "r": ref},
        ).scalar_one_or_none()
        return self._by_code(connection, kind, ref) if found is None and kind == "region" else found
