"""The item page: what it says of an item on a day, and how it says what is not known."""

from __future__ import annotations

import pytest
from reading import BROWSER, read
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.changes.redacting import redact
from app.web.rendering import own_file

NINE = (
    "服务内容",
    "审批依据",
    "申报条件",
    "申报材料",
    "办理程序",
    "承诺时限",
    "收费标准",
    "受理结果",
    "投诉渠道",
)
CODE = "511A0148700000-511602000000-000-11511301MB1P96705T-1-00"
SAND = "从事营利性治沙活动新办许可（县级权限）"


def felling(living: Living) -> str:
    return living.item_called(FELLING)


def test_the_nine_disclosures_stand_in_their_order(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}")
    places = [page.html.index(f'">{heading}</h2>') for heading in NINE]
    assert places == sorted(places)
    assert page.section("收费标准") == "未提供"
    assert page.section("投诉渠道") == "未提供"
    assert "《中华人民共和国森林法》" in page.section("审批依据")
    assert "第五十六条" in page.section("审批依据")
    assert "采伐林地上的林木应当申请采伐许可证" in page.section("审批依据")
    assert "容缺后补" in page.section("申报材料")


def test_both_limits_stand_side_by_side_with_what_is_saved(asking: Living) -> None:
    limits = read(asking, f"/items/{felling(asking)}").section("承诺时限")
    assert "20个工作日" in limits
    assert "10个工作日" in limits
    assert "承诺比法定少 10 个工作日 （50%）" in limits


def test_a_citation_leads_to_the_law_and_its_article(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}")
    law = read(asking, page.link("中华人民共和国森林法"))
    assert "引用第五十六条的事项" in law.words
    assert FELLING in law.section("引用第五十六条的事项")


def test_a_published_plan_is_announced_with_its_document(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}")
    assert "即将变化： 自 2027年1月1日起调整" in page.words.replace("即将变化：自", "即将变化： 自")
    assert "演示〔2026〕10号" in page.words
    then = read(asking, page.link("看那一天的内容"))
    assert "计划：2027年1月1日还没有到" in then.words
    assert "7个工作日" in then.section("承诺时限")


def test_a_cancelled_item_says_since_when_by_which_document_and_what_follows(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called(SAND)}")
    assert "已取消：自 2025年10月1日起不再办理" in page.words
    assert "演示〔2025〕3号" in page.words
    assert "此后怎么办：取消后改为备案，由区林业局加强事中事后监管。" in page.words


def test_before_the_attested_day_the_page_says_unknown_not_absent(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}", on="2020-01-01")
    assert "这一天的情形不明。" in page.words
    assert "只能证明它自 2025年4月1日起在册" in page.words
    assert FELLING in page.words, "it is known by its nearest name"
    assert "尚未施行" not in page.words
    assert "即将变化" not in page.words, "seen from a past day, what came is history"


def test_a_suspended_item_says_until_when(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called('夜间建筑施工许可')}", on="2026-06-05")
    assert "暂停办理：自 2026年6月1日起，至 2026年6月20日前" in page.words
    assert "高考、中考期间暂停办理夜间建筑施工许可" in page.words


def test_the_history_names_the_document_behind_each_change(asking: Living) -> None:
    history = read(asking, f"/items/{felling(asking)}").section("沿革")
    for number in ("演示〔2025〕1号", "演示〔2025〕3号", "演示〔2026〕10号"):
        assert number in history
    assert "补录" in history
    assert "涉及：承诺时限" in history
    assert "2025年4月1日之前 情形不明" in history


def test_a_corrected_name_is_marked_as_a_correction(asking: Living) -> None:
    page = read(asking, f"/items/{asking.item_called('通航水域岸线安全使用许可')}")
    assert "更正" in page.section("沿革")
    assert "也叫：通航水域岸线安全适用许可" in page.words


def test_a_past_day_entered_later_says_so(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}", on="2025-05-01")
    assert "您看到的是过去的一天：2025年5月1日的情形" in page.words
    assert "这一天的内容是后来录入的" in page.words
    assert page.link("改看今天") == f"/items/{felling(asking)}"


