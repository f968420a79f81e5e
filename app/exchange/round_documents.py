"""The report of a round as a document (DOCX): summary, sums, groups, 调整对照表, annexes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from app.exchange.round_words import GROUP_COLUMNS, GROUPS, group_rows, overview
from app.rounds.tables import Table

FONT = "宋体"


def write_docx(report: dict[str, Any], tables: Sequence[Table]) -> bytes:
    """``report`` as ``rounds.report`` gives it. A4 across, since the tables are wide."""
    document = Document()
    prepare(document)
    document.add_heading(report["title"], level=1)
    if report.get("synthetic"):
        document.add_paragraph("演示数据：没有对应的真实文件，请勿据以办事。")
    document.add_paragraph(report["summary"])
    document.add_heading("汇总", level=2)
    add_table(document, ("项目", "数值"), overview(report))
    for name, title, code in GROUPS:
        document.add_heading(title, level=2)
        add_table(document, (code, *GROUP_COLUMNS), group_rows(report[name]))
    for table in tables:
        document.add_heading(table.title, level=2)
        add_table(document, table.columns, table.rows)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def prepare(document: Any) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(1.5)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(9)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)


def add_table(document: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Built as XML: through cell objects, a table of 10,000 rows takes minutes."""
    table = document.add_table(rows=1, cols=len(columns), style="Table Grid")
    for cell, column in zip(table.rows[0].cells, columns, strict=True):
        cell.text = column
        cell.paragraphs[0].runs[0].bold = True
    properties = table.rows[0]._tr.get_or_add_trPr()
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    properties.append(repeated)
    for row in rows:
        table._tbl.append(_row(row))


def _row(values: Sequence[Any]) -> Any:
    row = OxmlElement("w:tr")
    for value in values:
        cell, paragraph = OxmlElement("w:tc"), OxmlElement("w:p")
        run = OxmlElement("w:r")
        for at, line in enumerate(_printable(value).split("\n")):
            if at:
                run.append(OxmlElement("w:br"))
            text = OxmlElement("w:t")
            text.text = line
            text.set(qn("xml:space"), "preserve")
            run.append(text)
        paragraph.append(run)
        cell.append(paragraph)
        row.append(cell)
    return row


def _printable(value: Any) -> str:
    """XML has no control characters."""
    return "".join(char for char in str(value) if char >= " " or char == "\n")
