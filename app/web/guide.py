"""What an item page works out from the content alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

DISCLOSURES = {
    "service": (
        "service_objects",
        "exercised",
        "division",
        "penalty",
        "levy",
        "inspection",
        "scope",
        "handling",
        "review",
        "themes_person",
        "themes_company",
    ),
    "basis": ("citations",),
    "conditions": ("conditions", "prohibitions", "accept_standard", "quantity_limit", "prior_items"),
    "materials": ("materials",),
    "process": ("steps", "process", "windows", "channels", "online", "online_address", "visits"),
    "limits": ("statutory_limit", "promised_limit"),
    "fees": ("charged", "fees"),
    "result": ("result",),
    "complaint": ("complaint", "complaint_phone"),
}
"""九公开, in their order: each is given where one of these fields is."""

ROLES = ("setting", "implementing", "supervising", "fee", "material")


def disclosed(content: dict[str, Any]) -> dict[str, bool]:
    """Which of the nine the content gives. An empty list is an answer: none is needed."""
    return {
        name: any(content.get(field) is not None for field in fields) for name, fields in DISCLOSURES.items()
    }


def saved(statutory: dict[str, Any] | None, promised: dict[str, Any] | None) -> int | None:
    """Working days by which the promise is shorter; negative where longer. None where units do not compare."""
    days = [_workdays(limit) for limit in (statutory, promised)]
    if days[0] is None or days[1] is None:
        return None
    return days[0] - days[1]


def _workdays(limit: dict[str, Any] | None) -> int | None:
    if not limit:
        return None
    if limit.get("unit") == "immediate":
        return 0
    return limit.get("value") if limit.get("unit") == "workday" else None


def whom_to_ask(content: dict[str, Any], contact: dict[str, Any] | None) -> dict[str, Any]:
    """The ``phone`` for questions: the item's own, else a window's, else (``of_authority``) its authority's."""
    windows = (one.get("phone") for one in content.get("windows") or ())
    own = content.get("consult_phone") or next((phone for phone in windows if phone), None)
    theirs = (contact or {}).get("phone")
    return {"phone": own or theirs, "of_authority": bool(not own and theirs)}


def citations_by_role(citations: Iterable[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Citations under their roles, 设定依据 first."""
    listed = list(citations)
    roles = [*ROLES, *sorted({one["role"] or "setting" for one in listed} - set(ROLES))]
    grouped = [(role, [one for one in listed if (one["role"] or "setting") == role]) for role in roles]
    return [(role, found) for role, found in grouped if found]
