"""A list as a file: XLSX, CSV, DOCX and PDF of the same heads and lines."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import python_calamine
import xlsxwriter

from app.errors import Invalid
from app.exchange.handouts import plain, qr_svg
from app.exchange.tables import csv_of
from app.exchange.unpacking import require_workbook

LIST_SHEET, PROOF_SHEET = "清单", "证明"
PART = 30_000
"""Characters of a cell that holds a part of the proof; a cell takes 32,767."""
MOST_PDF_LINES = 5_000
"""Lines that a PDF is laid out for: 20 seconds' work; longer lists are for spreadsheets."""


@dataclass(slots=True)
class ListFile:
    """A list to write. ``facts``: what is said above the table; ``address`` goes into the QR code of print."""

    title: str
    facts: list[tuple[str, str]]
    note: str
    heads: Sequence[str]
    lines: list[list[str]]
    footer: str
    address: str
    made_at: int
    proof: dict[str, Any] | None = field(default=None)
    """What an edition carries along, to be checked offline."""


def as_csv(made: ListFile) -> bytes:
    """The table alone: programs read it."""
    return csv_of(made.heads, made.lines)


def as_xlsx(made: ListFile) -> bytes:
    """The table on the first sheet; on a second what it is, and the proof in parts where there is one."""
    written = io.BytesIO()
    book = xlsxwriter.Workbook(
        written, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    )
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "border": 1})
    bold = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "border": 1, "bg_color": "#EDEDED"}
    )
    sheet = book.add_worksheet(LIST_SHEET)
    for place, cells in enumerate([list(made.heads), *made.lines]):
        for column, cell in enumerate(cells):
            sheet.write_string(place, column, cell[:32_767], wrapped if place else bold)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(made.heads) - 1, 24)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    about = book.add_worksheet(PROOF_SHEET if made.proof else "说明")
    about.set_column(0, 0, 18)
    about.set_column(1, 1, 90)
    for place, (name, value) in enumerate([*said(made), *_parts(made.proof)]):
        about.write_string(place, 0, name, bold)
        about.write_string(place, 1, value, wrapped)
    book.close()
    return written.getvalue()


def said(made: ListFile) -> list[tuple[str, str]]:
    """What the second sheet of a workbook says."""
    return [("标题", made.title), *made.facts, ("说明", made.note), ("网址", made.address)]


def _parts(proof: dict[str, Any] | None) -> list[tuple[str, str]]:
    if proof is None:
        return []
    packed = base64.b64encode(zlib.compress(orjson.dumps(proof), 9)).decode()
    return [
        (f"证明 {number}", packed[start : start + PART])
        for number, start in enumerate(range(0, len(packed), PART), 1)
    ]


MOST_PROOF = 200 * 2**20
"""Bytes that a proof may unfold to."""


class Workbook(NamedTuple):
    """A workbook that carries its proof."""

    proof: bytes
    table: list[list[str]]
    """The cells of the first sheet."""
    said: list[list[str]]
    """The cells of the second, above the parts of the proof."""
    sheets: list[str]


def proof_in(body: bytes) -> Workbook:
    """Raises Invalid where it carries none."""
    try:
        require_workbook(io.BytesIO(body), "")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
        about = [list(map(str, row)) for row in book.get_sheet_by_name(PROOF_SHEET).to_python()]
        table = [list(map(str, row)) for row in book.get_sheet_by_index(0).to_python()]
        first = next(place for place, row in enumerate(about) if row[0] == "证明 1")
        if [row[0] for row in about[first:]] != [f"证明 {n + 1}" for n in range(len(about) - first)]:
            raise ValueError("the parts of the proof are not in order")
        packed = "".join("".join(row[1:]) for row in about[first:])
        unfolding = zlib.decompressobj()
        proof = unfolding.decompress(base64.b64decode(packed, validate=True), MOST_PROOF)
        if not packed or unfolding.unconsumed_tail or not unfolding.eof:
            raise ValueError("the proof is not whole")
    except Exception as error:  # whatever the reader makes of a file that is no workbook
        raise Invalid(
            "这个工作簿不带证明，或证明不完整；请核验同一版的 JSON 文件。", code="no-proof"
        ) from error
    return Workbook(proof, table, about[:first], book.sheet_names)


def as_docx(made: ListFile) -> bytes:
    """A4 across, with the facts above the table."""
    from docx import Document

    from app.exchange.round_documents import add_table, prepare

    document = Document()
    prepare(document)
    document.core_properties.title, document.core_properties.author = plain(made.title)[:255], "清单"
    document.add_heading(plain(made.title), level=1)
    for name, value in made.facts:
        paragraph = document.add_paragraph()
        paragraph.add_run(plain(f"{name}：")).bold = True
        paragraph.add_run(plain(value))
    document.add_paragraph(plain(made.note))
    add_table(document, made.heads, [[plain(cell) for cell in line] for line in made.lines])
    document.add_paragraph(plain(made.address))
    document.sections[0].footer.paragraphs[0].text = plain(made.footer)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


TEMPLATE = Path(__file__).with_name("list.typ")
WIDE = {
    "事项名称": 5,
    "设定依据": 6,
    "依据": 6,
    "责任事项": 7,
    "追责情形": 7,
    "准入条件": 7,
    "编码": 4,
    "实施机关": 3,
}
"""Shares of a page's width by head; others take 2."""


def as_pdf(made: ListFile, font: str = "") -> bytes:
    """A4 across. Raises Unavailable where no Chinese font is found, Invalid past ``MOST_PDF_LINES``."""
    from app.exchange.pdf import compiled

    if len(made.lines) > MOST_PDF_LINES:
        raise Invalid(
            f"这份清单有 {len(made.lines):,} 行，PDF 最多 {MOST_PDF_LINES:,} 行；"
            "请下载 XLSX 或 CSV，或按机关分别下载。",
            code="list-too-long",
        )
    told = {
        "title": made.title,
        "facts": made.facts,
        "note": made.note,
        "heads": list(made.heads),
        "lines": made.lines,
        "shares": [WIDE.get(head, 2) for head in made.heads],
        "footer": made.footer,
        "address": made.address,
    }
    inputs = {"list": plain(orjson.dumps(told).decode()), "qr": qr_svg(made.address)}
    return compiled(TEMPLATE, inputs, made.made_at, font)


def written(made: ListFile, form: str, font: str = "") -> bytes:
    """As one of ``csv``, ``xlsx``, ``docx``, ``pdf``."""
    if form == "pdf":
        return as_pdf(made, font)
    return {"csv": as_csv, "xlsx": as_xlsx, "docx": as_docx}[form](made)
