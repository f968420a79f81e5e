"""A round in the office without script: opened, proposed, reviewed, rehearsed, approved by another, published."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browsing import POST, Browser, elsewhere, filled
from handed import hand_down
from holding import fill
from python_calamine import CalamineWorkbook
from reading import BROWSER, Page, read
from seeded import FELLING, KINDS, TODAY, Living

from app.auth.actor import COMMAND_LINE
from app.changes.models import DecisionInput
from app.rounds.proposing import propose
from app.web.office.rounds import deciding

DAY = "2027-03-01"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def living(request: pytest.FixtureRequest, run_seeded: Any, clock: Any) -> Iterator[Living]:
    """On SQLite, unless a test asks for another."""
    with ExitStack() as stack:
        yield run_seeded(getattr(request, "param", "sqlite"), stack)


def organ(living: Living) -> str:
    """The forestry bureau of the county."""
    return living.get(f"/items/{living.item_called(FELLING)}").json()["authority"]["id"]


def form(living: Living, **more: str) -> dict[str, str]:
    return {
        "title": "第三批清理",
        "number": "第三批",
        "document/effective_on": DAY,
        "base_day": TODAY,
        "authorities": organ(living),
        "do": "open",
        **more,
    }


@pytest.fixture
def opened(editor: Browser) -> str:
    """Where a round over the items of the forestry bureau has its desk."""
    answer = editor.post("/office/rounds/new", form(editor.living))
    assert answer.status_code == 303, Page(answer.text).words[:500]
    return answer.headers["location"]


def test_reading_what_is_not_public_is_noted(editor: Browser, opened: str) -> None:
    for path in (f"{opened}/report", f"{opened}/worksheets/marked.xlsx", "/office/editions/qde-none"):
        editor.client.get(path)
    noted = editor.living.rows("SELECT event, subject FROM access_log ORDER BY id DESC LIMIT 3")
    assert [tuple(row) for row in noted] == [
        ("staff-read", "/office/editions/qde-none"),
        ("export", f"{opened}/worksheets/marked.xlsx"),
        ("staff-read", f"{opened}/report"),
    ]


def items_on(page: Page) -> list[str]:
    return re.findall(r'<tr id="i-([^"]+)"', page.html)


def state(page: Page) -> list[int]:
    """全部, 未提出, 待审核, 已退回, 已决定."""
    counts = re.search(r'<ul class="counts">(.*?)</ul>', page.html, re.S)
    assert counts
    return [int(one) for one in re.findall(r"<b>(\d+)</b>", counts[1])]


def propose_all(editor: Browser, opened: str, outcome: str = "保留", **more: str) -> Page:
    asked = {"outcome": outcome, "day": DAY, "do": "matching", "sure": "1", **more}
    page = editor.move(f"{opened}/proposals", **asked)
    assert page is not None
    return page


def agree_all(reviewer: Browser, opened: str) -> Page:
    page = reviewer.move(f"{opened}/opinions", opinion="agree", do="matching", sure="1")
    assert page is not None
    return page


# --- opening


def test_the_items_are_counted_before_the_round_is_opened(editor: Browser) -> None:
    page = editor.move("/office/rounds/new", status=200, **form(editor.living, do="count"))
    assert page is not None
    counted = re.search(r'<p class="figure">(\d+) 项</p>', page.html)
    assert counted
    listed = editor.living.get("/items", authority=organ(editor.living), limit=500).json()["items"]
    assert int(counted[1]) == sum(row["status"] in ("in_force", "suspended") for row in listed)
    assert len(editor.living.rows("SELECT 1 FROM changeset WHERE kind = 'round' AND state = 'draft'")) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": ""}, "请写明这一轮的标题"),
        ({"base_day": "1990-01-01"}, "没有在用的事项"),
        ({"base_day": "昨天"}, "基准日"),
        ({"region": "没有这个地方"}, "没有这个地方"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(editor: Browser, wrong: dict[str, str], says: str) -> None:
    answer = editor.post("/office/rounds/new", form(editor.living, **wrong))
    assert answer.status_code in (404, 422)
    page = Page(answer.text)
    assert says in page.words
    assert 'value="第三批"' in page.html


# --- the whole way


@pytest.mark.parametrize("living", KINDS, indirect=True)
def test_a_round_goes_from_opening_to_the_public_page(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    living, item = editor.living, editor.living.item_called(FELLING)
    count = state(editor.get(opened))[0]
    rows = {"do": "rows", "day": DAY, f"o:{item}": "调整", "limit": "6个工作日", "words": "压缩时限"}
    editor.move(f"{opened}/proposals", **rows)
    page = propose_all(editor, opened)
    assert state(page) == [count, 0, count, 0, 0]
    page = agree_all(reviewer, opened)
    assert state(page) == [count, 0, 0, 0, count]
    rehearsed = editor.get(f"{opened}/rehearsal")
    assert f"纳入清理的事项共 {count} 项" in rehearsed.words
    assert re.search(r"承诺时限 7个工作日（[^）]+） → 6个工作日", rehearsed.words), rehearsed.section(
        "逐项前后"
    )
    version = re.search(r'name="version" value="(\d+)"', editor.get(opened).html)
    assert version
    head = {
        "title": "第三批清理",
        "number": "第三批",
        "version": version[1],
        "document/number": "广区府发〔2027〕1号",
        "document/title": "关于第三批清理的决定",
        "document/effective_on": DAY,
    }
    editor.move(f"{opened}/head", **head)
    assert state(editor.get(opened)) == [count, 0, 0, 0, count], "decisions stay with their opinions"
    editor.move(f"{opened}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(opened).html)
    reviewer.move(f"{opened}/approve", hash=hash_)
    answer = reviewer.post(f"{opened}/publish")
    assert answer.status_code == 303
    report = reviewer.get(f"{opened}/report")
    assert "广区府发〔2027〕1号" in report.words
    assert f"纳入清理的事项共 {count} 项，保留 {count} 项（其中调整 1 项）" in report.words
    public = read(living, opened.removeprefix("/office"))
    assert "1 项缩短了承诺时限" in public.words
    assert "承诺时限 7个工作日 → 6个工作日" in public.words
    assert living.get(f"/items/{item}", on=DAY).json()["content"]["promised_limit"]["value"] == 6
    living.assert_sound()


def test_all_at_once_is_asked_about_first(editor: Browser, opened: str) -> None:
    page = editor.move(f"{opened}/proposals", status=200, outcome="取消", day=DAY, do="matching")
    assert page is not None
    count = state(editor.get(opened))[0]
    assert f"请确认：对 {count} 项提出“取消”" in page.words
    assert state(editor.get(opened))[1] == count, "nothing yet"


def test_a_refused_row_says_so_in_its_place_and_keeps_what_was_chosen(editor: Browser, opened: str) -> None:
    first, second = items_on(editor.get(opened))[:2]
    page = editor.move(
        f"{opened}/proposals", status=422, do="rows", day=DAY, **{f"o:{first}": "保留", f"o:{second}": "调整"}
    )
    assert page is not None
    assert "有 1 项不能这样处理，一项也没有保存" in page.words
    row = page.html.split(f'<tr id="i-{second}"')[1].split("</tr>")[0]
    assert "拟承诺时限" in row
    assert '<option value="调整" selected' in row
    assert '<option value="保留" selected' in page.html.split(f'<tr id="i-{first}"')[1].split("</tr>")[0]
    assert state(page)[2] == 0


@pytest.mark.parametrize("do", ["rows", "selected"])
def test_nothing_chosen_is_said(editor: Browser, opened: str, do: str) -> None:
    page = editor.move(f"{opened}/proposals", status=422, do=do, outcome="保留", day=DAY)
    assert page is not None
    assert "没有选中任何事项" in page.words


def test_the_list_is_filtered_and_the_bulk_goes_by_the_filter(editor: Browser, opened: str) -> None:
    item = editor.living.item_called(FELLING)
    assert items_on(editor.get(f"{opened}?q=林木采伐许可证核发（县级权限）")) == [item]
    asked = {"outcome": "保留", "day": DAY, "do": "matching"}
    page = editor.move(f"{opened}/proposals?q=林木采伐许可证核发（县级权限）", **asked)
    assert page is not None, "one item is not asked about"
    assert state(editor.get(opened))[2] == 1
    assert items_on(editor.get(f"{opened}?state=proposed")) == [item]
    assert items_on(editor.get(f"{opened}?outcome=取消")) == []


# --- the office's opinion


def test_a_returned_proposal_goes_back_with_its_reason(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    item = editor.living.item_called(FELLING)
    editor.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{item}": "保留"})
    refused = reviewer.move(f"{opened}/opinions", status=422, do="rows", **{f"v:{item}": "return"})
    assert refused is not None
    assert "须写明理由" in refused.words
    reviewer.move(f"{opened}/opinions", do="rows", why="请写明依据", **{f"v:{item}": "return"})
    page = editor.get(f"{opened}/items/{item}")
    assert "请写明依据" in page.words
    assert "已退回" in page.words
    again = {"outcome": "保留", "day": DAY, "reason": "依据是森林法", "then": "here"}
    page = editor.move(f"{opened}/items/{item}/proposal", **again)
    assert page is not None
    assert "以前的意见（1）" in page.words


def test_a_department_reads_on_its_desk_what_came_back_and_why(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    living = editor.living
    item = living.item_called(FELLING)
    organ = living.get(f"/items/{item}").json()["authority"]["id"]
    own = Browser(living, "linye", ["edit"], authority=organ)
    assert "退回" not in own.get("/office").section("清理轮次（1）")
    own.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{item}": "保留"})
    reviewer.move(f"{opened}/opinions", do="rows", why="请写明依据", **{f"v:{item}": "return"})
    desk = own.get("/office")
    assert f"退回 1 项意见 ：{FELLING}（请写明依据）" in desk.section("清理轮次（1）")
    assert items_on(own.get(f"{opened}?state=returned")) == [item]
    assert "退回" not in reviewer.get("/office").section("清理轮次（1）"), "who reviews proposes nothing"
    other = living.rows(
        "SELECT authority FROM timeline WHERE kind = 'item' AND valid_to > '2027-01-01' AND status = 'in_force'"
        f" AND authority <> '{organ}' LIMIT 1"
    )[0][0]
    assert "请写明依据" not in Browser(living, "bieren", ["edit"], authority=other).get("/office").words
    own.move(f"{opened}/items/{item}/proposal", outcome="保留", day=DAY, reason="依据是森林法", then="here")
    assert "退回" not in own.get("/office").section("清理轮次（1）")


def test_the_office_changes_a_proposal_and_all_three_stand_beside_each_other(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    item = editor.living.item_called(FELLING)
    editor.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{item}": "保留"})
    changed = {"opinion": "change", "why": "可以更快", "outcome": "调整", "limit": "5个工作日", "day": DAY}
    reviewer.move(f"{opened}/items/{item}/opinion", **changed)
    page = reviewer.get(f"{opened}/items/{item}")
    assert "workday" not in page.section("最终决定")
    assert "改变审核意见" in page.words, "an opinion may be taken back where it was given"
    for heading, words in (("部门意见", "保留"), ("法制办意见", "修改 可以更快"), ("最终决定", "调整")):
        assert words in page.section(heading), heading


def test_terms_and_duties_are_said_in_the_form_and_stand_in_it_again(editor: Browser, opened: str) -> None:
    item = editor.living.item_called(FELLING)
    said = {"outcome": "下放", "day": DAY, "receiver": "枣山园区、协兴园区", "within": "枣山园区：20个工作日"}
    said |= {"duties": "制定监管细则｜｜2027-04-01", "allowed": "川府发〔2026〕8号"}
    editor.move(f"{opened}/items/{item}/proposal", **said)
    page = editor.get(f"{opened}/items/{item}")
    told = page.section("部门意见")
    assert "承接期限：枣山园区，20 个工作日内" in told
    assert "后续责任：制定监管细则，2027年4月1日前" in told
    assert "上级依据：川府发〔2026〕8号" in told
    assert "这张表单写不下" not in page.words
    assert filled(page)["duties"] == ["制定监管细则｜｜2027-04-01"]
    assert filled(page)["within"] == ["枣山园区：20个工作日"]
    wrong = editor.move(f"{opened}/items/{item}/proposal", status=422, **(said | {"within": "尽快"}))
    assert wrong is not None
    assert "承接期限：期限“尽快”看不懂" in wrong.words


def test_what_a_national_law_sets_is_shown_by_the_item_and_not_agreed(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    item = editor.living.item_called(FELLING)
    editor.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{item}": "取消"})
    page = editor.get(f"{opened}?checks=refuse")
    assert items_on(page) == [item]
    assert "不能这样决定" in page.words
    page = reviewer.move(f"{opened}/opinions", status=409, do="rows", **{f"v:{item}": "agree"})
    assert page is not None
    assert "本级不能取消" in page.html.split(f'<tr id="i-{item}"')[1].split("</tr>")[0]


def test_nobody_reviews_what_they_proposed(living: Living, opened: str, editor: Browser) -> None:
    both = Browser(living, "shuangren", ["edit", "review"])
    item = living.item_called(FELLING)
    both.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{item}": "保留"})
    assert f'name="o:{item}"' in both.get(opened).html
    assert f'name="v:{item}"' in both.get(f"{opened}?role=review").html
    page = both.move(f"{opened}/opinions", status=403, do="rows", **{f"v:{item}": "agree"})
    assert page is not None
    assert "另一人审核" in page.words


def test_a_department_sees_and_decides_its_own_alone(living: Living, editor: Browser) -> None:
    answer = editor.post("/office/rounds/new", form(living, authorities=""))
    opened = answer.headers["location"]
    department = Browser(living, "linye", ["edit"], authority=organ(living))
    own, every = items_on(department.get(opened)), state(editor.get(opened))[0]
    assert 0 < len(own) < every
    other = next(item for item in items_on(editor.get(opened)) if item not in own)
    department.get(f"{opened}/items/{other}", status=404)
    page = department.move(f"{opened}/proposals", status=422, do="rows", day=DAY, **{f"o:{other}": "保留"})
    assert page is not None
    assert "没有选中任何事项" in page.words
    assert "提交审批" not in department.get(opened).words
    assert state(department.get(opened))[0] == len(own), "the tiles count what it sees"
    another = editor.living.get(f"/items/{other}").json()["authority"]["id"]
    department.get(f"{opened}/worksheets.xlsx?authority={another}", status=403)
    mine = department.client.get(f"{opened}/worksheets.xlsx?authority={organ(living)}", headers=BROWSER)
    assert mine.status_code == 200


def test_a_merged_item_is_called_by_what_becomes_of_it(living: Living, editor: Browser, opened: str) -> None:
    kept, gone = items_on(editor.get(opened))[:2]
    merge = {
        "outcome": "merge",
        "effective_from": DAY,
        "origins": [{"subject": kept}, {"subject": gone}],
        "results": [{"subject": kept}],
    }
    with living.database.writing() as session:
        propose(session, COMMAND_LINE, opened.split("/")[-1], [DecisionInput(**merge)], TODAY)
    reviewer = Browser(living, "shenhe", ["review"])
    reviewer.move(f"{opened}/opinions", do="rows", **{f"v:{kept}": "agree"})
    names = [living.get(f"/items/{one}").json()["name"] for one in (kept, gone)]
    carried = f"{names[0]}、{names[1]} → {names[0]}"
    assert carried in editor.get(opened).words
    assert carried in editor.get(f"/office/changesets/{opened.split('/')[-1]}").words
    page = editor.get(f"{opened}/rehearsal")

    def said(item: str) -> str:
        return page.html.split(f'/items/{item}">')[-1].split("<b>")[1].split("</b>")[0]

    assert (said(kept), said(gone)) == ("合并其他事项", "因合并不再单列")


def read_by(reviewer: Browser, place: str, name: str) -> dict[str, str]:
    """What a page carries of what it showed."""
    found = re.search(rf'name="{name}" value="([^"]+)"', reviewer.get(place).html)
    assert found
    return {name: found[1]}


def test_an_opinion_is_of_the_proposal_that_was_shown(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    place = f"{opened}/items/{editor.living.item_called(FELLING)}"
    editor.move(f"{place}/proposal", outcome="保留", day=DAY)
    shown = read_by(reviewer, place, "read")
    editor.move(f"{place}/proposal", outcome="暂停", day=DAY, reason="改了主意")
    page = reviewer.move(f"{place}/opinion", status=412, opinion="agree", why="记下的话", **shown)
    assert page is not None
    assert "清理意见在您看过之后又有改动" in page.words
    assert "改了主意" in page.words
    assert filled(page)["why"] == ["记下的话"]
    assert state(reviewer.get(opened))[4] == 0
    reviewer.move(f"{place}/opinion", opinion="agree", read=filled(page)["read"][0])
    assert state(reviewer.get(opened))[4] == 1


@pytest.mark.parametrize("do", ["matching", "rows", "selected"])
def test_many_are_agreed_as_the_list_showed_them(
    editor: Browser, reviewer: Browser, opened: str, do: str
) -> None:
    propose_all(editor, opened)
    items = items_on(editor.get(opened))
    shown = read_by(reviewer, opened, "shown")
    editor.move(f"{opened}/items/{items[1]}/proposal", outcome="暂停", day=DAY)
    asked = {"do": do, "opinion": "agree"} | ({f"v:{one}": "agree" for one in items} if do == "rows" else {})
    if do == "selected":
        asked["item"] = items[1]
    page = reviewer.move(f"{opened}/opinions", status=412, **asked, **shown)
    assert page is not None
    alert = page.html.split('role="alert"')[1].split("</div>")[0]
    assert re.findall(r"/items/([^\"?]+)", alert) == [items[1]]
    assert "清理意见在您看过之后又有改动" in alert
    assert state(page)[4] == 0
    reviewer.move(f"{opened}/opinions", **asked, sure="1", **read_by(reviewer, opened, "shown"))
    assert state(reviewer.get(opened))[4] == (1 if do == "selected" else len(items))


def test_what_moves_while_many_are_weighed_is_not_agreed(
    editor: Browser, reviewer: Browser, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    propose_all(editor, opened)
    item = items_on(editor.get(opened))[0]
    asked = {"do": "matching", "sure": "1", "opinion": "agree", **read_by(reviewer, opened, "shown")}
    plain = deciding.opine_from

    def meanwhile(*some: Any, **more: Any) -> Any:
        write = plain(*some, **more)
        monkeypatch.setattr(deciding, "opine_from", plain)
        editor.move(f"{opened}/items/{item}/proposal", outcome="暂停", day=DAY)
        return write

    monkeypatch.setattr(deciding, "opine_from", meanwhile)
    page = reviewer.move(f"{opened}/opinions", status=412, **asked)
    assert page is not None
    assert f"{opened}/items/{item}" in page.html.split('role="alert"')[1].split("</div>")[0]
    assert state(page)[4] == 0


@pytest.mark.parametrize("do", ["rows", "selected"])
@pytest.mark.parametrize("living", ["sqlite", "postgresql"], indirect=True)
def test_a_proposal_takes_nothing_away_that_the_list_did_not_show(
    editor: Browser, living: Living, opened: str, do: str
) -> None:
    other = Browser(living, "linye", ["edit"])
    first, second = items_on(editor.get(opened))[:2]
    asked = {"do": do, "outcome": "暂停", "item": first, f"o:{first}": "暂停", "day": DAY}
    shown, theirs = read_by(editor, opened, "shown"), read_by(other, opened, "shown")
    other.move(f"{opened}/proposals", do="rows", day=DAY, reason="林业", **{f"o:{first}": "保留"}, **theirs)
    page = editor.move(f"{opened}/proposals", status=412, **asked, **shown)
    assert page is not None
    assert "有 1 项不能这样处理" in page.words
    assert "在您看过之后又有改动" in page.words
    assert "linye" in page.words
    row = page.html[page.html.index(f'name="o:{first}"') :]
    assert '<option value="暂停" selected' in row[: row.index("</select>")], (
        "what was chosen stands there again"
    )
    editor.move(f"{opened}/proposals", do="rows", day=DAY, **{f"o:{second}": "保留"}, **shown)
    editor.move(f"{opened}/proposals", **asked, **read_by(editor, opened, "shown"))
    assert "暂停" in editor.get(f"{opened}/items/{first}").words


def test_a_second_click_on_a_proposal_is_no_refusal(editor: Browser, opened: str) -> None:
    first = items_on(editor.get(opened))[0]
    asked = {"do": "rows", "day": DAY, f"o:{first}": "保留", **read_by(editor, opened, "shown")}
    editor.move(f"{opened}/proposals", **asked)
    editor.move(f"{opened}/proposals", **asked)


def test_what_is_proposed_while_many_are_weighed_is_not_replaced(
    editor: Browser, living: Living, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Browser(living, "linye", ["edit"])
    first = items_on(editor.get(opened))[0]
    plain = deciding.propose_from

    def meanwhile(*some: Any, **more: Any) -> Any:
        write = plain(*some, **more)
        monkeypatch.setattr(deciding, "propose_from", plain)
        other.move(f"{opened}/items/{first}/proposal", outcome="保留", day=DAY)
        return write

    monkeypatch.setattr(deciding, "propose_from", meanwhile)
    asked = {"do": "rows", "day": DAY, f"o:{first}": "暂停", **read_by(editor, opened, "shown")}
    page = editor.move(f"{opened}/proposals", status=412, **asked)
    assert page is not None
    assert f"{opened}/items/{first}" in page.html.split('role="alert"')[1].split("</div>")[0]
    assert "linye" in page.words


def test_a_merger_does_not_replace_what_another_proposes_of_its_target(
    editor: Browser, living: Living, opened: str
) -> None:
    other = Browser(living, "linye", ["edit"])
    first, target = items_on(editor.get(opened))[:2]
    other.move(f"{opened}/items/{target}/proposal", outcome="保留", day=DAY)
    place, merge = f"{opened}/items/{first}", {"outcome": "合并", "receiver": target, "day": DAY}
    page = editor.move(f"{place}/proposal", status=409, read="", **merge)
    assert page is not None
    assert "已有另一条清理意见（“保留”）" in page.words
    assert "linye" in other.get(f"{opened}/items/{target}").words


# --- worksheets


def upload(browser: Browser, opened: str, path: Path, **fields: str) -> Any:
    files = {"file": (path.name, path.read_bytes(), XLSX)}
    return browser.client.post(f"{opened}/worksheets", files=files, data=fields, headers=POST)


def test_a_worksheet_goes_out_and_comes_back(editor: Browser, opened: str, tmp_path: Path) -> None:
    taken = editor.client.get(f"{opened}/worksheets.xlsx?authority={organ(editor.living)}", headers=BROWSER)
    assert taken.headers["content-type"] == XLSX
    path = tmp_path / "表.xlsx"
    path.write_bytes(taken.content)
    first, second = items_on(editor.get(opened))[:2]
    fill(path, {first: {"outcome": "保留"}, second: {"outcome": "废掉"}})
    answer = upload(editor, opened, path)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "没有导入任何内容" in page.words
    assert "处理意见“废掉”不在可选之列" in page.words
    with elsewhere(editor) as another:
        marked = another.client.get(page.link("下载标注了错误的表格"), headers=BROWSER)
    assert marked.status_code == 200
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(marked.content))
    cells = [str(cell) for row in sheets.get_sheet_by_index(0).to_python() for cell in row]
    assert any("不在可选之列" in cell for cell in cells)
    fill(path, {second: {"outcome": "保留"}})
    assert "新提出 2 项" in Page(upload(editor, opened, path).text).words
    again = Page(upload(editor, opened, path).text)
    assert "新提出 0 项，修改 0 项" in again.words, "safe to bring back again"
    assert state(editor.get(opened))[2] == 2


def test_what_is_no_workbook_is_said(editor: Browser, opened: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"not a workbook")
    page = Page(upload(editor, opened, path).text)
    assert "不是 .xlsx" in page.words
    assert "下载标注" not in page.words
    empty = editor.client.post(f"{opened}/worksheets", data={"reopen": ""}, headers=POST)
    assert "没有选择文件" in Page(empty.text).words


# --- around


def test_a_rehearsal_says_what_is_undecided(editor: Browser, opened: str) -> None:
    count = state(editor.get(opened))[0]
    page = editor.get(f"{opened}/rehearsal")
    assert f"还有 {count} 项没有决定，不能发布" in page.words


def test_a_rehearsal_tells_a_limit_that_is_newly_set_as_one(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    bare = next(
        one
        for one in items_on(editor.get(opened))
        if "promised_limit" not in editor.living.get(f"/items/{one}").json()["content"]
    )
    said = {"do": "rows", "day": DAY, f"o:{bare}": "调整", "limit": "3个工作日"}
    editor.move(f"{opened}/proposals", **said)
    reviewer.move(f"{opened}/opinions", do="rows", **{f"v:{bare}": "agree"})
    page = editor.get(f"{opened}/rehearsal")
    assert "承诺时限：3个工作日" in page.words
    assert page.section("逐项前后").count("承诺时限") == 1


def test_duties_are_listed_with_what_is_overdue(living_sqlite: Living, clock: Any) -> None:
    hand_down(living_sqlite)
    page = Browser(living_sqlite, "bianji", ["edit"]).get("/office/duties")
    assert "制定监管细则" in page.words
    assert "前锋区" in page.words
    clock.set("2027-01-05T09:00:00")
    late = Browser(living_sqlite, "wanle", ["edit"])
    page = late.get("/office/duties?state=overdue&kind=acceptance")
    assert page.words.count("日 逾期 无人承接") == 5
    assert page.link("逾期 6 件") == "/office/duties?state=overdue", "five counties and the rules"


def test_a_script_runs_only_where_it_is_ours(editor: Browser, opened: str) -> None:
    policies = {
        path: editor.client.get(path, headers=BROWSER).headers["content-security-policy"]
        for path in (opened, "/office/changesets")
    }
    assert "script-src 'self'" in policies[opened]
    assert "unsafe" not in policies[opened]
    assert "script-src" not in policies["/office/changesets"]


# --- what is read on the way


def test_a_limit_is_told_as_one_whatever_sets_it(editor: Browser, opened: str) -> None:
    item = items_on(editor.get(opened))[0]
    editor.post(f"{opened}/items/{item}/proposal", {"outcome": "调整", "limit": "3个工作日", "day": DAY})
    for place in (opened, f"{opened}/items/{item}"):
        words = editor.get(place).words
        assert "承诺时限：3个工作日" in words
        assert "承诺时限：工作日" not in words


def test_a_department_is_not_told_to_hand_in_a_round_of_many(living: Living, editor: Browser) -> None:
    assert editor.post("/office/rounds/new", form(living, authorities="")).status_code == 303
    bureau = Browser(living, "linye", ["edit"], authority=organ(living))
    words = bureau.get("/office").words
    assert "第三批清理 等提出意见" in words
    assert "提交审批" not in words


def test_whoever_may_do_both_reviews_where_the_review_was_asked_for(
    living: Living, editor: Browser, opened: str
) -> None:
    item = items_on(editor.get(opened))[0]
    editor.post(f"{opened}/items/{item}/proposal", {"outcome": "保留", "day": DAY})
    place, office = f"{opened}/items/{item}", Browser(living, "fazhi", ["edit", "review"])
    assert "/proposal?role=review" not in office.get(f"{place}?role=review").html
    assert "改成别的决定" in office.get(f"{place}?role=review").words
    assert "/proposal" in office.get(place).html
    assert office.get(place).link("审核意见") == f"{place}?role=review"


def test_who_goes_on_to_the_next_is_told_that_the_last_was_saved(editor: Browser, opened: str) -> None:
    first, second, *_ = items_on(editor.get(opened))
    asked = {"outcome": "保留", "day": DAY, "then": "next"}
    place = editor.post(f"{opened}/items/{first}/proposal", asked).headers["location"]
    assert f"/items/{second}?" in place
    assert "刚才那一项已保存，下面是下一项" in editor.get(place).words


def test_all_that_stand_in_the_way_of_one_bulk_are_named(
    editor: Browser, reviewer: Browser, opened: str
) -> None:
    """By their names, not by their places among what was chosen, and with a way to each."""
    items = items_on(editor.get(opened))
    for item in items:
        editor.post(f"{opened}/items/{item}/proposal", {"outcome": "取消", "day": DAY, "reason": "不再需要"})
    refused = items_on(editor.get(f"{opened}?checks=refuse"))
    assert 1 < len(refused) < len(items)
    asked = {"do": "matching", "sure": "1", "opinion": "agree"}
    page = reviewer.move(f"{opened}/opinions", status=409, **asked)
    assert page is not None
    assert f"有 {len(refused)} 项不能这样处理，一项也没有保存" in page.words
    alert = page.html.split('role="alert"')[1].split("</div>")[0]
    assert [one for one in refused if f"{opened}/items/{one}" in alert] == refused
    assert "项决定：" not in alert
    assert state(page)[4] == 0