def test_a_past_day_corrected_later_says_so_and_shows_what_stood(living_sqlite: Living, clock) -> None:
    item = felling(living_sqlite)
    clock.set("2026-10-20T09:00:00")
    late = {"timing": "correction", "reason": "当时录错了"}
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1234567", "2026-10-01", **late))
    page = read(living_sqlite, f"/items/{item}", on="2026-10-10")
    assert "这一天的内容后来有更正或补录。" in page.words
    assert "0826-1234567" in page.words
    assert "当时录错了" in page.section("沿革")
    then = read(living_sqlite, page.link("看当天所示"))
    assert "当时所知：" in then.words
    assert "0826-1234567" not in then.words
    assert "这一天的内容后来" not in read(living_sqlite, f"/items/{item}").words


def test_a_voided_decision_stays_in_the_history_as_such(living_sqlite: Living) -> None:
    item = felling(living_sqlite)
    living_sqlite.publish(set_field(item, "consult_phone", "0826-7654321"))
    act = living_sqlite.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0][0]
    living_sqlite.publish({"outcome": "void", "act": act, "ground": "error", "reason": "录错了事项"})
    page = read(living_sqlite, f"/items/{item}")
    assert "误录，已撤出" in page.section("沿革")
    assert "0826-7654321" not in page.words


def test_a_merged_item_leads_to_its_successor_and_back(living_sqlite: Living) -> None:
    item = felling(living_sqlite)
    sand = living_sqlite.item_called("临时占用林地审批（县级）")
    merged = new_item(living_sqlite, "林木采伐和林地占用许可")
    living_sqlite.publish(
        {
            "outcome": "merge",
            "effective_from": TODAY,
            "origins": [{"subject": item}, {"subject": sand}],
            "results": [{"content": merged["content"]}],
        }
    )
    page = read(living_sqlite, f"/items/{item}")
    assert "已合并：自 2026年9月28日起不再办理" in page.words
    after = read(living_sqlite, page.link("林木采伐和林地占用许可"))
    assert "来自：" in after.words
    assert after.link(FELLING) == f"/items/{item}"


def test_the_permanent_link_keeps_what_was_shown(living_sqlite: Living) -> None:
    item = felling(living_sqlite)
    link = read(living_sqlite, f"/items/{item}").link("known_at=")
    assert f"/items/{item}?on={TODAY}&known_at=" in link
    living_sqlite.publish(set_field(item, "promised_limit/value", 3))
    assert "3个工作日" in read(living_sqlite, f"/items/{item}").section("承诺时限")
    kept = read(living_sqlite, link)
    assert "10个工作日" in kept.section("承诺时限")
    assert "当时所知：" in kept.words
    same = living_sqlite.client.get(kept.link("同样内容的数据")).json()
    assert same["content"]["promised_limit"]["value"] == 10, "the data beside it are those of the page"


def test_none_needed_is_told_from_not_provided(living_sqlite: Living) -> None:
    form = new_item(living_sqlite, "什么也不用带的事项", content={"materials": [], "charged": False})
    living_sqlite.publish(form)
    page = read(living_sqlite, f"/items/{living_sqlite.item_called('什么也不用带的事项')}")
    assert page.section("申报材料") == "来源写明无需提交材料。"
    assert page.section("收费标准") == "不收费。"


@pytest.mark.parametrize("asked", [CODE, None])
def test_a_code_or_another_spelling_leads_to_the_items_own_page(asking: Living, asked: str | None) -> None:
    item = felling(asking)
    answer = asking.client.get(
        f"/items/{asked or item.upper()}", params={"on": "2025-07-01"}, headers=BROWSER
    )
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/items/{item}?on=2025-07-01"
    by_query = asking.client.get("/items", params={"code": asked or item}, headers=BROWSER)
    assert by_query.headers["location"] == f"/items/{item}"


