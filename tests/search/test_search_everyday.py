"""Everyday words, and the forgiving layers: each flagged, each below what is exact."""

import pytest
from search_cases import DAY, document, search, subjects

from search import grading, synonyms
from search.engine import Engine
from search.folding import fold
from search.highlighting import did_you_mean

NAMES = {
    "hygiene": "公共场所卫生许可",
    "build": "建筑工程施工许可证核发",
    "fun": "设立歌舞娱乐场所《娱乐经营许可证》核发",
    "marry": "结婚登记预约",
    "rent": "公租房租金缴纳",
    "pension": "企业职工基本养老保险正常退休申请",
    "archive": "档案查（借）阅服务",
}


@pytest.fixture
def filled(engine: Engine) -> Engine:
    engine.apply([document(s, n, region_names=("四川省广安市",)) for s, n in NAMES.items()], [], seq=1)
    return engine


@pytest.mark.parametrize(
    ("q", "subject", "layers"),
    [
        ("开理发店", "hygiene", {"synonym"}),
        ("我想開理髮店需要什么手续", "hygiene", {"synonym"}),
        ("卫牲许可", "hygiene", {"pinyin", "typo"}),
        ("建筑施功", "build", {"pinyin", "typo", "words"}),
        ("建筑施工许可证", "build", {"synonym"}),
        ("怎么办理公租房", "rent", {"synonym"}),
        ("缴纳租金的流程", "rent", {"words"}),
        ("娱乐埸所", "fun", {"typo"}),
        ("娱场乐所", "fun", {"typo"}),
        ("歌舞娱乐的场所", "fun", {"words", "typo"}),
        ("jiehun", "marry", {"pinyin"}),
        ("jie hun deng ji", "marry", {"pinyin"}),
        ("jiehundengj", "marry", {"pinyin"}),
        ("gzf", "rent", {"pinyin"}),
        ("GZF", "rent", {"pinyin"}),
        ("查档案的流程", "archive", {"synonym"}),
    ],
)
def test_found_first_and_labelled(filled: Engine, q: str, subject: str, layers: set[str]) -> None:
    page = search(filled, q, explain=True)
    assert page.hits[0].subject == subject
    assert page.hits[0].layer in layers
    assert page.relaxed == (page.hits[0].layer != "synonym")
    assert (page.total == 0) == page.relaxed
    assert page.hits[0].explain
    assert all(0 <= a < b <= len(m.snippet) for h in page.hits for m in h.highlights for a, b in m.spans)


def test_a_synonym_says_which_term_led_to_it(filled: Engine) -> None:
    (hit,) = search(filled, "开理发店", explain=True).hits
    assert any("理发店" in line and "公共场所卫生许可" in line for line in hit.explain)
    assert any(m.field == "name" and m.spans for m in hit.highlights)


def test_the_place_may_be_named_with_the_thing(filled: Engine) -> None:
    assert subjects(filled, "广安 公租房") == ["rent"]
    assert subjects(filled, "广安开理发店") == ["hygiene"]
    assert search(filled, "成都 公租房").total == 0


def test_exact_stands_above_synonym_and_both_are_counted(filled: Engine) -> None:
    filled.apply([document("barber", "理发店服务规范")], [], seq=2)
    page = search(filled, "理发店")
    assert [(hit.subject, hit.layer) for hit in page.hits] == [("barber", "exact"), ("hygiene", "synonym")]
    assert page.total == 2


@pytest.mark.parametrize(
    ("q", "meant"),
    [
        ("卫牲许可", "卫生许可"),
        ("娱乐埸所", "娱乐场所"),
        ("jiehun", "结婚"),
        ("卫生许可", None),
        ("开理发店", None),
    ],
)
def test_did_you_mean(filled: Engine, q: str, meant: str | None) -> None:
    assert did_you_mean(q, search(filled, q)) == meant


