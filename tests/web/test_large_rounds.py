"""The page of a very large round: bounded and paged, whatever it holds."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest
from reading import read
from seeded import Living

from app.rounds.browsing import PAGE, Browsed
from app.web.public import rounds

MOST_BYTES = 60_000
"""Of a page, compressed."""
DECISIONS, ORGANS = 10_000, 600


@pytest.fixture
def large(asking: Living, monkeypatch: pytest.MonkeyPatch) -> str:
    """A round of 600 authorities and 10,000 decisions with names of 200 characters in the words of real ones, all of
    them handed down and owed; what it is asked of is made up, the page is the real one."""
    chance = random.Random(1)
    words = [
        row[0] for row in asking.rows("SELECT DISTINCT name FROM timeline WHERE kind = 'item' ORDER BY name")
    ]
    ids = [f"qdi-{number:07d}x" for number in range(DECISIONS)]

    def name() -> str:
        return "".join(chance.choices(words, k=20))[:200]

    def browse(*_: Any) -> Browsed:
        decisions = [
            {
                "act": number,
                "subject": ids[number],
                "name": name(),
                "role": None,
                "outcome": "devolve",
                "effective_from": "2025-10-01",
                "until": None,
                "voided": None,
                "annex": "附件1",
                "number": str(number),
                "words": f"下放至县级，{name()[:60]}",
                "follow_up": name()[:100],
            }
            for number in range(PAGE)
        ]
        return Browsed(decisions, DECISIONS, {"devolve": DECISIONS}, {})

    def owed(*_: Any) -> dict[str, Any]:
        rows = [
            {"subject": one, "region": f"qdr-{one[4:]}", "authority": f"qda-{one[4:]}", "words": name()[:60],
             "due": "2026-01-01", "provisional": False, "state": "open", "gap": True}
            for one in ids
        ]  # fmt: skip
        counts = {"owed": DECISIONS, "open": DECISIONS, "done": 0, "overdue": 0, "late": 0, "gaps": DECISIONS}
        return {**counts, "acceptances": rows}

    overview = rounds.overview

    def summed(*asked: Any) -> dict[str, Any]:
        found = overview(*asked)
        organ = found["by_authority"][0]
        found["by_authority"] = [
            {**organ, "id": f"qda-{number:07d}x", "name": f"{name()[:24]}局", "before": number + 1}
            for number in range(ORGANS)
        ]
        return found

    monkeypatch.setattr(rounds, "browse", browse)
    monkeypatch.setattr(rounds, "acceptances_of_round", owed)
    monkeypatch.setattr(rounds, "overview", summed)
    return str(asking.get("/rounds").json()["rounds"][0]["id"])


def test_ten_thousand_decisions_are_paged_and_stay_small(asking: Living, large: str) -> None:
    page = read(asking, f"/rounds/{large}")
    assert f"第 1 / {DECISIONS // PAGE} 页" in page.words
    assert page.link("下一页")
    rows = [part.split("</tbody>")[0].count("<tr") for part in page.html.split("<tbody>")[1:]]
    assert max(rows) <= 200, rows
    assert f"以下是未承接的前 200 项，共 {DECISIONS:,} 项" in page.words
    assert f"应承接 {DECISIONS:,}，" in page.words
    text = page.words.replace(page.section("实施机关与处理结果"), "")
    assert str(DECISIONS) not in text, "counts are all written alike"
    size = len(zlib.compress(page.html.encode()))
    assert size < MOST_BYTES, size
