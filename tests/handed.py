"""A round of the seeded registry that hands an item of the city down to its counties, one of which accepts."""

from __future__ import annotations

from seeded import Living

DAY, LATEST = "2026-10-01", "2027-01-01"


def region(living: Living, code: str) -> str:
    return living.get(f"/regions/{code}").json()["id"]


def city_item(living: Living) -> str:
    page = living.get("/items", region=region(living, "511600"), level="3", limit=500).json()
    return min(row["id"] for row in page["items"] if row["region"]["name"] == "广安市")


def bureau(living: Living) -> str:
    """广安市广安区水务局."""
    found = living.rows(
        "SELECT subject_id FROM timeline WHERE kind = 'authority' AND name = '广安市广安区水务局'"
    )
    return found[0][0]


def hand_down(living: Living) -> dict[str, str]:
    """The round, its item, the county that accepts, the receive."""
    item, county = city_item(living), region(living, "511602")
    devolve = {
        "outcome": "devolve",
        "subject": item,
        "effective_from": DAY,
        "receivers": [{"below": region(living, "511600")}],
        "transition_until": LATEST,
        "duties": [{"key": "rules", "what": "制定监管细则", "owner": bureau(living), "due": "2026-10-29"}],
        "words": "下放县级实施",
    }
    made = living.publish(devolve, kind="round", number="第二批", title="第二批清理")
    content = {
        "name": "承接的事项",
        "type": "01",
        "authority": bureau(living),
        "region": county,
        "level": "4",
    }
    (act,) = {row["decision"] for row in living.get("/duties", item=item).json()["duties"]}
    receive = {"outcome": "receive", "effective_from": "2026-11-01", "results": [{"content": content}]}
    received = living.publish(receive | {"accepts": [{"act": act}]})
    result = received["decisions"][0]["results"][0]["subject"]
    return {"round": made["id"], "item": item, "county": county, "received": result, "act": str(act)}