def test_guesses_are_not_mixed_into_exact_hits(filled: Engine) -> None:
    """A homophone never stands beside the exact one."""
    filled.apply([document("homophone", "公共场所卫牲许可")], [], seq=2)
    assert subjects(filled, "卫生许可") == ["hygiene"]
    assert subjects(filled, "卫牲许可") == ["homophone"]


def test_an_item_is_found_by_its_former_name(filled: Engine) -> None:
    filled.apply([document("hygiene", NAMES["hygiene"], former_names=("卫生许可证核发",), seq=2)], [], seq=2)
    assert subjects(filled, "卫生许可证核发") == ["hygiene"]
    assert subjects(filled, "卫生许可正核发")[0] == "hygiene"


def test_nothing_comes_of_nothing(filled: Engine) -> None:
    page = search(filled, "量子引力波探测")
    assert (page.total, page.hits, page.relaxed) == (0, [], True)


def test_guesses_respect_day_and_filters(filled: Engine) -> None:
    for q in ("卫牲许可", "jiehun", "建筑施工许可证", "开理发店"):
        assert subjects(filled, q, on="1990-01-01") == []
        assert subjects(filled, q, status="ended") == []


def test_suggestions(filled: Engine) -> None:
    filled.apply([document(f"more{n}", "公共租赁住房申请", seq=2) for n in range(3)], [], seq=2)
    assert [(s.text, s.count) for s in filled.suggest("公", DAY)] == [
        ("公共租赁住房申请", 3),
        ("公租房租金缴纳", 1),
        ("公共场所卫生许可", 1),
    ]
    assert [s.text for s in filled.suggest("公共z", DAY)] == []
    assert filled.suggest("jieh", DAY)[0].text == "结婚登记预约"
    assert filled.suggest("jhdj", DAY)[0].layer == "pinyin"
    assert filled.suggest("施工许", DAY)[0].text == NAMES["build"]
    assert len(filled.suggest("g", DAY, limit=2)) == 2
    assert filled.suggest("", DAY) == filled.suggest("公", "1990-01-01") == []


@pytest.mark.parametrize(
    ("typed", "name", "via"),
    [
        ("开理发店", "hygiene", "理发店"),
        ("我想开理发店", "hygiene", "理发店"),
        ("开理发", "hygiene", "理发"),  # begun, not finished
        ("领养老金", "pension", "养老金"),
        ("领养老", "pension", "养老"),
        ("广安 买不起房", "rent", "买不起房"),
        ("lifadian", "hygiene", "理发店"),
        ("lifad", "hygiene", "理发店"),
    ],
)
def test_suggestions_by_everyday_words(filled: Engine, typed: str, name: str, via: str) -> None:
    found = {one.text: one for one in filled.suggest(typed, DAY)}
    assert via in found[NAMES[name]].via
    assert found[NAMES[name]].layer in ("synonym", "pinyin")
    assert filled.suggest(typed, "1990-01-01") == []


def test_a_word_that_is_begun_goes_before_one_that_only_stands_in_it(filled: Engine) -> None:
    filled.apply([document("adopt", "中国公民收养子女登记")], [], seq=2)
    via = [one.via for one in filled.suggest("领养老", DAY)]
    assert "领养" in via  # 领养老 is 领养 and a stray character, or the beginning of 领养老金
    assert via.index("领养") == len(via) - 1


def test_codes_are_completed(engine: Engine) -> None:
    engine.apply(
        [document("a", "校车使用许可", codes=("511A0138000000",)), document("b", "A05排污许可")], [], seq=1
    )
    assert [one.text for one in engine.suggest("511a01", DAY)] == ["校车使用许可"]
    assert engine.suggest("0138", DAY) == []


def test_a_document_number_that_nobody_has_is_not_guessed(engine: Engine) -> None:
    cited = ("国务院关于修改部分行政法规的决定 国发〔2016〕72号", "中华人民共和国行政许可法 第十二条")
    engine.apply([document("a", "固定资产投资项目核准", citations=cited)], [], seq=1)
    assert subjects(engine, "国发[2016]72号") == ["a"]
    assert subjects(engine, "国发〔2019〕6号") == []
    page = search(engine, "行政许可法第13条", explain=True)
    assert ([hit.subject for hit in page.hits], page.relaxed) == (["a"], True)
    assert any("依据“行政许可法”" in line for line in page.hits[0].explain)
    assert subjects(engine, "第99条") == []


