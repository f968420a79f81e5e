"""Pages of what was handed down: where a person reads since when, by which document and where to go now."""

from __future__ import annotations

from typing import Any

import pytest
from handed import LATEST, bureau, city_item, hand_down, region
from reading import read
from seeded import Living


@pytest.fixture
def handed(living_sqlite: Living) -> dict[str, str]:
    return hand_down(living_sqlite)


def test_an_item_in_transition_says_what_it_lost_and_when_it_ends(
    living_sqlite: Living, handed: dict[str, str]
) -> None:
    page = read(living_sqlite, f"/items/{handed['item']}", on="2026-12-01")
    words = page.words.replace(" ", "")
    assert "以下部分已不在此办理：广安区" in words
    assert "即将变化：自2027年1月1日起下放，“下放县级实施”" in words
    assert page.link("承接的事项") == f"/items/{handed['received']}?on=2026-12-01"
    assert "下放（过渡期满）" in page.section("沿革")


def test_an_ended_one_says_where_to_go(living_sqlite: Living, handed: dict[str, str]) -> None:
    page = read(living_sqlite, f"/items/{handed['item']}", on=LATEST)
    assert "已下放：自 2027年1月1日起不再办理" in page.words
    assert "现在找：承接的事项" in page.words.replace(" ", "")


def test_the_round_lists_who_has_not_taken_over(living_sqlite: Living, handed: dict[str, str]) -> None:
    page = read(living_sqlite, f"/rounds/{handed['round']}", on="2027-01-02")
    assert "应承接 6，已承接 1，待承接 0，逾期未承接 5；这一天无人承接的地方 5 个" in page.words
    rows = page.words.partition("承接情况")[2].partition("逐项决定")[0]
    assert "前锋区" in rows
    assert rows.count("无人承接") == 6, "the sum and five rows"


def test_a_delegation_that_ran_out_says_so_and_a_renewed_one_does_not(
    living_sqlite: Living, handed: dict[str, str]
) -> None:
    county = region(living_sqlite, "511602")
    other = living_sqlite.get("/items", region="511600", level="3", limit=500).json()["items"]
    item = max(row["id"] for row in other if row["region"]["name"] == "广安市")
    content = {"name": "受托的事项", "type": "01", "authority": bureau(living_sqlite), "region": county}
    entrust = {"outcome": "entrust", "subject": item, "effective_from": "2026-10-01", "until": "2027-10-01"}
    content |= {"level": "4", "power_source": "5"}
    made = living_sqlite.publish(entrust | {"results": [{"content": content}]})
    lent = made["decisions"][0]["results"][0]["subject"]
    before = read(living_sqlite, f"/items/{lent}", on="2027-09-30")
    assert "即将变化：自 2027年10月1日起，委托期满" in before.words
    after = read(living_sqlite, f"/items/{lent}", on="2027-10-01")
    assert "委托期满：自 2027年10月1日起不再办理" in after.words
    renewed = entrust | {
        "effective_from": "2027-10-01",
        "until": "2028-10-01",
        "results": [{"subject": lent}],
    }
    living_sqlite.publish(renewed)
    page = read(living_sqlite, f"/items/{lent}", on="2027-10-01")
    assert "委托期满" not in page.section("沿革").partition("2027年10月1日")[2]


def test_whom_it_falls_back_to_is_said_as_known_then(living_sqlite: Living) -> None:
    item = city_item(living_sqlite)
    content = {"name": "受托的事项", "type": "01", "authority": bureau(living_sqlite), "level": "4"}
    content |= {"region": region(living_sqlite, "511602"), "power_source": "5"}
    entrust = {"outcome": "entrust", "subject": item, "effective_from": "2026-10-01", "until": "2027-10-01"}
    made = living_sqlite.publish(entrust | {"results": [{"content": content}]})
    address = f"/items/{made['decisions'][0]['results'][0]['subject']}"

    def falls_back(**known: Any) -> str:
        words: str = read(living_sqlite, address, on="2027-10-01", **known).words
        return words.partition("起由委托机关办理：")[2].partition("（")[0].strip()

    (then,) = living_sqlite.rows("SELECT max(seq) FROM log_entry")[0]
    before = falls_back()
    to_other = [{"op": "set", "path": "authority", "value": bureau(living_sqlite)}]
    moved = {"outcome": "transfer", "subject": item, "effective_from": "2027-03-01", "changes": to_other}
    living_sqlite.publish(moved)
    assert falls_back() == "广安市广安区水务局" != before
    assert falls_back(known_at=str(then)) == before


def test_whom_it_was_handed_to_is_said_before_anybody_took_over(living_sqlite: Living) -> None:
    county = region(living_sqlite, "511602")
    item = city_item(living_sqlite)
    receiver = {"region": county, "authority": bureau(living_sqlite), "due": "2026-11-30"}
    devolve = {"outcome": "devolve", "subject": item, "effective_from": "2026-10-01", "receivers": [receiver]}
    living_sqlite.publish(devolve)
    words = read(living_sqlite, f"/items/{item}", on="2026-10-05").words.replace(" ", "")
    assert "没有写明此后由谁办理" not in words
    assert "下放给：广安市广安区水务局（承接情况：待承接，期限2026年11月30日）" in words
    later = read(living_sqlite, f"/items/{item}", on="2026-12-05").words
    assert "逾期未承接" in later
