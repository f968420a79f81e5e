"""The fields of the embedded index, and a SearchDocument turned into them.

Raise VERSION whenever a field, a folding or a gram changes: an index of another version counts as empty, so
its owner rebuilds it.
"""

import json
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from typing import Any

import tantivy

from search import pinyin, tokens
from search.conditions import day_number
from search.engine import DEFAULT_STATUSES, OPEN_END, SearchDocument
from search.folding import fold
from search.values import (
    VALUES,
    canonical_citations,
    folded_values,
    from_source,
    keywords,
    label,
    order_number,
    shortened,
    to_source,
)

VERSION = 6

# Fields of bigrams with positions, searched by phrases. `all` holds every value and alone decides what
# matches; the others only rank. `region` is not part of `all`: a region's name makes no item "contain" it;
# neither is `short`, the titles without what stands in brackets. `title` is name, alias and short in one.
_PHRASE_FIELDS = ("all", "name", "alias", "code", "authority", "citation", "region", "short", "title")
# The same for citations of articles in canonical form, grams of codes, and readings.
_OTHER_PHRASE_FIELDS = ("canon", "canon_citation", "ascii", "code4", "letters", "syllables", "initials")
_KEYWORDS = ("type", "authority_id", "level", "region_path", "status", "theme")

USUAL = "usual status"  # one term of `shortcut` instead of a union of statuses

MARKER = "marker"  # the one document that says which seq is applied


@cache
def build() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in (*_PHRASE_FIELDS, *_OTHER_PHRASE_FIELDS):
        builder.add_text_field(name, tokenizer_name="whitespace")
    builder.add_text_field("chars", tokenizer_name="whitespace", index_option="basic")
    for name in (*_KEYWORDS, "subject"):
        builder.add_text_field(name, tokenizer_name="raw", fast=True, index_option="basic")
    # Name as written, for suggestions; and what orders hits within a tier (see values.order).
    builder.add_text_field("label", tokenizer_name="raw", fast=True, index_option="basic")
    builder.add_unsigned_field("order", fast=True)
    # Terms that stand for much that is asked together (see USUAL).
    builder.add_text_field("shortcut", tokenizer_name="raw", index_option="basic")
    # Facets are counted by number, three times as fast as by text; the text fields know the values.
    for name in _KEYWORDS:
        builder.add_unsigned_field(facet_field(name), fast=True)
    # Not fast: ranges over the few days there are beat reading every document's day.
    for name in ("valid_from", "valid_to"):
        builder.add_unsigned_field(name, indexed=True)
    for name in ("seq", "batch"):
        builder.add_unsigned_field(name, indexed=True, fast=True)
    builder.add_text_field("role", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def facet_field(keyword: str) -> str:
    return f"{keyword}_number"


def facet_number(value: str) -> int:
    """64 bits that stand for a value of a facet."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest())


def to_index(document: SearchDocument, batch: int) -> tantivy.Document:
    """`batch` numbers the commit that wrote it; a rebuild carries over what later batches wrote."""
    folded = {attribute: folded_values(document, attribute) for attribute in VALUES}
    everything = [value for values in folded.values() for value in values]
    titles = folded["name"] + folded["aliases"] + folded["former_names"]
    short = shortened(titles)
    index = tantivy.Document()
    for field, text in {
        "all": tokens.grams(everything),
        "name": tokens.grams(folded["name"]),
        "alias": tokens.grams(folded["aliases"] + folded["former_names"]),
        "code": tokens.grams(folded["codes"]),
        "authority": tokens.grams(folded["authority_names"]),
        "citation": tokens.grams(folded["citations"]),
        "region": tokens.grams(map(fold, document.region_names)),
        "canon": tokens.grams(canonical_citations(everything)),
        "canon_citation": tokens.grams(canonical_citations(folded["citations"])),
        "ascii": tokens.code_grams(everything),
        "code4": tokens.code_grams(folded["codes"]),
        "short": tokens.grams(short),
        "title": tokens.grams(titles + short),
        "letters": _sequences(titles + short),
        "syllables": _sequences(map(pinyin.syllables, titles + short)),
        "initials": tokens.grams(map(pinyin.initials, titles + short)),
        "chars": " ".join(set("".join(everything))),
    }.items():
        if text:
            index.add_text(field, text)
    _add_filters(index, document)
    index.add_unsigned("seq", document.seq)
    index.add_unsigned("batch", batch)
    index.add_text("role", "document")
    index.add_bytes("source", to_source(document).encode())
    return index


def _sequences(values: Iterable[Iterable[str]]) -> str:
    """Terms one after the other, each value begun by a term of its own."""
    return " ".join(" ".join((tokens.START, *value)) for value in values)


def _add_filters(index: tantivy.Document, document: SearchDocument) -> None:
    index.add_text("subject", document.subject)
    for field, values in keywords(document).items():
        for value in values:
            index.add_text(field, value)
            index.add_unsigned(facet_field(field), facet_number(value))
    index.add_text("label", label(document))
    index.add_unsigned("order", order_number(document))
    if document.status in DEFAULT_STATUSES:
        index.add_text("shortcut", USUAL)
    index.add_unsigned("valid_from", day_number(document.valid_from))
    if document.valid_to != OPEN_END:
        index.add_unsigned("valid_to", day_number(document.valid_to))


def tombstone(subject: str, seq: int, batch: int) -> tantivy.Document:
    """Remembers at which seq a subject was removed, so that an older state cannot bring it back."""
    return _service_document("tombstone", subject, seq, batch, {"removed": subject, "seq": seq})


def marker(seq: int, batch: int) -> tantivy.Document:
    return _service_document(MARKER, "", seq, batch, {"seq": seq, "batch": batch})


def _service_document(
    role: str, subject: str, seq: int, batch: int, source: dict[str, object]
) -> tantivy.Document:
    """It begins on no day, so no search can find it."""
    index = tantivy.Document()
    index.add_text("role", role)
    if subject:
        index.add_text("subject", subject)
    index.add_unsigned("valid_from", day_number(OPEN_END) + 1)
    index.add_unsigned("seq", seq)
    index.add_unsigned("batch", batch)
    index.add_bytes("source", json.dumps(source).encode())
    return index


def stored(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> SearchDocument:
    return from_source(stored_source(searcher, address))


def stored_source(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> bytes:
    source: Any = searcher.doc(address).get_first("source")
    return bytes(source)
