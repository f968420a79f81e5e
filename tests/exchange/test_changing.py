"""A changed file: each change becomes the outcome it belongs to, and what none can do is told."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter
from exchange_cases import ATTESTED, FLAT, real_data
from registry import TODAY
from test_importing import assert_sound, people, publish, rows_of

from app.canonical import decode
from app.changes import drafts
from app.changes.models import ChangesetInput
from app.db import Database
from app.exchange.changing import Said, Stands, keep_keys, outcomes
from app.exchange.drafting import import_draft
from app.exchange.importing import Imported, import_initial, rehearse
from app.exchange.keys import element_key
from app.exchange.reading import ImportReading, read_records
from app.exchange.synthetic import write_synthetic
from app.versions.queries import known_at, state_on

Lines = list[dict[str, Any]]
LATER = "2026-09-01"


@pytest.fixture(autouse=True)
def _clock(clock: Any) -> None:
    clock.tick = 1


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "first.jsonl"
    write_synthetic(path, 12, regions=1, authorities=2)
    return path


def next_edition(path: Path, change: Callable[[dict[str, Any]], dict[str, Any] | None], name: str) -> Path:
    """The items of a file as a later day gives them; None leaves one out."""
    lines: Lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    changed = []
    for line in lines:
        if line["kind"] == "item":
            made = change({**line, "content": {**line["content"]}})
            if made is None:
                continue
            line = {**made, "day": LATER, "start_unknown": False}
        changed.append(line)
    other = path.with_name(name)
    other.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in changed))
    return other


def one(ref: str, **changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Changes to the record of one reference: ``status`` and ``codes`` of the record, the rest of its content."""

    def change(record: dict[str, Any]) -> dict[str, Any]:
        if record["ref"] != ref:
            return record
        outer = {name: changes[name] for name in ("status", "codes") if name in changes}
        inner = {name: value for name, value in changes.items() if name not in outer}
        return {**record, **outer, "content": {**record["content"], **inner}}

    return change


def drafted(database: Database, changeset: str) -> Lines:
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT body FROM draft_decision WHERE changeset = '" + changeset + "' ORDER BY position"
        )
        return [decode(bytes(row[0])) for row in rows]


def told(imported: Imported) -> list[str]:
    """Codes of the warnings that the registry gave rise to."""
    codes = ("ended-yet", "status-not", "before-known", "no-longer")
    return [p.code for p in imported.reading.problems if p.code.startswith(codes)]


def stands(database: Database, ref: str, day: str = LATER) -> Any:
    with database.reading() as session:
        connection = session.connection()
        subject = connection.exec_driver_sql(
            f"SELECT subject_id FROM source_key WHERE kind = 'item' AND ref = '{ref}'"
        ).scalar_one()
        return state_on(connection, subject, day, known_at(connection, None))


@pytest.fixture
def office(database: Database, first: Path) -> tuple[Database, dict[str, Any]]:
    import_initial(database, first, "qingdan")
    return database, people(database)


Office = tuple[Database, dict[str, Any]]


def edition(office: Office, path: Path) -> Imported:
    """Drafted and published."""
    database, who = office
    imported = import_draft(database, who["editor"], path, "qingdan", TODAY)
    for changeset in imported.changesets:
        publish(database, who, changeset)
    return imported


# --- one outcome each


@pytest.mark.parametrize(
    ("status", "outcome"), [("ended", "cancel"), ("suspended", "suspend")], ids=["ended", "suspended"]
)
def test_another_status_is_an_outcome(office: Office, first: Path, status: str, outcome: str) -> None:
    database, who = office
    path = next_edition(first, one("synthetic-3", status=status), "second.jsonl")
    imported = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (imported.changed, imported.created) == (1, 0)
    (decision,) = drafted(database, imported.changesets[0])
    assert (decision["outcome"], decision["effective_from"]) == (outcome, LATER)
    publish(database, who, imported.changesets[0])
    assert stands(database, "synthetic-3").status == status
    assert stands(database, "synthetic-3", "2026-08-31").status == "in_force"
    assert edition(office, path).changed == 0
    assert_sound(database)