def test_a_word_beside_an_everyday_one_is_not_taken_for_another_by_its_sound(filled: Engine) -> None:
    """公司 sounds like 工死; in 公司社保开户 it is what it is."""
    named = {"firm": "公司备案", "insure": "企业社会保险登记", "death": "工亡补助金申领"}
    filled.apply([document(s, n, seq=2) for s, n in named.items()], [], seq=2)
    assert subjects(filled, "公司社保开户")[0] == "insure"


def test_suggestions_say_of_nothing_that_was_typed_that_a_word_led_to_it(filled: Engine) -> None:
    assert {one.via for one in filled.suggest("公共场所", DAY)} == {""}
    assert (
        filled.suggest("卫牲许可", DAY)[0].text == NAMES["hygiene"]
    )  # by its sound, where nothing else is there


def test_suggestions_of_equal_count_begin_with_the_simplest(engine: Engine) -> None:
    names = ["取水许可变更", "取水许可", "取水许可新证核发", "取水许可注销"]
    engine.apply([document(f"s{n}", name) for n, name in enumerate(names)], [], seq=1)
    assert [one.text for one in engine.suggest("取水", DAY, limit=3)] == [
        "取水许可",
        "取水许可新证核发",
        "取水许可变更",
    ]


def test_the_shipped_synonyms_keep_their_rules() -> None:
    concepts = synonyms.shipped()
    assert len(set(map(id, concepts.values()))) >= 60
    assert all(part == fold(part) for term in concepts for part in term.split())
    assert all(len(term) > 1 for term in concepts)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[group]]\nsay = ["甲乙"]', r"第 1 组（甲乙……）缺少"),
        ('[[group]]\nsay = []\nmeans = ["丙丁"]', r"第 1 组（丙丁……）缺少"),
        ('[[group]]\nsay = ["甲"]\nmeans = ["丙丁"]', "“甲”太短"),
        ('[[group]]\nsay = ["甲乙", "甲乙"]\nmeans = ["丙丁"]', "“甲乙”在第 1 组（甲乙、甲乙……）已有"),
        (
            '[[group]]\nsay = ["甲乙"]\nmeans = ["丙"]\n[[group]]\nsay = ["戊己", "甲乙"]\nmeans = ["丁"]',
            "第 2 组（戊己、甲乙……）的“甲乙”在第 1 组（甲乙……）已有",
        ),
        ('[group]\nsay = ["甲乙"]\nmeans = ["丙丁"]', "两层方括号"),
        ("group = 3", "两层方括号"),
        ("group = [3]", "第 1 组不是一组词"),
        ('[[groups]]\nsay = ["甲乙"]\nmeans = ["丙丁"]', "不认识“groups”"),
        ('[[group]]\nsay = [1]\nmeans = ["丙丁"]', "第 1 组的 say 应是一列词"),
        ('[[group]]\nsay = ["甲乙"]\nmeans = "食品经营许可"', "第 1 组的 means 应是一列词"),
        ('[[group]]\nsay = ["甲乙"]\nmeans = [" "]', "第 1 组的 means 应是一列词"),
        ('[[group]]\nsay = ["甲乙"]\nmeans = ["丙丁"]\nbeside = [["戊"]]', "第 1 组的 beside 应是一列词"),
        ('[[group]]\nsay = ["甲乙"]\nmeans = ["丙丁"]\naction = "yes"', "第 1 组的 action 应写作"),
        ('[[group]]\nsay = ["甲乙"]\nmean = ["丙丁"]', "第 1 组有不认识的“mean”"),
    ],
)
def test_a_bad_synonym_file_says_where_and_what_to_do(text: str, said: str) -> None:
    with pytest.raises(synonyms.SynonymError, match=said):
        synonyms.parse(text)


