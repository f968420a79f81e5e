"""From the form of an organ to the decisions of a draft: it is renamed, merges with others, or is divided."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.changes import kinds
from app.changes.carrying import transfer
from app.changes.models import ChangesetInput
from app.errors import Invalid, Refused, RegistryError
from app.items.codes import USCC, sound
from app.versions.fold import diff
from app.versions.queries import parse_day, today
from app.web.office.doors.visiting import Posted
from app.web.office.forms import drafting
from app.web.office.organs.touching import Beside, Held

CHANGES = {"merge": "合并", "split": "拆分", "rename": "更名、改信息", "dissolve": "撤销"}
FIELDS = {"name": "全称", "phone": "咨询电话", "complaint_phone": "监督电话", "note": "备注"}
"""What the form of a rename says anew of the organ, beside its short names."""
INHERITED = ("region", "level", "nature", "parent")
"""What a new organ has from the one at hand."""
GIVEN = "to:"
"""``to:ID`` says who gets an item."""
REST = "rest"
"""Who gets what is not said of item by item."""


@dataclass(frozen=True, slots=True)
class Successor:
    """An organ that carries on: a standing one by its id, or a new one. The form calls it by ``key``."""

    key: str
    name: str
    subject: str | None = None
    code: str = ""

    @property
    def ref(self) -> str:
        return f"new-{self.key}"

    @property
    def id(self) -> str:
        """Its registry id, or what stands for it in the draft."""
        return self.subject or f"@{self.ref}"


CANCELLED = Successor("cancel", "（取消，不再实施）")
"""In the place of an organ, where one is dissolved: an item may end with it."""


@dataclass(slots=True)
class Reshaping:
    """Which organs end or are divided, and who carries on."""

    ending: list[str]
    successors: list[Successor]


def required_day(form: Posted) -> str:
    """The day from which it holds. Raises Invalid with the field."""
    try:
        return parse_day(form.get("from"), "施行日期")
    except RegistryError as error:
        raise Invalid(error.message, code=error.code, field="from") from error


def shown_day(form: Posted) -> str:
    """The day that the form says; today where it says none: a refusal is shown on the page."""
    try:
        return required_day(form)
    except Invalid:
        return today()


def lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def named(connection: Connection, form: Posted, field: str, day: str) -> list[str]:
    """The organs that a field names, one a line, by name, code or id. Raises Invalid with the field."""
    found = []
    for line in lines(form.get(field)):
        try:
            found.append(drafting.named_id(connection, line, "authority", day, field))
        except RegistryError as error:
            raise Invalid(error.message, code=error.code, field=field) from error
    return list(dict.fromkeys(found))


def reshaping(connection: Connection, form: Posted, day: str, names: dict[str, str]) -> Reshaping:
    """What the form says so far; ``names``: of the standing organs. Raises Invalid with the field."""
    standing = named(connection, form, "standing", day)
    ending = named(connection, form, "ending", day)
    successors = [Successor(one, names.get(one, one), one) for one in standing]
    for line in lines(form.get("founded")):
        name, _, code = line.rpartition(" ")
        if not (name and code.isascii() and code.isalnum()):
            name, code = line, ""
        successors.append(Successor(name.strip(), name.strip(), code=code))
    if form.get("change") == "merge":
        ending = [one for one in ending if one not in standing]
    return Reshaping(ending, successors)


def asked(
    form: Posted,
    day: str,
    said: Reshaping,
    items: Sequence[Held],
    beside: Sequence[Beside],
    content: dict[str, Any],
    names: dict[str, str],
) -> ChangesetInput:
    """The draft of a merger or a division, by what rests with the organs that end. ``content``: of the organ at hand.
    Raises Invalid or Refused, with the field."""
    _require_complete(form, said)
    body = drafting.decision(None, _outcome(form, said), day, form) | {"kind": "authority"}
    merges = form.get("change") == "merge"
    standing = [one.subject for one in said.successors if one.subject] if merges else []
    body["origins"] = [{"subject": one} for one in dict.fromkeys([*said.ending, *standing])]
    body["results"] = [_result(one, said, content) for one in said.successors]
    made = [body]
    if merges:
        body["carry_items"] = True
        if form.get("follow") == "1":
            made += following(body, said.successors[0].id, said.ending, items, beside)
    else:
        made += given(form, body, said, items)
    return drafting.changeset(form, _title(form, said, names), made)


def _title(form: Posted, said: Reshaping, names: dict[str, str]) -> str:
    """What a draft is called that is given no title."""
    ended = "、".join(names.get(one, one) for one in said.ending)
    apart = [one.name for one in said.successors if one.subject not in said.ending]
    words = f"由{'、'.join(apart)}接续"
    if len(apart) < len(said.successors):
        words = f"分出{'、'.join(apart)}"
    return f"{CHANGES[form.get('change')]}：{ended}，{words}"[:400]


def _outcome(form: Posted, said: Reshaping) -> str:
    """Several organs of which fewer are made are merged, whoever gets which item."""
    divided = form.get("change") == "split" and len(said.successors) >= len(said.ending)
    return "split" if divided else "merge"


def _require_complete(form: Posted, said: Reshaping) -> None:
    """Raises Invalid or Refused with the field."""
    if not said.ending:
        raise Invalid(
            "请写明哪些机关终止：接续的机关之外至少要有一个。", code="ending-needed", field="ending"
        )
    if len({one.name for one in said.successors}) < len(said.successors):
        raise Refused("接续的机关有两个同名，请删去重复的。", code="repeated-subject", field="founded")
    if form.get("change") == "split":
        if len(said.successors) < 2:
            raise Refused("拆分要有两个以上接续的机关，请补上。", code="too-few-results", field="standing")
        return
    if len(said.successors) != 1:
        raise Invalid(
            "合并只有一个接续的机关，现有的和新设的合起来写一个；事项要分给几个机关的，请用拆分。",
            code="one-successor",
            field="standing",
        )
    if len(said.ending) == 1 and said.successors[0].subject is None:
        raise Refused(
            "一个机关换成一个新的，不是合并：只是改名的请用更名；并入别的机关的，写在现有的机关里；还有别的机关一起并入的，"
            "在终止的机关里补上。",
            code="too-few-origins",
            field="ending",
        )


def _result(one: Successor, said: Reshaping, content: dict[str, Any]) -> dict[str, Any]:
    if one.subject:
        return {"subject": one.subject}
    kept = {name: content[name] for name in INHERITED if content.get(name)}
    if kept.get("parent") in said.ending:
        del kept["parent"]
    made: dict[str, Any] = {"ref": one.ref, "content": {"name": one.name, **kept}}
    if one.code:
        made["codes"] = [sound(USCC, one.code, "founded")]
    return made


def choices(form: Posted, said: Reshaping) -> list[Successor]:
    """Whom an item may go to; with an organ that is dissolved it may end, too."""
    return [*said.successors, *([CANCELLED] if form.get("change") == "dissolve" else [])]


def receivers(form: Posted, said: Reshaping, items: Sequence[Held]) -> dict[str, Successor]:
    """Item -> who gets it, as far as the form says."""
    known = {one.key: one for one in choices(form, said)}
    rest = form.get(REST)
    chosen = {item.id: form.get(f"{GIVEN}{item.id}") or rest for item in items}
    return {item: known[key] for item, key in chosen.items() if key in known}


def dealt(form: Posted, items: Sequence[Held]) -> Posted:
    """The form with ``give`` chosen for every item whose name holds the words of ``match``; without words, for all of
    which nothing is said yet."""
    words, give = form.get("match").strip(), form.get("give")
    for item in items:
        field = f"{GIVEN}{item.id}"
        if (words and words in item.name) or (not words and not form.get(field)):
            form = Posted([*((name, value) for name, value in form.pairs if name != field), (field, give)])
    return form


def given(form: Posted, body: dict[str, Any], said: Reshaping, items: Sequence[Held]) -> list[dict[str, Any]]:
    """A transfer of each item to whom the form says, or its end; none for one that stays with an organ that carries
    on. Raises Invalid where of some nothing is said."""
    to = receivers(form, said, items)
    left = [item for item in items if item.id not in to]
    if left:
        raise Invalid(
            f"还有 {len(left)} 个事项没有写明给谁（如“{left[0].name or left[0].id}”）：请逐项选择，或选好其余的给谁。",
            code="receiver-needed",
            field="items",
        )
    made = []
    for item in items:
        if to[item.id] is CANCELLED:
            made.append(_cancelled(body, item, form))
        elif to[item.id].subject != item.authority:
            made += [transfer(body, item.id, day, to[item.id].id) for day in item.days]
    return made


def _cancelled(body: dict[str, Any], item: Held, form: Posted) -> dict[str, Any]:
    kept = {name: body[name] for name in ("timing", "reason") if body.get(name)}
    after = form.get("items_follow_up").strip()
    end = {"kind": "item", "outcome": "cancel", "subject": item.id, "effective_from": item.days[0]}
    return {**kept, **end, **({"follow_up": after} if after else {})}


def following(
    body: dict[str, Any],
    receiver: str | None,
    ending: Sequence[str],
    items: Sequence[Held],
    beside: Sequence[Beside],
) -> list[dict[str, Any]]:
    """What names the organs beside their items names their successor from that day on, or nobody. An item of theirs
    that is named here is given on here too: the merger carries those alone that the changeset does not name."""
    carried = {item.id: item for item in items}
    made = []
    for one in beside:
        if one.content is None:  # its words were ordered away: it is looked after by hand
            continue
        after = _renamed(one, receiver, ending, carried.keys())
        changes = diff(one.content, after)
        kept = {name: body[name] for name in ("effective_from", "timing", "reason") if body.get(name)}
        made.append({**kept, "kind": one.kind, "outcome": "adjust", "subject": one.id, "changes": changes})
        if receiver and one.id in carried:
            made += [transfer(body, one.id, day, receiver) for day in carried[one.id].days]
    return made


def _renamed(
    one: Beside, receiver: str | None, ending: Sequence[str], carried: Collection[str]
) -> dict[str, Any]:
    assert one.content is not None
    after = dict(one.content)
    if one.kind == "authority":
        after["parent"] = receiver if one.id != receiver else None
    elif one.kind == "bundle":
        after["lead"] = receiver
    else:
        own = receiver if one.id in carried else after.get("authority")
        joint = [receiver if organ in ending else organ for organ in after["co_authority_ids"]]
        after["co_authority_ids"] = [
            organ for organ in dict.fromkeys(joint) if organ not in (own, None)
        ] or None
    return {name: value for name, value in after.items() if value is not None}


def as_typed(content: dict[str, Any]) -> dict[str, str]:
    """An organ as the form of a rename writes it."""
    typed = {field: content.get(field) or "" for field in FIELDS}
    return typed | {"short_names": "\n".join(content.get("short_names") or ())}


def renamed(form: Posted, day: str, organ: str, content: dict[str, Any]) -> ChangesetInput:
    """The draft of another name, or of what else is said of an organ. Raises Invalid."""
    after = dict(content)
    for field in FIELDS:
        after[field] = form.get(field).strip() or None
    after["short_names"] = lines(form.get("short_names")) or None
    if not after["name"]:
        raise Invalid("请写明全称。", code="name-needed", field="name")
    after = kinds.validate("authority", {name: value for name, value in after.items() if value is not None})
    changes = diff(content, after)
    if not changes:
        raise Invalid("没有改动，没有什么可保存。", code="nothing-changed", field="name")
    outcome = "rename" if after["name"] != content["name"] else "adjust"
    body = drafting.decision(organ, outcome, day, form) | {"kind": "authority", "changes": changes}
    words = (
        f"更名：{content['name']}改为{after['name']}" if outcome == "rename" else f"调整：{content['name']}"
    )
    return drafting.changeset(form, words[:400], [body])
