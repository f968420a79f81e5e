"""What a reviewer should look at though it is no refusal: codes off their scheme, decisions resting on nothing. Pure.

A malformed code is kept as written, since the papers of others say it so; a decision without a document or a
reason may be drafted, but where it ends, suspends or resumes something it is not submitted; nor is the void of a
plan without the document that gives it up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.changes.outcomes import RULES, rule_for
from app.errors import Invalid
from app.items.codes import check
from app.versions.ids import is_id

Head = Mapping[str, Any]
"""A changeset's head: document, reason ..."""


def warnings_of(
    head: Head, bodies: Sequence[Mapping[str, Any]], *, over: bool = False
) -> list[dict[str, Any]]:
    """``[{"code", "position", "field", "message"}]``; position is the decision's, from 1.

    ``over``: it is published or withdrawn, so that nobody can add a document or a reason any more.
    """
    found: list[dict[str, Any]] = []
    for position, body in enumerate(bodies, start=1):
        for field, _subject, scheme, value in codes_taken(body):
            for reason in check(scheme, value):
                found.append(
                    {
                        "code": reason.code,
                        "position": position,
                        "field": field,
                        "message": f"{reason.message}；照原样保存，请核对。",
                    }
                )
        if not over and rests_on_nothing(head, body):
            found.append(
                {
                    "code": "basis-needed",
                    "position": position,
                    "field": "reason",
                    "message": f"“{_label(body)}”还没有写明依据文件或理由，提交之前请补上。",
                }
            )
        if not over and withdraws_without_paper(head, body):
            found.append(
                {
                    "code": "document-needed",
                    "position": position,
                    "field": "document",
                    "message": "“撤销、推迟”还没有写明是哪份文件这样定的，提交之前请补上文号或标题。",
                }
            )
    return found


def rests_on_nothing(head: Head, body: Mapping[str, Any]) -> bool:
    """Whether a decision changes the status of something, or lets a delegation lapse, with neither a document nor a
    reason."""
    if body.get("reason") or head.get("reason") or _has_paper(head):
        return False
    rule = RULES.get(body.get("kind", ""), {}).get(body.get("outcome", ""))
    # The key of a delegation that runs out is the item that was entrusted.
    lapses = any(is_id(one["duty"]) for one in body.get("fulfils", ()))
    return rule is not None and (rule.after is not None or rule.shape == "down" or lapses)


def withdraws_without_paper(head: Head, body: Mapping[str, Any]) -> bool:
    """Whether a void says that a plan was given up or put off (撤销、推迟), but not which document says so. An
    error (误录) is the office's own and needs none."""
    return body.get("outcome") == "void" and body.get("ground") == "withdrawn" and not _has_paper(head)


def require_basis(head: Head, bodies: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid where a decision to be submitted rests on nothing, or takes a plan out without a document."""
    for position, body in enumerate(bodies, start=1):
        if rests_on_nothing(head, body):
            raise Invalid(
                f"第 {position} 项决定“{_label(body)}”没有依据文件，也没有理由：请写明变更单的依据文件（文号或标题），"
                "或写明理由，再提交。",
                code="basis-needed",
                decision=position,
                field="reason",
            )
        if withdraws_without_paper(head, body):
            raise Invalid(
                f"第 {position} 项决定以“撤销、推迟”为由撤除序号 {body['act']} 的决定，没有写明是哪份文件这样定的："
                "请写明变更单的依据文件（文号或标题），再提交；是录错的，理由类别请用“误录”（error）。",
                code="document-needed",
                decision=position,
                field="document",
            )


def _has_paper(head: Head) -> bool:
    document = head.get("document") or {}
    return bool(document.get("number") or document.get("title"))


def _label(body: Mapping[str, Any]) -> str:
    return rule_for(body["kind"], body["outcome"]).label


def codes_taken(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str, str]]:
    """(field, subject, scheme, value) of each code that a decision takes on."""
    places = [("", body), *((f"results/{n}/", one) for n, one in enumerate(body.get("results", ())))]
    for prefix, place in places:
        subject = place.get("subject")
        for number, code in enumerate(place.get("codes", ())):
            yield f"{prefix}codes/{number}", subject, code["scheme"], code["value"]
        for number, change in enumerate(place.get("changes", ())):
            value = change.get("value")
            if change["op"] == "add" and change["path"] == "codes" and isinstance(value, dict):
                yield f"{prefix}changes/{number}", subject, str(value.get("scheme")), str(value.get("value"))
