"""Imports into a real database: whole or not at all, killed and taken up again, twice without change."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from exchange_cases import real_data
from registry import TODAY, make_office
from seeded import Living, set_field
from sqlalchemy import event

from app.auth.accounts import actor_of, add_account
from app.canonical import decode
from app.changes import drafts, kinds, publishing, rows
from app.db import Database
from app.errors import Conflict, Invalid
from app.exchange import importing, progress
from app.exchange.drafting import import_draft
from app.exchange.every_problem import Listing
from app.exchange.importing import import_initial
from app.exchange.reading import MAX_ERRORS
from app.exchange.synthetic import write_synthetic
from app.versions import verifying

ATTESTED = date(2026, 6, 30)


@pytest.fixture(autouse=True)
def _clock(clock: Any) -> None:
    clock.tick = 1


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 200)


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "synthetic.jsonl"
    write_synthetic(path, 1000)
    return path


def scalar(database: Database, query: str) -> Any:
    with database.reading() as session:
        return session.connection().exec_driver_sql(query).scalar_one()


def held(database: Database) -> list[tuple[Any, ...]]:
    """Everything that the registry says of its subjects, without the moments of recording."""
    with database.reading() as session:
        return [
            tuple(row)
            for row in session.connection().exec_driver_sql(
                "SELECT subject_id, valid_from, valid_to, kind, revision, status, content, codes, name, type,"
                " authority, region FROM timeline ORDER BY subject_id, valid_from"
            )
        ]


def assert_sound(database: Database) -> None:
    with database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe, None)
    assert proof.ok, str(proof.finding)


def people(database: Database) -> dict[str, Any]:
    with database.writing() as session:
        return {
            name: actor_of(add_account(session, name, [right]))
            for name, right in (("editor", "edit"), ("reviewer", "review"), ("publisher", "publish"))
        }


def publish(database: Database, who: dict[str, Any], changeset: str) -> None:
    with database.writing() as session:
        drafts.submit(session, who["editor"], changeset, None, TODAY)
        drafts.approve(session, who["reviewer"], changeset)
        publishing.publish(session, who["publisher"], changeset, TODAY)


def records(path: Path, change: Callable[[dict[str, Any]], dict[str, Any]], name: str) -> Path:
    other = path.with_name(name)
    lines = [orjson.dumps(change(orjson.loads(line))) for line in path.read_bytes().splitlines()]
    other.write_bytes(b"\n".join(lines) + b"\n")
    return other


# --- the first entry


def test_a_file_is_published_and_the_second_time_changes_nothing(
    database: Database, thousand: Path, small_batches: None
) -> None:
    first = import_initial(database, thousand, "qingdan")
    subjects = 1000 + 12 + 12 * 8
    assert (first.created, first.changed, first.same, first.publications) == (subjects, 0, 0, 6)
    head = scalar(database, "SELECT max(seq) FROM log_entry")
    again = import_initial(database, thousand, "qingdan")
    assert (again.created, again.changed, again.same, again.publications) == (0, 0, subjects, 0)
    assert scalar(database, "SELECT max(seq) FROM log_entry") == head
    assert (
        scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 1000
    )
    assert_sound(database)


@pytest.mark.parametrize(("published", "state"), [(0, "refused"), (1, "running")])
def test_what_is_refused_before_it_published_anything_leaves_nothing_half_done(
    database: Database,
    thousand: Path,
    small_batches: None,
    monkeypatch: pytest.MonkeyPatch,
    published: int,
    state: str,
) -> None:
    publish, done = importing.publish_initial, []

    def refusing(*asked: Any) -> Any:
        if len(done) == published:
            raise Conflict("别的程序同时写入了登记簿，请再试。", code="test")
        done.append(asked)
        return publish(*asked)

    monkeypatch.setattr(importing, "publish_initial", refusing)
    with pytest.raises(Conflict):
        import_initial(database, thousand, "qingdan")
    assert scalar(database, "SELECT state FROM import_run") == state
    with database.reading() as session:
        assert (progress.unfinished(session.connection()) is None) == (state == "refused")
    monkeypatch.setattr(importing, "publish_initial", publish)
    import_initial(database, thousand, "qingdan")
    with database.reading() as session:
        assert progress.unfinished(session.connection()) is None


def test_a_changed_record_becomes_a_new_revision(database: Database, thousand: Path) -> None:
    import_initial(database, thousand, "qingdan")

    def later(record: dict[str, Any]) -> dict[str, Any]:
        if record["ref"] != "synthetic-7":
            return record
        content = {**record["content"], "promised_limit": {"value": 1, "unit": "workday"}}
        return {**record, "day": "2021-01-01", "content": content}

    second = import_initial(database, records(thousand, later, "later.jsonl"), "qingdan")
    assert (second.created, second.changed) == (0, 1)
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT t.valid_from FROM timeline t JOIN source_key k ON k.subject_id = t.subject_id"
            " WHERE k.ref = 'synthetic-7' AND t.status = 'in_force' ORDER BY 1"
        )
        assert [row[0] for row in rows] == ["2020-01-01", "2021-01-01"]
    assert_sound(database)


def test_a_bad_file_is_refused_whole_with_row_and_column(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("id,name\n1,甲\n", encoding="utf-8")
    good = {
        "kind": "item",
        "ref": "a",
        "day": "2020-01-01",
        "content": {"name": "甲", "type": "01", "authority": "@authority:x", "region": "@region:y"},
    }
    path = tmp_path / "bad.jsonl"
    lines = [good, {**good, "ref": "b", "day": "2020-02-30"}, {**good, "ref": "c", "content": {"name": ""}}]
    path.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    imported = import_initial(database, path, "qingdan")
    assert imported.reading.refused
    wheres = [problem.where for problem in imported.reading.problems if problem.severity == "error"]
    assert any("第2行" in where for where in wheres)
    assert any("第3行" in where for where in wheres)
    for table in ("log_entry", "source_key", "source_seen", "import_run", "subject"):
        assert scalar(database, f"SELECT count(*) FROM {table}") == 0
    with database.reading() as session:
        assert progress.unfinished(session.connection()) is None


DANGLING = {"name": "甲", "type": "01", "authority": "@authority:x", "region": "@region:y"}


@pytest.mark.parametrize("entry", ["initial", "dry run", "initial dry run"])
def test_every_reference_to_nothing_is_refused_with_its_place(
    database: Database, tmp_path: Path, entry: str
) -> None:
    path = tmp_path / "dangling.jsonl"
    lines = [{"kind": "item", "ref": ref, "day": "2020-01-01", "content": DANGLING} for ref in "ab"]
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    every = Listing()
    if entry == "initial":
        imported = import_initial(database, path, "qingdan", every=every)
    else:
        first = entry == "initial dry run"
        imported = importing.rehearse(path, "qingdan", TODAY, database=database, every=every, initial=first)
    assert imported.reading.refused
    assert [
        (where, "@" + message.split("（@")[1].split("）")[0]) for _, _, where, message in unknown(every)
    ] == [
        ("dangling.jsonl 第1行“content.authority”", "@authority:x"),
        ("dangling.jsonl 第1行“content.region”", "@region:y"),
        ("dangling.jsonl 第2行“content.authority”", "@authority:x"),
        ("dangling.jsonl 第2行“content.region”", "@region:y"),
    ]
    for table in ("log_entry", "import_run"):
        assert scalar(database, f"SELECT count(*) FROM {table}") == 0


def unknown(every: Listing) -> list[Any]:
    return list(every.of("unknown-reference"))


def test_of_very_many_references_to_nothing_enough_are_told(sqlite: Database, tmp_path: Path) -> None:
    path = tmp_path / "dangling.jsonl"
    lines = [{"kind": "item", "ref": str(at), "day": "2020-01-01", "content": DANGLING} for at in range(300)]
    path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    imported = import_initial(sqlite, path, "qingdan")
    told = [one.code for one in imported.reading.problems]
    assert (told.count("unknown-reference"), told.count("too-many-errors")) == (MAX_ERRORS, 1)


def test_a_draft_of_a_file_that_refers_to_nothing_is_refused(sqlite: Database, tmp_path: Path) -> None:
    office = make_office(sqlite)
    path = tmp_path / "dangling.jsonl"
    path.write_bytes(orjson.dumps({"kind": "item", "ref": "a", "day": "2020-01-01", "content": DANGLING}))
    imported = import_draft(sqlite, office.editor, path, "qingdan", TODAY)
    assert (imported.reading.refused, imported.changesets) == (True, [])


def test_a_registry_past_its_first_entry_refuses_another(living_sqlite: Living, thousand: Path) -> None:
    with pytest.raises(Conflict) as refused:
        import_initial(living_sqlite.database, thousand, "qingdan")
    assert refused.value.code == "not-initial"
    assert living_sqlite.client.get("/readyz").json()["import"]["ready"] is True


# --- killed


KILLED = """
import os, signal, sys
from pathlib import Path
from app.db import Database
from app.exchange import importing
url, path, place, count = sys.argv[1:]
importing.BATCH = 200
left = int(count)
real = getattr(importing, place)
def counted(*args, **more):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(*args, **more)
setattr(importing, place, counted)
importing.import_initial(Database(url), Path(path), "qingdan")
"""
"""Kills itself just before the n-th publication; or, in ``write``, after one, before its transaction ends."""

KILLED_INSIDE = KILLED.replace(
    "real = getattr(importing, place)",
    "from app.exchange.admitting import Admission\nreal = Admission.write_keys",
).replace("setattr(importing, place, counted)", "Admission.write_keys = counted")


@pytest.fixture(scope="module")
def whole(thousand: Path, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> list[Any]:
    """What an import that nobody killed holds."""
    path = tmp_path_factory.mktemp("whole") / "q.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "BATCH", 200)
        import_initial(database, thousand, "qingdan")
    found = held(database)
    database.dispose()
    return found


@pytest.mark.parametrize(
    ("script", "count"), [(KILLED, 0), (KILLED, 3), (KILLED_INSIDE, 2), (KILLED_INSIDE, 5)]
)
def test_a_killed_import_goes_on_where_it_was(
    database: Database, thousand: Path, small_batches: None, whole: list[Any], script: str, count: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", script, database.url, str(thousand), "publish_initial", str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert scalar(database, "SELECT count(*) FROM log_entry") == count
    assert_sound(database)
    with database.reading() as session:
        assert progress.unfinished(session.connection()) == thousand.name
    imported = import_initial(database, thousand, "qingdan")
    assert imported.publications == 6 - count
    assert held(database) == whole
    assert_sound(database)
    with database.reading() as session:
        assert progress.unfinished(session.connection()) is None


AT_STATEMENT = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy import event
from app.db import Database
from app.exchange import importing
url, path, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
importing.BATCH = 200
database, ran = Database(url), 0

def count(*_args):
    global ran
    ran += 1
    if ran == last:
        os.kill(os.getpid(), signal.SIGKILL)

for name in ("before_cursor_execute", "commit"):
    event.listen(database.writer, name, count)
importing.import_initial(database, Path(path), "qingdan")
"""


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_killed_at_a_statement(
    make_sqlite: Any, thousand: Path, small_batches: None, whole: list[Any], share: float
) -> None:
    """At the same statement each time; what goes on from there is killed too, if it is not done before."""
    counted, total = make_sqlite(), 0

    def count(*_args: Any) -> None:
        nonlocal total
        total += 1

    for name in ("before_cursor_execute", "commit"):
        event.listen(counted.writer, name, count)
    import_initial(counted, thousand, "qingdan")
    sqlite = make_sqlite()
    for after in (0, 3):
        ended = subprocess.run(
            [sys.executable, "-c", AT_STATEMENT, sqlite.url, str(thousand), str(int(total * share) + after)],
            capture_output=True,
            text=True,
        )
        if after == 0:
            assert ended.returncode == -signal.SIGKILL, ended.stderr
        assert_sound(sqlite)
    import_initial(sqlite, thousand, "qingdan")
    assert held(sqlite) == whole


