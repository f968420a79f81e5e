"""A name has something in it, stands on one line and shows all its signs; what was published before stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from seeded import FELLING, Living, new_item, set_field

from app.changes import deciding
from app.exchange.reading import read_records
from app.exchange.synthetic import write_synthetic

ODD = {
    "blank": "　 \u200b",
    "turned": "林木\u202e采伐",
    "control": "林木\x07采伐",
    "broken": "林木\n采伐",
}


def drafted(living: Living, decision: dict[str, Any], title: str = "调整") -> Any:
    form = {"title": title, "reason": "依职责调整", "decisions": [decision]}
    return living.post("editor", "/changesets", form)


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_a_name_that_cannot_be_read_is_refused_where_it_is_said(living_sqlite: Living, name: str) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    for decision in (set_field(item, "name", name), new_item(living, name)):
        answer = drafted(living, decision)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-name"), answer.text
        assert answer.json()["facts"]["field"] == "name"
        assert "名称" in answer.json()["detail"]


def test_a_changeset_has_a_title(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    answer = drafted(living_sqlite, set_field(item, "note", "备注"), title=ODD["blank"])
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-name"), answer.text


def test_an_elements_name_is_no_blank_and_may_have_lines(living_sqlite: Living) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    for name, status in ((ODD["blank"], 422), (ODD["turned"], 422), ("甲表\n（两份）", 201)):
        change = {"op": "add", "path": "materials", "value": {"name": name}}
        answer = drafted(living, {**set_field(item, "note", "备注"), "changes": [change]})
        assert answer.status_code == status, answer.text
        if status == 422:
            assert (answer.json()["code"], answer.json()["facts"]["field"]) == ("bad-name", "materials/name")


def test_what_was_published_before_stands_and_is_changed(
    living: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = living.item_called(FELLING)
    with monkeypatch.context() as earlier:
        earlier.setattr(deciding, "refuse_odd_names", lambda *_said: None)
        living.publish(set_field(item, "name", ODD["broken"]))
    living.publish(set_field(item, "note", "别的", "2026-10-02"))
    found = living.get(f"/items/{item}", on="2026-10-02").json()
    assert (found["name"], found["content"]["note"]) == (ODD["broken"], "别的")


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_a_file_with_such_a_name_is_refused_with_its_row(tmp_path: Path, name: str) -> None:
    path = tmp_path / "items.jsonl"
    write_synthetic(path, 2, regions=1, authorities=1)
    *others, last = path.read_bytes().splitlines()
    item = orjson.loads(last)
    item["content"]["name"] = name
    path.write_bytes(b"\n".join([*others, orjson.dumps(item)]))
    reading = read_records(path, "qingdan")
    list(reading)
    (problem,) = [one for one in reading.problems if one.severity == "error"]
    assert (problem.code, problem.where) == ("bad-name", f"items.jsonl 第{len(others) + 1}行“content.name”")
