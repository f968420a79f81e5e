"""Each check has a case that fires and one that does not."""

from __future__ import annotations

import inspect
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from exchange_cases import real_data

from app.checks import citations
from app.checks.catalogue import STANDARD, TITLES, Rules, points, rules_of, title_of
from app.checks.finding import Checked, Fact, Wording
from app.checks.numerals import articles, number
from app.errors import Invalid
from app.exchange.reading import read_records
from app.settings import Settings

DAY = "2026-09-28"
LONG = Wording("全国人民代表大会常务委员会", frozenset(range(1, 84)), True)
FACTS = {
    "law": Fact("行政许可法", "in_force", rank="law", wording=lambda: LONG),
    "partly": Fact("节选的法", "in_force", rank="law", wording=lambda: Wording("", frozenset({3, 33}))),
    "repealed": Fact("旧办法", "ended", rank="law", since="2020-01-01"),
    "planned": Fact("新办法", None),
    "unknown": Fact("某法", "unknown", rank="law"),
    "rule": Fact("部门办法", "in_force", rank="departmental_rule"),
    "paper": Fact("一份通知", "in_force", rank="normative_document"),
    "province-old": Fact(
        "省办法",
        "in_force",
        rank="local_government_rule",
        first="2020-01-01",
        wording=lambda: Wording("四川省人民政府"),
    ),
    "province-new": Fact("省新办法", "in_force", rank="local_government_rule", first="2026-03-01"),
    "city": Fact(
        "市办法", "in_force", rank="local_government_rule", wording=lambda: Wording("广安市人民政府")
    ),
    "organ": Fact("区水务局", "in_force"),
    "gone": Fact("旧水利局", "ended"),
}


def cites(*instruments: str, article: str = "第三条", role: str = "setting") -> dict[str, Any]:
    return {
        "citations": [
            {"key": one, "role": role, "instrument": one, "article": article} for one in instruments
        ]
    }


def limit(statutory: Any = None, promised: Any = None, unit: str = "workday", **note: str) -> dict[str, Any]:
    made = {}
    for name, value in (("statutory_limit", statutory), ("promised_limit", promised)):
        if value is not None:
            made[name] = {"value": value, "unit": unit} | note
    return made


WHOLE = {
    "name": "取水许可",
    "type": "01",
    "authority": "organ",
    "conditions": "有取水口",
    "materials": [{"key": "m", "name": "申请书", "basis": "《条例》第十条"}],
    "steps": [{"key": "s", "name": "受理"}],
    "charged": False,
    "consult_phone": "0826-2222333",
    "complaint_phone": "0826-12345",
    "handling": "2",
    **limit(20, 5),
    **cites("law"),
}
"""An item without a fault."""


def material(name: str, **more: Any) -> dict[str, Any]:
    return {"materials": [{"key": "m", "name": name, "basis": "《条例》", **more}]}


def fee(**more: Any) -> dict[str, Any]:
    return {"charged": True, "fees": [{"key": "f", "name": "工本费", **more}]}


def asked(question: str, answer: str) -> dict[str, Any]:
    return {"questions": [{"key": "q", "question": question, "answer": answer}]}


def titled(title: str, article: str = "第三条") -> dict[str, Any]:
    """Cited by its title alone, as files do."""
    return {"citations": [{"key": "c", "title": title, "article": article}]}


