"""A round through HTTP as a department and the office work it out: sheets out and in, proposals, opinions."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from holding import fill
from seeded import FELLING, Living

from app.db import Database
from app.exchange import worksheet_sheets
from app.exchange.sheets import every_sheet
from app.rounds import proposing, reviewing

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(living: Living, who: str, path: str) -> Any:
    return living.client.get(f"/api/v1{path}", headers=living.headers(who))


def upload(living: Living, who: str, path: str, body: bytes, **headers: str) -> Any:
    headers = living.headers(who, **headers, **{"Content-Type": XLSX})
    return living.client.post(f"/api/v1{path}", content=body, headers=headers)


def test_a_round_is_worked_out_and_published(living: Living, tmp_path: Any) -> None:
    item = living.item_called(FELLING)
    authority = living.get(f"/items/{item}").json()["authority"]["id"]
    form = {
        "title": "第一批清理",
        "kind": "round",
        "number": "第一批",
        "document": {"title": "关于清理的决定", "effective_on": "2026-10-01"},
        "scope": {"authorities": [authority], "base_day": "2026-09-28"},
    }
    made = living.post("editor", "/changesets", form)
    assert made.status_code == 201, made.text
    place = f"/rounds/{made.json()['id']}"
    counts = read(living, "editor", f"{place}/worksheets").json()
    assert [one["id"] for one in counts["authorities"]] == [authority]
    assert counts["open"] == counts["items"] >= 1
    assert living.get(f"{place}/worksheets").json()["code"] == "token-needed"
    got = read(living, "editor", f"{place}/worksheets.xlsx")
    assert got.headers["content-type"] == XLSX
    path = tmp_path / "表.xlsx"
    path.write_bytes(got.content)
    items = [row[0] for _, rows in every_sheet(path) for row in rows if str(row[0]).startswith("qdi-")]
    assert item in items

    fill(path, {one: {"outcome": "不知道"} for one in items})
    refused = upload(living, "editor", f"{place}/worksheets", path.read_bytes())
    assert (refused.status_code, refused.json()["code"]) == (422, "worksheet-errors")
    assert len(refused.json()["facts"]["errors"]) == len(items)
    marked = upload(living, "editor", f"{place}/worksheets/marked", path.read_bytes())
    copy = tmp_path / "标注.xlsx"
    copy.write_bytes(marked.content)
    assert any("不在可选之列" in str(row[-1]) for _, rows in every_sheet(copy) for row in rows)

    fill(path, {one: {"outcome": "保留", "reason": "仍需办理"} for one in items})
    with pytest.MonkeyPatch.context() as patch:
        reads = beside_reading(patch, living)
        done = upload(living, "editor", f"{place}/worksheets", path.read_bytes(), **{"Idempotency-Key": "k1"})
    assert len(reads) == 1
    assert (done.status_code, done.json()["new"]) == (200, len(items)), done.text
    again = upload(living, "editor", f"{place}/worksheets", path.read_bytes(), **{"Idempotency-Key": "k1"})
    assert (again.json(), again.headers["idempotent-replay"]) == (done.json(), "true")
    listed = read(living, "reviewer", f"{place}/proposals?state=proposed").json()
    assert (listed["total"], listed["proposals"][0]["proposed"]["reason"]) == (len(items), "仍需办理")

    asked = {"items": items, "opinion": "agree"}
    assert living.post("reviewer", f"{place}/opinions", asked).json()["items"] == items
    changeset = f"/changesets/{made.json()['id']}"
    drafted = read(living, "editor", changeset).json()
    assert drafted["decisions"][0]["review"]["opinion"]["opinion"] == "agree"
    assert living.post("editor", f"{changeset}/submit").status_code == 200
    assert living.post("reviewer", f"{changeset}/approve").status_code == 200
    assert living.post("publisher", f"{changeset}/publish").status_code == 200
    decision = living.get(place).json()["decisions"][0]
    assert decision["review"]["proposed"]["reason"] == "仍需办理"
    assert "account" not in decision["review"]["proposed"]
    late = living.post("editor", f"{place}/proposals", {"decisions": [decision_of(items[0])]})
    assert (late.status_code, late.json()["code"]) == (409, "wrong-state")


def beside_reading(patch: pytest.MonkeyPatch, living: Living) -> list[Any]:
    """Another takes the writer's place whenever a workbook is opened, or is told at once it is not free."""
    reads: list[Any] = []

    def opening(path: Any) -> Any:
        write_beside(living)
        reads.append(path)
        return every_sheet(path)

    patch.setattr(worksheet_sheets, "every_sheet", opening)
    return reads


def write_beside(living: Living) -> None:
    """Raises at once where the writer's place is taken."""
    with closing(Database(living.registry.database.url, lock_timeout=0.05).writer.connect()) as beside:
        beside.exec_driver_sql("UPDATE outbox SET topic = topic")


def decision_of(item: str) -> dict[str, Any]:
    return {"outcome": "retain", "subject": item, "effective_from": "2026-10-01"}