def test_a_suspended_item_is_resumed_only_where_the_source_says_so(office: Office, first: Path) -> None:
    database, _ = office
    edition(office, next_edition(first, one("synthetic-3", status="suspended"), "second.jsonl"))
    silent = edition(office, next_edition(first, one("synthetic-3", visits=7), "third.jsonl"))
    assert silent.outcomes == {"调整": 1}
    assert stands(database, "synthetic-3").status == "suspended"
    resumed = edition(office, next_edition(first, one("synthetic-3", status="in_force", visits=7), "4.jsonl"))
    assert resumed.outcomes == {"恢复": 1}
    assert stands(database, "synthetic-3").status == "in_force"
    assert_sound(database)


def test_one_row_may_be_several_decisions(office: Office, first: Path) -> None:
    database, who = office
    lines: Lines = [orjson.loads(line) for line in first.read_bytes().splitlines()]
    organs = [line["ref"] for line in lines if line["kind"] == "authority"]
    before = stands(database, "synthetic-4")
    now = next(line["content"]["authority"] for line in lines if line["ref"] == "synthetic-4")
    other = next(f"@authority:{ref}" for ref in organs if now != f"@authority:{ref}")
    changed = one(
        "synthetic-4",
        authority=other,
        type="99" if before.document()["type"] == "05" else "05",
        visits=9,
        codes=[{"scheme": "synthetic", "value": "新机关的编码"}],
        status="suspended",
    )
    imported = import_draft(
        database, who["editor"], next_edition(first, changed, "second.jsonl"), "qingdan", TODAY
    )
    decisions = drafted(database, imported.changesets[0])
    assert [one["outcome"] for one in decisions] == ["transfer", "convert", "adjust", "suspend"]
    assert imported.changed == 1
    publish(database, who, imported.changesets[0])
    after = stands(database, "synthetic-4")
    assert after.document()["authority"] != before.document()["authority"]
    assert (after.document()["type"], after.document()["visits"], after.status) == ("05", 9, "suspended")
    assert [code["value"] for code in after.codes] == ["新机关的编码"], "the authority's code ends with it"
    assert stands(database, "synthetic-4", "2026-08-31").codes == before.codes
    assert_sound(database)


def test_an_element_that_comes_again_gets_a_new_key_and_keeps_it(office: Office, first: Path) -> None:
    database, _ = office
    whole = stands(database, "synthetic-5").document()["materials"]
    without = edition(office, next_edition(first, one("synthetic-5", materials=whole[1:]), "without.jsonl"))
    again = edition(
        office, next_edition(first, one("synthetic-5", materials=[*whole], visits=8), "again.jsonl")
    )
    assert (without.changed, again.changed) == (1, 1)
    found = stands(database, "synthetic-5").document()["materials"]
    assert [one["name"] for one in found] == [one["name"] for one in whole]
    assert [one["key"] for one in found] == [f"{whole[0]['key']}-2", *(one["key"] for one in whole[1:])]
    more = [{**whole[0], "copies": 5}, *whole[1:]]
    edition(office, next_edition(first, one("synthetic-5", materials=more, visits=8), "more.jsonl"))
    found = stands(database, "synthetic-5").document()["materials"]
    assert (found[0]["key"], found[0]["copies"]) == (f"{whole[0]['key']}-2", 5)
    assert_sound(database)


