"""Editions and the keys they are signed with (published rows), and what is prepared but not issued (ordinary rows)."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import APPEND_ONLY, Ascii, Big


class SigningKey(SQLModel, table=True):
    """A public key, from the entry on that first used it or put it in the place of another."""

    __tablename__ = "signing_key"
    __table_args__ = {"info": APPEND_ONLY}
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    id: str = Field(unique=True, sa_type=Ascii, description="SHA-256 of the raw public key, hexadecimal")
    public: str = Field(sa_type=Ascii, description="Ed25519, raw, hexadecimal")
    endorsed_by: str | None = Field(
        default=None,
        sa_type=Ascii,
        description="the key before, which signed this one; none: the first, or lost",
    )
    endorsement: str | None = Field(default=None, sa_type=Ascii, description="its signature, hexadecimal")


class Edition(SQLModel, table=True):
    """A list as issued. ``content`` is the list by hash, which names its rows by hash."""

    __tablename__ = "edition"
    __table_args__ = (UniqueConstraint("kind", "owner", "number"), {"info": APPEND_ONLY})
    seq: int = Field(primary_key=True, sa_type=Big, sa_column_kwargs={"autoincrement": False})
    publication: int = Field(sa_type=Big)
    id: str = Field(unique=True, sa_type=Ascii)
    kind: str = Field(sa_type=Ascii, description="power, duty, negative, service")
    owner: str = Field(sa_type=Ascii, description="id of the authority or region")
    on_day: str = Field(sa_type=Ascii)
    number: int = Field(description="counts the editions of this kind and owner, from 1")
    content: str = Field(sa_type=Ascii, foreign_key="content.hash")
    statement: str = Field(sa_type=Ascii, foreign_key="content.hash", description="title and document")
    previous: str | None = Field(default=None, sa_type=Ascii, description="id of the edition before")
    key: str = Field(sa_type=Ascii, description="id of the signing key")
    signature: str = Field(sa_type=Ascii, description="Ed25519 over composing.signed(...), hexadecimal")


class EditionDraft(SQLModel, table=True):
    """An edition on its way: prepared, approved, returned, withdrawn, issued."""

    __tablename__ = "edition_draft"
    id: str = Field(primary_key=True, sa_type=Ascii)
    state: str = Field(sa_type=Ascii, index=True)
    kind: str = Field(sa_type=Ascii)
    owner: str = Field(sa_type=Ascii)
    on_day: str = Field(sa_type=Ascii)
    content: str = Field(sa_type=Ascii)
    head: str = Field(description="canonical JSON: title, document")
    author: int
    reviewer: int | None = None
    approved: str | None = Field(default=None, sa_type=Ascii, description="the hash that was approved")
    note: str | None = Field(default=None, description="why it was returned or withdrawn")
    created_at: int = Field(sa_type=Big)
    updated_at: int = Field(sa_type=Big)


class EditionRow(SQLModel, table=True):
    """Which item and content a row of a list was drawn from: for redaction, and to hide what is no longer public.
    An index beside the rows, which say the same."""

    __tablename__ = "edition_row"
    hash: str = Field(primary_key=True, sa_type=Ascii, description="of the row")
    item: str = Field(sa_type=Ascii, index=True)
    source: str = Field(sa_type=Ascii, index=True)
