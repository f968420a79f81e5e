"""The words of a content that is redacted, and how a text is known to quote them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, text

from app.canonical import decode
from app.changes import kinds
from app.changes.models import ChangesetInput
from app.db import chunks, fetch, marks
from app.versions import ids
from app.versions.fold import RESERVED

SHORTEST, RUN = 4, 8
"""Characters: what is shorter is a code, or everybody's word; so many in a row are a quotation."""
PLACEHOLDER = "（已依令删改）"
"""In the place of a text that quotes what was redacted; the name of what goes on after its name was taken away."""
ITS_SUBJECTS = (
    "SELECT subject_id FROM revision WHERE content = :h"
    " UNION SELECT subject_id FROM decision WHERE creates = :h OR changes = :h OR statement = :h"
    " OR publication IN (SELECT seq FROM publication WHERE statement = :h)"
)
ACT = b'"act":'
"""Before the seq of an act that canonical JSON names: what a decision voids, accepts or fulfils."""
_OPERATIONS = ("set", "add", "remove", "order")
_KEY = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_PATH = re.compile(rf"[a-z_]+(/{_KEY.pattern})*")
_ACTS = re.compile(rb'"act":(\d+)')
_STILL_TOLD = text(
    "SELECT DISTINCT c.body FROM content c WHERE c.hash IN ("
    f" SELECT r.content FROM revision r WHERE r.subject_id IN ({ITS_SUBJECTS})"
    f" UNION SELECT d.creates FROM decision d WHERE d.subject_id IN ({ITS_SUBJECTS})"
    f" UNION SELECT d.changes FROM decision d WHERE d.subject_id IN ({ITS_SUBJECTS})"
    " UNION SELECT p.statement FROM publication p)"
)


class Words:
    """What was redacted, as quotations are known by: runs of characters, and whole texts that are shorter."""

    def __init__(self, texts: set[str], told: set[str]) -> None:
        self.runs = _runs(texts) - _runs(told)
        self.short = {one for one in texts - told if SHORTEST <= len(one) < RUN}

    def in_text(self, text: str) -> bool:
        return not self.runs.isdisjoint(_runs([text])) or any(one in text for one in self.short)

    def quoted_in(self, value: Any) -> bool:
        return any(self.in_text(one) for one in texts_in(value))


def redacted_words(connection: Connection, documents: Mapping[str, Any]) -> Callable[[str], bool]:
    """Whether a text quotes any of these contents (hash -> what it said), all of which are redacted by now."""
    every = [words_of(connection, content, document) for content, document in documents.items()]
    return lambda text: any(words.in_text(text) for words in every)


def documents_of(connection: Connection, contents: Iterable[str]) -> dict[str, Any]:
    """What these contents say: hash -> document. Hashes of files are passed over."""
    found: dict[str, Any] = {}
    for some in chunks(sorted(set(contents))):
        rows = fetch(connection, f"SELECT hash, body FROM content WHERE hash IN ({marks(some)})", tuple(some))
        found |= {row[0]: decode(bytes(row[1])) for row in rows}
    return found


def names_any(connection: Connection, subjects: Iterable[str]) -> Callable[[bytes], bool]:
    """Whether the canonical bytes of a drafted decision name one of these subjects, or an act that was about one: a
    void names nothing else."""
    about, acts = set(subjects), set[int]()
    for some in chunks(sorted(about)):
        query = f"SELECT DISTINCT act FROM decision WHERE subject_id IN ({marks(some)})"
        acts |= {row[0] for row in fetch(connection, query, tuple(some))}
    return lambda told: (
        not about.isdisjoint(ids.named_in(told)) or not acts.isdisjoint(map(int, _ACTS.findall(told)))
    )


def _runs(texts: Iterable[str]) -> set[str]:
    return {one[at : at + RUN] for one in texts for at in range(len(one) - RUN + 1)}


def words_of(connection: Connection, content: str, document: Any) -> Words:
    """The words of a content that nothing published tells any more, about these subjects or in a statement."""
    told: set[str] = set()
    for (body,) in connection.execute(_STILL_TOLD, {"h": content}):
        told.update(texts_in(decode(bytes(body))))
    return Words(set(texts_in(document)), told)


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if not _is_a_term(value):
            yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if not _is_field(name, value):
                yield from texts_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)


def without(value: Any, words: Words) -> Any:
    """The same with every text that quotes the words replaced."""
    if isinstance(value, str):
        return PLACEHOLDER if words.in_text(value) and not _is_a_term(value) else value
    if isinstance(value, dict):
        return {
            name: part if _is_field(name, value) else without(part, words) for name, part in value.items()
        }
    return [without(part, words) for part in value] if isinstance(value, list) else value


def _is_a_term(text: str) -> bool:
    """Whether a text is nobody's words: a day, an id or a hash of the registry, a value of one of its lists. A draft
    with another text in such a place would be published with it."""
    return bool(_TERM.fullmatch(text)) or text in _listed()


_TERM = re.compile(r"\d{4}-\d{2}-\d{2}|qd[a-z]-[0-9a-z]{8}|[0-9a-f]{64}")


@cache
def _listed() -> frozenset[str]:
    """The values of all lists (enumerations) in contents and decisions."""

    def named(schema: Any) -> Iterator[str]:
        if isinstance(schema, dict):
            values = [*schema.get("enum", ()), schema.get("const")]
            yield from (one for one in values if isinstance(one, str))
            for part in schema.values():
                yield from named(part)
        elif isinstance(schema, list):
            for part in schema:
                yield from named(part)

    models: list[type[BaseModel]] = [*kinds.MODELS.values(), ChangesetInput]
    return frozenset(one for model in models for one in named(model.model_json_schema()))


def _is_field(name: str, value: dict[str, Any]) -> bool:
    """Whether a part of an object says what the rest is about, and is no words of anybody's: the op and path of a field
    change, the keys of elements, an outcome, a code."""
    if name in ("scheme", "value", "issuer"):
        return {"scheme", "value"} <= value.keys()
    if name in ("key", "keys", "after", "outcome"):
        part = value[name]
        return all(
            isinstance(one, str) and _KEY.fullmatch(one)
            for one in (part if isinstance(part, list) else [part])
        )
    if name not in ("op", "path") or value.get("op") not in _OPERATIONS:
        return False
    path = value.get("path")
    return isinstance(path, str) and _PATH.fullmatch(path) is not None and path.split("/")[0] in _fields()


@cache
def _fields() -> frozenset[str]:
    return frozenset(field for model in kinds.MODELS.values() for field in model.model_fields).union(RESERVED)
