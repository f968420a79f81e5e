"""Attached files by content hash: decision documents, blank and sample forms.

The bytes lie in the data directory under their SHA-256, the row says what they are. Content names files by
hash, so a file is versioned by the content that names it; nothing here is ever overwritten.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sqlmodel import Field, Session, SQLModel

from app import log
from app.db import Ascii, Big
from app.errors import Invalid, NotFound


class StoredFile(SQLModel, table=True):
    """What an attached file is."""

    __tablename__ = "stored_file"
    digest: str = Field(primary_key=True, sa_type=Ascii)
    name: str
    media_type: str = Field(sa_type=Ascii)
    size: int = Field(sa_type=Big)
    added_at: int = Field(sa_type=Big)


def place(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def store(
    session: Session, root: Path, name: str, media_type: str, body: bytes, max_bytes: int
) -> StoredFile:
    """Keep a file; the same bytes twice are one file. Raises Invalid where it is empty or too large."""
    if not body:
        raise Invalid("文件是空的，请重新选择。", code="empty-file")
    if len(body) > max_bytes:
        raise Invalid(f"文件超过 {max_bytes // 2**20} MB，请压缩或拆分后再上传。", code="file-too-large")
    digest = hashlib.sha256(body).hexdigest()
    known = session.get(StoredFile, digest)
    if known is not None:
        return known
    target = place(root, digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_suffix(f".{os.getpid()}.part")
    with half.open("wb") as stream:
        stream.write(body)
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(target)
    row = StoredFile(
        digest=digest, name=name, media_type=media_type, size=len(body), added_at=log.now_microseconds()
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, root: Path, digest: str) -> tuple[StoredFile, Path]:
    """Raises NotFound where the file is not known or its bytes are missing."""
    row = session.get(StoredFile, digest)
    path = place(root, digest)
    if row is None or not path.exists():
        raise NotFound("没有这份附件。", code="unknown-file")
    return row, path
