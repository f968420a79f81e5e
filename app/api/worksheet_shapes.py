"""What a round's worksheets, proposals and opinions look like in the API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.changes.models import DecisionInput
from app.versions.shapes import Body


class CountsShape(BaseModel):
    items: int = Field(description="items of the scope that stand, and new ones that are proposed")
    open: int = Field(description="nothing proposed yet")
    proposed: int = Field(description="proposed, not reviewed")
    returned: int = Field(description="returned to the department")
    reviewed: int = Field(description="agreed or changed, or decided by the office itself")


class SheetShape(CountsShape):
    id: str = Field(description="registry id of the authority")
    name: str | None = Field(description="its name")


class ProgressShape(CountsShape):
    """How far a round has come."""

    round: str = Field(description="changeset id")
    title: str = Field(description="标题")
    state: str = Field(description="draft, submitted, returned, approved, published, withdrawn")
    authorities: list[SheetShape] = Field(description="by name")


class SaidShape(BaseModel):
    """A proposal or an opinion."""

    model_config = ConfigDict(extra="allow")  # outcome, words, changes, receivers, reason ... as proposed
    account: int | None = Field(description="account number of who said it")
    name: str | None = Field(description="that account's name")
    at: str = Field(description="when")


class ProposalShape(BaseModel):
    """An item of the scope, or a new one: what is proposed, what the office thinks, what is decided."""

    item: str = Field(description="registry id")
    code: str | None = Field(description="its main code")
    name: str = Field(description="事项名称")
    type: str = Field(description="事项类型, its label")
    authority: str = Field(description="registry id of who holds it")
    citations: str = Field(description="设定依据 with articles, one a line")
    other_citations: str = Field(description="实施依据 and citations of other roles, one a line")
    statutory_limit: str = Field(description="法定时限 in words")
    promised_limit: str = Field(description="承诺时限 in words, as it stands")
    state: str = Field(description="open, proposed, returned, reviewed")
    filed_under: str | None = Field(
        description="the item whose proposal covers it: itself, or what it is merged into"
    )
    new: bool = Field(description="proposed as 新增 or 承接: it stands once the round is published")
    hash: str | None = Field(
        description="of the proposal with the opinion that stands of it: for `read` of an opinion"
    )
    proposed: SaidShape | None = Field(description="the department's proposal")
    opinion: SaidShape | None = Field(description="the office's: opinion (agree, change, return) and reason")
    findings: list[dict[str, Any]] = Field(description="what the checks found in the proposal")
    earlier: list[dict[str, Any]] = Field(
        description="proposals before, with their opinions or none, oldest first"
    )
    final: dict[str, Any] | None = Field(description="the decision as it stands in the draft")


class ProposalsShape(BaseModel):
    round: str = Field(description="changeset id")
    total: int = Field(description="items that match")
    proposals: list[ProposalShape] = Field(description="by authority and name")


class ProposeInput(Body):
    decisions: list[DecisionInput] = Field(
        min_length=1,
        max_length=5_000,
        description="proposals: each about one item of the scope, or a new one (add, receive), as decisions are",
    )
    reopen: bool = Field(False, description="replace what the office has reviewed")
    read: dict[str, str] | None = Field(
        None,
        max_length=5_000,
        description="item -> the `hash` of the proposal that you read, empty: none; another that stands gives 412,"
        " and so does replacing, without it, what another account proposed",
    )


class ProposedShape(BaseModel):
    new: list[str] = Field(description="items proposed for the first time")
    changed: list[str] = Field(description="items whose proposal was changed")
    unchanged: list[str] = Field(description="items proposed so already")
    reopened: list[str] = Field(description="items that were reviewed, and are to be again")
    findings: list[dict[str, Any]] = Field(
        description="what the checks find: decision, code, severity, message"
    )


class OpineInput(Body):
    items: list[str] = Field(min_length=1, max_length=5_000, description="registry ids: whose proposals")
    opinion: Literal["agree", "change", "return"] = Field(description="同意, 修改, 退回")
    reason: str = Field("", max_length=4000, description="needed to change or return")
    decision: DecisionInput | None = Field(None, description="change: the decision as it should be; one item")
    read: dict[str, str] | None = Field(
        None,
        max_length=5_000,
        description="item -> the `hash` of the proposal that you read; another that stands now gives 412",
    )


class OpinedShape(BaseModel):
    opinion: str = Field(description="agree, change, return")
    items: list[str] = Field(description="registry ids")
    version: int = Field(description="the changeset's version now")


class CellShape(BaseModel):
    sheet: str = Field(description="the sheet's name")
    row: int = Field(description="its row, from 1")
    column: str = Field(description="the column's title; empty for the row")
    code: str = Field(description="stable code")
    message: str = Field(description="where and what, in Chinese")


class FilledShape(BaseModel):
    """What importing a worksheet came to; a faulty file is refused whole, with `errors` in the problem's detail."""

    new: int = Field(description="rows proposed for the first time")
    changed: int = Field(description="rows whose proposal was changed")
    unchanged: int = Field(description="rows that nobody touched, or that say what is proposed already")
    reopened: int = Field(description="rows that were reviewed, and are to be again")
    kept: list[CellShape] = Field(description="rows that the office has reviewed: left as they are")
    findings: list[CellShape] = Field(description="what the checks find in the proposals")
