"""A draft of an item taken up again: its form says all that the draft says, and what is saved is what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from browsing import Browser, filled
from reading import Page
from seeded import FELLING, Living, set_field
from test_form_keeping import At
from test_office_rounds import form as round_form
from test_office_rounds import items_on

from app.changes.models import ChangesetInput, DecisionInput
from app.web.office.forms.taking_up import as_posted, head_as_said

PHONE = "0826-7654321"
PAST = "2026-09-01"


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


@pytest.fixture
def corrected(editor: Browser) -> str:
    """A published round."""
    return re.findall(r'<option value="(qdx-\w+)">', editor.get("/office/items/new").html)[0]


def drafted(living: Living, decision: dict[str, Any], **head: Any) -> str:
    answer = living.post("editor", "/changesets", {"title": "换号", "decisions": [decision], **head})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def again(editor: Browser, changeset: str) -> At:
    return At(editor, editor.get(f"/office/changesets/{changeset}").link("重新修改"))


def told(living: Living, changeset: str) -> dict[str, Any]:
    answer = living.client.get(f"/api/v1/changesets/{changeset}", headers=living.headers("editor"))
    found = answer.json()
    assert isinstance(found, dict)
    return found


def test_the_form_says_what_the_draft_says(living: Living, editor: Browser, corrected: str) -> None:
    late = {"timing": "correction", "reason": "原来写错了"}
    decision = set_field(living.item_called(FELLING), "consult_phone", PHONE, PAST, **late)
    paper = {"number": "错〔2026〕1号", "title": "错的文件"}
    made = drafted(living, decision, reason="原来写错了", document=paper, corrects=corrected)
    fields = again(editor, made).fields
    said = {
        name: fields[name] for name in ("timing", "reason", "corrects", "document/number", "document/title")
    }
    assert said == {
        "timing": ["correction"],
        "reason": ["原来写错了"],
        "corrects": [corrected],
        "document/number": ["错〔2026〕1号"],
        "document/title": ["错的文件"],
    }


def test_what_is_chosen_or_emptied_in_the_form_is_so_in_the_draft(
    living: Living, editor: Browser, corrected: str
) -> None:
    paper = {"number": "错〔2026〕1号", "title": "错的文件"}
    decision = set_field(living.item_called(FELLING), "consult_phone", PHONE)
    made = drafted(living, decision, reason="错的理由", document=paper, corrects=corrected)
    gone = dict.fromkeys(("reason", "corrects", "document/number", "document/title"), "")
    assert again(editor, made).type(**gone).press("save").status_code == 303
    page = editor.get(f"/office/changesets/{made}")
    for words in ("错的理由", "错的文件", "更正的轮次"):
        assert words not in page.words.partition("经过")[0]
    head = told(living, made)
    assert [head.get(name) for name in ("reason", "document", "corrects")] == [None, None, None]
    at = again(editor, made).type(
        corrects=corrected, reason="原来漏了", **{"document/number": "对〔2026〕2号"}
    )
    assert at.press("save").status_code == 303
    head = told(living, made)
    assert (head["corrects"], head["reason"], head["document"]) == (
        corrected,
        "原来漏了",
        {"number": "对〔2026〕2号"},
    )


def test_whoever_saves_second_is_told_of_the_head_too(
    living: Living, editor: Browser, corrected: str
) -> None:
    made = drafted(living, set_field(living.item_called(FELLING), "consult_phone", PHONE))
    mine, theirs = again(editor, made), again(Browser(living, "lisi", ["edit"]), made)
    assert theirs.type(corrects=corrected, **{"document/title": "通知"}).press("save").status_code == 303
    words = Page(mine.press("save").text).words
    differs = words.partition("不同之处：")[2].partition("。")[0]
    assert differs.split("、") == ["更正的轮次", "文件标题"]


def test_a_reason_of_the_item_alone_is_not_that_of_the_whole_changeset() -> None:
    own = [{"outcome": "adjust", "reason": "这一项另有理由", "timing": "late_entry"}]
    head = {
        "reason": "统一调整",
        "corrects": "qdx-0000001a",
        "number": "第三批",
        "document": {"title": "通知"},
    }
    fields = dict(as_posted("调整", head, own))
    assert (fields["reason"], fields["timing"]) == ("这一项另有理由", "late_entry")
    said = ChangesetInput(title="调整", reason="这一项的新理由", decisions=[DecisionInput(outcome="adjust")])
    assert head_as_said(head, own, said) == {"reason": "统一调整", "number": "第三批"}
    (same,) = ({**one, "reason": "统一调整"} for one in own)
    assert head_as_said(head, [same], said)["reason"] == "这一项的新理由"


def test_a_proposal_taken_up_again_keeps_its_day_and_what_the_form_has_no_field_for(
    living: Living, editor: Browser
) -> None:
    place = str(editor.post("/office/rounds/new", round_form(living)).headers["location"])
    changeset, item = place.rpartition("/")[2], items_on(editor.get(place))[0]
    beside = {"annex": "附件二", "number": "7", "timing": "correction", "reason": "原来写错了"}
    proposal = set_field(item, "conditions", "按新的条件受理", PAST, **beside)
    answer = living.post("editor", f"/rounds/{changeset}/proposals", {"decisions": [proposal]})
    assert answer.status_code == 200, answer.text
    at = At(editor, f"{place}/items/{item}/form")
    assert (at.fields["from"], at.fields["timing"]) == ([PAST], ["correction"])
    assert at.type(conditions="再改一次").press("save").status_code == 303
    fields = filled(editor.get(at.place))
    assert (fields["from"], fields["conditions"]) == ([PAST], ["再改一次"])
    rows = living.rows("SELECT body FROM proposal")
    assert any("附件二" in bytes(row[0]).decode() for row in rows)
