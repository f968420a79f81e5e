"""Reports of the public: ordinary rows, not published ones; they may be answered and deleted."""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from app.db import Ascii, Big


class Feedback(SQLModel, table=True):
    """A report without an account. ``number`` is all that its writer has to follow it."""

    __tablename__ = "feedback"
    number: str = Field(primary_key=True, sa_type=Ascii)
    item: str | None = Field(default=None, sa_type=Ascii, index=True, description="registry id")
    kind: str = Field(sa_type=Ascii, description="wrong, unlisted, other")
    words: str
    contact: str | None = Field(default=None, description="private: how to reach the writer")
    origin: str = Field(
        sa_type=Ascii,
        description="private: stands for the address, under a secret nobody keeps; for counting alone",
    )
    created_at: int = Field(sa_type=Big, index=True)
    state: str = Field(default="received", sa_type=Ascii, description="received, answered, dismissed")
    answer: str | None = None
    answered_at: int | None = Field(default=None, sa_type=Big)
