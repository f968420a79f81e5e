import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import tokens
from search.folding import Folded


@pytest.mark.parametrize(
    ("number", "numeral"),
    [
        (1, "一"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (1005, "一千零五"),
        (1260, "一千二百六十"),
    ],
)
def test_articles_are_numbered_as_statutes_do(number: int, numeral: str) -> None:
    assert tokens.chinese_numeral(number) == numeral


def test_an_article_is_the_same_in_figures_and_in_words() -> None:
    assert tokens.canonical("《行政许可法》第12条第2款") == "行政许可法第十二条第二款"
    assert tokens.contains("行政许可法 第12条", "《中华人民共和国行政许可法》第十二条")
    assert tokens.contains("行政许可法第十二条", "《行政许可法》第 12 条")
    assert not tokens.contains("行政许可法 第2条", "《行政许可法》第十二条")
    assert not tokens.contains("十二", "第12条")


@given(st.text("第一12条款《》法", max_size=12))
def test_canonical_text_keeps_its_origins(text: str) -> None:
    canonical = tokens.canonical_with_origin(Folded(text, list(range(len(text)))))
    assert len(canonical.origin) == len(canonical.text)
    assert canonical.origin == sorted(canonical.origin)


@given(st.text("甲乙丙1", min_size=2, max_size=9))
def test_the_grams_of_a_phrase_cover_each_character(text: str) -> None:
    covered = {start + i for start, gram in tokens.phrase_grams(text) for i in range(len(gram))}
    assert covered == set(range(len(text)))
    assert all(text[start : start + 2] == gram for start, gram in tokens.phrase_grams(text))


@given(st.text("甲乙019a-", min_size=tokens.LONG_GRAM, max_size=33))
def test_long_grams_cover_each_character(text: str) -> None:
    grams = tokens.long_phrase_grams(text)
    assert {start + i for start, gram in grams for i in range(len(gram))} == set(range(len(text)))


@pytest.mark.parametrize(
    ("query", "pieces"),
    [
        ("我想开理发店怎么办", ["理发店"]),
        ("办理食品经营许可需要什么材料", ["食品经营许可"]),
        ("开办学校", ["学校"]),
        ("怎么办理", []),
    ],
)
def test_function_words_leave_the_content(query: str, pieces: list[str]) -> None:
    assert tokens.content_pieces(query) == pieces
