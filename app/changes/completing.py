"""A decision as it is kept: of sound form, its new subjects and elements with ids and keys of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from app.changes.accepting import complete
from app.changes.keys import give_keys
from app.changes.models import DecisionInput, SubjectInput
from app.errors import Invalid, placed
from app.items.codes import looks_like_registry_id
from app.versions import ids
from app.versions.orders import add_code
from app.versions.queries import parse_day

Give = Callable[[Connection, str, int], list[str]]
"""Ids for so many new subjects of a kind."""


def completed(
    connection: Connection, asked: Iterable[DecisionInput], give: Give = ids.allocate
) -> list[dict[str, Any]]:
    """The decisions as they are kept: of sound form, new subjects and elements with their ids and keys."""
    bodies: list[dict[str, Any]] = []
    every = list(asked)
    for place, decision in enumerate(every, start=1):
        with placed(place, len(every)):
            _check_form(decision)
            body = decision.model_dump(exclude_none=True, exclude_defaults=True) | {"kind": decision.kind}
            for part in (body, *body.get("results", ())):
                _complete_changes(part.get("changes", ()))
                give_keys(part.get("content"))
        bodies.append(body)
    _check_new_ids(connection, bodies)
    name_new_subjects(connection, bodies, give)
    complete(connection, bodies)
    return bodies


def _check_form(decision: DecisionInput) -> None:
    if decision.outcome == "void":
        if decision.act is None or decision.ground is None:
            raise Invalid("撤除一项决定须写明决定的序号（act）和理由类别（ground）。", code="void-incomplete")
        return
    parse_day(decision.effective_from, "施行日期")
    for what, day in _other_days(decision):
        if day is not None:
            parse_day(day, what)
    places: list[DecisionInput | SubjectInput] = [decision, *decision.origins, *decision.results]
    for place in places:
        added = [c.value for c in place.changes if c.op == "add" and c.path == "codes"]
        for value in [
            *(code.value for code in place.codes),
            *(v.get("value") for v in added if isinstance(v, dict)),
        ]:
            if isinstance(value, str) and looks_like_registry_id(value):
                raise Invalid(f"编码“{value}”与本登记簿的编号同形，不能用作编码。", code="code-like-id")


def _other_days(decision: DecisionInput) -> Iterator[tuple[str, str | None]]:
    yield "截止日期", decision.until
    yield "过渡期的最后期限", decision.transition_until
    for receiver in decision.receivers:
        yield "承接期限", receiver.due
    for duty in decision.duties:
        yield "后续责任的期限", duty.due


def _complete_changes(changes: Iterable[dict[str, Any]]) -> None:
    """Give added codes and elements their key where they come without one; it is never given again."""
    for change in changes:
        if change["op"] == "order" and "keys" not in change:
            raise Invalid(f"调整 {change['path']} 的次序须列出键（keys）。", code="keys-needed")
        if change["op"] != "add":
            continue
        value = change.get("value")
        if not isinstance(value, dict):
            raise Invalid(
                f'在 {change["path"]} 中新增要素，请在 value 中写出它的各项，例如 {{"name": …}}。',
                code="element-needed",
                field=change["path"],
            )
        if change["path"] != "codes":
            value.setdefault("key", f"k{secrets.token_hex(4)}")
        elif {"scheme", "value"} <= value.keys():
            code = [value["scheme"], value["value"], value.get("issuer", "")]
            if all(isinstance(part, str) for part in code):  # else the rules refuse it
                change["value"] = add_code(*code)["value"]
        elif "key" not in value:
            raise Invalid(
                "新增编码须写明方案（scheme）和编码（value）。", code="code-incomplete", field="codes"
            )


def _check_new_ids(connection: Any, bodies: list[dict[str, Any]]) -> None:
    """A new subject may carry an id only where this registry gave it (to an earlier draft)."""
    for body in bodies:
        for place in (body, *body.get("results", ())):
            given = place.get("subject")
            if given and "content" in place and not ids.was_given(connection, body["kind"], given):
                raise Invalid(
                    f"{given} 不是本登记簿给出的编号；新主体的编号由登记簿分配，请删去。", code="id-not-given"
                )


def name_new_subjects(connection: Any, bodies: list[dict[str, Any]], give: Give = ids.allocate) -> None:
    """Give every new subject its id, and put ids where content says ``@ref``. In place."""
    fresh: list[tuple[str, dict[str, Any]]] = []
    for body in bodies:
        places = [body, *body.get("results", ())]
        fresh += [
            (body["kind"], place) for place in places if "content" in place and not place.get("subject")
        ]
    refs: dict[str, str] = {}
    for kind in sorted({kind for kind, _ in fresh}):  # one order for all, or two drafts deadlock
        places_of_kind = [place for k, place in fresh if k == kind]
        for place, subject_id in zip(
            places_of_kind, give(connection, kind, len(places_of_kind)), strict=True
        ):
            place["subject"] = subject_id
            if ref := place.pop("ref", None):
                refs[f"@{ref}"] = subject_id
    if refs:
        for body in bodies:
            replace_refs(body, refs)


def replace_refs(value: Any, refs: dict[str, str]) -> Any:
    """Put ids in the place of ``@ref`` strings, in place; raises Invalid for one that is not known."""
    if isinstance(value, dict):
        for name, part in value.items():
            value[name] = replace_refs(part, refs)
    elif isinstance(value, list):
        value[:] = [replace_refs(part, refs) for part in value]
    elif isinstance(value, str) and value in refs:
        return refs[value]
    return value
