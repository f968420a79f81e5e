"""What is not public, and what was redacted, opens in the office for those whose work it is."""

from __future__ import annotations

import re
from typing import Any

from browsing import POST, Browser, filled
from reading import BROWSER, Page
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.changes.redacting import redact
from app.versions import ids

PRIVATE = "张三的身份证号不慎写入"


def hidden_item(living: Living) -> str:
    codes = [{"scheme": "local", "value": "NB-7"}]
    form = new_item(living, "不公开的事项", content={"visibility": "internal"}, codes=codes)
    return str(living.publish(form)["decisions"][0]["subject"])


def test_an_internal_item_is_found_and_opened_by_those_with_the_right(living: Living) -> None:
    item = hidden_item(living)
    editor = Browser(living, "bianji", ["edit"])
    for query in ("q=不公开的", "q=NB-7", f"q={item}"):
        page = editor.get(f"/office/items?{query}")
        assert "不公开的事项 不公开" in page.words, query
        assert page.link("修改") == f"/office/items/{item}/edit"
    for asked in (item, "NB-7"):
        page = editor.get(f"/office/items/{asked}/edit")
        assert filled(page)["name"] == ["不公开的事项"]
        assert "看公开页面" not in page.words
    fields = filled(editor.get(f"/office/items/{item}/edit")) | {"note": ["改"], "reason": ["x"]}
    answer = editor.client.post(f"/office/items/{item}/edit", data={**fields, "do": "save"}, headers=POST)
    assert answer.status_code == 303, answer.text[:2000]
    assert living.rows("SELECT subject FROM access_log WHERE event = 'staff-read' ORDER BY id")[0] == (
        "/office/items",
    )


def test_an_internal_item_is_hidden_from_those_without(living: Living) -> None:
    item = hidden_item(living)
    (other,) = living.rows(
        "SELECT DISTINCT authority FROM timeline WHERE kind = 'item' AND authority IS NOT NULL"
        f" AND authority NOT IN (SELECT authority FROM timeline WHERE subject_id = '{item}') LIMIT 1"
    )
    elsewhere = Browser(living, "bieju", ["edit"], authority=other[0])
    clerk = Browser(living, "guanli", ["administer"])
    for browser in (elsewhere, clerk):
        assert "不公开的事项" not in browser.get("/office/items?q=不公开的").words
    assert FELLING in clerk.get(f"/office/items?q={FELLING}").words
    for asked in (item, "NB-7"):
        assert "不公开的事项" not in elsewhere.get(f"/office/items/{asked}/edit", status=404).words
        assert living.client.get(f"/items/{asked}", headers=BROWSER).status_code == 404
    never = ids.make("item", 99_999)
    hidden, none = (elsewhere.get(f"/office/items/{one}/edit", status=404).words for one in (item, never))
    assert hidden.replace(item, never) == none


def test_an_auditor_finds_what_is_internal_within_the_scope_and_edits_nothing(living: Living) -> None:
    """Decision 28: who audits reads what the office reads; each such read is in the log."""
    item = hidden_item(living)
    ((authority,),) = living.rows(f"SELECT DISTINCT authority FROM timeline WHERE subject_id = '{item}'")
    (other,) = living.rows(
        "SELECT DISTINCT authority FROM timeline WHERE kind = 'item' AND authority IS NOT NULL"
        f" AND authority <> '{authority}' LIMIT 1"
    )
    auditor = Browser(living, "shenji", ["audit"])
    page = auditor.get("/office/items?q=不公开的")
    assert "不公开的事项 不公开" in page.words
    assert "修改" not in page.words
    auditor.get(f"/office/items/{item}/edit", status=403)
    outside = Browser(living, "jubu-shenji", ["audit"], authority=other[0])
    assert "不公开的事项" not in outside.get("/office/items?q=不公开的").words
    noted = living.rows(
        "SELECT count(*) FROM access_log WHERE event = 'staff-read' AND subject = '/office/items'"
    )
    assert noted[0][0] == 2


def redact_all(living: Living) -> None:
    second = living.hire("second", "publish")
    assert second
    for (content,) in [
        (row[0],)
        for row in living.rows("SELECT hash, body FROM content ORDER BY hash")
        if PRIVATE.encode() in bytes(row[1])
    ]:
        with living.database.writing() as session:
            people = living.people["publisher"], living.people["second"]
            redact(session, *people, content, "川网信令〔2026〕1号", "个人信息")


def test_a_redacted_item_opens_with_what_still_stands_and_saving_wipes_nothing(living: Living) -> None:
    content = {"materials": [{"key": "m1", "name": f"申请书{PRIVATE}"}], "conditions": PRIVATE}
    item = living.publish(new_item(living, f"事项{PRIVATE}", content=content))["decisions"][0]["subject"]
    living.publish(set_field(item, "consult_phone", "0826-1"))
    living.publish(set_field(item, "name", "改正后的事项", "2026-12-01"))
    redact_all(living)
    shown = living.get(f"/items/{item}").json()
    assert shown["content"] == {"redacted": True}
    editor, reviewer = Browser(living, "bianji", ["edit"]), Browser(living, "shenhe", ["review", "publish"])
    assert "已依令删改" in editor.get(f"/office/items?q={item}").words
    page = editor.get(f"/office/items/{item}/edit")
    fields = filled(page)
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    assert fields["consult_phone"] == ["0826-1"]
    assert fields["authority"] == [felling["authority"]["id"]]
    assert fields["type"] == ["01"]
    assert "没有列出的字段不会因保存而改动" in page.words
    assert PRIVATE not in page.html

    def save(**more: Any) -> Any:
        asked = {**filled(editor.get(f"/office/items/{item}/edit")), "reason": ["补正"], **more, "do": "save"}
        return editor.client.post(f"/office/items/{item}/edit", data=asked, headers=POST)

    unchanged = save()
    assert "内容没有改动" in Page(unchanged.text).words
    answer = save(note="补正说明")
    assert answer.status_code == 303, answer.text[:2000]
    place = answer.headers["location"]
    editor.move(f"{place}/submit")
    (hash_,) = re.findall(r'name="hash" value="([0-9a-f]+)"', reviewer.get(place).html)
    reviewer.move(f"{place}/approve", hash=hash_)
    assert "已发布" in reviewer.move(f"{place}/publish").words  # type: ignore[union-attr]
    now = living.get(f"/items/{item}", on=TODAY).json()["content"]
    assert (now["consult_phone"], now["note"], now["authority"]) == (
        "0826-1",
        "补正说明",
        felling["authority"]["id"],
    )
    later = living.get(f"/items/{item}", on="2026-12-01").json()
    assert (later["name"], later["content"]["note"]) == ("改正后的事项", "补正说明")
    living.assert_sound()
