"""What people type in the office's forms, and what is said to them: days as they write them, places by their names."""

from __future__ import annotations

import pytest
from browsing import POST, Browser, filled
from reading import Page
from seeded import FELLING, Living

from app.changes.models import ChangesetInput
from app.errors import Invalid
from app.web.office.doors.visiting import Posted, typed_day
from app.web.office.forms import drafting

WRITTEN = (
    "2026-10-08",
    "2026-10-8",
    "2026/10/8",
    "2026.10.8",
    "2026年10月8日",
    " 2026 年 10 月 8 日 ",
    "20261008",
)


@pytest.mark.parametrize("written", WRITTEN)
def test_a_day_is_read_as_it_is_typed(written: str) -> None:
    assert typed_day(written) == "2026-10-08"
    assert Posted([("from", written), ("reason", written)]).pairs == [
        ("from", "2026-10-08"),
        ("reason", written),
    ]


@pytest.mark.parametrize("written", ["", "明天", "2026-13-1", "2026-2-30", "10月8日", "2026"])
def test_what_is_no_day_stays_as_it_was_typed(written: str) -> None:
    assert typed_day(written) == written


def test_every_form_takes_days_so(living_sqlite: Living) -> None:
    editor = Browser(living_sqlite, "bianji", ["edit"])
    item = living_sqlite.item_called(FELLING)
    page = editor.get(f"/office/items/{item}/edit?from=2026年10月8日")
    assert filled(page)["from"] == ["2026-10-08"]
    fields = filled(page) | {"consult_phone": ["0826-2345678"], "reason": ["换号"], "from": ["2026/10/9"]}
    fields |= {"document/document_date": ["2026年9月1日"], "do": ["save"]}
    answer = editor.client.post(f"/office/items/{item}/edit", data=fields, headers=POST)
    assert answer.status_code == 303, Page(answer.text).words[:600]
    made = living_sqlite.get(answer.headers["location"].replace("/office", ""))
    head, body = living_sqlite.rows(
        "SELECT c.head, d.body FROM changeset c JOIN draft_decision d ON d.changeset = c.id"
        " ORDER BY c.created_at DESC LIMIT 1"
    )[0]
    assert '"document_date":"2026-09-01"' in head
    assert '"effective_from":"2026-10-09"' in bytes(body).decode()
    assert made is not None
    form = {
        "from": "20261008",
        "until": "2026年11月8日",
        "outcome": "suspend",
        "reason": "升级",
        "words": "停办",
    }
    answer = editor.post(f"/office/items/{item}/end", form | {"document/title": "公告"})
    assert answer.status_code == 303, Page(answer.text).words[:600]
    refused = editor.post(f"/office/items/{item}/end", form | {"until": "下个月"})
    assert "下个月”不是有效的日期" in Page(refused.text).words


def test_a_place_is_called_by_its_name() -> None:
    parts = [{"words": "取消", "count": 1}, {"words": "下放", "count": "几"}]
    asked = {"kind": "round", "title": "第三批", "stated": {"parts": parts}}
    with pytest.raises(Invalid) as refused:
        drafting.checked(asked)
    assert refused.value.message == "文件载明的数，分项第 2 行，项数：“几”应为整数。"


def test_no_name_is_of_a_place_that_is_not_there() -> None:
    schema = ChangesetInput.model_json_schema()

    def inner(node: dict) -> dict:
        for one in (node, *node.get("anyOf", ())):
            one = one.get("items", one)
            if "$ref" in one:
                return schema["$defs"][one["$ref"].rsplit("/", 1)[1]]["properties"]
        return {}

    for path in drafting.PLACES:
        here = schema["properties"]
        for part in path.split("/"):
            assert part in here, path
            here = inner(here[part])
