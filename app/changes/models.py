"""Drafts: ordinary rows, copied into published ones when a changeset is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Described
from pydantic_core import PydanticCustomError
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db import Ascii, Big
from app.versions.shapes import Body, Key

States = Literal["draft", "submitted", "returned", "approved", "published", "withdrawn"]
STATE_LABELS = {
    "draft": "草稿",
    "submitted": "待审核",
    "returned": "已退回",
    "approved": "待发布",
    "published": "已发布",
    "withdrawn": "已撤回",
}
STATE_PHRASES = {
    "draft": "还是草稿",
    "submitted": "正在等待审核",
    "returned": "已被退回",
    "approved": "已经批准、等待发布",
    "published": "已经发布",
    "withdrawn": "已经撤回",
}
"""The states as a sentence goes on: 变更单还是草稿，不能批准。"""
OVER = frozenset({"published", "withdrawn"})
"""States after which a changeset changes no more."""


class ChangesetTable(SQLModel, table=True):
    """变更单, as stored; ``Changeset`` is the same row in hand."""

    __tablename__ = "changeset"
    id: str = Field(primary_key=True, sa_type=Ascii)
    version: int = Field(default=1, description="moves with every write; an edit names the one it saw")
    state: str = Field(default="draft", sa_type=Ascii, index=True)
    kind: str = Field(default="routine", sa_type=Ascii, description="routine, round")
    title: str
    head: str = Field(default="{}", description="canonical JSON: number, reason, document, scope, synthetic")
    author: int | None = Field(default=None, index=True)
    submitter: int | None = None
    reviewer: int | None = None
    approved: str | None = Field(default=None, sa_type=Ascii, description="the hash approval is bound to")
    publication: int | None = Field(default=None, sa_type=Big, index=True)
    unconfirmed: int = Field(
        default=0, description="1: published by one person in an emergency, not yet confirmed"
    )
    created_at: int = Field(sa_type=Big)
    updated_at: int = Field(sa_type=Big)


@dataclass(slots=True)
class Changeset:
    """变更单 in hand: a plain row, since publishing holds the lock while it is used. Fields as in the table."""

    id: str
    title: str
    created_at: int
    updated_at: int
    version: int = 1
    state: str = "draft"
    kind: str = "routine"
    head: str = "{}"
    author: int | None = None
    submitter: int | None = None
    reviewer: int | None = None
    approved: str | None = None
    publication: int | None = None
    unconfirmed: int = 0


class DraftDecision(SQLModel, table=True):
    """A decision of a changeset before it is published."""

    __tablename__ = "draft_decision"
    changeset: str = Field(primary_key=True, sa_type=Ascii, foreign_key="changeset.id")
    position: int = Field(primary_key=True)
    body: bytes = Field(description="canonical JSON of DecisionInput, ids filled in")
    base: bytes = Field(
        description="canonical JSON: {subject: [revision on the day (0: none), later ones ...],"
        " subject/codes: [rows of codes ...]}"
    )
    approved: str | None = Field(
        default=None, sa_type=Ascii, description="hash of the body that was approved"
    )
    stale: bytes | None = Field(
        default=None, description="three-way comparison, where publishing found the base moved"
    )


class Proposal(SQLModel, table=True):
    """What a department proposes for an item of a round's scope, and what the office thinks of it."""

    __tablename__ = "proposal"
    changeset: str = Field(primary_key=True, sa_type=Ascii, foreign_key="changeset.id")
    subject: str = Field(primary_key=True, sa_type=Ascii, description="the item it is filed under")
    body: bytes = Field(description="canonical JSON of DecisionInput, ids filled in")
    account: int | None = Field(default=None, description="who proposed it")
    at: int = Field(sa_type=Big)
    findings: bytes = Field(description="canonical JSON: what the checks found when it was proposed")
    opinion: str | None = Field(default=None, sa_type=Ascii, description="agree, change, return")
    reason: str | None = Field(default=None, description="of the opinion")
    reviewer: int | None = Field(default=None, description="whose opinion it is")
    reviewed_at: int | None = Field(default=None, sa_type=Big)
    earlier: bytes = Field(description="canonical JSON: proposals and opinions before this one, oldest first")


class DraftFile(SQLModel, table=True):
    """A file that a changeset names or has named: whoever may read the place where it does may read the file."""

    __tablename__ = "draft_file"
    __table_args__ = {"sqlite_with_rowid": False}
    digest: str = Field(primary_key=True, sa_type=Ascii)
    changeset: str = Field(primary_key=True, sa_type=Ascii)
    place: str = Field(
        primary_key=True, sa_type=Ascii, description="head, decision, or the item that a proposal is about"
    )


