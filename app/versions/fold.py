"""Content on a day is a fold: the creating content, then the changes of every decision then in effect.

Pure. The state of a subject is one document: its content, and beside the content's own fields
``status`` and ``codes``, which are fields like any other here and are kept apart when stored.

A change names a path: ``promised_limit/value``, ``materials/<key>/copies``. A list whose elements are
objects is keyed, and each element's fields are fields of their own; any other list is a scalar.
A change to something that does not exist on that day has no effect, so the fold is total.

A change may wait for elements of a list (``once``): it has its effect on the days on which all of them are
there, whichever decisions put them there and in whatever order. So a decision can say what follows when
the last of several others has taken effect, and voiding one of them takes that back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Literal, TypedDict

from app.canonical import decode, encode

State = dict[str, Any]
RESERVED = ("status", "codes")
"""Fields of the state that are stored beside the content, not in it."""


class Once(TypedDict):
    """A condition: the keyed list at ``path`` has an element for each of ``keys``."""

    path: str
    keys: list[str]


class Change(TypedDict, total=False):
    """``set`` a scalar (None removes it), ``add`` or ``remove`` an element, ``order`` a list's keys.
    With ``once`` it waits: see the module."""

    op: Literal["set", "add", "remove", "order"]
    path: str
    value: Any
    after: str
    keys: list[str]
    once: Once


@dataclass(slots=True)
class Effect:
    """What one decision does to one subject, from a day on and perhaps for a time only. Not changed once made."""

    seq: int
    act: int
    effective_from: str
    until: str | None = None
    creates: str | None = None
    creates_body: bytes | None = None
    changes_body: bytes | None = None
    start_unknown: bool = False
    redacted: bool = False
    """Bytes of it are gone by order: ``versions/restoring.py`` says what it does now."""
    _changes: list[Change] | None = field(default=None, compare=False, repr=False)

    def applies(self, day: str) -> bool:
        return self.effective_from <= day and (self.until is None or day < self.until)

    def changes(self) -> list[Change]:
        """The changes; not to be altered, as they are kept."""
        if self._changes is None:
            found = decode(self.changes_body) if self.changes_body else []
            self._changes = found if isinstance(found, list) else []  # a tombstone: redacted by order
        return self._changes

    def may_wait(self) -> bool:
        """Whether a change of it may wait for something to be there (``once``); read off the bytes."""
        return self.changes_body is not None and b'"once":' in self.changes_body

    def change_to(self, changes: list[Change]) -> None:
        """Let it do this instead: its own bytes are gone."""
        self.changes_body, self._changes = encode(changes), changes


def fold(effects: Iterable[Effect], day: str, *, reserved_only: bool = False) -> State | None:
    """The state on a day. ``effects`` are unvoided and in the order (effective_from, seq).

    None where nothing has created the subject by that day. ``reserved_only`` leaves the content out, for
    a subject whose changes never touch it.
    """
    applying = [effect for effect in effects if effect.applies(day)]
    state = _created(applying, reserved_only)
    if state is not None:
        apply_changes(state, [change for effect in applying for change in effect.changes()])
    return state


def _created(applying: Sequence[Effect], reserved_only: bool) -> State | None:
    """The state as the last of these effects that creates it leaves it, before any change."""
    body = next((e.creates_body for e in reversed(applying) if e.creates_body is not None), None)
    if body is None:
        return None
    state: State = {} if reserved_only else decode(body)
    state.setdefault("status", "in_force")
    state.setdefault("codes", [])
    return state


class Unfolding:
    """The fold day by day, in their order: each day costs what takes effect on it, not all that ever did.

    Begun anew on a day on which something lapses (``until``) or creates, since a change cannot be taken back.
    """

    def __init__(self, effects: Sequence[Effect], *, reserved_only: bool = False) -> None:
        self.effects, self.reserved_only = effects, reserved_only
        self._next = 0
        self._lapses: list[str] = []
        self._state: State | None = None
        self._waiting: list[Change] = []

    def on(self, day: str) -> tuple[State | None, bool]:
        """(the state on a day, whether it may differ from the day asked before). Days must not go back; the
        state must not be altered."""
        starting = self._starting(day)
        lapsed = bool(self._lapses) and self._lapses[0] <= day
        if not starting and not lapsed:
            return self._shown(), False
        for effect in starting:
            if effect.until is not None:
                heappush(self._lapses, effect.until)
        while self._lapses and self._lapses[0] <= day:
            heappop(self._lapses)
            lapsed = True
        if lapsed or any(effect.creates_body is not None for effect in starting):
            self._begin_anew(day)
        elif self._state is not None:
            self._take(change for effect in starting for change in effect.changes())
        return self._shown(), True

    def _starting(self, day: str) -> Sequence[Effect]:
        first = self._next
        while self._next < len(self.effects) and self.effects[self._next].effective_from <= day:
            self._next += 1
        return self.effects[first : self._next]

    def _begin_anew(self, day: str) -> None:
        applying = [effect for effect in self.effects[: self._next] if effect.applies(day)]
        self._waiting = []
        self._state = _created(applying, self.reserved_only)
        if self._state is not None:
            self._take(change for effect in applying for change in effect.changes())

    def _take(self, changes: Iterable[Change]) -> None:
        now: list[Change] = []
        for change in changes:
            (self._waiting if "once" in change else now).append(change)
        assert self._state is not None
        apply_changes(self._state, now)

    def _shown(self) -> State | None:
        if self._state is None or not self._waiting:
            return self._state
        state: State = decode(encode(self._state))
        apply_changes(state, self._waiting)
        return state


def boundaries(effects: Iterable[Effect], first: str) -> list[str]:
    """The days from ``first`` on at which the fold may differ from the day before, in order."""
    days = {first}
    for effect in effects:
        if effect.effective_from > first:
            days.add(effect.effective_from)
        if effect.until is not None and effect.until > first:
            days.add(effect.until)
    return sorted(days)


# --- applying changes -----------------------------------------------------------------------------


def apply_changes(state: State, changes: Sequence[Change]) -> None:
    """Apply changes in order, in place; those that wait come after all others, in their own order."""
    waiting = []
    for change in changes:
        if "once" in change:
            waiting.append(change)
        else:
            _OPERATIONS[change["op"]](state, change["path"].split("/"), change)
    for change in waiting:
        if _all_there(state, change["once"]):
            _OPERATIONS[change["op"]](state, change["path"].split("/"), change)


def changed(state: State, changes: Sequence[Change]) -> State:
    """The state with the changes applied, beside the one before: what they do not name is shared by both, so
    neither is to be altered."""
    after = opened(state, changes)
    apply_changes(after, changes)
    return after


def opened(state: State, changes: Iterable[Change]) -> State:
    """A copy to which these changes can be applied; the fields they do not name are shared."""
    own = dict(state)
    for name in {change["path"].split("/", 1)[0] for change in changes}:
        part = own.get(name)
        if isinstance(part, (dict, list)):
            own[name] = decode(encode(part))
    return own


def _all_there(state: State, once: Once) -> bool:
    listed = at(state, once["path"])
    there = {part.get("key") for part in listed if isinstance(part, dict)} if listed else set()
    return there.issuperset(once["keys"])


def is_keyed(value: Any) -> bool:
    """Whether a value is a list of keyed elements (an empty list may become one)."""
    if not isinstance(value, list):
        return False
    for part in value:  # noqa: SIM110  a loop: this is asked for every change of every fold
        if not _is_element(part):
            return False
    return True


def _is_element(value: Any) -> bool:
    return isinstance(value, dict) and "key" in value


def _child(container: Any, segment: str) -> Any:
    if isinstance(container, dict):
        return container.get(segment)
    if isinstance(container, list):
        return next((e for e in container if isinstance(e, dict) and e.get("key") == segment), None)
    return None


def _container(state: State, path: list[str]) -> Any:
    """What holds the path's last segment; a missing object just above the leaf is made."""
    here: Any = state
    for depth, segment in enumerate(path[:-1]):
        below = _child(here, segment)
        if below is None and isinstance(here, dict) and depth == len(path) - 2:
            below = here[segment] = {}
        if below is None:
            return None
        here = below
    return here


