"""The materials of a bundle, once each. Pure.

Two materials are the same where their names are, folded as search folds them, and no more than the names
say: a person who writes 身份证 here and 居民身份证 there has to make them one in the items themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from search.folding import fold


@dataclass(slots=True)
class Need:
    """One member's asking for a material, in its own words."""

    member: str
    material: str
    """The element's key within the item."""
    originals: int | None = None
    copies: int | None = None
    necessity: str | None = None
    condition: str | None = None


@dataclass(slots=True)
class Joint:
    """A material as it is handed in once for all. Numbers are the highest that any member asks for; None where
    none says."""

    name: str
    needed_by: list[Need] = field(default_factory=list)
    originals: int | None = None
    copies: int | None = None
    required: bool | None = None
    """Whether any member asks for it as 必要; None where none of them says."""


def once_each(members: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> list[Joint]:
    """Of (member's key, materials of its item): each material once, in the order first asked for."""
    found: dict[str, Joint] = {}
    for member, materials in members:
        for material in materials:
            joint = found.setdefault(fold(material["name"]), Joint(material["name"]))
            joint.needed_by.append(
                Need(
                    member,
                    material["key"],
                    material.get("originals"),
                    material.get("copies"),
                    material.get("necessity"),
                    material.get("condition"),
                )
            )
            joint.originals = _higher(joint.originals, material.get("originals"))
            joint.copies = _higher(joint.copies, material.get("copies"))
    for joint in found.values():
        said = [need.necessity for need in joint.needed_by if need.necessity]
        joint.required = "required" in said if said else None
    return list(found.values())


def _higher(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)
