"""A round recorded through HTTP: rows of an annex in, matched, confirmed, published with what no item was found for."""

from __future__ import annotations

from typing import Any

from seeded import FELLING, Living


def test_an_annex_is_recorded_matched_and_published(living: Living) -> None:
    item = living.item_called(FELLING)
    form = {
        "title": "关于取消一批行政审批项目的决定",
        "kind": "round",
        "reason": "补录",
        "document": {"number": "甲政发〔2013〕1号", "title": "关于取消一批行政审批项目的决定"},
        "stated": {"total": 3, "parts": [{"words": "取消", "count": 2}, {"words": "下放", "count": 1}]},
    }
    made = living.post("editor", "/changesets", form)
    assert made.status_code == 201, made.text
    place = f"/rounds/{made.json()['id']}"
    body = f"序号,项目名称,处理决定\n1,{FELLING},取消\n2,没有的事项,取消\n".encode()
    headers = living.headers("editor", **{"Content-Type": "text/csv"})
    bad = living.client.post(
        f"/api/v1{place}/rows?name=a.csv", content="甲,乙\n1,2\n".encode(), headers=headers
    )
    assert (bad.status_code, bad.json()["code"]) == (422, "no-rows")
    rows = living.client.post(
        f"/api/v1{place}/rows?name=a.csv&annex=附件1", content=body, headers=headers
    ).json()
    assert rows["rows"][0]["candidates"][0]["item"] == item
    for who, status, code in (("reviewer", 403, "missing-right"), ("editor", 422, "nothing-asked")):
        empty = living.post(who, f"{place}/rows/match", {})
        assert (empty.status_code, empty.json()["code"]) == (status, code), "it is no way to read them"
    asked = {"rows": [{"position": 1, "item": item}, {"position": 2, "item": None}]}
    matched = living.post("editor", f"{place}/rows/match", asked, **{"Idempotency-Key": "m1"}).json()
    assert [row["state"] for row in matched["rows"]] == ["linked", "unmatched"]
    changeset = f"/changesets/{made.json()['id']}"
    assert living.post("editor", f"{changeset}/submit").status_code == 200
    assert living.post("reviewer", f"{changeset}/approve").status_code == 200
    assert living.post("publisher", f"{changeset}/publish").status_code == 200
    told: dict[str, Any] = living.get(place).json()["recorded"]
    assert [row.get("item") for row in told["rows"]] == [item, None]
    assert told["rows"][1] == {"annex": "附件1", "number": "2", "name": "没有的事项", "outcome": "取消"}
    assert told["reconciliation"]["not_recorded"] == 1
    page = living.client.get(place).text
    assert "文件所述与录入的核对" in page
    assert "没有的事项" in page
    assert f'href="/items/{item}"' in page
