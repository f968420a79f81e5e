"""What a changed record comes to: decisions, each with the outcome that its fields belong to. Pure.

A source knows rows, the registry knows outcomes: another status is a cancel, a suspend or a resume, another
type a convert, another authority a transfer, and only the rest an adjust. One record may yield several
decisions of one day. What no outcome can do is not done: it comes back as a ``Wrong``, to be told.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.changes.outcomes import RULES, STATUS_WORDS, own_outcome
from app.exchange.keys import is_from_names, numbered
from app.versions.fold import Change, diff, is_keyed
from app.versions.orders import add_code, remove_code

Code = tuple[str, str, str]
"""Scheme, issuer, value."""

ADJUSTS = {
    "item": "adjust",
    "entry": "adjust",
    "authority": "adjust",
    "region": "adjust",
    "instrument": "amend",
    "calendar": "adjust",
}
OWN_OUTCOME: dict[str, dict[str, tuple[str, ...]]] = {
    "item": {"transfer": ("authority", "region", "authority_nature"), "convert": ("type",)},
    "authority": {"rename": ("name",)},
    "region": {"rename": ("name",)},
}
"""Kind -> outcome -> the fields it takes along; it is called for where the first of them changes."""

Spent = Callable[[], Container[tuple[str, str]]]
"""(path of a list, key) of every element that the subject ever had; asked for only where one is added."""


@dataclass(slots=True)
class Stands:
    """The subject as it stands on the record's day."""

    status: str
    content: Mapping[str, Any]
    codes: set[Code]


@dataclass(slots=True)
class Said:
    """What the record says. ``status`` None: nothing about it."""

    content: dict[str, Any]
    codes: set[Code]
    status: str | None = None


class Wrong(NamedTuple):
    """Something the record says that is not taken over."""

    code: str
    message: str


