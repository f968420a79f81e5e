"""Comparing two days of an item, and two times at which one day was known."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import read
from seeded import FELLING, TODAY, Living, new_item, set_field
from test_office import Browser

from app.items.comparing import compare
from app.items.content import ItemContent
from app.items.field_words import value_words, word_of
from app.versions.fold import diff
from app.versions.queries import known_at
from app.web import comparing
from app.web.comparing import MOST_TOKENS, marks

SAND = "从事营利性治沙活动新办许可（县级权限）"


def kept(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without what is marked."""
    for first, last in reversed(spans):
        assert 0 <= first < last <= len(text)
        text = text[:first] + text[last:]
    return text


@given(st.text(alphabet="甲乙丙丁12ab ，", max_size=40), st.text(alphabet="甲乙丙丁12ab ，", max_size=40))
def test_what_is_not_marked_is_on_both_sides(before: str, after: str) -> None:
    lost, gained = marks(before, after)
    if before == after:
        assert not lost
        assert not gained
    else:
        assert lost or gained
    # A character between two runs may be marked with them: then it stands in both.
    assert set(kept(before, lost)) <= set(after)
    assert set(kept(after, gained)) <= set(before)


def test_words_are_marked_not_the_whole_field() -> None:
    before, after = "承诺办结时限：20个工作日", "承诺办结时限：10个工作日"
    lost, gained = marks(before, after)
    assert [before[a:b] for a, b in lost] == ["20"]
    assert [after[a:b] for a, b in gained] == ["10"]


def test_very_long_texts_are_marked_between_what_they_share() -> None:
    head, tail = "甲" * 50, "乙" * 50
    before, after = head + "丙丁" * MOST_TOKENS + tail, head + "丁丙" * MOST_TOKENS + "戊" + tail
    lost, gained = marks(before, after)
    assert [before[a:b] for a, b in lost] == ["丙丁" * MOST_TOKENS]
    assert [after[a:b] for a, b in gained] == ["丁丙" * MOST_TOKENS + "戊"]


def _places(schema: dict, defs: dict, at: str = "") -> set[str]:
    found = set()
    for name, part in schema.get("properties", {}).items():
        place = f"{at}/{name}" if at else name
        found.add(place)
        for option in [part, *part.get("anyOf", [])]:
            for target in (option, option.get("items", {})):
                if "$ref" in target:
                    found |= _places(defs[target["$ref"].rsplit("/", 1)[-1]], defs, place)
    return found


def test_every_field_of_an_item_has_a_chinese_word() -> None:
    schema = ItemContent.model_json_schema()
    places = _places(schema, schema["$defs"])
    assert {"materials/copies", "variants/materials/basis", "special_procedures/limit/unit"} <= places
    assert [place for place in sorted(places) if word_of(place).isascii()] == []


def test_values_read_as_words() -> None:
    assert (
        value_words("promised_limit", {"value": 10, "unit": "workday", "note": "见注"}, {})
        == "10个工作日（见注）"
    )
    assert value_words("type", "01", {}) == "行政许可"
    assert value_words("materials/necessity", "deferrable", {}) == "容缺后补"
    assert value_words("authority", "qda-x", {"qda-x": "林业局"}) == "林业局"
    added = {"key": "m9", "name": "承诺书", "copies": 2, "necessity": "required"}
    assert value_words("materials", added, {}) == "名称：承诺书\n复印件份数：2\n必要性：必要"


def told(before: dict, after: dict, names: dict | None = None) -> list[tuple[str, str, str]]:
    before, after = ({"schema": 1, "name": "事项"} | side for side in (before, after))
    listed = comparing.rows(before, after, diff(before, after), names or {}, ([], []))
    return [(one.label, one.before, one.after) for one in listed]


