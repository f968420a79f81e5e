"""Signing in to the microsecond: the moment before a limit, and the limit."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest
from test_signing_in import ASVS, DJBH3, MINUTE, PHRASE, Door

from app.auth import signing_in
from app.auth.accounts import find_account
from app.auth.delays import FIRST_SECONDS, FREE, LONGEST_SECONDS, SECOND
from app.auth.passwords import DAY, LONGEST, check
from app.auth.signing_in import Limits, Present
from app.db import Database
from app.errors import Invalid, Unauthenticated

STEP = 30 * SECOND
WORDS = "lamps under the old bridge at night "


@pytest.fixture
def door(database: Database, clock: Any) -> Door:
    return Door(database, clock)


# --- sessions


def use(door: Door, text: str | None) -> Present:
    present = door.who(text)
    with door.database.writing() as session:
        signing_in.seen(session, present)
    return present


def test_a_session_that_is_not_used_ends_at_its_idle_limit(door: Door) -> None:
    text, _ = door.sign_in()
    door.wait(30 * MINUTE - 1)
    use(door, text)  # begins anew
    door.wait(30 * MINUTE - 1)
    door.who(text)
    door.wait(1)
    with pytest.raises(Unauthenticated):
        door.who(text)


def test_a_session_in_use_ends_at_its_absolute_limit(door: Door) -> None:
    limits = Limits(idle=30, absolute=60)
    text, _ = door.sign_in()
    for _ in range(2):
        door.wait(30 * MINUTE - 1)
        use(door, text)
    door.wait(1)
    door.who(text, limits=limits)
    door.wait(1)
    with pytest.raises(Unauthenticated):
        door.who(text, limits=limits)
    door.who(text)  # by a longer limit it goes on


# --- wrong tries


def test_the_wait_after_wrong_passwords_grows_and_ends_to_the_microsecond(door: Door) -> None:
    for _ in range(FREE - 1):
        door.sign_in("wrong")
    seconds, waits = FIRST_SECONDS, []
    for _ in range(8):
        assert door.sign_in("wrong") == (None, signing_in.BAD)
        waits.append(seconds)
        door.wait(seconds * SECOND - 1)
        assert door.sign_in() == (None, "密码连续输错太多次，请 1 秒后再试。"), seconds
        door.wait(1)
        seconds = min(2 * seconds, LONGEST_SECONDS)
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800]
    assert door.sign_in()[0] is not None
    for _ in range(FREE - 1):
        assert door.sign_in("wrong") == (None, signing_in.BAD)
    assert door.sign_in()[0] is not None, "counted anew"


# --- the second factor


@pytest.fixture
def secret(door: Door) -> str:
    """Of an authenticator that was shown to work, long ago; the clock stands at the beginning of a step."""
    present = door.who(door.sign_in()[0])
    with door.database.writing() as session:
        found = pyotp.parse_uri(signing_in.begin_totp(session, present)).secret
    with door.database.writing() as session:
        signing_in.confirm_totp(session, present, code(found, door))
    door.wait(10 * STEP - door.clock.now % STEP)
    return found


def code(secret: str, door: Door, later: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(door.clock.now // STEP + later)


def give(door: Door, text: str) -> str:
    """What a session of its own is told that gives this code."""
    waiting = door.who(door.sign_in()[0])
    assert waiting.step == "code"
    with door.database.writing() as session:
        return signing_in.give_code(session, waiting, text)


@pytest.mark.parametrize(("later", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_codes_of_one_step_before_and_after_are_taken(
    door: Door, secret: str, later: int, taken: bool
) -> None:
    assert (give(door, code(secret, door, later)) == "") == taken


def test_a_code_ends_with_the_step_after_its_own(door: Door, secret: str) -> None:
    first = code(secret, door)
    door.wait(2 * STEP - 1)
    assert give(door, first) == ""
    door.wait(10 * STEP + 1)
    other = code(secret, door)
    door.wait(2 * STEP)
    assert give(door, other) != ""


def test_no_code_is_taken_twice_nor_one_before_it(door: Door, secret: str) -> None:
    codes = [code(secret, door, later) for later in (-1, 0, 1)]
    assert give(door, codes[1]) == ""
    assert "已经用过" in give(door, codes[1])
    assert "已经用过" in give(door, codes[0]), "whoever looked over a shoulder has it too"
    assert give(door, codes[2]) == ""


def test_wrong_codes_lock_out_as_wrong_passwords_do(door: Door, secret: str) -> None:
    waiting = [door.who(door.sign_in()[0]) for _ in range(2)]

    def give_here(text: str, which: int = 0) -> str:
        with door.database.writing() as session:
            return signing_in.give_code(session, waiting[which], text)

    for _ in range(FREE):
        assert give_here("000000").startswith("验证码不对")
    blocked = "验证码连续输错太多次，请 {} 秒后再试。"
    assert give_here(code(secret, door), which=1) == blocked.format(30), "in another browser too"
    door.wait(FIRST_SECONDS * SECOND - 1)
    assert give_here(code(secret, door)) == blocked.format(1)
    door.wait(1)
    assert give_here(code(secret, door)) == ""


# --- both policies


@pytest.mark.parametrize(("policy", "shortest", "words"), [(ASVS, 12, WORDS), (DJBH3, 8, "Tx7-uwqmzkv")])
def test_a_password_is_as_long_as_its_policy_asks(policy: Any, shortest: int, words: str) -> None:
    check(words[:shortest], policy, [])
    with pytest.raises(Invalid, match=f"至少要 {shortest} 个字符"):
        check(words[: shortest - 1], policy, [])
    longest = (WORDS + "Tx7-" + WORDS * 10)[:LONGEST]
    check(longest, policy, [])
    with pytest.raises(Invalid, match=f"至多 {LONGEST} 个字符"):
        check(longest + "x", policy, [])


@pytest.mark.parametrize(("text", "taken"), [("kx7-uwqm", True), ("kxu-uwqm", False), ("KXU7UWQM", False)])
def test_three_kinds_of_characters_are_asked_for_by_one_policy(text: str, taken: bool) -> None:
    if taken:
        check(text, DJBH3, [])
        return
    with pytest.raises(Invalid, match="至少要有 3 种"):
        check(text, DJBH3, [])
    check(text * 2, ASVS, [])


def test_a_password_is_to_be_changed_from_its_ninetieth_day_by_one_policy(door: Door) -> None:
    door.wait(90 * DAY - 1)
    text, _ = door.sign_in()
    assert door.who(text, DJBH3).step is None
    door.wait(1)
    assert door.who(text, DJBH3).step == "password"
    assert door.who(text, ASVS).step is None


def test_the_last_five_come_not_again_and_the_one_before_them_does(door: Door) -> None:
    def becomes(text: str) -> None:
        with door.database.writing() as session:
            signing_in.set_password(session, find_account(session, "liming"), text, DJBH3)

    used = [f"Lamps-under-{number}" for number in range(6)]
    for text in used:
        becomes(text)
    for text in used[1:]:
        with pytest.raises(Invalid, match="最近 5 次"):
            becomes(text)
    becomes(used[0])
    with door.database.writing() as session:  # the other policy keeps none from coming again
        signing_in.set_password(session, find_account(session, "liming"), PHRASE, ASVS)
        signing_in.set_password(session, find_account(session, "liming"), PHRASE, ASVS)
