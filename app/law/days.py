"""Days of documents, as contents and changesets hold them: YYYY-MM-DD, or the year or month alone where a source
says no more; with a question mark where it is not sure (“2018?”, as ISO 8601-2 writes an uncertain date). Asked of
what is said anew; what was published before stands as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.errors import Invalid
from app.saying import said
from app.versions.queries import parse_day

DAYS = {"document_date": "成文日期", "published_on": "发布日期", "effective_on": "施行日期"}
_PARTIAL = re.compile(r"(?!0000)[0-9]{4}(?:年|[-/.年](?:0?[1-9]|1[0-2])月?)?")
_DOUBT = ("?", "？")


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, or a year or a month of one, certain or not."""
    text = text[:-1] if text.endswith(_DOUBT) else text
    return bool(_PARTIAL.fullmatch(text)) or is_whole_day(text)


def is_whole_day(text: str) -> bool:
    """Whether it is one day of the calendar, such as an effect can begin on."""
    try:
        return parse_day(text) == text
    except Invalid:
        return False


def odd_days(content: Mapping[str, Any]) -> list[str]:
    """Fields of an instrument or a document whose words are no day."""
    return [name for name in DAYS if isinstance(content.get(name), str) and not is_day(content[name])]


def refuse_odd_days(content: Mapping[str, Any], inside: str = "") -> None:
    """Raises Invalid with the field, under ``inside``."""
    for name in odd_days(content):
        raise Invalid(
            said(
                "{1}“{2}”不是有效的日期，请写成 YYYY-MM-DD，例如 2026-09-28。",
                said(DAYS[name]),
                content[name][:40],
            ),
            code="bad-day",
            field=f"{inside}{name}",
        )


def newly_said(created: Mapping[str, Any] | None, changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What a decision itself says of an instrument's fields."""
    told = {one["path"]: one.get("value") for one in changes if one.get("op") == "set"}
    return {**(created or {}), **told}
