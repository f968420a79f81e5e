"""The administrator's page of subscriptions: what was given up is seen and sent again, secrets are changed."""

from __future__ import annotations

import re

import pytest
from browsing import Browser
from seeded import Living
from test_office_sure import Asked

from app.auth.accounts import find_account, lock_account
from app.hooks.models import Delivery

WANTED = {"kinds": ["item", "instrument"], "events": ["cancel", "repeal"]}


def given_up(living: Living) -> str:
    """A subscription to which one delivery was given up, another is owed."""
    made = living.post(
        "editor", "/webhooks", {"url": "https://example.org/hook", "label": "审批系统", "wanted": WANTED}
    )
    hook = str(made.json()["id"])
    with living.database.writing() as session:
        for event, state in ((1, "dead"), (2, "owed")):
            session.add(
                Delivery(
                    webhook=hook, event=event, subject_id="qdi-00000001", state=state, attempts=10, next_at=0,
                    status=500, error="对方答复 500",
                )
            )  # fmt: skip
    return hook


@pytest.fixture
def clerk(living_sqlite: Living) -> Browser:
    return Browser(living_sqlite, "guanli", ["administer"])


def states(living: Living) -> list[str]:
    return [row[0] for row in living.rows("SELECT state FROM webhook_delivery ORDER BY event")]


def test_what_was_given_up_is_seen_and_sent_again(clerk: Browser) -> None:
    living, hook = clerk.living, given_up(clerk.living)
    page = clerk.get("/office/webhooks")
    assert "审批系统" in page.words
    place = page.link("审批系统")
    assert place == f"/office/webhooks/{hook}"
    page = clerk.get(f"{place}?state=dead")
    assert "种类：事项、法律法规文件；" in page.words
    assert "（HTTP 500）" not in page.words, "said once"
    assert page.words.count("对方答复 500") == 1, "of what was given up alone"
    assert living.rows("SELECT secret FROM webhook")[0][0] not in page.html
    clerk.move(place, do="resend")
    assert states(living) == ["owed", "owed"]
    assert "已暂停" in (clerk.move(place, do="pause") or page).words
    assert "已暂停" not in (clerk.move(place, do="resume") or page).words
    noted = living.rows("SELECT note FROM access_log WHERE event = 'webhook-managed' ORDER BY id")
    assert [row[0] for row in noted] == ["resend", "pause", "resume"]


def test_a_secret_is_changed_and_shown_once(clerk: Browser) -> None:
    living, place = clerk.living, f"/office/webhooks/{given_up(clerk.living)}"
    before = living.rows("SELECT secret FROM webhook")[0][0]
    told = {words: fold for fold, words in Asked(clerk.get(place).html).to(place)}
    assert "只显示一次" in told["确定更换密钥"]
    assert "不能恢复" in told["确定取消订阅"]
    page = clerk.move(place, status=200, do="rotate")
    assert page is not None
    (secret,) = set(re.findall(r"whsec_[^<]+", page.html))
    assert living.rows("SELECT secret, earlier_secret FROM webhook") == [(secret, before)]
    assert secret not in clerk.get(place).html
    refused = clerk.move(place, status=409, do="rotate")
    assert refused is not None
    assert "旧密钥仍在并用" in refused.words


def test_one_of_a_locked_account_says_that_nothing_is_sent(clerk: Browser) -> None:
    living, place = clerk.living, f"/office/webhooks/{given_up(clerk.living)}"
    for path in (place, "/office/webhooks"):
        assert "已锁定" not in clerk.get(path).words
    with living.database.writing() as session:
        lock_account(session, find_account(session, "editor"), "离职")
    assert "账号已锁定，不再投递" in clerk.get(place).words
    assert "已锁定，不投递" in clerk.get("/office/webhooks").words


def test_one_is_ended_and_the_rest_is_refused(clerk: Browser) -> None:
    living, place = clerk.living, f"/office/webhooks/{given_up(clerk.living)}"
    clerk.move(place, status=422, do="something")
    assert clerk.post("/office/webhooks/whk_none", do="resend").status_code == 404
    assert "没有订阅" in (clerk.move(place, do="end") or clerk.get("/office/webhooks")).words
    assert states(living) == []
