"""Filled workbooks that came back with something wrong in them: laid aside with it until the marked copy is taken.

By account and fingerprint under the data directory, so that any process of this machine finds them. After a day they
go, and of one account the oldest where there are more than a few.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import orjson

from app.canonical import digest
from app.errors import Invalid, NotFound
from app.exchange.quoting import holds
from app.exchange.rows import Refused
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import WORKSHEET, CellProblem, Look, write_marked
from app.files import erase, write_whole

KEPT_SECONDS = 24 * 3600
MOST = 4
"""Of one account; each is as large as an upload may be."""
WRONG = ".json"
"""The end of the file that says what is wrong; the workbook lies beside it."""


def lay_aside(root: Path, account: int, place: str, body: bytes, problems: Iterable[CellProblem]) -> str:
    """A workbook and what is wrong in it; under what it is found again. ``place``: where it was brought to."""
    key = digest(place.encode() + b"\n" + body)
    own = root / str(account)
    write_whole(own / f"{key}.xlsx", body)
    told = orjson.dumps([asdict(one) for one in problems])
    write_whole(own / f"{key}{WRONG}", told)  # the last: without it nothing lies there
    _drop_old(root, own)
    return key


def marked(root: Path, account: int, key: str, look: Look = WORKSHEET) -> bytes:
    """The workbook as it came, with what is wrong written into it. Raises NotFound: of another account, or gone."""
    book, wrong = root / str(account) / f"{key}.xlsx", root / str(account) / f"{key}{WRONG}"
    try:
        if not (key.isalnum() and key.isascii()):
            raise FileNotFoundError(key)
        problems = [CellProblem(**one) for one in orjson.loads(wrong.read_bytes())]
        return write_marked(every_sheet(book), problems, look)
    except FileNotFoundError:
        raise NotFound("标注的文件已经不在了，请把表格再导入一次。", code="marked-gone") from None
    except Refused as refused:
        raise Invalid(f"{refused.problem.message}。", code=refused.problem.code) from None


def forget(root: Path, quoted: Callable[[str], bool]) -> int:
    """Delete what holds redacted words: a workbook, what is wrong in it or what it came to; overwritten first. How many
    were deleted."""
    gone = [one for one in root.glob("*/*") if one.is_file() and holds(one, quoted)]
    for one in {other for some in gone for other in some.parent.glob(f"{some.stem}.*")}:
        erase(one)
    return len({one.stem for one in gone})


def _drop_old(root: Path, own: Path) -> None:
    """What is over the age, of everybody; what is over the number, of one."""
    since = time.time() - KEPT_SECONDS
    mine = sorted(own.glob(f"*{WRONG}"), key=_changed, reverse=True)[MOST:]
    old = [one for one in root.glob("*/*") if _changed(one) < since]
    for one in [*mine, *(wrong.with_suffix(".xlsx") for wrong in mine), *old]:
        one.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process drops too
        return time.time()
