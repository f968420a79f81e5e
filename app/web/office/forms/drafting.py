"""From a filled form to the decisions of a draft. What differs decides the outcome."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, text

from app.changes import kinds
from app.changes.models import ChangesetInput
from app.changes.outcomes import own_outcome
from app.errors import Invalid, NotFound, RegistryError
from app.versions import ids
from app.versions.codes import holder_of
from app.versions.fold import Change, apply_changes, diff
from app.web.office.doors.visiting import Posted
from app.wording import reason

SUBJECTS = {"authority": "authority", "region": "region", "entry": "entry"}
"""Fields of an item's content that hold a subject's id, with its kind."""
PAPER = ("number", "title", "issuer", "document_date", "published_on", "effective_on", "url")


def ids_in(content: Mapping[str, Any]) -> Iterator[str]:
    """Every id that the content refers to."""
    yield from (str(content.get(name) or "") for name in SUBJECTS)
    yield from content.get("co_authority_ids") or ()
    for citation in content.get("citations") or ():
        yield str(citation.get("instrument") or "")


FILES = frozenset({"blank_form", "sample_form", "sample", "digest"})
"""Fields of an item's content that name an attached file."""


def files_in(content: Any, prefix: str = "") -> dict[str, str]:
    """Place in the content (``materials/0/blank_form``) -> the digest of the file that it names."""
    if isinstance(content, Mapping):
        steps: Iterable[tuple[Any, Any]] = content.items()
    elif isinstance(content, list):
        steps = enumerate(content)
    else:
        return {}
    found: dict[str, str] = {}
    for step, value in steps:
        if step in FILES and isinstance(value, str):
            found[f"{prefix}{step}"] = value
        else:
            found |= files_in(value, f"{prefix}{step}/")
    return found


def put_ids(connection: Connection, content: dict[str, Any], day: str) -> None:
    """Ids in the place of names and codes, in place: a person writes 区水务局 or a code. Raises Invalid."""
    for name, kind in SUBJECTS.items():
        if content.get(name):
            content[name] = named_id(connection, content[name], kind, day, name)
    if content.get("co_authority_ids"):
        content["co_authority_ids"] = [
            named_id(connection, one, "authority", day, "co_authority_ids")
            for one in content["co_authority_ids"]
        ]
    for citation in content.get("citations") or ():
        if citation.get("instrument"):
            citation["instrument"] = named_id(
                connection, citation["instrument"], "instrument", day, "citations"
            )
        elif title := str(citation.get("title") or "").strip("《》"):
            found = _named(connection, title, "instrument", day)
            if len(found) == 1:
                citation["instrument"] = found[0]


def named_id(connection: Connection, asked: str, kind: str, day: str, field: str) -> str:
    """The id of what a person names by name, code or id. Raises Invalid, NotFound."""
    if ids.is_id(asked):
        return asked.lower()
    found = _named(connection, asked.strip("《》"), kind, day)
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise Invalid(
            f"名为“{asked}”的{ids.LABELS[kind]}有 {len(found)} 个，请写编号：{'、'.join(found[:5])}。",
            code="several-named",
            field=field,
        )
    try:
        return holder_of(connection, asked, day, kind)
    except NotFound as error:
        near = _near(connection, asked, kind, day)
        if not near:
            raise
        raise NotFound(
            f"没有名称或编码为“{asked}”的{ids.LABELS[kind]}；名称里有这几个字的有：{'、'.join(near)}。",
            code=error.code,
            field=field,
        ) from error


def _near(connection: Connection, part: str, kind: str, day: str) -> list[str]:
    """A few names that hold the words, the shortest first."""
    if len(part) < 2:
        return []
    held = re.sub(r"([!%_])", r"!\1", part)
    rows = connection.execute(
        text(
            "SELECT DISTINCT length(name), name FROM timeline WHERE kind = :kind AND name LIKE :held ESCAPE '!'"
            " AND valid_from <= :day AND valid_to > :day AND visibility = 'public' ORDER BY 1, 2 LIMIT 5"
        ),
        {"kind": kind, "held": f"%{held}%", "day": day},
    )
    return [row[1] for row in rows]


def _named(connection: Connection, name: str, kind: str, day: str) -> list[str]:
    rows = connection.execute(
        text(
            "SELECT DISTINCT subject_id FROM timeline WHERE kind = :kind AND name = :name"
            " AND valid_from <= :day AND valid_to > :day AND visibility = 'public' ORDER BY subject_id LIMIT 10"
        ),
        {"kind": kind, "name": name, "day": day},
    )
    return [row[0] for row in rows]


EDITABLE = frozenset({"adjust", "transfer", "convert"})
"""Outcomes that the item form makes of a standing item, and takes back into it ..."""
_MORE = ("receivers", "results", "transition_until", "until")
"""... and that of a part which leaves, where it says none of these, for which the form has no place."""


def is_of_form(body: Mapping[str, Any]) -> bool:
    """Whether the item form may have made this decision, and shows all that it does to the item."""
    outcome = body["outcome"]
    return outcome in EDITABLE or (outcome == "narrow" and not any(body.get(name) for name in _MORE))


def made_by_form(bodies: Iterable[dict[str, Any]], item: str | None) -> list[dict[str, Any]]:
    """The item's own decisions that the form takes up again."""
    return [body for body in bodies if body.get("subject") == item and is_of_form(body)]