def _prune(state: State, path: list[str]) -> None:
    """An object that has lost its last field is absent, not empty."""
    for depth in range(len(path) - 1, 0, -1):
        holder = _container(state, path[:depth]) if depth > 1 else state
        if isinstance(holder, dict) and holder.get(path[depth - 1]) == {}:
            del holder[path[depth - 1]]


def _own(value: Any) -> Any:
    """A copy of a change's value: later changes alter the state in place, and the change is kept."""
    if isinstance(value, dict):
        for part in value.values():
            if isinstance(part, (dict, list)):
                return decode(encode(value))
        return dict(value)
    return decode(encode(value)) if isinstance(value, list) else value


def _set(state: State, path: list[str], change: Change) -> None:
    holder = _container(state, path)
    value = change.get("value")
    if not isinstance(holder, dict):
        return
    if value is None:
        holder.pop(path[-1], None)
    else:
        holder[path[-1]] = _own(value)
    if not holder:
        _prune(state, path)


def _add(state: State, path: list[str], change: Change) -> None:
    holder = state if len(path) == 1 else _child_of_existing(state, path)
    if not isinstance(holder, dict):
        return
    value: Any = change.get("value")
    elements = holder.get(path[-1], [])
    if not is_keyed(elements) or not _is_element(value):
        return
    holder[path[-1]] = elements
    for index, element in enumerate(elements):
        if element.get("key") == value["key"]:
            elements[index] = _own(value)
            return
    elements.insert(_place(elements, change.get("after")), _own(value))


