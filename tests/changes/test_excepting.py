"""What a check finds in a draft is let stand with a reason, by a second person, before it is published."""

from __future__ import annotations

from typing import Any

import pytest
from registry import TODAY, Office, item_content

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import drafts, excepting, rehearsing, rows
from app.checks import exceptions
from app.checks.catalogue import STANDARD, Rules
from app.checks.models import CheckException
from app.checks.queries import Wanted, findings
from app.checks.sweeping import sweep
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused, RegistryError

CODE, PLACE = "vague-material", "materials/m9/name"
WORDS = {"key": "m9", "name": "其他相关证明材料"}
LATER = "2031-01-01"
RULES = Rules(block=frozenset({CODE}))


def added(office: Office, authority: str, day: str = TODAY) -> str:
    """A draft that adds an item with a material that a regulation words so."""
    content = item_content("取水许可（新）", authority, office.district, materials=[WORDS])
    return office.draft({"outcome": "add", "effective_from": day, "content": content}).id


def changed(office: Office) -> str:
    change = {"op": "add", "path": "materials", "value": WORDS}
    body = {"outcome": "adjust", "subject": office.items[0], "effective_from": TODAY, "changes": [change]}
    return office.draft(body).id


def subject_in(office: Office, changeset: str) -> str:
    with office.database.reading() as session:
        (row,) = rows.decisions(session, rows.find(session, changeset))
    return str(decode(row.body)["subject"])


def grant(office: Office, changeset: str, actor: Actor | None = None, **asked: Any) -> int:
    given = {"subject": subject_in(office, changeset), "code": CODE, "path": PLACE, "reason": "规章原文如此"}
    with office.database.writing() as session:
        made = excepting.let_stand(session, actor or office.reviewer, changeset, **given | asked, today=TODAY)
        assert made.id
        return made.id


def submit(office: Office, changeset: str) -> None:
    with office.database.writing() as session:
        drafts.submit(session, office.editor, changeset, None, TODAY, RULES)


def is_held_up(office: Office, changeset: str) -> bool:
    """As submitting says, and as the page of its effects."""
    with office.database.reading() as session:
        worked = rehearsing.rehearse(session, changeset, TODAY, rules=RULES)
    told = CODE in {one["code"] for one in worked["findings"]}
    try:
        with office.database.writing() as session:
            drafts.submit(session, office.editor, changeset, None, TODAY, RULES)
            raise Undone
    except Undone:
        assert not told
        return False
    except Refused as refusal:
        assert told
        return refusal.code == CODE


class Undone(Exception):
    pass


def refusal_of(error: type[RegistryError], office: Office, changeset: str, *who: Actor, **asked: Any) -> str:
    with pytest.raises(error) as refused:
        grant(office, changeset, *who, **asked)
    return str(refused.value.code)


@pytest.mark.parametrize("adds", [True, False])
def test_what_is_let_stand_in_a_draft_is_published_and_holds_from_then_on(office: Office, adds: bool) -> None:
    changeset = added(office, office.water) if adds else changed(office)
    assert is_held_up(office, changeset)
    grant(office, changeset)
    assert not is_held_up(office, changeset)
    submit(office, changeset)
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, changeset)
    office.publish(changeset, rules=RULES)
    sweep(office.database, TODAY, STANDARD)
    item = subject_in(office, changeset)

    def places(excepted: bool) -> list[str]:
        with office.database.reading() as session:
            asked = Wanted(item=item, code=CODE, excepted=excepted)
            return [row["path"] for row in findings(session.connection(), asked, ("", -1), 50)]

    assert (places(True), places(False)) == ([PLACE], [])
    with office.database.reading() as session:
        (held,) = exceptions.exceptions(session, 10)
        course = [one.event for one in rows.events(session, rows.find(session, changeset))]
    assert (held.subject, held.reason, held.account) == (item, "规章原文如此", office.reviewer.account)
    assert course == ["drafted", "excepted", "submitted", "approved", "published"]


def test_it_excuses_nothing_else_and_nothing_once_the_draft_is_withdrawn(office: Office) -> None:
    first, second = changed(office), changed(office)
    grant(office, first)
    assert not is_held_up(office, first)
    assert is_held_up(office, second), "of the same item, by another draft"
    assert refusal_of(Conflict, office, first) == "already-excepted"
    with office.database.writing() as session:
        drafts.withdraw(session, office.editor, first, "不办了")
    assert is_held_up(office, second)
    with office.database.reading() as session:
        assert exceptions.exceptions(session, 10) == []
        assert not exceptions.granted(session.connection(), [office.items[0]])
    assert refusal_of(Conflict, office, first) == "wrong-state"


def test_who_may_let_it_stand(office: Office) -> None:
    changeset = added(office, office.traffic)
    both = office.person("both", "edit", "review")
    with office.database.writing() as session:
        drafts.submit(session, both, changeset, None, TODAY)  # whoever submits it has a hand in it
    assert refusal_of(Forbidden, office, changeset, both) == "four-eyes"
    assert refusal_of(Forbidden, office, changeset, office.editor) == "missing-right"
    other = office.person("other", "review", authority=office.water)
    assert refusal_of(Forbidden, office, changeset, other) == "out-of-scope"
    assert refusal_of(NotFound, office, changeset, subject=office.items[0]) == "unknown-subject"
    assert refusal_of(Invalid, office, changeset, reason=" ") == "reason-needed"
    assert refusal_of(Invalid, office, changeset, path="") == "path-needed"
    nowhere = refusal_of(Conflict, office, changeset, path="materials/m8/name")
    assert nowhere == "nothing-found", "or whoever edits and reviews excuses by it what their own draft adds"
    grant(office, changeset, office.person("own", "review", authority=office.traffic))


def test_it_is_taken_back_while_the_draft_is_on_its_way(office: Office) -> None:
    changeset, another = added(office, office.traffic), changed(office)
    number = grant(office, changeset)

    def end(actor: Actor, of: str) -> CheckException:
        with office.database.writing() as session:
            return excepting.end(session, actor, of, number)

    with pytest.raises(Forbidden):
        end(office.person("other", "review", authority=office.water), changeset)
    with pytest.raises(NotFound):
        end(office.reviewer, another)
    assert end(office.reviewer, changeset).ended_by == office.reviewer.account
    assert is_held_up(office, changeset)
    with pytest.raises(Conflict):
        end(office.reviewer, changeset)


def test_of_an_item_of_a_later_day_it_is_taken_back_before_that_day(office: Office) -> None:
    changeset = added(office, office.water, LATER)
    number = grant(office, changeset)
    submit(office, changeset)
    with office.database.writing() as session:
        drafts.approve(session, office.reviewer, changeset)
    office.publish(changeset, rules=RULES)
    with office.database.writing() as session:
        ended = exceptions.end(session, office.reviewer, number, TODAY)
        assert ended.ended_by == office.reviewer.account
