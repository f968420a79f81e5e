"""An office's own everyday words beside the shipped ones."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from app.errors import Invalid
from app.searching import open_engine
from app.settings import Settings
from search import SearchDocument, SearchQuery

SHIPPED, OWN = "户外广告设置的审批", "临时便民服务摊点设置"


def first(tmp_path: Path, words: str, q: str) -> str:
    """The name found first, by an office that has these words."""
    file = tmp_path / "words.toml"
    file.write_text(words, "utf-8")
    settings = Settings(data_dir=tmp_path, synonyms=str(file), search_url="")
    named = enumerate((SHIPPED, OWN))
    with closing(open_engine(settings)) as engine:  # type: ignore[type-var]
        assert engine is not None
        engine.apply([SearchDocument(f"s{n}:1", f"s{n}", "item", name) for n, name in named], [], seq=1)
        return engine.search(SearchQuery(q=q, on="2026-01-01")).hits[0].name


def test_a_word_of_the_office_replaces_the_shipped_one_alone(tmp_path: Path) -> None:
    words = f'[[group]]\nsay = ["赶场卖菜", "门头招牌"]\nmeans = ["{OWN}"]'
    assert first(tmp_path, words, "赶场卖菜") == OWN
    assert first(tmp_path, words, "门头招牌") == OWN
    assert first(tmp_path, words, "招牌") == SHIPPED


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('[[group]]\nsay = ["赶场"]', "第 1 组（赶场……）缺少"),
        ("say = ", r"words\.toml"),
        ("[group]", r"words\.toml.*方括号"),
    ],
)
def test_what_is_wrong_with_the_words_is_said(tmp_path: Path, words: str, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        first(tmp_path, words, "赶场")
    assert refused.value.code == "bad-synonyms"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"nowhere\.toml"):
        open_engine(Settings(data_dir=tmp_path, synonyms=str(tmp_path / "nowhere.toml")))
