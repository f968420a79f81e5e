"""Workbooks whose cells hold errors, as spreadsheet software stores them."""

from __future__ import annotations

import io
import re
import zipfile

ERRORS = ("#REF!", "#N/A", "#VALUE!")


def failing(body: bytes) -> bytes:
    """The workbook with every text that reads like an error made the error itself."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        texts = re.findall(r"<si>.*?</si>", given.read("xl/sharedStrings.xml").decode(), re.S)
        errors = {
            str(at): text for at, one in enumerate(texts) for text in ERRORS if f">{text}</t></si>" in one
        }
        for part in given.namelist():
            xml = given.read(part)
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                xml = re.sub(rb'(<c [^>]*)t="s"><v>(\d+)</v></c>', lambda found: _cell(found, errors), xml)
            made.writestr(part, xml)
    return out.getvalue()


def _cell(found: re.Match[bytes], errors: dict[str, str]) -> bytes:
    text = errors.get(found[2].decode())
    return found[0] if text is None else found[1] + f't="e"><v>{text}</v></c>'.encode()
