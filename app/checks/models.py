"""What the checks have found over all items, and what the office says to it: ordinary rows."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db import Ascii, Big


class FindingRow(SQLModel, table=True):
    """One finding about one item, as it was last checked. Derived: the next check writes it anew."""

    __tablename__ = "finding"
    __table_args__ = (Index("ix_finding_code", "code", "subject"),)
    subject: str = Field(primary_key=True, sa_type=Ascii)
    position: int = Field(primary_key=True, description="among the findings of the item")
    code: str = Field(sa_type=Ascii)
    severity: str = Field(sa_type=Ascii, description="error, warning, note")
    path: str = Field(description="where to mend it: citations/k1/article")
    message: str
    source: str = Field(description="the law and article, or the standard")
    about: str | None = Field(default=None, sa_type=Ascii, description="instrument or organ it is about")
    excepted: int = Field(default=0, description="1: an exception with a reason is granted")


class CheckedItem(SQLModel, table=True):
    """An item as it was last checked: on which content and day, with how many points. Derived."""

    __tablename__ = "checked_item"
    subject: str = Field(primary_key=True, sa_type=Ascii)
    content: str = Field(sa_type=Ascii, description="hash of the content that was checked")
    day: str = Field(sa_type=Ascii)
    seq: int = Field(sa_type=Big, description="head of the log that was checked against")
    name: str
    authority: str | None = Field(default=None, sa_type=Ascii, index=True)
    region: str | None = Field(default=None, sa_type=Ascii, index=True)
    points: int = Field(description="0 to 100")
    errors: int = 0
    warnings: int = 0
    notes: int = 0


class CheckRun(SQLModel, table=True):
    """One check over all items that had to be looked at."""

    __tablename__ = "check_run"
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    day: str = Field(sa_type=Ascii)
    seq: int = Field(sa_type=Big, description="head of the log that was checked against")
    rules: str = Field(sa_type=Ascii, description="a digest of the rules: other rules check all anew")
    at: int = Field(sa_type=Big)
    items: int = Field(description="how many items were looked at")
    milliseconds: int


class CheckException(SQLModel, table=True):
    """A finding that is let stand, with the reason. Ended, never deleted."""

    __tablename__ = "check_exception"
    __table_args__ = (Index("ix_check_exception_subject", "subject", "code"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    subject: str = Field(sa_type=Ascii)
    code: str = Field(sa_type=Ascii)
    path: str | None = Field(
        default=None,
        description="the one place it excuses; none: granted for the item when paths were not kept",
    )
    reason: str
    account: int | None = None
    at: int = Field(sa_type=Big)
    ended_by: int | None = None
    ended_at: int | None = Field(default=None, sa_type=Big)
    changeset: str | None = Field(
        default=None,
        sa_type=Ascii,
        description="granted for what this changeset brings in: holds for it alone until it is published; none: of"
        " what is published",
    )


class OverlapDecision(SQLModel, table=True):
    """What the office says of two items that seem to be one power; a later row of the pair counts."""

    __tablename__ = "overlap_decision"
    __table_args__ = (Index("ix_overlap_decision_pair", "first", "second"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    first: str = Field(sa_type=Ascii, description="the smaller id of the pair")
    second: str = Field(sa_type=Ascii)
    decision: str = Field(sa_type=Ascii, description="same, different, merge")
    reason: str = ""
    changeset: str | None = Field(default=None, sa_type=Ascii, description="the round that merges them")
    account: int | None = None
    at: int = Field(sa_type=Big)


class LawCase(SQLModel, table=True):
    """How what rests on a changed instrument was dealt with; a later row of the pair counts."""

    __tablename__ = "law_case"
    __table_args__ = (Index("ix_law_case_pair", "act", "subject"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    act: int = Field(sa_type=Big, description="seq of the decision that changed the instrument")
    subject: str = Field(sa_type=Ascii, description="item or catalogue entry that rests on it")
    outcome: str = Field(sa_type=Ascii, description="drafted, unaffected, open")
    reason: str = ""
    changeset: str | None = Field(default=None, sa_type=Ascii)
    account: int | None = None
    at: int = Field(sa_type=Big)
