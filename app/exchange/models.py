"""What imports remember: which subject a source's own key stands for, and which runs were begun and ended."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from app.db import Ascii, Big


class SourceKey(SQLModel, table=True):
    """A source's own key for a subject. ``owned`` 0: matched to one that another source brought."""

    __tablename__ = "source_key"
    source: str = Field(primary_key=True, sa_type=Ascii)
    kind: str = Field(primary_key=True, sa_type=Ascii)
    ref: str = Field(primary_key=True, sa_type=Ascii)
    subject_id: str = Field(sa_type=Ascii, index=True)
    owned: int = 1


class SourceSeen(SQLModel, table=True):
    """A record that a source has given before, by digest: given again, it changes nothing, even where the
    registry has been corrected since."""

    __tablename__ = "source_seen"
    source: str = Field(primary_key=True, sa_type=Ascii)
    kind: str = Field(primary_key=True, sa_type=Ascii)
    ref: str = Field(primary_key=True, sa_type=Ascii)
    digest: str = Field(primary_key=True, sa_type=Ascii)


class ImportRun(SQLModel, table=True):
    """A run over one file. Until an initial one ends, the registry says that it is incomplete."""

    __tablename__ = "import_run"
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(index=True, sa_type=Ascii, description="SHA-256 of the file")
    mapping: str = Field(sa_type=Ascii)
    name: str = Field(description="the file's name, for people")
    mode: str = Field(sa_type=Ascii, description="initial, draft, seed")
    state: str = Field(default="running", sa_type=Ascii, description="running, ended, superseded, refused")
    records: int = 0
    started_at: int = Field(sa_type=Big)
    ended_at: int | None = Field(default=None, sa_type=Big)
    changesets: str = Field(
        default="",
        sa_type=Ascii,
        description="drafts or, of an initial one, publications",
    )
