"""What a decision bears on beyond what it says: told to the reviewer, nothing is refused for it.

An instrument that is repealed while items rest on it, an entry that is cancelled while items implement it, a code
that another live item holds, a code that names the organ an item was taken from. What the same changeset settles is
not told. An item that is internal is counted and not named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.changes import kinds
from app.changes.deciding import Decider
from app.changes.recoding import is_implementation
from app.changes.warnings import codes_taken
from app.checks.finding import ALIVE
from app.db import chunks, fetch, marks
from app.items.codes import NATIONAL_12, NATIONAL_14
from app.versions.fold import State
from app.versions.names import own_name
from app.versions.visibility import shown

NAMED = 5
"""So many are named in a sentence; ``subjects`` has more of them."""
LISTED = 50
BASE = "-base"
"""How local schemes of 基本编码 end, beside the national ones: many organs implement one, each once."""
_REFERRING = (
    f"SELECT DISTINCT t.subject_id, t.name, t.status, {shown('t')} FROM link l"
    " JOIN timeline t ON t.subject_id = l.subject_id AND t.valid_from <= ? AND t.valid_to > ?"
    " WHERE l.target = ? AND l.valid_from <= ? AND l.valid_to > ?"
    " AND t.kind = 'item' ORDER BY t.subject_id"
)
_HOLDING = (
    f"SELECT i.value, i.scheme, t.subject_id, t.name, t.status, t.region, {shown('t')} FROM code_interval i"
    " JOIN timeline t ON t.subject_id = i.subject_id AND t.valid_from <= ? AND t.valid_to > ?"
    " WHERE i.value IN ({values}) AND i.valid_from <= ? AND i.valid_to > ? AND t.kind = 'item'"
    " ORDER BY i.value, t.subject_id"
)
SHORTEST = 8
"""Shorter numbers of organs are found in other numbers by chance; 组织机构代码 has 9 characters."""
LAST = "9999-12-30"
_NUMBERS = "SELECT DISTINCT value FROM code_interval WHERE subject_id = ?"
_NAME = "SELECT name FROM timeline WHERE subject_id = ? AND valid_from <= ? ORDER BY valid_from DESC LIMIT 1"

Warned = dict[str, Any]


def bearing(decider: Decider, bodies: Sequence[Mapping[str, Any]]) -> list[Warned]:
    """``[{"code", "position", "field", "message", "subjects"}]``, as ``warnings_of`` has them; ``decider`` has
    decided the bodies."""
    found: list[Warned] = []
    for place, body in enumerate(bodies, start=1):
        if (body["kind"], body["outcome"]) in _ENDS:
            found += _still_resting(decider, place, body)
    found += _shared(decider, bodies)
    found += _numbers_kept(decider, bodies)
    return sorted(found, key=lambda one: one["position"])


# --- what rests on what ends

_ENDS = {
    ("instrument", "repeal"): (
        "rests-on-repealed",
        "自 {day} 起废止，届时还有 {count} 个没有取消的事项以它为依据：{names}。请逐项改写依据、调整或取消，"
        "或在“核对”中一并处理。",
    ),
    ("entry", "cancel"): (
        "implements-cancelled",
        "自 {day} 起取消，届时还有 {count} 个没有取消的事项实施它：{names}。请一并取消，或改列到别的基本目录事项。",
    ),
}
"""Code of the warning, and the sentence after the name."""


def _still_resting(decider: Decider, place: int, body: Mapping[str, Any]) -> Iterator[Warned]:
    code, sentence = _ENDS[body["kind"], body["outcome"]]
    day, target = body["effective_from"], body["subject"]
    rows = fetch(decider.connection, _REFERRING, (day, day, target, day, day))
    others = {
        subject: name if public else None
        for subject, name, status, public in rows
        if status in ALIVE and not decider.knows(subject)
    }
    for subject in _items(decider):
        state = _alive(decider, subject, day)
        if state is not None and (target, body["kind"]) in kinds.references("item", state):
            others[subject] = state.get("name")
    if others:
        ending = decider.state_on(target, day) or {}
        name = own_name(ending) or target
        message = sentence.format(day=day, count=len(others), names=_names(others))
        yield _warned(code, place, "subject", f"“{name}”{message}", others)


def _items(decider: Decider) -> list[str]:
    """The items that the changeset is about."""
    found = {subject: history.kind for subject, history in decider.histories.items()} | decider.created
    return [subject for subject, kind in found.items() if kind == "item"]


def _alive(decider: Decider, subject: str, day: str) -> State | None:
    """The state of an item of the changeset on a day, as it leaves it; None where it does not carry on."""
    state = decider.state_on(subject, day)
    return state if state and state["status"] in ALIVE else None


# --- a code that another holds


def _shared(decider: Decider, bodies: Sequence[Mapping[str, Any]]) -> Iterator[Warned]:
    taken = [
        (place, body["effective_from"], field, subject, scheme, value)
        for place, body in enumerate(bodies, start=1)
        if body["kind"] == "item" and body["outcome"] != "void"
        for field, subject, scheme, value in codes_taken(body)
        if subject
    ]
    by_day: dict[str, set[str]] = {}
    for _place, day, _field, _subject, _scheme, value in taken:
        by_day.setdefault(day, set()).add(value)
    held = {day: _holders(decider, day, values) for day, values in by_day.items()}
    for place, day, field, subject, scheme, value in taken:
        region = (decider.state_on(subject, day) or {}).get("region")
        others = {
            other: name
            for other, where, name in held[day].get((scheme, value), ())
            if other != subject and (not is_base(scheme) or where == region)
        }
        if others:
            where = "同一地区的" if is_base(scheme) else ""
            what = "另一事项" if len(others) == 1 else f"另外 {len(others)} 个事项"
            message = (
                f"编码 {value} 在 {day} 已由{where}{what}使用：{_names(others)}。"
                "请核对是否重复录入或录错编码；按这一编码查询会列出全部。"
            )
            yield _warned("code-held", place, field, message, others)


def _holders(
    decider: Decider, day: str, values: set[str]
) -> dict[tuple[str, str], list[tuple[str, str | None, str | None]]]:
    """(scheme, value) -> items that carry on with it on the day, as the changeset leaves them: id, region, name."""
    found: dict[tuple[str, str], list[tuple[str, str | None, str | None]]] = {}
    for some in chunks(sorted(values)):
        rows = fetch(decider.connection, _HOLDING.format(values=marks(some)), (day, day, *some, day, day))
        for value, scheme, subject, name, status, region, public in rows:
            if status in ALIVE and not decider.knows(subject):
                found.setdefault((scheme, value), []).append((subject, region, name if public else None))
    for subject in _items(decider):
        state = _alive(decider, subject, day)
        for code in state["codes"] if state else ():
            if state is not None and code["value"] in values:
                own = subject, state.get("region"), state.get("name")
                found.setdefault((code["scheme"], code["value"]), []).append(own)
    return found


def is_base(scheme: str) -> bool:
    """Whether codes of the scheme are of the catalogue: items of many places have the same."""
    return scheme in (NATIONAL_12, NATIONAL_14) or scheme.endswith(BASE)


# --- a code that names the organ before


def _numbers_kept(decider: Decider, bodies: Sequence[Mapping[str, Any]]) -> Iterator[Warned]:
    """One a pair of organs, since a merger transfers hundreds of items; told at the first of its decisions."""
    moved: dict[tuple[str, str, str], list[tuple[int, str, State, State]]] = {}
    for place, body in enumerate(bodies, start=1):
        if (body["kind"], body["outcome"]) != ("item", "transfer"):
            continue
        subject, day = body["subject"], body["effective_from"]
        before, after = decider.stood_on(subject, day), _alive(decider, subject, day)
        if before and after and before.get("authority") != after.get("authority"):
            organs = str(before.get("authority")), str(after.get("authority")), day
            moved.setdefault(organs, []).append((place, subject, before, after))
    for (former, now, day), items in moved.items():
        numbers, own = _numbers(decider, former), _numbers(decider, now)
        kept: dict[str, str] = {}
        names: dict[str, str | None] = {}
        first = 0
        for place, subject, before, after in items:
            stays = {code["value"] for code in before["codes"]}
            old = [
                code["value"]
                for code in after["codes"]
                if code["value"] in stays and _names_former(code, numbers - own, own)
            ]
            if old and subject not in kept:
                kept[subject], names[subject], first = old[0], after.get("name"), first or place
        if kept:
            example = next(iter(kept.values()))
            message = (
                f"{_names(names)}由“{_name(decider, former, day, now)}”调整给“{_name(decider, now, day, former)}”，"
                f"{'共 ' + str(len(kept)) + ' 项' if len(kept) > 1 else ''}仍用原机关的实施编码（如 {example}）。"
                "已有新编码的，请写进这项决定的 codes，同一类别的旧编码自那天起停用；还没有新编码的，请记下待办。"
            )
            yield _warned("former-organ-code", first, "codes", message, names)


def _names_former(code: Mapping[str, str], former: set[str], own: set[str]) -> bool:
    value = code["value"]
    if any(number in value for number in former):
        return True
    return is_implementation(code["scheme"]) and not any(number in value for number in own)


def _numbers(decider: Decider, organ: str) -> set[str]:
    """The codes of an organ that are long enough to be told apart within others."""
    state = decider.state_on(organ, LAST) if decider.knows(organ) else None
    own = {code["value"] for code in state["codes"]} if state else set()
    rows = fetch(decider.connection, _NUMBERS, (organ,))
    return {value for value in own | {row[0] for row in rows} if len(value) >= SHORTEST}


def _name(decider: Decider, organ: str, day: str, other: str) -> str:
    """With a code of its own, else the id, where the other organ is called the same."""
    name = _called(decider, organ, day)
    if name != _called(decider, other, day):
        return name
    own = _numbers(decider, organ) - _numbers(decider, other)
    return f"{name}（{min(own, default=organ)}）"


def _called(decider: Decider, organ: str, day: str) -> str:
    state = decider.state_on(organ, day) if decider.knows(organ) else None
    if state and state.get("name"):
        return str(state["name"])
    rows = fetch(decider.connection, _NAME, (organ, day))
    return str(rows[0][0]) if rows and rows[0][0] else organ


# --- words


def _names(others: Mapping[str, str | None]) -> str:
    """“a”、“b” and 3 more: public ones by name, the others counted."""
    named = [f"“{name}”" for name in others.values() if name][:NAMED]
    left = len(others) - len(named)
    if not named:
        return f"不公开的事项 {left} 个"
    return "、".join(named) + (f"等 {len(others)} 个" if left else "")


def _warned(code: str, place: int, field: str, message: str, others: Mapping[str, str | None]) -> Warned:
    listed = [subject for subject, name in others.items() if name][:LISTED]
    return {"code": code, "position": place, "field": field, "message": message, "subjects": listed}
