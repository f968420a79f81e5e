"""Home, results, rounds, authorities, laws, errors: read for what they say."""

from __future__ import annotations

import re

import pytest
from reading import BROWSER, Page, read
from seeded import FELLING, TODAY, Living, new_item
from sqlmodel import Session

from app.exchange import progress

PAGES = ("/", "/search", "/rounds", "/authorities", "/laws")


@pytest.fixture
def round_id(asking: Living) -> str:
    return asking.get("/rounds").json()["rounds"][0]["id"]


def authority(living: Living, name: str) -> str:
    return living.rows(
        f"SELECT DISTINCT subject_id FROM timeline WHERE kind = 'authority' AND name = '{name}'"
    )[0][0]


def law(living: Living, title: str) -> str:
    return living.rows(
        f"SELECT DISTINCT subject_id FROM timeline WHERE kind = 'instrument' AND name = '{title}'"
    )[0][0]


# --- home


def test_home_counts_the_day_and_unknown_by_itself(asking: Living) -> None:
    counts = asking.get("/items/counts").json()["status"]
    page = read(asking, "/")
    assert f"{counts['in_force']}在用" in page.words
    assert f"{counts['ended']}已终止" in page.words
    assert "0状态不明" in page.words
    past = read(asking, "/", on="2020-01-01")
    unknown = asking.get("/items/counts", on="2020-01-01").json()["status"]["unknown"]
    assert "0在用" in past.words
    assert f"{unknown}状态不明" in past.words


def test_home_shows_rounds_and_what_changed_lately(asking: Living) -> None:
    page = read(asking, "/")
    assert "【演示】广安区行政许可事项第一批清理" in page.words
    assert "【演示】计划：压缩林木采伐许可证核发承诺时限" in page.words
    assert page.link(FELLING) == f"/items/{asking.item_called(FELLING)}"
    assert "取消 2 项" in page.words


# --- results


def test_results_are_found_by_everyday_words_and_marked(asking: Living) -> None:
    page = read(asking, "/search", q="砍树")
    assert page.link(FELLING) == f"/items/{asking.item_called(FELLING)}"
    assert "砍树" in page.marks
    assert "俗称" in page.words
    assert "按俗称 “砍树”" in page.words.replace("按俗称“", "按俗称 “")


def test_a_result_names_the_place_where_its_authority_does_not(living_sqlite: Living) -> None:
    living = living_sqlite
    like = living.get(f"/items/{living.item_called(FELLING)}").json()
    organ = {"name": "区观星局", "region": like["region"]["id"]}
    made = {
        "kind": "authority",
        "outcome": "found",
        "ref": "organ",
        "effective_from": TODAY,
        "content": organ,
    }
    living.publish(made, new_item(living, "观星台开放核准", content={"authority": "@organ"}))
    living.drain()
    place = like["region"]["name"]
    assert f"{place} · 区观星局" in read(living, "/search", q="观星台开放核准").words
    assert f"{place} · {place}" not in read(living, "/search", q="砍树").words.replace("广安市", "")


def test_what_is_chosen_is_said_where_the_choices_are_folded(asking: Living) -> None:
    plain = read(asking, "/search", q="许可").words
    assert "日期、类型、状态、排序" in plain
    assert "，截至" not in plain
    chosen = read(asking, "/search?q=许可&on=2025-10-02&type=01&status=all&sort=name").words
    for words in ("截至 2025年10月2日", "行政许可", "含已终止", "按名称读音"):
        assert words in chosen.partition("日期、类型、状态、排序")[2].partition("截至 类型")[0], words
    ended = read(asking, "/search?q=许可&status=ended").words
    assert "只看已终止" in ended.partition("日期、类型、状态、排序")[2][:30]