def ways(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": f"情形{key}", **more}


NAMED = {"行政许可法": "law", "中华人民共和国行政许可法": "law", "旧办法": "repealed", "部门办法": "rule"}


FIRES = [
    ("no-citation", {"citations": []}, "citations"),
    ("no-citation", cites("law", role="supervising"), "citations"),
    ("citation-without-article", cites("law", article=""), "citations/law/article"),
    ("basis-not-in-force", titled("旧办法"), "citations/c/instrument"),
    ("article-not-there", titled("中华人民共和国行政许可法", "第九十九条"), "citations/c/article"),
    ("setter-cannot-set", titled("《部门办法》"), "citations/c/role"),
    ("citation-unlinked", titled("行政许可法"), "citations/c/instrument"),
    ("citation-unlinked", {"citations": [{"key": "c", "title": "某法", "article": "第3条"}]}, "citations/c/instrument"),
    ("article-not-there", cites("law", article="第九十九条第二款"), "citations/law/article"),
    ("basis-not-in-force", cites("repealed"), "citations/repealed/instrument"),
    ("basis-not-in-force", cites("planned"), "citations/planned/instrument"),
    ("holder-ended", {"authority": "gone"}, "authority"),
    ("setter-cannot-set", cites("rule"), "citations/rule/role"),
    ("setter-cannot-set", cites("paper", "rule"), "citations/paper/role"),
    ("setter-cannot-set", cites("city"), "citations/city/role"),
    ("provisional-permit-over", cites("province-old"), "citations/province-old/instrument"),
    ("promised-above-statutory", limit(5, 6), "promised_limit/value"),
    (
        "promised-above-statutory",
        {"variants": [{"key": "v", "name": "变更", **limit(5, 6)}]},
        "variants/v/promised_limit/value",
    ),
    (
        "promised-above-statutory",  # a way of handling the item has the item's statutory limit
        {**limit(5, 5), "variants": [{"key": "v", "name": "变更", **limit(promised=6)}]},
        "variants/v/promised_limit/value",
    ),
    ("limit-units-differ", limit(20) | {"promised_limit": {"value": 3, "unit": "hour"}}, "promised_limit/unit"),
    ("limit-not-in-workdays", limit(20, 5, unit="day"), "statutory_limit/unit"),
    ("days-unclear", limit(20, 5, note="受理后 20 天内"), "statutory_limit/note"),
    ("limit-note-differs", limit(66, 6, note="受理之日起20个工作日。"), "statutory_limit/value"),
    ("answer-limit-differs", asked("几日内办结", "10日内"), "questions/q/answer"),
    ("vague-material", material("申请变更纳税定额的相关证明材料"), "materials/m/name"),
    ("vague-material", material("其他材料"), "materials/m/name"),
    ("vague-material", material("相关资质证明或机构编制及经费来源情况的文件"), "materials/m/name"),
    ("vague-material", material("其他有关证件"), "materials/m/name"),
    ("vague-condition", {"conditions": "符合以上条件"}, "conditions"),
    ("material-without-basis", {"materials": [{"key": "m", "name": "申请书"}]}, "materials/m/basis"),
    ("fee-not-told", {"charged": True}, "fees"),
    ("fee-contradicts", fee() | {"charged": False}, "charged"),
    ("payment-without-fee", {"online_payment": True}, "online_payment"),
    ("fee-without-basis", fee(standard="10 元"), "fees/f/basis"),
    ("fee-without-standard", fee(basis="《条例》"), "fees/f/standard"),
    ("bad-phone", {"consult_phone": "029-869123456"}, "consult_phone"),
    ("bad-phone", {"windows": [{"key": "w", "phone": "暂无"}]}, "windows/w/phone"),
    ("phone-without-area-code", {"consult_phone": "2222333"}, "consult_phone"),
    ("phone-dashes", {"consult_phone": "0777—6428820"}, "consult_phone"),
    (
        "phone-dashes",
        {"special_procedures": [{"key": "p", "name": "机构评审", "phone": "0777—6428820"}]},
        "special_procedures/p/phone",
    ),
    ("phones-alike", {"complaint_phone": "0826-2222333"}, "complaint_phone"),
    ("handling-limit", {"handling": "1"}, "handling"),
    ("handling-limit", {"promised_limit": {"unit": "immediate"}}, "handling"),
    ("not-disclosed", {"conditions": None, "steps": None}, "conditions"),
    (
        "not-disclosed",  # one way of handling it says its materials, the other does not
        {"materials": None, "variants": [ways("v", materials=[]), ways("w")]},
        "materials",
    ),
    ("online-without-address", {"online": True, "online_address": "无"}, "online_address"),
]  # fmt: skip
STILL = [
    {},
    {"type": "20", "citations": None},  # a public service needs no law
    {"type": "02", "conditions": None, "materials": None, "steps": None},  # nobody applies for a penalty
    cites("law", article="第八十三条"),
    cites("partly", article="第五十条"),  # where the registry has not the whole text, it cannot tell
    cites("law", article="第十二条之一"),
    cites("unknown"),  # neither known to be in force nor to be repealed
    cites("law", "rule"),
    cites("province-new"),
    {"type": "07", **cites("rule")},  # a confirmation is no permit
    limit(20, 20),
    {"statutory_limit": {"value": 20, "unit": "workday", "note": "二十日内决定，可以延长十日"}},
    {"statutory_limit": {"value": 20, "unit": "workday", "note": "自2016年1月1日起按《条例》"}},
    asked("几日内办结", "5个工作日"),
    asked("在哪里办", "大厅3楼，10日一集"),
    material("其他印刷品印制许可证"),
    material("证明书"),
    material("有权改建或者新建建筑物的材料"),
    material("其他印刷品印制许可证复印件"),
    {
        "materials": None,
        "variants": [ways("v", materials=[{"key": "m", "name": "申请书", "basis": "《条例》"}])],
    },
    {"steps": None, "variants": [ways("v", steps=[{"key": "s", "name": "受理"}])]},
    {**limit(5, 5), "variants": [ways("v", **limit(promised=5))]},
    {**limit(5, 5), "variants": [ways("v", **limit(10, 8))]},
    fee(standard="10 元", basis="《条例》"),
    {"consult_phone": "0826-2222333、13800138000（工作日）"},
    {"consult_phone": "95598", "complaint_phone": "12345转3"},
    {"consult_phone": "010-12345678-801"},
    {"handling": "1", "promised_limit": {"unit": "immediate"}},
    {"handling": "1", "promised_limit": {"value": 1, "unit": "workday"}},
    {"online": True, "online_address": "https://example.gov.cn"},
]


def found(more: dict[str, Any], rules: Rules = STANDARD) -> dict[str, str]:
    """code -> path of its first finding"""
    item = {name: value for name, value in (WHOLE | more).items() if value is not None}
    places: dict[str, str] = {}
    for one in rules.find(Checked(item, DAY, FACTS.__getitem__, NAMED.get)):
        places.setdefault(one.code, one.path)
    return places


@pytest.mark.parametrize(("code", "more", "path"), FIRES)
def test_each_check_fires(code: str, more: dict[str, Any], path: str) -> None:
    assert found(more).get(code) == path


@pytest.mark.parametrize("more", STILL)
def test_what_is_right_is_left_alone(more: dict[str, Any]) -> None:
    assert found(more) == {}


NEXT_TO = {
    "no-citation": {"type": "20", "citations": None},
    "citation-without-article": cites("law", article="第三条"),
    "citation-unlinked": cites("law"),
    "article-not-there": cites("law", article="第八十三条"),
    "basis-not-in-force": cites("unknown"),
    "holder-ended": {"authority": "organ"},
    "setter-cannot-set": cites("rule", role="implementing") | {"type": "07"},
    "provisional-permit-over": cites("province-new"),
    "promised-above-statutory": limit(5, 5),
    "limit-units-differ": limit(20, 5),
    "limit-not-in-workdays": limit(20, 5, unit="workday"),
    "days-unclear": limit(20, 5, note="受理后 20 个工作日内"),
    "limit-note-differs": limit(20, 20, note="受理之日起20个工作日。"),
    "answer-limit-differs": asked("几日内办结", "5个工作日"),
    "vague-material": material("其他印刷品印制许可证"),
    "vague-condition": {"conditions": "符合《条例》第三条规定的条件"},
    "material-without-basis": material("申请书"),
    "fee-not-told": fee(standard="10 元", basis="《条例》"),
    "fee-contradicts": {"charged": False, "fees": None},
    "payment-without-fee": fee(standard="10 元", basis="《条例》") | {"online_payment": True},
    "fee-without-basis": fee(standard="10 元", basis="《条例》"),
    "fee-without-standard": fee(standard="10 元", basis="《条例》"),
    "bad-phone": {"consult_phone": "029-86912345"},
    "phone-without-area-code": {"consult_phone": "0826-2222333"},
    "phone-dashes": {"consult_phone": "0777-6428820"},
    "phones-alike": {"complaint_phone": "0826-2222334"},
    "handling-limit": {"handling": "1", "promised_limit": {"unit": "immediate"}},
    "not-disclosed": {"type": "02", "conditions": None, "steps": None},
    "online-without-address": {"online": True, "online_address": "https://example.gov.cn"},
}
"""What each check looks at, said so that it is right: one step from the case that fires."""


def test_every_check_has_a_case_that_fires_and_one_that_does_not() -> None:
    assert {code for code, *_ in FIRES} == set(TITLES)
    assert set(NEXT_TO) == set(TITLES)


@pytest.mark.parametrize("code", NEXT_TO)
def test_next_to_what_fires_a_check_is_silent(code: str) -> None:
    """And the case is its own: it says something of what the firing one says."""
    more = NEXT_TO[code]
    assert set(more) & {name for fired, given, _ in FIRES if fired == code for name in given}
    assert code not in found(more)


def test_every_finding_says_why_and_where() -> None:
    for _, more, _ in FIRES:
        item = WHOLE | more
        for one in STANDARD.find(Checked({k: v for k, v in item.items() if v is not None}, DAY, FACTS.get)):
            assert one.source
            assert one.message.endswith("。")
            assert TITLES[one.code]


WITHOUT = {"title": "关于进一步加强管理的意见"}
CITED_WITHOUT_ARTICLE = [
    (WITHOUT, ""),
    ({"title": "国务院关于发布政府核准的投资项目目录(2016年本)的通知"}, ""),
    ({"title": "(原文仅写)X财综字20XXX号"}, ""),
    ({"title": "中华人民共和国烟草专卖法"}, "请写明第几条。"),
    ({"title": "国务院对确需保留的行政审批项目设定行政许可的决定"}, "请写明第几条，或附件第几项。"),
]


@pytest.mark.parametrize(("cited", "asked"), CITED_WITHOUT_ARTICLE)
def test_what_has_no_articles_is_not_asked_for_one(cited: dict[str, str], asked: str) -> None:
    checked = Checked(WHOLE | {"citations": [{"key": "c", **cited}]}, DAY)
    messages = [one.message for one in STANDARD.find(checked) if one.code == "citation-without-article"]
    assert [one.endswith(asked) for one in messages] == ([True] if asked else [])


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("no-citation", {"citations": []}),
        ("not-disclosed", {"conditions": None}),
        ("fee-without-basis", fee(standard="10 元")),
        ("article-not-there", cites("law", article="第九十九条")),
        ("days-unclear", limit(20, 5, note="受理后 20 天内")),
    ],
)
def test_the_law_on_permits_is_the_source_of_what_is_said_of_permits_alone(
    code: str, more: dict[str, Any]
) -> None:
    for kind in ("01", "07"):
        item = {name: value for name, value in (WHOLE | {"type": kind} | more).items() if value is not None}
        (source,) = {
            one.source for one in STANDARD.find(Checked(item, DAY, FACTS.__getitem__)) if one.code == code
        }
        assert ("行政许可法" in source) == (kind == "01")