def test_an_element_of_a_voided_decision_gets_a_new_key_when_it_comes_again(
    office: Office, first: Path
) -> None:
    database, who = office
    whole = stands(database, "synthetic-5").document()["materials"]
    added = {"name": "临时证明", "key": "added"}
    with_it = next_edition(first, one("synthetic-5", materials=[*whole, added]), "with.jsonl")
    edition(office, with_it)
    key = stands(database, "synthetic-5").document()["materials"][-1]["key"]
    with database.reading() as session:
        act = session.connection().exec_driver_sql("SELECT MAX(act) FROM decision").scalar_one()
    asked = ChangesetInput.model_validate(
        {"title": "误录", "decisions": [{"outcome": "void", "act": act, "ground": "error", "reason": "录错"}]}
    )
    with database.writing() as session:
        made = drafts.draft(session, who["editor"], asked, TODAY)
    publish(database, who, made.id)
    assert len(stands(database, "synthetic-5").document()["materials"]) == len(whole)
    again = next_edition(first, one("synthetic-5", materials=[*whole, added], visits=8), "again.jsonl")
    assert edition(office, again).changed == 1
    found = stands(database, "synthetic-5").document()["materials"]
    assert (found[-1]["name"], found[-1]["key"]) == ("临时证明", f"{key}-2")
    assert_sound(database)


# --- what is told instead


def test_a_row_that_is_gone_is_told_and_nothing_is_cancelled(office: Office, first: Path) -> None:
    database, _ = office
    path = next_edition(first, lambda line: None if line["ref"] == "synthetic-6" else line, "less.jsonl")
    for imported in (rehearse(path, "qingdan", TODAY, database=database), edition(office, path)):
        (problem,) = [p for p in imported.reading.problems if p.code == "no-longer-listed"]
        assert "synthetic-6" in problem.message
        assert imported.changed == 0
    assert stands(database, "synthetic-6").status == "in_force"


