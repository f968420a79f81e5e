"""Time limits: the promise within the law, in working days, and the number as its note says.

Sources: 行政许可法 第四十二条 (20 days unless a law says otherwise, and the organ's own shorter promise),
第八十二条 (limits count 工作日); ZWFW C0109.2-2018 (limit, unit and note of one limit).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.checks.finding import Checked, Finding, handled
from app.checks.numerals import NUMBER, number
from app.items.field_words import limit_words

TITLES = {"statutory_limit": "法定", "promised_limit": "承诺"}
WORKDAYS = "行政许可法 第八十二条"
ONE_FACT = "ZWFW C0109.2—2018 法定、承诺办结时限及说明"
_AMOUNT = re.compile(
    r"(?<!延长)(?<!延长至)(?<!\d)(?<![一二三四五六七八九十百])"  # an extension is not the limit
    rf"({NUMBER})\s*个?\s*(?:工作日|自然日|日|天)(?![期用])"
)
_DATES = re.compile(r"\d{1,4}\s*年|\d{1,2}\s*月\s*\d{1,2}\s*[日号]")
_DAYS = re.compile(rf"({NUMBER})\s*个?\s*天(?!然)")
_ASKS_HOW_LONG = re.compile(r"几日|几天|多久|多长时间|多少(个)?(工作)?[日天]|办结时限|办理时限|期限")


def promised_within_statutory(checked: Checked) -> Iterator[Finding]:
    """A promised limit is no longer than the statutory one, of a way of handling the item's where it has none of its
    own; other units are not compared."""
    for prefix, holder in handled(checked.item):
        own, promised = _limits(holder)
        statutory = own or checked.item.get("statutory_limit") or {}
        if is_longer(promised, statutory):
            message = (
                f"承诺时限（{limit_words(promised)}）长于法定时限（{limit_words(statutory)}），"
                "承诺时限不得超过法定时限，请改正。"
            )
            path = f"{prefix}promised_limit/value"
            yield Finding("promised-above-statutory", "error", message, "行政许可法 第四十二条", path)


def is_longer(promised: Mapping[str, Any], statutory: Mapping[str, Any]) -> bool:
    if promised.get("value") is None or promised.get("unit") in (None, "immediate"):
        return False
    if statutory.get("unit") == "immediate":
        return bool(promised["value"] > 0)
    if statutory.get("value") is None or statutory.get("unit") != promised["unit"]:
        return False
    return bool(promised["value"] > statutory["value"])


def units_alike(checked: Checked) -> Iterator[Finding]:
    """Two limits in different units cannot be compared."""
    for prefix, holder in handled(checked.item):
        statutory, promised = _limits(holder)
        units = [statutory.get("unit"), promised.get("unit")]
        if None in units or "immediate" in units or units[0] == units[1]:
            continue
        message = "法定与承诺时限单位不同，无法比较，请统一为工作日。"
        source = WORKDAYS if checked.is_permit else ONE_FACT
        yield Finding("limit-units-differ", "note", message, source, f"{prefix}promised_limit/unit")


def in_working_days(checked: Checked) -> Iterator[Finding]:
    """Limits of permits count working days; 天 does not say which days are meant."""
    for prefix, holder in handled(checked.item):
        for name, title in TITLES.items():
            limit = holder.get(name) or {}
            path = f"{prefix}{name}"
            if limit.get("unit") == "day" and checked.is_permit:
                message = f"{title}时限以自然日计；行政许可的期限以工作日计算，请核对后改为工作日。"
                yield Finding("limit-not-in-workdays", "warning", message, WORKDAYS, f"{path}/unit")
            if found := _DAYS.search(limit.get("note") or ""):
                message = f"{title}时限的说明写“{found[0]}”，没有说是工作日还是自然日，请写明“工作日”。"
                source = WORKDAYS if checked.is_permit else ONE_FACT
                yield Finding("days-unclear", "note", message, source, f"{path}/note")


def note_agrees(checked: Checked) -> Iterator[Finding]:
    """The days that a limit's note names are the limit's."""
    for prefix, holder in handled(checked.item):
        for name, title in TITLES.items():
            limit = holder.get(name) or {}
            if limit.get("value") is None or not limit.get("note"):
                continue
            named = amounts(limit["note"][:500])
            if named and limit["value"] not in named:
                message = f"{title}时限为{limit_words(limit)}，说明却写“{limit['note'][:40]}”，请核对哪个对。"
                yield Finding("limit-note-differs", "warning", message, ONE_FACT, f"{prefix}{name}/value")


def answers_agree(checked: Checked) -> Iterator[Finding]:
    """An answer to how long it takes names one of the limits."""
    limits = [limit for limit in _limits(checked.item) if limit.get("value") is not None]
    if not limits:
        return
    values = {limit["value"] for limit in limits}
    for one in checked.item.get("questions") or ():
        asked, answer = one.get("question") or "", one.get("answer") or ""
        if not _ASKS_HOW_LONG.search(asked) or len(answer) > 60:
            continue  # a long answer is about more than the limit
        named = amounts(answer)
        if named and not values & set(named):
            message = (
                f"常见问题“{asked[:30]}”答“{answer[:30]}”，与法定、承诺时限"
                f"（{'、'.join(map(str, sorted(values)))}）都不符，请核对。"
            )
            yield Finding(
                "answer-limit-differs", "warning", message, ONE_FACT, f"questions/{one['key']}/answer"
            )


@lru_cache(maxsize=50_000)
def amounts(text: str) -> tuple[int, ...]:
    """The numbers of days that a text names; days of a date are none."""
    return tuple(number(one) for one in _AMOUNT.findall(_DATES.sub("", text)))


def _limits(holder: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return holder.get("statutory_limit") or {}, holder.get("promised_limit") or {}
