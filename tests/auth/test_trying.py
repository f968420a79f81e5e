"""Wrong passwords: counted wherever one is asked for, told alike of every name, and worked on outside transactions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlmodel import select

from app.auth import passwords, signing_in, trying
from app.auth.accounts import add_account
from app.auth.models import Stranger
from app.auth.passwords import POLICIES
from app.auth.signing_in import Limits, Present
from app.db import Database
from app.errors import Invalid, TooMany

PHRASE, OTHER = "lamps under the old bridge", "rain on the tiled roof"
ASVS = POLICIES["asvs"]
Asking = Callable[[str], None]


@pytest.fixture
def present(database: Database, clock: Any) -> Present:
    """Somebody who is signed in."""
    with database.writing() as session:
        signing_in.set_password(session, add_account(session, "liming", ["edit"]), PHRASE, ASVS)
        add_account(session, "token-only", ["edit"])
    text, _ = signing_in.sign_in(database, "liming", PHRASE)
    with database.reading() as session:
        return signing_in.who(session, text, ASVS, Limits())


@pytest.fixture(params=["change", "end"])
def ask(request: Any, database: Database, present: Present) -> Asking:
    """Ask with this password for a new one, or for the second factor's end."""
    if request.param == "change":
        return lambda old: signing_in.change_password(database, present, old, OTHER, ASVS, "192.0.2.1")
    return lambda old: signing_in.end_totp(database, present, old, "192.0.2.1")


def noted(database: Database, event: str) -> list[Any]:
    query = f"SELECT note, address FROM access_log WHERE event = '{event}' ORDER BY id"
    with database.reading() as session:
        return [tuple(row) for row in session.connection().exec_driver_sql(query)]


def test_who_is_signed_in_cannot_try_passwords_without_end(
    database: Database, clock: Any, ask: Asking
) -> None:
    for _ in range(5):
        with pytest.raises(Invalid, match="密码不对"):
            ask("wrong")
    with pytest.raises(TooMany, match="请 30 秒后再试"):
        ask(PHRASE)
    wrong = [("wrong-password", "192.0.2.1")] * 5
    assert noted(database, "password-refused") == [*wrong, ("blocked", "192.0.2.1")]
    assert signing_in.sign_in(database, "liming", PHRASE)[0] is None, "counted as those at the door"
    clock.step(30_000_000)
    ask(PHRASE)
    assert signing_in.sign_in(database, "liming", "wrong") == (None, signing_in.BAD), "counted anew"


def test_the_right_password_does_not_count_after_wrong_ones_that_came_with_it(
    database: Database, clock: Any, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = passwords.matches

    def five_wrong_ones_first(text: str, hashed: str | None) -> bool:
        if text == PHRASE:
            for _ in range(5):
                with pytest.raises(Invalid):
                    ask("wrong")
        return real(text, hashed)

    monkeypatch.setattr(passwords, "matches", five_wrong_ones_first)
    with pytest.raises(TooMany, match="请 30 秒后再试"):
        ask(PHRASE)
    assert noted(database, "password-refused")[-1] == ("blocked", "192.0.2.1")


def test_no_password_is_worked_on_while_others_wait_to_write(
    database: Database, clock: Any, ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[bool] = []
    held: list[Database] = []
    writing = Database.writing

    @contextmanager
    def counted(self: Database) -> Iterator[Any]:
        with writing(self) as session:
            held.append(self)
            try:
                yield session
            finally:
                held.pop()

    real = passwords.hasher()

    class Watched:
        def verify(self, *asked: Any) -> bool:
            inside.append(bool(held))
            return real.verify(*asked)

        def hash(self, text: str) -> str:
            inside.append(bool(held))
            return real.hash(text)

    monkeypatch.setattr(Database, "writing", counted)
    monkeypatch.setattr(passwords, "hasher", Watched)
    ask(PHRASE)
    assert inside
    assert not any(inside)


@pytest.mark.parametrize("name", ["nobody", "token-only"])
def test_a_name_that_cannot_sign_in_is_answered_as_one_that_can(
    database: Database, clock: Any, present: Present, name: str
) -> None:
    def answers(name: str) -> list[Any]:
        return [signing_in.sign_in(database, name, "wrong") for _ in range(7)]

    first, second = answers("liming"), answers(name)
    assert first == second
    assert first[4:6] == [(None, signing_in.BAD), (None, "密码连续输错太多次，请 30 秒后再试。")]
    clock.step(30_000_000)
    assert answers("liming") == answers(name), "longer and longer for both"


def test_every_try_takes_the_time_of_a_password(
    database: Database, clock: Any, present: Present, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda text, hashed: bool(tried.append(text)))
    for name in ("liming", "nobody"):
        for _ in range(6):
            signing_in.sign_in(database, name, "wrong")
    assert len(tried) == 12


def test_a_name_that_nobody_has_is_counted_by_all_processes_together(
    database: Database, clock: Any, present: Present
) -> None:
    other = Database(database.url, lock_timeout=10)

    def answers(name: str) -> list[Any]:
        return [signing_in.sign_in(one, name, "wrong") for one in (database, other) * 3]

    assert answers("nobody") == answers("liming")
    other.dispose()


def test_names_that_are_kept_are_bounded(
    database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "MOST_NAMES", 2)
    for name in ("first", "second", "third"):
        clock.step(1)
        signing_in.sign_in(database, name, "wrong")
    with database.writing() as session:
        trying.forget_strangers(session.connection())
        assert len(session.exec(select(Stranger)).all()) == 2
        assert session.get(Stranger, hashlib.sha256(b"first").hexdigest()) is None
