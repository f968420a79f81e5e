"""Names to complete to while someone types."""

from search import pinyin, tokens
from search.conditions import Condition, Phrase, Reader, either, every, filters, sequence
from search.engine import DEFAULT_STATUSES, Layer, SearchQuery, Suggestion
from search.folding import fold

_LONGEST = 40  # characters of the input that are looked at


def suggest(reader: Reader, q: str, on: str, limit: int) -> list[Suggestion]:
    """Names that begin so, that contain it, that are read so, in this order; each the commonest first."""
    typed = fold(q)[:_LONGEST]
    conditions = filters(SearchQuery(q="", on=on, status=DEFAULT_STATUSES))
    found: dict[str, Suggestion] = {}
    for layer, way in _ways(typed):
        if len(found) >= limit:
            break
        for text, count in reader.names(every([way, *conditions]), limit):
            found.setdefault(text, Suggestion(text, count, layer))
    return list(found.values())[:limit]


def _ways(typed: str) -> list[tuple[Layer, Condition]]:
    if not typed:
        return []
    start = tokens.START + typed
    ways: list[tuple[Layer, Condition]] = [
        ("exact", Phrase("name", start)),
        ("exact", Phrase("alias", start)),
    ]
    if len(typed) > 1:
        ways.append(("exact", either([Phrase("name", typed), Phrase("alias", typed)])))
    if pinyin.is_latin(typed):
        cuts = pinyin.readings(typed) + pinyin.unfinished_readings(typed)
        begun = [(tokens.START, *cut) for cut in cuts]
        ways.append(("pinyin", Phrase("initials", start)))
        ways.append(("pinyin", either(sequence("syllables", enumerate(cut)) for cut in begun)))
        ways.append(("pinyin", either(sequence("syllables", enumerate(cut)) for cut in cuts)))
        ways.append(("pinyin", Phrase("initials", typed)))
    elif typed.isascii() and typed.isalpha():
        ways.append(("pinyin", Phrase("initials", start)))
    return ways
