"""Field changes that mean something: each finds what it names, and a key names one element for good.

The fold passes over a change to what is not there on a day, so that it is total. Whoever enters a change means
something by it, so here it is refused by name. Pure, save for the keys that it gives.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from app.canonical import decode
from app.changes.succession import PLACES
from app.errors import Invalid
from app.versions.fold import Change, Effect, State, apply_changes, at, is_keyed, opened
from app.versions.orders import code_key


def give_keys(value: Any) -> None:
    """A key for every element of a first content that comes without one, in place: nothing can name it yet."""
    if isinstance(value, dict):
        for part in value.values():
            give_keys(part)
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, dict):
                element.setdefault("key", f"k{secrets.token_hex(4)}")
            give_keys(element)


Given = tuple[str, str]
"""The path of a list, and a key in it."""


def refuse_void_changes(state: State, changes: Sequence[Change]) -> None:
    """Raises Invalid for the first change that finds nothing to change, in turn, in a state of before."""
    if len(changes) > 1:
        state = opened(state, changes)
    for change in changes:
        _MEANT[change["op"]](state, change)
        if len(changes) > 1:
            apply_changes(state, [change])


def by_held_keys(state: Mapping[str, Any], changes: Sequence[Change]) -> list[Change]:
    """The changes, where a code is given up by its scheme and value alone or by another form of its key, under
    the key that it is held by. Raises Invalid where several issuers' codes answer to it."""
    return [_by_held_key(state, change) for change in changes]


def _by_held_key(state: Mapping[str, Any], change: Change) -> Change:
    head, _, key = change["path"].partition("/")
    held = state.get("codes", ())
    if head != "codes" or change["op"] != "remove" or any(code["key"] == key for code in held):
        return change
    meant = [code["key"] for code in held if key in _forms(code)]
    if len(meant) > 1:
        raise Invalid(
            f"有 {len(meant)} 个发码方的编码都写作 {key}，请按键撤去其中一个：{'、'.join(meant)}。",
            code="code-needs-issuer",
            field=change["path"],
            keys=meant,
        )
    return {**change, "path": f"codes/{meant[0]}"} if meant else change


def _forms(code: Mapping[str, str]) -> tuple[str, str]:
    scheme, value = code["scheme"], code["value"]
    return code_key(scheme, value), code_key(scheme, value, code.get("issuer", ""))


def refuse_awaited_places(effects: Iterable[Effect], changes: Sequence[Change], day: str) -> None:
    """Raises Invalid where a place is given or taken that a transition still waits for: it is lost by its acceptance,
    or on the transition's last day, and the duties say so."""
    whole = any(change["path"] == PLACES and change["op"] in ("set", "remove") for change in changes)
    named = {key for change in changes for key in _places_in(change)}
    for effect in effects if whole or named else ():
        for change in effect.changes():
            waits = change.get("once", {}).get("keys", ())
            to_come = _places_in(change) if effect.effective_from > day else ()
            for key in sorted({*waits, *to_come}):
                if whole or key in named:
                    raise Invalid(
                        f"“{key}”这一部分正在移交：由承接方承接，或者到过渡期的最后期限才不再办理，不能另行变更。",
                        code="place-awaited",
                        field=PLACES,
                    )


def _places_in(change: Change) -> list[str]:
    """The keys of the places that a change gives, takes or makes other ones; not where it corrects their words."""
    head, *rest = change["path"].split("/")
    if head != PLACES or rest[1:] == ["words"]:
        return []
    if rest:
        return rest[:1]
    value = change.get("value")
    return [one["key"] for one in (value if isinstance(value, list) else [value]) if one]


def refuse_used_keys(
    effects: Iterable[Effect], changes: Sequence[Change], voided: Callable[[], Iterable[Effect]] = tuple
) -> None:
    """Raises Invalid where a change gives a key that its list has had before, removed or taken out since or not.

    Places are another matter: an acceptance that was taken out may be given again for the same receiver."""
    given = [one for change in changes for one in _given_by(change)]
    given += [(c["once"]["path"], key) for c in changes if "once" in c for key in c["once"]["keys"]]
    if not given:
        return
    own = [change for change in changes if change["path"] == PLACES]
    used: set[Given] = set()
    for effect in effects:
        earlier = [change for change in effect.changes() if change not in own]
        # A place is lost by its own day, and by its acceptance: the same words twice are one element.
        used |= {one for change in earlier for one in _given_by(change)}
        if effect.creates_body is not None:
            used |= set(_keys_in(decode(effect.creates_body), ""))
    for effect in voided():
        for change in [one for one in effect.changes() if one["path"] != PLACES]:
            used.update(_given_by(change))
        if effect.creates_body is not None:
            used.update(_keys_in(decode(effect.creates_body), ""))
    for path, key in given:
        if (path, key) in used:
            raise Invalid(
                f"{path} 中的键 {key} 已经用过，新增的要素请换一个键；修改原有要素请用 set。",
                code="key-used",
                field=f"{path}/{key}",
            )
        used.add((path, key))


