"""清理意见表 as data: the items of a round's scope by authority, each with what is proposed and how far it has come.

Columns after the 行政审批项目清理意见表 (`docs/outcomes.md`): 项目名称, 设定依据 with articles, 设定的审批时限,
拟确定的审批时限, 清理意见, 理由.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import orjson
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.auth.actor import Actor
from app.canonical import decode
from app.changes.reviews import (
    ProposalRow,
    covers,
    filed_under,
    new_places,
    opinion_of,
    proposals,
    proposed_of,
)
from app.changes.rows import decisions
from app.changes.scope import Scope
from app.db import chunks, fetch, marks
from app.errors import Forbidden, NotFound
from app.items import code_tables
from app.items.field_words import ROLES, limit_words
from app.places.queries import ancestors
from app.rounds.opened import Opened, held_here
from app.versions.codes import main_code
from app.versions.names import names_near

State = Literal["open", "proposed", "returned", "reviewed"]
"""Nothing proposed yet; proposed, not reviewed; returned; agreed, changed, or decided by the office itself."""


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the scope that stands, or one that is proposed as 新增 or 承接, with its proposal and its decision in
    the draft."""

    item: str
    code: str | None
    name: str
    type: str
    authority: str
    region: str
    content: dict[str, Any]
    citations: str
    """设定依据 one a line: 《title》（number）article."""
    others: str
    """Citations of every other role in the same form, each after what it is a basis for."""
    statutory: str
    promised: str
    proposal: ProposalRow | None
    final: dict[str, Any] | None
    filed_under: str | None
    """The item whose proposal or decision covers this one: itself, or what it is merged into."""
    new: bool = False
    """Proposed as 新增 or 承接; the content is the one that it is proposed with."""

    @property
    def state(self) -> State:
        if self.proposal is not None and (self.final is None or self.proposal.state == "reviewed"):
            return self.proposal.state  # type: ignore[return-value]
        return "open" if self.final is None else "reviewed"

    @property
    def is_wanting(self) -> bool:
        """Whether the round waits for a decision about it. What is new and returned may stay so."""
        return self.state != "reviewed" and not (self.new and self.state == "returned")


@dataclass(frozen=True, slots=True)
class Worksheets:
    """A round with its lines by authority, and the authorities' names."""

    opened: Opened
    day: str
    lines: dict[str, list[Line]]
    names: dict[str, str]


def worksheets(
    session: Session, round_id: str, today: str, authority: str | None = None, *, brief: bool = False
) -> Worksheets:
    """The lines of a round, by authority and then by name. Raises NotFound where the authority has none.

    ``brief``: without contents, limits and citations, which ``with_contents`` adds to the lines that need them.
    """
    opened = held_here(session, round_id)
    connection = session.connection()
    day = max(today, opened.head["scope"]["base_day"])
    lines: dict[str, list[Line]] = {}
    wanted = [line for line in _lines(session, opened, day) if authority in (None, line.authority)]
    for line in wanted if brief else with_contents(connection, wanted, day):
        lines.setdefault(line.authority, []).append(line)
    if authority is not None and not lines:
        raise NotFound("这个机关在本轮的范围内没有事项。", code="no-worksheet", authority=authority)
    names = names_near(connection, lines, day)
    ordered = sorted(lines, key=lambda one: (names.get(one, one), one))
    return Worksheets(
        opened,
        day,
        {one: sorted(lines[one], key=lambda line: (line.new, line.name, line.item)) for one in ordered},
        names,
    )


def within(connection: Connection, actor: Actor, found: Worksheets) -> Worksheets:
    """The lines of items in the actor's scope alone, by the rule that its changes go by: those of its authority, or of
    its region with all below. Raises Forbidden where none is left."""
    if Scope(connection, actor).is_everything:
        return found
    path = lru_cache(lambda region: frozenset(ancestors(connection, region, found.day)))
    kept = {
        authority: [line for line in lines if actor.covers(authority, path(line.region))]
        for authority, lines in found.lines.items()
    }
    lines = {authority: some for authority, some in kept.items() if some}
    if found.lines and not lines:
        raise Forbidden(
            f"这一轮的范围内没有账号“{actor.name}”管理范围内的事项，不能查看。", code="out-of-scope"
        )
    return replace(found, lines=lines)


def progress(found: Worksheets) -> dict[str, Any]:
    """``{"items", "open", "proposed", "returned", "reviewed", "authorities": [...]}``: how far the round has come."""
    rows: list[dict[str, Any]] = []
    total: Counter[str] = Counter()
    for authority, lines in found.lines.items():
        counted = Counter[str](line.state for line in lines)
        total += counted
        rows.append(
            {"id": authority, "name": found.names.get(authority), "items": len(lines), **_counts(counted)}
        )
    return {
        "round": found.opened.changeset.id,
        "title": found.opened.changeset.title,
        "state": found.opened.changeset.state,
        "items": total.total(),
        **_counts(total),
        "authorities": rows,
    }


def _counts(counted: Counter[str]) -> dict[str, int]:
    return {state: counted[state] for state in ("open", "proposed", "returned", "reviewed")}