class AnnexRow(SQLModel, table=True):
    """A row of the annex of a document that is being recorded, and the item that a person found it to mean."""

    __tablename__ = "annex_row"
    changeset: str = Field(primary_key=True, sa_type=Ascii, foreign_key="changeset.id")
    position: int = Field(primary_key=True)
    body: bytes = Field(description="canonical JSON: the row in the document's own words")
    candidates: bytes = Field(description="canonical JSON: items it may mean, likeliest first")
    item: str | None = Field(default=None, sa_type=Ascii, description="registry id, once confirmed")
    how: str | None = Field(default=None, sa_type=Ascii, description="code, name, former, close, hand, none")
    account: int | None = Field(default=None, description="who confirmed it")
    at: int | None = Field(default=None, sa_type=Big)


class ChangesetEvent(SQLModel, table=True):
    """Who did what to a changeset, when, with which words."""

    __tablename__ = "changeset_event"
    __table_args__ = (Index("ix_changeset_event", "changeset", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    changeset: str = Field(sa_type=Ascii)
    at: int = Field(sa_type=Big)
    account: int | None = None
    event: str = Field(sa_type=Ascii)
    note: str | None = None


# --- what comes in ------------------------------------------------------------------------------------------


MAX_DEPTH = 16
"""Objects and lists within each other; content itself has at most six."""


def _not_too_deep(value: Any) -> Any:
    """Whatever a client nests without end would run every walk over it out of stack."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for whole in level
            if isinstance(whole, (dict, list))
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return value
    raise PydanticCustomError("too_deep", "nested too deep", {"max_depth": MAX_DEPTH})


Bounded = BeforeValidator(_not_too_deep)
Content = Annotated[dict[str, Any] | None, Bounded]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeInput(Strict):
    """A code as others write it."""

    scheme: str = Described(
        description="uscc, gb2260, national-12, national-31, sichuan-impl ...", max_length=64
    )
    value: str = Described(min_length=1, max_length=200, description="the code as written")
    issuer: str = Described(
        "", max_length=200, description="who gives it, where the scheme alone does not say"
    )


class ChangeInput(Strict):
    """One field change. Path: ``promised_limit/value``, ``materials/<key>/copies``."""

    op: Literal["set", "add", "remove", "order"] = Described(
        description="set a value; add, remove or order the elements of a list"
    )
    path: str = Described(
        min_length=1, max_length=300, description="promised_limit/value, materials/<key>/copies"
    )
    value: Annotated[Any, Bounded] = Described(
        None,
        description='set: a scalar or list of scalars, null removes; add: the element, e.g. {"name": "营业执照"};'
        " its key is given where it has none",
    )
    after: str | None = Described(None, description="add: the key it follows; empty: first; absent: last")
    keys: list[str] | None = Described(None, description="order: the keys in their new order")


class SubjectInput(Strict):
    """One origin or result: standing (``subject``) or new (``content``)."""

    subject: str | None = Described(None, description="registry id")
    ref: str | None = Described(None, description="a name for a new subject; content may say @ref")
    content: Content = Described(None, description="a new one: its first content")
    codes: list[CodeInput] = Described([], description="a new one: its codes")
    changes: list[ChangeInput] = Described([], description="a standing one: field changes")
    of: list[str] = Described(
        [], max_length=1000, description="a result of merge or split: the origins it comes from; none: all"
    )


class ReceiverInput(Strict):
    """承接方: whom a devolve or narrow gives it to. Each owes an acceptance."""

    key: Key | None = Described(None, description="its key within the decision; given where there is none")
    region: str | None = Described(None, description="registry id of the place")
    authority: str | None = Described(None, description="registry id of the organ")
    words: str | None = Described(None, max_length=1000, description="in the words of the document")
    below: str | None = Described(
        None, description="instead of region: every place one level below this one, each by itself"
    )
    due: str | None = Described(None, description="the last day for the acceptance, YYYY-MM-DD")
    working_days: int | None = Described(
        None, ge=0, le=10_000, description="or so many working days after effective_from"
    )


class AcceptanceInput(Strict):
    """What a receive accepts: a receiver's place of a published devolve (act), or of one in this changeset."""

    act: int | None = Described(None, description="seq of the devolve or narrow, as published")
    decision: int | None = Described(None, ge=1, description="its place in this changeset, from 1")
    receiver: str | None = Described(
        None,
        max_length=64,
        description="key, region or authority of the receiver; none: the one that the result fits",
    )


class DutyInput(Strict):
    """后续责任: what somebody has to do after the decision, e.g. 制定监管细则."""

    key: Key | None = Described(None, description="its key within the decision; given where there is none")
    what: str = Described(min_length=1, max_length=1000, description="what is to be done")
    owner: str | None = Described(None, description="registry id of the authority that has to do it")
    due: str | None = Described(None, description="the last day for it, YYYY-MM-DD")
    working_days: int | None = Described(
        None, ge=0, le=10_000, description="or so many working days after effective_from"
    )


class FulfilmentInput(Strict):
    """A duty that this decision fulfils, from effective_from on; or a delegation that it does not renew, where its
    subject is the item that was entrusted from."""

    act: int = Described(description="seq of the decision that laid the duty down")
    duty: str = Described(
        max_length=64, description="key of the duty; of a delegation, the item that was entrusted"
    )
    instrument: str | None = Described(
        None, description="registry id of the document, registered already, that proves it"
    )


class PendingLawInput(Strict):
    """待修法: what is proposed, and what has to be amended first. The item stays as it is until then."""

    outcome: str = Described(max_length=40, description="cancel, devolve, ...: what is proposed")
    instruments: list[str] = Described(
        [], max_length=100, description="registry ids of what is to be amended"
    )
    words: str | None = Described(None, max_length=1000, description="the laws, in the document's words")


class OutsideOrigin(Strict):
    """An origin that is not in this registry: code, name and document, as far as known."""

    name: str = Described(min_length=1, max_length=1000, description="its name, as its own registry has it")
    code: str | None = Described(None, description="its code there")
    document: str | None = Described(None, description="the document that handed it on")


class DecisionInput(Strict):
    """处理决定: one outcome for one subject, or for origins and results in merge, split and receive."""

    kind: Literal["item", "entry", "authority", "region", "instrument", "calendar", "bundle"] = Described(
        "item", description="which noun it is about"
    )
    outcome: str = Described(
        description="add, retain, adjust, cancel, suspend, resume, transfer, ... or void"
    )
    effective_from: str = Described("", description="施行日期, YYYY-MM-DD; not used by void")
    until: str | None = Described(
        None, description="for a time only: the first day on which it no longer holds"
    )
    subject: str | None = Described(None, description="registry id of what it is about; none for a new one")
    ref: str | None = Described(None, description="a name for a new subject; content may say @ref")
    content: Content = Described(None, description="creating outcomes: the first content")
    codes: list[CodeInput] = Described([], description="creating outcomes: its codes")
    changes: list[ChangeInput] = Described([], description="field changes, applied in order")
    start_unknown: bool = Described(
        False, description="effective_from is the day a source attests, not a start"
    )
    status: Literal["in_force", "suspended", "ended", "unknown"] = Described(
        "in_force", description="creating outcomes: the status it starts with"
    )
    origins: list[SubjectInput] = Described([], description="merge, split, receive: what it comes from")
    results: list[SubjectInput] = Described(
        [],
        description="merge, split, receive, entrust, narrow: what comes of it; entrust: a standing one is renewed",
    )
    outside: list[OutsideOrigin] = Described([], description="receive: origins that are not in this registry")
    receivers: list[ReceiverInput] = Described(
        [], max_length=5_000, description="devolve, narrow: who is to take it over"
    )
    transition_until: str | None = Described(
        None,
        description="devolve, narrow (过渡期): the first day on which it no longer holds here, accepted or not;"
        " absent: effective_from",
    )
    accepts: list[AcceptanceInput] = Described(
        [], max_length=1_000, description="receive: the devolves that it accepts"
    )
    duties: list[DutyInput] = Described([], max_length=100, description="what is to be done after it")
    fulfils: list[FulfilmentInput] = Described(
        [], max_length=1_000, description="duties of earlier decisions that it fulfils"
    )
    pending_law: PendingLawInput | None = Described(
        None, description="retain: 待修法, what is proposed once the law is amended"
    )
    authorised_by: str | None = Described(
        None,
        max_length=1000,
        description="上级依据: the higher document that allows what a check would refuse",
    )
    carry_items: bool = Described(
        False,
        description="merge of authorities: transfer every item of the origins to the result, in this changeset",
    )
    act: int | None = Described(None, description="void: the seq of the decision to take out")
    ground: Literal["error", "withdrawn"] | None = Described(
        None, description="void: error (误录), or withdrawn (撤销、推迟, before its day)"
    )
    timing: Literal["late_entry", "correction"] | None = Described(
        None, description="needed where effective_from is past: 补录 or 更正"
    )
    words: str | None = Described(None, max_length=4000, description="the document's own words")
    annex: str | None = Described(None, max_length=200, description="附件")
    number: str | None = Described(None, max_length=200, description="序号 in the annex")
    receiver: str | None = Described(
        None, max_length=1000, description="who receives it, in the words of the document"
    )
    follow_up: str | None = Described(None, max_length=4000, description="后续监管措施; 备案, 行业自律 ...")
    reason: str | None = Described(None, max_length=4000, description="why: needed for 补录, 更正 and void")


class DocumentInput(Strict):
    """The document a change rests on, with its dates apart."""

    number: str | None = Described(None, max_length=200, description="文号")
    title: str | None = Described(None, max_length=1000, description="标题")
    issuer: str | None = Described(None, max_length=400, description="制定机关")
    document_date: str | None = Described(None, description="成文日期")
    published_on: str | None = Described(None, description="发布日期")
    effective_on: str | None = Described(None, description="施行日期")
    url: str | None = Described(None, max_length=1000, description="where it is published")


class ScopeInput(Strict):
    """The scope of a round. With a base day it is frozen to the items in force in it on that day, and every one
    is decided before the round is published; without, it only describes a round recorded from a document."""

    region: str | None = Described(None, description="registry id or code; with all below it")
    types: list[str] = Described([], description="事项类型代码; none: all")
    authorities: list[str] = Described([], description="registry ids or codes; none: all")
    base_day: str | None = Described(
        None, description="基准日: the day whose items are frozen; none: nothing is"
    )


class StatedPart(Strict):
    """One of the numbers that a document states: 取消 128."""

    words: str = Described(min_length=1, max_length=200, description="in the document's words")
    count: int = Described(ge=0, le=1_000_000, description="how many")


class StatedReason(Strict):
    """Why the numbers of a document and its rows differ, as documents do."""

    kind: Literal[
        "sub_items",
        "secret",
        "pending_law",
        "carried_over",
        "by_result",
        "overlapping",
        "elsewhere",
        "unconfirmed",
        "other",
    ] = Described(
        description="子项另计; 涉密不公布; 待修法; 以前遗留; 合并按结果计; 各数重叠; 另文公布或未采到;"
        " 待确认: 未经原文核对; 其他"
    )
    count: int | None = Described(None, ge=0, le=1_000_000, description="how many items, where it is said")
    words: str = Described("", max_length=2000, description="in the document's words")


class StatedInput(Strict):
    """What a document that is recorded states of itself. A round with this is recorded, not held here."""

    total: int | None = Described(None, ge=0, le=1_000_000, description="共多少项; none where not said")
    parts: list[StatedPart] = Described([], max_length=200, description="its breakdown")
    additive: bool = Described(
        True, description="false: the parts overlap or count different things and are not added up"
    )
    retained: str | None = Described(None, max_length=400, description="what stays after it, as written")
    reasons: list[StatedReason] = Described([], max_length=50, description="why numbers differ")
    source: str | None = Described(None, max_length=1000, description="where the figures were found")
    note: str | None = Described(None, max_length=4000, description="what else there is to say")


class RowsShape(BaseModel):
    """The rows of a recorded document, bound by their hash."""

    count: int = Described(description="how many rows")
    hash: str = Described(description="of the rows with the items they are linked to")


class FrozenShape(BaseModel):
    """What a scope was frozen to."""

    items: str = Described(description="hash of the list of ids")
    count: int = Described(description="items in force or suspended on the base day")
    unknown: int = Described(description="items of unknown status, not in the scope")


class ScopeShape(ScopeInput):
    """The scope as the registry keeps it."""

    frozen: FrozenShape | None = Described(None, description="what it was frozen to, with a base day")


class ChangesetInput(Strict, Body):
    """A changeset as it is drafted."""

    title: str = Described(min_length=1, max_length=400, description="标题, for people")
    kind: Literal["routine", "round"] = Described("routine", description="routine, or a cleanup round")
    number: str | None = Described(None, max_length=100, description="round: 第几批")
    reason: str | None = Described(None, max_length=4000, description="why")
    document: DocumentInput | None = Described(None, description="the document the whole rests on")
    scope: ScopeInput | None = Described(None, description="round: what is to be decided")
    undisclosed: int | None = Described(
        None,
        ge=0,
        le=1_000_000,
        description="round: how many secret items the document decides; never entered",
    )
    corrects: str | None = Described(
        None, max_length=40, description="changeset id of the published round that this corrects"
    )
    stated: StatedInput | None = Described(
        None, description="round recorded from a document: the totals it states"
    )
    synthetic: bool = Described(False, description="true for demonstration data")
    decisions: list[DecisionInput] = Described(
        [],
        max_length=20_000,
        description="处理决定, in order; a round with a base day may be opened with none",
    )

    @model_validator(mode="after")
    def _decides(self) -> ChangesetInput:
        opened = self.kind == "round" and self.scope is not None and self.scope.base_day is not None
        recorded = self.kind == "round" and self.stated is not None
        if not self.decisions and not opened and not recorded:
            raise ValueError("至少要有一项处理决定；只有写明基准日的清理轮次、依文件补录的轮次可以先立项")
        return self
