"""As of any day, by every filter, with exact facets."""

from collections import Counter
from contextlib import closing
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_cases import document, search, subjects

from search.embedded import EmbeddedEngine
from search.engine import Engine


def test_the_day_is_within_the_half_open_interval(engine: Engine) -> None:
    engine.apply(
        [
            document("a", "旧名许可", "2000-01-01", valid_to="2020-05-01"),
            document("a", "新名许可", "2020-05-01", former_names=("旧名许可",)),
        ],
        [],
        seq=1,
    )
    for day, name in [("2000-01-01", "旧名许可"), ("2020-04-30", "旧名许可"), ("2020-05-01", "新名许可")]:
        assert [hit.name for hit in search(engine, "旧名许可", on=day).hits] == [name]
    assert search(engine, "许可", on="1999-12-31").total == 0
    assert search(engine, "新名", on="2020-04-30").total == 0
    (hit,) = search(engine, "许可", on="2010-01-01").hits
    assert (hit.id, hit.valid_from, hit.valid_to) == ("a:2000-01-01", "2000-01-01", "2020-05-01")


def test_a_day_that_is_none_is_refused(engine: Engine) -> None:
    for day in ("2024", "2024-1-1", "today", ""):
        with pytest.raises(ValueError, match=r"day|values to unpack"):
            search(engine, "许可", on=day)


def test_ended_items_come_only_when_asked_for(engine: Engine) -> None:
    engine.apply(
        [document(s, "采砂许可", status=s) for s in ("in_force", "suspended", "unknown", "ended")], [], seq=1
    )
    assert set(subjects(engine, "采砂")) == {"in_force", "suspended", "unknown"}
    assert subjects(engine, "采砂", status="ended") == ["ended"]
    assert set(subjects(engine, "采砂", status=("ended", "unknown"))) == {"ended", "unknown"}
    assert search(engine, "采砂", status=()).facets["status"]["ended"] == 1


def test_filters_and_facets(engine: Engine) -> None:
    engine.apply(
        [
            document(
                f"s{n:03d}",
                "采砂许可" if n % 2 else "取水许可",
                type=("01", "10")[n % 3 == 0],
                level=("县级", "市级")[n % 5 == 0],
                authority=f"org{n % 7}",
                region_path=("0", f"p{n % 2}", f"c{n % 4}"),
                themes=("水", "河")[: 1 + n % 2],
            )
            for n in range(120)
        ],
        [],
        seq=1,
    )
    page = search(engine, "许可", limit=5)
    assert page.total == 120
    assert len(page.hits) == 5
    numbers = range(120)
    assert page.facets == {
        "type": Counter(("01", "10")[n % 3 == 0] for n in numbers),
        "level": Counter(("县级", "市级")[n % 5 == 0] for n in numbers),
        "authority": Counter(f"org{n % 7}" for n in numbers),
        "region": Counter(r for n in numbers for r in ("0", f"p{n % 2}", f"c{n % 4}")),
        "status": {"in_force": 120},
        "theme": {"水": 120, "河": 60},
    }
    wanted = [n for n in numbers if n % 2 and n % 3 == 0 and n % 5 and n % 7 == 5 and n % 4 == 1]
    found = search(
        engine, "采砂", type="10", level="县级", authority="org5", region="c1", theme="河", limit=100
    )
    assert {hit.subject for hit in found.hits} == {f"s{n:03d}" for n in wanted}
    assert found.total == len(wanted) > 0
    assert search(engine, "采砂", region="p1").total == 60
    assert search(engine, "采砂", region="p").total == 0
    assert search(engine, "采砂", facets=("type",)).facets.keys() == {"type"}


def test_no_text_means_everything(engine: Engine) -> None:
    engine.apply([document(f"s{n}", "许可" * (n + 1)) for n in range(5)], ["gone"], seq=1)
    for q in ("", " ", "\u200b"):
        page = search(engine, q)
        assert page.total == 5
        assert not page.relaxed
        assert [hit.subject for hit in page.hits] == ["s0", "s1", "s2", "s3", "s4"]