@dataclass(slots=True)
class Outcomes:
    """Outcome and changes of each decision, in order."""

    decisions: list[tuple[str, list[Change]]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def outcomes(kind: str, stands: Stands, said: Said, spent: Spent, *, free: bool = False) -> Outcomes:
    """The decisions that bring the subject to what the record says; none where it stands so already.

    ``free``: at the first entry a source's own history is recorded as it is; else the rules of outcomes hold.
    """
    found = Outcomes()
    before = {name: stands.content[name] for name in said.content if name in stands.content}
    changes = diff(before, said.content)
    if any(change["op"] == "add" for change in changes):
        changes = diff(before, keep_keys(before, said.content, spent()))
    added = said.codes - stands.codes
    ends, move = _status_outcome(kind, stands.status, said.status)
    if stands.status == "ended" and not free:
        if changes or added or move:
            found.wrong.append(_ended(said.status))
        return found
    groups = _by_outcome(kind, changes)
    codes = [add_code(scheme, value, issuer) for scheme, issuer, value in sorted(added)]
    if "transfer" in groups:
        replaced = _replaced(stands.codes, said.codes)
        groups["transfer"] += [remove_code(scheme, value) for scheme, _issuer, value in sorted(replaced)]
        groups["transfer"] += codes
    elif codes:
        groups.setdefault(ADJUSTS[kind], []).extend(codes)
    if move and ends is None:
        if free:
            groups.setdefault(ADJUSTS[kind], []).append(_set_status(said.status))
        else:
            found.wrong.append(_no_outcome(stands.status, said.status))
    found.decisions += groups.items()
    if ends is not None:
        found.decisions.append((ends, [_set_status(said.status)]))
    return found


def _by_outcome(kind: str, changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Outcome -> its changes, the outcomes with fields of their own first."""
    listed = list(changes)
    changed = {_field(change) for change in listed}
    groups: dict[str, list[Change]] = {}
    for outcome, fields in OWN_OUTCOME.get(kind, {}).items():
        if fields[0] in changed:
            groups[outcome] = [change for change in listed if _field(change) in fields]
            listed = [change for change in listed if _field(change) not in fields]
    if kind == "item" and (less := [change for change in listed if own_outcome(change) == "narrow"]):
        groups["narrow"] = less
        listed = [change for change in listed if change not in less]
    if listed:
        groups[ADJUSTS[kind]] = listed
    return groups


def _field(change: Change) -> str:
    return change["path"].split("/", 1)[0]


def _set_status(status: str | None) -> Change:
    return {"op": "set", "path": "status", "value": status}


def _replaced(held: set[Code], given: set[Code]) -> set[Code]:
    """Codes that another of the same scheme and issuer takes the place of, as a new authority gives one."""
    schemes = {code[:2] for code in given - held}
    return {code for code in held - given if code[:2] in schemes}


def _status_outcome(kind: str, before: str, after: str | None) -> tuple[str | None, bool]:
    """The outcome that leads from one status to the other, and whether the status moves at all."""
    if after is None or after == before:
        return None, False
    for name, rule in RULES[kind].items():
        if rule.shape == "one" and rule.after == after and before in rule.before:
            return name, True
    return None, True


def _ended(status: str | None) -> Wrong:
    if status in (None, "ended"):
        message = "登记簿中已终止，来源所列的变化未采纳，请核对"
        return Wrong("ended-yet-changed", message)
    message = f"登记簿中已终止，来源列为{STATUS_WORDS[status]}，未采纳；终止若属误录请撤除那项决定，若重新设立请新增"
    return Wrong("ended-yet-listed", message)


def _no_outcome(before: str, after: str | None) -> Wrong:
    message = (
        f"状态由“{STATUS_WORDS[before]}”变为“{STATUS_WORDS[after]}”没有对应的处理方式，"
        "状态未采纳，请核对后以变更单更正"
    )
    return Wrong("status-not-taken", message)


# --- keys of elements


def keep_keys(before: Mapping[str, Any], after: dict[str, Any], spent: Container[tuple[str, str]]) -> Any:
    """``after`` with the keys that its elements have here. A key names one element for good: one that was
    removed and comes again gets a new key, and keeps that when the source gives it again. A standing element is
    found by its key, and where the source has no code of its own for it by its name, whoever gave it its key.
    """
    return _keep_in_object(before, after, "", spent)


def _keep_in_object(
    before: Any, after: dict[str, Any], prefix: str, spent: Container[tuple[str, str]]
) -> Any:
    known = before if isinstance(before, Mapping) else {}
    kept = dict(after)
    for name, value in after.items():
        if isinstance(value, dict):
            kept[name] = _keep_in_object(known.get(name), value, f"{prefix}{name}/", spent)
        elif value and is_keyed(value):
            kept[name] = _keep_in_list(known.get(name), value, prefix + name, spent)
    return kept


def _keep_in_list(
    before: Any, after: list[dict[str, Any]], path: str, spent: Container[tuple[str, str]]
) -> list[dict[str, Any]]:
    standing = {element["key"]: element for element in before} if is_keyed(before) else {}
    given = {element["key"] for element in after}
    free = [key for key in standing if key not in given]
    kept: list[dict[str, Any]] = []
    taken = _Taken(path, spent, given | standing.keys())
    for element in after:
        key = element["key"]
        if key not in standing:
            again = next(
                (one for one in free if (path, key) in spent and _is_again(standing[one], element)), None
            )
            again = again or _namesake(element, after, [standing[one] for one in free])
            if again is not None:
                free.remove(again)
            key = again or (numbered(key, taken) if (path, key) in spent else key)
            taken.here.add(key)
        inner = _keep_in_object(standing.get(key), element, f"{path}/{key}/", spent)
        kept.append({**inner, "key": key})
    return kept


def _namesake(element: dict[str, Any], after: list[dict[str, Any]], free: list[dict[str, Any]]) -> str | None:
    """The key of the one standing element of its name, where the source has no code for it and names it once."""
    name = element.get("name")
    if not name or not is_from_names(element["key"]) or sum(one.get("name") == name for one in after) > 1:
        return None
    keys = [one["key"] for one in free if one.get("name") == name]
    return keys[0] if len(keys) == 1 else None


def _is_again(stands: dict[str, Any], element: dict[str, Any]) -> bool:
    """Whether a key is the first one with a number, as ``numbered`` makes it. What stands under a code of its own is
    another element: the source's own code may look so."""
    key, first = stands["key"], element["key"]
    if stands.get("code") not in (None, element.get("code")):
        return False
    return key.startswith(first + "-") and key[len(first) + 1 :].isdigit()


@dataclass(slots=True)
class _Taken:
    """The keys that an element of one list may not be given."""

    path: str
    spent: Container[tuple[str, str]]
    here: set[str]

    def __contains__(self, key: object) -> bool:
        return key in self.here or (self.path, key) in self.spent


def element_keys(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(path of the list, key) of every element in a document."""
    for name, value in content.items():
        path = prefix + name
        if isinstance(value, dict):
            yield from element_keys(value, path + "/")
        elif value and is_keyed(value):
            for element in value:
                yield path, element["key"]
                yield from element_keys(element, f"{path}/{element['key']}/")


def keys_of_changes(changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    """The same of the elements that changes bring in."""
    for change in changes:
        value = change.get("value")
        if change["op"] == "add" and isinstance(value, dict) and change["path"] != "codes":
            yield change["path"], value["key"]
            yield from element_keys(value, f"{change['path']}/{value['key']}/")
        elif change["op"] == "set" and isinstance(value, dict):
            yield from element_keys(value, change["path"] + "/")
        elif change["op"] == "set" and value and is_keyed(value):
            yield from element_keys({change["path"]: value})
