"""Internal items appear in nothing public: every door of the API and every page is walked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

SECRETS = (
    "机密甲号事项",
    "NEIBU-JIA",
    "密文甲",
    "转为内部乙号",
    "NEIBU-YI",
    "密文乙",
    "拆出内部丙号",
    "密文丙",
)
DAYS = ("2026-09-28", "2026-10-15", "2027-06-01")
"""While the second was public, when it has become internal, and later."""


@pytest.fixture
def secret(living: Living) -> dict[str, str]:
    """An item that was always internal, one that becomes internal, one split off as internal; in a round."""
    template = living.get(f"/items/{living.item_called(FELLING)}").json()["content"]
    citation = {**template["citations"][0], "article": "第九百条"}
    shared = {"entry": template["entry"], "citations": [citation]}

    def item(name: str, code: str, note: str, **more: Any) -> dict[str, Any]:
        content = {**shared, "note": note, **more}
        codes = [{"scheme": "local", "value": code}] if code else []
        return new_item(living, name, content=content, codes=codes)

    first = living.publish(
        item("机密甲号事项", "NEIBU-JIA", "密文甲", visibility="internal"),
        item("转为内部乙号", "NEIBU-YI", "密文乙"),
        item("公开丁号", "", "公开"),
    )
    always, later, whole = (decision["subject"] for decision in first["decisions"])
    seq = living.get("/log/head").json()["seq"]
    living.publish(set_field(later, "visibility", "internal", "2026-10-01"))
    parts = [
        {"content": item("拆出公开戊号", "", "公开")["content"]},
        {"content": item("拆出内部丙号", "", "密文丙", visibility="internal")["content"]},
    ]
    split = {
        "outcome": "split",
        "effective_from": "2026-10-01",
        "origins": [{"subject": whole}],
        "results": parts,
    }
    made = living.publish(split)["decisions"][0]["results"]
    kept = [{"outcome": "retain", "subject": s, "effective_from": TODAY} for s in (always, later, whole)]
    living.publish(*kept, kind="round", number="第二批", title="第二批清理")
    living.drain()
    return {
        "always": always,
        "later": later,
        "split off": made[1]["subject"],
        "whole": whole,
        "seq": str(seq),
    }


def values(living: Living, secret: dict[str, str]) -> dict[str, list[Any]]:
    """Plausible values for every parameter there is."""
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    hidden = [secret[name] for name in ("always", "later", "split off")]
    laws = [citation["instrument"] for citation in felling["content"]["citations"][:1]]
    return {
        "item": [*hidden, "NEIBU-JIA", "NEIBU-YI", secret["whole"]],
        "code": [None, "NEIBU-JIA", "NEIBU-YI"],
        "authority": [felling["authority"]["id"], hidden[0]],
        "region": ["511602", hidden[0]],
        "instrument": [*laws, hidden[0]],
        "entry": [felling["content"]["entry"], hidden[0]],
        "round_id": [row["id"] for row in living.get("/rounds").json()["rounds"]],
        "year": ["2025"],
        "digest": ["0" * 64],
        "on": DAYS,
        "known_at": [None, secret["seq"]],
        "q": ["机密甲号事项", "转为内部乙号", "密文", "NEIBU", "内部"],
        "limit": [20],
        "from": [DAYS[0]],
        "to": [DAYS[2]],
        "effective_from": [None, TODAY],
        "article": [None, "第九百条"],
        "accepted": [TODAY],
        "status": [None],
    }


def questions(living: Living, known: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every GET of the API, with every combination of the values of its parameters."""
    for path, operations in living.client.get("/openapi.json").json()["paths"].items():
        operation = operations.get("get")
        if operation is None or "/changesets" in path:
            continue  # changesets are for staff
        parameters = {p["name"]: p["in"] for p in operation.get("parameters", ()) if p["in"] != "header"}
        missing = {
            p["name"] for p in operation.get("parameters", ()) if p.get("required") and p["name"] not in known
        }
        assert not missing, f"{path} has parameters that this walk does not know: {missing}"
        names = [name for name in parameters if name in known]
        for chosen in product(*(known[name] for name in names)):
            asked = dict(zip(names, chosen, strict=True))
            address = path
            for name in [name for name in names if parameters[name] == "path"]:
                address = address.replace("{" + name + "}", str(asked.pop(name)))
            if path == "/api/v1/search":
                asked.pop("known_at")
            yield address, {name: value for name, value in asked.items() if value is not None}


PAGES = (
    "/",
    "/search",
    "/items",
    "/items/{item}",
    "/rounds",
    "/rounds/{round_id}",
    "/authorities",
    "/authorities/{authority}",
    "/laws",
    "/laws/{instrument}",
)


