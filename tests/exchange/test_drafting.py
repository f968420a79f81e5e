"""How a file becomes draft changesets: none rests on another that is not published; writers wait little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_importing import TODAY, assert_sound, people, publish, scalar

from app.changes import drafts
from app.cli.data import _counted
from app.db import Database
from app.errors import Conflict, Invalid
from app.exchange import drafting, importing, progress
from app.exchange.drafting import import_draft
from app.exchange.synthetic import write_synthetic


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 20)
    monkeypatch.setattr(drafting, "DRAFT_SIZE", 40)


def test_what_rests_on_what_the_file_founds_is_in_one_changeset(
    database: Database, tmp_path: Path, small: None
) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 60, regions=2, authorities=10)
    who = people(database)
    imported = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert len(imported.changesets) == 1
    publish(database, who, imported.changesets[0])
    assert scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 60
    assert_sound(database)


def test_what_does_not_fit_waits_until_the_first_is_published(
    database: Database, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafting, "MOST", 60)
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 100, regions=2, authorities=10)
    who = people(database)
    first = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert len(first.changesets) == 1
    told = [p for p in first.reading.problems if p.code == "more-to-draft"]
    assert len(told) == 1
    assert first.changesets[0] in told[0].message
    assert first.created == 60
    assert first.waiting == first.records - 60 == 62
    assert "尚未起草 62" in _counted(first)
    with pytest.raises(Conflict):
        import_draft(database, who["editor"], path, "qingdan", TODAY)
    publish(database, who, first.changesets[0])
    second = import_draft(database, who["editor"], path, "qingdan", TODAY)
    # What it rests on stands now: it is in changesets of the usual size, which may be published in any order.
    assert second.created + first.created == 100 + scalar(
        database, "SELECT count(*) FROM subject WHERE kind IN ('region', 'authority')"
    )
    assert not [p for p in second.reading.problems if p.code == "more-to-draft"]
    assert len(second.changesets) > 1
    for changeset in reversed(second.changesets):
        publish(database, who, changeset)
    assert (
        scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 100
    )
    again = import_draft(database, who["editor"], path, "qingdan", TODAY)
    assert (again.created, again.changed, again.changesets) == (0, 0, [])
    assert_sound(database)


def test_the_writer_is_free_while_the_file_is_read_and_between_changesets(
    sqlite: Database, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 100, regions=2, authorities=10)
    monkeypatch.setattr(drafting, "MOST", 60)
    who = people(sqlite)
    publish(sqlite, who, import_draft(sqlite, who["editor"], path, "qingdan", TODAY).changesets[0])
    sqlite.lock_timeout = 0
    written: list[str] = []

    def another_writes(what: str, _count: int) -> None:
        with sqlite.writing() as session:  # fails at once where the import holds the writer's place
            progress.begin(session, f"{what}{len(written)}", "m", "n", "seed")
        written.append(what)

    imported = import_draft(sqlite, who["editor"], path, "qingdan", TODAY, tell=another_writes)
    assert len(imported.changesets) > 1
    assert written.count("起草") >= len(imported.changesets)
    assert "核对" in written


def test_a_run_that_dies_leaves_whole_changesets_that_it_knows(
    database: Database, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 100, regions=2, authorities=10)
    monkeypatch.setattr(drafting, "MOST", 60)
    who = people(database)
    publish(database, who, import_draft(database, who["editor"], path, "qingdan", TODAY).changesets[0])
    real, calls = drafts.draft, []

    def dies_at_the_second(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(drafts, "draft", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        import_draft(database, who["editor"], path, "qingdan", TODAY)
    monkeypatch.setattr(drafts, "draft", real)
    with pytest.raises(Conflict) as refused:
        import_draft(database, who["editor"], path, "qingdan", TODAY)
    publish(database, who, refused.value.detail["changeset"])
    rest = import_draft(database, who["editor"], path, "qingdan", TODAY)
    for changeset in rest.changesets:
        publish(database, who, changeset)
    assert (
        scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 100
    )
    assert_sound(database)


def test_what_waits_in_another_draft_is_named_with_its_changeset(
    database: Database, tmp_path: Path, small: None
) -> None:
    """Two files of one source: the second needs an organ that the first founds, in a draft nobody published."""
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    write_synthetic(first, 60, regions=2, authorities=10)
    lines = first.read_bytes().splitlines(keepends=True)
    item = next(line for line in lines if b'"kind":"item"' in line)
    needed = [line for line in lines if line is not item and b'"kind":"item"' not in line]
    second.write_bytes(b"".join(needed) + item.replace(b'"ref":"synthetic-', b'"ref":"another-'))
    who = people(database)
    (waiting,) = import_draft(database, who["editor"], first, "qingdan", TODAY).changesets
    with pytest.raises(Invalid) as refused:
        import_draft(database, who["editor"], second, "qingdan", TODAY)
    assert (refused.value.code, refused.value.detail["changeset"]) == ("reference-not-published", waiting)
    assert waiting in refused.value.message
    assert "请先发布那份变更单再来，或撤回它" in refused.value.message
    publish(database, who, waiting)
    (then,) = import_draft(database, who["editor"], second, "qingdan", TODAY).changesets
    publish(database, who, then)
    assert scalar(database, "SELECT count(*) FROM timeline WHERE kind = 'item' AND status = 'in_force'") == 61
    assert_sound(database)
