"""Every door that writes a draft anew, on a round opened with a scope and a base day: its frozen list stays, its
reviews stay, and what each door is for is done."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import Browser, filled
from reading import Page
from seeded import FELLING, TODAY, Living, set_field
from test_form_keeping import At
from test_office_rounds import DAY, agree_all, form, items_on

from app.canonical import decode
from app.changes.models import Changeset
from app.web.office.forms.redrafting import anew, redrafted


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@pytest.fixture
def desk(editor: Browser) -> str:
    """Where a round over the forestry bureau's items is worked on; the first of them is agreed to."""
    place = str(editor.post("/office/rounds/new", form(editor.living)).headers["location"])
    first = items_on(editor.get(place))[0]
    editor.move(f"{place}/proposals", **{"do": "rows", "day": DAY, f"o:{first}": "保留"})
    agree_all(Browser(editor.living, "fazhi", ["review"]), place)
    return place


def stored(editor: Browser, place: str) -> dict[str, Any]:
    number = place.rpartition("/")[2]
    return dict(
        decode(editor.living.rows(f"SELECT head FROM changeset WHERE id = '{number}'")[0][0].encode())
    )


def version_of(editor: Browser, place: str) -> str:
    number = place.rpartition("/")[2]
    return str(editor.living.rows(f"SELECT version FROM changeset WHERE id = '{number}'")[0][0])


def decided(editor: Browser, place: str) -> list[tuple[str, str, bool]]:
    """(outcome, day, whether a review stands) of each decision of the draft."""
    number = place.rpartition("/")[2]
    rows = editor.living.rows(
        f"SELECT body FROM draft_decision WHERE changeset = '{number}' ORDER BY position"
    )
    bodies = [decode(bytes(row[0])) for row in rows]
    return [(body["outcome"], body["effective_from"], "review" in body) for body in bodies]


def write_in(editor: Browser, place: str, decision: dict[str, Any]) -> None:
    """The office's own decision in the round, as a program writes it."""
    number, head = place.rpartition("/")[2], stored(editor, place)
    (kept,) = [
        decode(bytes(row[0]))
        for row in editor.living.rows(f"SELECT body FROM draft_decision WHERE changeset = '{number}'")
    ]
    kept.pop("review")
    head["scope"].pop("frozen")
    answer = editor.living.client.put(
        f"/api/v1/changesets/{number}",
        json={**head, "kind": "round", "title": "第三批清理", "decisions": [kept, decision]},
        headers=editor.living.headers("editor", **{"If-Match": f'"{version_of(editor, place)}"'}),
    )
    assert answer.status_code == 200, answer.text


def test_an_overlap_is_merged_into_the_round(editor: Browser, desk: str) -> None:
    """From the round's own day: the merge is one of its decisions."""
    head = stored(editor, desk)
    _, first, second = items_on(editor.get(desk))[:3]
    asked = {"first": first, "second": second, "keep": first, "decision": "merge", "reason": "职责重复"}
    both = Browser(editor.living, "lianghui", ["edit", "review"])
    answer = both.post("/office/overlaps", asked | {"round": desk.rpartition("/")[2]})
    assert answer.status_code == 303, Page(answer.text).words[:800]
    assert stored(editor, desk) == head
    assert decided(editor, desk) == [("retain", DAY, True), ("merge", DAY, False)]
    assert "，施行" not in both.get(answer.headers["location"]).words, "nothing is named before the day"
    assert editor.living.rows("SELECT decision FROM overlap_decision") == [("merge",)]


def test_a_decided_adjustment_is_taken_up_again(editor: Browser, desk: str) -> None:
    item = items_on(editor.get(desk))[1]
    write_in(editor, desk, set_field(item, "consult_phone", "0826-7654321", DAY))
    head = stored(editor, desk)
    page = editor.get(f"/office/changesets/{desk.rpartition('/')[2]}")
    at = At(editor, page.link("重新修改")).type(conditions="按新的条件受理")
    answer = at.press("save")
    assert answer.status_code == 303, Page(answer.text).words[:800]
    assert stored(editor, desk) == head
    assert decided(editor, desk) == [("retain", DAY, True), ("adjust", DAY, False)]


def test_its_number_is_changed(editor: Browser, desk: str) -> None:
    head = stored(editor, desk)
    asked = {"title": "第三批清理", "version": version_of(editor, desk), "number": "第四批"}
    assert editor.post(f"{desk}/head", asked).status_code == 303
    now = stored(editor, desk)
    assert (now["scope"], now["number"], "document" in now) == (head["scope"], "第四批", False)
    assert decided(editor, desk) == [("retain", DAY, True)]


def test_a_new_item_is_listed(editor: Browser, desk: str) -> None:
    head, living = stored(editor, desk), editor.living
    fields = filled(editor.get(f"{desk}/new"))
    held = living.rows(
        f"SELECT authority, region FROM timeline WHERE subject_id = '{living.item_called(FELLING)}'"
    )
    content = {
        "name": "新列的许可",
        "type": "01",
        "authority": held[0][0],
        "region": held[0][1],
        "do": "save",
    }
    editor.move(f"{desk}/new", **(fields | content))
    assert stored(editor, desk) == head
    assert decided(editor, desk) == [("retain", DAY, True), ("add", DAY, False)]


# --- pure


def a_draft(head: str = "{}", kind: str = "round") -> Changeset:
    return Changeset("qdx-0000001a", "清理", 0, 0, kind=kind, head=head)


def body(outcome: str, subject: str, **more: Any) -> dict[str, Any]:
    return {"kind": "item", "outcome": outcome, "subject": subject, "effective_from": TODAY, **more}


def test_what_drafting_puts_in_is_not_asked_for() -> None:
    scope = '{"base_day": "2026-01-01", "frozen": {"count": 1, "items": "x", "unknown": 0}}'
    draft = a_draft('{"number": "第三批", "rows": {"count": 1, "hash": "x"}, "scope": ' + scope + "}")
    stood = [body("retain", "qdi-00000000", review={"opinion": None})]
    asked = anew(draft, stood, stood)
    assert asked.scope is not None
    assert (asked.scope.base_day, asked.number, asked.title, asked.kind) == (
        "2026-01-01",
        "第三批",
        "清理",
        "round",
    )
    assert anew(a_draft('{"stated": {"total": 3}}'), [], []).scope is None


def test_an_acceptance_goes_on_naming_what_it_accepts() -> None:
    adjust = body("adjust", "qdi-00000000")
    devolve = body("devolve", "qdi-0000001a", receivers=[{"key": "r", "words": "乡镇"}])
    receive = body("receive", "qdi-0000002b", accepts=[{"decision": 2, "receiver": "r"}, {"act": 7}])
    stood = [adjust, devolve, receive]
    again = redrafted(
        a_draft(kind="routine"), stood, "qdi-00000000", [body("adjust", "qdi-00000000")], {}, "调整"
    )
    assert [one.outcome for one in again.decisions] == ["devolve", "receive", "adjust"]
    assert [(one.act, one.decision) for one in again.decisions[1].accepts] == [(None, 1), (7, None)]
    assert receive["accepts"][0]["decision"] == 2, "what is stored is left alone"