def pages(known: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in PAGES:
        name = page.partition("{")[2].rstrip("}")
        for value, on in product(known[name] if name else [""], DAYS):
            address = page.replace("{" + name + "}", value)
            queries = known["q"] if page == "/search" else [None]
            for q in queries:
                yield address, {"on": on} | ({"q": q} if q else {})
    for code in ("NEIBU-JIA", "NEIBU-YI"):
        yield "/items", {"code": code}


def leaks(answer: Any, asked: str, secrets: list[str]) -> list[str]:
    """What an answer gives away beyond what was asked with."""
    told = answer.text + "\n" + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
    return [one for one in secrets if one not in asked and one in told]


def test_no_door_shows_an_internal_item(living: Living, secret: dict[str, str]) -> None:
    known = values(living, secret)
    secrets = [*SECRETS, secret["always"], secret["later"], secret["split off"]]
    told, doors = [], set()
    for address, asked in [*questions(living, known), *pages(known)]:
        answer = living.client.get(address, params=asked, headers={"Accept": "*/*"})
        assert answer.status_code < 500, (address, asked)
        doors.add(address)
        if found := leaks(answer, f"{address}{asked}", secrets):
            told.append((address, asked, found))
    assert told == []
    assert len(doors) > 40


def test_an_internal_item_is_answered_like_one_that_never_was(living: Living, secret: dict[str, str]) -> None:
    for name in ("always", "later", "split off"):
        for path in ("", "/revisions", "/diff?from=2026-09-28&to=2027-06-01"):
            for query in ({}, {"on": DAYS[1]}, {"known_at": secret["seq"]}):
                if "on" in query and path.startswith("/diff"):
                    continue  # a comparison names its own two days
                answer = living.client.get(f"/api/v1/items/{secret[name]}{path}", params=query or None)
                assert (answer.status_code, answer.json()["code"]) in (
                    (404, "unknown-item"),
                    (404, "unknown-subject"),
                    (422, "bad-request"),
                ), (name, path, query)
    for kind in ("authorities", "regions", "instruments", "catalogue-entries"):
        hidden = living.get(f"/{kind}/{secret['always']}").json()
        never = living.get(f"/{kind}/qdi-00zzzzzh").json()
        assert hidden["code"] == never["code"]
    for code in ("NEIBU-JIA", "NEIBU-YI"):
        assert living.get(f"/items/{code}").json()["code"] == "unknown-item"
    asked = [secret["always"], secret["later"], secret["split off"], "NEIBU-JIA", "NEIBU-YI"]
    for on in DAYS:
        looked = living.client.post("/api/v1/items/lookup", json={"codes": asked, "on": on}).json()
        assert [one["found"] for one in looked["results"]] == [[]] * 5


def test_the_open_half_of_a_split_is_shown_without_the_internal_one(
    living: Living, secret: dict[str, str]
) -> None:
    for query in ({}, {"known_at": str(living.get("/log/head").json()["seq"])}):
        body = living.get(f"/items/{secret['whole']}", on="2026-10-15", **query).json()
        assert body["status"] == "ended"
        (kin,) = body["successors"]
        assert living.get(f"/items/{kin['id']}", on="2026-10-15").json()["name"] == "拆出公开戊号"


def test_an_item_made_public_again_does_not_tell_of_its_internal_time(living: Living) -> None:
    made = living.publish(
        new_item(living, "内部名称", content={"visibility": "internal", "note": "密文"}, day="2026-10-01")
    )
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "note", "密文二", "2026-10-10"))
    opened = {
        "outcome": "adjust",
        "subject": item,
        "effective_from": "2026-11-01",
        "changes": [
            {"op": "set", "path": path, "value": value}
            for path, value in (("visibility", "public"), ("name", "公开名称"), ("note", "公开"))
        ],
    }
    living.publish(opened)
    living.drain()
    assert living.get(f"/items/{item}", on="2026-11-01").json()["name"] == "公开名称"
    assert living.get(f"/items/{item}", on="2026-10-31").status_code == 404
    revisions = living.get(f"/items/{item}/revisions")
    assert [i["valid_from"] for i in revisions.json()["intervals"]] == ["2026-11-01"]
    compared = living.get(f"/items/{item}/diff", **{"from": "2026-10-15", "to": "2026-11-15"})
    assert compared.status_code == 404
    for answer in (revisions, compared, living.get("/search", q="内部名称", on="2026-11-15")):
        assert "密文" not in answer.text
        assert "内部名称" not in answer.text.replace('"q":"内部名称"', "")
