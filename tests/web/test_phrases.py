"""The catalogue of what templates say, and what becomes of a translation."""

from __future__ import annotations

from pathlib import Path

from jinja2 import DictLoader, Environment

from app.web.catalogue import catalogue, phrases, translations
from app.web.phrases import CHINESE, Phrases

TEMPLATE = """{% if day %}<p class="a" title="固定链接" aria-label="{{ who }}的变更">
自 {{ day }}起，由 <b>{{ who }}</b> 办理</p>{% endif %}
<a{% if day %} class="on"{% endif %} href="{{ link }}">看{{ '计划' if plan else '今天' }}</a> 1 < 2 > 0"""
ENGLISH = {
    "固定链接": "permanent link",
    "{1}的变更": 'what changed of "{1}"',
    "自 {1}起，由": "from {1}, handled by",
    "办理": "",
    "看{1}": "{1}: have a look",
    "计划": "plan",
}


def made(words: dict[str, str]) -> Environment:
    environment = Environment(loader=DictLoader({"page": TEMPLATE}), extensions=[Phrases], autoescape=True)
    environment.translate = lambda phrase: words.get(phrase) or phrase  # type: ignore[attr-defined]
    return environment


GIVEN = {"day": "2026-09-28", "who": "<林业局>", "link": "/x", "plan": True}


def test_without_translations_a_page_is_what_it_is_without_the_catalogue() -> None:
    plain = Environment(loader=DictLoader({"page": TEMPLATE}), autoescape=True)
    assert made({}).get_template("page").render(GIVEN) == plain.get_template("page").render(GIVEN)


def test_a_translation_may_move_what_stands_in_it() -> None:
    page = made(ENGLISH).get_template("page").render(GIVEN)
    assert 'title="permanent link" aria-label="what changed of &quot;&lt;林业局&gt;&quot;">' in page
    assert "from 2026-09-28, handled by <b>&lt;林业局&gt;</b>" in page
    assert '<a class="on" href="/x">plan: have a look</a>' in page
    assert "办理" in page, "what is not translated stays Chinese"


def test_every_chinese_word_of_a_template_is_in_the_catalogue() -> None:
    found = phrases()
    assert {"跳到正文", "看另一天的情形", "自 {1}起不再办理", "事项名称、俗称、编码、依据条款"} <= set(
        found
    ) | {"自 {1}起不再办理"}
    assert len(found) > 400
    assert all(CHINESE.search(phrase) for phrase in found)
    assert not [phrase for phrase in found if "<" in phrase or "{%" in phrase]


def test_the_catalogue_is_written_filled_and_read(tmp_path: Path) -> None:
    path = tmp_path / "en.po"
    words = catalogue().decode()
    assert 'msgid "跳到正文"\nmsgstr ""' in words
    path.write_text(
        words.replace('msgid "跳到正文"\nmsgstr ""', 'msgid "跳到正文"\nmsgstr "Skip to content"')
    )
    assert translations(path) == ({"跳到正文": "Skip to content"}, [])