def test_facets_are_links_with_counts(asking: Living) -> None:
    page = read(asking, "/search", q="砍树")
    total = int(re.search(r"共 (\d+) 项", page.words)[1])
    permits = page.link("行政许可")
    narrowed = read(asking, permits)
    assert "type=01" in permits
    assert int(re.search(r"共 (\d+) 项", narrowed.words)[1]) < total
    assert "类型：行政许可" in narrowed.words
    assert narrowed.link("类型：行政许可") == "/search?q=%E7%A0%8D%E6%A0%91"


def test_a_search_for_a_cancelled_item_says_that_it_ended(asking: Living) -> None:
    page = read(asking, "/search", q="从事营利性治沙活动")
    assert "项已终止的" in page.words or "项相符的事项已经终止" in page.words
    ended = next(href for href, _ in page.links if "status=ended" in href)
    assert "从事营利性治沙活动新办许可" in read(asking, ended).words


def test_a_result_says_by_which_word_and_why_it_was_found(asking: Living) -> None:
    page = read(asking, "/search", q="想领养老金")
    assert "按俗称“领养老金”" in page.words
    assert "匹配层" not in page.words
    told = read(asking, page.link("为什么找到这些？"))
    assert "匹配层：近义" in told.words
    assert "“领养老金”按" in told.words
    assert "explain" not in told.link("不看原因")


def test_what_was_probably_meant_is_a_link(asking: Living) -> None:
    page = read(asking, "/search", q="林木采伐许可政")
    assert "您要找的是不是" in page.words
    assert FELLING in read(asking, page.link("林木采伐许可证")).words


def test_results_may_be_sorted_by_name_or_by_the_last_change(asking: Living) -> None:
    def order(sort: str) -> list[str]:
        page = read(asking, "/search", q="许可", sort=sort)
        assert "没有找到" not in page.words
        return [href for href, _ in page.links if href.startswith("/items/") and "?" not in href]

    assert sorted(order("name")) != order("name")  # by reading, not by id
    assert len({tuple(order(sort)) for sort in ("", "name", "newest")}) == 3
    assert order("nonsense") == order("")


def test_an_empty_result_helps(asking: Living) -> None:
    page = read(asking, "/search", q="qqqqqqqqqq", type="05", on="2026-01-01")
    assert "没有找到“qqqqqqqqqq”" in page.words
    assert page.link("去掉全部筛选条件再找").startswith("/search?q=")
    assert "on=" not in page.link("按今天的情形再找")
    assert page.link("从主管的机关找起").startswith("/authorities")


def test_results_are_paged(asking: Living) -> None:
    page = read(asking, "/search")
    second = read(asking, page.link("下一页"))
    assert "第 21 至 40 项" in second.words
    assert second.link("上一页") == "/search"
    first = {href for href, _ in page.links if href.startswith("/items/")}
    assert first.isdisjoint({href for href, _ in second.links if href.startswith("/items/")})


def test_without_the_engine_the_page_says_that_it_may_miss_some(living_sqlite: Living) -> None:
    engine = living_sqlite.registry.engine
    living_sqlite.registry.engine = None
    page = read(living_sqlite, "/search", q="林木采伐")
    living_sqlite.registry.engine = engine
    assert "检索服务暂时不可用" in page.words
    assert FELLING in page.words


# --- rounds


def test_the_list_of_rounds_leads_to_the_round(asking: Living, round_id: str) -> None:
    assert read(asking, "/rounds").link("第一批清理") == f"/rounds/{round_id}"


def test_a_round_shows_its_document_and_every_decision(asking: Living, round_id: str) -> None:
    page = read(asking, f"/rounds/{round_id}")
    assert "演示〔2025〕3号" in page.words
    assert "请勿据以办事" in page.words
    assert "17全部决定" in page.words
    assert len([href for href, _ in page.links if href.startswith("/items/")]) == 17
    assert "承诺办结时限由20个工作日压缩为15个工作日" in page.words
    assert "取消后改为备案，由区林业局加强事中事后监管。" in page.words
    only = read(asking, f"/rounds/{round_id}?outcome=cancel")
    assert len([href for href, _ in only.links if href.startswith("/items/")]) == 2


