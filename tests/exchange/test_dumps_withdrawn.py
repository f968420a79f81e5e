"""A dump is served as long as all that it holds may be shown, and not a moment longer."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.changes import redacting
from app.exchange.dumping import remove_withdrawn, write_dump

WORDS = "张三0826-1234567"


def dump(living: Living) -> str:
    return str(write_dump(living.database, living.settings.dumps_dir, TODAY, TODAY)["file"])


def listed(living: Living) -> list[str]:
    answer = [one["file"] for one in living.get("/dumps").json()["dumps"]]
    catalog = living.get("/catalog").text
    assert (f"items-{TODAY}.jsonl.gz" in catalog) == bool(answer)
    return answer


def redact(living: Living, content: str) -> None:
    living.hire("second", "publish")
    with living.database.writing() as session:
        redacting.redact(
            session, living.people["publisher"], living.people["second"], content, "1号令", "隐私"
        )


def assert_withdrawn(living: Living, file: str) -> None:
    refused = living.get(f"/dumps/{file}")
    assert (refused.status_code, refused.json()["code"]) == (404, "dump-withdrawn")
    assert listed(living) == []


def test_a_redaction_withdraws_the_dumps_before_it(living: Living) -> None:
    item = living.item_called(FELLING)
    living.publish(set_field(item, "consult_phone", WORDS))
    file = dump(living)
    assert (listed(living), living.get(f"/dumps/{file}").status_code) == ([file], 200)
    (content,) = living.rows(
        f"SELECT content FROM timeline WHERE subject_id = '{item}' AND valid_from = '{TODAY}'"
    )
    redact(living, content[0])
    assert_withdrawn(living, file)
    assert dump(living) == file, "the next one takes its place"
    assert (listed(living), living.get(f"/dumps/{file}").status_code) == ([file], 200)


@pytest.mark.parametrize("back", [False, True])
def test_what_has_become_internal_withdraws_them(living: Living, back: bool) -> None:
    """As a whole, or on days of which the dump is, though the item is public again in the end."""
    made = living.publish(new_item(living, "先公开后内部"), new_item(living, "始终公开"))
    item, other = (one["subject"] for one in made["decisions"])
    file = dump(living)
    living.publish(set_field(other, "note", "什么也没有藏"))
    living.publish(new_item(living, "从未公开", content={"visibility": "internal"}))
    assert listed(living) == [file], "what it does not hold does not withdraw it"
    living.publish(set_field(item, "visibility", "internal"))
    if back:
        living.publish(set_field(item, "visibility", "public", "2026-10-10"))
    assert_withdrawn(living, file)


def test_a_void_that_uncovers_an_internal_item_withdraws_them(living_sqlite: Living) -> None:
    living = living_sqlite
    made = living.publish(new_item(living, "先内后公", content={"visibility": "internal"}))
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "visibility", "public"))
    file = dump(living)
    (act,) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0]
    living.publish({"outcome": "void", "act": act, "ground": "error", "reason": "误录"})
    assert_withdrawn(living, file)


def test_a_dump_of_another_log_is_none_of_ours(living_sqlite: Living) -> None:
    """Restored from a backup: what was redacted before the dump may not be redacted any more, or other words."""
    living = living_sqlite
    file = dump(living)
    beside = living.settings.dumps_dir / f"{file}.json"
    told = beside.read_text("utf-8")
    head = living.get("/log/head").json()
    beside.write_text(told.replace(head["hash"], "0" * 64), "utf-8")
    assert_withdrawn(living, file)
    beside.write_text(told.replace(f'"seq": {head["seq"]}', f'"seq": {head["seq"] + 5}'), "utf-8")
    assert_withdrawn(living, file)
    with living.database.reading() as session:
        assert remove_withdrawn(session.connection(), living.settings.dumps_dir) == [file]
    assert [path.suffixes[-2:] for path in living.settings.dumps_dir.iterdir()] == [[".withdrawn", ".json"]]


def test_what_is_said_of_a_dump_is_of_the_file_that_is_there(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while another of the same day takes its place, neither is listed, and the next one is."""
    living, rename = living_sqlite, Path.rename
    file = dump(living)
    living.publish(set_field(living.item_called(FELLING), "consult_phone", WORDS))

    def killed(path: Path, to: Path) -> Path:
        if path.name.endswith(".json.part"):
            raise KeyboardInterrupt
        return rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            dump(living)
    assert (listed(living), living.get(f"/dumps/{file}").status_code) == ([], 404)
    with living.database.reading() as session:
        remove_withdrawn(session.connection(), living.settings.dumps_dir)
    assert list(living.settings.dumps_dir.iterdir()) == []
    dump(living)
    (told,) = living.get("/dumps").json()["dumps"]
    assert hashlib.sha256(living.get(f"/dumps/{file}").content).hexdigest() == told["sha256"]