def test_every_row_that_is_gone_is_counted_and_listed(sqlite: Database, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    write_synthetic(path, 1100, regions=1, authorities=1)
    import_initial(sqlite, path, "qingdan")
    kept = [one for one in path.read_bytes().splitlines() if orjson.loads(one)["kind"] != "item"]
    kept += [one for one in path.read_bytes().splitlines() if orjson.loads(one)["ref"] == "synthetic-6"]
    path.write_bytes(b"\n".join(kept))
    every: list[Any] = []
    imported = rehearse(path, "qingdan", TODAY, database=sqlite, every=every)
    assert imported.reading.quality.findings["no-longer-listed"].count == 1099
    assert len({message for _, code, _, message in every if code == "no-longer-listed"}) == 1099


def test_a_file_of_another_region_says_nothing_of_this_one(office: Office, tmp_path: Path) -> None:
    lines = (
        (tmp_path / "first.jsonl").read_bytes().replace(b"990001", b"990077").replace(b"synthetic-", b"o-")
    )
    other = tmp_path / "other.jsonl"
    other.write_bytes(lines)
    assert told(edition(office, other)) == []


def test_an_ended_item_is_not_revived_by_a_row(office: Office, first: Path) -> None:
    database, _ = office
    edition(office, next_edition(first, one("synthetic-3", status="ended"), "second.jsonl"))
    path = next_edition(first, one("synthetic-3", status="in_force", visits=7), "third.jsonl")
    for _again in range(2):  # told every time, since nothing was taken over
        imported = edition(office, path)
        assert (told(imported), imported.changesets) == (["ended-yet-listed"], [])
    assert stands(database, "synthetic-3").status == "ended"


def test_a_row_older_than_the_registry_is_told(office: Office, first: Path) -> None:
    path = next_edition(first, one("synthetic-3", visits=7), "second.jsonl")
    path.write_bytes(path.read_bytes().replace(LATER.encode(), b"2019-01-01"))
    imported = edition(office, path)
    assert set(told(imported)) == {"before-known"}
    assert imported.changesets == []


def test_a_status_that_no_outcome_leads_to_is_told_and_the_rest_is_taken(office: Office, first: Path) -> None:
    database, _ = office
    imported = edition(office, next_edition(first, one("synthetic-3", status="unknown", visits=7), "2.jsonl"))
    assert (told(imported), imported.outcomes) == (["status-not-taken"], {"调整": 1})
    found = stands(database, "synthetic-3")
    assert (found.status, found.document()["visits"]) == ("in_force", 7)


# --- real files


def test_a_second_edition_of_the_real_catalogue(database: Database, tmp_path: Path) -> None:
    source = real_data("catalogue_items.csv")
    import_initial(database, source, "catalogue_items", date(2021, 6, 30))
    who = people(database)
    with source.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows, names = list(reader), reader.fieldnames or []
    here = [row for row in rows if row["jurisdiction_code"] == "511602000000"]
    gone, moved, converted, renamed = here[0], here[1], here[2], here[3]
    rows.remove(gone)
    organ = next(row for row in here if row["org_code"] != moved["org_code"])
    moved.update({name: organ[name] for name in ("department", "org_code", "implementing_organ")})
    converted.update(item_type_code="07" if converted["item_type_code"] != "07" else "05", item_type="")
    renamed["name"] += "（新）"
    path = tmp_path / "catalogue_items.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    imported = import_draft(database, who["editor"], path, "catalogue_items", TODAY, date(2026, 6, 30))
    assert imported.changed == 3
    outcomes_made = [decision["outcome"] for decision in drafted(database, imported.changesets[0])]
    assert sorted(set(outcomes_made)) == ["adjust", "convert", "transfer"]
    assert outcomes_made.count("transfer") == outcomes_made.count("convert") == 1
    (problem,) = [p for p in imported.reading.problems if p.code == "no-longer-listed"]
    assert gone["name"] in problem.message
    publish(database, who, imported.changesets[0])
    again = import_draft(database, who["editor"], path, "catalogue_items", TODAY, date(2026, 6, 30))
    assert (again.changed, again.created, again.changesets) == (0, 0, [])
    assert_sound(database)


# --- pure


def test_a_suspended_item_may_be_cancelled() -> None:
    found = outcomes("item", Stands("suspended", {}, set()), Said({}, set(), "ended"), set)
    assert [name for name, _ in found.decisions] == ["cancel"]


def test_an_authority_is_renamed_and_an_instrument_repealed() -> None:
    named = outcomes(
        "authority",
        Stands("in_force", {"name": "甲局", "level": "4"}, set()),
        Said({"name": "乙局"}, set()),
        set,
    )
    assert [name for name, _ in named.decisions] == ["rename"]
    ended = outcomes("instrument", Stands("in_force", {}, set()), Said({}, set(), "ended"), set)
    assert [name for name, _ in ended.decisions] == ["repeal"]


def test_a_first_entry_records_what_its_source_says() -> None:
    found = outcomes("item", Stands("ended", {}, set()), Said({}, set(), "in_force"), set, free=True)
    assert found.decisions == [("adjust", [{"op": "set", "path": "status", "value": "in_force"}])]


def test_a_standing_element_is_found_by_its_code_and_else_by_its_name() -> None:
    """Whoever gave it its key: an editor's own addition is not removed and added again."""
    standing = {"materials": [{"key": "k0a1b2c3d", "name": "甲"}, {"key": "M7", "name": "乙"}]}

    def kept(*elements: tuple[str | None, str]) -> list[str]:
        after = {"materials": [{"key": element_key(code, name), "name": name} for code, name in elements]}
        return [one["key"] for one in keep_keys(standing, after, {("materials", "old")})["materials"]]

    assert kept((None, "甲"), ("M7", "乙改名")) == ["k0a1b2c3d", "M7"]
    assert kept(("M8", "甲"), (None, "丙")) == [
        "M8",
        element_key(None, "丙"),
    ]  # a code of its own: another element
    twice = {"materials": [{"key": k, "name": "甲"} for k in (element_key(None, "甲"), "n" + "0" * 12)]}
    assert [one["key"] for one in keep_keys(standing, twice, set())["materials"]] == [
        one["key"] for one in twice["materials"]
    ]


def test_an_element_that_left_gets_a_new_key_when_it_returns() -> None:
    key = element_key(None, "甲")
    after = {"materials": [{"key": key, "name": "甲"}]}
    assert keep_keys({}, after, {("materials", key)})["materials"][0]["key"] == f"{key}-2"


@pytest.mark.parametrize(("code", "key"), [("A-2", "A-3"), ("A", "A-2"), (None, "A-2")])
def test_a_code_of_the_source_that_looks_like_a_repeat_is_another_element(code: str | None, key: str) -> None:
    stands = {"key": "A-2", "code": code, "name": "营业执照"}
    before = {"materials": [{name: value for name, value in stands.items() if value}]}
    after = {"materials": [{"key": "A", "code": "A", "name": "身份证"}]}
    spent = {("materials", "A"), ("materials", "A-2")}
    assert keep_keys(before, after, spent)["materials"][0]["key"] == key


def test_keys_are_settled_at_every_depth() -> None:
    before = {"variants": [{"key": "v1", "materials": [{"key": "m2", "name": "乙"}]}]}
    after = {
        "variants": [{"key": "v1", "materials": [{"key": "m1", "name": "甲"}, {"key": "m2", "name": "乙"}]}]
    }
    spent = {("variants", "v1"), ("variants/v1/materials", "m1"), ("variants/v1/materials", "m1-2")}
    (variant,) = keep_keys(before, after, spent)["variants"]
    assert [one["key"] for one in variant["materials"]] == ["m1-3", "m2"]


# --- sheets


def book(path: Path) -> Path:
    with xlsxwriter.Workbook(str(path)) as made:
        cover, listed = made.add_worksheet("说明"), made.add_worksheet("清单")
        cover.write(0, 0, "填表说明")
        listed.merge_range(0, 0, 0, 4, "某区权力清单")
        listed.write_row(1, 0, ["id", "name", "organ", "area", "place"])
        listed.merge_range(2, 0, 2, 4, "一、行政许可")
        for at, name in enumerate(("甲许可", "乙许可", "丙许可"), 3):
            listed.write_row(at, 0, [str(at), name, "", "990001", "某区"])
        listed.merge_range(3, 2, 4, 2, "水务局")
        listed.write(5, 2, "林业局")
        hidden = made.add_worksheet("选项")
        hidden.write(0, 0, "x")
        hidden.hide()
    return path


def sheet(path: Path, name: str | None = None) -> ImportReading:
    return read_records(path, FLAT, ATTESTED, name)


def test_several_sheets_are_refused_until_one_is_named(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx")
    reading = sheet(path)
    assert list(reading) == []
    (problem,) = [p for p in reading.problems if p.code == "several-sheets"]
    assert "“说明”“清单”" in problem.message
    assert "选项" not in problem.message
    wrong = sheet(path, "清 单")
    assert list(wrong) == []
    assert wrong.problems[0].code == "unknown-sheet"


def test_merged_cells_count_for_all_they_cover(tmp_path: Path) -> None:
    reading = sheet(book(tmp_path / "t.xlsx"), "清单")
    records = list(reading)
    organs = {one.ref: one.content["name"] for one in records if one.kind == "authority"}
    items = [one for one in records if one.kind == "item"]
    held = [
        (one.content["name"], organs[one.content["authority"].removeprefix("@authority:")]) for one in items
    ]
    assert held == [("甲许可", "水务局"), ("乙许可", "水务局"), ("丙许可", "林业局")]
    assert "t.xlsx·清单 第4行" in items[0].where
    (heading,) = [p for p in reading.problems if p.code == "heading-row"]
    assert "一、行政许可" in heading.message


def test_a_file_without_sheets_refuses_the_choice_of_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,name,organ\n1,甲,乙\n", encoding="utf-8")
    reading = sheet(path, "清单")
    assert list(reading) == []
    assert reading.problems[0].code == "no-sheets"


# --- what the record names has ended

GONE, KEPT = "合成1区市场监督管理局", "合成1区行政审批局"
"""The organ of the items with odd numbers, and that of the others."""


def merge_organs(office: Office) -> None:
    """The one goes into the other, its items with it."""
    database, who = office
    ids = dict(rows_of(database, "SELECT name, subject_id FROM timeline WHERE kind = 'authority'"))
    decision = {
        "kind": "authority",
        "outcome": "merge",
        "effective_from": "2026-08-01",
        "carry_items": True,
        "origins": [{"subject": ids[KEPT]}, {"subject": ids[GONE]}],
        "results": [{"subject": ids[KEPT]}],
        "timing": "late_entry",
        "reason": "机构改革",
    }
    form = ChangesetInput.model_validate({"title": "并局", "decisions": [decision]})
    with database.writing() as session:
        changeset = drafts.draft(session, who["editor"], form, TODAY).id
    publish(database, who, changeset)


def test_a_row_that_names_an_organ_that_ended_is_told_and_the_rest_is_taken(
    office: Office, first: Path
) -> None:
    """Of an item that went on, what else the row says is taken; the dry run says the same as the draft."""
    database, _ = office
    merge_organs(office)
    path = next_edition(first, one("synthetic-3", visits=7), "second.jsonl")
    listed = path.read_bytes().splitlines()
    new = orjson.loads(listed[-1]) | {"ref": "new", "codes": []}
    path.write_bytes(b"\n".join([*listed, orjson.dumps(new)]))
    for run in (rehearse(path, "qingdan", TODAY, database=database), edition(office, path)):
        problems = [p for p in run.reading.problems if p.code == "names-ended"]
        assert len(problems) == 7, problems  # six that were there, and the new one
        assert problems[-1].where.endswith(f"第{len(listed) + 1}行")
        assert f"实施机关“{GONE}”" in problems[-1].message
        assert f"在 {LATER} 已经终止，未采纳" in problems[-1].message
        assert (run.outcomes, run.changed, run.left, run.created) == ({"调整": 1}, 1, 6, 0)
    assert stands(database, "synthetic-3").document()["visits"] == 7
    assert_sound(database)


def test_what_names_an_organ_that_ended_is_left_out_and_the_rest_of_the_adjustment_taken(
    office: Office, first: Path
) -> None:
    database, _ = office
    merge_organs(office)
    lines = [orjson.loads(line) for line in first.read_bytes().splitlines()]
    organs = {one["content"]["name"]: one["ref"] for one in lines if one["kind"] == "authority"}
    joined = one("synthetic-4", visits=9, co_authority_ids=[f"@authority:{organs[GONE]}"])
    path = next_edition(first, joined, "second.jsonl")
    listed = [line for line in path.read_bytes().splitlines() if b'"synthetic-4"' in line]
    path.write_bytes(b"\n".join(listed) + b"\n")
    imported = edition(office, path)
    said = [p.code for p in imported.reading.problems if p.code == "names-ended"]
    assert (said, imported.outcomes) == (["names-ended"], {"调整": 1})
    document = stands(database, "synthetic-4").document()
    assert (document["visits"], document.get("co_authority_ids")) == (9, None)


def test_an_organ_whose_end_is_published_takes_nothing_new(office: Office, first: Path) -> None:
    merge_organs(office)
    path = next_edition(first, lambda record: None, "second.jsonl")
    item = orjson.loads(first.read_bytes().splitlines()[-1])
    fresh = [item | {"ref": ref, "day": day, "codes": []} for ref, day in (("a", "2026-07-31"), ("b", LATER))]
    path.write_bytes(path.read_bytes() + b"\n".join(map(orjson.dumps, fresh)))
    imported = edition(office, path)
    said = [p.message for p in imported.reading.problems if p.code == "names-ended"]
    assert ["自 2026-08-01 起终止" in said[0], f"在 {LATER} 已经终止" in said[1]] == [True, True]
    assert (imported.left_of["item"], imported.changesets) == (2, [])
