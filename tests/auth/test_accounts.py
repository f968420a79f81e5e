"""Accounts, tokens, rights; and the access log."""

from __future__ import annotations

import pytest

from app import log
from app.auth import accounts
from app.auth.actor import COMMAND_LINE, RIGHTS, Actor
from app.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated

MONTH = 30 * 86_400_000_000


def add(database, name="zhang", rights=("edit",), **more):
    with database.writing() as session:
        return accounts.add_account(session, name, list(rights), **more)


def issue(database, account, **more):
    with database.writing() as session:
        return accounts.issue_token(session, accounts.find_account(session, account.name), **more)


def authenticate(database, token):
    with database.reading() as session:
        return accounts.authenticate(session, token)


def test_a_token_brings_its_actor(database, clock):
    account = add(database, rights=["publish", "edit"], region="qdr-1", authority="qda-1")
    token = issue(database, account)
    actor = authenticate(database, token)
    assert actor == Actor(account.id, "zhang", frozenset({"edit", "publish"}), "qdr-1", "qda-1")


def test_a_token_is_stored_as_a_hash(database, clock):
    token = issue(database, add(database))
    with database.reading() as session:
        stored = list(session.connection().exec_driver_sql("SELECT * FROM token").one())
    assert token.startswith("qdt_")
    assert not any(token in str(value) or token[4:] in str(value) for value in stored)


def test_a_bad_token_is_refused_alike_whatever_is_wrong(database, clock):
    account = add(database)
    expired, revoked = issue(database, account, days=1), issue(database, account)
    with database.writing() as session:
        accounts.revoke_tokens(session, accounts.find_account(session, "zhang"))
    locked = issue(database, add(database, "li"))
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE account SET locked = 1 WHERE name = 'li'")
    messages = set()
    for token in (expired, revoked, locked, "qdt_unknown", ""):
        with pytest.raises(Unauthenticated) as refusal:
            authenticate(database, token)
        messages.add((refusal.value.code, refusal.value.message))
    assert len(messages) == 1


def test_a_token_ends_on_its_moment(database, clock):
    token = issue(database, add(database), days=1)
    clock.step(86_400_000_000 - 1)
    authenticate(database, token)
    clock.step(1)
    with pytest.raises(Unauthenticated):
        authenticate(database, token)


def test_revoking_says_how_many(database, clock):
    account = add(database)
    for _ in range(3):
        issue(database, account)
    with database.writing() as session:
        assert accounts.revoke_tokens(session, accounts.find_account(session, "zhang")) == 3
    with database.writing() as session:
        assert accounts.revoke_tokens(session, accounts.find_account(session, "zhang")) == 0


def test_refusals(database, clock):
    add(database, "demo", locked=True)
    refusals = [
        (Invalid, "unknown-right", lambda s: accounts.add_account(s, "x", ["rule"])),
        (Invalid, "incompatible-rights", lambda s: accounts.add_account(s, "x", ["administer", "audit"])),
        (Invalid, "account-name", lambda s: accounts.add_account(s, "", ["edit"])),
        (Invalid, "account-name", lambda s: accounts.add_account(s, "李\u3000明", ["edit"])),
        (Conflict, "account-exists", lambda s: accounts.add_account(s, "demo", [])),
        (NotFound, "unknown-account", lambda s: accounts.find_account(s, "nobody")),
        (Conflict, "account-locked", lambda s: accounts.issue_token(s, accounts.find_account(s, "demo"))),
    ]
    for kind, code, attempt in refusals:
        with pytest.raises(kind) as refusal, database.writing() as session:
            attempt(session)
        assert refusal.value.code == code
        assert refusal.value.message.endswith("。")


@pytest.mark.parametrize("right", RIGHTS)
def test_a_right_is_required_by_name(right):
    Actor(1, "甲", frozenset({right})).require(right)
    COMMAND_LINE.require(right)
    with pytest.raises(Forbidden) as refusal:
        Actor(1, "甲", frozenset(RIGHTS) - {right}).require(right)
    assert RIGHTS[right] in refusal.value.message


def test_scope():
    everywhere = Actor(1, "甲")
    organ = Actor(1, "甲", authority="qda-1")
    place = Actor(1, "甲", region="qdr-1")
    both = Actor(1, "甲", authority="qda-1", region="qdr-1")
    inside, outside = frozenset({"qdr-0", "qdr-1", "qdr-2"}), frozenset({"qdr-0"})
    assert everywhere.covers(None, frozenset())
    assert (organ.covers("qda-1", outside), organ.covers("qda-2", inside), organ.covers(None, inside)) == (
        True,
        False,
        False,
    )
    assert (place.covers("qda-2", inside), place.covers("qda-2", outside)) == (True, False)
    assert (both.covers("qda-1", inside), both.covers("qda-1", outside), both.covers("qda-2", inside)) == (
        True,
        False,
        False,
    )


# --- the access log -----------------------------------------------------------------------------------------


def access_log(database):
    with database.reading() as session:
        rows = session.connection().exec_driver_sql(
            "SELECT event, account, subject FROM access_log ORDER BY id"
        )
        return [tuple(row) for row in rows]


def test_what_is_done_to_accounts_is_recorded(database, clock):
    account = add(database)
    issue(database, account)
    with database.writing() as session:
        accounts.revoke_tokens(session, accounts.find_account(session, "zhang"))
    assert access_log(database) == [
        ("account-added", account.id, "zhang"),
        ("token-issued", account.id, None),
        ("tokens-revoked", account.id, None),
    ]


@pytest.mark.parametrize(("asked", "kept"), [(6, 6), (0, 6), (12, 12)])
def test_pruning_has_the_laws_floor(database, clock, asked, kept):
    with database.writing() as session:
        for months in (13, 11, 7, 5):
            clock.step(-months * MONTH)
            log.record_access(session.connection(), "sign-in", note=str(months))
            clock.step(months * MONTH)
    with database.writing() as session:
        assert log.prune_access(session.connection(), asked) == sum(m > kept for m in (13, 11, 7, 5))
