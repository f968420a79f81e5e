"""办件类型 against the limit: what is done at once is promised at once.

Source: the Wenzhou checker (承诺 即办 ⇔ 即办件, 即审即办; otherwise 承诺件, 前审后批); GB/T 39046-2020 A.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.checks.finding import Checked, Finding
from app.items.field_words import limit_words

AT_ONCE, PROMISED = "1", "2"
SOURCE = "GB/T 39046-2020 A.6"


def handling_fits_limit(checked: Checked) -> Iterator[Finding]:
    handling, promised = checked.item.get("handling"), checked.item.get("promised_limit") or {}
    if handling == AT_ONCE and _takes_days(promised):
        message = f"办件类型为即办件，承诺时限却是{limit_words(promised)}，请改为即办，或改办件类型。"
        yield Finding("handling-limit", "warning", message, SOURCE, "handling")
    if handling == PROMISED and promised.get("unit") == "immediate":
        message = "承诺时限为即办，办件类型却是承诺件，请改为即办件。"
        yield Finding("handling-limit", "warning", message, SOURCE, "handling")


def _takes_days(limit: Mapping[str, Any]) -> bool:
    """A day's work or more; 即办件 with a limit of one working day is how portals write "the same day"."""
    return limit.get("unit") in ("workday", "day", "month", "year") and (limit.get("value") or 0) > 1
