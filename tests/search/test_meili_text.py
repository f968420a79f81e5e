"""How text reaches a Meilisearch server, without one: writings, filters, settings, and the look in Python."""

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_cases import DAY, document

from search import matching, meeting, synonyms, tokens
from search.conditions import Everything, Phrase, Term, Without, either, every, filters, sequence
from search.embedded import EmbeddedEngine
from search.embedded_reading import EmbeddedReader
from search.engine import SearchDocument, SearchQuery
from search.folding import fold
from search.meili_documents import blank, index_settings, marker, to_index, tombstone
from search.meili_filters import NEVER, certain, neither, possible
from search.meili_text import WINDOWS, endings, read, windows, word, written

FULL = document(
    "a",
    "食品(含保健食品)经营许可",
    aliases=("开饭店",),
    former_names=("餐饮许可",),
    authority_names=("市场监督管理局",),
    region_names=("广安市",),
    citations=("食品安全法 第三十五条",),
    codes=("511Z07001006",),
    texts=("依第12条办理", "长" * 70),
    type="01",
    level="县级",
    authority="org",
    region_path=("0", "51"),
    themes=("t",),
)


@given(st.text(max_size=30))
def test_writing_can_be_read_back_and_says_nothing_to_the_server(text: str) -> None:
    shown = written(text.replace(tokens.START, "").replace(tokens.END, ""))
    assert read(shown) == text.replace(tokens.START, "").replace(tokens.END, "")
    assert shown == shown.lower().strip()
    assert not set(shown) & set("^$\"'\\ \t\n")


@given(st.text("甲乙丙1aé（", min_size=1, max_size=90), st.integers(0, 89), st.integers(2, 89))
def test_an_ending_begins_with_every_window_of_what_is_contained(value: str, start: int, size: int) -> None:
    folded = fold(value)
    needle = folded[start : start + size]
    if len(needle) < 2:
        return
    for field in ("name", "text"):
        found = endings([folded], WINDOWS[field])
        for piece in windows(needle, WINDOWS[field], 12):
            assert any(ending.startswith(piece) for ending in found)
    short = [ending for ending in found if ending.startswith(written(needle))]
    assert short or len(needle) > WINDOWS["text"]


def test_a_pair_is_one_word_of_plain_letters() -> None:
    assert {word(pair) for pair in ("业执", "a-")} == {
        "eobkzgcgh",
        "gbzcn",
    }
    assert all(re.fullmatch("[a-pz]+", word(pair)) for pair in ("业执", "a-", "𠮷1", "jie.hun", "\x02甲"))


def test_what_is_sent_is_what_the_settings_speak_of() -> None:
    settings = index_settings()
    patterns = [p for rule in settings["filterableAttributes"] for p in rule["attributePatterns"]]
    named = {
        *settings["searchableAttributes"],
        *settings["displayedAttributes"],
        *settings["sortableAttributes"],
    }
    sent = set(to_index(FULL, 1)) | set(tombstone("a", 1, 1)) | set(blank("k", 1)) | set(marker(1, 1, "b"))
    for attribute in sent:
        assert attribute in named or any(fnmatchcase(attribute, p) for p in patterns), attribute
    for attribute in named | {p for p in patterns if "*" not in p}:
        assert attribute in sent, attribute


def test_filters_that_cannot_be_met_and_those_that_always_are() -> None:
    nothing, everything = either([]), Everything()
    assert possible(nothing) == possible(every([everything, nothing])) == NEVER
    assert possible(either([everything, nothing])) == possible(everything) == ""
    assert possible(Without(nothing, (everything,))) == neither("x = 1", [""]) == NEVER
    assert possible(Term("type", 'a"b\\')) == 'type = "a%000022b%00005c"'


def test_a_long_text_is_possible_but_not_certain() -> None:
    short, long = Phrase("text", "许" * 16), Phrase("text", "许" * 17)
    assert possible(short) == certain(short)
    assert certain(long) == NEVER
    assert possible(long).count("STARTS WITH") == 1  # all its pieces are the same
    assert certain(Phrase("name", "许" * 40)) != NEVER


CONDITIONS = [
    *(
        Phrase("all", text)
        for text in ("经营许可", "饭店", "第十二条", "511z0700", "监督管", "安全法第", "没有的")
    ),
    *(
        Phrase(field, "许可")
        for field in ("name", "alias", "short", "authority", "citation", "region", "code")
    ),
    Phrase("name", tokens.START + fold("食品(")),
    Phrase("alias", "饭店" + tokens.END),
    Phrase("short", tokens.START + "食品经营"),
    Phrase("canon", tokens.canonical("第12条")),
    Phrase("canon_citation", "第三十五条"),
    Phrase("initials", "spjyxk"),
    Phrase("region", "广安"),
    Term("chars", "餐"),
    Term("chars", "没"),
    Term("letters", "餐"),
    Term("letters", "局"),
    Term("type", "01"),
    Term("region_path", "51"),
    Term("region_path", "52"),
    Term("role", "document"),
    sequence("syllables", enumerate(("kai", "fan", "dian"))),
    sequence("syllables", enumerate((tokens.START, "kai"))),
    sequence("letters", [(0, "开"), (2, "店")]),
    sequence("letters", [(0, "开"), (1, "店")]),
    every(filters(SearchQuery("", DAY, type="01", region="51"))),
    every(filters(SearchQuery("", "1990-01-01"))),
    Without(Everything(), (Phrase("name", "许可"),)),
    either([]),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedReader:
    engine = EmbeddedEngine(tmp_path_factory.mktemp("index"))
    engine.apply([FULL], [], seq=1)
    return EmbeddedReader(engine.searcher())


@pytest.mark.parametrize("condition", CONDITIONS, ids=repr)
def test_a_look_at_the_document_says_what_the_index_says(reader: EmbeddedReader, condition: object) -> None:
    document_alone = every([condition, Term("role", "document")])  # type: ignore[list-item]
    assert meeting.meets(FULL, document_alone) == reader.holds([document_alone])[0]


class Nowhere:
    def holds(self, conditions: object) -> list[bool]:
        return [False] * len(conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "q", ["", "许", "许可", "食品 经营", "行政许可法第12条", "'\"\\ AND OR", "施工 " * 90, "许" * 900]
)
def test_every_question_can_be_written(q: str) -> None:
    tiers = matching.exact_tiers(q) + matching.synonym_tiers(q, synonyms.shipped(), Nowhere())  # type: ignore[arg-type]
    for tier in tiers:
        shown = possible(tier.condition)
        assert shown.count('"') % 2 == 0
        assert len(shown) < 40_000


def found_by(doc: SearchDocument, q: str) -> bool:
    widest = [tier.condition for tier in matching.exact_tiers(q) if tier.widest]
    return meeting.meets(doc, either(widest))


@given(
    st.text("甲乙丙第十二12条《》a-", max_size=12), st.text("甲乙丙第十二12条《》a-", min_size=2, max_size=6)
)
def test_the_look_in_python_knows_what_contained_means(value: str, q: str) -> None:
    if len(fold(q)) > 1:
        assert found_by(document("a", value), q) == tokens.contains(q, value)
