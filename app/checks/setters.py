"""Which instruments may set a permit: 行政许可法 第十四条 to 第十七条.

Laws may (14); where there is none, administrative regulations may, and the State Council by decision; where there
are none of these, local regulations may, and the rules of a provincial government for a time: after a year the
provincial people's congress makes a local regulation of it, or it ends (15). Rules may only say how a permit that
a higher instrument has set is carried out (16). Nothing else sets a permit (17).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from app.checks.finding import Check, Checked, Fact, Finding

MAY = ("law", "administrative_regulation", "state_council_decision", "local_regulation")
MAY_NOT = {
    "departmental_rule": "部门规章",
    "normative_document": "规范性文件",
    "judicial_interpretation": "司法解释",
}
PROVISIONAL = "local_government_rule"
PROVINCE = re.compile(r"(省|自治区|北京市|天津市|上海市|重庆市)(人民政府|政府)?$")
BELOW = re.compile(r"(市|州|盟|县|区|旗)(人民政府|政府)$")


def setter_may_set(checked: Checked) -> Iterator[Finding]:
    """At least one of the instruments that are said to set a permit may do so. Of an unknown rank nothing is said."""
    found = _setting(checked)
    if not found or any(law.rank in (*MAY, PROVISIONAL) and not _is_below(law) for _, law in found):
        return
    if any(law.rank not in MAY_NOT and law.rank != PROVISIONAL for _, law in found):
        return
    key, law = found[0]
    rank = MAY_NOT.get(law.rank or "", "省级以下政府规章")
    message = (
        f"设定依据只有{rank}《{law.name}》，它不能设定行政许可；请写明设定它的法律、行政法规、国务院决定或地方性法规，"
        f"把《{law.name}》改为实施依据；没有的应当取消或改变事项类型。"
    )
    source = "行政许可法 第十四条至第十七条"
    yield Finding("setter-cannot-set", "error", message, source, f"citations/{key}/role", _id(checked, key))


def provisional(months: int = 12) -> Check:
    """The check on provisional permits, with the months after which one has run out."""

    def provisional_permit(checked: Checked) -> Iterator[Finding]:
        found = _setting(checked)
        if not found or any(law.rank != PROVISIONAL or _is_below(law) for _, law in found):
            return
        for _, law in found:
            since = law.first or law.since
            if not since or since > _months_before(checked.day, months):
                return  # one of them is young, or its age is not known
        key, law = found[0]
        message = (
            f"由省级政府规章《{law.name}》设定的临时性行政许可自 {law.first or law.since} 起已满 {months} 个月；"
            "需要继续实施的应当已制定地方性法规，请改写依据，或取消这一事项。"
        )
        path = f"citations/{key}/instrument"
        yield Finding(
            "provisional-permit-over", "error", message, "行政许可法 第十五条", path, _id(checked, key)
        )

    return provisional_permit


def _setting(checked: Checked) -> list[tuple[str, Fact]]:
    """Key and instrument of every citation that sets a permit; none where any is not known here."""
    if not checked.is_permit:
        return []
    citations = [
        one for one in checked.item.get("citations") or () if one.get("role", "setting") == "setting"
    ]
    laws = [(one["key"], checked.law(one)) for one in citations]
    return [(key, law) for key, law in laws if law is not None] if all(law for _, law in laws) else []


def _is_below(law: Fact) -> bool:
    """Whether a local government's rule is known not to be a province's."""
    if law.rank != PROVISIONAL:
        return False
    issuer = law.wording().issuer.strip()
    return not PROVINCE.search(issuer) and BELOW.search(issuer) is not None


def _id(checked: Checked, key: str) -> str | None:
    return next((checked.instrument(one) for one in checked.item["citations"] if one["key"] == key), None)


def _months_before(day: str, months: int) -> str:
    date = dt.date.fromisoformat(day)
    count = date.year * 12 + date.month - 1 - months
    year, month = divmod(count, 12)
    last = (dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(date.day, last)).isoformat()
