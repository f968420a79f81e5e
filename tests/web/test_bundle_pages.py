"""The pages of bundles, read for what they say."""

from __future__ import annotations

from reading import read
from seeded import Living, set_field

NAME = "【演示】开办餐饮店一件事"


def bundle(living: Living) -> str:
    (row,) = living.rows(f"SELECT subject_id FROM timeline WHERE kind = 'bundle' AND name = '{NAME}'")
    return row[0]


def test_the_list_leads_to_the_bundle(asking: Living) -> None:
    assert read(asking, "/bundles").link(NAME) == f"/bundles/{bundle(asking)}"
    assert "没有联办事项" in read(asking, "/bundles", on="2026-08-31").words


def test_the_page_says_the_time_and_what_decides_it(asking: Living) -> None:
    page = read(asking, f"/bundles/{bundle(asking)}")
    assert "同时办理 5 个工作日 ；一项一项办 16 个工作日，省 69 %" in page.words.replace(
        "工作日；", "工作日 ；"
    )
    assert page.words.count("不能，它决定总时间") == 3
    assert "文件承诺的总时限：5个工作日" in page.words
    assert page.link("公司设立登记").startswith("/items/qdi-")
    assert "按法定时限：同时办理至少" in page.words


def test_members_that_are_not_needed_are_left_out(asking: Living) -> None:
    page = read(asking, f"/bundles/{bundle(asking)}", without="sign")
    assert "一项一项办 11 个工作日" in page.words
    assert "第 1 至 5 日" not in page.words


def test_a_page_as_known_then_calls_organs_and_items_as_they_were_called_then(living: Living) -> None:
    address = f"/bundles/{bundle(living)}"
    content = living.get(address).json()["content"]
    lead, member = content["lead"], content["members"][0]["item"]
    (then,) = living.rows("SELECT max(seq) FROM log_entry")[0]
    living.publish(
        set_field(lead, "name", "后来改名的局", kind="authority", outcome="rename"),
        set_field(member, "name", "后来改名的事项"),
    )
    now = read(living, address).words
    assert ("后来改名的局" in now, "后来改名的事项" in now) == (True, True)
    was = read(living, address, known_at=str(then)).words
    assert "后来改名" not in was