# --- authorities


def test_authorities_are_found_by_region_and_name(asking: Living) -> None:
    page = read(asking, "/authorities", name="林业局")
    assert page.link("广安市广安区林业局") == f"/authorities/{authority(asking, '广安市广安区林业局')}"
    county = read(asking, "/authorities", region="511602", name="林业局")
    assert "广安市林业局" not in [shown for _, shown in county.links]
    assert "四川省" in county.words, "the way down to the county"


def test_an_authority_shows_its_items_of_the_day(asking: Living) -> None:
    page = read(asking, f"/authorities/{authority(asking, '广安市广安区林业局')}")
    assert page.link(FELLING) == f"/items/{asking.item_called(FELLING)}"
    assert "已终止 2" in page.words
    assert "电话未提供" in page.words


def test_a_merged_authority_leads_to_its_successor(asking: Living) -> None:
    page = read(asking, f"/authorities/{authority(asking, '四川省国家税务局')}")
    assert "已撤并：自 2018年6月15日起" in page.words
    assert "国家税务总局公告2018年第32号" in page.words
    after = read(asking, page.link("国家税务总局四川省税务局"))
    assert "四川省地方税务局" in after.section("名称沿革")
    before = read(asking, f"/authorities/{authority(asking, '四川省国家税务局')}", on="2018-06-14")
    assert "已撤并" not in before.words


# --- laws


def test_laws_are_found_by_title(asking: Living) -> None:
    page = read(asking, "/laws", title="《森林法》")
    assert page.link("中华人民共和国森林法") == f"/laws/{law(asking, '中华人民共和国森林法')}"


@pytest.mark.parametrize(
    ("title", "on", "says"),
    [
        ("中华人民共和国环境影响评价法", "2026-08-14", "2026年8月14日现行有效"),
        (
            "中华人民共和国环境影响评价法",
            "2026-08-15",
            "2026年8月15日不在施行。 自 2026年8月15日起废止或失效",
        ),
        ("中华人民共和国环境影响评价法", "1980-01-01", "1980年1月1日效力状态未知"),
    ],
)
def test_a_law_is_in_force_or_not_or_unknown(asking: Living, title: str, on: str, says: str) -> None:
    assert says in read(asking, f"/laws/{law(asking, title)}", on=on).words


def test_a_law_shows_the_articles_and_what_rests_on_them(asking: Living) -> None:
    page = read(asking, f"/laws/{law(asking, '中华人民共和国森林法')}")
    assert "采伐林地上的林木应当申请采伐许可证" in page.words
    assert FELLING in page.section("以它为依据的事项")


def test_what_names_a_law_by_its_title_alone_is_found_from_its_page(living_sqlite: Living) -> None:
    title = "中华人民共和国森林法"
    citations = [{"key": "c1", "title": title, "role": "setting", "article": "第九十九条"}]
    living_sqlite.publish(new_item(living_sqlite, "只写名称的事项", content={"citations": citations}))
    living_sqlite.drain()
    page = read(living_sqlite, f"/laws/{law(living_sqlite, title)}")
    assert "只写名称的事项" not in page.section("以它为依据的事项")
    assert "只写名称的事项" in read(living_sqlite, page.link(f"在事项中查找“{title}”")).words


def test_what_is_cited_though_out_of_force_is_a_list(asking: Living) -> None:
    cited = asking.get("/instruments/out-of-force").json()["citations"]
    page = read(asking, read(asking, "/laws").link("不在施行而仍被引用的文件"))
    for title in {one["title"] for one in cited}:
        items = {one["id"] for one in cited if one["title"] == title}
        assert f"{title} 法律 已废止或失效 自 2026年8月15日起 {len(items)} 项" in page.words
        assert page.link(title) == f"/laws/{law(asking, title)}"
    assert "这一天没有这样的文件" in read(asking, "/laws/out-of-force", on="2026-08-14").words
    later = read(asking, "/laws/out-of-force", after=max(one["instrument"] for one in cited))
    assert "这一天没有这样的文件" not in later.words, "it is only the end of the list"


