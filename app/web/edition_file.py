"""An edition as the files that people carry: its facts in words, and the proof where a form can hold it."""

from __future__ import annotations

import orjson
from sqlalchemy import Connection

from app.exchange.edition_facts import list_file
from app.exchange.list_files import written
from app.lists import carrying
from app.lists.reading import Issued

CARRY = ("json", "xlsx")
"""Forms that hold their own proof."""


def edition_file(connection: Connection, edition: Issued, form: str, base: str, font: str) -> bytes:
    """As one of ``json``, ``xlsx``, ``csv``, ``docx``, ``pdf``."""
    if form not in CARRY:
        return written(list_file(carrying.shown(connection, edition), base, False), form, font)
    carried = carrying.carried(connection, edition)
    if form == "json":
        return orjson.dumps(carried, option=orjson.OPT_INDENT_2)
    made = list_file(carried, base, True)
    made.proof = carried
    return written(made, form, font)
