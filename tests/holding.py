"""A round opened over the small office, and its worksheets as people fill them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import xlsxwriter
from registry import TODAY

from app.changes.models import DecisionInput
from app.exchange.sheets import every_sheet
from app.exchange.worksheet_files import COLUMNS, write_worksheets
from app.exchange.worksheets import bring_in
from app.rounds.proposing import propose
from app.rounds.reviewing import Review, opine
from app.rounds.worksheets import progress, told, worksheets

BASE, DAY = "2026-06-01", "2026-10-01"


def opened(office, *made, **asked):
    document = {"number": "广区府发〔2026〕9号", "title": "关于第三批清理的决定", "effective_on": DAY}
    scope = {"region": office.district, "base_day": BASE}
    form = {"kind": "round", "title": "第三批清理", "number": "第三批", "scope": scope, "document": document}
    return office.draft(*made, **form | asked).id


def proposed(office, round_id, *bodies, actor=None, **more):
    with office.database.writing() as session:
        asked = [DecisionInput(**{"effective_from": DAY} | body) for body in bodies]
        return propose(session, actor or office.editor, round_id, asked, TODAY, **more)


def opined(office, round_id, items, opinion, *, actor=None, decision=None, reason=""):
    with office.database.writing() as session:
        changed = DecisionInput(**{"effective_from": DAY} | decision) if decision else None
        review = Review(items, opinion, reason, changed)
        return opine(session, actor or office.reviewer, round_id, review, TODAY)


def lines(office, round_id):
    """Item -> its line as staff read it."""
    with office.database.reading() as session:
        found = worksheets(session, round_id, TODAY)
        return {row["item"]: row for some in found.lines.values() for row in told(session, some)}


def counts(office, round_id):
    with office.database.reading() as session:
        found = progress(worksheets(session, round_id, TODAY))
    return {name: found[name] for name in ("items", "open", "proposed", "returned", "reviewed")}


def exported(office, round_id, path: Path, authority=None) -> Path:
    with office.database.reading() as session:
        found = worksheets(session, round_id, TODAY, authority)
        path.write_bytes(write_worksheets(session.connection(), found))
    return path


def imported(office, round_id, path, *, actor=None, reopen=False, seen=None):
    return bring_in(office.database, actor or office.editor, round_id, path, TODAY, reopen=reopen, seen=seen)


def fill(path: Path, cells: Mapping[str, Mapping[str, object]]) -> Path:
    """Item -> {column: value}: written over the cells of the file, the rest as it is."""
    sheets = every_sheet(path)
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    titles = {name: title for name, (title, _) in COLUMNS.items()}
    for name, rows in sheets:
        sheet, header = book.add_worksheet(name), None
        for at, row in enumerate(rows):
            if header is None and titles["item"] in row:
                header = row
            elif header is not None:
                wanted = cells.get(row[0], {})
                for column, value in wanted.items():
                    row[header.index(titles[column])] = value
            sheet.write_row(at, 0, row)
    book.close()
    return path
