"""Administrators and auditors whose accounts have a scope: they have to do with the accounts within it."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import PHRASE, Browser
from reading import BROWSER
from seeded import FELLING, Living
from test_office_doors import number_of

GIVEN = "seven geese over a frozen pond"


@pytest.fixture
def places(living: Living) -> dict[str, str]:
    """An organ, its region, the region above, and another organ."""
    item = living.item_called(FELLING)
    organ, region = living.rows(f"SELECT authority, region FROM timeline WHERE subject_id = '{item}'")[0]
    above = living.rows(f"SELECT parent FROM timeline WHERE subject_id = '{region}'")[0][0]
    other = living.rows(f"SELECT id FROM subject WHERE kind = 'authority' AND id <> '{organ}' LIMIT 1")[0][0]
    return {"organ": organ, "region": region, "above": above, "other": other}


def added(clerk: Browser, name: str, **form: Any) -> int:
    status: int = clerk.post(
        "/office/accounts", {"name": name, "password": GIVEN, "right": "edit", **form}
    ).status_code
    return status


def test_an_administrator_of_an_organ_gives_no_wider_scope(living: Living, places: dict[str, str]) -> None:
    clerk = Browser(living, "linguan", ["administer"], authority=places["organ"])
    assert added(clerk, "quanbu") == 403
    assert added(clerk, "biede", authority=places["other"]) == 403
    assert added(clerk, "diqu", region=places["region"]) == 403
    assert living.rows("SELECT 1 FROM account WHERE name IN ('quanbu', 'biede', 'diqu')") == []
    assert added(clerk, "benju", authority=places["organ"]) == 303
    assert added(clerk, "bendi", authority=places["organ"], region=places["region"]) == 303
    mine = f"/office/accounts/{number_of(living, 'benju')}"
    page = clerk.move(mine, 403, do="rights", right="review")
    assert page is not None
    assert "自己管理范围以内" in page.words
    clerk.move(mine, do="rights", right="review", authority=places["organ"])
    assert living.rows("SELECT rights, authority FROM account WHERE name = 'benju'") == [
        ("review", places["organ"])
    ]


def test_an_administrator_of_a_region_manages_what_lies_in_it(living: Living, places: dict[str, str]) -> None:
    clerk = Browser(living, "xianguan", ["administer"], region=places["region"])
    for name, scope, inside in (
        ("a-region", {"region": places["region"]}, True),
        ("a-both", {"region": places["region"], "authority": places["organ"]}, True),
        ("a-above", {"region": places["above"]}, False),
        ("a-organ", {"authority": places["organ"]}, False),
        ("a-all", {}, False),
    ):
        living.hire(name, "edit", **scope)
        page, number = clerk.get("/office/accounts"), number_of(living, name)
        assert (f'id="account-{number}"' in page.html) == inside, name
        answer = clerk.post(f"/office/accounts/{number}", do="lock", reason="离岗")
        assert answer.status_code == (303 if inside else 403), name
        assert living.rows(f"SELECT locked FROM account WHERE name = '{name}'") == [(int(inside),)]
    assert f'name="region" value="{places["region"]}"' in page.html, "the form begins with the own scope"


@pytest.mark.parametrize(
    "form",
    [
        {"do": "rights", "right": "edit"},
        {"do": "name", "display_name": "别人"},
        {"do": "lock", "reason": "离岗"},
        {"do": "password", "password": GIVEN},
        {"do": "unpair"},
        {"do": "link", "subject": "1"},
        {"do": "unlink", "subject": "1"},
        {"do": "tokens"},
    ],
)
def test_nothing_of_an_account_outside_is_changed(living_sqlite: Living, form: dict[str, str]) -> None:
    living = living_sqlite
    organ = living.rows("SELECT id FROM subject WHERE kind = 'authority' LIMIT 1")[0][0]
    clerk = Browser(living, "linguan", ["administer"], authority=organ)
    reviewer = Browser(living, "shen", ["review"])
    number = number_of(living, "shen")
    kept = "SELECT rights, region, authority, locked, display_name FROM account WHERE name = 'shen'"
    before = living.rows(kept)
    assert clerk.post(f"/office/accounts/{number}", form).status_code == 403
    assert living.rows(kept) == before
    assert reviewer.client.get("/office", headers=BROWSER).status_code == 200, "still signed in"
    assert reviewer.post("/office/sign-in", name="shen", password=PHRASE).status_code == 303


def test_an_administrator_of_all_manages_everybody(living: Living, places: dict[str, str]) -> None:
    clerk = Browser(living, "guanli", ["administer"])
    assert added(clerk, "quanbu") == 303
    assert added(clerk, "benju", authority=places["organ"]) == 303
    assert 'name="region" value=""' in clerk.get("/office/accounts").html


def test_webhooks_of_accounts_outside_are_not_there(living: Living, places: dict[str, str]) -> None:
    for name, scope in (("li", {"authority": places["organ"]}), ("wai", {})):
        living.hire(name, **scope)
        answer = living.post(name, "/webhooks", {"url": f"https://example.org/{name}"})
        assert answer.status_code == 201, answer.text
    inside, outside = (
        living.rows(f"SELECT id FROM webhook WHERE url LIKE '%/{name}'")[0][0] for name in ("li", "wai")
    )
    clerk = Browser(living, "linguan", ["administer"], authority=places["organ"])
    page = clerk.get("/office/webhooks")
    assert inside in page.html
    assert outside not in page.html
    clerk.get(f"/office/webhooks/{inside}")
    clerk.get(f"/office/webhooks/{outside}", 404)
    assert clerk.post(f"/office/webhooks/{outside}", do="end").status_code == 404
    guanli = Browser(living, "guanli", ["administer"])
    assert outside in guanli.get("/office/webhooks").html


def test_an_auditor_with_a_scope_reads_what_its_accounts_did(living: Living, places: dict[str, str]) -> None:
    for scope in ({"authority": places["organ"]}, {"region": places["above"]}):
        name = "-".join(scope)
        inside = Browser(living, f"nei-{name}", ["edit"], **scope)
        inside.get("/office/items")
    outside = Browser(living, "wai", ["edit"])
    outside.get("/office/items")
    outside.post("/office/sign-in", name="nobody-at-all", password="x")
    living.registry.noting.flush()
    for scope, seen in (
        ({"authority": places["organ"]}, "nei-authority"),
        ({"region": places["above"]}, "nei-region"),
    ):
        auditor = Browser(living, f"shenji-{seen}", ["audit"], **scope)
        page = auditor.get("/office/access-log")
        assert "范围在它以内的账号" in page.words
        file = auditor.client.get("/office/access-log.csv", headers=BROWSER).text
        for text in (page.html, file):
            assert seen in text
            assert "wai" not in text
            assert "nobody-at-all" not in text
        event = auditor.get("/office/access-log?event=signed-in&who=wai")
        assert "没有。" in event.words
    everybody = Browser(living, "shenji", ["audit"]).client.get("/office/access-log.csv", headers=BROWSER)
    assert "wai" in everybody.text
    assert "nobody-at-all" in everybody.text
