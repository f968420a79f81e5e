"""承接 in the browser: what is owed to a place, drafted from there, reviewed and published; and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from browsing import Browser, filled
from handed import hand_down
from seeded import RIGHTS, Living
from test_form_keeping import At


@pytest.fixture(scope="module")
def living(run_seeded: Any, steady_clock: Any) -> Iterator[Living]:
    with ExitStack() as stack:
        made = run_seeded("sqlite", stack)
        for name, right in RIGHTS.items():
            made.hire(name, right)
        yield made


@pytest.fixture(scope="module")
def owed(living: Living) -> dict[str, Any]:
    """One acceptance that 前锋区 owes, with its place and an organ there."""
    handed = hand_down(living)
    rows = living.get("/duties", kind="acceptance", on="2026-11-01").json()["duties"]
    (row,) = [one for one in rows if one["region"]["name"] == "前锋区"]
    return {**row, "round": handed["round"], "act": row["decision"]}


def address(owed: dict[str, Any]) -> str:
    return f"/office/duties/{owed['act']}/{owed['key']}/accept"


def test_an_account_sees_what_its_own_place_owes(living: Living, owed: dict[str, Any]) -> None:
    county = Browser(living, "qianfeng", ["edit"], region=owed["region"]["id"])
    page = county.get("/office/duties")
    assert "前锋区" in page.words
    assert "邻水县" not in page.words
    assert "制定监管细则" not in page.words, "what the city's organ owes"
    assert "到期 1 件" in county.get("/office").words or "承接和后续" in county.get("/office").words
    everybody = Browser(living, "quanshi", ["edit"])
    assert "邻水县" in everybody.get("/office/duties").words


def test_what_is_typed_into_an_acceptance_is_kept_and_found_again(
    living: Living, owed: dict[str, Any]
) -> None:
    county = Browser(living, "qianfeng-kept", ["edit"], region=owed["region"]["id"])
    at = At(county, address(owed))
    assert "/form.js" in county.get(at.place).html, "a citation is picked, a file is chosen in place"
    told = at.type(consult_phone="0826-2222222", code="QF-1").keep()
    assert "已暂存" in told["said"]
    assert (at.found()["consult_phone"], at.found()["code"]) == (["0826-2222222"], ["QF-1"])
    assert county.get("/office").link("承接：") == at.place
    later = county.get(f"{at.place}?from=2027-02-01")
    assert filled(later)["consult_phone"] == [""]
    assert "填的内容还没有保存" in later.words
    assert at.press("drop").headers["location"] == at.place
    assert "承接：" not in county.get("/office").words
    at.type(authority=local_organ(living, owed)).press("check")
    assert "承接：" in county.get("/office").words
    assert at.press("save").headers["location"].startswith("/office/changesets/")
    assert "承接：" not in county.get("/office").words.partition("我的草稿")[0]


def test_an_acceptance_is_drafted_from_the_duty_and_published(living: Living, owed: dict[str, Any]) -> None:
    county = Browser(living, "qianfeng-2", ["edit"], region=owed["region"]["id"])
    place = address(owed)
    late = Browser(living, "qianfeng-late", ["edit"], region=owed["region"]["id"])
    At(late, place).type(consult_phone="0826-3333333").keep()
    assert late.get("/office").link("承接：") == place
    assert place in county.get("/office/duties").html
    page = county.get(place)
    assert "承接：" in page.words
    fields = filled(page)
    assert (fields["region"], fields["power_source"]) == ([owed["region"]["id"]], ["2"])
    assert fields["authority"] == [""], "of a place alone nobody knows which organ it will be"
    asked = county.move(place, status=422, **(fields | {"do": ["save"]}))
    assert asked is not None
    assert "没有保存" in asked.words
    giver = living.get(f"/items/{owed['subject']['id']}", on="2026-09-01").json()["authority"]["id"]
    kept = county.move(place, status=409, **(fields | {"authority": [giver], "do": ["save"]}))
    assert kept is not None
    assert "还由下放它的机关实施" in kept.words
    refused = county.move(place, status=404, **(fields | {"authority": ["没有的局"], "do": ["save"]}))
    assert refused is not None
    assert "没有保存" in refused.words
    made = county.post(place, fields | {"authority": [local_organ(living, owed)], "do": ["save"]})
    assert made.status_code == 303, made.text[:3000]
    changeset = made.headers["location"]
    assert "承接" in county.get(changeset).words
    county.move(f"{changeset}/submit")
    second = Browser(living, "shenhe-2", ["review", "publish"])
    hash_ = second.get(changeset).html.split('name="hash" value="')[1].split('"')[0]
    second.move(f"{changeset}/approve", hash=hash_)
    second.move(f"{changeset}/publish")
    rows = living.get("/duties", kind="acceptance", on="2026-11-01").json()["duties"]
    (row,) = [one for one in rows if one["region"]["name"] == "前锋区"]
    assert row["state"] == "done"
    made_item = row["done"]["subject"]["id"]
    origin = living.get(f"/items/{owed['subject']['id']}", on="2026-11-01").json()
    assert made_item in [one["id"] for one in origin["successors"]]
    again = county.get(place, status=409)
    assert "已经承接" in again.words
    assert "还没有保存" not in late.get("/office").words, "what was typed for it leads nowhere any more"


def local_organ(living: Living, owed: dict[str, Any]) -> str:
    """An organ of the county, founded for it."""
    content = {"name": "前锋区合成局", "region": owed["region"]["id"]}
    found = {"kind": "authority", "outcome": "found", "effective_from": "2026-09-28", "content": content}
    made = living.publish(found)
    return str(made["decisions"][0]["subject"])


def test_another_places_acceptance_is_not_ones_own(living: Living, owed: dict[str, Any]) -> None:
    rows = living.get("/duties", kind="acceptance", on="2026-11-01").json()["duties"]
    other = next(one for one in rows if one["region"]["name"] == "邻水县")
    county = Browser(living, "qianfeng-3", ["edit"], region=owed["region"]["id"])
    page = county.get(f"/office/duties/{other['decision']}/{other['key']}/accept", status=403)
    assert "不是由账号" in page.words
    county.get(f"/office/duties/{other['decision']}/none/accept", status=404)
