"""The answers that the client hands on, typed. What is there beside is left as it comes: fields may be added."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Status = Literal["not_yet", "in_force", "suspended", "ended", "unknown"]


class Code(TypedDict):
    """A code as others write it."""

    scheme: str
    value: str
    issuer: NotRequired[str]


class Named(TypedDict):
    """Registry id, and the name on the day asked about."""

    id: str
    name: str | None


class Item(TypedDict):
    """``GET /items/{id}``: an envelope around the content as published."""

    id: str
    code: str | None
    codes: list[Code]
    name: str | None
    status: Status
    on: str
    planned: bool
    valid_from: str | None
    valid_to: str | None
    attested_from: str | None
    revision: int | None
    recorded_at: str | None
    authority: Named | None
    region: Named | None
    document: dict[str, Any] | None
    predecessors: list[dict[str, Any]]
    successors: list[dict[str, Any]]
    known_at: str
    seq: int
    content: dict[str, Any] | None


class Row(TypedDict):
    """What lists and look-ups show of an item."""

    id: str
    code: str | None
    codes: list[Code]
    name: str | None
    status: Status
    valid_from: str | None
    valid_to: str | None
    attested_from: str | None
    revision: int | None
    redacted: NotRequired[bool]


class LookedUp(TypedDict):
    """One of the codes asked for, with the items it stands for."""

    asked: str
    found: list[Row]
    problem: Literal["unknown-item", "several-holders"] | None


class Event(TypedDict):
    """An event of the change feed. ``seq`` is its name."""

    seq: int
    subject: str
    kind: str
    event: str
    effective_from: str | None
    planned: bool
    status: str | None
    content_hash: str | None
    publication: int
    outcome: str | None
    voids: int | None
    recorded_at: str | None
    withheld: NotRequired[bool]
    name: NotRequired[str | None]
    sentence: NotRequired[str]
    beside: NotRequired[list[str]]
    changes: NotRequired[list[dict[str, Any]]]
    subjects: NotRequired[list[str]]


class Changes(TypedDict):
    """A page of the feed: go on with ``next``, and with ``seq`` where it is none."""

    changes: list[Event]
    next: int | None
    seq: int
    hash: NotRequired[str]


class Found(TypedDict):
    """``GET /search``."""

    total: int
    relaxed: bool
    hits: list[dict[str, Any]]
    facets: dict[str, Any]
