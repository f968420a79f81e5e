"""Histories: what runs out, what is only attested, what has no document, what was taken out."""

from __future__ import annotations

from typing import Any

import pytest
from reading import Page, read
from seeded import FELLING, TODAY, Living, new_item, set_field

UNTIL = "2026-11-23"
NOTICE = {"title": "关于暂停办理的通告", "number": "测试〔2026〕1号", "issuer": "广安区人民政府"}


def suspend(item: str, **more: Any) -> dict[str, Any]:
    words = {"words": "系统升级期间暂停办理", "until": UNTIL}
    return {"outcome": "suspend", "subject": item, "effective_from": TODAY, **words, **more}


def banner(page: Page) -> str:
    """The words of the notice about what is coming."""
    found = page.words.partition("即将变化：")[2]
    return found.partition("看那一天的内容")[0]


def lapse(page: Page, day: str = "2026年11月23日") -> str:
    """The words of the history about one day."""
    history = page.section("沿革")
    assert f"{day} " in history, history
    return history.partition(f"{day} ")[2].partition("起的")[0]


def act_of(living: Living, subject: str) -> int:
    return living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{subject}'")[0][0]


def subject(living: Living, kind: str, name: str) -> str:
    return living.rows(f"SELECT DISTINCT subject_id FROM timeline WHERE kind = '{kind}' AND name = '{name}'")[
        0
    ][0]


# --- what runs out