def test_the_longest_term_is_taken() -> None:
    concepts = synonyms.parse(
        '[[group]]\nsay = ["养老"]\nmeans = ["甲乙"]\n[[group]]\nsay = ["养老金"]\nmeans = ["丙丁"]'
    )
    reading = synonyms.read("我领养老金在成都", concepts)
    assert [term for term, _ in reading.terms] == ["养老金"]
    assert reading.rest == ["成都"]


def test_the_parts_of_a_term_may_stand_apart_in_their_order() -> None:
    concepts = synonyms.parse('[[group]]\nsay = ["养 猪"]\nmeans = ["动物防疫"]')
    assert [term for term, _ in synonyms.read("我想养几头猪", concepts).terms] == ["养 猪"]
    assert synonyms.read("猪怎么养", concepts).terms == []
    assert synonyms.read("养老院里不让喂一头猪", concepts).terms == []


def test_a_verb_may_stand_apart_from_what_is_no_term_by_itself() -> None:
    concepts = synonyms.parse(
        '[[group]]\nsay = ["当老师", "开饭店", "饭店"]\nmeans = ["甲乙"]\n[[group]]\nsay = ["老师傅"]\nmeans = ["丙丁"]'
    )
    assert [term for term, _ in synonyms.read("想当小学老师", concepts).terms] == ["当老师"]
    assert [term for term, _ in synonyms.read("开个小饭店", concepts).terms] == ["饭店"]
    assert [term for term, _ in synonyms.read("当了老师傅", concepts).terms] == ["老师傅"]


def test_a_word_may_mean_something_else_beside_another_thing(engine: Engine) -> None:
    """改名 of a person is a matter of the register of households; of a bookshop, of its licence."""
    for name in ("户口变更", "出版物零售单位变更审批", "出版物零售单位设立审批"):
        engine.apply([document(name, name)], [], seq=1)
    assert subjects(engine, "改名") == ["户口变更"]
    assert subjects(engine, "书店改名") == ["出版物零售单位变更审批"]


def test_each_character_counts_in_one_term_only() -> None:
    concepts = synonyms.parse(
        '[[group]]\nsay = ["领养"]\nmeans = ["收养"]\n[[group]]\nsay = ["养老金"]\nmeans = ["养老"]'
    )
    assert [term for term, _ in synonyms.read("怎么领养老金", concepts).terms] == ["养老金"]


def test_first_time_items_come_before_follow_ups(engine: Engine) -> None:
    engine.apply([document(n, n) for n in ("采砂许可注销", "河道采砂许可核发", "采砂许可变更")], [], seq=1)
    assert subjects(engine, "砂许可")[0] == "河道采砂许可核发"
    assert subjects(engine, "采砂 注销") == ["采砂许可注销"]


def test_a_stray_word_does_not_hide_what_is_meant(filled: Engine) -> None:
    """开理发店 among words that no item has, and a known word inside a longer run of them."""
    page = search(filled, "隔壁老王想开理发店凑个热闹")
    assert (page.relaxed, page.hits[0].subject) == (True, "hygiene")
    assert subjects(filled, "租金被老王拖着不缴")[0] == "rent"


@pytest.mark.parametrize(
    ("piece", "title", "found"),
    [
        ("娱乐埸所", "设立娱乐场所审批", "娱乐场所"),
        ("误乐场所", "设立娱乐场所审批", "娱乐场所"),
        ("娱乐场锁", "设立娱乐场所", "娱乐场所"),
        ("娱乐的场所", "设立娱乐场所审批", "娱乐场所"),
        ("娱场所审批", "设立娱乐场所审批", "娱乐场所审批"),
        ("娱场乐所", "设立娱乐场所审批", "娱乐场所"),
        ("乐娱场所", "娱乐场所", "娱乐场所"),
        ("末就业", "未就业登记", "未就业"),
        ("歌舞厅", "设立娱乐场所审批", ""),
        ("娱乐设施", "设立娱乐场所审批", ""),
    ],
)
def test_one_slip(piece: str, title: str, found: str) -> None:
    start, end = grading.misspelt(title, piece)
    assert title[start:end] == found


