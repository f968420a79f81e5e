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
    "误录内部己号",
    "NEIBU-JI",
    "密文己",
    "己号的文件原话",
    "先内后公再内庚号",
    "NEIBU-GENG",
    "密文庚",
    "庚号的文件原话",
)
HIDDEN = ("always", "later", "split off", "voided", "turned")
DAYS = ("2026-09-28", "2026-10-15", "2027-06-01")
"""While the second was public, when it has become internal, and later."""


@pytest.fixture
def secret(living: Living) -> dict[str, str]:
    """An item that was always internal, one that becomes internal, one split off as internal, one whose entry
    was voided, one internal, then public, then internal again; decided on in a round."""
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
    again = living.publish(
        item("误录内部己号", "NEIBU-JI", "密文己", visibility="internal") | {"words": "己号的文件原话"},
        item("先内后公再内庚号", "NEIBU-GENG", "密文庚", visibility="internal") | {"words": "庚号的文件原话"},
        kind="round",
        number="第一批",
        title="第一批清理",
    )
    voided, turned = (decision["subject"] for decision in again["decisions"])
    (act,) = living.rows(f"SELECT act FROM decision WHERE subject_id = '{voided}'")
    known = living.get("/log/head").json()["seq"]
    living.publish({"outcome": "void", "act": act[0], "ground": "error", "reason": "误录"})
    living.publish(set_field(turned, "visibility", "public", "2026-10-10"))
    opened = living.get("/log/head").json()["seq"]
    living.publish(set_field(turned, "visibility", "internal", "2026-11-01"))
    members = [{"key": f"m{at}", "item": one} for at, one in enumerate((always, later, turned, whole))]
    together = {"name": "开办一件事", "kind": "one-thing", "region": template["region"], "members": members}
    bundled = living.publish(
        {"kind": "bundle", "outcome": "add", "effective_from": TODAY, "content": together}
    )
    kept = [
        {"outcome": "retain", "subject": s, "effective_from": TODAY, "words": "庚号的文件原话"}
        for s in (always, later, turned)
    ]
    public = {"outcome": "retain", "subject": whole, "effective_from": TODAY}
    living.publish(*kept, public, kind="round", number="第二批", title="第二批清理")
    living.drain()
    return {
        "bundle": bundled["decisions"][0]["subject"],
        "voided": voided,
        "turned": turned,
        "known": str(known),
        "opened": str(opened),
        "always": always,
        "later": later,
        "split off": made[1]["subject"],
        "whole": whole,
        "seq": str(seq),
    }


def values(living: Living, secret: dict[str, str]) -> dict[str, list[Any]]:
    """Plausible values for every parameter there is."""
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    hidden = [secret[name] for name in HIDDEN]
    laws = [citation["instrument"] for citation in felling["content"]["citations"][:1]]
    return {
        "bundle": [secret["bundle"], hidden[0]],
        "item": [*hidden, "NEIBU-JIA", "NEIBU-YI", "NEIBU-JI", "NEIBU-GENG", secret["whole"]],
        "code": [None, "NEIBU-JIA", "NEIBU-YI", "NEIBU-JI", "NEIBU-GENG"],
        "authority": [felling["authority"]["id"], hidden[0]],
        "region": ["511602", hidden[0]],
        "instrument": [*laws, hidden[0]],
        "entry": [felling["content"]["entry"], hidden[0]],
        "round_id": [row["id"] for row in living.get("/rounds").json()["rounds"]],
        "year": ["2025"],
        "digest": ["0" * 64],
        "on": DAYS,
        "known_at": [None, secret["seq"], secret["known"], secret["opened"]],
        "q": ["机密甲号事项", "转为内部乙号", "误录内部己号", "先内后公再内庚号", "密文", "NEIBU", "内部"],
        "limit": [20],
        "from": [DAYS[0]],
        "to": [DAYS[2]],
        "effective_from": [None, TODAY],
        "article": [None, "第九百条"],
        "accepted": [TODAY],
        "without": [None],
        "other": [secret["whole"], hidden[0]],
        "kind": [None, "power", "negative"],
        "file": ["items-2026-01-01.jsonl.gz"],
        "edition": ["1"],
        "webhook": ["1"],
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
    "/bundles",
    "/bundles/{bundle}",
    "/feed.atom",
    "/items/{item}/feed.atom",
    "/authorities/{authority}/feed.atom",
    "/sitemap.xml",
)


