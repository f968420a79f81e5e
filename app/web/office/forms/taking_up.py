"""A draft in the item form again: what it says beside the content, and what the form makes of that. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.changes.models import ChangesetInput
from app.web.office.forms.drafting import PAPER

Bodies = Sequence[Mapping[str, Any]]
OF_THE_FORM = frozenset({"reason", "document", "corrects"})
"""What the form says of a whole changeset: what is emptied there is gone from the draft."""


def as_posted(title: str, head: Mapping[str, Any], own: Bodies) -> list[tuple[str, str]]:
    """The form's fields. ``own``: the item's own decisions, as far as the form makes them."""
    said = [
        ("title", title),
        ("reason", _own_reason(head, own) or head.get("reason", "")),
        ("corrects", head.get("corrects", "")),
        ("timing", _first("timing", own)),
    ]
    paper = head.get("document", {})
    return said + [(f"document/{name}", paper.get(name, "")) for name in PAPER]


def head_as_said(head: Mapping[str, Any], own: Bodies, asked: ChangesetInput) -> dict[str, Any]:
    """The draft's head with what the form says in it, whole. Where the form showed the item's own reason, that of the
    changeset stays: it is of other decisions."""
    stays = OF_THE_FORM - {"reason"} if _own_reason(head, own) else OF_THE_FORM
    said = asked.model_dump(include=set(stays), exclude_none=True)
    return {name: part for name, part in head.items() if name not in stays} | said


def _own_reason(head: Mapping[str, Any], own: Bodies) -> str:
    """Why this item, where that is said otherwise than for the whole changeset."""
    reason = _first("reason", own)
    return "" if reason == head.get("reason") else reason


def _first(name: str, bodies: Iterable[Mapping[str, Any]]) -> str:
    return next((str(body[name]) for body in bodies if body.get(name)), "")