def test_an_opinion_is_bound_to_the_proposal_that_was_read(living: Living) -> None:
    item = living.item_called(FELLING)
    scope = {
        "authorities": [living.get(f"/items/{item}").json()["authority"]["id"]],
        "base_day": "2026-09-28",
    }
    made = living.post("editor", "/changesets", {"title": "清理", "kind": "round", "scope": scope})
    place = f"/rounds/{made.json()['id']}"

    def propose(**more: Any) -> Any:
        """The row of the item, once so is proposed."""
        assert living.post(
            "editor", f"{place}/proposals", {"decisions": [decision_of(item) | more]}
        ).is_success
        rows = read(living, "reviewer", f"{place}/proposals").json()["proposals"]
        return next(row for row in rows if row["item"] == item)

    agreed = {"items": [item], "opinion": "agree"}
    first, then = propose(), propose(words="改了主意")
    assert first["hash"] != then["hash"]
    refused = living.post("reviewer", f"{place}/opinions", agreed | {"read": {item: first["hash"]}})
    assert (refused.status_code, refused.json()["code"]) == (412, "opinion-stale")
    assert refused.json()["facts"]["subject"] == item
    assert read(living, "reviewer", f"{place}/worksheets").json()["reviewed"] == 0
    other = living.post("reviewer", f"{place}/opinions", agreed | {"read": {"qdi-none": then["hash"]}})
    assert other.status_code == 422
    done = living.post("reviewer", f"{place}/opinions", agreed | {"read": {item: then["hash"]}})
    assert done.status_code == 200, done.text
    again = living.post("reviewer", f"{place}/opinions", agreed | {"read": {item: then["hash"]}})
    assert again.json()["code"] == "opinion-stale", "what was reviewed since is read anew"


def test_what_was_reviewed_is_proposed_again_as_it_was_read(living: Living) -> None:
    item = living.item_called(FELLING)
    organ = living.get(f"/items/{item}").json()["authority"]["id"]
    scope = {"authorities": [organ], "base_day": "2026-09-28"}
    made = living.post("editor", "/changesets", {"title": "清理", "kind": "round", "scope": scope})
    place = f"/rounds/{made.json()['id']}"

    def propose(shown: str, **more: Any) -> Any:
        form = {"decisions": [decision_of(item) | more], "reopen": True, "read": {item: shown}}
        return living.post("editor", f"{place}/proposals", form)

    def shown() -> str:
        rows = read(living, "reviewer", f"{place}/proposals").json()["proposals"]
        return str(next(row for row in rows if row["item"] == item)["hash"])

    assert propose("").is_success, "nothing was proposed yet"
    first = shown()
    assert propose("", words="又一次").json()["code"] == "opinion-stale"
    agreed = {"items": [item], "opinion": "agree"}
    assert living.post("reviewer", f"{place}/opinions", agreed).is_success
    refused = propose(first, words="改了主意")
    assert (refused.status_code, refused.json()["code"]) == (412, "opinion-stale"), "reviewed meanwhile"
    assert propose(shown(), words="改了主意").json()["reopened"] == [item]
    assert propose(first).status_code == 412
    other = {"decisions": [decision_of(item)], "read": {"qdi-none": first}}
    assert living.post("editor", f"{place}/proposals", other).json()["code"] == "another-item"


def test_a_sheet_reopens_what_was_reviewed_when_one_looked_and_nothing_reviewed_since(
    living: Living, tmp_path: Any
) -> None:
    item = living.item_called(FELLING)
    organ = living.get(f"/items/{item}").json()["authority"]["id"]
    scope = {"authorities": [organ], "base_day": "2026-09-28"}
    made = living.post("editor", "/changesets", {"title": "清理", "kind": "round", "scope": scope})
    place = f"/rounds/{made.json()['id']}"
    assert living.post("editor", f"{place}/proposals", {"decisions": [decision_of(item)]}).is_success
    assert living.post("reviewer", f"{place}/opinions", {"items": [item], "opinion": "agree"}).is_success
    path = tmp_path / "表.xlsx"
    path.write_bytes(read(living, "editor", f"{place}/worksheets.xlsx").content)
    fill(path, {item: {"words": "改了主意"}})
    rows = read(living, "editor", f"{place}/proposals?state=reviewed").json()["proposals"]
    proposed, reviewed = rows[0]["proposed"]["at"], rows[0]["opinion"]["at"]

    def brought(seen: str) -> Any:
        asked = f"{place}/worksheets?reopen=true&seen={seen}"
        return upload(living, "editor", asked, path.read_bytes())

    kept = brought(proposed).json()
    assert (kept["reopened"], [one["code"] for one in kept["kept"]]) == (0, ["reviewed-meanwhile"])
    assert brought("neulich").json()["code"] == "bad-moment"
    assert brought(reviewed).json()["reopened"] == 1


def test_proposals_and_opinions_are_weighed_beside_other_writers(
    living_sqlite: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = living_sqlite
    item = living.item_called(FELLING)
    authority = living.get(f"/items/{item}").json()["authority"]["id"]
    scope = {"authorities": [authority], "base_day": "2026-09-28"}
    round_id = living.post(
        "editor", "/changesets", {"title": "清理", "kind": "round", "scope": scope}
    ).json()["id"]
    weighed = []
    for module, name in ((proposing, "weigh"), (reviewing, "judge")):
        plain = getattr(module, name)

        def noted(*args: Any, plain: Any = plain, name: str = name, **more: Any) -> Any:
            write_beside(living)
            weighed.append(name)
            return plain(*args, **more)

        monkeypatch.setattr(module, name, noted)
    asked = {"decisions": [decision_of(item)]}
    done = living.post("editor", f"/rounds/{round_id}/proposals", asked)
    assert done.json()["new"] == [item]
    agreed = living.post("reviewer", f"/rounds/{round_id}/opinions", {"items": [item], "opinion": "agree"})
    assert agreed.json()["items"] == [item]
    assert weighed == ["weigh", "judge"]
