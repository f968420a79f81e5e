"""Whose items of a round an account sees: one rule for the office, the worksheets and the API."""

from __future__ import annotations

import pytest
from holding import opened
from registry import TODAY, item_content, make_office

from app.errors import Forbidden
from app.rounds.worksheets import within, worksheets

LATE = {"timing": "late_entry", "reason": "补录"}


@pytest.fixture
def office(sqlite, clock):
    office = make_office(sqlite)
    content = item_content("镇上的事项", office.water, office.town)
    office.publish_change({"outcome": "add", "effective_from": "2026-05-01", "content": content, **LATE})
    return office


def seen(office, actor, *, brief=False):
    with office.database.reading() as session:
        found = worksheets(session, round_id_of(office), TODAY, brief=brief)
        kept = within(session.connection(), actor, found)
    return sorted(line.name for lines in kept.lines.values() for line in lines)


def round_id_of(office):
    found = office.scalars("SELECT id FROM changeset WHERE kind = 'round'")
    return found[0] if found else opened(office)


@pytest.mark.parametrize("brief", [False, True])
def test_an_account_sees_what_its_authority_and_region_hold(office, brief):
    water = office.person("water", "edit", authority=office.water)
    town = office.person("town", "edit", region=office.town)
    both = office.person("both", "edit", region=office.town, authority=office.water)
    assert seen(office, office.editor, brief=brief) == ["取水许可1", "取水许可2", "取水许可3", "镇上的事项"]
    assert seen(office, water, brief=brief) == ["取水许可1", "取水许可2", "镇上的事项"]
    assert seen(office, town, brief=brief) == ["镇上的事项"]
    assert seen(office, both, brief=brief) == ["镇上的事项"]


def test_who_has_nothing_in_the_round_is_told_so(office):
    nobody = office.person("nobody", "edit", region=office.town, authority=office.traffic)
    with pytest.raises(Forbidden, match="没有账号“nobody”管理范围内的事项"):
        seen(office, nobody, brief=True)
