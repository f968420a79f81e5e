"""Attached files by content hash: decision documents, blank and sample forms.

The bytes lie in the data directory under their SHA-256, the row says what they are. Content names files by
hash, so a file is versioned by the content that names it; nothing here is ever overwritten. Who may read one follows
from what names it (``app.changes.file_reading``). What an order redacts
(``app.changes.redacting``) loses its bytes and its name; the hash stays.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from sqlalchemy import Connection, text
from sqlmodel import Field, Session, SQLModel

from app import log
from app.db import Ascii, Big, change, chunks, fetch, marks
from app.errors import Conflict, Gone, Invalid, NotFound

MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".txt": "text/plain",
}
"""What an attachment may be, by the end of its name. Nothing that a browser would run."""
_BEGINS = {
    "application/pdf": b"%PDF-",
    "application/msword": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "application/vnd.ms-excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}
_PACKED = (b"PK\x03\x04", b"PK\x05\x06")
HALF = ".part"
"""The end of a name that a file has while it is written."""
ACCEPTED = "可用的有 PDF、Word、Excel、图片（JPG、PNG）、ZIP 和文本"


class StoredFile(SQLModel, table=True):
    """What an attached file is."""

    __tablename__ = "stored_file"
    digest: str = Field(primary_key=True, sa_type=Ascii)
    name: str
    media_type: str = Field(sa_type=Ascii)
    size: int = Field(sa_type=Big)
    added_at: int = Field(sa_type=Big)


class FileUpload(SQLModel, table=True):
    """Who has brought a file: whoever has its bytes may read it. The same bytes may be brought by many."""

    __tablename__ = "file_upload"
    digest: str = Field(primary_key=True, sa_type=Ascii)
    account: int = Field(primary_key=True)
    at: int = Field(sa_type=Big)


def place(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def media_type_of(name: str) -> str:
    """What a file is by its name. Raises Invalid for what is not accepted."""
    suffix = Path(name).suffix.lower()
    found = MEDIA_TYPES.get(".jpg" if suffix == ".jpeg" else suffix)
    if found is None:
        raise Invalid(f"不接受“{name[-60:]}”这一类附件，{ACCEPTED}。", code="bad-media-type")
    return found


def _require_looks(media_type: str, body: bytes) -> None:
    """Raises Invalid where the bytes are not what they are said to be: a page or a program under another name."""
    if media_type not in MEDIA_TYPES.values():
        raise Invalid(f"不接受 {media_type} 类型的附件，{ACCEPTED}。", code="bad-media-type")
    if media_type == "text/plain":
        sound = b"\0" not in body
    else:
        sound = body.startswith(_BEGINS.get(media_type, _PACKED))
    if not sound:
        raise Invalid(
            "文件的内容和它的类型不符，没有存入；请用原来的软件另存一次再上传。", code="bad-media-type"
        )


def names_of(connection: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Digest -> the file's name, of those that are stored."""
    asked = sorted({one for one in digests if one})
    return {
        row[0]: row[1]
        for some in chunks(asked)
        for row in fetch(
            connection, f"SELECT digest, name FROM stored_file WHERE digest IN ({marks(some)})", tuple(some)
        )
    }


def store(
    session: Session,
    root: Path,
    name: str,
    media_type: str,
    body: bytes,
    max_bytes: int,
    by: int | None = None,
) -> StoredFile:
    """Keep a file; the same bytes twice are one file. ``by``: the account that brings it. Raises Invalid where it is
    empty, too large or not what it is said to be, Conflict where an order has redacted these bytes."""
    if not body:
        raise Invalid("文件是空的，请重新选择。", code="empty-file")
    if len(body) > max_bytes:
        raise Invalid(f"文件超过 {max_bytes // 2**20} MB，请压缩或拆分后再上传。", code="file-too-large")
    _require_looks(media_type, body)
    digest = hashlib.sha256(body).hexdigest()
    if is_redacted(session.connection(), digest):
        raise Conflict(f"这份文件（{digest}）已依令删改，不能再存入。", code="file-redacted")
    if by is not None:
        change(session.connection(), _BROUGHT, (digest, by, log.now_microseconds()))
    known = session.get(StoredFile, digest)
    if known is not None and place(root, digest).exists():  # else they were lost, and are here again
        return known
    write_whole(place(root, digest), body)
    row = (digest, name, media_type, len(body), log.now_microseconds())
    change(session.connection(), _ADD, row)  # another may just have added it
    return session.get_one(StoredFile, digest)


_BROUGHT = "INSERT INTO file_upload (digest, account, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_ADD = (
    "INSERT INTO stored_file (digest, name, media_type, size, added_at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)


