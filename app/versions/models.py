"""The tables of the versioned core. Published ones take inserts only; the database refuses the rest.

Days are ISO dates as text, moments integer UTC microseconds, hashes SHA-256 in hexadecimal. ``seq`` is
one counter over all published rows.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from app.db import APPEND_ONLY, CONTENT_ONCE, Ascii, Big, Bytes

OPEN = "9999-12-31"
"""The end of an interval that has none (half-open, so no day reaches it)."""
FIRST = "0000-01-01"
"""Before every day."""


class IdCounter(SQLModel, table=True):
    """Next free number per kind. An ordinary row."""

    __tablename__ = "id_counter"
    kind: str = Field(primary_key=True, sa_type=Ascii)
    next: int = Field(sa_type=Big)


class Content(SQLModel, table=True):
    """A canonical document under its hash. Rows are appended under a number of their own: kept in the order of
    their hashes, every new document would land on another page."""

    __tablename__ = "content"
    __table_args__ = {"info": CONTENT_ONCE}
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    hash: str = Field(unique=True, sa_type=Ascii)
    body: bytes = Field(sa_type=Bytes)


class LogEntry(SQLModel, table=True):
    """One publication in the chain: covers the rows with ``previous entry's seq < seq < its own``."""

    __tablename__ = "log_entry"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    recorded_at: int = Field(unique=True, sa_type=Big)
    format: str = Field(sa_type=Ascii)
    prev: str = Field(sa_type=Ascii)
    hash: str = Field(sa_type=Ascii)
    rows: str | None = Field(
        default=None,
        sa_type=Ascii,
        description="digest of the rows it covers; from entry/2 on it is in the hash",
    )


class EntryMarks(SQLModel, table=True):
    """Beside a log entry: a mark for each row that it covers, in the order of seq (``log.marks_of``)."""

    __tablename__ = "entry_marks"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    marks: bytes = Field(sa_type=Bytes)


class Publication(SQLModel, table=True):
    """A published changeset (or redaction, confirmation): who, marked how, its words by hash."""

    __tablename__ = "publication"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    kind: str = Field(
        sa_type=Ascii, description="routine, round, initial, emergency, confirmation, redaction"
    )
    changeset: str | None = Field(default=None, sa_type=Ascii, index=True)
    author: int | None = Field(default=None, description="account number; none at the command line")
    reviewer: int | None = Field(default=None, description="account number of who approved")
    publisher: int | None = Field(default=None, description="account number of who published")
    approved: str | None = Field(
        default=None, sa_type=Ascii, description="the hash that the approval was bound to"
    )
    statement: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")


class Subject(SQLModel, table=True):
    """A thing that changes: an item, an authority ..."""

    __tablename__ = "subject"
    __table_args__ = {"info": APPEND_ONLY, "sqlite_with_rowid": False}
    id: str = Field(primary_key=True, sa_type=Ascii)
    seq: int = Field(unique=True, sa_type=Big)
    kind: str = Field(sa_type=Ascii, index=True)


class Decision(SQLModel, table=True):
    """One outcome's effect on one subject. The rows of one act (a merge has several) share ``act``,
    the seq of the first of them."""

    __tablename__ = "decision"
    __table_args__ = (
        Index("ix_decision_subject", "subject_id", "effective_from", "seq"),
        {"info": APPEND_ONLY},
    )
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    act: int = Field(sa_type=Big, index=True)
    subject_id: str = Field(sa_type=Ascii, foreign_key="subject.id")
    role: str = Field(sa_type=Ascii, description="subject, origin, result")
    outcome: str = Field(sa_type=Ascii)
    effective_from: str = Field(sa_type=Ascii)
    until: str | None = Field(default=None, sa_type=Ascii)
    start_unknown: int = Field(
        default=0, description="1: effective_from is the day a source attests, not a start"
    )
    creates: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")
    changes: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")
    statement: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")
    base: int | None = Field(
        None, sa_type=Big, description="the revision in force on its day when it was made"
    )


class Void(SQLModel, table=True):
    """Takes an act out of the fold: 误录 (error) or 撤销、推迟 (withdrawn)."""

    __tablename__ = "void"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    act: int = Field(
        sa_type=Big, unique=True, description="a void is never voided, an act never voided twice"
    )
    ground: str = Field(sa_type=Ascii, description="error, withdrawn")
    statement: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")


class Revision(SQLModel, table=True):
    """The state of a subject from a day on, as recorded at this seq."""

    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_state", "subject_id", "effective_from", "seq"),
        {"info": APPEND_ONLY},
    )
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    subject_id: str = Field(sa_type=Ascii, foreign_key="subject.id")
    effective_from: str = Field(sa_type=Ascii)
    status: str = Field(
        sa_type=Ascii, description="in_force, suspended, ended, unknown; not_yet after a voided start"
    )
    content: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")
    start_unknown: int = Field(default=0)
    cause: int = Field(
        sa_type=Big, description="seq of the decision or void of its publication that it comes from"
    )