def test_no_difference_is_left_out_because_both_sides_read_alike() -> None:
    names = {"qda-1": "林业局", "qda-2": "林业局"}
    assert told({"authority": "qda-1"}, {"authority": "qda-2"}, names) == [
        ("实施机关", "林业局（qda-1）", "林业局（qda-2）")
    ]
    assert told({"co_authority_ids": ["qda-1"]}, {"co_authority_ids": ["qda-2"], "note": "小改"}, names) == [
        ("共同实施部门（关联）", "林业局（qda-1）", "林业局（qda-2）"),
        ("备注", "", "小改"),
    ]
    unit = "statutory_limit"
    assert told({unit: {"unit": "workday"}}, {unit: {"unit": "day"}}) == [
        ("法定时限", "单位：工作日", "单位：自然日")
    ]
    assert told({unit: {"unit": "immediate", "value": 5}}, {unit: {"unit": "immediate"}}) == [
        ("法定时限", "数值：5\n单位：即办", "即办")
    ]
    assert told({"aliases": ["甲、乙"]}, {"aliases": ["甲", "乙"]}) == [("俗称", "“甲、乙”", "甲、乙")]
    assert told({"aliases": ["“甲", "乙”"]}, {"aliases": ["甲、乙"]}) == [
        ("俗称", '“甲、乙”（["“甲","乙”"]）', '“甲、乙”（["甲、乙"]）')
    ]
    assert told({}, {"schema": 2}) == [("结构版本", "1", "2")]


def test_elements_of_one_name_are_told_apart_by_their_keys() -> None:
    first, second = ({"key": key, "name": "证明", "copies": 1} for key in ("a", "b"))
    assert told({"materials": [first, second]}, {"materials": [second, first]}) == [
        ("申请材料 顺序", "证明（a）、证明（b）", "证明（b）、证明（a）")
    ]
    assert told({"materials": [first, second]}, {"materials": [first, second | {"copies": 2}]}) == [
        ("申请材料 “证明（b）” 复印件份数", "1", "2")
    ]
    ordered = [first | {"key": "order"}, second]
    assert [one[0] for one in told({"materials": ordered}, {"materials": ordered[::-1]})] == ["申请材料 顺序"]
    both = told({"materials": ordered}, {"materials": [second, {"key": "c", "name": "新"}]})
    assert [one[0] for one in both] == ["申请材料 “证明（order）”", "申请材料 “新”"]


@pytest.mark.parametrize(
    ("before", "after", "was", "now"),
    [
        ("消费调解", "消费\u200b调解", "消费调解", "消费[〈U+200B〉]调解"),
        ("消费调解", "消费调解\u202e（", "消费调解", "消费调解[〈U+202E〉（]"),
        ("甲\u202e乙", "甲\u202e丙", "甲〈U+202E〉[乙]", "甲〈U+202E〉[丙]"),
        ("消费 调解", "消费\u00a0调解", "消费[〈U+0020〉]调解", "消费[〈U+00A0〉]调解"),
        ("消费调解", "消费调解\u3164", "消费调解", "消费调解[〈U+3164〉]"),
        ("消费调解", "消费调解 ", "消费调解", "消费调解[〈U+0020〉]"),
        ("一\n二", "一二", "一[〈U+000A〉\n]二", "一二"),
        ("一\u200d二", "一\u200d二 三", "一\u200d二", "一\u200d二[ 三]"),
    ],
)
def test_what_nobody_sees_is_shown_as_its_code_where_it_changes(
    before: str, after: str, was: str, now: str
) -> None:
    (row,) = comparing.rows(
        {"name": before}, {"name": after}, diff({"name": before}, {"name": after}), {}, ([], [])
    )

    def marked(text: str, spans: list[tuple[int, int]]) -> str:
        for first, last in reversed(spans):
            text = f"{text[:first]}[{text[first:last]}]{text[last:]}"
        return text

    assert (marked(row.before, row.lost), marked(row.after, row.gained)) == (was, now)


def test_codes_of_one_value_are_told_apart_by_their_scheme() -> None:
    codes = [{"scheme": "local", "value": "7", "issuer": "市"}], [{"scheme": "sichuan-impl", "value": "7"}]
    listed = comparing.rows({}, {}, [], {}, codes)
    assert [(one.label, one.before, one.after) for one in listed] == [
        ("编码", "7（local 市）", "7（sichuan-impl）")
    ]