def write_whole(target: Path, body: bytes) -> None:
    """Whole, and on the disk, before it has its name; several may be at it at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, suffix=HALF, delete=False) as half:
        try:
            half.write(body)
            half.flush()
            os.fsync(half.fileno())
            os.replace(half.name, target)
        except BaseException:
            Path(half.name).unlink(missing_ok=True)
            raise
    sync_folder(target.parent)
    sync_folder(target.parent.parent)


@contextmanager
def as_file(body: bytes, name: str) -> Iterator[Path]:
    """A body as a file while it is read: of this name, but never of another folder."""
    with TemporaryDirectory() as folder:
        last = Path(name.replace("\\", "/")).name.replace("\0", "")[-60:]
        path = Path(folder) / (last if last.strip(".") else "文件")
        path.write_bytes(body)
        yield path


def sync_folder(folder: Path) -> None:
    """What was just named in a folder is there after a power failure too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _digest_of(stream: BufferedReader) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()


def take_over(root: Path, source: Path) -> set[str]:
    """Move the files of another registry, which lie in ``source`` as they do here, to their places; their digests.
    What is not what it is named by stays out: nothing is ever served under a hash that is not its own."""
    found = set()
    for path in sorted(one for one in source.rglob("*") if one.is_file()):
        with path.open("rb") as stream:
            digest = _digest_of(stream)
            if digest != path.name:
                continue
            os.fsync(stream.fileno())
        target = place(root, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
        found.add(digest)
    for folder in {place(root, digest).parent for digest in found} | ({root} if found else set()):
        sync_folder(folder)
    return found


def missing(connection: Connection, held: set[str]) -> list[str]:
    """Digests of files that the registry names and that are not among those held, but for what orders redacted."""
    named = {row[0] for row in fetch(connection, "SELECT digest FROM stored_file")}
    return sorted(named - held - redacted(connection))


def find(session: Session, root: Path, digest: str) -> tuple[StoredFile, Path]:
    """Raises NotFound where the file is not known or its bytes are missing, Gone where an order redacted it."""
    row = session.get(StoredFile, digest)
    if row is not None and is_redacted(session.connection(), digest):
        raise Gone("这份附件已依令删改，不再提供；哈希仍可核验。", code="file-redacted")
    path = place(root, digest)
    if row is None or not path.exists():
        raise unknown()
    return row, path


def unknown() -> NotFound:
    """Of a file that is not there, and of one that whoever asks may not know of."""
    return NotFound("没有这份附件。", code="unknown-file")


def unsound(connection: Connection, root: Path) -> str | None:
    """The first stored file whose bytes are not those of its digest, or that has bytes though an order took them.
    Reads every file."""
    gone = redacted(connection)
    for (digest,) in fetch(connection, "SELECT digest FROM stored_file ORDER BY digest"):
        path = place(root, digest)
        if digest in gone:
            if path.exists():
                return f"附件 {digest}：已依令删改，文件却还在 {path}；请删除这个文件"
        elif not path.exists():
            return f"附件 {digest}：文件不在 {path}；请从备份中取回"
        else:
            with path.open("rb") as stream:
                if _digest_of(stream) != digest:
                    return f"附件 {digest}：{path} 的内容与哈希不符；请从备份中取回"
    return None


REDACTED_NAME = "依令删改"
_REDACTED = "SELECT f.digest FROM stored_file f JOIN redaction r ON r.content = f.digest"


def is_redacted(connection: Connection, digest: str) -> bool:
    """Whether an order has redacted the file."""
    return (
        connection.execute(text("SELECT 1 FROM redaction WHERE content = :d"), {"d": digest}).first()
        is not None
    )


def redacted_among(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Those of these files that an order has redacted."""
    return {
        row[0]
        for some in chunks(sorted(set(digests)))
        for row in fetch(
            connection, f"SELECT content FROM redaction WHERE content IN ({marks(some)})", tuple(some)
        )
    }


def forget_name(connection: Connection, digest: str) -> None:
    """The name may say what the bytes said."""
    asked = {"d": digest, "name": REDACTED_NAME}
    connection.execute(text("UPDATE stored_file SET name = :name WHERE digest = :d"), asked)


def redacted(connection: Connection) -> set[str]:
    """The digests of all files that orders have redacted."""
    return {row[0] for row in connection.execute(text(_REDACTED))}


def erase_redacted(connection: Connection, root: Path) -> list[str]:
    """Delete the bytes of redacted files, overwritten first; those that were still there. Called after the order is
    committed: killed in between, the file is not served, and the next call deletes it."""
    found = []
    for digest in sorted(redacted(connection)):
        path = place(root, digest)
        if not path.exists():
            continue
        erase(path)
        found.append(digest)
    return found


def erase(path: Path) -> None:
    """Delete a file, its bytes overwritten first."""
    with path.open("r+b") as stream:
        stream.write(bytes(path.stat().st_size))
        stream.flush()
        os.fsync(stream.fileno())
    path.unlink()
