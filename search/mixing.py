"""Pinyin typed in part: syllables and initials together (jiehundj, gongsizc), or beside Chinese (营业zz, 食品xkz)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from search import pinyin
from search.conditions import Condition, Phrase, Term, either, every, sequence
from search.matching import in_title

_RUN = re.compile(r"[a-z]+|[\u3400-\u9fff]+")
_SHORTEST = 2  # letters of a run
_LONGEST = 24  # letters that are cut: nobody types more without a choice being offered


@dataclass(frozen=True, slots=True)
class Part:
    """A run of Chinese, to be found as it is; or of letters, with the ways to cut it."""

    text: str
    ways: tuple[pinyin.Cut, ...] = ()


def parts_of(folded: str) -> list[Part]:
    """The runs of a text in which pinyin is mixed; [] where it is not, or is read otherwise (see relaxing.by_latin)."""
    runs: list[str] = _RUN.findall(folded)
    letters = [run for run in runs if run.isascii()]
    if (
        "".join(runs) != folded
        or not letters
        or not all(_SHORTEST <= len(run) <= _LONGEST for run in letters)
    ):
        return []
    alone = len(runs) == 1
    parts = [Part(run, tuple(_ways(run, alone)) if run.isascii() else ()) for run in runs]
    return parts if all(part.ways for part in parts if part.text.isascii()) else []


def _ways(run: str, alone: bool) -> Iterator[pinyin.Cut]:
    yield from pinyin.mixed_cuts(run)
    if not alone:  # by itself it has been looked for so
        yield from (tuple((syllable, True) for syllable in way) for way in pinyin.readings(run))
        yield tuple((letter, False) for letter in run)


def condition(parts: list[Part]) -> Condition:
    """What has every part in its titles; whether in one title and in this order is asked of the document."""
    return every(_condition(part) for part in parts)


def _condition(part: Part) -> Condition:
    if not part.ways:
        return in_title(part.text) if len(part.text) > 1 else Term("letters", part.text)
    return either(every(_signs(way)) for way in part.ways)


def _signs(way: pinyin.Cut) -> Iterator[Condition]:
    if len(way) > 1:
        yield Phrase("initials", "".join(token[0] for token, _ in way))
    for token, whole in way:
        if whole:
            yield sequence("syllables", [(0, token)])


def spans(title: str, parts: list[Part]) -> list[tuple[int, int]]:
    """Where a folded title has the parts, one after the other; [] where it does not."""
    syllables = pinyin.syllables(title)
    found: list[tuple[int, int]] = []
    for part in parts:
        start = found[-1][1] if found else 0
        span = _written(title, part.text, start) if not part.ways else _read(syllables, part.ways, start)
        if span is None:
            return []
        found.append(span)
    return found


def is_whole(word: str, parts: list[Part]) -> bool:
    """Whether the parts are all of a folded word."""
    first = parts[0]
    if word[0] != first.text[0] and not (first.ways and pinyin.initials(word[0]) == first.text[0]):
        return False  # most words, without a closer look
    found = spans(word, parts)
    return bool(found) and found[0][0] == 0 and sum(end - start for start, end in found) == len(word)


def _written(title: str, text: str, start: int) -> tuple[int, int] | None:
    at = title.find(text, start)
    return (at, at + len(text)) if at >= 0 else None


def _read(syllables: tuple[str, ...], ways: tuple[pinyin.Cut, ...], start: int) -> tuple[int, int] | None:
    for at in range(start, len(syllables)):
        for way in ways:
            here = syllables[at : at + len(way)]
            if len(here) == len(way) and all(map(_sounds, here, way)):
                return at, at + len(way)
    return None


def _sounds(syllable: str, token: tuple[str, bool]) -> bool:
    return syllable == token[0] if token[1] else syllable.startswith(token[0])