class CodeRow(SQLModel, table=True):
    """From this day on the subject holds, or no longer holds, a code. Resolved as revisions are."""

    __tablename__ = "code"
    __table_args__ = (
        Index("ix_code_subject", "subject_id", "effective_from", "seq"),
        Index("ix_code_value", "value", "subject_id"),
        {"info": APPEND_ONLY},
    )
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    subject_id: str = Field(sa_type=Ascii, foreign_key="subject.id")
    scheme: str = Field(sa_type=Ascii)
    issuer: str = Field(sa_type=Ascii)
    value: str = Field(sa_type=Ascii)
    effective_from: str = Field(sa_type=Ascii)
    held: int
    cause: int = Field(sa_type=Big)


class Lineage(SQLModel, table=True):
    """What came from what: many to many, counted while its act is not voided."""

    __tablename__ = "lineage"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    act: int = Field(sa_type=Big, index=True)
    origin: str = Field(sa_type=Ascii, index=True)
    successor: str = Field(sa_type=Ascii, index=True)
    relation: str = Field(sa_type=Ascii)
    effective_from: str = Field(sa_type=Ascii)


class Redaction(SQLModel, table=True):
    """An order to replace content bytes: two people and a reason (its words by hash)."""

    __tablename__ = "redaction"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    content: str = Field(sa_type=Ascii, unique=True)
    statement: str | None = Field(default=None, sa_type=Ascii, foreign_key="content.hash")


# --- derived: written by publishing and by `verify --rebuild` alone, not hashed -------------------------------


class Interval(SQLModel, table=True):
    """The timeline as known now: a maximal interval in which revision content, status and codes stay."""

    __tablename__ = "timeline"
    __table_args__ = (
        Index("ix_timeline_kind", "kind", "subject_id", "valid_from"),
        Index("ix_timeline_authority", "authority", "subject_id", "valid_from"),
        Index("ix_timeline_region", "region", "subject_id", "valid_from"),
        Index("ix_timeline_name", "name", "kind"),
        # Partial on both databases by its migration; to say so for PostgreSQL here loads that dialect at each start.
        Index("ix_timeline_parent", "parent", sqlite_where=text("parent IS NOT NULL")),
        {"sqlite_with_rowid": False},
    )
    subject_id: str = Field(primary_key=True, sa_type=Ascii)
    valid_from: str = Field(primary_key=True, sa_type=Ascii)
    valid_to: str = Field(sa_type=Ascii)
    kind: str = Field(sa_type=Ascii)
    revision: int | None = Field(
        None, sa_type=Big, description="none in the unknown time before an attested start"
    )
    status: str = Field(sa_type=Ascii)
    content: str | None = Field(default=None, sa_type=Ascii)
    codes: str = Field(sa_type=Ascii, description="canonical JSON of the codes held in it")
    name: str | None = Field(default=None)
    type: str | None = Field(default=None, sa_type=Ascii)
    level: str | None = Field(default=None, sa_type=Ascii)
    authority: str | None = Field(default=None, sa_type=Ascii)
    region: str | None = Field(default=None, sa_type=Ascii)
    parent: str | None = Field(default=None, sa_type=Ascii)
    visibility: str = Field(default="public", sa_type=Ascii)


class CodeInterval(SQLModel, table=True):
    """Who holds a code from when to when, as known now."""

    __tablename__ = "code_interval"
    __table_args__ = (Index("ix_code_interval_value", "value", "valid_from"), {"sqlite_with_rowid": False})
    subject_id: str = Field(primary_key=True, sa_type=Ascii)
    scheme: str = Field(primary_key=True, sa_type=Ascii)
    issuer: str = Field(primary_key=True, sa_type=Ascii)
    value: str = Field(primary_key=True, sa_type=Ascii)
    valid_from: str = Field(primary_key=True, sa_type=Ascii)
    valid_to: str = Field(sa_type=Ascii)


class Link(SQLModel, table=True):
    """What a subject's content refers to, in which role, in each interval of its timeline."""

    __tablename__ = "link"
    __table_args__ = (Index("ix_link_target", "target", "role", "subject_id"), {"sqlite_with_rowid": False})
    subject_id: str = Field(primary_key=True, sa_type=Ascii)
    valid_from: str = Field(primary_key=True, sa_type=Ascii)
    role: str = Field(primary_key=True, sa_type=Ascii)
    target: str = Field(primary_key=True, sa_type=Ascii)
    locator: str = Field(default="", primary_key=True, description="article as written, element key")
    valid_to: str = Field(sa_type=Ascii)


class NamedFile(SQLModel, table=True):
    """A file that revisions of a subject name, whether or not they are in the timeline still."""

    __tablename__ = "named_file"
    __table_args__ = (
        Index("ix_named_file_digest", "digest", "visibility", "subject_id"),
        {"sqlite_with_rowid": False},
    )
    subject_id: str = Field(primary_key=True, sa_type=Ascii)
    digest: str = Field(primary_key=True, sa_type=Ascii)
    visibility: str = Field(
        primary_key=True, sa_type=Ascii, description="public, internal: what a revision naming it says"
    )


class DocumentFile(SQLModel, table=True):
    """A file that the document of a publication, or of the edition that it issued, is a scan of."""

    __tablename__ = "document_file"
    __table_args__ = {"sqlite_with_rowid": False}
    digest: str = Field(primary_key=True, sa_type=Ascii)
    publication: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
