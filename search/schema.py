"""The fields of the embedded index, and a SearchDocument turned into them.

Raise VERSION whenever a field, a folding or a gram changes: an index of another version counts as empty, so
its owner rebuilds it.
"""

import json
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from itertools import pairwise
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
    spelled_number,
    to_source,
)

VERSION = 8

# Fields of bigrams with positions, searched by phrases. `all` holds every value and alone decides what
# matches; the others only rank. `region` is not part of `all`: a region's name makes no item "contain" it;
# neither is `short`, the titles without what stands in brackets. `title` is name, alias and short in one.
_PHRASE_FIELDS = ("all", "name", "alias", "code", "authority", "citation", "region", "short", "title")
# The same for citations of articles in canonical form, long grams of `all`, of codes and of titles, and readings;
# `sounds` has syllables two by two.
_OTHER_PHRASE_FIELDS = (
    "canon", "canon_citation", "all4", "code4", "name4", "short4", "title4", "letters", "sounds", "initials"
)  # fmt: skip
_KEYWORDS = ("type", "authority_id", "level", "region_path", "status", "theme")
# Facets are counted by a number for each value, or for each that occurs together: one look at a document instead of
# three, or of one for every level of its region.
COUNTED = {
    "sorts": ("type", "level", "status"),
    "place": ("region_path",),
    "authority_id": ("authority_id",),
    "theme": ("theme",),
}
TOGETHER = "\x1f"  # between values that are counted as one

USUAL = "usual status"  # one term of `shortcut` instead of a union of statuses

MARKER = "marker"  # the one document that says which seq is applied


@cache
def build() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in (*_PHRASE_FIELDS, *_OTHER_PHRASE_FIELDS):
        builder.add_text_field(name, tokenizer_name="whitespace")
    for name in ("chars", "syllables"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in (*_KEYWORDS, "subject"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    # Name as written, for suggestions; what orders hits within a tier (see values.order), or all of them.
    builder.add_text_field("label", tokenizer_name="raw", fast=True, index_option="basic")
    for name in ("order", "spelled", "begun"):
        builder.add_unsigned_field(name, fast=True)
    # Terms that stand for much that is asked together (see USUAL).
    builder.add_text_field("shortcut", tokenizer_name="raw", index_option="basic")
    # Counted by number, three times as fast as by text; the text says what a number stands for.
    for name in COUNTED:
        builder.add_text_field(said_field(name), tokenizer_name="raw", fast=True, index_option="basic")
        builder.add_unsigned_field(counted_field(name), fast=True)
    # Not fast: ranges over the few days there are beat reading every document's day.
    for name in ("valid_from", "valid_to"):
        builder.add_unsigned_field(name, indexed=True)
    for name in ("seq", "batch"):
        builder.add_unsigned_field(name, indexed=True, fast=True)
    builder.add_text_field("role", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("source", stored=True)
    return builder.build()


def counted_field(name: str) -> str:
    return f"{name}_number"


def said_field(name: str) -> str:
    return f"{name}_said"


def counted_number(value: str) -> int:
    """64 bits that stand for what is counted."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest())


def to_index(document: SearchDocument, batch: int) -> tantivy.Document:
    """`batch` numbers the commit that wrote it; a rebuild carries over what later batches wrote."""
    folded = {attribute: folded_values(document, attribute) for attribute in VALUES}
    everything = [value for values in folded.values() for value in values]
    titles = folded["name"] + folded["aliases"] + folded["former_names"]
    short = shortened(titles)
    readings = [(tokens.START, *pinyin.syllables(title)) for title in titles + short]
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
        "all4": tokens.long_grams(everything),
        "code4": tokens.long_grams(folded["codes"]),
        "name4": tokens.long_grams(folded["name"]),
        "short4": tokens.long_grams(short),
        "title4": tokens.long_grams(titles + short),
        "short": tokens.grams(short),
        "title": tokens.grams(titles + short),
        "letters": _sequences(titles + short),
        "syllables": " ".join({syllable for reading in readings for syllable in reading}),
        "sounds": " ".join(pair for reading in readings for pair in sound_pairs((*reading, tokens.END))),
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


def sound_pairs(reading: Iterable[str]) -> list[str]:
    """Neighbouring syllables as one term each."""
    return [f"{one}.{other}" for one, other in pairwise(reading)]


def _add_filters(index: tantivy.Document, document: SearchDocument) -> None:
    index.add_text("subject", document.subject)
    found = keywords(document)
    for field, values in found.items():
        for value in values:
            index.add_text(field, value)
    for name, fields in COUNTED.items():
        single = found[name] if fields == (name,) else [_together(found, fields)]
        for value in single:
            index.add_text(said_field(name), value)
            index.add_unsigned(counted_field(name), counted_number(value))
    index.add_text("label", label(document))
    index.add_unsigned("order", order_number(document))
    index.add_unsigned("spelled", spelled_number(document))
    index.add_unsigned("begun", day_number(document.valid_from))
    if document.status in DEFAULT_STATUSES:
        index.add_text("shortcut", USUAL)
    index.add_unsigned("valid_from", day_number(document.valid_from))
    if document.valid_to != OPEN_END:
        index.add_unsigned("valid_to", day_number(document.valid_to))


def _together(found: dict[str, list[str]], fields: tuple[str, ...]) -> str:
    """Fields of one value each by their place, "" where there is none; a path as it is."""
    if len(fields) == 1:
        return TOGETHER.join(found[fields[0]])
    return TOGETHER.join("".join(found[field][:1]) for field in fields)


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