def test_a_limit_is_told_with_its_unit() -> None:
    item = WHOLE | {"handling": "1", "promised_limit": {"value": 2, "unit": "month"}}
    (message,) = (one.message for one in STANDARD.find(Checked(item, DAY)) if one.code == "handling-limit")
    assert "承诺时限却是2个月" in message


def test_a_way_of_handling_is_told_with_the_limit_it_is_compared_with() -> None:
    item = WHOLE | limit(20, 20) | {"variants": [{"key": "v", "name": "变更", **limit(promised=30)}]}
    told = {one.code: one.message for one in STANDARD.find(Checked(item, DAY, FACTS.__getitem__, NAMED.get))}
    message = told["promised-above-statutory"]
    assert "承诺时限（30个工作日）长于法定时限（20个工作日）" in message


def test_rules_are_settings() -> None:
    rules = rules_of(
        Settings(checks_off="phones-alike", checks_vague="承诺,说明", checks_block="no-citation")
    )
    assert found({"complaint_phone": "0826-2222333"}, rules) == {}
    assert "vague-material" in found(material("情况说明"), rules)
    assert "provisional-permit-over" not in found(cites("province-old"), Rules(provisional_months=1200))
    with pytest.raises(Invalid, match="没有“nonsense”这项检查"):
        rules_of(Settings(checks_block="nonsense"))


