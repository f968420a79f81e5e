"""What a row says of what is owed after the decision: 承接期限 of each receiver, 后续责任 with who does it and by when.

A term is a day, or so many working days from 施行日期 on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.exchange.worksheet_cells import Cells, Faulty, plain_day
from app.exchange.worksheet_names import Names

_WORKING_DAYS = re.compile(r"(\d{1,4})个?工作日(?:内|以内)?", re.ASCII)
_PARTED = re.compile(r"[｜|]")
_NAMED = re.compile(r"[：:]")

Made = dict[str, Any]


def owed(cells: Cells, names: Names) -> Made:
    """``duties`` and ``authorised_by`` of a decision, as far as the row says any. Raises Faulty."""
    made: Made = {}
    if cells["duties"]:
        made["duties"] = [_duty(one, names) for one in cells["duties"].split("\n") if one.strip()]
    if cells["allowed"]:
        made["authorised_by"] = cells["allowed"]
    return made


def _duty(written: str, names: Names) -> Made:
    """做什么｜责任机关（空：没有写明）｜期限（空：没有写明）."""
    what, owner, term, *more = [*(part.strip() for part in _PARTED.split(written)), "", ""][:4]
    if not what or any(more):
        raise Faulty("duties", "bad-duty", f"“{written[:30]}”看不懂，请每行写一件：做什么｜责任机关｜期限")
    made: Made = {"what": what}
    if owner:
        organ = names.organ(owner)
        if organ is None:
            raise Faulty(
                "duties", "unknown-authority", f"登记簿中没有唯一的机关“{owner[:40]}”，请写全称、编码或编号"
            )
        made["owner"] = organ.id
    return made | (_term("duties", term) if term else {})


def _term(column: str, written: str) -> Made:
    if found := _WORKING_DAYS.fullmatch("".join(written.split())):
        return {"working_days": int(found[1])}
    if day := plain_day(written):
        return {"due": day}
    raise Faulty(column, "bad-term", f"期限“{written[:20]}”看不懂，请写成“20个工作日”或 2027-03-01")


def with_terms(receivers: list[Made], cells: Cells, names: Names) -> list[Made]:
    """The receivers with their terms: one for all, or one a line as 承接方：期限. Raises Faulty."""
    lines = [one.strip() for one in cells["within"].split("\n") if one.strip()]
    if len(lines) == 1 and not _NAMED.search(lines[0]):
        return [one | _term("within", lines[0]) for one in receivers]
    terms = dict(_one_term(line, receivers, names) for line in lines)
    return [one | terms.get(place, {}) for place, one in enumerate(receivers)]


def _one_term(line: str, receivers: list[Made], names: Names) -> tuple[int, Made]:
    name, term = [part.strip() for part in [*_NAMED.split(line, maxsplit=1), ""][:2]]
    meant = names.receiver(name) or {"words": name}
    if meant not in receivers:
        raise Faulty("within", "not-a-receiver", f"“{name[:30]}”没有列在承接方里；请每行写“承接方：期限”")
    return receivers.index(meant), _term("within", term)


# --- the other way round -----------------------------------------------------------------------------------------


def owed_cells(body: Mapping[str, Any], names: Names) -> Cells:
    """后续责任 and 上级依据 as they are written out."""
    told = []
    for one in body.get("duties", ()):
        owner = names.words(one["owner"]) if one.get("owner") else ""
        told.append("｜".join([one["what"], owner, _term_words(one)]).rstrip("｜"))
    return {"duties": "\n".join(told), "allowed": body.get("authorised_by") or ""}


def within_of(body: Mapping[str, Any], names: Names) -> str:
    """承接期限 as it is written out: once where all have the same."""
    receivers = body.get("receivers", ())
    terms = [_term_words(one) for one in receivers]
    if len(set(terms)) <= 1:
        return terms[0] if terms else ""
    return "\n".join(
        f"{names.receiver_words(one)}：{term}" for one, term in zip(receivers, terms, strict=True) if term
    )


def _term_words(one: Mapping[str, Any]) -> str:
    if one.get("due"):
        return str(one["due"])
    return f"{one['working_days']}个工作日" if one.get("working_days") is not None else ""
