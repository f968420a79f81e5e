"""A SearchDocument as a Meilisearch server stores it: what is filtered by, ranked by, and the document itself.

Raise VERSION whenever an attribute, a setting, a folding or a window changes: an index carries it in its name, and
one of another version is not looked at, so its owner rebuilds.
"""

import json
from collections.abc import Iterable
from hashlib import blake2b
from importlib import resources
from typing import Any

from search import pinyin
from search.conditions import day_number
from search.engine import SearchDocument
from search.folding import fold
from search.meili_text import WINDOWS, endings, pairs, sound_pairs, sounds, word, written
from search.values import (
    VALUES,
    canonical_citations,
    folded_values,
    keywords,
    label,
    order_number,
    shortened,
    spelled_number,
    to_source,
)

VERSION = 2

MARKER = "marker"


def index_settings() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        resources.files("search").joinpath("data/meilisearch.json").read_text("utf-8")
    )
    return found


def key_of(role: str, name: str) -> str:
    """The server takes letters and digits only."""
    return blake2b(f"{role}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def to_index(document: SearchDocument, batch: int) -> dict[str, Any]:
    """`batch` numbers the apply that wrote it; a rebuild carries over what later batches wrote."""
    folded = {attribute: folded_values(document, attribute) for attribute in VALUES}
    everything = [value for values in folded.values() for value in values]
    titles = folded["name"] + folded["aliases"] + folded["former_names"]
    short = shortened(titles)
    others = [value for attribute in VALUES for value in folded[attribute] if value not in titles]
    citations = canonical_citations(folded["citations"])
    texts = {
        "name": folded["name"],
        "alias": folded["aliases"] + folded["former_names"],
        "short": short,
        "code": folded["codes"],
        "authority": folded["authority_names"],
        "citation": folded["citations"],
        "text": folded["texts"],
        "region": [fold(name) for name in document.region_names],
        "canon_citation": citations,
        "canon_other": [value for value in canonical_citations(everything) if value not in citations],
        "initials": list(map(pinyin.initials, titles + short)),
    }
    readings = [pinyin.syllables(title) for title in titles + short]
    index: dict[str, Any] = {
        f"in_{field}": endings(values, WINDOWS[field]) for field, values in texts.items()
    }
    index |= {field: [written(value) for value in values] for field, values in keywords(document).items()}
    index |= {
        "key": key_of("document", document.id),
        "role": "document",
        "subject": written(document.subject),
        "seq": document.seq,
        "batch": batch,
        "valid_from": day_number(document.valid_from),
        "valid_to": day_number(document.valid_to),
        "in_syllables": sounds(readings),
        "chars": [written(char) for char in dict.fromkeys("".join(everything))],
        "order": f"{order_number(document):020d}",
        "spelled": f"{spelled_number(document):020d}",
        "label": written(label(document)),
        "name": label(document),
        "other_names": [_sayable(name) for name in (*document.aliases, *document.former_names)],
        "title_pairs": _words(pair for title in titles + short for pair in pairs(title)),
        "title_sounds": _words(pair for reading in readings for pair in sound_pairs(reading)),
        "other_pairs": _words(pair for value in others for pair in pairs(value)),
        "source": to_source(document),
    }
    return {field: value for field, value in index.items() if value not in ([], "")}


def _sayable(text: str) -> str:
    """Half a surrogate pair is no JSON."""
    return text.encode("utf-8", "replace").decode()


def _words(found: Iterable[str]) -> str:
    return " ".join(map(word, dict.fromkeys(found)))


def tombstone(subject: str, seq: int, batch: int) -> dict[str, Any]:
    """Remembers at which seq a subject was removed, so that an older state cannot bring it back."""
    return {
        "key": key_of("tombstone", subject),
        "role": "tombstone",
        "subject": written(subject),
        "seq": seq,
        "batch": batch,
    }


def blank(key: str, batch: int) -> dict[str, Any]:
    """Takes the place of a document that is no more, in the same commit as what follows it."""
    return {"key": key, "role": "blank", "batch": batch}


def marker(seq: int, batch: int, build: str) -> dict[str, Any]:
    """The one document that says which seq is applied, and which rebuild filled the index."""
    return {"key": MARKER, "role": MARKER, "seq": seq, "batch": batch, "build": build}
