"""From the form of a round's item to a proposal: what a row of the 清理意见表 says, said in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from app.changes.models import DecisionInput
from app.exchange.worksheet_cells import EDITABLE, TITLES, Cells, Faulty, tidy
from app.exchange.worksheet_handing import is_plain
from app.exchange.worksheet_names import Names
from app.exchange.worksheet_rows import decision_of
from app.rounds.worksheets import Line
from app.web.office.doors.visiting import Posted
from app.wording import reason

FIELDS = {
    "limit": "拟承诺时限",
    "outcome": "处理意见",
    "words": "原文表述",
    "follow_up": "后续监管措施",
    "day": "施行日期",
    "reason": "理由",
    **TITLES,
}


class Wrong(Exception):
    """Which item of many could not be done, and why; ``others``: those that stand in the way beside it."""

    def __init__(
        self, item: str, message: str, status: int = 422, others: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.item, self.message, self.status, self.others = item, message, status, others or {}


def posted_cells(form: Posted) -> Cells:
    return {name: tidy(form.get(name)) for name in EDITABLE}


def as_read(form: Posted, item: str) -> dict[str, str] | None:
    """What whoever filled in the form read of the item: see ``propose``. None where the form does not say."""
    return {item: form.get("read")} if "read" in form else None


def asked_of(line: Line, cells: Cells, names: Names, form: Posted) -> DecisionInput:
    """What a form says of an item, as its row of the sheet would; ``line`` with its content. Raises Wrong."""
    if line.new:
        raise Wrong(line.item, "这是新增、承接的意见，请打开它，在完整的表单里改。")
    try:
        said = decision_of(line, cells, names)
        if timing := form.get("timing"):
            said["timing"] = timing
        return DecisionInput.model_validate(joined(said, line, names))
    except Faulty as fault:
        raise Wrong(line.item, f"{FIELDS[fault.column]}：{fault.message}。") from fault
    except ValidationError as error:
        raise Wrong(line.item, f"{reason(error.errors()[0])}。") from error


def joined(said: dict[str, Any], line: Line, names: Names) -> dict[str, Any]:
    """A merger into an item that others are merged into already: theirs are not lost. A sheet has a row for each."""
    target = said["results"][0].get("subject") if is_plain(said) else None
    if target in (None, line.item) or target not in names.lines:
        return said
    stood = names.lines[target].proposal
    if stood is None or not is_plain(stood.body) or stood.body["results"][0]["subject"] != target:
        return said
    origins = [one["subject"] for one in (*stood.body["origins"], *said["origins"])]
    return said | {"origins": [{"subject": one} for one in dict.fromkeys(origins)]}