_LISTED = st.lists(st.sampled_from(["甲", "乙", "甲、乙", "“甲", "乙”"]), max_size=3)
_LIMIT = st.fixed_dictionaries(
    {},
    optional={
        "value": st.integers(0, 2),
        "unit": st.sampled_from(["day", "immediate"]),
        "note": st.just("注"),
    },
)
_ORGAN = st.sampled_from(["qda-1", "qda-2", "qda-3"])
_CONTENT = st.fixed_dictionaries(
    {},
    optional={
        "aliases": _LISTED,
        "statutory_limit": _LIMIT.filter(bool),
        "authority": _ORGAN,
        "co_authority_ids": st.lists(_ORGAN, max_size=2, unique=True),
        "charged": st.booleans(),
        "materials": st.lists(
            st.fixed_dictionaries(
                {"key": st.sampled_from(["a", "b", "order", "limit"]), "name": st.just("证")}
            ),
            max_size=3,
            unique_by=lambda one: one["key"],
        ),
    },
)


@given(_CONTENT, _CONTENT)
def test_whatever_differs_has_a_row_whose_sides_differ(before: dict, after: dict) -> None:
    changes = diff(before, after)
    names = {"qda-1": "林业局", "qda-2": "林业局", "qda-3": "水务局"}
    listed = comparing.rows(before, after, changes, names, ([], []))
    assert {one["path"].split("/")[0] for one in changes} == {
        next(field for field in {*before, *after} if one.label.split(" ")[0] == word_of(field))
        for one in listed
    }
    assert [one.label for one in listed if one.before == one.after] == []


def _twin(living: Living, kind: str, subject: str) -> str:
    """Another organ, or another document, that is called the same and says the same of itself."""
    content = living.get(
        f"/{ {'authority': 'authorities', 'instrument': 'instruments'}[kind] }/{subject}"
    ).json()["content"]
    outcome = {"authority": "found", "instrument": "enact"}[kind]
    made = living.publish({"kind": kind, "outcome": outcome, "effective_from": TODAY, "content": content})
    return made["decisions"][0]["subject"]


def test_a_change_to_an_organ_or_a_law_of_the_same_name_is_seen_by_reviewer_and_public(
    living: Living,
) -> None:
    item = living.item_called(FELLING)
    content = living.get(f"/items/{item}").json()["content"]
    citation = next(one for one in content["citations"] if one.get("instrument"))
    organ, law = (
        _twin(living, "authority", content["authority"]),
        _twin(living, "instrument", citation["instrument"]),
    )
    decisions = [
        {
            "outcome": "transfer",
            "subject": item,
            "effective_from": "2026-12-01",
            "changes": [{"op": "set", "path": "authority", "value": organ}],
        },
        {
            "outcome": "adjust",
            "subject": item,
            "effective_from": "2026-12-02",
            "changes": [
                {"op": "set", "path": f"citations/{citation['key']}/instrument", "value": law},
                {"op": "set", "path": "note", "value": "小改"},
            ],
        },
    ]
    made = living.post(
        "editor", "/changesets", {"title": "调整", "reason": "调整", "decisions": decisions}
    ).json()["id"]
    reviewer = Browser(living, "shenhe", ["review"])
    effects = reviewer.get(f"/office/changesets/{made}").html.partition('id="effects"')[2]
    for row, former, now in (
        ("实施机关", content["authority"], organ),
        ("法律法规文件", citation["instrument"], law),
    ):
        sides = re.search(
            rf'<th scope="row">[^<]*{row}</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>', effects, re.S
        )
        assert sides, (row, effects)
        was, is_ = (re.sub("<[^>]+>", "", side) for side in sides.groups())
        assert was != is_
        assert is_.startswith(was.partition("（")[0]), "the name is the same"
        assert former not in is_
        assert now not in was
    living.publish(*decisions)
    page = read(living, f"/items/{item}/compare", **{"from": "2026-11-30", "to": "2026-12-01"})
    assert "不同之处（1）" in page.words
    assert "完全相同" not in page.words
    assert organ in page.words
    told_as = living.get("/changes", since=0, limit=1000).json()["changes"][-3:]
    assert any(organ in one.get("sentence", "") for one in told_as), told_as


