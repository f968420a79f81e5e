"""Rows to records by a mapping: identity, codes, days, keys, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pytest
from exchange_cases import FLAT, items, problem_codes

from app.exchange.citations import parse_citations
from app.exchange.keys import element_key, numbered
from app.exchange.mapping import BadMapping, FieldSpec, Mapping, Place, load_mapping, mapping_names
from app.exchange.reading import ImportReading, read_records
from app.exchange.values import read_day, read_value

Read = Callable[..., ImportReading]
HEAD = "id,name,organ,organ_code,area,place,code,type,level,days,basis,remark,from\n"


def row(**values: str) -> str:
    columns = HEAD.strip().split(",")
    return ",".join(values.get(column, "") for column in columns) + "\n"


def test_a_row_becomes_region_authority_and_item_in_that_order(read: Read) -> None:
    reading = read(
        HEAD
        + row(
            id="1",
            name="食品经营许可",
            organ="区市监局",
            organ_code="11450721348531435D",
            area="511602000000",
            place="四川省广安市广安区",
            code="000104002000",
            type="行政许可",
            level="4 县级",
            days="5",
            basis="《食品安全法》第三十五条",
            remark="窗口",
        )
    )
    *above, region, authority, item = list(reading)
    assert [one.ref for one in above] == ["000000", "510000", "511600"]
    assert (region.kind, region.ref, region.content["level"]) == ("region", "511602", "4")
    assert [code.value for code in region.codes] == ["511602000000", "511602"]
    assert authority.content == {"schema": 1, "name": "区市监局", "region": "@region:511602"}
    assert (item.ref, item.day, item.start_unknown, item.status) == ("1", "2021-06-30", True, None)
    assert [(code.scheme, code.value) for code in item.codes] == [("national-12", "000104002000")]
    content = item.content
    assert content["authority"] == "@authority:511602/11450721348531435D"
    assert (content["type"], content["level"], content["promised_limit"]) == ("01", "4", {"value": 5})
    assert content["citations"][0]["article"] == "第三十五条"
    assert [(one["label"], one["value"]) for one in content["extra"]] == [("备注", "窗口")]
    assert content["source"] == {"name": "测试表", "key": "1"}
    assert not reading.refused
    assert [one.code for one in reading.problems] == ["region-path", "region-above"]


def test_a_key_met_again_is_numbered_not_merged(read: Read) -> None:
    one = row(id="1", name="甲", organ="局", area="511602", place="区", code="000104002000")
    reading = read(HEAD + one + one)
    assert [item.ref for item in items(reading)] == ["1", "1#2"]
    assert "repeated-key" in problem_codes(reading)
    assert not reading.refused


def test_without_a_key_identity_is_authority_code_name(read: Read) -> None:
    one = row(name="甲", organ="局", area="511602", place="区", code="000104002000")
    other = row(name="甲", organ="另一局", area="511602", place="区", code="000104002000")
    refs = [item.ref for item in items(read(HEAD + one + other + one))]
    assert refs == [
        "511602/局|000104002000|甲",
        "511602/另一局|000104002000|甲",
        "511602/局|000104002000|甲#2",
    ]


def test_the_same_file_gives_the_same_records_again(read: Read) -> None:
    content = HEAD + row(id="1", name="甲", organ="局", place="区", basis="《甲法》第一条", remark="x")
    assert [one.model_dump() for one in read(content)] == [one.model_dump() for one in read(content)]


def test_bad_codes_are_kept_as_they_stand_and_reported(read: Read) -> None:
    reading = read(
        HEAD + row(id="1", name="甲", organ="局", organ_code="083372204", area="511602", code="00016421300X")
    )
    *_, authority, item = list(reading)
    assert [code.value for code in authority.codes] == ["083372204"]
    assert [(code.scheme, code.value) for code in item.codes] == [("local", "00016421300X")]
    assert problem_codes(reading) == {"bad-uscc", "region-above", "region-above-unnamed"}
    assert not reading.refused


def test_an_id_of_this_registry_is_refused_as_a_code(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局", area="511602", code="qdi-0abcdef1"))
    list(reading)
    assert reading.refused
    assert "registry-id-as-code" in problem_codes(reading)


def test_a_row_without_name_refuses_the_file(read: Read) -> None:
    reading = read(HEAD + row(id="1", organ="局", area="511602"))
    assert items(reading) == []
    assert [(one.severity, one.code) for one in reading.problems] == [("error", "missing-name")]
    assert "“name”列" in reading.problems[0].where


def test_without_any_day_the_file_is_refused(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局", area="511602"), attested=None)
    assert list(reading) == []
    assert problem_codes(reading) == {"no-day"}
    assert "--attested" in reading.problems[0].message


def test_a_day_that_is_none_refuses_the_file(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局", area="511602", **{"from": "去年"}))
    assert list(reading) == []
    assert problem_codes(reading) == {"bad-day"}


def test_a_value_that_cannot_be_read_goes_to_extra(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局", area="511602", days="约五天", level="很高"))
    (item,) = items(reading)
    assert "promised_limit" not in item.content
    assert "level" not in item.content
    assert {one["value"] for one in item.content["extra"]} == {"约五天", "很高"}
    assert "unreadable-value" in problem_codes(reading)


def test_unknown_stays_unknown(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局"))
    region, _, item = list(reading)
    assert region.content == {"schema": 1, "name": "未注明地区", "level": "unknown"}
    assert item.content["type"] == "unknown"
    assert {"no-region", "no-code", "no-implementation-code", "unknown-type"} <= set(reading.quality.findings)


def test_a_region_of_the_mapping_is_told_by_its_name(read: Read) -> None:
    of_one = FLAT.region.model_copy(update={"default": Place(name="广安区", code="511602")})
    reading = read(
        HEAD + row(id="1", name="甲", organ="局"), mapping=FLAT.model_copy(update={"region": of_one})
    )
    assert "广安区" in [record.content["name"] for record in reading if record.kind == "region"]
    assert "no-region" not in reading.quality.findings
    (told,) = (one for one in reading.problems if one.code == "region-by-mapping")
    assert (told.severity, told.where) == ("note", "f.csv 第2行“place”列")
    assert "“广安区”" in told.message


def test_one_code_of_two_organs_makes_two_organs(read: Read) -> None:
    common = {"organ_code": "11450721348531435D", "area": "511602"}
    reading = read(
        HEAD
        + row(id="1", name="甲", organ="住建局", **common)
        + row(id="2", name="乙", organ="规划局", **common)
    )
    assert [one.ref for one in reading if one.kind == "authority"] == [
        "511602/11450721348531435D",
        "511602/11450721348531435D/规划局",
    ]
    assert "shared-authority-code" in problem_codes(reading)


def test_text_too_long_for_its_field_is_told_by_field(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲" * 1001, organ="局", area="511602"))
    assert items(reading) == []
    (problem,) = [one for one in reading.problems if one.severity == "error"]
    assert problem.where.endswith("第2行“content.name”")
    assert "1000" in problem.message


def test_reading_stops_after_many_errors(read: Read) -> None:
    reading = read(HEAD + row(id="1", organ="局", area="511602") * 5000)
    assert list(reading) == []
    assert reading.errors == 200
    assert reading.problems[-1].code == "too-many-errors"


def test_a_reading_is_gone_through_once(read: Read) -> None:
    reading = read(HEAD + row(id="1", name="甲", organ="局", area="511602"))
    list(reading)
    with pytest.raises(RuntimeError):
        list(reading)


VERSIONED = Mapping.model_validate(
    FLAT.model_dump(exclude_unset=True)
    | {"ordered": True, "version": "v", "lists": [
        {"column": "materials", "to": "materials", "title": "材料", "key": "code",
         "fields": {"name": "name", "copies": {"column": "copies", "read": "int"}}}]}
)  # fmt: skip


def test_versions_of_one_key_come_in_rising_day(read: Read) -> None:
    lines = [
        '{"id":"a","name":"甲","organ":"局","area":"511602","from":"2020-06-03T00:30:00+09:00","v":"2"}',
        '{"id":"a","name":"甲","organ":"局","area":"511602","from":"2020-05-29T23:30:00Z","v":"1"}',
        '{"id":"b","name":"乙","organ":"局","area":"511602","from":"2020-05-01","v":"7"}',
    ]
    reading = read("\n".join(lines), "f.jsonl", VERSIONED)
    found = [(item.ref, item.day, item.start_unknown) for item in items(reading)]
    assert found == [("b", "2020-05-01", True), ("a", "2020-05-30", False), ("a", "2020-06-02", False)]
    assert not reading.refused


def test_a_day_that_is_the_start_is_known_to_be(read: Read) -> None:
    mapping = Mapping.model_validate(
        FLAT.model_dump(exclude_unset=True) | {"day": {"columns": ["from"], "is_start": True}}
    )
    dated = row(id="1", name="甲", organ="局", area="511602", **{"from": "2020年1月1日"})
    found = items(read(HEAD + dated + row(id="2", name="乙", organ="局", area="511602"), mapping=mapping))
    assert [(item.day, item.start_unknown) for item in found] == [("2020-01-01", False), ("2021-06-30", True)]


def test_elements_keep_their_keys_whatever_their_order(read: Read) -> None:
    def keys(materials: str) -> dict[str, str]:
        line = f'{{"id":"a","name":"甲","organ":"局","area":"511602","materials":{materials}}}'
        (item,) = items(read(line, "f.jsonl", VERSIONED))
        return {one["name"]: one["key"] for one in item.content["materials"]}

    first = keys('[{"name":"申请书"},{"name":"执照","code":"M-02"}]')
    second = keys('[{"name":"执照","code":"M-02","copies":2},{"name":"新的"},{"name":"申请书"}]')
    assert first["执照"] == second["执照"] == "M-02"
    assert first["申请书"] == second["申请书"]
    repeated = '{"id":"a","name":"甲","organ":"局","area":"511602","materials":[{"name":"x"},{"name":"x"}]}'
    (item,) = items(read(repeated, "f.jsonl", VERSIONED))
    one, two = (element["key"] for element in item.content["materials"])
    assert two == f"{one}-2"


def test_what_an_element_says_beyond_the_mapping_goes_to_extra(read: Read) -> None:
    material = '{"name":"申请书","copies":"若干","颜色":"红"}'
    line = f'{{"id":"a","name":"甲","organ":"局","area":"511602","materials":[{material}]}}'
    (item,) = items(read(line, "f.jsonl", VERSIONED))
    assert {(one["label"], one["value"]) for one in item.content["extra"]} == {
        ("材料1·申请书·copies", "若干"),
        ("材料1·申请书·颜色", "红"),
    }


@pytest.mark.parametrize(
    ("text", "found", "whole"),
    [
        ("《甲法》", [("甲法", None, None)], True),
        (
            "《甲法》第22条;《乙办法》（国务院令第1号）第七条、第八条",
            [("甲法", None, "第22条"), ("乙办法", "国务院令第1号", "第七条、第八条")],
            True,
        ),
        (
            "《关于修改〈甲〉的决定》(国发〔2016〕72号)",
            [("关于修改〈甲〉的决定", "国发〔2016〕72号", None)],
            True,
        ),
        ("《危险化学品安全管理条例》（国务院令第591号", [("危险化学品安全管理条例", None, None)], False),
        ("依照有关规定", [], False),
        ("", [], False),
    ],
)
def test_citations_in_one_text(
    text: str, found: list[tuple[str, str | None, str | None]], whole: bool
) -> None:
    citations, complete = parse_citations(text)
    assert [(one["title"], one.get("number"), one.get("article")) for one in citations] == found
    assert complete is whole


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2020-05-29T23:30:00+08:00", "2020-05-29"),
        ("2020-05-29T16:30:00Z", "2020-05-30"),
        ("2020-05-29 23:30:00", "2020-05-29"),
        ("2020年5月9日", "2020-05-09"),
        ("2020/5/9", "2020-05-09"),
        ("20200509", "2020-05-09"),
        ("2020-02-30", None),
        ("0000-01-01", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("五月九日", None),
    ],
)
def test_days_are_shanghai_days(written: str, day: str | None) -> None:
    assert read_day(written) == day


def test_keys_are_codes_or_digests() -> None:
    assert (
        element_key("11450721MB15580811400014100500001001", "申请书")
        == "11450721MB15580811400014100500001001"
    )
    assert element_key("材料一", "申请书") == element_key(None, "申请书") != element_key(None, "执照")
    assert numbered("a", {"a", "a-2"}) == "a-3"


def test_every_shipped_mapping_loads() -> None:
    assert mapping_names() == [
        "catalogue_items",
        "item_details",
        "item_guides",
        "legal_instruments",
        "qingdan",
        "regions",
    ]
    assert [load_mapping(name).name for name in mapping_names()] == mapping_names()


def test_a_mapping_may_be_json_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(FLAT.model_dump_json(exclude_unset=True))
    assert load_mapping(path) == FLAT
    (tmp_path / "f.csv").write_text(HEAD + row(id="1", name="甲", organ="局", area="511602"))
    assert len(items(read_records(tmp_path / "f.csv", path, date(2021, 1, 1)))) == 1


@pytest.mark.parametrize(
    "text",
    ["not toml", 'name = "x"', 'name = "x"\ntitle = "t"\nkind = "item"\n[authority]\nname = ["a"]',
     'name = "x"\ntitle = "t"\nkind = "record"\ncolour = 1',
     'name = "x"\ntitle = "t"\nkind = "instrument"\n[fields]\ntitle = { column = "a", read = "code", table = "nix" }'],
)  # fmt: skip
def test_a_bad_mapping_says_what_is_wrong(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(BadMapping, match=r"bad\.toml"):
        load_mapping(path)


def test_an_unknown_mapping_names_those_there_are() -> None:
    with pytest.raises(BadMapping, match="catalogue_items"):
        load_mapping("no_such")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (HEAD, "f.csv", "no-rows"),
        (HEAD + "\n,,\n", "f.csv", "no-rows"),
        (b"\x01q\x02#!z", "f.csv", "missing-columns"),
        ("", "f.csv", "missing-header"),
        ("", "f.jsonl", "empty-file"),
        (b"\x01q\x02#!z", "f.xlsx", "broken-xlsx"),
    ],
)
def test_a_file_without_rows_is_refused(read: Read, content: str | bytes, name: str, code: str) -> None:
    reading = read(content, name)
    assert list(reading) == []
    assert reading.refused
    assert code in problem_codes(reading)


def test_alternatives_for_a_key_are_named_together(read: Read) -> None:
    mapping = FLAT.model_copy(update={"key": [["id"], ["a", "b"]]})
    reading = read("a,name,from\n1,甲,2020-01-01\n", mapping=mapping)
    assert list(reading) == []
    (problem,) = reading.problems
    assert problem.message.startswith("文件没有“id”或“b”列；文件中的列有：a、name、from。")
    assert reading.errors == 1
    assert len(list(read("id,name,from\n1,甲,2020-01-01\n", mapping=mapping))) == 3


def test_rows_without_a_day_count_as_one_error(read: Read) -> None:
    rows = "".join(row(id=str(number), name="甲", organ="局", area="511602") for number in range(250))
    reading = read(HEAD + rows + row(id="x", organ="局"), attested=None)
    assert list(reading) == []
    (problem,) = reading.problems
    assert (problem.where, reading.errors) == ("f.csv 第2行", 1)
    assert "共251行没有日期" in problem.message


def test_of_several_codes_the_unknown_one_alone_is_kept_aside(read: Read) -> None:
    fields = {
        "name": "name",
        "service_objects": {"column": "whom", "read": "codes", "table": "service_object"},
    }
    mapping = Mapping.model_validate(FLAT.model_dump() | {"fields": fields})
    whom = [{"code": "2", "label": "企业法人"}, {"code": "3", "label": "事业法人"}, {"code": "6"}]
    line = {"id": "1", "name": "甲", "organ": "局", "area": "511602", "whom": whom}
    reading = read(orjson.dumps(line), "f.jsonl", mapping)
    (item,) = items(reading)
    assert item.content["service_objects"] == ["2", "3"]
    (kept,) = [one["value"] for one in item.content["extra"]]
    assert orjson.loads(kept) == whom
    (told,) = [one for one in reading.problems if one.code == "unknown-code"]
    assert '"6"' in told.message
    assert "whom" in told.where


def test_a_broken_line_is_told_in_chinese_with_its_place(read: Read) -> None:
    reading = read('{"kind": x}', "f.jsonl", "qingdan")
    assert list(reading) == []
    assert "第10个字符" in reading.problems[0].message
    assert "unexpected" not in reading.problems[0].message


def test_a_code_that_lost_its_zeros_to_a_spreadsheet_is_still_that_code() -> None:
    spec = FieldSpec(column="type", read="code", values="types")
    tables = {"types": {"01": "许可", "10": "其他", "007": "公服", "07": "确认"}}
    assert read_value(spec, "01", tables) == "许可"
    assert read_value(spec, 1, tables) == "许可"
    assert read_value(spec, "10", tables) == "其他"
    assert read_value(spec, 7, tables) is None, "two codes read so"
    assert read_value(spec, "x1", tables) is None