def _child_of_existing(state: State, path: list[str]) -> Any:
    here: Any = state
    for segment in path[:-1]:
        here = _child(here, segment)
    return here


def _place(elements: list[Any], after: str | None) -> int:
    if after == "":
        return 0
    for index, element in enumerate(elements):
        if element.get("key") == after:
            return index + 1
    return len(elements)


def _remove(state: State, path: list[str], change: Change) -> None:
    elements = _child_of_existing(state, path) if len(path) > 1 else None
    if isinstance(elements, list):
        elements[:] = [e for e in elements if not (isinstance(e, dict) and e.get("key") == path[-1])]


def _order(state: State, path: list[str], change: Change) -> None:
    holder = state if len(path) == 1 else _child_of_existing(state, path)
    elements = holder.get(path[-1]) if isinstance(holder, dict) else None
    if isinstance(elements, list) and is_keyed(elements):
        rank = {key: index for index, key in enumerate(change.get("keys") or ())}
        elements.sort(key=lambda element: rank.get(element["key"], len(rank)))


_OPERATIONS = {"set": _set, "add": _add, "remove": _remove, "order": _order}


# --- comparing ----------------------------------------------------------------------------------------------


def diff(before: State, after: State) -> list[Change]:
    """The changes that turn one state into the other: ``apply_changes(before, diff(before, after)) == after``."""
    changes: list[Change] = []
    _diff_object(before, after, "", changes)
    return changes


def _diff_object(before: State, after: State, prefix: str, changes: list[Change]) -> None:
    # What goes comes last: an object that had lost its last field would be gone before the next is set in it.
    gone = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if now is None:
            gone.append(name)
        elif was is not now and (type(was) is not str or was != now):  # most fields are text and stay
            _diff_value(was, now, prefix + name, changes)
    for name in gone:
        _diff_value(before.get(name), None, prefix + name, changes)


def _diff_value(before: Any, after: Any, path: str, changes: list[Change]) -> None:
    if encode([before]) == encode([after]):  # by bytes: to Python, 1 and True are the same
        return
    if before is None and _is_nested(after):
        changes.append({"op": "set", "path": path, "value": after})  # a path cannot make objects in objects
    elif _is_object(before) and _is_object(after):
        _diff_object(before or {}, after or {}, path + "/", changes)
    elif _is_elements(before) and _is_elements(after) and (before or after):
        _diff_elements(before or [], after, path, changes)
    else:
        changes.append({"op": "set", "path": path, "value": after})


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and any(
        isinstance(part, dict) or (is_keyed(part) and part) for part in value.values()
    )


def _is_object(value: Any) -> bool:
    return value is None or isinstance(value, dict)


def _is_elements(value: Any) -> bool:
    return value is None or is_keyed(value)


def _diff_elements(before: list[Any], after: list[Any] | None, path: str, changes: list[Change]) -> None:
    if after is None:
        changes.extend({"op": "remove", "path": f"{path}/{element['key']}"} for element in before)
        changes.append({"op": "set", "path": path, "value": None})
        return
    old = {element["key"]: element for element in before}
    new = {element["key"] for element in after}
    changes.extend({"op": "remove", "path": f"{path}/{key}"} for key in old if key not in new)
    order = [key for key in old if key in new]
    previous = ""
    for element in after:
        key = element["key"]
        if key in old:
            _diff_object(old[key], element, f"{path}/{key}/", changes)
        else:
            changes.append({"op": "add", "path": path, "value": element, "after": previous})
            order.insert(order.index(previous) + 1 if previous else 0, key)
        previous = key
    wanted = [element["key"] for element in after]
    if order != wanted:
        changes.append({"op": "order", "path": path, "keys": wanted})


def at(state: Any, path: str) -> Any:
    """The value at a path; None where there is none."""
    here = state
    for segment in path.split("/"):
        here = _child(here, segment)
    return here


def with_before(before: State, changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The changes, each with the value it takes the place of; for people to read."""
    return [
        {**change, "before": at(before, change["path"])} if change["op"] in ("set", "remove") else {**change}
        for change in changes
    ]


def touches_content(changes: Iterable[Change]) -> bool:
    """Whether any change reaches the stored content or waits for it, or only status and codes are set."""
    return any(change["path"].split("/", 1)[0] not in RESERVED or "once" in change for change in changes)
