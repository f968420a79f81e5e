"""Days of laws and of documents: a day of the calendar at every door; what was published before stands as it is."""

from __future__ import annotations

from typing import Any

import pytest
from reading import BROWSER, Page
from seeded import TODAY, Living
from test_office import Browser, filled
from test_office_rejoining import changes
from test_office_rooms import law_of

from app.changes import deciding, kinds
from app.law.days import is_day, odd_days
from app.versions import verifying

ODD = "下周一"
SAID = {"outcome": "amend", "document/number": "广安区府办〔2026〕31号", "reason": "依文件修改"}


@pytest.fixture
def editor(living_sqlite: Living) -> Browser:
    return Browser(living_sqlite, "bianji", ["edit"])


def amended(law: str, path: str, value: str) -> dict[str, Any]:
    change = {"op": "set", "path": path, "value": value}
    return {
        "kind": "instrument",
        "outcome": "amend",
        "subject": law,
        "effective_from": TODAY,
        "changes": [change],
    }


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("2026-01-05", True),
        ("2026", True),
        ("2026年5月", True),
        ("2018?", True),
        ("2018年5月？", True),
        ("2018-05-04?", True),
        ("?", False),
        ("2018??", False),
        ("2018-13?", False),
        ("2026-02-30", False),
        ("2026年1月5日", False),
    ],
)
def test_a_day_is_one_of_the_calendar(text: str, sound: bool) -> None:
    assert is_day(text) is sound
    assert odd_days({"published_on": text, "title": ODD}) == ([] if sound else ["published_on"])


def test_the_page_takes_a_day_as_people_type_it_and_refuses_what_is_none(editor: Browser) -> None:
    law, _ = law_of(editor.living)
    place = f"/office/law/{law}"
    form = filled(editor.get(place)) | SAID | {"effective_on": ODD}
    refused = editor.post(place, form)
    page = Page(refused.text)
    assert (refused.status_code, filled(page)["effective_on"]) == (422, [ODD])
    assert f"施行日期“{ODD}”不是有效的日期" in page.words
    made = editor.post(place, form | {"effective_on": "2026年1月5日"})
    assert changes(editor, made) == {"effective_on": "2026-01-05"}


def test_the_interface_refuses_what_is_no_day(editor: Browser) -> None:
    living = editor.living
    law, _ = law_of(living)
    enact = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY}
    asked = [
        ({"decisions": [amended(law, "published_on", ODD)]}, "published_on"),
        ({"decisions": [enact | {"content": {"title": "某办法", "document_date": ODD}}]}, "document_date"),
        (
            {"decisions": [amended(law, "note", "新")], "document": {"number": "一号", "effective_on": ODD}},
            "document/effective_on",
        ),
    ]
    for body, field in asked:
        answer = living.post("editor", "/changesets", {"title": "改", "reason": "改"} | body)
        assert answer.status_code == 422, answer.text
        told = answer.json()
        assert (told["code"], told["facts"]["field"]) == ("bad-day", field)
        assert ODD in told["detail"]


def test_what_was_published_before_stands_and_is_gone_on_from(
    editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    living = editor.living
    law, _ = law_of(living)
    with monkeypatch.context() as before:
        before.setattr(deciding, "refuse_odd_days", lambda *_: None)
        living.publish(amended(law, "published_on", ODD))
    living.publish(amended(law, "note", "另有说明"))
    assert ODD in Page(living.client.get(f"/laws/{law}", headers=BROWSER).text).words
    form = filled(editor.get(f"/office/law/{law}")) | SAID | {"number": "新文号"}
    assert changes(editor, editor.post(f"/office/law/{law}", form)) == {"number": "新文号"}
    with living.database.reading() as session:
        assert verifying.verify(session.connection(), kinds.describe).ok