def test_the_end_of_a_suspension_is_no_adjustment_of_long_ago(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(suspend(item), document=NOTICE)
    page = read(living_sqlite, f"/items/{item}")
    said = banner(page)
    assert said.startswith("自 2026年11月23日起恢复办理（暂停期满）。2026年9月28日起的暂停到期，")
    assert "“系统升级期间暂停办理”" in said
    assert "依据《关于暂停办理的通告》（测试〔2026〕1号）" in said
    assert "调整" not in said
    assert "2025年10月1日" not in said, "which governs again, and took effect long before"
    assert lapse(page).startswith("恢复办理（暂停期满） 计划 2026年9月28日")
    after = read(living_sqlite, page.link("看那一天的内容"))
    assert "暂停办理：" not in after.words
    long_ago = page.section("沿革").partition("演示〔2025〕3号")[2].partition("演示〔2025〕1号")[0]
    assert "录入登记簿：2026年9月28日 08:00" in long_ago, "recorded when it was, not when it governs again"


def test_the_end_of_an_adjustment_for_a_time_brings_back_what_was(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    asked = {"until": UNTIL, "words": "试行三个工作日办结"}
    living_sqlite.publish(set_field(item, "promised_limit/value", 3, **asked), document=NOTICE)
    page = read(living_sqlite, f"/items/{item}")
    said = banner(page)
    assert said.startswith("自 2026年11月23日起，承诺时限（暂定期满）恢复原内容。2026年9月28日起的调整到期")
    assert "“试行三个工作日办结”" in said
    assert "测试〔2026〕1号" in said
    assert lapse(page).startswith("承诺时限（暂定期满）恢复原内容 计划")


def test_a_decision_of_the_same_day_is_told_beside_what_runs_out(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(suspend(item), document=NOTICE)
    late = NOTICE | {"number": "测试〔2026〕2号"}
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1", UNTIL), document=late)
    said = banner(read(living_sqlite, f"/items/{item}"))
    assert said.startswith("自 2026年11月23日起调整。《关于暂停办理的通告》（测试〔2026〕2号）")
    assert "自 2026年11月23日起恢复办理（暂停期满）" in said
    assert "测试〔2026〕1号" in said


def test_a_term_that_was_cut_short_does_not_run_out(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(suspend(item), document=NOTICE)
    living_sqlite.publish({"outcome": "resume", "subject": item, "effective_from": "2026-10-08"})
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1", UNTIL))
    page = read(living_sqlite, f"/items/{item}")
    assert "期满" not in page.words
    assert banner(page).startswith("自 2026年10月8日起恢复。没有登记文件")


def test_a_voided_term_does_not_run_out(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(suspend(item), document=NOTICE)
    void = {"outcome": "void", "act": act_of(living_sqlite, item), "ground": "error", "reason": "录错了事项"}
    living_sqlite.publish(void)
    page = read(living_sqlite, f"/items/{item}")
    assert "期满" not in page.words
    assert banner(page).startswith("自 2027年1月1日起调整")


def test_what_runs_out_for_an_authority_is_in_its_history(living_sqlite: Living) -> None:
    office = subject(living_sqlite, "authority", "广安市广安区林业局")
    living_sqlite.publish(
        set_field(office, "phone", "0826-2", until=UNTIL, kind="authority"), document=NOTICE
    )
    said = read(living_sqlite, f"/authorities/{office}").section("名称沿革")
    assert "2026年11月23日 电话（暂定期满）恢复原内容 计划" in said


# --- what is only attested


def test_an_item_of_unknown_start_was_not_added_on_the_attested_day(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called(FELLING)}")
    history = page.section("沿革")
    assert "2025年4月1日 首次收录 自 2025年4月1日起在册（起始日不详）" in history
    assert "2025年4月1日之前 情形不明：来源没有说明起始日。" in history
    assert "新增" not in history
    assert "2025年4月1日 起始日不详" in history.partition("各时期的版本")[2]


def test_an_item_of_known_start_was_added_on_it(living_sqlite: Living) -> None:
    living_sqlite.publish(new_item(living_sqlite, "新的事项"))
    history = read(living_sqlite, f"/items/{living_sqlite.item_called('新的事项')}").section("沿革")
    assert "新增" in history
    assert "首次收录" not in history
    assert "起始日不详" not in history


@pytest.mark.parametrize(
    ("kind", "path", "heading", "never"),
    [
        ("authority", "/authorities", "名称沿革", "设立"),
        ("instrument", "/laws", "版本与沿革", "制定"),
    ],
)
def test_what_is_only_attested_was_not_founded_or_enacted_that_day(
    asking: Living, kind: str, path: str, heading: str, never: str
) -> None:
    found, day = asking.rows(
        "SELECT subject_id, valid_to FROM timeline WHERE revision IS NULL AND status = 'unknown'"
        f" AND kind = '{kind}' ORDER BY subject_id LIMIT 1"
    )[0]
    year, month, date = (int(part) for part in day.split("-"))
    history = read(asking, f"{path}/{found}").section(heading)
    since = f"{year}年{month}月{date}日"
    assert f"{since} 首次收录 自 {since}起在册（起始日不详）" in history
    assert f"{since}之前 情形不明：来源没有说明起始日。" in history
    assert never not in history
    if kind == "authority":
        names = history.partition("首次收录")[0]
        assert f"自 {since}起在册（起始日不详）" in names, "the dated names say it too"
    else:
        assert f"{since} 起始日不详" in history, "the table of versions says it too"


# --- what has no document


def test_words_of_a_decision_without_a_document_are_quoted_from_none(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(suspend(item), reason="受理系统故障")
    page = read(living_sqlite, f"/items/{item}")
    assert "没有登记文件。 处理说明：“系统升级期间暂停办理”" in page.words
    assert "文件原文" not in page.words
    living_sqlite.publish({"outcome": "resume", "subject": item, "effective_from": TODAY}, document=NOTICE)
    living_sqlite.publish(suspend(item), document=NOTICE)
    assert "文件原文：“系统升级期间暂停办理”" in read(living_sqlite, f"/items/{item}").words


def test_a_change_without_a_document_says_so(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1", "2026-10-08"), title="改咨询电话的草案")
    page = read(living_sqlite, f"/items/{item}")
    assert banner(page).startswith("自 2026年10月8日起调整。没有登记文件")
    assert "没有登记文件" in page.section("沿革")
    assert "改咨询电话的草案" not in page.words


def test_a_document_without_a_title_does_not_borrow_one(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    cancel = {"outcome": "cancel", "subject": item, "effective_from": TODAY}
    living_sqlite.publish(cancel, title="取消的草案", document={"number": "测试〔2026〕3号"})
    page = read(living_sqlite, f"/items/{item}")
    assert "依据测试〔2026〕3号" in page.words
    assert "取消的草案" not in page.words


def test_a_cancellation_without_a_document_says_so_in_the_banner(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY}, title="取消的草案")
    page = read(living_sqlite, f"/items/{item}")
    assert "起不再办理。没有登记文件。" in page.words
    assert "取消的草案" not in page.words


def test_a_document_of_a_title_alone_is_shown(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called('通航水域岸线安全使用许可')}")
    assert "登记库更正记录" in page.section("沿革")


@pytest.mark.parametrize(
    ("kind", "path", "name", "heading"),
    [
        ("authority", "/authorities", "广安市广安区林业局", "名称沿革"),
        ("instrument", "/laws", "中华人民共和国森林法", "版本与沿革"),
    ],
)
def test_histories_of_authorities_and_laws_name_no_changeset(
    living_sqlite: Living, kind: str, path: str, name: str, heading: str
) -> None:
    found = subject(living_sqlite, kind, name)
    outcome = {"authority": "adjust", "instrument": "amend"}[kind]
    living_sqlite.publish(
        set_field(found, "note", "备注一", outcome=outcome, kind=kind), title="改备注的草案"
    )
    page = read(living_sqlite, f"{path}/{found}")
    assert "没有登记文件" in page.section(heading)
    assert "改备注的草案" not in page.words


# --- what was taken out


@pytest.mark.parametrize(
    ("ground", "day", "says"), [("error", TODAY, "误录"), ("withdrawn", "2026-12-01", "撤销、推迟")]
)
def test_a_voided_decision_says_when_and_why_it_was_taken_out(
    living_sqlite: Living, clock: Any, ground: str, day: str, says: str
) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish(set_field(item, "consult_phone", "0826-7654321", day))
    act = act_of(living_sqlite, item)
    clock.set("2026-09-29T15:30:00")
    living_sqlite.publish({"outcome": "void", "act": act, "ground": ground, "reason": "会议决定<另行>安排"})
    history = read(living_sqlite, f"/items/{item}").section("沿革")
    voided = history.partition("撤出（")[0].rpartition("调整")[2] + "撤出（" + history.partition("撤出（")[2]
    assert f"2026年9月29日 15:30撤出（{says}），理由： 会议决定&lt;另行&gt;安排" in voided
    assert "计划" not in voided.partition("撤出（")[0]


# --- what rests on nothing


def test_an_item_that_cites_a_law_out_of_force_says_so_near_the_top(living_sqlite: Living) -> None:
    title = "中华人民共和国环境影响评价法"
    law = subject(living_sqlite, "instrument", title)
    cited = {"instrument": law, "title": title, "role": "setting"}
    citations = [
        cited | {"key": "c1", "article": "第二十二条"},
        cited | {"key": "c2", "article": "第三十一条"},
    ]
    living_sqlite.publish(
        new_item(
            living_sqlite,
            "仍引旧法的事项",
            "2026-01-01",
            content={"citations": citations},
            timing="late_entry",
            reason="补",
        )
    )
    item = living_sqlite.item_called("仍引旧法的事项")
    page = read(living_sqlite, f"/items/{item}")
    top = page.words.partition("承诺办结")[0]
    assert "依据不在施行：" in top
    assert top.count(f"《{title}》 已废止或失效 自 2026年8月15日起") == 1, "each law once"
    assert page.link(title) == f"/laws/{law}"
    assert "依据不在施行：" not in read(living_sqlite, f"/items/{item}", on="2026-08-14").words
    living_sqlite.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY})
    assert "依据不在施行：" not in read(living_sqlite, f"/items/{item}").words, "it is over"


def test_an_item_whose_laws_are_in_force_has_no_such_notice(asking: Living) -> None:
    assert "依据不在施行：" not in read(asking, f"/items/{asking.item_called(FELLING)}").words
