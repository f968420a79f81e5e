"""Every check with its codes: what each is called, who may switch it off or have it hold up a change. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from app.checks import (
    citations,
    disclosures,
    fees,
    handling,
    in_force,
    limits,
    materials,
    phones,
    setters,
)
from app.checks.finding import Check, Checked, Finding, Severity
from app.errors import Invalid
from app.settings import Settings

TITLES = {
    "no-citation": "没有设定依据",
    "citation-without-article": "依据没有写到条",
    "citation-unlinked": "依据没有对应到文件",
    "article-not-there": "所引条款不存在",
    "basis-not-in-force": "依据已废止或还没有施行",
    "holder-ended": "实施机关已撤并",
    "setter-cannot-set": "依据的层级不能设定行政许可",
    "provisional-permit-over": "临时性行政许可已满一年",
    "promised-above-statutory": "承诺时限长于法定时限",
    "limit-units-differ": "法定与承诺时限单位不同",
    "limit-not-in-workdays": "时限不以工作日计",
    "days-unclear": "写“天”而不写“工作日”",
    "limit-note-differs": "时限数值与说明不一致",
    "answer-limit-differs": "常见问题与时限不一致",
    "vague-material": "材料名称笼统",
    "vague-condition": "受理条件笼统",
    "material-without-basis": "材料没有依据",
    "fee-not-told": "收费而没有收费项目",
    "fee-contradicts": "写明不收费而列有收费项目",
    "payment-without-fee": "不收费而支持网上支付",
    "fee-without-basis": "收费没有依据",
    "fee-without-standard": "收费没有标准",
    "bad-phone": "电话号码有误",
    "phone-without-area-code": "电话没有区号",
    "phone-dashes": "电话用了全角横线",
    "phones-alike": "咨询电话与监督电话相同",
    "handling-limit": "办件类型与时限不符",
    "not-disclosed": "应公布而没有公布",
    "online-without-address": "支持网办而没有网址",
}
"""Code of a finding -> its title."""
_OWN_TITLES: dict[tuple[str, str], str] = {
    ("no-citation", "error"): "行政许可没有设定依据",
    ("no-citation", "warning"): "行政许可以外的事项没有设定依据",
}
"""Of codes that are graver for some items than for others: what is found in each."""
SEVERITIES: dict[Severity, str] = {"error": "违反规定", "warning": "请核对", "note": "待完善"}
WEIGHTS: dict[Severity, int] = {"error": 10, "warning": 4, "note": 1}
"""What a code takes from an item's hundred points, once however often it is found."""
ALWAYS: tuple[Check, ...] = (
    in_force.basis_in_force,
    in_force.holder_stands,
    limits.promised_within_statutory,
)
"""Asked of every decision that lets an item carry on, also where the decision changes nothing of it."""


@dataclass(frozen=True)
class Rules:
    """The office's own: which codes are not looked for, which hold a change up, from when on."""

    off: frozenset[str] = frozenset()
    block: frozenset[str] = frozenset()
    provisional_months: int = 12
    vague: tuple[str, ...] = field(default=())

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        return (*self._of_citations, *ALWAYS, *self._others)

    @cached_property
    def besides(self) -> tuple[Check, ...]:
        """All but those that are always asked."""
        return (*self._of_citations, *self._others)

    @property
    def _of_citations(self) -> tuple[Check, ...]:
        return citations.no_citation, citations.exact_citations, citations.article_exists

    @property
    def _others(self) -> tuple[Check, ...]:
        return (
            setters.setter_may_set,
            setters.provisional(self.provisional_months),
            limits.units_alike,
            limits.in_working_days,
            limits.note_agrees,
            limits.answers_agree,
            materials.vague(self.vague),
            materials.vague_conditions,
            materials.material_basis,
            fees.fees_told,
            phones.dialable,
            phones.consult_is_not_complaint,
            handling.handling_fits_limit,
            disclosures.disclosed,
            disclosures.online_address,
        )

    def find(self, checked: Checked) -> list[Finding]:
        """All that the checks find in an item."""
        return [one for check in self.checks for one in check(checked) if one.code not in self.off]


STANDARD = Rules()


def title_of(code: str, severity: str | None = None) -> str:
    """What a finding is called; with its severity, apart from what weighs otherwise under the same code."""
    own = _OWN_TITLES.get((code, severity)) if severity else None
    return own or TITLES.get(code, code)


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings say. Raises Invalid for a code that there is not."""
    return Rules(
        off=frozenset(_codes(settings.checks_off)),
        block=frozenset(_codes(settings.checks_block)),
        provisional_months=settings.checks_provisional_months,
        vague=tuple(_words(settings.checks_vague)),
    )


def _words(text: str) -> Iterator[str]:
    yield from (word for part in text.split(",") if (word := part.strip()))


def _codes(text: str) -> Iterator[str]:
    for code in _words(text):
        if code not in TITLES:
            raise Invalid(f"没有“{code}”这项检查，可用的有：{'、'.join(TITLES)}。", code="unknown-check")
        yield code


def points(findings: list[tuple[str, Severity]]) -> int:
    """0 to 100 of an item: each code counts once, by the gravest of its findings."""
    worst: dict[str, int] = {}
    for code, severity in findings:
        worst[code] = max(worst.get(code, 0), WEIGHTS[severity])
    return max(0, 100 - sum(worst.values()))
