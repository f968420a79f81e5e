"""The codes that go with an authority: a transfer that gives a new one ends the former of its scheme. Pure.

A transfer leaves the item the same (`docs/outcomes.md`). An 实施编码 carries the organ's own
number (ZWFW C0109.1-2018: its first 18 digits), so from that day the former one is not the item's any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.items.codes import NATIONAL_31, NATIONAL_33
from app.versions.fold import Change
from app.versions.orders import add_code, code_key

Code = Mapping[str, str]
"""scheme, issuer ("": none), value; one that is held has its key too."""
IMPLEMENTATION = "-impl"
"""How local schemes of implementation codes end, beside the two national ones."""


def is_implementation(scheme: str) -> bool:
    """Whether codes of the scheme are of an item at one organ, and so name the organ."""
    return scheme in (NATIONAL_31, NATIONAL_33) or scheme.endswith(IMPLEMENTATION)


def replacing(held: Sequence[Code], changes: Sequence[Change]) -> list[Change]:
    """The changes of a transfer, and before them the end of every held code that a new one takes the place of.

    A new code without an issuer is of the one issuer of what is held in its scheme. What is given again stays;
    what the changes take away themselves is left to them.
    """
    again = {_identity(code): code for code in held}
    made, given = [], []
    for change in changes:
        code = _given(held, change)
        if code is not None:
            given.append(code)
            if _identity(code) in again:
                continue
            change = add_code(code["scheme"], code["value"], code.get("issuer", ""))
        made.append(change)
    places = {_place(code) for code in given if _identity(code) not in again}
    kept = {_identity(code) for code in given}
    taken = {change["path"] for change in changes if change["op"] == "remove"}
    ended: list[Change] = [
        {"op": "remove", "path": f"codes/{code['key']}"}
        for code in held
        if _place(code) in places and _identity(code) not in kept and not taken & _paths(code)
    ]
    return [*ended, *made]


def _given(held: Sequence[Code], change: Change) -> Code | None:
    """The code that a change gives, with the issuer that it means."""
    if change["op"] != "add" or change["path"] != "codes":
        return None
    code: Code = change["value"]
    issuers = {one.get("issuer", "") for one in held if one["scheme"] == code["scheme"]}
    return {**code, "issuer": issuers.pop()} if not code.get("issuer") and len(issuers) == 1 else code


def _place(code: Code) -> tuple[str, str]:
    return code["scheme"], code.get("issuer", "")


def _identity(code: Code) -> tuple[str, str, str]:
    return code["scheme"], code.get("issuer", ""), code["value"]


def _paths(code: Code) -> set[str]:
    """Every way in which a change names a held code."""
    scheme, issuer, value = _identity(code)
    keys = (code["key"], code_key(scheme, value), code_key(scheme, value, issuer))
    return {f"codes/{key}" for key in keys}