def pages(known: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for page in PAGES:
        name = page.partition("{")[2].partition("}")[0]
        for value, on in product(known[name] if name else [""], DAYS):
            address = page.replace("{" + name + "}", value)
            queries = known["q"] if page == "/search" else [None]
            for q in queries:
                yield address, {"on": on} | ({"q": q} if q else {})
    yield "/sitemap.xml", {"page": 1}
    for code in known["code"][1:]:
        yield "/items", {"code": code}
    for item, seq in product(known["item"], known["known_at"][1:]):
        yield f"/items/{item}", {"known_at": seq, "on": DAYS[1]}


def leaks(answer: Any, asked: str, secrets: list[str]) -> list[str]:
    """What an answer gives away beyond what was asked with."""
    told = answer.text + "\n" + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
    return [one for one in secrets if one not in asked and one in told]


def test_no_door_shows_an_internal_item(living: Living, secret: dict[str, str]) -> None:
    known = values(living, secret)
    secrets = [*SECRETS, *(secret[name] for name in HIDDEN)]
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
    for name in HIDDEN:
        for path in ("", "/revisions", "/diff?from=2026-09-28&to=2027-06-01"):
            for query in ({}, {"on": DAYS[1]}, {"known_at": secret["seq"]}, {"known_at": secret["opened"]}):
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
    for code in ("NEIBU-JIA", "NEIBU-YI", "NEIBU-JI", "NEIBU-GENG"):
        assert living.get(f"/items/{code}").json()["code"] == "unknown-item"
    asked = [*(secret[name] for name in HIDDEN), "NEIBU-JIA", "NEIBU-YI", "NEIBU-JI", "NEIBU-GENG"]
    for on in DAYS:
        looked = living.client.post("/api/v1/items/lookup", json={"codes": asked, "on": on}).json()
        assert [one["found"] for one in looked["results"]] == [[]] * len(asked)


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


def test_an_item_whose_entry_was_voided_still_answers_where_it_was_public(living: Living) -> None:
    made = living.publish(new_item(living, "误录的公开事项"))
    item = made["decisions"][0]["subject"]
    seq = living.get("/log/head").json()["seq"]
    (act,) = living.rows(f"SELECT act FROM decision WHERE subject_id = '{item}'")
    living.publish({"outcome": "void", "act": act[0], "ground": "error", "reason": "误录"})
    assert living.get(f"/items/{item}").json()["status"] == "not_yet"
    assert living.get(f"/items/{item}", known_at=seq).json()["name"] == "误录的公开事项"
    (decision,) = living.get(f"/items/{item}/revisions").json()["decisions"]
    assert (decision["voided"], decision["void_reason"]) == ("error", "误录")
    assert living.client.get(f"/items/{item}").status_code == 200


def test_an_index_that_lags_behind_shows_nothing_that_was_made_internal(living: Living) -> None:
    made = living.publish(new_item(living, "稍后转为内部的事项"))
    living.drain()
    assert living.get("/search", q="稍后转为内部").json()["total"] == 1
    living.publish(set_field(made["decisions"][0]["subject"], "visibility", "internal"))
    found = living.get("/search", q="稍后转为内部").json()
    assert (found["total"], found["hits"]) == (0, [])


def test_an_authority_counts_no_internal_item(living: Living) -> None:
    decision = new_item(living, "只算公开的事项")
    authority = decision["content"]["authority"]
    address = f"/authorities/{authority}"

    def counted() -> tuple[Any, str]:
        listed = living.client.get("/authorities", params={"name": "林业"}).text
        return living.get("/items/counts", authority=authority).json()["status"], listed

    before = counted()
    item = living.publish(decision)["decisions"][0]["subject"]
    assert counted() != before
    living.publish(set_field(item, "visibility", "internal", "2026-10-01"))
    assert counted() == before
    assert item not in living.client.get(address).text
