"""What a publication wrote is told as it was rehearsed."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.changes.rehearsing import rehearse
from app.changes.written import written_by

DAY = "2026-10-01"


def published(office, *decisions):
    """(as rehearsed, as written), and the publication."""
    changeset = office.approved(*decisions)
    with office.database.reading() as session:
        rehearsed = rehearse(session, changeset, TODAY, documents=True)["revisions"]
    publication = office.publish(changeset).receipt.publication
    return rehearsed, written(office, publication), publication


def written(office, publication, start=0, limit=100):
    with office.database.reading() as session:
        count, found = written_by(session.connection(), publication, start, limit)
    assert not any(one.pop("redacted") for one in found)
    return found if (start, limit) != (0, 100) else (count, found)


def in_order(revisions):
    return sorted(revisions, key=lambda one: (one["subject"], one["effective_from"]))


@pytest.mark.parametrize("what", ["adjust", "several days", "new with a code", "cancel", "void"])
def test_what_was_written_is_what_was_rehearsed(office, what):
    item = office.items[0]
    office.publish_change(adjust(item, "2026-12-01", 9))
    code = {"scheme": "local", "value": "SC-1"}
    new = {
        "outcome": "add",
        "content": item_content("夜市登记", office.water, office.district),
        "codes": [code],
    }
    decisions = {
        "adjust": [adjust(item, DAY, 5)],
        "several days": [adjust(item, DAY, 5), adjust(office.items[1], "2026-11-01", 6)],
        "new with a code": [new | {"effective_from": DAY}],
        "cancel": [{"outcome": "cancel", "subject": item, "effective_from": DAY, "follow_up": "备案"}],
        "void": [{"outcome": "void", "act": office.acts(item)[-1], "ground": "withdrawn", "reason": "推迟"}],
    }[what]
    rehearsed, (count, told), publication = published(office, *decisions)
    assert count == len(rehearsed) > 0
    assert in_order(told) == in_order(rehearsed)
    office.publish_change(adjust(office.items[1], DAY, 2))  # what comes later changes nothing of it
    assert written(office, publication) == (count, told)
    assert [written(office, publication, start, 1) for start in range(count)] == [[one] for one in told]
