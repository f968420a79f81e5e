"""What people enter is text, whatever it looks like; and pages stand what is empty or huge."""

from __future__ import annotations

import pytest
from reading import BROWSER, read

SCRIPT = "<script>alert(1)</script>"


def words_of(hostile_registry, path: str, **query: str) -> str:
    """A page's words; ``read`` has made sure that no tag came out of them."""
    return read(hostile_registry, path, **query).words


def test_an_item_hostile_in_every_field_is_only_text(hostile_registry) -> None:
    page = read(hostile_registry, f"/items/{hostile_registry.item}")
    assert page.words.count(SCRIPT) > 60, "nearly every field is shown"
    assert "alert(1)" in page.title
    assert "{{7*7}}" in page.words
    assert not [href for href, _ in page.links if href.lower().startswith("javascript")]


def test_a_hostile_document_in_the_banner_is_only_text(hostile_registry) -> None:
    page = read(hostile_registry, f"/items/{hostile_registry.ended}")
    assert "已取消" in page.words
    assert "此后怎么办：" in page.words
    assert page.words.count(SCRIPT) >= 8


@pytest.mark.parametrize("path", ["/", "/rounds", "/authorities", "/laws", "/search"])
def test_lists_of_hostile_names_are_only_text(hostile_registry, path: str) -> None:
    assert SCRIPT in words_of(hostile_registry, path)


def test_the_pages_of_hostile_things_are_only_text(hostile_registry) -> None:
    for path in (
        f"/rounds/{hostile_registry.round}",
        f"/authorities/{hostile_registry.authority}",
        f"/laws/{hostile_registry.law}",
    ):
        assert words_of(hostile_registry, path).count(SCRIPT) >= 5, path


def test_hits_are_escaped_before_they_are_marked(hostile_registry) -> None:
    page = read(hostile_registry, "/search", q="<script>alert(1)</script>")
    assert any("script" in mark for mark in page.marks), page.words
    assert all(one.get("src", "").startswith("/static/") for one in page.named("script"))


@pytest.mark.parametrize("name", ["q", "region", "authority", "type", "level"])
def test_what_is_asked_is_only_text(hostile_registry, name: str) -> None:
    answer = hostile_registry.client.get(
        "/search", params={name: '"><script>alert(3)</script>'}, headers=BROWSER
    )
    assert answer.status_code in (200, 404, 422)
    assert "<script>" not in answer.text


def test_what_was_not_found_is_only_text(hostile_registry) -> None:
    page = read(hostile_registry, "/items/%22%3E%3Cscript%3Ealert(4)%3C%2Fscript%3E", status=404)
    assert "没有找到" in page.words


def test_an_item_with_nothing_filled_in_says_so_nine_times(hostile_registry) -> None:
    page = read(hostile_registry, f"/items/{hostile_registry.bare}")
    assert "九项公开内容已提供 0 项" in page.words
    for heading in (
        "审批依据",
        "申报条件",
        "申报材料",
        "办理程序",
        "承诺时限",
        "收费标准",
        "受理结果",
        "投诉渠道",
    ):
        assert page.section(heading) == "未提供", heading
    assert "具体内容未提供" in page.section("服务内容")
    assert "None" not in page.words
    assert "Undefined" not in page.words


def test_forty_materials_and_long_texts_are_all_there(hostile_registry) -> None:
    page = read(hostile_registry, f"/items/{hostile_registry.huge}")
    assert "共 40 份" in page.section("申报材料")
    assert all(f"第{n}份材料" in page.words for n in range(40))
    assert len(page.html.encode()) < 200_000


def test_an_items_own_links_go_out_only_by_http(hostile_registry) -> None:
    page = read(hostile_registry, f"/items/{hostile_registry.linked}")
    outside = [attrs for attrs in page.named("a") if not attrs["href"].startswith(("/", "#"))]
    assert [attrs["href"] for attrs in outside] == ['https://hall.example/apply?a=1&b="2']
    assert outside[0]["rel"] == "noopener nofollow"
    assert "ftp://hall.example/" in page.words


def test_what_is_internal_shows_on_no_page(hostile_registry) -> None:
    secret, client = hostile_registry.secret, hostile_registry.client
    code = client.get("/items", params={"code": hostile_registry.secret_code}, headers=BROWSER)
    assert code.status_code == 404
    for query in ({}, {"on": "2020-01-01"}, {"on": "2030-01-01"}, {"known_at": "999999"}):
        answer = client.get(f"/items/{secret}", params=query, headers=BROWSER)
        assert answer.status_code == 404, query
        assert "机密的壬号事项" not in answer.text
    page = read(hostile_registry, "/search", q="机密的壬号事项")
    assert not [shown for _, shown in page.links if "机密的壬号事项" in shown]
    for path in (
        "/",
        "/search?status=all",
        f"/rounds/{hostile_registry.round}",
        f"/authorities/{hostile_registry.office.water}",
    ):
        text = client.get(path, headers=BROWSER).text
        assert secret not in text, path
        assert "机密的壬号事项" not in text, path


def test_a_round_says_how_many_of_its_decisions_are_not_shown(hostile_registry) -> None:
    assert "另有 1 项不公开" in read(hostile_registry, f"/rounds/{hostile_registry.round}").words
