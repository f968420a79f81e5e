"""Whether a document meets a condition, asked of the document itself; for what a server can only approximate."""

from search import pinyin, tokens
from search.conditions import (
    Condition,
    Either,
    Every,
    Everything,
    InOrder,
    OnDay,
    Phrase,
    Term,
    Without,
    day_number,
)
from search.engine import SearchDocument
from search.folding import fold
from search.values import VALUES, canonical_citations, folded_values, keywords, shortened


def meets(document: SearchDocument, condition: Condition) -> bool:
    match condition:
        case Everything():
            return True
        case Term("chars", value):
            return any(value in text for text in _values(document, "all"))
        case Term("letters", value):
            return any(value in title for title in _titles(document))
        case Term("subject", value):
            return document.subject == value
        case Term("role", value):
            return value == "document"
        case Term(field, value):
            return value in keywords(document)[field]
        case Phrase(field, text):
            return any(
                text in tokens.START + value + tokens.END for value in _values(document, field) if value
            )
        case InOrder("syllables", terms):
            return any(_in_order((tokens.START, *pinyin.syllables(t)), terms) for t in _titles(document))
        case InOrder(_, terms):
            return any(_in_order((tokens.START, *title), terms) for title in _titles(document))
        case Every(conditions):
            return all(meets(document, one) for one in conditions)
        case Either(conditions):
            return any(meets(document, one) for one in conditions)
        case Without(wanted, others):
            return meets(document, wanted) and not any(meets(document, one) for one in others)
        case OnDay(day):
            return day_number(document.valid_from) <= day < day_number(document.valid_to)


def _titles(document: SearchDocument) -> list[str]:
    titles = [
        value for name in ("name", "aliases", "former_names") for value in folded_values(document, name)
    ]
    return titles + shortened(titles)


def _values(document: SearchDocument, field: str) -> list[str]:
    match field:
        case "all":
            return [value for attribute in VALUES for value in folded_values(document, attribute)]
        case "canon":
            return canonical_citations(_values(document, "all"))
        case "canon_citation":
            return canonical_citations(folded_values(document, "citations"))
        case "region":
            return [fold(name) for name in document.region_names]
        case "short":
            titles = ("name", "aliases", "former_names")
            return shortened(value for name in titles for value in folded_values(document, name))
        case "initials":
            return list(map(pinyin.initials, _titles(document)))
        case "alias":
            return folded_values(document, "aliases") + folded_values(document, "former_names")
        case _:
            attribute = next(name for name, other in VALUES.items() if other == field)
            return folded_values(document, attribute)


def _in_order(found: tuple[str, ...], terms: tuple[tuple[int, str], ...]) -> bool:
    return any(
        all(start + at < len(found) and found[start + at] == term for at, term in terms)
        for start in range(-min(at for at, _ in terms), len(found))
        if start + terms[0][0] >= 0
    )