def merged(
    base: dict[str, Any], mine: dict[str, Any], now: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """(what stands now with my changes on it, paths that both changed): nothing of the others' is undone.

    ``base`` is what my form was opened on. Where a change of mine no longer finds its place, the row it was in
    has gone meanwhile: the path is told. What both changed alike is done.
    """
    done = diff(base, now)
    theirs = {change["path"] for change in done}
    made, collide = copy.deepcopy(now), []
    for change in diff(base, mine):
        if change in done:
            continue
        path = change["path"]
        if any(path == one or path.startswith(f"{one}/") or one.startswith(f"{path}/") for one in theirs):
            collide.append(path)
        try:
            apply_changes(made, [change])
        except RegistryError:
            collide.append(path)
    return made, sorted(set(collide))


def readable(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of a form that is being filled in can be checked already: rows and fields with mistakes are left out.
    None where what every item must have is not there yet."""
    left = copy.deepcopy(dict(content))
    for _ in range(20):  # 50 mistakes a time
        try:
            return kinds.validate("item", left)
        except Invalid as error:
            wrong = [one["field"].split("/") for one in error.detail.get("errors", ())]
            if not all(_take_out(left, steps) for steps in sorted(wrong, key=_place, reverse=True)):
                return None
    return None


def _place(steps: list[str]) -> list[tuple[bool, int, str]]:
    return [(step.isdigit(), int(step) if step.isdigit() else 0, step) for step in steps]


def _take_out(value: dict[str, Any], steps: list[str]) -> bool:
    """Remove the row that a place lies in, else the field; False where there is none."""
    if value.get(steps[0]) is None:
        return False
    if len(steps) > 1 and steps[1].isdigit() and isinstance(value[steps[0]], list):
        del value[steps[0]][int(steps[1]) : int(steps[1]) + 1]
    else:
        del value[steps[0]]
    return True


def decisions(
    item: str | None, base: Mapping[str, Any], content: dict[str, Any], day: str, form: Posted
) -> list[dict[str, Any]]:
    """One decision an outcome: the organ, the type and all else are counted apart. Raises Invalid for no change."""
    if item is None:
        made = decision(None, "add", day, form) | {"content": content}
        if code := form.get("code").strip():
            made["codes"] = [{"scheme": form.get("scheme").strip() or "local", "value": code}]
        return [made]
    found: dict[str, list[Change]] = {}
    for change in diff(dict(base), content):
        outcome = own_outcome(change) or "adjust"
        found.setdefault(outcome, []).append(change)
    if not found:
        raise Invalid("内容没有改动，没有什么可保存。", code="nothing-changed")
    return [
        decision(item, outcome, day, form) | {"changes": changes}
        for outcome, changes in sorted(found.items())
    ]


SAID = ("timing", "reason", "words", "follow_up")


def decision(item: str | None, outcome: str, day: str, form: Posted) -> dict[str, Any]:
    """What every decision of the form carries; a form without a field for it says nothing of it."""
    made: dict[str, Any] = {"kind": "item", "outcome": outcome, "effective_from": day}
    if item:
        made["subject"] = item
    for name in SAID:
        if value := form.get(name).strip():
            made[name] = value
    return made


def changeset(form: Posted, name: str, made: list[dict[str, Any]]) -> ChangesetInput:
    """The draft that the form asks for. Raises Invalid."""
    paper = {field: value for field in PAPER if (value := form.get(f"document/{field}").strip())}
    asked: dict[str, Any] = {"title": form.get("title").strip() or name, "decisions": made}
    for name in ("reason", "corrects"):
        if value := form.get(name).strip():
            asked[name] = value
    if paper:
        asked["document"] = paper
    return checked(asked)


def checked(asked: dict[str, Any]) -> ChangesetInput:
    """A changeset as drafting takes it. Raises Invalid."""
    try:
        return ChangesetInput.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        place = place_words(first["loc"])
        raise Invalid(
            f"{place}：{reason(first)}。" if place else f"{reason(first)}。", code="bad-request"
        ) from error


PLACES = {
    "title": "标题",
    "number": "批次",
    "reason": "理由",
    "corrects": "更正的轮次",
    "document": "依据的文件",
    "document/number": "文号",
    "document/title": "文件标题",
    "document/issuer": "制定机关",
    "document/document_date": "成文日期",
    "document/published_on": "发布日期",
    "document/effective_on": "施行日期",
    "document/url": "网址",
    "scope": "范围",
    "scope/base_day": "基准日",
    "scope/region": "行政区划",
    "scope/types": "事项类型",
    "scope/authorities": "实施机关",
    "undisclosed": "不公布的项数",
    "stated": "文件载明的数",
    "stated/total": "总数",
    "stated/retained": "保留",
    "stated/note": "说明",
    "stated/parts": "分项",
    "stated/parts/words": "名目",
    "stated/parts/count": "项数",
    "stated/reasons": "不一致的原因",
    "stated/reasons/words": "文件原话",
    "decisions": "处理决定",
    "decisions/effective_from": "施行日期",
    "decisions/timing": "补录或更正",
    "decisions/until": "截止日期",
    "decisions/words": "文件原话",
    "decisions/reason": "理由",
    "decisions/follow_up": "后续措施",
    "decisions/changes": "改动",
    "decisions/codes": "编码",
    "decisions/codes/value": "编码的值",
}
"""Places in a changeset, in the words of the forms."""


def place_words(loc: Sequence[int | str]) -> str:
    """A place in a changeset as people call it: 文件载明的数，分项第 2 行，项数."""
    path = ""
    said: list[str] = []
    for part in loc:
        if isinstance(part, int):
            said[-1:] = [f"{said[-1]}第 {part + 1} 行"] if said else []
            continue
        path = f"{path}/{part}" if path else str(part)
        if path in PLACES:
            said.append(PLACES[path])
    return "，".join(said)
