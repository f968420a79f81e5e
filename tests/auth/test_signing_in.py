"""Signing in, second factor, sessions: at their boundaries, by a clock that is set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyotp
import pytest

from app.auth import signing_in
from app.auth.accounts import add_account, find_account
from app.auth.models import Credential
from app.auth.passwords import DAY, POLICIES
from app.auth.signing_in import Limits, Present
from app.db import Database
from app.errors import Forbidden, Invalid, NotFound, Unauthenticated

PHRASE = "lamps under the old bridge"
ASVS, DJBH3 = POLICIES["asvs"], POLICIES["djbh3"]
MINUTE = 60_000_000


class Door:
    """One person at the door of one registry."""

    def __init__(self, database: Database, clock: Any) -> None:
        self.database, self.clock = database, clock
        with database.writing() as session:
            account = add_account(session, "liming", ["edit"], display_name="李明")
            signing_in.set_password(session, account, PHRASE, ASVS)

    def sign_in(self, password: str = PHRASE, name: str = "liming") -> tuple[str | None, str]:
        return signing_in.sign_in(self.database, name, password, "127.0.0.1", "test")

    def who(self, text: str | None, policy: Any = ASVS, limits: Limits = Limits()) -> Present:
        with self.database.reading() as session:
            return signing_in.who(session, text, policy, limits)

    def wait(self, microseconds: int) -> None:
        self.clock.step(microseconds)

    def events(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.connection().exec_driver_sql("SELECT event FROM access_log ORDER BY id")
            return [row[0] for row in rows]


@pytest.fixture
def door(database: Database, clock: Any) -> Door:
    return Door(database, clock)


def test_the_right_password_opens_a_session(door: Door) -> None:
    text, said = door.sign_in()
    assert said == ""
    present = door.who(text)
    assert (present.actor.name, present.step) == ("liming", None)
    assert door.events()[-1] == "signed-in"


@pytest.mark.parametrize(("name", "password"), [("liming", "wrong"), ("nobody", PHRASE)])
def test_a_wrong_password_and_an_unknown_name_are_told_alike(door: Door, name: str, password: str) -> None:
    assert door.sign_in(password, name) == (None, signing_in.BAD)
    assert door.events()[-1] == "sign-in-refused"


def test_five_wrong_ones_lock_out_for_a_while_and_the_right_one_too(door: Door) -> None:
    for _ in range(5):
        door.sign_in("wrong")
    assert door.sign_in() == (None, "密码连续输错太多次，请 30 秒后再试。")
    door.wait(29_000_000)
    assert door.sign_in()[0] is None
    door.wait(1_000_000)
    assert door.sign_in()[0] is not None
    assert door.sign_in("wrong") == (None, signing_in.BAD)  # counted anew


def test_no_session_and_a_made_up_one_are_refused(door: Door) -> None:
    for text in (None, "", "made up"):
        with pytest.raises(Unauthenticated):
            door.who(text)


def test_a_session_ends_when_unused_and_in_any_case(door: Door) -> None:
    text, _ = door.sign_in()
    for _ in range(23):
        door.wait(30 * MINUTE - 1)
        present = door.who(text)
        with door.database.writing() as session:
            signing_in.seen(session, present)
    door.wait(30 * MINUTE - 1)
    door.who(text)
    door.wait(24)
    with pytest.raises(Unauthenticated):
        door.who(text)  # twelve hours
    text, _ = door.sign_in()
    door.wait(30 * MINUTE)
    with pytest.raises(Unauthenticated):
        door.who(text)


def test_signing_out_here_and_everywhere(door: Door) -> None:
    one, other, third = (door.sign_in()[0] for _ in range(3))
    with door.database.writing() as session:
        signing_in.sign_out(session, door.who(one))
    with pytest.raises(Unauthenticated):
        door.who(one)
    with door.database.writing() as session:
        kept = door.who(other).session
        assert signing_in.end_sessions(session, find_account(session, "liming"), keep=kept) == 1
    door.who(other)
    with pytest.raises(Unauthenticated):
        door.who(third)


def test_one_session_is_ended_by_its_own_person_alone(door: Door) -> None:
    texts = [door.sign_in()[0] for _ in range(3)]
    one, other, third = (door.who(text) for text in texts)
    stranger = replace(other, actor=replace(other.actor, account=other.actor.account + 1))
    for who, number in ((stranger, one.session), (other, 999)):
        with door.database.writing() as session, pytest.raises(NotFound):
            signing_in.end_session(session, who, number)
    with door.database.writing() as session:
        signing_in.end_session(session, other, one.session)
    with pytest.raises(Unauthenticated):
        door.who(texts[0])
    for text in texts[1:]:
        door.who(text)
    with door.database.writing() as session, pytest.raises(NotFound):
        signing_in.end_session(session, third, one.session)


@pytest.mark.parametrize("policy", [ASVS, DJBH3])
def test_a_password_that_somebody_else_set_is_changed_before_anything_else(door: Door, policy: Any) -> None:
    with door.database.writing() as session:
        account = find_account(session, "liming")
        worked = signing_in.work_out(account, session.get(Credential, account.id), "Geese-fly-9-by", policy)
        signing_in.keep_password(session, account, worked, given=True)
    text, _ = door.sign_in("Geese-fly-9-by")
    present = door.who(text, policy)
    assert present.step == "password"
    with pytest.raises(Invalid, match="管理员设的"):
        signing_in.change_password(door.database, present, "Geese-fly-9-by", "Geese-fly-9-by", policy)
    signing_in.change_password(door.database, present, "Geese-fly-9-by", "Geese-flew-8-by", policy)
    assert door.who(door.sign_in("Geese-flew-8-by")[0], policy).step is None


def test_a_locked_account_is_out_at_once(door: Door) -> None:
    text, _ = door.sign_in()
    with door.database.writing() as session:
        account = find_account(session, "liming")
        account.locked = 1
        session.add(account)
    with pytest.raises(Unauthenticated):
        door.who(text)
    assert door.sign_in() == (None, signing_in.BAD)


def test_a_second_factor_is_asked_for_once_it_was_shown_to_work(door: Door) -> None:
    text, _ = door.sign_in()
    present = door.who(text)
    with door.database.writing() as session:
        secret = pyotp.parse_uri(signing_in.begin_totp(session, present)).secret
    assert door.who(door.sign_in()[0]).step is None  # not confirmed yet
    with door.database.writing() as session, pytest.raises(Invalid):
        signing_in.confirm_totp(session, present, "000000")
    with door.database.writing() as session:
        signing_in.confirm_totp(session, present, code_of(secret, door))
    door.wait(60_000_000)
    waiting = door.who(door.sign_in()[0])
    assert waiting.step == "code"
    code = code_of(secret, door)
    assert give(door, waiting, "123") != ""
    assert give(door, waiting, code) == ""
    again = door.who(door.sign_in()[0])
    assert "已经用过" in give(door, again, code)  # no code twice
    assert give(door, again, code_of(secret, door, 1)) == ""  # a clock that is thirty seconds fast
    assert give(door, again, code_of(secret, door, 3)) != ""


def code_of(secret: str, door: Door, later: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(door.clock.now // 30_000_000 + later)


def give(door: Door, present: Present, code: str) -> str:
    with door.database.writing() as session:
        return signing_in.give_code(session, present, code)


def test_a_password_past_its_time_is_to_be_changed_first(door: Door) -> None:
    door.wait(90 * DAY)
    text, _ = door.sign_in()
    assert door.who(text).step is None
    present = door.who(text, DJBH3)
    assert present.step == "password"
    with pytest.raises(Invalid, match="原密码不对"):
        signing_in.change_password(door.database, present, "wrong", "Other-lamps-8", DJBH3)
    signing_in.change_password(door.database, present, PHRASE, "Other-lamps-8", DJBH3)
    with pytest.raises(Unauthenticated):
        door.who(text, DJBH3)  # signed out everywhere
    with door.database.reading() as session:
        credential = session.get(Credential, present.actor.account)
        assert credential is not None
        assert PHRASE not in credential.password + credential.earlier


def test_an_earlier_password_does_not_come_again(door: Door) -> None:
    with door.database.writing() as session:
        signing_in.set_password(session, find_account(session, "liming"), "Lamps-under-9", DJBH3)
    for again in ("Lamps-under-9", PHRASE.title() + "1"):
        with door.database.writing() as session:
            account = find_account(session, "liming")
            if again == "Lamps-under-9":
                with pytest.raises(Invalid, match="最近 5 次"):
                    signing_in.set_password(session, account, again, DJBH3)
            else:
                signing_in.set_password(session, account, again, DJBH3)


def test_a_session_that_owes_its_code_cannot_change_the_password(door: Door) -> None:
    present = Present(door.who(door.sign_in()[0]).actor, 1, "code")
    with pytest.raises(Forbidden):
        signing_in.change_password(door.database, present, PHRASE, "rain on the tiled roof", ASVS)
