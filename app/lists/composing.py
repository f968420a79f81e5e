"""An edition's bytes. Pure: the list, which names its rows by hash; the rows; what is signed.

Each row is a content of its own, so that an order can take the words of one away and the edition still proves the
rest. The list names rows by their hashes alone: of a row that may no longer be shown it tells nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.canonical import digest, encode
from app.lists.selecting import HEADS, KINDS, NOTES, Listed, Selection

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Composed:
    """A list ready to be frozen: its own bytes, and those of its rows with the item and content each tells of."""

    body: bytes
    rows: list[tuple[bytes, str, str]]

    @property
    def hash(self) -> str:
        return digest(self.body)


def compose(wanted: Selection, owner_name: str, items: Sequence[Listed]) -> Composed:
    """The same list gives the same bytes, whenever it is composed."""
    rows = [
        (encode({"item": one.id, "source": one.source, "lines": one.lines}), one.id, one.source)
        for one in items
    ]
    document = {
        "schema": SCHEMA,
        "kind": wanted.kind,
        "on": wanted.on,
        "owner": wanted.owner,
        "owner_name": owner_name,
        "title": f"{owner_name}{KINDS[wanted.kind]}",
        "note": NOTES[wanted.kind],
        "heads": list(HEADS[wanted.kind]),
        "rows": [digest(body) for body, _, _ in rows],
    }
    return Composed(encode(document), rows)


SIGNED = ("id", "kind", "owner", "on_day", "number", "content", "statement", "previous", "key")
"""The columns of an edition that its signature is over."""


def signed(edition: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: canonical JSON of the edition's fields but its places in the log."""
    fields = {name: edition[name] for name in SIGNED if edition.get(name) is not None}
    return encode({"format": "qingdan-edition/1", **fields})


def endorsed(public: str) -> bytes:
    """What an old key signs to hand on to the next."""
    return encode({"format": "qingdan-key/1", "public": public})


def approved_hash(kind: str, owner: str, on_day: str, content: str, head: str) -> str:
    """What an approval is bound to: the list and the words it is issued with."""
    return digest(encode([kind, owner, on_day, content, head]))
