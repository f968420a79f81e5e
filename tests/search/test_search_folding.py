from hypothesis import given
from hypothesis import strategies as st

from search.folding import fold, fold_with_origin

# Surrogates included: a query comes from outside.
any_text = st.text(st.characters(), max_size=30)


@given(any_text, any_text)
def test_fold_of_a_sum_is_the_sum_of_folds(a: str, b: str) -> None:
    assert fold(a + b) == fold(a) + fold(b)


@given(any_text)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(any_text)
def test_no_white_space_or_control_character_is_left(text: str) -> None:
    assert not any(char.isspace() or char < " " for char in fold(text))
    fold(text).encode()


@given(any_text)
def test_each_folded_character_knows_where_it_came_from(text: str) -> None:
    folded, origin = fold_with_origin(text)
    assert folded == fold(text)
    assert len(origin) == len(folded)
    assert all(char in fold(text[index]) for char, index in zip(folded, origin, strict=True))


def test_what_counts_as_the_same_text() -> None:
    alike = ["国发〔2019〕6号", "国发[2019]6号", "国发【2019】6号", "国发（２０１９）6 号", "國發(2019)6號"]
    assert {fold(text) for text in alike} == {"国发(2019)6号"}
    assert fold("ＡＢＣ") == fold("abc") == "abc"
    assert fold("營業執照 補領") == "营业执照补领"


def test_a_character_is_simplified_alone_whatever_stands_beside_it() -> None:
    assert fold("乾坤") == fold("乾") + fold("坤")
