"""One row of a 清理意见表: its editable cells from a proposal, and a proposal from its cells.

Every outcome for an item of the scope can be said, with what is owed after it. What has no column (other fields of the
content, 序号 in an annex) is proposed on the item's page or through the API; such a row shows its outcome and is left
alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from app.changes.models import DecisionInput
from app.changes.outcomes import RULES
from app.changes.reviews import said_by
from app.errors import RegistryError
from app.exchange import worksheet_handing as handing
from app.exchange.worksheet_cells import (
    EDITABLE,
    ITSELF,
    PENDING,
    Cells,
    Faulty,
    common,
    day_in,
    limit_in,
    outcome_of,
    refuse_misplaced,
    tidy,
)
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_owing import owed, owed_cells, within_of
from app.items.field_words import limit_words
from app.rounds.worksheets import Line
from app.versions.fold import apply_changes

_HANDING: dict[str, Callable[[Line, Cells, Names], dict[str, Any]]] = {
    "devolve": handing.devolve,
    "narrow": handing.narrow,
    "entrust": handing.entrust,
    "transfer": handing.transfer,
    "convert": handing.convert,
    "merge": handing.merge,
    "split": handing.split,
}


# --- written out --------------------------------------------------------------------------------------------


def cells_of(line: Line, day: str | None, names: Names) -> Cells:
    """The editable cells of a line as they are written out; ``day`` is the round's own."""
    cells = dict.fromkeys(EDITABLE, "") | {"day": day or ""}
    body = line.proposal.body if line.proposal else line.final
    if body is None:
        return cells
    label = PENDING if body.get("pending_law") else RULES["item"][body["outcome"]].label
    cells |= {"outcome": label, "day": body["effective_from"]}
    cells |= {name: body.get(name, "") for name in ("words", "follow_up", "reason")} | owed_cells(body, names)
    if line.filed_under != line.item:  # told by the row it is filed under
        return cells | {"receiver": names.item_words(str(line.filed_under))}
    cells |= {
        "receiver": _receiver(body, names),
        "into": handing.into_of(body, names),
        "until": body.get("transition_until") or body.get("until") or "",
        "within": within_of(body, names),
    }
    if body["outcome"] in ("merge", "split"):
        beside = [one["subject"] for one in body["origins"] if one["subject"] != line.item]
        cells["others"] = "、".join(names.item_words(one) for one in beside)
    if any(change["path"].startswith("promised_limit") for change in body.get("changes", ())):
        cells["limit"] = limit_words(_after(line, body).get("promised_limit"))
    return {name: tidy(value) for name, value in cells.items()}


def sheet_cells_of(line: Line, day: str | None, names: Names) -> Cells:
    """The same for a sheet, where each row that is merged into a standing item names it."""
    cells = cells_of(line, day, names)
    body = line.proposal.body if line.proposal else line.final
    if body is not None and handing.is_plain(body):
        cells["others"] = ""
    return cells


def _receiver(body: Mapping[str, Any], names: Names) -> str:
    """As it was written; else what is named by id."""
    if handing.is_plain(dict(body)):
        return ITSELF
    if written := body.get("receiver"):
        return str(written)
    if body["outcome"] == "transfer":
        return "、".join(names.words(one["value"]) for one in body["changes"] if one["path"] == "authority")
    told = [names.receiver_words(one) for one in body.get("receivers", ())]
    return "、".join(one for one in told if one)


def _after(line: Line, body: Mapping[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(line.content)
    try:
        apply_changes(made, [one for one in body["changes"] if one["path"].startswith("promised_limit")])
    except RegistryError:
        return {}
    return made


def is_beyond_sheet(line: Line, names: Names) -> bool:
    """Whether its proposal says what no column holds, so that a row may not replace it."""
    body = line.proposal.body if line.proposal else None
    if body is None or line.filed_under != line.item:
        return False
    if any(body.get(name) for name in ("fulfils", "annex", "number", "timing")):
        return True
    if body.get("duties") or (body["outcome"] in _HANDING and not handing.is_plain(body)):
        return not _is_same_again(line, body, names)
    return any(not change["path"].startswith("promised_limit") for change in body.get("changes", ()))


def _is_same_again(line: Line, body: Mapping[str, Any], names: Names) -> bool:
    """Whether the cells that are written out for it read back as the proposal that it is."""
    try:
        read = DecisionInput.model_validate(decision_of(line, cells_of(line, None, names), names))
    except (Faulty, ValidationError):
        return False
    again = read.model_dump(exclude_none=True, exclude_defaults=True) | {"kind": read.kind}
    return said_by(_comparable(again)) == said_by(_comparable(body))


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """Beside keys, neither the order of the origins nor the receiver's words matter where ids say it."""
    told = {name: part for name, part in body.items() if name != "receiver"}
    if "origins" in told:
        told["origins"] = sorted(told["origins"], key=lambda one: str(one.get("subject")))
    return told


# --- read back ----------------------------------------------------------------------------------------------


def decision_of(line: Line, cells: Cells, names: Names) -> dict[str, Any]:
    """The proposal that a row makes by itself. ``line`` with its content. Raises Faulty."""
    outcome = outcome_of(cells)
    made = common(cells) | owed(cells, names) | {"outcome": outcome, "subject": line.item}
    refuse_misplaced(outcome, cells)
    if cells["until"]:
        cells = cells | {"until": day_in(cells, "until", "到期日")}
    changes = _limit_changes(line, cells)
    if outcome in ("retain", "adjust"):
        return _stays(made, changes, cells)
    if changes:
        raise Faulty("limit", "limit-not-needed", f"“{cells['outcome']}”不改时限，请清空拟承诺时限")
    if outcome == "pending":
        pending = {"outcome": "cancel", **({"words": made["words"][:1000]} if made.get("words") else {})}
        return made | {"outcome": "retain", "pending_law": pending}
    if outcome in ("merge", "split"):
        made.pop("subject")
    if outcome in _HANDING:
        return made | _HANDING[outcome](line, cells, names)
    return made | ({"until": cells["until"]} if cells["until"] else {})


def _stays(made: dict[str, Any], changes: list[dict[str, Any]], cells: Cells) -> dict[str, Any]:
    if changes:
        until = {"until": cells["until"]} if cells["until"] else {}
        return made | {"outcome": "adjust", "changes": changes} | until
    if made["outcome"] == "adjust":
        raise Faulty(
            "limit",
            "nothing-to-adjust",
            "写了“调整”，但拟承诺时限没有填或与现在相同；其他内容的调整请在网页上提出",
        )
    return made


def _limit_changes(line: Line, cells: Cells) -> list[dict[str, Any]]:
    """The changes that make the promised limit what is written; none where it is so already."""
    if not cells["limit"]:
        return []
    wanted = limit_in(cells, "limit")
    now = line.content.get("promised_limit") or {}
    return [
        {"op": "set", "path": f"promised_limit/{name}", "value": value}
        for name, value in wanted.items()
        if now.get(name) != value
    ]
