"""A round's public page: drawn by authority, crossed, searched, compared; and how many items stood over time."""

from __future__ import annotations

import re

import pytest
from reading import read
from seeded import FELLING, Living

from app.rounds import browsing
from app.web.charts import HEIGHT, WIDTH, Crossed, crossed, outcomes_by_group, over_time, stacked
from app.web.public import rounds


def group(name: str, before: int, **outcomes: int):
    told = {"retain": 0, "cancel": 0, "devolve": 0, "merge": 0, "split": 0, "convert": 0} | outcomes
    retained = dict.fromkeys(
        (
            "merge",
            "split",
            "convert",
            "transfer",
            "narrow",
            "entrust",
            "suspend",
            "resume",
            "receive",
            "adjust",
            "retain",
            "undecided",
        ),
        0,
    )
    return {
        "name": name,
        "before": before,
        "after": told["retain"],
        "outcomes": told,
        "retained": retained,
        "new": dict.fromkeys(("add", "receive", "merge", "split", "narrow"), 0),
        "transferred_in": 0,
        "transferred_out": 1,
        "limits": {"promised": {"days_saved": 7}},
    }


@pytest.fixture(scope="session")
def round_id(asking_session: Living) -> str:
    return asking_session.get("/rounds").json()["rounds"][0]["id"]


# --- drawing


def test_bars_stand_one_behind_the_other_and_fill_the_line() -> None:
    bars = stacked([("a", "甲", 3), ("none", "无", 0), ("b", "乙", 1)], 4)
    assert [(bar.name, bar.x, bar.width) for bar in bars] == [("a", 0, 750), ("b", 750, 250)]


def test_one_in_ten_thousand_is_still_seen_and_nothing_goes_past_the_end() -> None:
    bars = stacked([("a", "甲", 9_999), ("b", "乙", 1)], 10_000)
    assert bars[-1].width >= 0
    assert sum(bar.width for bar in bars) <= WIDTH
    (only,) = stacked([("b", "乙", 1)], 10_000)
    assert only.width == 2


def test_each_authority_is_measured_against_the_largest() -> None:
    lines = outcomes_by_group(
        [group("大", 10, retain=8, cancel=2), group("小", 5, cancel=5), group("空", 0)], 9
    )
    assert [(line.label, line.total, line.words) for line in lines] == [
        ("大", 10, "保留 8，取消 2"),
        ("小", 5, "取消 5"),
    ]
    assert lines[1].bars[0].width == WIDTH // 2


def test_a_cross_table_leaves_out_what_never_happened() -> None:
    table = crossed([group("甲", 3, retain=2, cancel=1), group("乙", 1, retain=1)])
    words = [word for _, word in table.columns]
    assert words == ["清理前", "保留", "取消", "转出机关或类型", "清理后", "减少工作日"]
    assert [figures for _, figures in table.rows] == [[3, 2, 1, 1, 2, 7], [1, 1, 0, 1, 1, 7]]


def test_columns_over_time_are_as_wide_as_their_days() -> None:
    days = [
        {"day": "2026-01-01", "total": 230, "types": [{"code": "01", "name": "许可", "items": 230}]},
        {"day": "2026-01-09", "total": 115, "types": [{"code": "01", "name": "许可", "items": 115}]},
        {"day": "2026-01-11", "total": 0, "types": []},
    ]
    drawn = over_time(days)
    assert [(box.x, box.width, box.height) for box in drawn.boxes] == [
        (0, 768, HEIGHT),
        (768, 192, HEIGHT // 2),
    ]
    assert drawn.top == 230
    assert over_time([]).boxes == []


# --- pages


def test_a_round_is_drawn_and_crossed(asking: Living, round_id: str) -> None:
    page = read(asking, f"/rounds/{round_id}")
    report = asking.get(f"/rounds/{round_id}/report").json()
    drawn = [attrs["aria-label"] for attrs in page.named("svg")]
    assert len(drawn) == len([row for row in report["by_authority"] if row["before"]])
    assert any("取消 " in words for words in drawn)
    row = report["by_authority"][0]
    assert f"{row['name']} {row['before']} {row['outcomes']['retain']}" in page.section("实施机关与处理结果")
    assert "行政许可" in read(asking, f"/rounds/{round_id}?by=type").section("事项类型与处理结果")


def test_before_and_after_stand_beside_each_other(asking: Living, round_id: str) -> None:
    page = read(asking, f"/rounds/{round_id}", q="林木采伐")
    assert "承诺时限 20个工作日 → 10个工作日" in page.section("逐项决定")


def test_words_are_searched_within_the_round(asking: Living, round_id: str) -> None:
    by_name = read(asking, f"/rounds/{round_id}", q="林木 采伐")
    assert "符合条件的 1 条" in by_name.words
    assert by_name.link(FELLING) == f"/items/{asking.item_called(FELLING)}"
    by_text = read(asking, f"/rounds/{round_id}", q="取消后改为备案")
    assert "取消后改为备案，由区林业局加强事中事后监管。" in by_text.words
    assert "没有这样的决定" in read(asking, f"/rounds/{round_id}", q="<b>没有</b>").words


def test_one_authority_alone(asking: Living, round_id: str) -> None:
    organ = asking.get(f"/rounds/{round_id}/report").json()["by_authority"][0]
    page = read(asking, f"/rounds/{round_id}", authority=organ["id"])
    assert f"符合条件的 {organ['before']} 条" in page.words


def test_decisions_come_in_pages(asking: Living, round_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsing, "PAGE", 10)
    monkeypatch.setattr(rounds, "PAGE", 10)
    first = read(asking, f"/rounds/{round_id}")
    rest = read(asking, first.link("下一页"))
    assert "第 2 / 2 页，共 17 条" in rest.words
    items = [{href for href, _ in page.links if href.startswith("/items/")} for page in (first, rest)]
    assert [len(some) for some in items] == [10, 7]
    assert items[0].isdisjoint(items[1])


def test_items_in_force_between_any_two_days(asking: Living) -> None:
    page = read(asking, "/rounds/series", **{"from": "2025-06-01", "to": "2025-10-01"})
    told = asking.get("/rounds/series", day=["2025-06-01", "2025-10-01"]).json()["change"]
    assert f"2025年6月1日有 {told['from']} 项，2025年10月1日有 {told['to']} 项" in page.words
    assert read(asking, "/rounds").link("历年在用事项的增减") == "/rounds/series"
    every = read(asking, "/rounds/series")
    assert "drawn tall" in [attrs.get("class") for attrs in every.named("svg")]
    read(asking, "/rounds/series", status=422, **{"from": "昨天"})


def test_rows_are_counted_as_the_table_counts_them(asking: Living, round_id: str) -> None:
    page = read(asking, f"/rounds/{round_id}")
    total = int(re.search(r"<b>(\d+)</b><span>全部决定", page.html)[1])
    assert f"共 {total} 条" in page.words
    assert "未提供火星" not in page.words


def test_figures_of_the_cross_table_are_written_as_counts_are(
    asking: Living, round_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = Crossed([("before", "清理前"), ("cancel", "取消")], [({"id": "unknown", "name": ""}, [12345, 0])])
    monkeypatch.setattr("app.web.charts.crossed", lambda groups: many)
    page = read(asking, f"/rounds/{round_id}?by=type&q=千")
    assert "未注明 12,345 ·" in page.section("事项类型与处理结果")
