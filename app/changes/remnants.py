"""Where else the words of what is redacted still stand: in other contents about the same subjects, and in drafts.

An order names contents one by one, and a name is usually in several: what a decision set, each revision that
followed from it, the names of earlier and later days. Nobody is to believe gone what is not, so the command tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.canonical import decode
from app.changes.models import STATE_LABELS
from app.changes.quoting import SHORTEST, names_any
from app.changes.statements import body_of, said
from app.db import TOMBSTONE, chunks, fetch, marks
from app.items.field_words import word_of

_PLAIN = re.compile(r"[0-9A-Za-z_.:-]+")
"""Ids, codes, days, phone numbers of an office: found by chance all over."""
_ABOUT = (
    "SELECT subject_id FROM revision WHERE content IN ({these})"
    " UNION SELECT subject_id FROM decision"
    " WHERE creates IN ({these}) OR changes IN ({these}) OR statement IN ({these})"
)
_CONTENTS = (
    "SELECT 0, r.content, r.effective_from FROM revision r WHERE r.subject_id IN ({ids}) AND r.content IS NOT NULL"
    " UNION SELECT 1, d.creates, d.effective_from FROM decision d"
    " WHERE d.subject_id IN ({ids}) AND d.creates IS NOT NULL"
    " UNION SELECT 2, d.changes, d.effective_from FROM decision d"
    " WHERE d.subject_id IN ({ids}) AND d.changes IS NOT NULL"
    " UNION SELECT 3, d.statement, d.effective_from FROM decision d"
    " WHERE d.subject_id IN ({ids}) AND d.statement IS NOT NULL"
    " UNION SELECT 4, p.statement, '' FROM publication p JOIN decision d ON d.publication = p.seq"
    " WHERE d.subject_id IN ({ids}) AND p.statement IS NOT NULL"
    " UNION SELECT 5, v.statement, '' FROM void v JOIN decision d ON d.act = v.act"
    " WHERE d.subject_id IN ({ids}) AND v.statement IS NOT NULL"
    " ORDER BY 3, 1, 2"
)
_WHAT = ("版本", "新增时的内容", "决定的字段变更", "决定的说明", "变更单的说明", "撤除的说明")
_ROUNDS = (
    f"SELECT p.changeset, {body_of('p.statement')} FROM publication p WHERE p.kind = 'round' ORDER BY p.seq"
)
_DRAFTS = (
    "SELECT d.changeset, d.position, d.body, c.state FROM draft_decision d JOIN changeset c ON c.id = d.changeset"
    " WHERE c.state <> 'published' ORDER BY d.changeset, d.position"
)


@dataclass(frozen=True, slots=True)
class Sought:
    """The words of contents that are to be redacted, each with the field it stands in, and whom they are about."""

    words: Mapping[str, str]
    subjects: list[str]


def sought(connection: Connection, contents: Iterable[str]) -> Sought:
    """To be asked before they are redacted. Files have no words that are known."""
    words: dict[str, str] = {}
    subjects: set[str] = set()
    for some in chunks(contents):
        these = marks(some)
        for (body,) in fetch(connection, f"SELECT body FROM content WHERE hash IN ({these})", tuple(some)):
            words |= dict(_words(decode(bytes(body)), ""))
        subjects |= {row[0] for row in fetch(connection, _ABOUT.format(these=these), tuple(some) * 4)}
    return Sought(words, sorted(subjects))


def left(connection: Connection, asked: Sought) -> list[str]:
    """One line for each content or draft that still holds any of the words: its hash, what it is, which fields."""
    found: dict[str, tuple[str, str]] = {}
    for some in chunks(asked.subjects):
        query = _CONTENTS.format(ids=marks(some))
        for what, content, day in fetch(connection, query, tuple(some) * 6):
            found.setdefault(content, (_WHAT[what], day))
    lines = []
    for some in chunks(found):
        query = f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})"
        bodies = {row[0]: bytes(row[1]) for row in fetch(connection, query, tuple(some))}
        for content in some:
            if bodies[content] != TOMBSTONE and (fields := _held(bodies[content], asked.words)):
                what, day = found[content]
                lines.append(f"{content}：{what}{f'，自 {day} 起' if day else ''}，含{fields}")
    return lines + list(_in_documents(connection, asked)) + list(_in_drafts(connection, asked))


def _in_documents(connection: Connection, asked: Sought) -> Iterator[str]:
    """The rows of documents that rounds were recorded from: they say names in the document's words, linked or not."""
    for changeset, statement in fetch(connection, _ROUNDS):
        if not (named := said(statement).get("rows")):
            continue
        for (body,) in fetch(connection, "SELECT body FROM content WHERE hash = ?", (named["hash"],)):
            if bytes(body) != TOMBSTONE and (fields := _held(bytes(body), asked.words)):
                yield f"{named['hash']}：清理轮次 {changeset} 所录文件的各行，含{fields}"


def _in_drafts(connection: Connection, asked: Sought) -> Iterator[str]:
    """Drafts have no hash that an order could name: they are mended or withdrawn."""
    is_about = names_any(connection, asked.subjects)
    for changeset, position, body, state in fetch(connection, _DRAFTS):
        data = bytes(body)
        if is_about(data) and (fields := _held(data, asked.words)):
            yield f"变更单 {changeset}（{STATE_LABELS[state]}）第 {position} 项决定，含{fields}；请修改或撤回这份变更单"


def _held(body: bytes, words: Mapping[str, str]) -> str:
    """The fields of those words that a body holds."""
    texts = [text for _field, text in _texts(decode(body), "")]
    fields = {field for word, field in words.items() if any(word in text for text in texts)}
    return "、".join(sorted(fields))


def _words(value: Any, place: str) -> Iterator[tuple[str, str]]:
    for where, text in _texts(value, place):
        if len(text) >= SHORTEST and not _PLAIN.fullmatch(text):
            word = word_of(where)
            yield text, "其他文字" if word.isascii() else word


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """(place without keys, text) of every text; of field changes, by the path that they set."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        if isinstance(value.get("path"), str) and "op" in value:
            yield from _texts(value.get("value"), value["path"])
            return
        for name, part in value.items():
            if name != "key":
                yield from _texts(part, f"{place}/{name}" if place else name)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, place)