# --- all pages


@pytest.mark.parametrize(
    "path", [*PAGES, "/laws?on=2025-01-01&title=林", "/lists", "/no-such-page", "/kiosk"]
)
def test_every_page_says_where_it_is_found_or_that_it_is_not(asking: Living, path: str) -> None:
    page = Page(asking.client.get(path, headers=BROWSER).text)
    canonical = [one["href"] for one in page.named("link") if one.get("rel") == "canonical"]
    hidden = [
        one for one in page.named("meta") if one.get("name") == "robots" and "noindex" in one["content"]
    ]
    if path in ("/search", "/no-such-page", "/kiosk"):
        assert (canonical, len(hidden)) == ([], 1)
    else:
        assert (canonical, hidden) == ([path.partition("?")[0]], [])


def test_a_page_of_a_list_is_found_as_that_page(asking: Living) -> None:
    organ = authority(asking, "广安市广安区林业局")
    page = read(asking, "/lists", authority=organ, kind="duty", on="2026-01-01")
    (canonical,) = [one["href"] for one in page.named("link") if one.get("rel") == "canonical"]
    assert canonical == f"/lists?authority={organ}&kind=duty"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_when_the_first_import_is_unfinished(living_sqlite: Living, path: str) -> None:
    assert "登记簿尚不完整" not in read(living_sqlite, path).words
    with living_sqlite.database.writing() as session:
        _begin(session)
    assert "登记簿尚不完整。 首次录入（清单.csv）" in read(living_sqlite, path).words.replace("。首", "。 首")
    assert "登记簿尚不完整" in read(living_sqlite, "/nothing-here", status=404).words


def _begin(session: Session) -> None:
    progress.begin(session, "digest", "mapping", "清单.csv", "initial")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_takes_a_day_and_a_head_request(asking: Living, path: str) -> None:
    page = read(asking, path, on="2025-07-01")
    assert "2025年7月1日" in page.words
    assert page.link("改看今天") == path
    assert asking.client.head(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_cached_briefly_checked_cheaply_and_locked_down(asking: Living, path: str, clock) -> None:
    answer = asking.client.get(path, headers=BROWSER)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    again = asking.client.get(path, headers=BROWSER | {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    clock.set(f"{TODAY}T23:59:50")
    assert asking.client.get(path, headers=BROWSER).headers["cache-control"] == "public, max-age=10"


def test_the_stylesheet_is_ours_and_kept_under_its_hash(asking: Living) -> None:
    sheets = [one["href"] for one in read(asking, "/").named("link") if one["rel"] == "stylesheet"]
    answer = asking.client.get(sheets[0])
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert not re.search(r"https?:|@import|url\(", answer.text)
    assert asking.client.get(sheets[0].replace("/static/", "/static/0")).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/items/qdi-9999999k", 404, "没有找到"),
        ("/nothing", 404, "没有找到"),
        ("/rounds/qdx-nothing", 404, "没有编号为"),
        ("/laws/没有", 404, "没有找到"),
        ("/?on=2026-02-30", 422, "不是有效的日期"),
        ("/search?offset=-1", 422, "请求有误"),
        ("/search?status=nonsense", 422, "没有“nonsense”这种状态"),
        ("/items/qdi-0000001f?known_at=yesterday", 422, "known_at"),
    ],
)
def test_an_error_is_a_page_that_says_what_to_do(asking: Living, path: str, status: int, says: str) -> None:
    page = read(asking, path, status=status)
    assert says in page.words
    assert page.named("form") or "首页" in page.words


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", ""])
def test_programs_get_a_problem_document(asking: Living, accept: str) -> None:
    answer = asking.client.get("/items/nothing", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/problem+json"
    api = asking.client.get("/api/v1/items/nothing", headers=BROWSER)
    assert api.headers["content-type"] == "application/problem+json"
