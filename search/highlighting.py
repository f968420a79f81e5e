"""Where in the original text a hit matched."""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from search.engine import Highlight, Hit, Layer, SearchDocument, SearchPage
from search.folding import Folded, fold, fold_with_origin
from search.tokens import canonical, canonical_with_origin, cites_article
from search.values import VALUES, folded_lines

_CONTEXT = 24  # characters of the original kept on either side of a match in a long value
_SHORT = 80  # a value up to this length is shown whole
_MOST = 3  # highlights of one hit


def highlights(document: SearchDocument, needles: tuple[str, ...]) -> list[Highlight]:
    """Up to three values that contain needles (folded texts), in the order of rank."""
    found: list[Highlight] = []
    wanted = _wanted(needles)
    for field, texts in values(document):
        for value, text in _looked_at(texts, wanted):
            spans = _spans_of(value, text, wanted)
            if spans:
                found.append(cut(field, value, spans))
                if len(found) == _MOST:
                    return found
    return found


def _looked_at(texts: tuple[str, ...], wanted: "_Wanted") -> Iterable[tuple[str, str]]:
    """(value, folded) of those that may hold a needle."""
    if len(texts) == 1:
        return ((texts[0], fold(texts[0])),)
    folded = folded_lines(texts)
    held = wanted.canonical or _any_in(wanted.needles, folded.together)
    return zip(texts, folded.each, strict=True) if held else ()


def values(document: SearchDocument) -> list[tuple[str, tuple[str, ...]]]:
    """(field, values) of everything that can be highlighted, regions last."""
    return [
        ("name", (document.name,)),
        *((field, texts) for attribute, field in _OTHERS if (texts := getattr(document, attribute))),
        ("region", document.region_names),
    ]


_OTHERS = [(attribute, field) for attribute, field in VALUES.items() if attribute != "name"]


class _Wanted(NamedTuple):
    """Needles, and how they are written where articles are numbered in words."""

    needles: tuple[str, ...]
    canonical: tuple[str, ...]  # empty where no needle cites an article


@lru_cache(maxsize=1_000)
def _wanted(needles: tuple[str, ...]) -> _Wanted:
    found = tuple(dict.fromkeys(filter(None, needles)))
    return _Wanted(found, tuple(map(canonical, found)) if any(map(cites_article, found)) else ())


def spans_of(value: str, needles: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the needles stand in the value, in its own characters; sorted and not overlapping."""
    return _spans_of(value, fold(value), _wanted(needles))


def _spans_of(value: str, text: str, wanted: _Wanted) -> list[tuple[int, int]]:
    """`text` is the folded value."""
    if _any_in(wanted.needles, text):
        return _merged(_spans(fold_with_origin(value), wanted.needles))
    if not wanted.canonical or not cites_article(text):
        return []
    return _merged(_spans(canonical_with_origin(fold_with_origin(value)), wanted.canonical))


def _any_in(needles: tuple[str, ...], text: str) -> bool:
    for needle in needles:  # noqa: SIM110, a generator takes longer than the search
        if needle in text:
            return True
    return False


def _spans(folded: Folded, needles: tuple[str, ...]) -> list[tuple[int, int]]:
    text, origin, spans = folded.text, folded.origin, []
    for needle in needles:
        at = text.find(needle)
        while at >= 0:
            end = at + len(needle)
            spans.append((origin[at], origin[end - 1] + 1))
            at = text.find(needle, end)
    return spans


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if len(spans) == 1:
        return spans
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def cut(field: str, value: str, spans: list[tuple[int, int]]) -> Highlight:
    """The neighbourhood of the first span, with the spans that lie in it."""
    if len(value) <= _SHORT:
        return Highlight(field, value, spans)
    first = max(0, spans[0][0] - _CONTEXT)
    last = min(len(value), max(spans[0][1] + _CONTEXT, first + _SHORT))
    inside = [(start - first, min(end, last) - first) for start, end in spans if start < last]
    return Highlight(field, value[first:last], inside)


def hit_of(document: SearchDocument, layer: Layer, score: float, marked: list[Highlight]) -> Hit:
    return Hit(
        subject=document.subject,
        id=document.id,
        name=document.name,
        code=document.codes[0] if document.codes else "",
        layer=layer,
        score=score,
        status=document.status,
        valid_from=document.valid_from,
        valid_to=document.valid_to,
        authority=document.authority,
        authority_name=document.authority_names[0] if document.authority_names else "",
        region_name=document.region_names[0] if document.region_names else "",
        type=document.type,
        level=document.level,
        highlights=marked,
    )


def did_you_mean(q: str, page: SearchPage) -> str | None:
    """What the title of the best guess has where the query has another sound or a slip: 卫生许可 for 卫牲许可."""
    best = page.hits[0] if page.relaxed and page.hits else None
    if best is None or best.layer not in ("pinyin", "typo"):
        return None
    titles = [mark for mark in best.highlights if mark.field in ("name", "alias", "former_name")]
    pieces = [mark.snippet[start:end] for mark in titles[:1] for start, end in mark.spans]
    meant = " ".join(pieces)
    return meant if meant and fold(meant) != fold(q) else None


LAYER_NAMES: dict[Layer, str] = {
    "exact": "原文",
    "synonym": "近义",
    "words": "拆词",
    "pinyin": "拼音",
    "typo": "近似",
}
FIELD_NAMES = {
    "name": "名称",
    "alias": "别名",
    "former_name": "曾用名",
    "code": "编码",
    "authority": "实施机关",
    "citation": "依据",
    "text": "指南正文",
    "region": "地区",
}


def explanation(hit: Hit, reasons: list[str]) -> list[str]:
    """Sentences for a reader: the layer, what led to the hit, and the fields in which it was found."""
    places = [
        f"{FIELD_NAMES[mark.field]}含“{mark.snippet[start:end]}”"
        for mark in hit.highlights
        for start, end in mark.spans[:1]
    ]
    return [f"匹配层：{LAYER_NAMES[hit.layer]}", *reasons, *places]
