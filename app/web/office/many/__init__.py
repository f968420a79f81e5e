"""Many items at once: one change over all that a filter finds, a workbook edited and brought back, a file imported."""

from app.web.office.many import imports, one_change, workbook

PARTS = (one_change, workbook, imports)
