"""Handouts as DOCX, for those who go on writing."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from app.exchange.handouts import Handout, Part, Table, plain, qr_png

FONT = "宋体"
"""By name alone: the reader's own machine has it or takes its like."""


def docx_of(handout: Handout) -> bytes:
    """The handout as a DOCX file."""
    document = Document()
    _set_up(document, handout)
    document.add_heading(plain(handout.title), level=1)
    document.add_picture(qr_png(handout.address), width=Mm(24))
    _pairs(document, handout.facts)
    for words in handout.warnings:
        document.add_paragraph().add_run(plain(words)).bold = True
    for part in handout.parts:
        _part(document, part)
    if handout.signatures:
        document.add_paragraph()
        document.add_paragraph("        ".join(f"{words}：____________" for words in handout.signatures))
    document.add_paragraph(plain(handout.revision))
    document.add_paragraph(plain(handout.address))
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _set_up(document: Any, handout: Handout) -> None:
    for name in ("Normal", "Heading 1", "Heading 2", "Heading 3"):
        style = document.styles[name]
        style.font.name = FONT
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    document.styles["Normal"].font.size = Pt(10.5)
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.footer.paragraphs[0].text = plain(handout.revision)
    document.add_paragraph(plain(handout.kind))
    made = dt.datetime.fromtimestamp(handout.made_at, dt.UTC).replace(tzinfo=None)
    facts = document.core_properties
    facts.title, facts.author, facts.comments = plain(f"{handout.title} {handout.kind}")[:255], "清单", ""
    facts.created = facts.modified = made
    facts.language = "zh-CN"


def _part(document: Any, part: Part) -> None:
    document.add_heading(plain(part.heading), level=2)
    if part.empty:
        document.add_paragraph("未提供")
    for words in part.text:
        document.add_paragraph(plain(words))
    if part.pairs:
        _pairs(document, part.pairs)
    for number, words in enumerate(part.steps, 1):
        document.add_paragraph(plain(f"{number}. {words}"))
    for caption, table in part.tables:
        if caption:
            document.add_heading(plain(caption), level=3)
        _table(document, table)


def _pairs(document: Any, pairs: list[tuple[str, str]]) -> None:
    for label, value in pairs:
        paragraph = document.add_paragraph()
        paragraph.add_run(plain(f"{label}：")).bold = True
        paragraph.add_run(plain(value))


def _table(document: Any, table: Table) -> None:
    heads = (["备齐"] if table.ticked is not None else []) + table.heads
    drawn = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    for cell, words in zip(drawn.rows[0].cells, heads, strict=True):
        cell.paragraphs[0].add_run(words).bold = True
    for number, row in enumerate(table.rows):
        ticks = [] if table.ticked is None else ["☑" if table.ticked[number] else "☐"]
        for cell, words in zip(drawn.add_row().cells, ticks + row, strict=True):
            cell.text = plain(words)