def test_a_registry_says_that_its_import_is_incomplete(living_sqlite: Living) -> None:
    with living_sqlite.database.writing() as session:
        run = progress.begin(session, "d", "qingdan", "半途.jsonl", "initial")
        identity = run.id
    answer = living_sqlite.client.get("/readyz")
    assert (answer.status_code, answer.json()["import"]) == (
        503,
        {"ready": False, "unfinished": "半途.jsonl"},
    )
    with living_sqlite.database.writing() as session:
        progress.end(session, identity, 1, [])
    assert living_sqlite.client.get("/readyz").status_code == 200


def unfinished(database: Database) -> str | None:
    with database.reading() as session:
        return progress.unfinished(session.connection())


def place(folder: Path, code: str, towns: int) -> Path:
    """A table of a city and its towns, under a name that every city's table has."""
    (folder / code).mkdir(exist_ok=True)
    path = folder / code / "regions.csv"
    rows = [f"{code}{at},第{at}镇,{code}" for at in range(100, 100 + towns)]
    path.write_text("\n".join(["code,name,parent", f"{code},甲,", *rows]), "utf-8")
    return path


@pytest.fixture
def interrupted(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of which the first batches stand."""
    monkeypatch.setattr(importing, "BATCH", 4)
    publish, done = importing.publish_initial, []

    def refusing(*asked: Any) -> Any:
        if len(done) == 2:
            raise Conflict("别的程序同时写入了登记簿，请再试。", code="test")
        done.append(asked)
        return publish(*asked)

    path = place(tmp_path, "510000", 20)
    with monkeypatch.context() as patch:
        patch.setattr(importing, "publish_initial", refusing)
        with pytest.raises(Conflict):
            import_initial(database, path, "regions", ATTESTED)
    return path


def test_another_file_of_the_same_name_does_not_finish_one_that_was_interrupted(
    database: Database, interrupted: Path, tmp_path: Path
) -> None:
    imported = import_initial(database, place(tmp_path, "500000", 20), "regions", ATTESTED)
    assert [run.name for run in imported.unfinished] == ["regions.csv"]
    assert unfinished(database) == "regions.csv"
    assert import_initial(database, interrupted, "regions", ATTESTED).unfinished == []
    assert unfinished(database) is None


@pytest.mark.parametrize(("towns", "over"), [(21, True), (3, False)])
def test_a_corrected_file_takes_the_place_where_it_has_all_that_stands(
    database: Database, interrupted: Path, towns: int, over: bool
) -> None:
    corrected = place(interrupted.parents[1], "510000", towns)
    imported = import_initial(database, corrected, "regions", ATTESTED)
    assert (imported.unfinished == [], unfinished(database) is None) == (over, over)


def test_one_that_cannot_go_on_is_closed_by_its_number(
    database: Database, interrupted: Path, tmp_path: Path
) -> None:
    other = place(tmp_path, "500000", 3)
    (run,) = import_initial(database, other, "regions", ATTESTED).unfinished
    assert run.id is not None
    with pytest.raises(Invalid) as refused:
        import_initial(database, other, "regions", ATTESTED, closes=run.id + 1)
    assert refused.value.code == "unknown-run"
    assert import_initial(database, other, "regions", ATTESTED, closes=run.id).unfinished == []
    assert unfinished(database) is None


# --- into a living registry


def test_an_import_becomes_a_draft_that_is_published_as_any_other(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 60)
    who = people(database)
    imported = import_draft(database, who["editor"], path, "qingdan", TODAY)
    (changeset,) = imported.changesets
    assert imported.created == 60 + 12 + 96
    assert scalar(database, "SELECT count(*) FROM log_entry") == 0
    with pytest.raises(Conflict) as refused:
        import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert refused.value.code == "already-drafted"
    assert changeset in refused.value.message
    publish(database, who, changeset)
    assert scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 60
    again = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (again.changesets, again.same) == ([], 168)
    assert_sound(database)


def test_a_withdrawn_draft_can_be_drafted_again(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 30)
    who = people(database)
    first = import_draft(database, who["editor"], path, "qingdan", TODAY)
    with database.writing() as session:
        drafts.withdraw(session, who["editor"], first.changesets[0], "列错了")
    second = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert second.created == first.created
    publish(database, who, second.changesets[0])
    assert scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 30
    assert_sound(database)


def test_what_was_withdrawn_is_drafted_again_from_another_file(database: Database, tmp_path: Path) -> None:
    """The corrected file has other bytes than the one whose draft was withdrawn, and fewer items."""
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 30)
    who = people(database)
    first = import_draft(database, who["editor"], path, "qingdan", TODAY)
    with database.writing() as session:
        drafts.withdraw(session, who["editor"], first.changesets[0], "列错了")
    fewer = without_last(path)
    second = import_draft(database, who["editor"], fewer, "qingdan", TODAY)
    assert (second.created, second.same) == (first.created - 1, 0)
    path.write_bytes(path.read_bytes() + b"\n")
    publish(database, who, second.changesets[0])
    third = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (third.created, third.same) == (1, first.created - 1)
    spaced = fewer.with_name("spaced.jsonl")
    spaced.write_bytes(path.read_bytes() + b"\n")  # what is in an open draft is not drafted twice
    assert import_draft(database, who["editor"], spaced, "qingdan", TODAY).changesets == []
    publish(database, who, third.changesets[0])
    assert scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 30
    assert import_draft(database, who["editor"], fewer, "qingdan", TODAY).changesets == []
    assert_sound(database)


def without_last(path: Path) -> Path:
    other = path.with_name(f"fewer-{path.name}")
    other.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b"\n")
    return other


def test_what_was_dropped_from_a_draft_is_drafted_again(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 30)
    who = people(database)
    first = import_draft(database, who["editor"], path, "qingdan", TODAY)
    with database.writing() as session:
        changeset = rows.find(session, first.changesets[0])
        bodies = [decode(row.body) for row in rows.decisions(session, changeset)]
        form = {"title": "只留一部分", "decisions": bodies[:-2]}
        asked = drafts.ChangesetInput.model_validate(form)
        drafts.redraft(session, who["editor"], changeset.id, changeset.version, asked, TODAY)
    publish(database, who, first.changesets[0])
    again = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (again.created, again.same) == (2, first.created - 2)


def test_a_withdrawn_change_is_drafted_again_until_it_is_published(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 10)
    import_initial(database, path, "qingdan")
    who = people(database)

    def noted(record: dict[str, Any]) -> dict[str, Any]:
        later = {**record, "day": TODAY, "content": {**record["content"], "note": "新说明"}}
        return later if record["kind"] == "item" else record

    changed = records(path, noted, "changed.jsonl")
    first = import_draft(database, who["editor"], changed, "qingdan", TODAY)
    assert first.changed == 10
    with database.writing() as session:
        drafts.withdraw(session, who["editor"], first.changesets[0], "先不改")
    fewer = without_last(changed)
    second = import_draft(database, who["editor"], fewer, "qingdan", TODAY)
    assert second.changed == 9
    publish(database, who, second.changesets[0])
    third = import_draft(database, who["editor"], changed, "qingdan", TODAY)
    assert third.changed == 1
    item = scalar(database, "SELECT subject_id FROM source_key WHERE ref = 'synthetic-3'")
    with database.writing() as session:
        form = {"title": "更正", "decisions": [set_field(item, "note", "更正过", TODAY)]}
        made = drafts.draft(session, who["editor"], drafts.ChangesetInput.model_validate(form), TODAY)
    publish(database, who, made.id)
    assert import_draft(database, who["editor"], fewer, "qingdan", TODAY).changesets == []


def test_versions_of_one_item_in_several_batches_are_one_draft(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 1, regions=1, authorities=1)
    lines = path.read_bytes().splitlines()
    item = orjson.loads(lines[-1])
    later = {**item, "day": "2021-01-01", "content": {**item["content"], "visits": 9}}
    path.write_bytes(b"\n".join([*lines, orjson.dumps(later)]))
    monkeypatch.setattr(importing, "BATCH", 1)
    who = people(database)
    imported = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (imported.created, imported.changed) == (3, 1)
    publish(database, who, imported.changesets[0])
    query = "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'"
    assert scalar(database, query) == 2
    assert_sound(database)


def test_a_correction_is_not_undone_by_the_same_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 30)
    import_initial(database, path, "qingdan")
    who = people(database)
    item = scalar(database, "SELECT subject_id FROM source_key WHERE ref = 'synthetic-3'")
    with database.writing() as session:
        form = {"title": "更正", "decisions": [set_field(item, "note", "更正过", TODAY)]}
        made = drafts.draft(session, who["editor"], drafts.ChangesetInput.model_validate(form), TODAY)
    publish(database, who, made.id)
    again = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (again.changesets, again.changed, again.created) == ([], 0, 0)


def test_an_authority_of_a_new_region_is_not_its_namesake_elsewhere(
    database: Database, tmp_path: Path
) -> None:
    """The region and the authority come in one batch: the region has no id yet when the name is looked up."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    write_synthetic(first, 1, regions=1, authorities=1)
    import_initial(database, first, "qingdan")

    def elsewhere(record: dict[str, Any]) -> dict[str, Any]:
        content = {**record["content"]}
        for name in ("region", "authority"):
            if str(content.get(name, "")).startswith("@"):
                content[name] += "-别处"
        return {**record, "ref": record["ref"] + "-别处", "codes": [], "content": content}

    second = records(first, elsewhere, "second.jsonl")
    source = tmp_path / "other.toml"
    source.write_text('name = "other"\ntitle = "另一来源"\nkind = "record"\n', encoding="utf-8")
    trial = importing.rehearse(second, str(source), TODAY, database=database)
    founded = {p.code for p in trial.reading.problems if p.code.startswith("new-")}
    assert founded == {"new-region", "new-authority"}
    assert (trial.created, trial.publications) == (3, 0)
    imported = import_draft(database, people(database)["editor"], second, str(source), TODAY)
    assert imported.created_of == {"region": 1, "authority": 1, "item": 1}
    told = {p.message for p in imported.reading.problems if p.code.startswith("new-")}
    assert told == {p.message for p in trial.reading.problems if p.code.startswith("new-")}


# --- laws


def law(ref: str, title: str) -> dict[str, Any]:
    content = {"title": title, "rank": "law"}
    return {"kind": "instrument", "ref": ref, "day": "2020-01-01", "content": content}


def citing(*laws: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An item of one organ of one region, and what it cites."""
    listed = [{"key": f"c{number}", "role": "setting", **one} for number, one in enumerate(laws)]
    content = {
        "name": "引证事项",
        "type": "01",
        "authority": "@authority:a",
        "region": "@region:r",
        "citations": listed,
        **more,
    }
    return {"kind": "item", "ref": "i", "day": "2026-06-30", "content": content}


def place_and_organ() -> list[dict[str, Any]]:
    region = {"name": "某县", "level": "4"}
    organ = {"name": "某局", "region": "@region:r", "level": "4"}
    return [
        {"kind": "region", "ref": "r", "day": "2020-01-01", "content": region},
        {"kind": "authority", "ref": "a", "day": "2020-01-01", "content": organ},
    ]


def lines(path: Path, *listed: dict[str, Any]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in listed))
    return path


def cited(database: Database) -> dict[str, str | None]:
    """Title -> name of the instrument that the item's citation leads to."""
    query = (
        "SELECT c.body FROM timeline t JOIN content c ON c.hash = t.content"
        " WHERE t.name = '引证事项' AND t.valid_to > '2027'"
    )
    names = {
        row[0]: row[1]
        for row in rows_of(database, "SELECT subject_id, name FROM timeline WHERE kind = 'instrument'")
    }
    (body,) = [decode(bytes(row[0])) for row in rows_of(database, query)]
    return {one["title"]: names.get(one.get("instrument", "")) for one in body["citations"]}


def rows_of(database: Database, query: str) -> list[Any]:
    with database.reading() as session:
        return list(session.connection().exec_driver_sql(query))


LAWS = (law("1", "森林法"), law("2", "中华人民共和国种子法"), law("3", "办法"), law("4", "办法"))
CITED = ({"title": "森林法", "article": "第三条"}, {"title": "种子法"}, {"title": "办法"}, {"title": "条例"})
LINKED = {"森林法": "森林法", "种子法": "中华人民共和国种子法", "办法": None, "条例": None}


@pytest.mark.parametrize("together", [True, False])
def test_a_law_cited_by_a_title_that_only_it_has_is_linked(
    database: Database, tmp_path: Path, together: bool
) -> None:
    item = [*place_and_organ(), citing(*CITED)]
    if together:
        import_initial(database, lines(tmp_path / "all.jsonl", *LAWS, *item), "qingdan")
        assert cited(database) == LINKED
        return
    import_initial(database, lines(tmp_path / "laws.jsonl", *LAWS), "qingdan")
    path = lines(tmp_path / "items.jsonl", *item)
    import_initial(database, path, "qingdan")
    assert cited(database) == LINKED
    assert (
        scalar(database, "SELECT count(*) FROM link WHERE role = 'cites-setting' AND valid_to > '2027'") == 2
    )
    again = import_initial(database, path, "qingdan")
    assert (again.created, again.changed) == (0, 0)
    assert_sound(database)
    who = people(database)
    assert import_draft(database, who["editor"], path, "qingdan", TODAY).changesets == []


def test_a_link_made_here_outlives_a_source_that_knows_none(database: Database, tmp_path: Path) -> None:
    import_initial(database, lines(tmp_path / "laws.jsonl", *LAWS), "qingdan")
    import_initial(database, lines(tmp_path / "items.jsonl", *place_and_organ(), citing(*CITED)), "qingdan")
    who = people(database)
    item = scalar(database, "SELECT subject_id FROM source_key WHERE kind = 'item'")
    which = scalar(database, "SELECT subject_id FROM source_key WHERE kind = 'instrument' AND ref = '4'")
    with database.writing() as session:
        form = {"title": "核对", "decisions": [set_field(item, "citations/c2/instrument", which, TODAY)]}
        made = drafts.draft(session, who["editor"], drafts.ChangesetInput.model_validate(form), TODAY)
    publish(database, who, made.id)
    changed = citing(*CITED[:2], {"title": "办法", "article": "第一条"}, {"title": "别的条例"}, note="改过")
    path = lines(tmp_path / "changed.jsonl", *place_and_organ(), changed | {"day": TODAY})
    (draft,) = import_draft(database, who["editor"], path, "qingdan", TODAY).changesets
    publish(database, who, draft)
    assert cited(database) == {
        "森林法": "森林法",
        "种子法": "中华人民共和国种子法",
        "办法": "办法",
        "别的条例": None,
    }


# --- memory


def peak(database: Database, path: Path) -> int:
    tracemalloc.start()
    import_initial(database, path, "qingdan")
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def test_memory_does_not_grow_with_the_file(make_sqlite: Any, tmp_path: Path, small_batches: None) -> None:
    small, large = tmp_path / "small.jsonl", tmp_path / "large.jsonl"
    write_synthetic(small, 600)
    write_synthetic(large, 2400)
    little, much = peak(make_sqlite(), small), peak(make_sqlite(), large)
    assert much < 1.25 * little + 500_000


TWICE = """
name = "copied"
title = "抄录表"
kind = "item"
key = [["id"]]
row_key = "id"
[authority]
name = ["organ"]
[fields]
name = "name"
[same_as.X-2]
source = "original"
ref = "2"
"""


def test_an_item_that_another_source_has_too_is_one_where_that_came_first(
    make_sqlite: Any, tmp_path: Path
) -> None:
    copied, original = tmp_path / "copied.toml", tmp_path / "original.toml"
    copied.write_text(TWICE, encoding="utf-8")
    original.write_text(TWICE.replace("copied", "original").split("[same_as")[0], encoding="utf-8")
    copy, own = tmp_path / "copy.csv", tmp_path / "own.csv"
    copy.write_text("id,name,organ\nX-1,甲许可,甲局\nX-2,乙许可,甲局\n", encoding="utf-8")
    own.write_text("id,name,organ\n2,乙许可,甲局\n", encoding="utf-8")
    count = "SELECT count(*) FROM subject WHERE kind = 'item'"

    first = make_sqlite()
    import_initial(first, own, str(original), ATTESTED)
    done = import_initial(first, copy, str(copied), ATTESTED)
    assert (scalar(first, count), done.created_of["item"], done.same_of["item"]) == (2, 1, 1)
    assert "same-as-missing" not in done.reading.quality.findings

    second = make_sqlite()
    done = import_initial(second, copy, str(copied), ATTESTED)
    told = done.reading.quality.findings["same-as-missing"]
    assert (told.count, told.severity, done.created_of["item"]) == (1, "warning", 2)
    again = import_initial(second, copy, str(copied), ATTESTED)
    assert "same-as-missing" not in again.reading.quality.findings


# --- the real files


def test_the_real_files_load_one_after_the_other(sqlite: Database) -> None:
    files = {
        name: real_data(name)
        for name in (
            "legal_instruments.csv",
            "item_guides.jsonl",
            "item_details.jsonl",
            "catalogue_items.csv",
        )
    }
    made = {name: import_initial(sqlite, path, name.split(".")[0], ATTESTED) for name, path in files.items()}
    assert not any(one.reading.refused for one in made.values())

    assert made["legal_instruments.csv"].reading.quality.rows == 3801
    assert scalar(sqlite, "SELECT count(*) FROM subject WHERE kind = 'instrument'") == 3698
    items = scalar(sqlite, "SELECT count(*) FROM subject WHERE kind = 'item'")
    overlap = len(made["item_details.jsonl"].reading.same_as)
    assert items == 1378 + 6 + 16 - overlap
    unknown = scalar(
        sqlite,
        "SELECT count(DISTINCT subject_id) FROM timeline WHERE kind = 'item' AND status = 'unknown'"
        " AND valid_to = '2026-06-30'",
    )
    assert unknown >= 1378
    holders = scalar(
        sqlite,
        "SELECT count(DISTINCT subject_id) FROM code_interval WHERE value = '11450721MB155808114000141005000'"
        " AND valid_to = '9999-12-31'",
    )
    assert holders == 3
    for name, path in files.items():
        again = import_initial(sqlite, path, name.split(".")[0], ATTESTED)
        assert (again.created, again.changed, again.publications) == (0, 0, 0), name
    report = made["catalogue_items.csv"].reading.quality.report()
    assert "没有任何编码" in orjson.dumps(report).decode()
    assert_sound(sqlite)