def test_two_days_of_an_item_stand_side_by_side(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}/compare", **{"from": "2025-06-01", "to": "2025-10-01"})
    assert "2025年6月1日与 2025年10月1日的比较" in page.words
    assert "<del>20</del>个工作日" in page.html
    assert "<ins>10</ins>个工作日" in page.html
    assert "必要性" in page.words
    assert "演示〔2025〕3号" in page.words
    assert "演示〔2025〕1号" not in page.words, "what took effect on the first day is on both sides"


def test_days_that_do_not_differ_say_so(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}/compare", **{"from": "2025-06-02", "to": "2025-06-03"})
    assert "两边的内容、状态和编码完全相同。" in page.words


def test_a_cancellation_is_a_difference_of_status(asking: Living) -> None:
    item = asking.item_called(SAND)
    page = read(asking, f"/items/{item}/compare", **{"from": "2025-09-30", "to": "2025-10-01"})
    assert "状态 在用 已终止" in page.words
    assert "演示〔2025〕3号" in page.words


def test_without_days_the_standing_version_is_compared_with_the_one_before(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}/compare")
    assert "2025年6月1日与 2026年9月28日的比较" in page.words


def test_the_history_leads_to_the_comparison(asking: Living) -> None:
    item = asking.item_called(FELLING)
    page = read(asking, f"/items/{item}")
    then = read(asking, page.link("与上一版"))
    assert "的比较" in then.words


def test_one_day_as_known_at_two_times(living_sqlite: Living, clock) -> None:
    item = living_sqlite.item_called(FELLING)
    clock.set("2026-10-20T09:00:00")
    late = {"timing": "correction", "reason": "当时录错了"}
    living_sqlite.publish(set_field(item, "consult_phone", "0826-1234567", "2026-10-01", **late))
    page = read(living_sqlite, f"/items/{item}", on="2026-10-10")
    then = read(living_sqlite, page.link("与现在所示逐项比较"))
    assert "2026年10月10日的内容：两个时刻所知的比较" in then.words
    assert "咨询电话 未提供 0826-1234567" in then.words


def test_what_is_added_moved_and_taken_away_is_named(living_sqlite: Living) -> None:
    materials = [
        {"key": key, "name": name} for key, name in (("m1", "申请书"), ("m2", "执照"), ("m3", "图纸"))
    ]
    living_sqlite.publish(new_item(living_sqlite, "材料常变的事项", content={"materials": materials}))
    item = living_sqlite.item_called("材料常变的事项")
    changes = [
        {"op": "remove", "path": "materials/m2"},
        {
            "op": "add",
            "path": "materials",
            "value": {"key": "m4", "name": "承诺书", "copies": 2},
            "after": "m3",
        },
        {"op": "order", "path": "materials", "keys": ["m3", "m1", "m4"]},
    ]
    living_sqlite.publish(
        {"outcome": "adjust", "subject": item, "effective_from": "2026-10-01", "changes": changes}
    )
    page = read(living_sqlite, f"/items/{item}/compare", **{"from": TODAY, "to": "2026-10-01"})
    assert "申请材料 “执照”" in page.words
    assert "名称：承诺书 复印件份数：2" in page.words
    assert "申请材料 顺序 申请书、执照、图纸 图纸、申请书、承诺书" in page.words


def test_the_api_and_the_page_compare_the_same(asking: Living) -> None:
    item = asking.item_called(FELLING)
    answer = asking.get(f"/items/{item}/diff", **{"from": "2025-06-01", "to": "2025-10-01"}).json()
    with asking.database.reading() as session:
        connection = session.connection()
        known = known_at(connection, None)
        compared = compare(connection, item, ("2025-06-01", known), ("2025-10-01", known))
    assert answer["changes"] == compared.changes


def test_what_lies_between_comes_by_its_day_whenever_it_was_entered(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    living_sqlite.publish({"outcome": "suspend", "subject": item, "effective_from": TODAY, "words": "暂停"})
    page = read(living_sqlite, f"/items/{item}/compare", **{"from": "2025-05-01", "to": "2027-01-02"})
    between = page.section("其间的变更和文件")
    days = ["2027年1月1日 调整", "2026年9月28日 暂停", "2025年10月1日 调整"]
    places = [between.index(day) for day in days]
    assert places == sorted(places), between