def _given_by(change: Change) -> Iterator[Given]:
    """The keys that a change gives. Codes are dated rows of their own and may come again."""
    path, value = change["path"], change.get("value")
    if path.split("/", 1)[0] == "codes" or change["op"] not in ("add", "set"):
        return
    yield from _keys_in({path: [value] if change["op"] == "add" else value}, "")


def _keys_in(value: Any, path: str) -> Iterator[Given]:
    if isinstance(value, dict):
        for name, part in value.items():
            if isinstance(part, (dict, list)):
                yield from _keys_in(part, f"{path}/{name}" if path else name)
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, dict) and isinstance(element.get("key"), str):
                yield path, element["key"]
                yield from _keys_in(element, f"{path}/{element['key']}")


def _nothing(change: Change, why: str, code: str = "no-such-path") -> Invalid:
    return Invalid(f"字段变更 {change['path']}：{why}", code=code, field=change["path"])


def _holder(state: State, path: str) -> Any:
    """What holds a path's last part; an object that is absent may be made just above it."""
    above, _, _ = path.rpartition("/")
    if not above:
        return state
    held = at(state, above)
    if held is None:
        further, _, _ = above.rpartition("/")
        return {} if isinstance(at(state, further) if further else state, dict) else None
    return held


def _meant_set(state: State, change: Change) -> None:
    path, value = change["path"], change.get("value")
    above, _, leaf = path.rpartition("/")
    holder = _holder(state, path)
    if not isinstance(holder, dict):
        raise _nothing(change, "施行之日没有这个要素或字段，请核对路径和要素的键。")
    if leaf == "key" and above and isinstance(at(state, above.rpartition("/")[0]), list):
        raise _nothing(change, "要素的键一经给出不再改动。", "key-given-once")
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        raise _nothing(
            change,
            "要素的列表不能整个替换，请用 add、remove、order，或按键 set 其中的字段。",
            "elements-one-by-one",
        )
    if value is None and leaf not in holder:
        raise _nothing(change, "施行之日没有这个字段，无从删去。")


def _meant_add(state: State, change: Change) -> None:
    path = change["path"]
    above = path.rpartition("/")[0]
    holder = at(state, above) if above else state
    elements = holder.get(path.rpartition("/")[2], []) if isinstance(holder, dict) else None
    if elements is None or not is_keyed(elements):
        raise _nothing(change, "施行之日没有这个要素列表，不能在其中新增。")
    _refuse_unknown_keys(change, elements, [change["after"]] if change.get("after") else [])


def _meant_remove(state: State, change: Change) -> None:
    above = change["path"].rpartition("/")[0]
    elements = at(state, above) if above else None
    if not is_keyed(elements) or at(state, change["path"]) is None:
        raise _nothing(change, "施行之日没有这个要素，无从删去，请核对要素的键。")


def _meant_order(state: State, change: Change) -> None:
    elements = at(state, change["path"])
    if elements is None or not is_keyed(elements):
        raise _nothing(change, "施行之日没有这个要素列表，无从调整次序。")
    _refuse_unknown_keys(change, elements, change.get("keys") or [])


def _refuse_unknown_keys(change: Change, elements: list[dict[str, Any]], named: list[str]) -> None:
    known = {element["key"] for element in elements}
    for key in named:
        if key not in known:
            raise _nothing(change, f"其中没有键为 {key} 的要素。")


_MEANT = {"set": _meant_set, "add": _meant_add, "remove": _meant_remove, "order": _meant_order}


def is_same(before: State, after: State) -> bool:
    """Whether two states say the same; the keys of codes are no part of what they say."""
    if {name: part for name, part in before.items() if name != "codes"} != {
        name: part for name, part in after.items() if name != "codes"
    }:
        return False
    return _codes(before) == _codes(after)


def _codes(state: State) -> set[tuple[str, str, str]]:
    return {(code["scheme"], code.get("issuer", ""), code["value"]) for code in state.get("codes", ())}
