"""What a command meets that is no fault of ours, told in one line: settings, files, a database that is away."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from app.db import is_away
from app.errors import RegistryError
from app.settings import Settings
from app.unwritable import unwritable
from app.wording import reason
from search.engine import EngineError

_FILES = {
    errno.ENOENT: "没有这个文件或文件夹，请检查路径",
    errno.EEXIST: "已经存在，而且不是文件夹，请换一个路径",
    errno.ENOTDIR: "路径中有一段是文件，不是文件夹，请检查路径",
    errno.EISDIR: "是文件夹，应为文件",
    errno.EACCES: "没有权限，请检查权限",
    errno.EPERM: "没有权限，请检查权限",
    errno.EROFS: "所在的磁盘只读，请换一个路径",
    errno.ENOSPC: "磁盘已满，请腾出空间后再试",
}
_NO_DATABASE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def refusal(error: Exception) -> tuple[str, str] | None:
    """(a sentence, its code); None for what nobody foresaw."""
    if isinstance(error, RegistryError):
        return error.message, error.code
    if isinstance(error, EngineError):
        return f"检索引擎不可用：{error}", "search-away"
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        return "；".join(_setting(one) for one in error.errors()), "bad-setting"
    if isinstance(error, OSError):
        words = _FILES.get(error.errno or 0, error.strerror or str(error))
        return (f"{error.filename} {words}" if error.filename else words), "file-error"
    if isinstance(error, DBAPIError):
        if told := unwritable(error):
            return told.message, told.code
        return _database(error.orig)
    return None


def _setting(error: Any) -> str:
    return f"设置 QINGDAN_{'_'.join(map(str, error['loc'])).upper()}：{reason(error)}"


def _database(error: BaseException | None) -> tuple[str, str] | None:
    if getattr(error, "sqlite_errorcode", 0) in _NO_DATABASE:
        return "数据目录里的 qingdan.db 不是数据库，或已经损坏，请从备份恢复", "database-damaged"
    if not is_away(error):
        return None
    first = (str(error).strip().splitlines() or [""])[0]
    return (
        f"数据库没有应答（{first}），请检查 QINGDAN_DATABASE_URL、QINGDAN_DATA_DIR 和数据库服务器",
        "database-away",
    )
