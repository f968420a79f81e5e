"""Circles of parents in a file: found over the whole of it, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from exchange_cases import ATTESTED
from registry import TODAY, make_office
from sqlalchemy import text

from app.db import Database
from app.exchange import importing
from app.exchange.drafting import import_draft
from app.exchange.importing import Imported, import_initial

HEAD = "code,name,parent,attested\n"
CITY = "511600,广安市,,\n511602,广安区,,\n"


def table(folder: Path, rows: str) -> Path:
    path = folder / "t.csv"
    path.write_text(HEAD + rows, "utf-8")
    return path


def circles(imported: Imported) -> list[tuple[str, str]]:
    """(place, message) of each."""
    problems = imported.reading.problems
    return [(one.where, one.message) for one in problems if one.code == "circle-of-parents"]


def is_empty(database: Database) -> bool:
    with database.reading() as session:
        query = "SELECT (SELECT count(*) FROM log_entry) + (SELECT count(*) FROM import_run)"
        return session.connection().execute(text(query)).scalar_one() == 0


@pytest.mark.parametrize("entry", ["initial", "dry run", "initial dry run"])
def test_a_circle_past_the_first_batch_leaves_nothing_half_done(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setattr(importing, "BATCH", 5)
    towns = "".join(f"511602{at},第{at}镇,,\n" for at in range(100, 120))
    path = table(tmp_path, CITY + towns + "511602998,甲镇,511602998,\n")
    if entry == "initial":
        imported = import_initial(database, path, "regions", ATTESTED)
    else:
        first = entry == "initial dry run"
        imported = importing.rehearse(path, "regions", TODAY, ATTESTED, database=database, initial=first)
    ((where, message),) = circles(imported)
    assert where == "t.csv 第24行“parent”"
    assert "“甲镇” → “甲镇”" in message
    assert imported.reading.refused
    assert is_empty(database)


def test_every_circle_is_told_once_with_its_rows(sqlite: Database, tmp_path: Path) -> None:
    path = table(
        tmp_path,
        CITY
        + "511602101,甲镇,511602103,\n511602102,乙镇,511602101,\n511602103,丙镇,511602102,\n"
        + "511602103001,丙村,511602103,\n511602104,丁镇,511602104,\n",
    )
    told = circles(import_initial(sqlite, path, "regions", ATTESTED))
    assert [where for where, _ in told] == ["t.csv 第4行“parent”", "t.csv 第8行“parent”"]
    assert told[0][1].endswith("另见 t.csv 第5行、t.csv 第6行。")
    assert is_empty(sqlite)


def test_a_long_circle_is_told(sqlite: Database, tmp_path: Path) -> None:
    """Longer than the interpreter would call itself."""
    count = 1200
    rows = "".join(f"511602101{at:03d}0,村{at},511602101{(at + 1) % count:03d}0,\n" for at in range(count))
    assert len(circles(import_initial(sqlite, table(tmp_path, CITY + rows), "regions", ATTESTED))) == 1


LAID = "511602101,甲镇,511602,2020-01-01\n511602102,乙镇,511602101,2020-01-01\n"
TURNED = "511602101,甲镇,511602102,{}\n511602102,乙镇,511602,{}\n"


def test_who_changes_places_is_no_circle(sqlite: Database, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(HEAD + CITY + LAID, "utf-8")
    assert not import_initial(sqlite, path, "regions", ATTESTED).reading.refused
    path.write_text(HEAD + "511602101,甲镇,511602102,2021-01-01\n", "utf-8")
    imported = import_initial(sqlite, path, "regions", ATTESTED)
    assert [where for where, _ in circles(imported)] == ["t.csv 第2行“parent”"]
    path.write_text(HEAD + TURNED.format("2021-01-01", "2021-01-01"), "utf-8")
    imported = import_initial(sqlite, path, "regions", ATTESTED)
    assert (circles(imported), imported.changed, imported.reading.refused) == ([], 2, False)


def test_a_draft_of_a_circle_is_refused(sqlite: Database, tmp_path: Path) -> None:
    office = make_office(sqlite)
    path = table(tmp_path, CITY + "511602998,甲镇,511602998,\n")
    imported = import_draft(sqlite, office.editor, path, "regions", TODAY, ATTESTED)
    assert (len(circles(imported)), imported.changesets) == (1, [])
