"""Search over dated documents; knows nothing of the registry that feeds it.

engine.py          the contract: SearchDocument, SearchQuery, SearchPage, Hit, Suggestion, the Protocol Engine
meilisearch.py     the engine on a Meilisearch server: search, apply, rebuild
meili_keys.py      server: two keys of least rights, made with its master key
meili_writing.py   server: an apply as one task, a rebuild beside, the swap
meili_reading.py   server: questions, several in one call, and the Reader
meili_filters.py   server: conditions written as filters
meili_documents.py server: a document as it is stored there, and the settings (data/meilisearch.json)
meili_server.py    server: errors in our words, tasks awaited, failures tried again
meili_text.py      server: text that it reads nothing into
embedded.py        the engine inside the process (tantivy): generations, lock, apply, rebuild, search
counting.py        embedded: exact totals and facets
embedded_writing.py  embedded: a commit, all of it or nothing; a rebuild filled, and carried over to
embedded_reading.py  embedded: conditions turned into queries, and the Reader
schema.py          embedded: the index fields, and a document turned into them
relaxing.py        what is tried when nothing contains the text (words, pinyin, typos)
sounding.py        what is found by its sound
mixing.py          pinyin typed in part, or beside Chinese
grading.py         how well a document answers what nothing contains; pure
suggesting.py      names to complete to while typing
matching.py        a text turned into conditions, tier by tier and layer by layer
meeting.py         whether a document meets a condition, asked in Python
conditions.py      what is asked of an index, in no engine's language; the Protocol Reader
highlighting.py    where in the original text a hit matched, and why (explain)
synonyms.py        everyday words -> official words, read from data/synonyms.toml
values.py          what of a document may be found by text, and in which order; a document as JSON
tokens.py          grams, article numbers, function words
pinyin.py          syllables, initials, reading a Latin query as syllables
folding.py         fold(): what "the same character" means
data/              synonyms, function words, follow-ups, look-alikes: plain data the legal office may extend

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
