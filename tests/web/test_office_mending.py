"""From what is wrong to the place where it is put right: a draft's findings, a workbook that comes back."""

from __future__ import annotations

import pytest
from browsing import Browser, filled
from seeded import FELLING, TODAY, Living, set_field

from app.web.office.forms.drafting import merged


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def test_a_finding_of_a_draft_leads_to_its_field_with_what_the_draft_changes(
    living_sqlite: Living, editor: Browser
) -> None:
    item = living_sqlite.item_called(FELLING)
    made = living_sqlite.post(
        "editor",
        "/changesets",
        {"title": "换号", "reason": "换号", "decisions": [set_field(item, "consult_phone", "打总机", TODAY)]},
    ).json()["id"]
    place = editor.get(f"/office/changesets/{made}").link("去修改")
    assert place == f"/office/items/{item}/edit?from={TODAY}&changeset={made}#consult_phone"
    assert filled(editor.get(place))["consult_phone"] == ["打总机"]
    reader = Browser(living_sqlite, "shenhe", ["review"])
    assert f"changeset={made}#" not in reader.get(f"/office/changesets/{made}").html


def test_what_both_changed_alike_is_no_conflict() -> None:
    base, mine = {"name": "甲", "note": "一"}, {"name": "甲", "note": "二"}
    assert merged(base, mine, {"name": "乙", "note": "二"}) == ({"name": "乙", "note": "二"}, [])
    assert merged(base, mine, {"name": "甲", "note": "三"}) == ({"name": "甲", "note": "二"}, ["note"])


def test_a_department_is_told_that_another_organ_is_not_its_own(living_sqlite: Living) -> None:
    own, other = (
        living_sqlite.rows(
            f"SELECT {which}(authority) FROM timeline WHERE kind = 'item' AND valid_to > '{TODAY}'"
        )[0][0]
        for which in ("min", "max")
    )
    theirs = Browser(living_sqlite, "benju", ["edit"], authority=own)
    page = theirs.get(f"/office/many?authority={other}&path=consult_phone&value=0826-2345678", 403)
    assert "不在账号“benju”的管理范围内" in page.words
    assert theirs.get(f"/office/many?authority={own}").words.count("筛选出")
    assert "筛选出" in theirs.get("/office/many?type=01").words.partition("导入改过的事项表")[2]
