"""Canonical bytes: one document, one text; what cannot be stored is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.canonical import decode, encode, refuse_floats
from app.errors import Invalid

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(documents)
def test_bytes_come_back_and_do_not_depend_on_the_order(document):
    data = encode(document)
    assert decode(data) == document
    assert encode(decode(data)) == data
    assert encode(json.loads(json.dumps(document, sort_keys=True))) == data


def test_the_form():
    assert encode({"b": 1, "a": ["é", "\u3000"]}) == '{"a":["é","\u3000"],"b":1}'.encode()
    assert encode("e\u0301") != encode("\u00e9"), "no normalisation"
    assert encode("\\u0000") == b'"\\\\u0000"', "a text that only looks like an escaped NUL is fine"


@pytest.mark.parametrize(
    "bad", ["\x00", "a\x00b", {"\x00": 1}, [{"a": ["\x00"]}], "\ud800", {"a": "\udfff"}, 2**64, b"x"]
)
def test_what_cannot_be_stored(bad):
    with pytest.raises(Invalid):
        encode(bad)


@pytest.mark.parametrize(
    "bad", [1.5, {"a": 1.0}, [1, [2.0]], {"a": {"b": [-1e9]}}, ({"a": 1.5},), [1e300], [{"x": 0.0}]]
)
def test_floats(bad):
    with pytest.raises(Invalid) as refusal:
        refuse_floats(bad, encode(list(bad) if isinstance(bad, tuple) else bad))
    assert refusal.value.code == "no-floats"


@given(documents)
def test_no_floats_no_refusal(document):
    refuse_floats(document, encode(document))