def test_a_code_with_several_holders_lists_them(living_sqlite: Living) -> None:
    codes = [{"scheme": "local", "issuer": "甲", "value": "同一个码"}]
    living_sqlite.publish(new_item(living_sqlite, "甲事项", codes=codes))
    living_sqlite.publish(new_item(living_sqlite, "乙事项", codes=[codes[0] | {"issuer": "乙"}]))
    page = read(living_sqlite, "/items/同一个码", status=300)
    assert page.link("甲事项") == f"/items/{living_sqlite.item_called('甲事项')}"
    assert page.link("乙事项") == f"/items/{living_sqlite.item_called('乙事项')}"


def test_the_day_is_kept_by_links_to_other_pages(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}", on="2025-07-01")
    assert page.link("实施机关") == "/authorities?on=2025-07-01"
    assert page.link("广安市广安区林业局").endswith("?on=2025-07-01")


def test_a_due_date_shows_each_span_that_does_not_count(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}", accepted="2026-09-25")
    limits = page.section("承诺时限")
    assert "2026年10月29日 20个工作日" in limits
    assert "2026年10月15日 10个工作日" in limits
    assert "2026年10月1日 至 2026年10月7日 节假日，7 天" in limits
    assert "2026年9月26日 至 2026年9月27日 周末" in limits
    assert "暂定" not in limits


def test_a_due_date_beyond_the_last_known_year_is_provisional(asking: Living) -> None:
    limits = read(asking, f"/items/{felling(asking)}", accepted="2026-12-20").section("承诺时限")
    assert "暂定" in limits
    assert "放假安排还没有公布，或者还没有录入" in limits


def test_a_due_date_goes_by_the_version_of_the_day_of_acceptance(asking: Living) -> None:
    """Promised 10 working days until a plan for 2027-01-01 makes it 7."""
    limits = read(asking, f"/items/{felling(asking)}", accepted="2027-01-04").section("承诺时限")
    assert "2027年1月13日 7个工作日" in limits


def test_a_day_of_acceptance_that_is_none_is_refused_with_a_sentence(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}", status=422, accepted="昨天")
    assert "受理时间“昨天”无法识别" in page.words


def test_materials_can_be_ticked_and_carried_to_the_notice(asking: Living) -> None:
    page = read(asking, f"/items/{felling(asking)}")
    ticks = [one for one in page.named("input") if one.get("type") == "checkbox"]
    assert [one["name"] for one in ticks] == ["have", "have"]
    ids = {attrs.get("id") for _, attrs in page.tags}
    assert all(one["aria-labelledby"] in ids for one in ticks)
    assert f"/items/{felling(asking)}/notice" in [one.get("action") for one in page.named("form")]


def test_columns_that_no_material_fills_are_named_once(asking: Living) -> None:
    materials = read(asking, f"/items/{felling(asking)}").section("申报材料")
    assert "各份材料的份数、形式、来源均未提供。" in materials
    assert materials.count("未提供") == 1


def test_steps_are_drawn_in_order(living_sqlite: Living) -> None:
    steps = [{"key": f"s{n}", "name": name} for n, name in enumerate(["受理", "审查", "决定", "送达"])]
    living_sqlite.publish(new_item(living_sqlite, "有环节的事项", content={"steps": steps}))
    page = read(living_sqlite, f"/items/{living_sqlite.item_called('有环节的事项')}")
    assert "flow" in [one.get("class") for one in page.named("ol")]
    process = page.section("办理程序")
    places = [process.index(name) for name in ("受理", "审查", "决定", "送达")]
    assert places == sorted(places)


