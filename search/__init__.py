"""Search over dated documents; knows nothing of the registry that feeds it.

engine.py          the contract: SearchDocument, SearchQuery, SearchPage, Hit, Suggestion, the Protocol Engine
embedded.py        the engine inside the process (tantivy): generations, lock, apply, rebuild, search
schema.py          embedded: the index fields, and a document turned into them
counting.py        embedded: exact totals and facets
matching.py        embedded: a text turned into queries, tier by tier and layer by layer
relaxing.py        embedded: what is tried when nothing contains the text (words, pinyin, typos)
highlighting.py    where in the original text a hit matched, and why (explain)
synonyms.py        everyday words -> official words, read from data/synonyms.toml
tokens.py          grams, article numbers, function words
pinyin.py          syllables, initials, reading a Latin query as syllables
suggesting.py      embedded: names to complete to while typing
folding.py         fold(): what "the same character" means
data/              synonyms.toml, function_words.txt, lookalikes.txt: plain data the legal office may extend

Each line imports only from lines below it, and engine.py from none.
"""

from search.engine import (
    Engine,
    EngineBusy,
    EngineError,
    EngineReadOnly,
    Highlight,
    Hit,
    SearchDocument,
    SearchPage,
    SearchQuery,
    Suggestion,
)

__all__ = [
    "Engine",
    "EngineBusy",
    "EngineError",
    "EngineReadOnly",
    "Highlight",
    "Hit",
    "SearchDocument",
    "SearchPage",
    "SearchQuery",
    "Suggestion",
]
