"""A form of a few fields beside what others have published since it was opened: nothing of either is undone in
silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode
from app.db import TOMBSTONE
from app.errors import Invalid
from app.web.office.doors.visiting import Posted

Join = Callable[[str, str, str], str]
"""(what the form was opened on, what it says, what stands now), as the form writes them -> both."""


def opened_on(connection: Connection, subject: str | None, stood: str) -> dict[str, Any] | None:
    """The content of this very subject that a form was opened on, by the hash it carries; None where it is none, or
    was redacted since."""
    row = connection.execute(
        text(
            "SELECT c.body FROM content c WHERE c.hash = :hash AND EXISTS"
            " (SELECT 1 FROM revision r WHERE r.subject_id = :subject AND r.content = c.hash)"
        ),
        {"hash": stood, "subject": subject},
    ).one_or_none()
    return decode(bytes(row[0])) if row and bytes(row[0]) != TOMBSTONE else None


def mine_or_theirs(then: str, mine: str, now: str) -> str:
    """What the form changed stays as it says; all else is as it stands."""
    return now if mine == then else mine


def rejoined(
    form: Posted,
    stands: str,
    then: Mapping[str, str],
    now: Mapping[str, str],
    words: Mapping[str, str],
    join: Join = mine_or_theirs,
    since: str = "您打开表单之后又有变更发布",
) -> tuple[Posted, str]:
    """(the form with what was published since it was opened, that in words).

    ``then``, ``now``: field -> what the form was opened on and what stands, as the form writes it; ``words``: what
    people call the fields; ``since``: what came between. Where nothing was published the form is as it came, and
    there are no words.
    """
    if "stands" not in form or form.get("stands") == stands:
        return form, ""
    made: dict[str, str] = {"stands": stands}
    both: list[str] = []
    for name in (one for one in now if one in form):
        mine = form.get(name).strip()
        if mine not in (then[name], now[name]) and now[name] != then[name]:
            both.append(words[name])
        made[name] = join(then[name], mine, now[name])
    theirs = [words[name] for name in now if now[name] != then[name]]
    said = f"{since}，改了{'、'.join(theirs)}。" if theirs else f"{since}。"
    said += "下面已经是现在的内容加上您的改动"
    said += f"；两边都改了的有：{'、'.join(both)}。" if both else "。"
    return Posted([(name, made.get(name, value)) for name, value in form.pairs]), said


def refuse_moved(said: str) -> None:
    """Raises Invalid where something was published meanwhile; ``said``: of ``rejoined``."""
    if said:
        raise Invalid(f"{said}请核对后再保存一次。", code="moved")
