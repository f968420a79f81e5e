"""A history of many revisions: in pages, none of them heavy."""

from __future__ import annotations

import datetime as dt
import zlib

from reading import BROWSER, Page, read
from seeded import FELLING, Living

from app.changes import kinds
from app.db import lock_publishing
from app.versions.orders import Act, Order, Part
from app.versions.recording import record
from app.web.history import LONG

MANY = 1_000


def lengthen(living: Living, item: str, many: int) -> None:
    """So many adjustments, one a day, in one publication."""
    first = dt.date(2027, 2, 1)
    acts = []
    for number in range(many):
        day = (first + dt.timedelta(days=number)).isoformat()
        change = {"op": "set", "path": "promised_limit/value", "value": number + 1}
        acts.append(Act("adjust", [Part(item, day, changes=[change])]))
    with living.database.writing() as session:
        connection = session.connection()
        lock_publishing(connection)
        record(connection, Order("routine", acts=acts, statement={"title": "逐日调整"}), kinds.describe)


def test_a_long_history_is_paged_and_light(living_sqlite: Living) -> None:
    item = living_sqlite.item_called(FELLING)
    lengthen(living_sqlite, item, MANY)
    answer = living_sqlite.client.get(f"/items/{item}", headers=BROWSER)
    assert answer.status_code == 200
    assert len(zlib.compress(answer.content)) < 60_000
    first = Page(answer.text)
    assert f"第 1 / {MANY // LONG + 1} 页" in first.words
    second = read(living_sqlite, first.link("更早的").partition("#")[0])
    assert f"第 2 / {MANY // LONG + 1} 页" in second.words
    last = read(living_sqlite, f"/items/{item}", history=str(MANY // LONG + 1))
    assert "情形不明：来源没有说明起始日" in last.words
    assert "情形不明：来源没有说明起始日" not in first.words
    days = [href for page in (first, second) for href, words in page.links if words == "与上一版"]
    assert len(days) == len(set(days)) == 2 * LONG
