"""Codes are checked by their scheme, never repaired, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.items import code_tables, codes
from app.versions.codes import main_code

REAL_31 = "11450721MB155808114000104002000"


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        (codes.NATIONAL_12, "000104002000"),
        (codes.NATIONAL_12, "00016421300Y"),
        (codes.NATIONAL_12, "000164213003"),
        (codes.NATIONAL_12, "442199806003"),
        (codes.NATIONAL_14, "00016421300301"),
        (codes.NATIONAL_31, REAL_31),
        (codes.NATIONAL_31, "11440100007482575H3440118009000"),
        (codes.NATIONAL_33, "11450721MB15580811400014100500001"),
        (codes.USCC, "11450721348531435D"),
        (codes.GB2260, "450721"),
        (codes.GB2260, "450721100"),
        (codes.GB2260, "511602000000"),
        (codes.GB2260, "000000"),
        ("local", "E-000021-001-1111111111111111"),
        ("synthetic", "whatever"),
    ],
)
def test_sound_codes_pass(scheme: str, value: str) -> None:
    assert codes.check(scheme, value) == []


@pytest.mark.parametrize(
    ("scheme", "value", "reason"),
    [
        (codes.NATIONAL_12, "00016421300X", "bad-national-12"),
        (codes.NATIONAL_12, "00016421301Y", "bad-national-12"),
        (codes.NATIONAL_12, "450708001W01", "bad-national-12"),
        (codes.NATIONAL_12, "990104002000", "bad-national-12"),
        (codes.NATIONAL_12, "0001040020", "bad-national-12"),
        (codes.NATIONAL_14, "000164213003AB", "bad-national-14"),
        (codes.NATIONAL_31, REAL_31[:-1], "bad-national-31"),
        (codes.NATIONAL_31, REAL_31[:18] + "9" + REAL_31[19:], "bad-national-31"),
        (codes.NATIONAL_31, "11450721MB155808124000104002000", "bad-uscc"),
        (codes.NATIONAL_33, REAL_31 + "0A", "bad-national-33"),
        (codes.USCC, "11450721348531435E", "bad-uscc"),
        (codes.USCC, "11511301452259996u", "bad-uscc"),
        (codes.USCC, "083372204", "bad-uscc"),
        (codes.USCC, "1145 0721348531435D", "bad-uscc"),
        (codes.GB2260, "4507", "bad-gb2260"),
        (codes.GB2260, "990101", "bad-gb2260"),
        (codes.GB2260, "４５０７２１", "bad-gb2260"),
        ("local", "qdi-0123456", "registry-id-as-code"),
    ],
)
def test_bad_codes_are_named(scheme: str, value: str, reason: str) -> None:
    found = codes.check(scheme, value)
    assert reason in [one.code for one in found]
    assert all(one.message for one in found)


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        ("000104002000", codes.NATIONAL_12),
        ("00016421300Y", codes.NATIONAL_12),
        ("00016421300301", codes.NATIONAL_14),
        (REAL_31, codes.NATIONAL_31),
        (REAL_31 + "01", codes.NATIONAL_33),
        ("11450721MB15580811", codes.USCC),
        ("450721", codes.GB2260),
        ("511Z07001006", codes.LOCAL),
        ("", codes.LOCAL),
    ],
)
def test_a_scheme_is_guessed_by_shape(value: str, scheme: str) -> None:
    assert codes.guess_scheme(value) == scheme


@pytest.mark.parametrize("value", ["qdi-0123456", "QDA-abcdefgh", " qdz-9999999 "])
def test_registry_ids_are_told_from_codes(value: str) -> None:
    assert codes.looks_like_registry_id(value)


@pytest.mark.parametrize("value", ["qdi-01234", "qd-0123456", "xqdi-0123456", REAL_31])
def test_codes_are_no_registry_ids(value: str) -> None:
    assert not codes.looks_like_registry_id(value)


_SCHEMES = [
    codes.NATIONAL_12,
    codes.NATIONAL_14,
    codes.NATIONAL_31,
    codes.NATIONAL_33,
    codes.USCC,
    codes.GB2260,
]


@settings(max_examples=300)
@given(
    st.sampled_from([*_SCHEMES, "local", ""]),
    st.one_of(st.text(max_size=40), st.text("0123456789ABCXYZ", min_size=9, max_size=34)),
)
def test_no_text_crashes_a_check(scheme: str, value: str) -> None:
    assert isinstance(codes.check(scheme, value), list)
    assert codes.guess_scheme(value) in [*_SCHEMES, codes.LOCAL]


def test_labels_and_codes_go_both_ways() -> None:
    assert code_tables.label("level", "4") == "县级"
    assert code_tables.code_of("level", "县级") == "4"
    assert code_tables.code_of("level", "镇(乡、街道)级") == "5"
    assert code_tables.label("item_type", "99") is None
    assert code_tables.code_of("handling", "马上办") is None


def test_where_tables_disagree_a_bare_code_says_nothing() -> None:
    assert code_tables.disagreements("level") == {
        "6": {code_tables.STANDARD: "村（社区）级", code_tables.C0109: "分级管理"}
    }
    assert code_tables.disagreements("item_type")["20"] == {
        code_tables.STANDARD: "公共服务",
        code_tables.GUANGDONG: "其他行政权力",
    }
    assert code_tables.resolve("level", "6") is None
    assert code_tables.resolve("level", "6", code_tables.C0109) == "7"
    assert code_tables.resolve("item_type", "20", code_tables.GUANGDONG) == "10"
    assert code_tables.resolve("item_type", "21", code_tables.GUANGDONG) == "20"


def test_a_label_decides_over_the_code_beside_it() -> None:
    assert code_tables.resolve("level", "4 县级") == "4"
    assert code_tables.resolve("service_object", "6 行政机关") == "5"


def test_every_table_maps_its_labels_to_one_code_each() -> None:
    for tables in code_tables.TABLES.values():
        for one in tables:
            assert len(set(one.values.values())) == len(one.values), one
            assert set(one.also.values()) <= set(one.values), one


def test_days_that_say_not_which_are_no_unit() -> None:
    assert code_tables.resolve("unit", "工作日") == "workday"
    assert code_tables.resolve("unit", "天") is None


def test_a_code_that_is_cut_short_is_not_the_one_shown_first():
    codes = [{"scheme": "national-12", "value": "12"}, {"scheme": "local", "value": "511A0138000000-5116"}]
    assert main_code(codes) == "511A0138000000-5116"
    assert main_code([*codes, {"scheme": "national-31", "value": "1" * 31}]) == "1" * 31
    assert main_code(codes[:1]) == "12"
