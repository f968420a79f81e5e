"""What templates write is escaped once and as markupsafe does it, and fields that are absent read as gaps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from app.web.templating import Pages, documented, escaped, filled, gaps, heads


def written(source: str, **context: object) -> str:
    """A template of this source, with the macro ``told`` beside."""
    beside = (
        "{% macro told(it) %}<b>{{ it }}</b>{% if caller is defined %}{{ caller() }}{% endif %}{% endmacro %}"
    )
    pages = Pages(loader=DictLoader({"x": beside + source}), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("x").render(**context)


@settings(max_examples=60)
@given(st.text(alphabet="<>&\"'\\ a许䶮𬭚\u202e") | st.integers() | st.none())
def test_words_are_escaped_as_markupsafe_does(value: object) -> None:
    assert str(escaped(value)) == str(escape(value))
    assert escaped(Markup("<b>")) == "<b>"


@pytest.mark.parametrize(
    "source",
    [
        "{{ words }}",
        "{% set one = words %}{{ one }}",
        "{% for one in [words] %}{{ one }}{% endfor %}",
        "{% set one %}{{ words }}{% endset %}{{ one }}",
        "{{ words ~ '' }}",
        "{{ [words]|join }}",
    ],
)
def test_everything_written_is_escaped_once(source: str) -> None:
    assert written(source, words="<script>&'\"") == "&lt;script&gt;&amp;&#39;&#34;"


def test_macros_are_escaped_once_and_what_they_say_is_markup() -> None:
    assert written("{{ told(words) }}", words="<i>") == "<b>&lt;i&gt;</b>"
    assert written("{% call told(words) %}{{ words }}{% endcall %}", words="&") == "<b>&amp;</b>&amp;"
    assert written("{% for w in [words] %}{{ told(w) ~ w }}{% endfor %}", words="<") == "<b>&lt;</b>&lt;"


def test_what_is_included_stands_in_its_place_and_keeps_its_names_to_itself() -> None:
    beside = {
        "outer": "{% set n = 1 %}{% for w in words %}{% include 'inner' %}{% endfor %}{{ n }}",
        "inner": "{% set n = 2 %}{% macro told(it) %}[{{ it }}{{ n }}]{% endmacro %}"
        "{{ told(w) }}{% include 'deeper' %}",
        "deeper": "{{ w }}{{ d.a.b }}",
    }
    pages = Pages(loader=DictLoader(beside), autoescape=True, undefined=StrictUndefined)
    shown = pages.get_template("outer").render(words="<x", d=gaps({"a": {}}))
    assert shown == "[&lt;2]&lt;None[x2]xNone1"


def test_a_macro_takes_what_jinja_takes() -> None:
    for asked in (
        "all(1, 5, 6, d=0)",
        "all(1, c=4, d=0)",
        "all(1, 2, 3, 4, d=words)",
        "two(1)",
        "two(b=words, a=3)",
    ):
        source = (
            "{% macro all(a, b=2, c=3) %}{{ a }}{{ b }}{{ c }}{{ kwargs.d }}{{ varargs }}{% endmacro %}"
            "{% macro two(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ " + asked + " }}{{ two('&', 4) }}"
        )
        assert written(source, words="<") == Environment(autoescape=True).from_string(source).render(
            words="<"
        )
    with pytest.raises(TypeError):
        written("{% macro one(a) %}{{ a }}{% endmacro %}{{ one(1, 2) }}")


def test_gaps_read_as_none_at_every_depth_and_a_mistyped_name_does_not() -> None:
    found = gaps({"a": {"list": [{"b": 1}, "c", []]}, "items": "of the document"})
    assert written("{{ d.a.list[0].none.deeper is defined }}", d=gaps({"a": {"list": [{}]}})) == "False"
    assert written("{{ d.a.list[0].b }}{{ d.a.nothing is none }}", d=found) == "1True"
    assert written("{% for k, v in d.items() %}{{ k }} {% endfor %}", d=found) == "a items "
    with pytest.raises(UndefinedError):
        written("{{ mistyped }}")


def test_what_is_asked_of_documents() -> None:
    materials = gaps([{"copies": 0}, {"form": ""}])
    assert filled(materials, "originals", "copies")
    assert not filled(materials, "form", "type")
    assert heads(gaps([{"path": "status"}, {"path": "fees/k1/standard"}, {"path": "fees/k2"}])) == "收费项目"
    assert not documented(None)
    assert not documented({"publication": 3, "words": "取消", "title": None})
    assert documented({"number": "演示〔2025〕3号"})
