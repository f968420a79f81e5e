"""Whether a file that was brought holds words that were redacted, in whatever cell, sheet, note or name it stands.

A file is looked at as it lies, not as a mapping would read it: hidden sheets, passed-over columns and titles hold words
too. Of what cannot be read nobody can say what it holds, so it counts as holding them.
"""

from __future__ import annotations

import codecs
import html
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import orjson

from app.changes.quoting import RUN, texts_in
from app.exchange.readers import encoding_of, read_lines
from app.exchange.rows import Refused
from app.exchange.unpacking import refuse_bomb

PIECE = 64 * 1024
"""Characters that are looked at in one go; pieces overlap by what a quotation may be cut at."""
_TAG = re.compile(r"<[^>]*>")
_XML = (".xml", ".rels", ".vml")
_WORDLESS = "xl/printerSettings/"
"""What Excel notes of a printer; every other part that is no XML may be a picture of words."""
InText = Callable[[str], bool]


def holds(path: Path, in_text: InText) -> bool:
    """Whether any text of the file, or its name, is one that ``in_text`` knows; True for what cannot be read."""
    try:
        return in_text(path.name) or any(in_text(piece) for piece in _pieces(_texts(path)))
    except (Refused, OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return True


def _texts(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        packed = file.read(4) == b"PK\x03\x04"
        if packed:
            refuse_bomb(file, path.name)
    if packed:
        return _of_workbook(path)
    if path.suffix.lower() in (".jsonl", ".json"):
        return _of_lines(path)
    return _of_text(path)


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """Texts that follow one another, in pieces that overlap."""
    held = ""
    for text in texts:
        held += text
        while len(held) >= PIECE:
            yield held[:PIECE]
            held = held[PIECE - RUN :]
    yield held


def _of_workbook(path: Path) -> Iterator[str]:
    """Every part: a rich text's runs are one text, and cells stand one after another; then what stands within tags,
    the names of sheets."""
    with zipfile.ZipFile(path) as packed:
        for part in packed.infolist():
            if part.is_dir() or part.filename.startswith(_WORDLESS):
                continue
            if not part.filename.endswith(_XML):
                raise Refused("unreadable-part", path.name, f"表格里的 {part.filename} 不是文字")
            for words in (_between, _within):
                with packed.open(part) as stream:
                    yield from (html.unescape(words(xml)) for xml in _whole_tags(stream))
                yield "\n"


def _whole_tags(stream: IO[bytes]) -> Iterator[str]:
    """XML in pieces that end with a tag."""
    decoder, held = codecs.getincrementaldecoder("utf-8-sig")("strict"), ""
    while chunk := stream.read(PIECE):
        held += decoder.decode(chunk)
        whole = held.rfind(">") + 1
        yield held[:whole]
        held = held[whole:]
    yield held + decoder.decode(b"", final=True)


def _between(xml: str) -> str:
    return _TAG.sub("", xml)


def _within(xml: str) -> str:
    return "\n".join(_TAG.findall(xml))


def _of_lines(path: Path) -> Iterator[str]:
    for _, line, _ in read_lines(path):
        try:
            yield from (f"{one}\n" for one in texts_in(orjson.loads(line)))
        except orjson.JSONDecodeError:
            yield line.decode()


def _of_text(path: Path) -> Iterator[str]:
    """Lines end as in stored text; a quotation mark within a cell is doubled in CSV."""
    with path.open(encoding=encoding_of(path)) as file:
        for line in file:
            yield line.replace('""', '"')
