"""How far the cells of a sheet reach, how much text they share and which are errors, from its XML alone and without
holding it.

The extent is looked at in two ways: at a glance, as spreadsheet software writes cells, which may say too much and never
too little; and exactly, cell by cell, which takes ten times as long.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.parsers import expat

_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<v>([^<]*)</v>")
_WRITTEN_OTHERWISE = re.compile(rb"<(?:[^\s<>/:]*:[cv][\s/>]|c[\t\r\n/>]|v[\s/])")
"""Cells and values that the two above pass over: with a prefix, or with another blank."""
_PLACE = re.compile(r"([A-Za-z]{1,9})([0-9]{1,12})")
_LONGEST_ERROR = 40
_MOST_HELD = 4 * 1024 * 1024


class Extent(NamedTuple):
    """``rows`` and ``columns`` from A1 to the last filled cell; ``shared``: bytes of the shared texts that its cells
    name, each counted as often as it is named."""

    rows: int
    columns: int
    shared: int


def at_a_glance(pieces: Iterable[bytes], lengths: array[int]) -> Extent | None:
    """No less than the sheet's extent: formatted cells without a value count as filled. None where cells are not
    written as usual."""
    letters: set[bytes] = set()
    rows = shared = 0
    for piece in _whole_cells(pieces):
        if piece is None or _WRITTEN_OTHERWISE.search(piece):
            return None
        cells, values = _CELL.findall(piece), _VALUE.findall(piece)
        if len(cells) != piece.count(b"<c ") or len(values) != piece.count(b"<v>"):
            return None
        if cells:
            columns, numbers = zip(*cells, strict=True)
            letters.update(columns)
            rows = max(rows, *map(int, set(numbers)), 0)
        shared += _shared_by(values, lengths)
    return Extent(rows, max(map(_column, (one.decode() for one in letters)), default=0), shared)


def _shared_by(values: list[bytes], lengths: array[int]) -> int:
    """As if every whole number were the place of a shared text, and all else the longest of them."""
    places = [int(one) for one in values if one.isdigit() and len(one) < 10]
    known = [lengths[place] for place in places if place < len(lengths)]
    return sum(known) + (len(values) - len(known)) * max(lengths, default=0)


def _whole_cells(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """The pieces cut where a cell begins; None in place of what has no cell for very long."""
    held = b""
    for piece in pieces:
        held += piece
        cut = held.rfind(b"<c ")
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
        elif len(held) > _MOST_HELD:
            yield None
            return
    yield held


def exact(pieces: Iterable[bytes], lengths: array[int]) -> Extent:
    """Raises ValueError or ExpatError for what is no sheet."""
    sheet = _Sheet(lengths)
    _parse(sheet.parser, pieces)
    return Extent(sheet.rows, sheet.columns, sheet.shared)


def errors_among(pieces: Iterable[bytes], most: int) -> dict[tuple[int, int], str]:
    """(row, column) from 0 -> what a cell says that holds an error: #REF!. Raises OverflowError for more than ``most``,
    ValueError or ExpatError for what is no sheet."""
    sheet = _Sheet(array("q"), most)
    _parse(sheet.parser, pieces)
    return sheet.errors


def elements_among(pieces: Iterable[bytes], name: str, most: int) -> list[dict[str, str]]:
    """The attributes of every element of a name. Raises ValueError for more than ``most``, ExpatError for no XML."""
    found: list[dict[str, str]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if _local(tag) == name:
            found.append(attributes)
        if len(found) > most:
            raise ValueError(f"more than {most} {name}")

    parser = _parser()
    parser.StartElementHandler = start
    _parse(parser, pieces)
    return found


def shared_lengths(pieces: Iterable[bytes], most: int) -> array[int]:
    """The bytes of each shared text, its marks included. Raises ValueError where more than ``most`` are announced,
    ExpatError for what is no XML."""
    texts = _SharedTexts(most)
    _parse(texts.parser, pieces)
    begins = texts.begins
    begins.append(texts.parser.CurrentByteIndex)
    return array("q", (end - begin for begin, end in pairwise(begins)))


def _parse(parser: expat.XMLParserType, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _parser() -> expat.XMLParserType:
    made = expat.ParserCreate()
    made.buffer_text = True
    made.StartDoctypeDeclHandler = _refuse_doctype
    return made


def _refuse_doctype(*_told: object) -> None:
    raise ValueError("no spreadsheet declares a document type")


def _local(name: str) -> str:
    return name.partition(":")[2] or name


class _SharedTexts:
    """Notes where each shared text begins as they pass."""

    def __init__(self, most: int) -> None:
        self.begins: array[int] = array("q")
        self.parser = _parser()
        self.parser.StartElementHandler = self._start
        self._most = most

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "si":
            self.begins.append(self.parser.CurrentByteIndex)
        elif local == "sst" and int(attributes.get("uniqueCount", 0)) > self._most:
            raise ValueError("the library keeps room for as many texts as are announced")


class _Sheet:
    """Counts the cells of a sheet as they pass, and keeps the errors among them, so many of them at most."""

    def __init__(self, lengths: array[int], most_errors: int = 0) -> None:
        self.rows = self.columns = self.shared = 0
        self.errors: dict[tuple[int, int], str] = {}
        self._most_errors = most_errors
        self._lengths = lengths
        self._longest = max(lengths, default=0)
        self._row = self._column = 0
        """Where a cell that does not say its place stands, from 0."""
        self._at = (0, 0)
        self._type: str | None = None
        self.parser = _parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "c":
            place = attributes.get("r")
            self._at = _place(place) if place else (self._row, self._column)
            self._column = self._at[1] + 1
            self._type = attributes.get("t")
        elif local in ("v", "is"):  # a cell with a format alone is left out by the library
            self.rows, self.columns = max(self.rows, self._at[0] + 1), max(self.columns, self._at[1] + 1)
            if self._type == "s":
                self.parser.CharacterDataHandler = self._text
            elif self._type == "e" and self._most_errors:
                self.parser.CharacterDataHandler = self._error
        elif local == "row" and "r" in attributes:
            self._row = int(attributes["r"]) - 1

    def _end(self, name: str) -> None:
        local = _local(name)
        if local == "v":
            self.parser.CharacterDataHandler = None
        elif local == "row":
            self._row, self._column = self._row + 1, 0

    def _error(self, text: str) -> None:
        self.errors[self._at] = (self.errors.get(self._at, "") + text)[:_LONGEST_ERROR]
        if len(self.errors) > self._most_errors:
            raise OverflowError("too many errors")

    def _text(self, text: str) -> None:
        known = text.isdecimal() and len(text) < 10 and int(text) < len(self._lengths)
        self.shared += self._lengths[int(text)] if known else self._longest


def _place(named: str) -> tuple[int, int]:
    """``B3`` as (row, column) from 0."""
    if not (found := _PLACE.fullmatch(named)):
        raise ValueError(f"no cell {named}")
    return int(found[2]) - 1, _column(found[1].upper()) - 1


def _column(letters: str) -> int:
    """``AA`` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
