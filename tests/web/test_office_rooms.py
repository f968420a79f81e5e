"""The office's further rooms: law changes, one change over many items, the calendar."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
from browsing import PHRASE, POST, Browser, filled
from reading import BROWSER, Page
from seeded import FELLING, TODAY, Living, new_item

from app.canonical import decode
from app.changes import rows
from app.changes.everywhere import cite_instead, renumbered, set_everywhere
from app.checks.resting import places
from app.errors import Invalid
from app.web.office.doors import packing
from app.web.office.doors.visiting import TABLE
from app.web.office.forms.fields import item_fields
from app.web.office.upkeep.calendar import days_in, spans_of


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def published(editor: Browser, reviewer: Browser, answer: Any) -> str:
    """From what a post answered with the draft's address to its publication; the address."""
    assert answer.status_code == 303, Page(answer.text).words[:1500]
    place = answer.headers["location"]
    editor.move(f"{place}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)
    done = reviewer.move(f"{place}/publish")
    assert done is not None
    assert "已发布" in done.words
    return place


def law_of(living: Living) -> tuple[str, str]:
    """A law that items of the seed cite, and how it is called."""
    rows = living.rows(
        "SELECT l.target, t.name FROM link l JOIN timeline t ON t.subject_id = l.target"
        f" WHERE l.role = 'cites-setting' AND l.subject_id LIKE 'qdi-%' AND l.valid_from <= '{TODAY}'"
        f" AND l.valid_to > '{TODAY}' AND t.status = 'in_force' GROUP BY l.target, t.name ORDER BY count(*) DESC"
    )
    return rows[0][0], rows[0][1]


# --- pure


WAITS = "待处理</b>"
"""How the row of what waits of a law change ends."""
CONTENT = {
    "citations": [
        {"key": "a", "instrument": "law", "title": "旧法", "article": "第十二条第一款", "text": "…"},
        {"key": "b", "instrument": "law", "article": "第十二条之一"},
        {"key": "c", "instrument": "other", "article": "第十二条"},
    ],
    "windows": [{"key": "w", "phone": "1"}, {"key": "x", "phone": "2"}, {"key": "y"}],
    "materials": [{"key": "m", "name": "申请书", "basis": "根据《旧法》第三条"}],
}


def test_an_instrument_takes_the_place_of_another() -> None:
    made = cite_instead(CONTENT, "law", "new", "新法", "第9号")["citations"]
    assert made[0] == {"key": "a", "instrument": "new", "title": "新法"}, "where it stands there is not known"
    one = cite_instead(CONTENT, "law", "new", "新法", "第9号", "第十二条", "第九条")["citations"]
    assert one[0]["article"] == "第九条第一款"
    assert one[1:] == CONTENT["citations"][1:]
    with pytest.raises(Invalid, match="都写"):
        cite_instead(CONTENT, "law", "new", new="第九条")
    assert [one["instrument"] for one in made] == ["new", "new", "other"]
    assert [one["key"] for one in cite_instead(CONTENT, "law", None)["citations"]] == ["c"]
    assert CONTENT["citations"][0]["instrument"] == "law"


def test_an_article_gets_another_number() -> None:
    made = renumbered(CONTENT, "law", "第十二条", "第十五条")["citations"]
    assert [one["article"] for one in made] == ["第十五条第一款", "第十二条之一", "第十二条"]
    assert "text" not in made[0]
    assert renumbered(CONTENT, "law", "第十二", "第九") == CONTENT, "half a number is none"
    assert renumbered(CONTENT, "law", "第十二条", "第十二条") == CONTENT
    for old, new in (("", ""), ("", "第九条"), ("第十二条", "")):
        with pytest.raises(Invalid, match="原条款和新条款"):
            renumbered(CONTENT, "law", old, new)


def test_a_field_is_set_in_every_row() -> None:
    made = set_everywhere(CONTENT, "windows/*/phone", "3", only="2")["windows"]
    assert [one.get("phone") for one in made] == ["1", "3", None]
    made = set_everywhere(CONTENT, "windows/*/phone", None)["windows"]
    assert [one.get("phone") for one in made] == [None, None, None]
    assert set_everywhere(CONTENT, "consult_phone", "4")["consult_phone"] == "4"
    with pytest.raises(Invalid):
        set_everywhere(CONTENT, "windows", "x")


def test_what_rests_on_a_law_is_found_in_texts_too() -> None:
    found = [(one.path, one.words) for one in places(CONTENT, "law", ["旧法"])]
    assert found == [
        ("citations/a", "设定依据 第十二条第一款"),
        ("citations/b", "设定依据 第十二条之一"),
        ("materials/m/basis", "材料“申请书”"),
    ]


def test_holidays_as_people_write_them() -> None:
    assert days_in("2027-02-06 至 2027-02-08\n\n2027-10-01", 2027, "放假") == [
        "2027-02-06",
        "2027-02-07",
        "2027-02-08",
        "2027-10-01",
    ]
    with pytest.raises(Invalid, match="2026-12-30、2026-12-31 不在 2027 年") as refusal:  # not dropped unsaid
        days_in("2026-12-30至2027-01-02", 2027, "放假")
    assert "2026 年的安排" in refusal.value.message
    with pytest.raises(Invalid, match="2028-01-01 不在 2027 年"):
        days_in("2027-12-31 至 2028-01-01", 2027, "放假")
    assert spans_of(["2027-02-06", "2027-02-07", "2027-10-01"]) == "2027-02-06 至 2027-02-07\n2027-10-01"
    assert days_in(
        "春节：2月15日（周一）至17日（周三）放假调休，共3天。\n2027年10月1日\n9月30日至10月1日放假",
        2027,
        "放假",
    ) == [
        "2027-02-15",
        "2027-02-16",
        "2027-02-17",
        "2027-09-30",
        "2027-10-01",
    ]
    assert days_in("2月14日（周六）、2月28日（周六）上班。", 2027, "上班") == ["2027-02-14", "2027-02-28"]
    both = "元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。"
    with pytest.raises(Invalid, match="放假和上班的日子分开填"):
        days_in(both, 2027, "放假")
    with pytest.raises(Invalid, match="不在 2027 年"):
        days_in("2026年12月31日至1月2日", 2027, "放假")
    for wrong in (
        "2月30日",
        "13月1日",
        "2月8日至6日",
        "春节",
        "2027-02-06 至 2月12日",
        "2027-02-30",
        "2027-02-08 至 2027-02-06",
        "2026-05-01",
        "2027-01-01 至 2027-09-01",
    ):
        with pytest.raises(Invalid, match="第 1 行"):
            days_in(wrong, 2027, "放假")


# --- law changes


def test_a_repeal_leads_to_a_changeset_of_what_rests_on_it(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    law, title = law_of(living)
    assert editor.get(f"/office/law?q={title}").link(f"《{title}》") == f"/office/law/{law}"
    page = editor.get(f"/office/law/{law}")
    assert "依据它的" in page.words
    answer = editor.post(
        f"/office/law/{law}", {"from": TODAY, "outcome": "repeal", "document/title": "关于废止的决定"}
    )
    published(editor, reviewer, answer)
    assert "法规变动，有事项待处理" in editor.get("/office").words
    place, *_ = re.findall(r'href="(/office/law-changes/\d+)"', editor.get("/office/law").html)
    page = editor.get(place)
    subjects = re.findall(r'name="subject" value="([^"]+)"', page.html)
    assert subjects
    refused = editor.post(place, {"subject": subjects[0], "do": "draft"})
    assert refused.status_code == 422
    assert "请选择怎样处理" in Page(refused.text).words
    assert "请写明理由" in Page(editor.post(place, {"subject": subjects[0], "do": "unaffected"}).text).words
    other = living.rows(
        f"SELECT subject_id FROM timeline WHERE kind = 'instrument' AND status = 'in_force' AND subject_id <> '{law}'"
    )[0][0]
    answer = editor.client.post(
        place,
        data={"subject": subjects, "do": "draft", "way": "replace", "other": other, "reason": "旧法已废止"},
        headers=POST,
    )
    assert answer.status_code == 303, Page(answer.text).words[:800]
    assert "已拟变更单" in editor.get(place).words
    assert WAITS not in editor.get(place).html
    published(editor, reviewer, answer)
    left = living.rows(
        f"SELECT count(*) FROM link WHERE target = '{law}' AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
    )
    assert left[0][0] == 0
    assert "没有事项依据它" in editor.get(place).words
    living.assert_sound()


def test_only_what_rests_is_in_scope_and_is_drafted_counts_as_settled(
    editor: Browser, reviewer: Browser
) -> None:
    living = editor.living
    law, title = law_of(living)
    amend = {
        "from": TODAY,
        "outcome": "amend",
        "title": title,
        "number": "第99号",
        "document/number": "令第99号",
    }
    published(editor, reviewer, editor.post(f"/office/law/{law}", amend))
    place, *_ = re.findall(r'href="(/office/law-changes/\d+)"', editor.get("/office/law").html)
    subjects = re.findall(r'name="subject" value="([^"]+)"', editor.get(place).html)
    unrelated = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'item' AND status = 'in_force' AND subject_id NOT IN"
        f" (SELECT subject_id FROM link WHERE target = '{law}') AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
    )[0][0]
    why = {"do": "unaffected", "why": "只改了罚则"}
    assert "不依据这个文件" in Page(editor.post(place, why | {"subject": unrelated}).text).words
    held = next(one for one in subjects if one.startswith("qdi-"))
    (other,) = living.rows(
        "SELECT DISTINCT authority FROM timeline WHERE kind = 'item' AND authority NOT IN"
        f" (SELECT authority FROM timeline WHERE subject_id = '{held}') LIMIT 1"
    )
    elsewhere = Browser(living, "bieju", ["edit"], authority=other[0])
    assert "不在账号" in Page(elsewhere.post(place, why | {"subject": held}).text).words
    assert living.rows("SELECT 1 FROM law_case") == []
    articles = dict(
        living.rows(
            f"SELECT subject_id, min(CAST(c.body AS TEXT)) FROM timeline JOIN content c ON c.hash = content"
            f" WHERE subject_id IN ({', '.join(map(repr, subjects))}) GROUP BY subject_id"
        )
    )
    cited = {one: set(re.findall("第[一二三四五六七八九十百]+条", body)) for one, body in articles.items()}
    one, article = next((who, a) for who, found in cited.items() for a in sorted(found))
    form = {
        "subject": subjects,
        "do": "draft",
        "way": "renumber",
        "old": article,
        "new": "第九百条",
        "reason": "改号",
    }
    bad = editor.client.post(place, data=form | {"old": ""}, headers=POST)
    assert "请写明原条款和新条款" in Page(bad.text).words
    answer = editor.client.post(place, data=form, headers=POST)
    assert answer.status_code == 303, (one, Page(answer.text).words[:800])
    noted = {row[0] for row in living.rows("SELECT subject FROM law_case")}
    with living.database.reading() as session:
        draft = rows.find(session, answer.headers["location"].rpartition("/")[2])
        changed = {decode(row.body)["subject"] for row in rows.decisions(session, draft)}
    assert noted == changed


def test_what_needs_no_change_is_noted_with_its_reason(editor: Browser, reviewer: Browser) -> None:
    law, title = law_of(editor.living)
    amend = {
        "from": TODAY,
        "outcome": "amend",
        "title": title,
        "number": "第99号",
        "document/number": "令第99号",
    }
    published(editor, reviewer, editor.post(f"/office/law/{law}", amend))
    place, *_ = re.findall(r'href="(/office/law-changes/\d+)"', editor.get("/office/law").html)
    subjects = re.findall(r'name="subject" value="([^"]+)"', editor.get(place).html)
    answer = editor.client.post(
        place, data={"subject": subjects, "do": "unaffected", "why": "只改了罚则"}, headers=POST
    )
    assert answer.status_code == 303
    assert "不受影响：只改了罚则" in editor.get(place).words
    assert WAITS not in editor.get(place).html


# --- one change over many items


def test_a_phone_changes_for_a_whole_authority(editor: Browser, reviewer: Browser) -> None:
    living = editor.living
    item = living.item_called(FELLING)
    authority = living.get(f"/items/{item}").json()["authority"]["id"]
    asked = {"authority": authority, "path": "consult_phone", "value": "0826-2345678"}
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    page = editor.get(f"/office/many?{query}")
    chosen = re.findall(r'name="item" value="([^"]+)"', page.html)
    assert item in chosen
    assert "0826-2345678" in page.words
    assert "<b>咨询电话</b>" in page.html, "each changed field is named"
    assert editor.post("/office/many", asked | {"from": TODAY}).status_code == 422  # nothing is ticked
    answer = editor.client.post(
        "/office/many", data={**asked, "from": TODAY, "item": chosen, "reason": "总机换号"}, headers=POST
    )
    published(editor, reviewer, answer)
    phones = [living.get(f"/items/{one}").json()["content"]["consult_phone"] for one in chosen]
    assert set(phones) == {"0826-2345678"}
    assert "没有要改的" in editor.get(f"/office/many?{query}").words
    living.assert_sound()


def test_what_reads_so_now_is_asked_in_words_and_by_code_alike(living: Living) -> None:
    content = {"handling": "1", "charged": False, "visits": 1}
    living.publish(new_item(living, "按原来写法改的事项", content=content))
    editor = Browser(living, "bianji", ["edit"])
    table = dict(next(one for one in item_fields() if one.name == "handling").choices)

    def asked(path: str, value: str, only: str) -> Page:
        return editor.get(f"/office/many?q=按原来写法改的事项&path={path}&value={value}&only={only}")

    for path, value, is_so, is_not in (
        ("handling", table["2"], table["1"], table["2"]),
        ("handling", "2", "1", "2"),
        ("charged", "是", "否", "是"),
        ("visits", "2", "1", "3"),
    ):
        page = asked(path, value, is_so)
        assert "会改的（1，筛选出 1）" in page.words, (path, is_so)
        none = asked(path, value, is_not).words
        assert f"没有一个现在写作“{is_not}”" in none
        assert "都已经是这样" not in none
    assert "都已经是这样" in asked("visits", "1", "1").words
    assert "没有一个现在写作" in asked("handling", "2", "没有的").words
    assert (
        "请写“是”或“否”"
        in editor.get("/office/many?q=按原来写法改的事项&path=charged&value=是&only=对", 422).words
    )


def test_internal_items_of_the_scope_are_changed_with_the_others(living: Living) -> None:
    living.publish(new_item(living, "统一改号的事项"))
    living.publish(new_item(living, "统一改号的内部事项", content={"visibility": "internal"}))
    ((item, authority),) = living.rows(
        f"SELECT subject_id, authority FROM timeline WHERE name = '统一改号的内部事项' AND valid_to > '{TODAY}'"
    )
    elsewhere = living.rows(
        f"SELECT max(authority) FROM timeline WHERE kind = 'item' AND authority <> '{authority}'"
    )
    own = Browser(living, "benju", ["edit"], authority=authority)
    others = Browser(living, "bieju", ["edit"], authority=elsewhere[0][0])
    query = "/office/many?q=统一改号&path=consult_phone&value=0826-2345678"
    page = own.get(query)
    assert "会改的（2，筛选出 2）" in page.words
    assert "统一改号的内部事项 不公开" in page.words
    assert f'href="/items/{item}"' not in page.html, "nobody finds it there"
    assert "内部事项" not in others.get(query).words
    form = {
        "q": "统一改号",
        "path": "consult_phone",
        "value": "0826-2345678",
        "from": TODAY,
        "reason": "换号",
    }
    assert own.post("/office/many", form | {"item": item}).status_code == 303
    workbook = own.client.get("/office/many.xlsx?q=统一改号", headers=BROWSER)
    assert "（2）.xlsx" in unquote(workbook.headers["content-disposition"])


def test_an_organ_that_moves_is_a_transfer_and_a_wrong_value_is_told(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    other = editor.living.rows(
        f"SELECT subject_id FROM timeline WHERE kind = 'authority' AND status = 'in_force' AND valid_to > '{TODAY}'"
    )[-1][0]
    form = {"q": FELLING, "path": "authority", "value": other, "from": TODAY, "item": item, "reason": "改革"}
    answer = editor.post("/office/many", form)
    assert answer.status_code == 303, Page(answer.text).words[:500]
    assert "调整实施机关" in editor.get(answer.headers["location"]).words
    bad = editor.post("/office/many", form | {"path": "visits", "value": "许多"})
    assert bad.status_code == 422
    assert "请写整数" in Page(bad.text).words
    assert (
        "没有“没有的类型”"
        in Page(editor.post("/office/many", form | {"path": "type", "value": "没有的类型"}).text).words
    )


def test_a_repeal_leads_to_a_round_in_one_step_and_waits_until_each_is_dealt_with(
    editor: Browser, reviewer: Browser
) -> None:
    living = editor.living
    law, _ = law_of(living)
    repeal = {"from": TODAY, "outcome": "repeal", "document/title": "关于废止的决定"}
    published(editor, reviewer, editor.post(f"/office/law/{law}", repeal))
    place, *_ = re.findall(r'href="(/office/law-changes/\d+)"', editor.get("/office/law").html)
    first, *left = re.findall(r'name="subject" value="([^"]+)"', editor.get(place).html)

    def waiting() -> int:
        """Law changes of which something waits, as the desk counts them."""
        found = re.search(r"法规变动，有事项待处理（(\d+)）", editor.get("/office").words)
        return int(found[1]) if found else 0

    before = waiting()
    asked = {"subject": first, "do": "draft", "way": "remove", "as": "round", "number": "第五批"}
    made = editor.post(place, asked | {"reason": "旧法已废止"})
    assert made.status_code == 303, Page(made.text).words[:800]
    number = made.headers["location"].rsplit("/", 1)[1]
    (row,) = living.rows(f"SELECT kind, state, head FROM changeset WHERE id = '{number}'")
    assert (row[0], row[1]) == ("round", "draft")
    assert '"number":"第五批"' in row[2]
    assert "第五批" in editor.get("/office/rounds").words
    page = editor.get(place)
    assert number in page.html
    assert page.html.count(WAITS) == len(left)
    for one in left:
        done = editor.post(place, {"subject": one, "do": "unaffected", "why": "另有依据"})
        assert done.status_code == 303, Page(done.text).words[:500]
    assert WAITS not in editor.get(place).html
    assert waiting() == before - 1
    editor.move(f"/office/changesets/{number}/withdraw", reason="另行处理")
    assert waiting() == before  # what was drafted and given up waits again


def test_a_law_finds_what_cites_it_in_any_role(editor: Browser) -> None:
    role, law = editor.living.rows(
        "SELECT l.role, l.target FROM link l JOIN timeline t ON t.subject_id = l.subject_id"
        " WHERE l.role LIKE 'cites-%' AND l.role <> 'cites-setting' AND t.status = 'in_force' AND NOT EXISTS"
        " (SELECT 1 FROM link o WHERE o.target = l.target AND o.role = 'cites-setting')"
        f" AND t.valid_from <= '{TODAY}' AND t.valid_to > '{TODAY}' AND l.valid_from = t.valid_from"
        " AND t.kind = 'item'"
    )[0]
    assert role != "cites-setting"
    assert "筛选出 0 个" not in editor.get(f"/office/many?q=&law={law}&path=consult_phone&value=1").words
    assert 'name="item"' in editor.get(f"/office/many?law={law}&path=consult_phone&value=1").html


# --- the calendar


def test_a_year_of_holidays_is_entered_and_due_dates_follow(editor: Browser, reviewer: Browser) -> None:
    assert "还没有安排" in editor.get("/office/calendar?year=2027").words
    form = {
        "year": "2027",
        "days_off": "2027-01-01 至 2027-01-03\n2027-02-05 至 2027-02-11",
        "make_up": "2027-02-13",
        "document/number": "国办发明电〔2026〕9号",
        "reason": "公布安排",
    }
    wrong = editor.post("/office/calendar", form | {"make_up": "2027-02-15"})
    assert "本来就是工作日" in Page(wrong.text).words
    assert "2027-02-05 至 2027-02-11" in wrong.text
    made = editor.post("/office/calendar", form)
    seen = reviewer.get(made.headers["location"]).html  # the days, before anybody approves them
    assert re.search(
        r'<th scope="row">放假</th>.*?没有提供.*?2027-01-01、2027-01-02、2027-01-03、2027-02-05', seen
    )
    assert re.search(r'<th scope="row">调休上班</th>.*?没有提供.*?2027-02-13', seen)
    assert re.search(r'<th scope="row">文号</th>.*?没有提供.*?国办发明电〔2026〕9号', seen)
    published(editor, reviewer, made)
    year = editor.living.get("/calendar/2027").json()["content"]
    assert year["make_up"] == ["2027-02-13"]
    assert len(year["days_off"]) == 10
    assert "已经在登记簿里" in editor.get("/office/calendar?year=2027").words
    assert "与现在的安排一样" in Page(editor.post("/office/calendar", form).text).words


# --- accounts, overlaps, levels


@pytest.fixture
def administrator(living_sqlite: Living) -> Browser:
    return Browser(living_sqlite, "guanli", ["administer"])


def test_an_administrator_adds_an_account_and_it_signs_in(administrator: Browser) -> None:
    living = administrator.living
    form = {"name": "xinren", "password": "seven grey geese flew", "right": "edit", "region": "没有这个地方"}
    refused = administrator.post("/office/accounts", form)
    assert refused.status_code in (404, 409, 422)
    assert 'value="xinren"' in refused.text
    assert administrator.post("/office/accounts", form | {"region": ""}).status_code == 303
    both = administrator.client.post(
        "/office/accounts", data={"name": "liangkao", "right": ["audit", "administer"]}, headers=POST
    )
    assert "不得由同一账号兼任" in Page(both.text).words
    (number,) = living.rows("SELECT id FROM account WHERE name = 'xinren'")[0]
    sign_in = {"name": "xinren", "password": "seven grey geese flew"}
    assert administrator.client.post("/office/sign-in", data=sign_in, headers=POST).status_code == 303
    events = [row[0] for row in living.rows("SELECT event FROM access_log WHERE subject = 'xinren'")]
    assert "account-added" in events
    own = living.rows("SELECT id FROM account WHERE name = 'guanli'")[0][0]
    administrator = Browser(living, "guanli2", ["administer"])
    assert administrator.post(f"/office/accounts/{own}", {"do": "lock", "reason": "离岗"}).status_code == 303
    assert administrator.post(f"/office/accounts/{number}", {"do": "lock", "reason": ""}).status_code == 422
    assert (
        administrator.post(f"/office/accounts/{number}", {"do": "lock", "reason": "离岗"}).status_code == 303
    )
    answer = administrator.client.post("/office/sign-in", data=sign_in, headers=POST)
    assert answer.status_code == 403
    page = administrator.get("/office/accounts")
    assert "已锁定" in page.words
    assert "guanli2 （管理）" in page.words
    themselves = living.rows("SELECT id FROM account WHERE name = 'guanli2'")[0][0]
    answer = administrator.post(f"/office/accounts/{themselves}", {"do": "rights", "right": "publish"})
    assert (answer.status_code, "另一位管理员" in answer.text) == (403, True)


def test_an_overlap_is_judged_and_a_merge_drafted(editor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    living = editor.living
    monkeypatch.setattr(living.client.app.state.registry.settings, "overlap_score", 50)  # type: ignore[attr-defined]
    both = Browser(living, "lianghui", ["edit", "review"])
    region = living.rows(
        "SELECT region FROM timeline WHERE kind = 'item' GROUP BY region ORDER BY count(*) DESC"
    )[0][0]
    a, b = (
        row[0]
        for row in living.rows(
            f"SELECT subject_id FROM timeline WHERE kind = 'item' AND region = '{region}' AND status = 'in_force'"
            f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}' ORDER BY subject_id LIMIT 2"
        )
    )
    form = {"first": a, "second": b, "region": region, "reason": "职责重复"}
    assert both.post("/office/overlaps", form).status_code == 422
    assert "请选择保留哪一个" in Page(both.post("/office/overlaps", form | {"decision": "merge"}).text).words
    asked = {"title": "第九轮清理", "kind": "round", "stated": {"total": 3}}
    drafted = living.post("editor", "/changesets", asked)
    assert drafted.status_code == 201, drafted.text
    shown = both.get(f"/office/overlaps?region={region}").html
    alike = re.search(
        r'name="first" value="([^"]+)"><input type="hidden" name="second" value="([^"]+)"', shown
    )
    assert alike is not None, "names of the seed that are alike"
    typed = form | {"first": alike[1], "second": alike[2], "decision": "merge"}
    refused = both.post("/office/overlaps", typed | {"round": drafted.json()["id"]})
    for kept in (
        'value="职责重复"',
        'name="decision" value="merge" required checked',
        f'<option value="{drafted.json()["id"]}" selected>第九轮清理',
    ):
        assert kept in refused.text, "what was filled in is still there"
    answer = both.post("/office/overlaps", form | {"decision": "merge", "keep": a})
    assert answer.status_code == 303, Page(answer.text).words[:600]
    assert "合并" in both.get(answer.headers["location"]).words
    draft = answer.headers["location"].rpartition("/")[2]
    answer = both.post("/office/overlaps", form | {"decision": "different"})
    assert answer.headers["location"] == f"/office/overlaps?region={region}"
    assert living.rows("SELECT decision, changeset FROM overlap_decision ORDER BY id") == [
        ("merge", draft),
        ("different", None),
    ]
    editor.get(f"/office/overlaps?region={region}&every=1")


def test_overlaps_are_shown_within_the_scope_of_the_account(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To whoever manages one organ: its own pairs, its places, no round that is not its own."""
    living = editor.living
    monkeypatch.setattr(living.client.app.state.registry.settings, "overlap_score", 50)  # type: ignore[attr-defined]
    asked = {
        "title": "第九轮清理",
        "kind": "round",
        "stated": {"total": 3},
        "decisions": [a_retained(living)],
    }
    drafted = living.post("editor", "/changesets", asked)
    assert drafted.status_code == 201, drafted.text
    held = living.rows(
        "SELECT region, authority, count(*) FROM timeline WHERE kind = 'item' GROUP BY 1, 2 ORDER BY 3, 2, 1"
    )
    region = max(held, key=lambda row: row[2])[0]
    organ = next(row[1] for row in held if row[0] == region)
    one = Browser(living, "danweishenhe", ["edit", "review"], authority=organ)
    places = {row[0] for row in held if row[1] == organ}
    for path in ("/office/overlaps?every=1", f"/office/overlaps?region={region}&every=1"):
        page = one.get(path)
        assert set(re.findall(r'<option value="(qdr-[^"]+)"', page.html)) == places
        assert "第九轮清理" not in page.html
        shown = re.findall(r'<a href="/items/([^"]+)">', page.html)
        own = {row[0] for row in living.rows(f"SELECT subject_id FROM timeline WHERE authority = '{organ}'")}
        assert all({*pair} & own for pair in zip(shown[::2], shown[1::2], strict=True))
    everywhere = editor.get(f"/office/overlaps?region={region}&every=1")
    assert len(re.findall(r'<a href="/items/', everywhere.html)) > len(shown)
    above, below = living.rows(
        "SELECT parent, subject_id FROM timeline WHERE kind = 'region' AND parent IS NOT NULL ORDER BY 1, 2"
    )[0]
    under = Browser(living, "xiaji", ["edit", "review"], region=below)
    assert "管理范围" in under.get(f"/office/overlaps?region={above}", 403).words


def a_retained(living: Living) -> dict[str, Any]:
    item = living.rows("SELECT subject_id FROM timeline WHERE kind = 'item' AND status = 'in_force'")[0][0]
    return {"outcome": "retain", "subject": item, "effective_from": TODAY}


def test_one_entry_is_compared_across_levels(editor: Browser) -> None:
    entry, name = editor.living.rows(
        "SELECT l.target, e.name FROM link l JOIN timeline e ON e.subject_id = l.target WHERE l.role = 'entry'"
        " GROUP BY l.target, e.name ORDER BY count(*) DESC"
    )[0]
    assert editor.get("/office/levels")
    page = editor.get(f"/office/levels?entry={entry}")
    assert name in page.words
    assert "没有认领的地方" in page.words
    assert "qdl-" not in page.words


# --- a session that ends while a form is filled in


def ended(living: Living) -> None:
    with living.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE signed_in SET ended_at = 1")


def carried(html: str, begin: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for tag in re.finditer(
        r'<input type="hidden" name="([^"]*)" value="([^"]*)">', html[html.index(begin) :]
    ):
        found.setdefault(unescape(tag[1]), []).append(unescape(tag[2]))
    return found


def test_what_was_typed_survives_the_end_of_the_session(editor: Browser) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    fields = filled(editor.get(path)) | {
        "consult_phone": ["0826-1112223"],
        "reason": ['换"号"<b>'],
        "do": ["save"],
    }
    ended(living)
    answer = editor.client.post(path, data=fields, headers=POST)
    assert answer.status_code == 403
    assert "登录已过期，刚才填的还没有保存" in Page(answer.text).words
    kept = carried(answer.text, 'action="/office/sign-in"')
    wrong = editor.client.post(
        "/office/sign-in", data={**kept, "name": "bianji", "password": "x"}, headers=POST
    )
    assert wrong.status_code == 403
    kept = carried(wrong.text, 'action="/office/sign-in"')
    signed = editor.client.post(
        "/office/sign-in", data={**kept, "name": "bianji", "password": PHRASE}, headers=POST
    )
    assert signed.status_code == 200
    assert f'action="{path}"' in signed.text
    again = carried(signed.text, f'action="{path}"')
    assert again == {
        name: [value.replace("\r\n", "\n") for value in values] for name, values in fields.items()
    }
    saved = editor.client.post(path, data=again, headers=POST)
    assert saved.status_code == 303, Page(saved.text).words[:500]
    assert "0826-1112223" in editor.get(saved.headers["location"]).words


def test_a_password_is_never_kept_and_nothing_leads_astray(editor: Browser) -> None:
    ended(editor.living)
    form = {"old": PHRASE, "new": "another long phrase", "again": "another long phrase"}
    answer = editor.client.post("/office/account/password", data=form, headers=POST)
    assert answer.status_code == 403
    assert "another long phrase" not in answer.text
    away = {"kept:/": "https://evil.example/office", "kept:x": "1", "name": "bianji", "password": PHRASE}
    assert editor.client.post("/office/sign-in", data=away, headers=POST).headers["location"] == "/office"


def test_codes_and_articles_are_no_secrets(editor: Browser) -> None:
    item = editor.living.item_called(FELLING)
    ended(editor.living)
    form = {"code": "no-citation", "old": "第十二条", "new": "第十五条", "password": "自填"}
    for path in ("/office/items/new", "/office/law-changes/1", f"/office/items/{item}/edit"):
        answer = editor.client.post(path, data=form, headers=POST)
        kept = carried(answer.text, 'action="/office/sign-in"')
        assert {name: kept[f"kept:{name}"] for name in form} == {
            name: [value] for name, value in form.items()
        }
    assert "登录后接着办的是：修改事项" in Page(answer.text).words


def test_a_kept_form_is_its_writers_and_nothing_binding_is_kept(editor: Browser, reviewer: Browser) -> None:
    item = editor.living.item_called(FELLING)
    path = f"/office/items/{item}/edit"
    ended(editor.living)
    answer = editor.client.post(path, data={"note": "甲的改动"}, headers=POST)
    kept = carried(answer.text, 'action="/office/sign-in"')
    sign = {**kept, "name": "shenhe", "password": PHRASE}
    other = reviewer.client.post("/office/sign-in", data=sign, headers=POST)
    assert other.status_code == 403
    assert "“修改事项”是另一个账号填的" in Page(other.text).words
    assert "甲的改动" not in other.text
    own = editor.client.post("/office/sign-in", data=sign | {"name": "bianji"}, headers=POST)
    assert "继续保存：修改事项" in Page(own.text).words
    approve = "/office/changesets/qdx-00000001/approve"
    ended(editor.living)
    for move in (approve, approve.replace("approve", "publish"), "/office/editions/qde-1/issue"):
        answer = editor.client.post(move, data={"hash": "0" * 64}, headers=POST)
        assert (answer.status_code, answer.headers["location"][:15]) == (303, "/office/sign-in"), move
    made = {"kept:/": approve, "kept:@": kept["kept:@"], "name": "bianji", "password": PHRASE}
    assert editor.client.post("/office/sign-in", data=made, headers=POST).headers["location"] == "/office"


def test_every_form_of_the_office_is_named_or_not_kept() -> None:
    binding = ("/approve", "/publish", "/confirm", "/issue", "/sign-out", "/sign-in", "/sign-on", "/files")
    binding += ("/imports",)  # a file cannot be kept
    for method, path in TABLE:
        if method == "POST":
            assert bool(packing.action_of(path.replace("{", "").replace("}", ""))) != path.endswith(
                binding
            ), path


# --- remarks


def test_a_reviewer_remarks_on_a_field_and_the_editor_reads_it_there(
    editor: Browser, reviewer: Browser
) -> None:
    item = editor.living.item_called(FELLING)
    asked = {"q": FELLING, "path": "consult_phone", "value": "0826-2345678", "from": TODAY, "item": item}
    place = editor.post("/office/many", asked | {"reason": "换号"}).headers["location"]
    editor.move(f"{place}/submit")
    page = reviewer.get(place)
    about, *_ = re.findall(r'name="about" value="([^"]+)"', page.html)
    assert about == f"{FELLING}·咨询电话（自 {TODAY} 起）"
    hash_ = re.findall(r'name="hash" value="([0-9a-f]+)"', page.html)[0]
    assert reviewer.post(f"{place}/comment", about=about, words=" ").status_code == 422
    reviewer.move(f"{place}/comment", about=about, words="请附<电信>的通知")
    page = editor.get(place)
    assert "shenhe：请附<电信>的通知" in page.words
    assert page.words.count("请附<电信>的通知") == 2  # beside the field, and in what happened
    reviewer.move(f"{place}/approve", hash=hash_)  # a remark changes nothing of what was read
    reader = Browser(editor.living, "zhidu", ["audit"])
    assert reader.post(f"{place}/comment", about=about, words="我也说一句").status_code == 403
