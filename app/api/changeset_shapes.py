"""Changesets as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.changes.models import DecisionInput, DocumentInput, RowsShape, ScopeShape, StatedInput
from app.versions.shapes import Body


class ReasonInput(Body):
    reason: str = Field("", max_length=4000, description="why, for whoever wrote it")


class ApproveInput(Body):
    hash: str | None = Field(None, description="the hash you reviewed; another gives 412")


class PublishInput(Body):
    emergency: str | None = Field(
        None, min_length=1, description="publish without approval, for this reason; to be confirmed"
    )


class EventShape(BaseModel):
    at: str = Field(description="when")
    account: int | None = Field(description="account number of who did it")
    event: str = Field(
        description="drafted, submitted, taken-back, approved, returned, base-moved, published, ..."
    )
    note: str | None = Field(description="with which words")


class DecisionShape(DecisionInput):
    """A decision as it stands in the changeset."""

    base: dict[str, list[int]] = Field(description="subject -> the revisions it was drafted on")
    approved: bool = Field(description="whether this decision is approved")
    stale: dict[str, Any] | None = Field(description="three-way comparison, where its base has moved")
    review: dict[str, Any] | None = Field(
        None,
        description="round: what was proposed, the office's opinion, and those before them; not sent back",
    )


class WarningShape(BaseModel):
    """What a reviewer should look at; nothing is refused for it."""

    code: str = Field(
        description="stable code: bad-uscc, basis-needed; effects also: rests-on-repealed, implements-cancelled,"
        " code-held, former-organ-code ..."
    )
    position: int = Field(description="which decision, from 1")
    field: str = Field(description="codes/0, results/1/codes/0, changes/2, reason, subject")
    message: str = Field(description="what is odd, in Chinese")
    subjects: list[str] = Field(
        [], description="effects: items that it bears on, the first 50 that are public"
    )


class ChangesetShape(BaseModel):
    """变更单."""

    id: str = Field(description="changeset id")
    version: int = Field(description="moves with every write; send it as If-Match")
    state: str = Field(description="draft, submitted, returned, approved, published, withdrawn")
    state_label: str = Field(description="the state in Chinese")
    kind: str = Field(description="routine, round")
    title: str = Field(description="标题")
    number: str | None = Field(None, description="round: 第几批")
    reason: str | None = Field(None, description="why")
    document: DocumentInput | None = Field(None, description="the document it rests on")
    scope: ScopeShape | None = Field(None, description="round: what is decided")
    undisclosed: int | None = Field(None, description="round: how many secret items the document decides")
    corrects: str | None = Field(None, description="the published round that this corrects")
    undecided: int = Field(0, description="round: items of the frozen scope that no decision is about yet")
    stated: StatedInput | None = Field(
        None, description="round recorded from a document: the totals it states"
    )
    rows: RowsShape | None = Field(None, description="round recorded from a document: its rows, by hash")
    synthetic: bool = Field(False, description="true for demonstration data")
    author: int | None = Field(description="account number of who drafted it")
    submitter: int | None = Field(description="account number of who submitted it")
    reviewer: int | None = Field(description="account number of who approved it")
    hash: str = Field(description="hash of the head and every decision: what approval is bound to")
    approved: str | None = Field(description="the hash that was approved")
    publication: int | None = Field(description="log seq, once published")
    unconfirmed: bool = Field(
        description="true: published in an emergency, a second person has yet to confirm"
    )
    decisions: list[DecisionShape] = Field(description="处理决定, in order")
    warnings: list[WarningShape] = Field(description="malformed codes, decisions that rest on nothing")
    events: list[EventShape] = Field(description="what happened to it, in order")


class ChangesetRowShape(BaseModel):
    id: str = Field(description="changeset id")
    state: str = Field(description="draft, submitted, returned, approved, published, withdrawn")
    kind: str = Field(description="routine, round")
    title: str = Field(description="标题")
    version: int = Field(description="moves with every write")


class ChangesetsShape(BaseModel):
    changesets: list[ChangesetRowShape] = Field(description="newest first")
    next: str | None = Field(description="pass as after for the next page; none on the last")


class EffectShape(BaseModel):
    """A revision that publishing would write."""

    subject: str = Field(description="registry id")
    kind: str = Field(description="item, entry, authority, region, instrument, calendar")
    name: str | None = Field(description="its name from that day")
    effective_from: str = Field(description="the day it begins")
    status: str = Field(description="status from that day")
    status_before: str | None = Field(description="what stands on that day; none where nothing does")
    changes: list[dict[str, Any]] = Field(description="field changes against what stands on that day")
    created: bool = Field(description="true where it begins here")
    codes: list[dict[str, Any]] = Field(description="codes taken on or given up on that day")


class LaterShape(BaseModel):
    """A decision of a later day that sets the same fields: it stands from its day on."""

    subject: str = Field(description="registry id")
    act: int = Field(description="seq of that decision")
    effective_from: str = Field(description="the day of that decision")
    fields: list[str] = Field(description="the fields that both set")


class FindingShape(BaseModel):
    """What a check has found in a decision."""

    model_config = ConfigDict(extra="allow")  # receiver, instrument, holders ...: by the code
    decision: int = Field(description="its place in the changeset, from 1")
    subject: str = Field(description="registry id")
    code: str = Field(description="set-by-national-law, basis-not-in-force, receiver-not-below, ...")
    severity: str = Field(description="refuse: holds up a round; warn: to be looked at")
    message: str = Field(description="what is wrong and what to do, in Chinese")
    source: str = Field(description="the rule behind it")


class EffectsShape(BaseModel):
    revisions: list[EffectShape] = Field(description="every revision, in the order of days")
    later: list[LaterShape] = Field(description="what goes on to hold from a later day")
    findings: list[FindingShape] = Field(description="what the checks find in its decisions")
    warnings: list[WarningShape] = Field(
        description="malformed codes, decisions that rest on nothing, what rests on what ends, codes held twice"
    )
