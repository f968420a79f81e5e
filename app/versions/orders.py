"""What is asked of a publication: its acts, and what each does to a subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.canonical import digest, encode
from app.versions.fold import Change, Effect
from app.versions.timeline import Facets

FIRST_PENDING = 1 << 60
"""Effects that are not written yet are numbered from here on: after all that are."""


class Ready(NamedTuple):
    """A subject's first content and what comes with it. Its id has just been given out for it, and nothing else of
    the publication is about it."""

    body: bytes
    """Canonical, and checked by the content model."""
    facets: Facets
    changes: bytes
    """Canonical: the status and codes it starts with, as changes."""
    status: str
    codes: Sequence[tuple[str, str, str]]
    """Sorted, each once."""
    held: str
    """The same as ``timeline.codes_json`` writes them."""


@dataclass(slots=True)
class Part:
    """What an act does to one subject. ``creates`` is the subject's first content."""

    subject_id: str
    effective_from: str
    role: str = "subject"
    until: str | None = None
    start_unknown: bool = False
    creates: dict[str, Any] | None = None
    changes: Sequence[Change] = ()
    base: int | None = None
    validated: bool = False
    """True where ``creates`` has passed its content model, which knows no floats."""
    ready: Ready | None = None
    """Instead of ``creates`` and ``changes``, in an act of its own without a statement."""

    def effect(self, seq: int) -> Effect:
        """What it does, as if it were written under this number."""
        created = encode(self.creates) if self.creates is not None else None
        return Effect(
            seq=seq,
            act=seq,
            effective_from=self.effective_from,
            until=self.until,
            creates=digest(created) if created is not None else None,
            creates_body=created,
            changes_body=encode(list(self.changes)) if self.changes else None,
            start_unknown=self.start_unknown,
        )


@dataclass(slots=True)
class Act:
    """One decision of the document: an outcome over one subject, or several in merge and split."""

    outcome: str
    parts: list[Part]
    statement: dict[str, Any] | None = None
    lineage: list[tuple[str, str]] = field(default_factory=list)
    builds_on: list[tuple[Act, dict[str, Any]]] = field(default_factory=list)
    """Earlier acts of the same publication that the statement refers to, each with the place in the statement
    whose ``act`` is to be their seq."""
    seq: int | None = None
    """Given on recording."""


@dataclass(slots=True)
class Voiding:
    """Takes the act whose first row has this seq out of the fold."""

    act: int
    ground: str
    statement: dict[str, Any] | None = None


@dataclass(slots=True)
class Order:
    """All that one publication writes."""

    kind: str
    acts: list[Act] = field(default_factory=list)
    voids: list[Voiding] = field(default_factory=list)
    changeset: str | None = None
    author: int | None = None
    reviewer: int | None = None
    publisher: int | None = None
    approved: str | None = None
    statement: dict[str, Any] | None = None
    redactions: list[tuple[str, dict[str, Any] | None]] = field(default_factory=list)
    rows: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    """Rows of other published tables: (table, values after seq and publication)."""
    documents: list[bytes] = field(default_factory=list)
    """Canonical contents that those rows name."""


class Receipt(NamedTuple):
    """What was written: the entry, and what each subject's days from which it changed."""

    seq: int
    hash: str
    recorded_at: int
    publication: int
    revisions: int
    subjects: list[str]


def code_key(scheme: str, value: str, issuer: str = "") -> str:
    """The element key of a code within the state: ``scheme:value``, safe as a path's segment, and no other
    code's. An issuer follows after ``%40``, which the rest of a key never has, since its own ``%`` is escaped.

    Published keys stay as they were given: some name an issuer's code by scheme and value alone.
    """
    key = f"{_escaped(scheme).replace(':', '%3A')}:{_escaped(value)}"
    return f"{key}%40{_escaped(issuer)}" if issuer else key


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def add_code(scheme: str, value: str, issuer: str = "") -> Change:
    code = {"key": code_key(scheme, value, issuer), "scheme": scheme, "issuer": issuer, "value": value}
    return {"op": "add", "path": "codes", "value": code}


def add_codes(codes: Iterable[Mapping[str, str]]) -> list[Change]:
    """The same of each, under the key that it has today: published ones stay as they were given."""
    return [add_code(code["scheme"], code["value"], code.get("issuer", "")) for code in codes]


def remove_code(scheme: str, value: str, issuer: str = "") -> Change:
    return {"op": "remove", "path": f"codes/{code_key(scheme, value, issuer)}"}