def test_what_stands_in_brackets_may_be_left_out(filled: Engine) -> None:
    filled.apply([document("food", "食品(含保健食品)经营许可核发", seq=2)], [], seq=2)
    page = search(filled, "食品经营许可", explain=True)
    assert [(hit.subject, hit.layer) for hit in page.hits] == [("food", "synonym")]
    assert any("括号" in line for line in page.hits[0].explain)
    assert search(filled, "食品经营许克").hits[0].subject == "food"


def test_what_happened_to_a_certificate_leads_to_the_item(filled: Engine) -> None:
    filled.apply([document(s, f"教师资格证书{s}", seq=2) for s in ("补发", "认定", "延续")], [], seq=2)
    assert subjects(filled, "教师资格证丢了怎么办")[0] == "补发"
    assert subjects(filled, "教师资格证过期了")[0] == "延续"


@pytest.mark.parametrize(
    ("q", "subject"),
    [
        ("jiehundj", "marry"),
        ("jhdengji", "marry"),
        ("结婚dj", "marry"),
        ("jiehun登记", "marry"),
        ("gongzufang缴纳", "rent"),
        ("公租fzj", "rent"),
        ("weishengxk", "hygiene"),
        ("开lifadian", "hygiene"),
        ("kailifd", "hygiene"),
    ],
)
def test_pinyin_typed_in_part_or_beside_chinese(filled: Engine, q: str, subject: str) -> None:
    page = search(filled, q)
    assert page.relaxed
    assert (page.hits[0].subject, page.hits[0].layer) == (subject, "pinyin")


def test_pinyin_typed_in_part_stands_below_what_is_typed_whole(engine: Engine) -> None:
    engine.apply([document("part", "结婚登记"), document("whole", "结婚dj服务")], [], seq=1)
    assert [(hit.subject, hit.layer) for hit in search(engine, "结婚dj").hits] == [("whole", "exact")]
    whole, part = search(engine, "jiehundengji").hits[0], search(engine, "jiehundj").hits[0]
    assert (whole.subject, part.subject) == ("part", "part")
    assert whole.score > part.score
    assert search(engine, "jiehunxyz").hits == []


def test_everyday_words_in_pinyin_and_by_homophones(filled: Engine) -> None:
    for q in ("kailifadian", "开里发店"):
        page = search(filled, q)
        assert (page.relaxed, page.hits[0].subject, page.hits[0].layer) == (True, "hygiene", "pinyin")


def test_what_is_left_beside_an_everyday_word_is_no_other_word_by_its_sound(engine: Engine) -> None:
    names = {"ride": "网络预约出租汽车运输证发放", "wedding": "结婚登记"}
    engine.apply([document(subject, name) for subject, name in names.items()], [], seq=1)
    assert subjects(engine, "网约车车证")[0] == "ride"
    assert subjects(engine, "车证")[0] == "wedding"  # alone, it may be 扯证


@pytest.mark.parametrize("q", ["spjyxk", "shipinjingyingxuke", "食品jyxk", "spjy许可"])
def test_pinyin_passes_over_what_stands_in_brackets(engine: Engine, q: str) -> None:
    engine.apply(
        [document("food", "食品(含保健食品)经营许可核发"), document("art", "艺术品经营单位备案")], [], seq=1
    )
    assert subjects(engine, q)[0] == "food"


@pytest.mark.parametrize("q", ["510124", "511A9999", "7"])
def test_a_code_that_nobody_has_is_answered_with_nothing(engine: Engine, q: str) -> None:
    engine.apply([document("job", "失业登记", codes=("511602123400",))], [], seq=1)
    page = search(engine, q)
    assert (page.total, page.hits) == (0, [])
