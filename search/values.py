"""What of a document may be found by text; and a document as JSON, as an engine stores it."""

import json
from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from search import pinyin, tokens
from search.engine import SearchDocument
from search.folding import fold

# What may be found by text: attribute of SearchDocument -> field of a Highlight.
VALUES = {
    "name": "name",
    "aliases": "alias",
    "former_names": "former_name",
    "codes": "code",
    "authority_names": "authority",
    "citations": "citation",
    "texts": "text",
}

_ATTRIBUTES = tuple(field.name for field in fields(SearchDocument))


class Lines(NamedTuple):
    """Folded values, each and as lines of one text: fold() lets no line break through, so no needle spans two."""

    each: tuple[str, ...]
    together: str


def folded_lines(texts: tuple[str, ...]) -> Lines:
    """Guides and citations are long and asked for again and again, with the next page or another word."""
    return _long_lines(texts) if len(texts) > 1 else _lines(texts)


def _lines(texts: tuple[str, ...]) -> Lines:
    folded = tuple(map(fold, texts))
    return Lines(folded, folded[0] if len(folded) == 1 else "\n".join(folded))


_long_lines = lru_cache(maxsize=4_000)(_lines)


def folded_values(document: SearchDocument, attribute: str) -> list[str]:
    value = getattr(document, attribute)
    return [fold(text) for text in ((value,) if isinstance(value, str) else value)]


def shortened(titles: Iterable[str]) -> list[str]:
    """Folded titles without what stands in brackets, those that have any."""
    return [short for title in titles if (short := tokens.without_remarks(title)) != title]


def canonical_citations(folded: Iterable[str]) -> list[str]:
    return [tokens.canonical(value) for value in folded if tokens.cites_article(value)]


def keywords(document: SearchDocument) -> dict[str, list[str]]:
    """{field of facets and filters: its values}."""
    found = {
        "type": (document.type,),
        "authority_id": (document.authority,),
        "level": (document.level,),
        "region_path": document.region_path,
        "status": (document.status,),
        "theme": document.themes,
    }
    return {field: list(dict.fromkeys(filter(None, values))) for field, values in found.items()}


def order(document: SearchDocument) -> str:
    """The order of hits within a tier: first-time items before follow-ups, shorter names first, then id."""
    name = fold(document.name)
    return f"{tokens.is_follow_up(name):d}{min(len(name), 9999):04d}{document.id}"


def order_number(document: SearchDocument) -> int:
    """As `order`, in 64 bits: a sort by number costs a third of one by text. Of equals the id's end decides."""
    rank = min(int(order(document)[:5]), 99_999)
    return rank << 47 | int.from_bytes(document.subject.encode("utf-8", "replace")[-5:].ljust(5, b"\0"))


_LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz", 1)} | {" ": 0}
_SPELLED, _SIGN = 12, 31  # letters of five bits; what is none stands behind them


def spelled_number(document: SearchDocument) -> int:
    """The order of names as a dictionary has them, by the first letters of their readings; signs after letters."""
    number = 0
    for letter in " ".join(pinyin.syllables(fold(document.name)))[:_SPELLED].ljust(_SPELLED):
        number = number << 5 | _LETTERS.get(letter, _SIGN)
    return number


def label(document: SearchDocument) -> str:
    """The name as written, for suggestions."""
    return document.name.encode("utf-8", "replace").decode()


def to_source(document: SearchDocument) -> str:
    """Lone surrogates, which orjson refuses, stay as JSON escapes."""
    return json.dumps({name: getattr(document, name) for name in _ATTRIBUTES}, separators=(",", ":"))


def from_source(source: str | bytes) -> SearchDocument:
    stored_values: dict[str, Any]
    try:
        stored_values = orjson.loads(source)
    except orjson.JSONDecodeError:  # a lone surrogate
        stored_values = json.loads(source)
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored_values.items()}
    return SearchDocument(**values)
