"""A handout to print and carry, whatever it is written as: page, PDF or DOCX say the same."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import segno

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""Control characters that XML forbids, and those that turn the direction of the words after them."""


def plain(text: str) -> str:
    """Text as it may be written into a file."""
    return UNPRINTABLE.sub("", text)


@dataclass(slots=True)
class Table:
    """Rows of words; ``ticked`` (one a row) draws a box before each, checked or empty. ``shares``: widths."""

    heads: list[str]
    rows: list[list[str]]
    shares: list[int]
    ticked: list[bool] | None = None
    keys: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """A headed part: paragraphs, then pairs of label and value, then tables. With nothing in it: not provided."""

    heading: str
    text: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    tables: list[tuple[str, Table]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.text or self.pairs or self.steps or self.tables)


@dataclass(slots=True)
class Handout:
    """``address`` goes into the QR code; ``revision`` says in words which version is shown."""

    kind: str
    title: str
    warnings: list[str]
    facts: list[tuple[str, str]]
    parts: list[Part]
    signatures: list[str]
    revision: str
    address: str
    made_at: int
    """Seconds since 1970 of the log entry the handout rests on: the same handout is the same file."""


def qr_svg(address: str, css_class: str = "qr") -> str:
    """A QR code drawn by itself, of the size its box gives it."""
    return str(
        segno.make(address, error="m", micro=False).svg_inline(border=2, svgclass=css_class, omitsize=True)
    )


def qr_png(address: str) -> io.BytesIO:
    image = io.BytesIO()
    segno.make(address, error="m", micro=False).save(image, kind="png", scale=6, border=2)
    image.seek(0)
    return image