def test_odd_input_is_no_error(engine: Engine) -> None:
    engine.apply([document("a", "建筑\x00施工\ud800许可", texts=("\x02\x03",))], [], seq=1)
    for q in (
        "\x00",
        "\ud800",
        "\x02建",
        "*?:()\"' AND OR NOT",
        "许" * 3000,
        "a" * 500,
        "'; drop",
        "施工 " * 200,
    ):
        search(engine, q, explain=True)
        engine.suggest(q, "2024-07-01")
    assert subjects(engine, "建筑施工") == ["a"]


@pytest.mark.parametrize("q", ["许可", "卫牲许可", "没有的"])
def test_a_page_of_none_is_the_total_and_the_facets_alone(engine: Engine, q: str) -> None:
    engine.apply([document("a", "公共场所卫生许可"), document("b", "取水许可", type="01")], [], 1)
    for offset in (0, 1):
        whole = search(engine, q, limit=20)
        none = search(engine, q, limit=0, offset=offset)
        assert (none.total, none.relaxed, none.facets) == (whole.total, whole.relaxed, whole.facets)
        assert none.hits == []


def test_a_facet_may_be_cut_but_its_counts_stay_exact(engine: Engine) -> None:
    authorities = [f"org{n}" for n in range(30) for _ in range(n + 1)]
    engine.apply([document(f"s{n}", "许可", authority=a) for n, a in enumerate(authorities)], [], seq=1)
    facets = search(engine, "许可", facets=("authority",), facet_values=3).facets
    assert facets == {"authority": {"org29": 30, "org28": 29, "org27": 28}}
    assert len(search(engine, "许可").facets["authority"]) == 30
    engine.apply([document("late", "许可", authority="founded later")], [], seq=2)
    assert search(engine, "许可").facets["authority"]["founded later"] == 1


def test_sorted_otherwise_than_by_relevance(engine: Engine) -> None:
    """By the reading of the name, or what changed last first; total, layers and pages stay what they are."""
    begun = {"养老机构设立许可": "2021-03-01", "爆破作业单位许可": "2024-01-01", "取水许可": "2019-05-01"}
    engine.apply([document(name, name, day) for name, day in begun.items()], [], seq=1)
    assert subjects(engine, "许可", sort="name") == ["爆破作业单位许可", "取水许可", "养老机构设立许可"]
    assert subjects(engine, "许可", sort="newest") == ["爆破作业单位许可", "养老机构设立许可", "取水许可"]
    assert subjects(engine, "许可", sort="name", limit=1, offset=1) == ["取水许可"]
    page = search(engine, "办养老院", sort="name", explain=True)
    assert [(hit.subject, hit.layer) for hit in page.hits] == [("养老机构设立许可", "synonym")]
    assert any("养老院" in line for line in page.hits[0].explain)
    assert subjects(engine, "许可", sort="newest", on="2020-01-01") == ["取水许可"]


_KINDS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["", "01", "02"]),
        "level": st.sampled_from(["", "3", "4"]),
        "status": st.sampled_from(["in_force", "suspended", "ended", "unknown"]),
        "authority": st.sampled_from(["", "a1", "a2", "a3"]),
        "region_path": st.sampled_from([(), ("cn",), ("cn", "p1"), ("cn", "p1", "c1"), ("cn", "p2", "c1")]),
        "themes": st.sampled_from([(), ("t1",), ("t2", "t1")]),
    }
)


@settings(max_examples=8)
@given(kinds=st.lists(_KINDS, min_size=1, max_size=12), cuts=st.integers(1, 3))
def test_facets_count_what_a_look_at_each_document_counts(kinds: list[dict[str, Any]], cuts: int) -> None:
    """Whatever is missing or comes together, and in however many pieces it was written."""
    with TemporaryDirectory() as directory, closing(EmbeddedEngine(directory)) as engine:
        given_ = [document(f"s{n}", "许可", **one) for n, one in enumerate(kinds)]
        for cut in range(cuts):
            engine.apply(given_[cut::cuts], [], seq=1 + cut)
        page = search(engine, "许可", status=())
    expected = {
        "type": Counter(one.type for one in given_),
        "level": Counter(one.level for one in given_),
        "status": Counter(one.status for one in given_),
        "authority": Counter(one.authority for one in given_),
        "region": Counter(value for one in given_ for value in one.region_path),
        "theme": Counter(value for one in given_ for value in one.themes),
    }
    for counts in expected.values():
        counts.pop("", None)
    assert (page.total, page.facets) == (len(given_), expected)
