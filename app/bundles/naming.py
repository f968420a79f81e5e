"""How the members of a bundle read without those whose items are not public. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def named(members: Sequence[Mapping[str, Any]], hidden: set[str]) -> list[dict[str, Any]]:
    """The members as recorded, without those under the hidden keys and without these keys where others wait for them;
    who waited for no other has no ``after``, as where none was recorded."""
    return [_without(one, hidden) for one in members if one["key"] not in hidden]


def _without(member: Mapping[str, Any], hidden: set[str]) -> dict[str, Any]:
    shown = {**member}
    waits = shown.get("after", ())
    if not hidden.isdisjoint(waits):
        shown["after"] = [key for key in waits if key not in hidden]
        if not shown["after"]:
            del shown["after"]
    return shown
