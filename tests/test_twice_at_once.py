"""What counts once counts once though it comes twice at the same moment: on PostgreSQL, where two may write at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pyotp
import pytest
from awaiting import wait_for
from registry import TODAY, make_office
from sqlalchemy import text
from sqlmodel import Session

from app import log, unsaved
from app.auth import sign_on, signing_in
from app.auth.accounts import add_account, find_account
from app.auth.models import SignOn
from app.auth.passwords import POLICIES
from app.auth.provider import challenge_of
from app.auth.signing_in import Limits, Present
from app.changes import drafts
from app.checks import exceptions
from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep
from app.db import Database, lock_publishing
from app.errors import Conflict, Forbidden
from app.exchange import seeding
from app.migrating import migrate

PHRASE, ASVS = "lamps under the old bridge", POLICIES["asvs"]
Doing = Callable[[Session], Any]


class Second:
    """Does it in a thread, and waits until that waits for a lock or has done it. ``got``: what came of it."""

    def __init__(self, database: Database, do: Callable[[], Any]) -> None:
        self.got: list[Any] = []
        self._database, self._do = database, do
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        wait_for(lambda: bool(self.got) or self.waits())

    def waits(self) -> bool:
        with self._database.reading() as session:
            asked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(session.connection().execute(asked).scalar())

    def end(self) -> Any:
        self._thread.join(60)
        return self.got[0]

    def _run(self) -> None:
        try:
            self.got.append(self._do())
        except Exception as error:
            self.got.append(error)


def twice(database: Database, do: Doing) -> list[Any]:
    """What comes of it in a transaction and in another, which is begun before the first has ended; an error where it
    was refused."""

    def whole() -> Any:
        with database.writing() as session:
            return do(session)

    with database.writing() as session:
        first = do(session)
        session.flush()
        second = Second(database, whole)
    return [first, second.end()]


@pytest.fixture
def secret(postgresql: Database, clock: Any) -> str:
    """Of the authenticator of liming, whose second factor is asked for."""
    with postgresql.writing() as session:
        signing_in.set_password(session, add_account(session, "liming", ["edit"]), PHRASE, ASVS)
    present = signed_in(postgresql)
    with postgresql.writing() as session:
        made = pyotp.parse_uri(signing_in.begin_totp(session, present)).secret
        signing_in.confirm_totp(session, present, code_of(made))
    clock.step(60_000_000)
    return made


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).at(log.now_microseconds() // 1_000_000)


def signed_in(database: Database) -> Present:
    cookie, _ = signing_in.sign_in(database, "liming", PHRASE)
    with database.reading() as session:
        return signing_in.who(session, cookie, ASVS, Limits())


def test_a_code_opens_one_session(postgresql: Database, secret: str) -> None:
    doors = [signed_in(postgresql), signed_in(postgresql)]
    got = twice(
        postgresql, lambda session: signing_in.give_code(session, doors.pop(), code_of(secret), "127.0.0.1")
    )
    assert got == ["", "验证码不对或已经用过，请等验证器换一个再输入。"]


def test_wrong_codes_given_together_use_up_the_tries(postgresql: Database, secret: str) -> None:
    door = signed_in(postgresql)

    def wrong(session: Session) -> str:
        return signing_in.give_code(session, door, "none", "127.0.0.1")

    for _ in range(4):
        with postgresql.writing() as session:
            wrong(session)
    fifth, sixth = twice(postgresql, wrong)
    assert "验证码不对" in fifth
    assert "连续输错太多次" in sixth


def test_an_authenticator_is_set_up_with_one_secret(postgresql: Database, clock: Any) -> None:
    with postgresql.writing() as session:
        signing_in.set_password(session, add_account(session, "liming", ["edit"]), PHRASE, ASVS)
    present = signed_in(postgresql)
    first, second = twice(postgresql, lambda session: signing_in.begin_totp(session, present))
    assert first == second


def test_a_way_to_the_provider_is_taken_up_once(postgresql: Database, clock: Any) -> None:
    with postgresql.writing() as session:
        begun = {"nonce": "n", "verifier": "v", "back": "http://127.0.0.1/office/sign-on", "kept": "[]"}
        session.add(
            SignOn(
                state=challenge_of("s"), browser=challenge_of("b"), created_at=log.now_microseconds(), **begun
            )
        )
    first, second = twice(postgresql, lambda session: sign_on.take_up(session, "s", "b").nonce)
    assert first == "n"
    assert isinstance(second, Forbidden)


def test_a_form_is_kept_twice_at_once(postgresql: Database, clock: Any) -> None:
    with postgresql.writing() as session:
        account = add_account(session, "liming", ["edit"]).id or 0
    words = ["later", "sooner"]

    def keep(session: Session) -> str:
        return unsaved.keep(session, account, "/office/items/new", [("name", words.pop())]).fields

    first, second = twice(postgresql, keep)
    assert (first, second) == ('[["name", "sooner"]]', '[["name", "later"]]')
    with postgresql.reading() as session:
        found = unsaved.kept(session, account, "/office/items/new")
    assert found is not None
    assert found.fields == second


def test_a_migration_waits_for_another(postgresql: Database) -> None:
    with postgresql.writing() as session:
        lock_publishing(session.connection())
        second = Second(postgresql, lambda: migrate(postgresql))
        assert not second.got
    assert second.end() is None


def test_two_that_seed_at_once_do_it_together(
    postgresql: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = {"kind": "region", "ref": "r1", "content": {"schema": 1, "name": "某区", "level": "county"}}
    change = {
        "ref": "c1",
        "title": "设立一个区",
        "reason": "补录",
        "decisions": [
            {"outcome": "found", "effective_from": "2020-01-01", "words": "设立", "record": region}
        ],
    }
    real, seconds = drafts.draft, list[Second]()

    def beside(*asked: Any) -> Any:
        if not seconds:
            seconds.append(Second(postgresql, load))
        return real(*asked)

    def load() -> int:
        return seeding.load(postgresql, "2026-09-28", "small", [], [change])

    monkeypatch.setattr(drafts, "draft", beside)
    assert load() == 1
    assert seconds[0].end() == 0


def test_a_name_is_given_to_one_account(postgresql: Database, clock: Any) -> None:
    _, second = twice(postgresql, lambda session: add_account(session, "liming", ["edit"]))
    assert isinstance(second, Conflict)


def test_a_person_of_the_provider_is_linked_to_one_account(postgresql: Database, clock: Any) -> None:
    with postgresql.writing() as session:
        names = [add_account(session, name, ["edit"]).name for name in ("zhouqi", "liming")]

    def link(session: Session) -> str:
        sign_on.link(session, find_account(session, names.pop()), "https://id.example", "sub-1")
        return "linked"

    first, second = twice(postgresql, link)
    assert (first, getattr(second, "code", None)) == ("linked", "identity-linked")
    assert "liming" in second.message


def test_an_exception_is_granted_and_ended_once(postgresql: Database, clock: Any) -> None:
    office = make_office(postgresql)
    sweep(postgresql, TODAY, STANDARD)
    asked = (office.items[0], "no-citation", "citations", "依法如此", TODAY)
    number, refused = twice(postgresql, lambda session: exceptions.grant(session, office.reviewer, *asked).id)
    assert (refused.code, office.count("check_exception")) == ("already-excepted", 1)
    people = [office.reviewer, office.person("second", "review")]
    first, refused = twice(
        postgresql, lambda session: exceptions.end(session, people.pop(), number, TODAY).ended_by
    )
    assert refused.code == "already-ended"
    assert office.scalars("SELECT ended_by FROM check_exception") == [first]