def test_what_weighs_otherwise_for_others_is_called_otherwise() -> None:
    """The table of findings has a row for each severity of a code: no two rows of it read alike."""
    assert title_of("no-citation", "error") != title_of("no-citation", "warning")
    assert title_of("no-citation") == TITLES["no-citation"]
    assert title_of("bad-phone", "warning") == TITLES["bad-phone"]
    several = re.findall(r'Finding\(\s*"([a-z-]+)", "([a-z]+)"', _source())
    severities: dict[str, set[str]] = {}
    for code, severity in several:
        severities.setdefault(code, set()).add(severity)
    for code, found in severities.items():
        assert len({title_of(code, one) for one in found}) == len(found), code


def _source() -> str:
    return "".join(path.read_text("utf-8") for path in Path(citations.__file__).parent.glob("*.py"))


def test_points_count_a_code_once() -> None:
    assert points([]) == 100
    assert points([("vague-material", "warning")] * 9) == 96
    assert points([("no-citation", "warning"), ("no-citation", "error"), ("phone-dashes", "note")]) == 89
    assert points([(str(n), "error") for n in range(30)]) == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [("二十", 20), ("十五", 15), ("一百零三", 103), ("一千二百六十", 1260), ("20", 20), ("２０", 20)],
)
def test_numbers_as_laws_write_them(text: str, value: int) -> None:
    assert number(text) == value