def test_an_emergency_publication_is_marked_until_a_second_person_confirms(living_sqlite: Living) -> None:
    item = felling(living_sqlite)
    form = {"title": "紧急更正电话", "decisions": [set_field(item, "consult_phone", "0826-7654321")]}
    place = f"/changesets/{living_sqlite.post('editor', '/changesets', form).json()['id']}"
    assert living_sqlite.post("editor", f"{place}/submit").status_code == 200
    answer = living_sqlite.post("publisher", f"{place}/publish", {"emergency": "电话错误，群众无法咨询"})
    assert answer.status_code == 200, answer.text
    page = read(living_sqlite, f"/items/{item}")
    assert "紧急发布，待第二人确认" in page.section("沿革")
    assert "紧急发布，理由：电话错误，群众无法咨询。还没有经第二人确认" in page.words
    assert living_sqlite.post("reviewer", f"{place}/confirm").status_code == 200
    page = read(living_sqlite, f"/items/{item}")
    assert "待第二人确认" not in page.words
    assert "已由第二人确认。" in page.words


def test_a_name_and_guide_in_another_language_are_shown_and_marked(living_sqlite: Living) -> None:
    name, guide = "Ус авах зөвшөөрөл", "Өргөдлийг цонхоор өгнө."
    content = {"translations": [{"key": "mn", "name": name, "guide": guide}]}
    living_sqlite.publish(new_item(living_sqlite, "取水许可（蒙文）", content=content))
    page = read(living_sqlite, f"/items/{living_sqlite.item_called('取水许可（蒙文）')}")
    assert f'<div lang="mn"><b>{name}</b>' in page.html
    assert guide in page.words


def test_a_removed_item_answers_with_its_tombstone(living_sqlite: Living) -> None:
    """By its id and its code: what stood there is gone, that it stood is told."""
    living, name = living_sqlite, "误录入张三姓名的事项"
    living.hire("second", "publish")
    item = living.publish(new_item(living, name))["decisions"][0]["subject"]
    assert name in read(living, f"/items/{item}").words
    held = living.rows("SELECT hash, body FROM content ORDER BY hash")
    for content in [row[0] for row in held if name.encode() in bytes(row[1])]:
        with living.database.writing() as session:
            people = living.people["publisher"], living.people["second"]
            redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")
    page = read(living, f"/items/{item}")
    assert "内容已依令删除" in page.words
    assert item in page.words
    for path in (f"/items/{item}", f"/items/{item}/compare", f"/items/{item}/feed.atom", "/", "/feed.atom"):
        assert name not in living.client.get(path).text, path


def test_many_further_fields_of_a_source_are_folded(living_sqlite: Living) -> None:
    extra = [{"key": f"x{n}", "label": f"栏目{n}", "value": f"内容{n}"} for n in range(9)]
    made = {
        name: new_item(living_sqlite, name, content={"extra": fields})
        for name, fields in (("八栏", extra[:8]), ("九栏", extra))
    }
    living_sqlite.publish(*made.values())
    few = read(living_sqlite, f"/items/{living_sqlite.item_called('八栏')}")
    assert "栏目7内容7" in few.words.replace(" ", "")
    assert "来源中的其他字段" not in few.words
    many = read(living_sqlite, f"/items/{living_sqlite.item_called('九栏')}").html
    folded = many.partition("来源中的其他字段（9 个，照原样收录）")[2].partition("</details>")[0]
    assert all(f"内容{n}" in folded for n in range(9)), "nothing of it is left out"
    assert many.count("内容8") == 1


def test_a_file_that_is_kept_here_is_a_link(living_sqlite: Living) -> None:
    item = felling(living_sqlite)
    answer = living_sqlite.client.post(
        "/api/v1/files",
        params={"name": "决定.pdf"},
        content=b"%PDF-1.7 scan",
        headers=living_sqlite.headers("editor", **{"Content-Type": "application/pdf"}),
    )
    address = f"/api/v1/files/{answer.json()['digest']}"
    document = {"title": "关于调整的决定", "url": address}
    living_sqlite.publish(set_field(item, "note", "见文件"), document=document)
    page = read(living_sqlite, f"/items/{item}")
    assert page.link("文件原件") == address
    assert living_sqlite.client.get(address).status_code == 200


@pytest.mark.parametrize(
    "address", ["/api/v1/files/../keys", "/office", "/api/v1/files/" + "A" * 64, "", None]
)
def test_no_other_address_of_this_site_is_linked_to(address: str | None) -> None:
    assert own_file(address) is None
