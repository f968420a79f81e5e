"""Nothing more can be written where the registry keeps things: the disk is full, or may only be read."""

from __future__ import annotations

import errno
import logging
import sqlite3
import time

from app.errors import Unavailable
from app.saying import said

logger = logging.getLogger(__name__)

_FULL, _READ_ONLY = "storage-full", "storage-read-only"
_SQLITE = {sqlite3.SQLITE_FULL: _FULL, sqlite3.SQLITE_READONLY: _READ_ONLY}
_SERVER = {"53100": _FULL, "25006": _READ_ONLY}
"""SQLSTATEs: disk_full; read_only_sql_transaction, which a standby says of every write."""
_FILES = {errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _READ_ONLY}
RETRY_AFTER = 60
SAID_AGAIN_AFTER = 600.0
"""Seconds: every request meets it, and whoever mends it reads it once."""
_said: dict[str, float] = {}


def unwritable(error: BaseException) -> Unavailable | None:
    """The refusal where this is what the database or the file system says; None for every other error."""
    code = _code(getattr(error, "orig", None) or error)
    if code == _FULL:
        return Unavailable(
            said("存放数据的磁盘已满，没有保存；请腾出空间后再试，已有的数据没有受影响。"),
            code="storage-full",
            retry_after=RETRY_AFTER,
        )
    if code == _READ_ONLY:
        return Unavailable(
            said(
                "存放数据的地方现在只能读取（磁盘只读、没有写入权限，或数据库是备库），没有保存；请恢复写入后再试。"
            ),
            code="storage-read-only",
            retry_after=RETRY_AFTER,
        )
    return None


def _code(error: BaseException) -> str | None:
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(error, OSError):
        return _FILES.get(error.errno or 0)
    return _SERVER.get(getattr(error, "sqlstate", None) or "")


def note(refusal: Unavailable, error: BaseException) -> None:
    """Once in the log, with what the database or the file system said, and none again for a while."""
    now = time.monotonic()
    if now - _said.get(refusal.code, -SAID_AGAIN_AFTER) >= SAID_AGAIN_AFTER:
        _said[refusal.code] = now
        # A reader's connection says read-only of what should not have been written there: the traceback tells which.
        told = error if refusal.code == _READ_ONLY else None
        logger.error("%s: %s", refusal.code, getattr(error, "orig", None) or error, exc_info=told)