def test_articles_of_a_text() -> None:
    assert articles("第十二条第一款、第33条和第四条之一") == (12, 33)


# --- the real data


def contents(name: str, mapping: str) -> dict[str, Any]:
    """Reference of each item -> its last content."""
    reading = read_records(real_data(name), mapping, date(2026, 11, 1))
    return {one.content["name"]: one.content for one in reading if one.kind == "item"}


def codes_of(content: dict[str, Any]) -> set[str]:
    return {one.code for one in STANDARD.find(Checked(content, DAY))}


def test_the_contradictions_of_real_guides_are_found() -> None:
    guides = contents("item_guides.jsonl", "item_guides")
    fitness = codes_of(guides["全民健身设施拆迁或者改变用途批准"])
    assert fitness >= {
        "limit-note-differs",
        "answer-limit-differs",
        "vague-condition",
        "online-without-address",
    }
    assert "promised-above-statutory" not in fitness  # 24 is above what the note says, not above 66
    assert "phone-dashes" in codes_of(guides["固定资产投资项目节能审查"])
    change = guides["公民民族成份变更初审"]  # 10 and 1 working days; both notes speak of an extension alone
    assert not codes_of(change) & {"limit-note-differs", "answer-limit-differs", "handling-limit"}


def test_real_details() -> None:
    found = {
        name: codes_of(content) for name, content in contents("item_details.jsonl", "item_details").items()
    }
    assert "vague-material" in found["对纳税人变更纳税定额的核准"]
    assert "vague-material" not in found["企业印制发票审批"]
    assert "no-citation" not in found["企业印制发票审批"]


def test_no_two_checks_find_the_same_code():
    """What a decision brings in is told apart from what was there by each check alone."""
    found: dict[str, set[str]] = {}
    for look in STANDARD.besides:
        source = inspect.getsource(look)
        for code in TITLES:
            if f'"{code}"' in source:
                found.setdefault(code, set()).add(look.__qualname__)
    assert len(found) > 20
    assert all(len(names) == 1 for names in found.values())
