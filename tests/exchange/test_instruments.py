"""Rows of laws: a record per version, in the order of days, nothing guessed about being in force."""

from __future__ import annotations

from collections.abc import Callable

from exchange_cases import problem_codes

from app.exchange.reading import ImportReading

Read = Callable[..., ImportReading]
HEAD = "name,level,doc_type,issuer,publish_date,effective_date,version_date,status,source\n"


def read_rows(read: Read, *rows: str) -> ImportReading:
    return read(HEAD + "\n".join(rows) + "\n", "laws.csv", "legal_instruments")


def told(reading: ImportReading) -> list[tuple[str, str, bool, str]]:
    return [(one.ref, one.day, one.start_unknown, one.status) for one in reading]


def test_versions_of_one_name_follow_each_other(read: Read) -> None:
    reading = read_rows(
        read,
        "甲法,法律,法律,全国人大常委会,2025-09-12,2026-03-01,2025-09-12,现行有效,s",
        "甲法,法律,法律,全国人大常委会,2017-09-01,1995-09-01,2017-09-01,历史版本,s",
    )
    assert told(reading) == [
        ("甲法", "2017-09-01", True, "in_force"),
        ("甲法", "2026-03-01", False, "in_force"),
    ]
    assert not reading.refused


def test_a_name_with_and_without_the_state_stays_two(read: Read) -> None:
    reading = read_rows(
        read,
        "中华人民共和国专利法,法律,法律,,2020-10-17,1985-04-01,2020-10-17,现行有效,s",
        "专利法,民法商法,民法商法,,,,2020-10-17,,s",
    )
    records = list(reading)
    assert {one.ref for one in records} == {"中华人民共和国专利法", "专利法"}
    assert {one.ref: one.status for one in records}["专利法"] == "unknown"
    assert {one.content["rank"] for one in records} == {"law"}


def test_repealed_without_a_day_is_unknown_until_the_attested_day(read: Read) -> None:
    reading = read_rows(read, "乙法,法律,法律,,1996-10-29,1997-01-01,1996-10-29,已废止,s")
    assert told(reading) == [("乙法", "1997-01-01", False, "unknown"), ("乙法", "2021-06-30", False, "ended")]
    assert problem_codes(reading) == {"end-day-unknown"}


def test_rows_without_day_are_attested_and_kept_apart_from_dated_namesakes(read: Read) -> None:
    reading = read_rows(
        read,
        "丙条例,地方性法规,地方性法规/上海,,,,,,s",
        "丁条例,行政法规,行政法规,,,,,,s",
        "丁条例,行政法规,行政法规,,,,2019-01-01,,s",
    )
    assert told(reading) == [
        ("丁条例", "2019-01-01", True, "unknown"),
        ("丙条例", "2021-06-30", True, "unknown"),
        ("丁条例#无日期", "2021-06-30", True, "unknown"),
    ]
    assert problem_codes(reading) == {"undated-version"}


def test_a_second_row_of_one_day_is_another_instrument(read: Read) -> None:
    one = "戊法,社会法,社会法,,,,2018-12-29,,a"
    two = "戊法,经济法,经济法,,,,2018-12-29,,b"
    assert [ref for ref, *_ in told(read_rows(read, one, two))] == ["戊法", "戊法#2"]


def test_the_sources_own_words_are_kept(read: Read) -> None:
    (record,) = list(read_rows(read, "己法,行政法,行政法,,2020-01-01,2020-02-01,2020-01-01,现行有效,s"))
    assert record.content["note"] == "来源所载时效：现行有效"
    assert record.content["category"] == "行政法"
    assert record.content["effective_on"] == "2020-02-01"


def test_what_is_no_day_is_told_and_kept_beside_the_dates(read: Read) -> None:
    reading = read_rows(
        read,
        "戊条例,地方性法规,地方性法规,,44121,2020-10-17,2020-10-17,现行有效,s",
        "己条例,地方性法规,地方性法规,,2020年10月,2020-10-17,2020-10-17,现行有效,s",
    )
    records = list(reading)
    (told,) = [one for one in reading.problems if one.code == "odd-day"]
    assert told.where.startswith(f"{records[0].where}“")
    assert told.where.endswith("列"), "row and column"
    assert [one for one in records[0].content if "44121" in str(records[0].content[one])] == ["note"]
    assert "2020年10月" in records[1].content.values()
    assert not reading.refused
