"""Overlaps and levels: the score of a pair, what is compared at all, and the real names of two places."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from exchange_cases import real_data
from registry import TODAY, Office
from seeded import Living

from app.checks import comparing
from app.checks.levels import Held, compared, unclaimed
from app.checks.overlaps import compare, overlaps, power_of
from app.errors import Forbidden, Invalid, NotFound
from app.web.subjects import apart_by


def power(item: str, name: str, authority: str = "a", **more: Any) -> Any:
    return power_of(item, {"name": name, "authority": authority, "type": "01", **more})


def cites(*articles: str) -> dict[str, Any]:
    return {
        "citations": [{"key": str(n), "instrument": "law", "article": one} for n, one in enumerate(articles)]
    }


def test_the_score_is_made_of_names_articles_type_and_applicants() -> None:
    one = power("1", "动物诊疗许可证核发", service_objects=["2"], **cites("第十七条"))
    assert (
        compare(one, power("2", "动物诊疗许可证核发", service_objects=["2"], **cites("第17条第二款"))).score
        == 100
    )
    assert compare(one, power("2", "动物诊疗许可证核发", **cites("第三条"))).score == 89
    assert compare(one, power("2", "户外广告设置", type="07")).score == 0
    assert "同一依据的第 17 条" in compare(one, power("2", "别的", **cites("第十七条"))).reasons
    near = power("2", "动物诊疗许可", service_objects=["1"], **cites("第三条"))
    assert 50 < compare(one, near).score < 75


def test_what_one_of_two_does_not_say_counts_neither_way() -> None:
    """Most catalogues give names alone: two of one name are then as alike as can be."""
    one, other = (
        power("1", "古树名木保护方案备案"),
        power("2", "古树名木保护方案备案", "b", **cites("第三条")),
    )
    bare = compare(one, other)
    assert bare.score == 100
    assert bare.reasons[-1] == "依据、服务对象没有写全，不计"
    assert compare(one, power("2", "古树名木保护方案备案", "b", type="unknown")).score == 100
    assert compare(one, power("2", "古树名木保护方案备案", "b", type="07")).score == 93
    assert not any("不计" in why for why in compare(full(), full("2")).reasons)


def full(item: str = "1") -> Any:
    return power(item, "取水许可", service_objects=["2"], **cites("第三条"))


def test_an_organ_under_two_codes_overlaps_with_nobody(office: Office) -> None:
    """Entered twice in one place under one name, it is one organ."""
    with office.database.reading() as session:
        before = comparing.overlaps_in(session.connection(), office.district, TODAY, 50)
        (name,) = office.scalars(f"SELECT name FROM timeline WHERE subject_id = '{office.water}'")
    assert before
    rename = {"kind": "authority", "outcome": "rename", "subject": office.traffic, "effective_from": TODAY}
    office.publish_change(rename | {"changes": [{"op": "set", "path": "name", "value": name}]})
    with office.database.reading() as session:
        assert comparing.overlaps_in(session.connection(), office.district, TODAY, 50) == []
        apart = apart_by(session.connection(), [office.water, office.traffic], TODAY)
        (place,) = office.scalars(
            f"SELECT DISTINCT name FROM timeline WHERE subject_id = '{office.district}'"
        )
    assert len(set(apart.values())) == 2, "and on pages the two can be told apart"
    assert all(words.startswith(f"{place} ") for words in apart.values())


def test_only_pairs_of_different_authorities_are_told() -> None:
    listed = [power("1", "取水许可", "a"), power("2", "取水许可", "a"), power("3", "取水许可", "b")]
    assert [(one.first, one.second) for one in overlaps(listed, 75)] == [("1", "3"), ("2", "3")]


def test_a_common_name_is_still_found_among_many() -> None:
    many = [power(f"{n:04d}", f"第{n}类事项许可证核发", "a") for n in range(500)]
    many += [power("x", "第7类事项许可证核发", "b")]
    assert [(one.first, one.second) for one in overlaps(many, 75)][:1] == [("0007", "x")]


def test_real_names_of_one_district() -> None:
    with real_data("catalogue_items.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row["department"].strip()]
    listed = [power(str(n), row["name"], row["department"], type="unknown") for n, row in enumerate(rows)]
    found = overlaps(listed, 75)
    assert 0 < len(found) < len(listed)
    named = [{listed[int(one.first)].name, listed[int(one.second)].name} for one in found]
    assert {"建设项目古树名木保护方案备案", "建设项目古树名木保护方案备案（住建行使）"} in named
    assert all(listed[int(one.first)].authority != listed[int(one.second)].authority for one in found)


def test_levels_differ_where_one_says_otherwise() -> None:
    def held(item: str, level: str, **more: Any) -> Held:
        return Held(item, f"r{item}", "o", level, {"name": "取水许可", "type": "01", **more})

    rows = compared(
        [held("1", "2"), held("2", "3", name="取水许可证核发"), held("3", "4", type="07"), held("4", "4")]
    )
    assert [(row.held.id, set(row.differs)) for row in rows] == [
        ("1", set()),
        ("2", {"name"}),
        ("3", {"type"}),
        ("4", set()),
    ]
    places = {"r1": "2", "r2": "3", "r9": "3", "r8": "4", "r7": "5"}
    assert unclaimed(["3", "4"], places, [held("2", "3")]) == ["r8", "r9"]
    assert unclaimed([], places, [held("2", "3")]) == ["r9"]


def test_what_the_office_says_of_a_pair_is_kept(office: Office) -> None:
    with office.database.reading() as session:
        found = comparing.overlaps_in(session.connection(), office.district, TODAY, 55)
    pairs = {(one.first, one.second) for one in found}
    traffic = office.items[2]
    assert pairs == {tuple(sorted((one, traffic))) for one in office.items[:2]}
    with pytest.raises(Forbidden), office.database.writing() as session:
        comparing.say(session, office.editor, (traffic, office.items[0]), "same", "一样")
    with pytest.raises(Invalid), office.database.writing() as session:
        comparing.say(session, office.reviewer, (traffic, office.items[0]), "same", "")
    for decision in ("same", "different"):
        with office.database.writing() as session:
            comparing.say(session, office.reviewer, (traffic, office.items[0]), decision, "核对过")
    with office.database.reading() as session:
        said = comparing.said(session.connection())
    assert [one["decision"] for one in said.values()] == ["different"]


def test_a_pair_is_judged_by_who_manages_both(office: Office) -> None:
    pair = (office.items[0], office.items[2])
    for scope in ({"authority": office.water}, {"authority": office.traffic}, {"region": office.town}):
        one = office.person("-".join(scope.values()), "review", **scope)
        with pytest.raises(Forbidden) as refusal, office.database.writing() as session:
            comparing.say(session, one, pair, "same", "一样")
        assert refusal.value.code == "out-of-scope"
    district = office.person("district", "review", region=office.district)
    with pytest.raises(NotFound), office.database.writing() as session:
        comparing.say(session, district, (office.items[0], office.water), "same", "一样")
    with office.database.writing() as session:
        comparing.say(session, district, pair, "same", "一样")
    assert office.count("overlap_decision") == 1


def test_the_shape_that_the_office_drafts_a_merge_in(office: Office) -> None:
    first, second = office.items[0], office.items[2]
    body = {"outcome": "merge", "effective_from": TODAY}
    body |= {"origins": [{"subject": first}, {"subject": second}], "results": [{"subject": first}]}
    office.publish_change(body)
    assert (office.on(first, TODAY).status, office.on(second, TODAY).status) == ("in_force", "ended")


def test_overlaps_and_levels_are_for_the_office(living_sqlite: Living) -> None:
    living = living_sqlite
    region = living.rows(
        "SELECT region FROM timeline WHERE kind = 'item' GROUP BY region ORDER BY count(*) DESC"
    )[0][0]

    def get(path: str, **query: Any) -> Any:
        return living.client.get(f"/api/v1{path}", params=query, headers=living.headers("editor"))

    assert living.get("/overlaps", region=region).status_code == 401
    body = get("/overlaps", region=region, least=50).json()
    scores = [one["score"] for one in body["overlaps"]]
    assert scores == sorted(scores, reverse=True)
    entry = living.rows(
        "SELECT target FROM link WHERE role = 'entry' GROUP BY target ORDER BY count(*) DESC"
    )[0][0]
    body = get(f"/levels/{entry}").json()
    assert body["entry"]["id"] == entry
    assert body["usual"]["name"]
    assert {one["item"] for one in body["items"]} == {
        row[0]
        for row in living.rows(
            f"SELECT subject_id FROM link WHERE role = 'entry' AND target = '{entry}'"
            f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
        )
    }
    held = {one["region"]["id"] for one in body["items"]}
    assert not held & {one["id"] for one in body["unclaimed"]}


def test_what_is_answered_is_within_the_scope_of_the_account(living_sqlite: Living) -> None:
    living = living_sqlite
    asked = "SELECT region, authority FROM timeline WHERE kind = 'item' GROUP BY 1, 2 ORDER BY count(*) DESC"
    places = list(dict.fromkeys(row[0] for row in living.rows(asked)))

    def pairs(who: str, region: str) -> set[tuple[str, str]]:
        answer = living.client.get(
            "/api/v1/overlaps", params={"region": region, "least": 50}, headers=living.headers(who)
        )
        assert answer.status_code == 200
        return {(one["first"]["id"], one["second"]["id"]) for one in answer.json()["overlaps"]}

    every = {place: pairs("editor", place) for place in places}
    item = min(one for place in places for pair in every[place] for one in pair)
    ((organ,),) = living.rows(
        f"SELECT DISTINCT authority FROM timeline WHERE subject_id = '{item}'"
        f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}'"
    )
    living.hire("organ", "edit", authority=organ)
    own = {row[0] for row in living.rows(f"SELECT subject_id FROM timeline WHERE authority = '{organ}'")}
    for place in places:
        assert pairs("organ", place) == {pair for pair in every[place] if own & {*pair}}
    assert any(pairs("organ", place) for place in places)
    assert any(pairs("organ", place) != every[place] for place in places)
    above, below = living.rows(
        "SELECT parent, subject_id FROM timeline WHERE kind = 'region' AND parent IS NOT NULL ORDER BY 1, 2"
    )[0]
    living.hire("below", "review", region=below)
    refused = living.client.get("/api/v1/overlaps", params={"region": above}, headers=living.headers("below"))
    assert (refused.status_code, refused.json()["code"]) == (403, "out-of-scope")
