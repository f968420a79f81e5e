"""An order is of those in whose scope the content is, both of them; what belongs to no one subject is of the whole."""

from __future__ import annotations

from typing import Any

import pytest
from registry import TODAY, adjust

from app import files
from app.auth.actor import Actor
from app.changes.redacting import redact
from app.errors import Forbidden

WATERS, TRAFFICS = 0, 2
"""Of the office's items, one of each organ."""


@pytest.fixture
def pair(office: Any) -> tuple[Actor, Actor]:
    """Two people of the water bureau who publish."""
    return tuple(office.person(name, "publish", authority=office.water) for name in ("甲某", "乙某"))


def content_of(office: Any, item: str) -> str:
    found = office.scalars(
        f"SELECT content FROM timeline WHERE subject_id = '{item}' AND content IS NOT NULL"
    )
    return str(found[-1])


def order(office: Any, people: tuple[Actor, Actor], content: str) -> None:
    with office.database.writing() as session:
        redact(session, *people, content, "1号令", "隐私")


def refused(office: Any, people: tuple[Actor, Actor], content: str) -> Forbidden:
    with pytest.raises(Forbidden) as refusal:
        order(office, people, content)
    assert refusal.value.code == "out-of-scope"
    assert office.scalars("SELECT count(*) FROM redaction") == [0]
    return refusal.value


def test_what_is_another_organs_is_not_theirs_to_redact(office, pair):
    theirs, others = (content_of(office, office.items[place]) for place in (WATERS, TRAFFICS))
    assert "管理范围" in refused(office, pair, others).message
    other = office.person("丙某", "publish", authority=office.traffic)
    for people in ((pair[0], other), (other, pair[0])):
        refused(office, people, theirs)
        refused(office, people, others)
    order(office, pair, theirs)
    order(office, (office.publisher, office.person("丁某", "publish")), others)
    assert office.verify().ok


def test_whose_it_was_on_the_days_that_show_it_counts(office, pair):
    """What was the water bureau's until it went to another stays theirs; what the other made of it does not."""
    item = office.items[WATERS]
    before = content_of(office, item)
    gone = {"outcome": "transfer", "subject": item, "effective_from": "2026-10-01"}
    gone["changes"] = [{"op": "set", "path": "authority", "value": office.traffic}]
    office.publish_change(gone)
    refused(office, pair, content_of(office, item))
    order(office, pair, before)


def test_a_change_is_of_its_subject(office, pair):
    changes = {}
    for place in (WATERS, TRAFFICS):
        office.publish_change(adjust(office.items[place], TODAY, 5))
        query = f"SELECT changes FROM decision WHERE subject_id = '{office.items[place]}' ORDER BY seq DESC"
        changes[place] = office.scalars(query)[0]
    if changes[WATERS] == changes[TRAFFICS]:  # the same words of both
        refused(office, pair, changes[WATERS])
        office.publish_change(adjust(office.items[WATERS], TODAY, 6))
        query = f"SELECT changes FROM decision WHERE subject_id = '{office.items[WATERS]}' ORDER BY seq DESC"
        changes[WATERS] = office.scalars(query)[0]
    order(office, pair, changes[WATERS])


def test_a_region_holds_what_lies_in_it(office):
    below = tuple(office.person(name, "publish", region=office.town) for name in ("甲某", "乙某"))
    whole = tuple(office.person(name, "publish", region=office.district) for name in ("丙某", "丁某"))
    content = content_of(office, office.items[WATERS])
    refused(office, below, content)
    order(office, whole, content)


@pytest.mark.parametrize("what", ["statement", "file"])
def test_what_belongs_to_no_one_subject_is_of_the_whole(office, pair, tmp_path, what):
    office.publish_change(adjust(office.items[WATERS], TODAY, 5) | {"words": "第一项"})
    if what == "file":
        with office.database.writing() as session:
            body = "甲的文件".encode()
            content = files.store(session, tmp_path, "一.txt", "text/plain", body, 1 << 20).digest
    else:
        content = office.scalars("SELECT statement FROM decision WHERE statement IS NOT NULL")[0]
    refused(office, pair, content)
    order(office, (office.publisher, office.person("丁某", "publish")), content)