def told(session: Session, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Lines as staff read them: proposal, opinion and final decision side by side, with who and when."""
    rows = [line.proposal for line in lines if line.proposal]
    people = names_of_accounts(session, {number for row in rows for number in (row.account, row.reviewer)})

    def by(part: dict[str, Any] | None) -> dict[str, Any] | None:
        return part and part | {"name": people.get(part["account"])}

    return [
        {
            "item": line.item,
            "code": line.code,
            "name": line.name,
            "type": line.type,
            "authority": line.authority,
            "citations": line.citations,
            "other_citations": line.others,
            "statutory_limit": line.statutory,
            "promised_limit": line.promised,
            "state": line.state,
            "filed_under": line.filed_under,
            "new": line.new,
            "hash": line.proposal.hash if line.proposal else None,
            "proposed": by(proposed_of(line.proposal)) if line.proposal else None,
            "opinion": by(opinion_of(line.proposal)) if line.proposal else None,
            "findings": line.proposal.findings if line.proposal else [],
            "earlier": line.proposal.earlier if line.proposal else [],
            "final": line.final and {name: part for name, part in line.final.items() if name != "review"},
        }
        for line in lines
    ]


# --- reading ------------------------------------------------------------------------------------------------

_STANDS = " AND t.valid_from <= ? AND t.valid_to > ? AND t.status <> 'ended' AND t.content IS NOT NULL"
_HELD = (
    "SELECT t.subject_id, t.name, t.type, t.authority, t.region, t.codes FROM timeline t WHERE t.subject_id IN ({ids})"
    + _STANDS
)
_CONTENTS = (
    "SELECT t.subject_id, c.body FROM timeline t JOIN content c ON c.hash = t.content"
    " WHERE t.subject_id IN ({ids})" + _STANDS
)


def _lines(session: Session, opened: Opened, day: str) -> Iterable[Line]:
    """Brief ones."""
    connection = session.connection()
    stood = proposals(session, opened.changeset.id)
    covering = {item: subject for subject, row in stood.items() for item in covers(row.body)}
    bodies = [decode(row.body) for row in decisions(session, opened.changeset)]
    final = {item: body for body in bodies if body.get("outcome") != "void" for item in covers(body)}
    yield from _new_lines(stood, {filed_under(body): body for body in bodies if new_places(body)})
    for some in chunks(opened.items):
        for item, name, kind, authority, region, codes in fetch(
            connection, _HELD.format(ids=marks(some)), (*some, day, day)
        ):
            filed = covering.get(item) or (covers(final[item])[0] if item in final else None)
            yield Line(
                item=item,
                code=main_code(orjson.loads(codes)) if codes else None,
                name=name or "",
                type=code_tables.label("item_type", kind or "") or kind or "",
                authority=authority or "",
                region=region or "",
                content={},
                citations="",
                others="",
                statutory="",
                promised="",
                proposal=stood.get(covering.get(item, "")),
                final=final.get(item),
                filed_under=filed,
            )


def _new_lines(stood: Mapping[str, ProposalRow], final: Mapping[str, dict[str, Any]]) -> Iterable[Line]:
    for item, row in stood.items():
        if not (places := new_places(row.body)):
            continue
        content = places[0]["content"]
        kind = str(content.get("type") or "")
        yield Line(
            item=item,
            code=next((code["value"] for code in places[0].get("codes", ())), None),
            name=content.get("name") or "",
            type=code_tables.label("item_type", kind) or kind,
            authority=content.get("authority") or "",
            region=content.get("region") or "",
            content=content,
            citations="",
            others="",
            statutory="",
            promised="",
            proposal=row,
            final=final.get(item),
            filed_under=item,
            new=True,
        )


def with_contents(connection: Connection, lines: Sequence[Line], day: str) -> list[Line]:
    """The same lines with the items' contents, and what is told of them."""
    found: list[Line] = []
    at = {line.item: line for line in lines}
    own = {line.item: line.content for line in lines if line.new}
    for some in chunks(at):
        rows = fetch(connection, _CONTENTS.format(ids=marks(some)), (*some, day, day))
        contents = {row[0]: decode(bytes(row[1])) for row in rows}
        contents |= {item: own[item] for item in some if item in own}
        titles = _titles(connection, contents.values(), day)
        found += [
            replace(
                at[item],
                content=content,
                citations="\n".join(_citations(content, titles, setting=True)),
                others="\n".join(_citations(content, titles, setting=False)),
                statutory=limit_words(content.get("statutory_limit")),
                promised=limit_words(content.get("promised_limit")),
            )
            for item, content in contents.items()
        ]
    order = {item: place for place, item in enumerate(at)}
    return sorted(found, key=lambda line: order[line.item])


def _titles(connection: Connection, contents: Iterable[dict[str, Any]], day: str) -> dict[str, str]:
    """Names of the instruments that are cited by id alone."""
    cited = {
        one["instrument"]
        for content in contents
        for one in content.get("citations", ())
        if one.get("instrument") and not one.get("title")
    }
    return names_near(connection, cited, day)


def _citations(content: dict[str, Any], titles: dict[str, str], *, setting: bool) -> Iterable[str]:
    for one in content.get("citations", ()):
        role = one.get("role", "setting")
        if (role == "setting") != setting:
            continue
        title = one.get("title") or titles.get(one.get("instrument", ""), "")
        number = f"（{one['number']}）" if one.get("number") else ""
        words = (f"《{title.strip('《》')}》" if title else "") + number + (one.get("article") or "")
        if words:
            yield words if role in ("setting", "implementing") else f"{ROLES.get(role, role)}：{words}"
