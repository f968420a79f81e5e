"""Internal items appear in nothing public: every door of the API and every page is walked."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from seeded import FELLING, TODAY, Living, new_item, set_field

from app import log
from app.changes.feed import events
from app.changes.wanted import KINDS
from app.hooks import delivering
from app.versions import ids
from app.web.public import PARTS

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
    "承接内部辛号",
    "受托内部壬号",
    "并入内部癸号",
    "mimi-",
    "涉密情形",
    "不公开的说明",
)
HIDDEN = ("always", "later", "split off", "voided", "turned", "received", "entrusted", "merged")
DAYS = ("2026-09-28", "2026-10-15", "2027-06-01")
"""While the second was public, when it has become internal, and later."""
OF_NO_ITEM = ("/docs/", "/problems/", "/robots.txt", "/static/", "/feedback/{number}", "/display")
"""Pages that tell of no item, or of none but what a person wrote there."""


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
    bundle = bundled(living, whole, always, later)
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
    adjust_bundle(
        living,
        bundle,
        {"op": "add", "path": "members", "value": secret_member("turned", turned), "after": "whole"},
        {"op": "set", "path": "members/whole/after", "value": ["mimi-turned"]},
        {"op": "set", "path": "members/mimi-always/note", "value": "不公开的说明，改过"},
    )
    adjust_bundle(
        living,
        bundle,
        {"op": "order", "path": "members", "keys": ["mimi-turned", "whole", "mimi-later", "mimi-always"]},
        {"op": "remove", "path": "members/mimi-always"},
    )
    kept = [
        {"outcome": "retain", "subject": s, "effective_from": TODAY, "words": "庚号的文件原话"}
        for s in (always, later, turned)
    ]
    public = {"outcome": "retain", "subject": whole, "effective_from": TODAY}
    living.publish(*kept, public, kind="round", number="第二批", title="第二批清理")
    living.drain()
    return {
        **handed_on(living),
        "bundle": bundle,
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


def handed_on(living: Living) -> dict[str, str]:
    """What public items were handed on to: received, entrusted and merged as internal items."""
    names = ("下放的公开事项", "委托的公开事项", "合并的公开事项一", "合并的公开事项二")
    made = living.publish(*(new_item(living, name) for name in names))
    given, lent, *both = (decision["subject"] for decision in made["decisions"])

    def hidden(name: str, **more: Any) -> list[dict[str, Any]]:
        return [{"content": {**new_item(living, name)["content"], "visibility": "internal", **more}}]

    devolved = {"outcome": "devolve", "subject": given, "effective_from": TODAY}
    living.publish(devolved | {"receivers": [{"words": "各乡镇"}], "transition_until": "2027-12-31"})
    ((act, receiver),) = living.rows(
        "SELECT d.act, d.key FROM duty d WHERE d.act IN (SELECT act FROM decision"
        f" WHERE subject_id = '{given}') AND d.kind = 'acceptance'"
    )
    accepted = {"accepts": [{"act": act, "receiver": receiver}], "results": hidden("承接内部辛号")}
    entrusted = {"subject": lent, "until": "2027-10-01", "results": hidden("受托内部壬号", power_source="5")}
    merged = {"origins": [{"subject": one} for one in both], "results": hidden("并入内部癸号")}
    found = {}
    for name, outcome, more in (
        ("received", "receive", accepted),
        ("entrusted", "entrust", entrusted),
        ("merged", "merge", merged),
    ):
        published = living.publish({"outcome": outcome, "effective_from": TODAY, **more})
        found[name] = published["decisions"][0]["results"][0]["subject"]
    return found


def bundled(living: Living, whole: str, *hidden: str) -> str:
    """A bundle of a public item and others that are hidden."""
    members = [{"key": "whole", "item": whole}]
    members += [secret_member(name, item) for name, item in zip(("always", "later"), hidden, strict=True)]
    region = new_item(living, "")["content"]["region"]
    content = {"name": "开办一件事", "kind": "one-thing", "region": region, "members": members}
    made = {"kind": "bundle", "outcome": "add", "effective_from": TODAY, "content": content}
    return living.publish(made)["decisions"][0]["subject"]


def secret_member(name: str, item: str) -> dict[str, Any]:
    return {"key": f"mimi-{name}", "item": item, "condition": "涉密情形", "note": "不公开的说明"}


def adjust_bundle(living: Living, bundle: str, *changes: dict[str, Any]) -> None:
    adjusted = {"kind": "bundle", "outcome": "adjust", "subject": bundle, "effective_from": TODAY}
    living.publish(adjusted | {"changes": list(changes)})


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
        "opened": [secret["opened"]],
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


def told(living: Living, secret: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The change feed to its end: whole, by kind, by subject; and as what follows it reads it."""
    began, head = int(secret["seq"]) - 100, living.get("/log/head").json()["seq"]
    for filters in (
        {},
        *({"kind": kind} for kind in KINDS),
        {"planned": True},
        {"subject": secret["bundle"]},
    ):
        for since in range(began, head, 100):
            yield "/api/v1/changes", {"since": since, "limit": 500, **filters}


def page_queries(known: dict[str, list[Any]]) -> dict[str, list[dict[str, Any]]]:
    """What pages are asked with beside a day; those that need something else to show anything."""
    whose = [{"authority": known["authority"][0]}, {"region": known["region"][0]}]
    return {
        "/search": [{"q": q} for q in known["q"]],
        "/items": [{"code": code} for code in known["code"][1:]],
        "/items/{item}": [{}, *({"known_at": seq} for seq in known["known_at"][1:])],
        "/items/{item}/compare": [{"from": DAYS[0], "to": DAYS[2]}],
        "/feed.atom": [{}, {"region": known["region"][0]}],
        "/sitemap.xml": [{}, {"page": 1}],
        "/board": whose,
        "/lists": [{}, *whose],
        "/lists.{form:list_form}": whose,
        "/feedback": [{}, *({"item": item} for item in known["item"])],
        "/rounds/series": [{}, *whose],
        "/rounds/{round_id}": [{}, *({"q": q} for q in known["q"][:2]), {"known_at": known["opened"][0]}],
        "/bundles/{bundle}": [{}, {"without": "whole"}, {"known_at": known["opened"][0]}],
    }


def pages(known: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every public page, with every combination of the values of its address."""
    queries = page_queries(known)
    known = known | {"law": known["instrument"], "kind": ["notice", "guide"], "form": ["docx", "xlsx"]}
    for path in sorted({route.path for part in PARTS for route in part.router.routes}):
        names = re.findall(r"{(\w+)[:}]", path)
        if path.startswith(OF_NO_ITEM):
            continue
        for *chosen, query, on in product(*(known[name] for name in names), queries.get(path, [{}]), DAYS):
            address = path
            for name, value in zip(names, chosen, strict=True):
                address = re.sub(rf"{{{name}(:\w+)?}}", str(value), address)
            yield address, {"on": on, **query}


def whole_text(answer: Any) -> str:
    """Headers and body; of a workbook or a document what it is packed from."""
    body = answer.text
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
            body = "\n".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    return body + "\n" + "\n".join(f"{name}: {value}" for name, value in answer.headers.items())


def leaks(answer: Any, asked: str, secrets: list[str]) -> list[str]:
    """What an answer gives away beyond what was asked with."""
    said = whole_text(answer)
    return [one for one in secrets if one not in asked and one in said]


def letters(living: Living, secret: dict[str, str]) -> Iterator[str]:
    """What a webhook of everything would be sent."""
    with living.database.reading() as session:
        connection = session.connection()
        found, _ = events(connection, int(secret["seq"]) - 100, 500, head=log.head(connection).seq)
        for event in found:
            yield str(delivering._said(connection, delivering.Owed(1, "w", event["seq"], 0)))


def test_no_door_shows_an_internal_item(living: Living, secret: dict[str, str]) -> None:
    known = values(living, secret)
    secrets = [*SECRETS, *(secret[name] for name in HIDDEN)]
    gave_away, doors = [], set()
    for address, asked in [*questions(living, known), *told(living, secret), *pages(known)]:
        answer = living.client.get(address, params=asked, headers={"Accept": "*/*"})
        assert answer.status_code < 500, (address, asked)
        doors.add(address)
        if found := leaks(answer, f"{address}{asked}", secrets):
            gave_away.append((address, asked, found))
    gave_away += [("letter", {}, [one]) for sent in letters(living, secret) for one in secrets if one in sent]
    assert gave_away == []
    assert len(doors) > 100


NEVER = ids.make("item", 99_999)


def doors_of_an_item(living: Living, other: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every GET of the API and every page that tells of one item, each with what it has to be asked with."""
    needed = {"from": "2026-09-28", "to": "2027-06-01", "accepted": "2026-10-10", "other": other}
    for path, operations in living.client.get("/openapi.json").json()["paths"].items():
        if "{item}" in path and "get" in operations:
            named = [one["name"] for one in operations["get"]["parameters"]]
            yield path, {name: value for name, value in needed.items() if name in named}
    for route in (route for part in PARTS for route in part.router.routes):
        for kind in ("guide", "notice") if "{kind}" in route.path else ("",):
            if "{item}" in route.path and "GET" in route.methods:
                yield route.path.replace("{kind}", kind), {}


def refused_alike(living: Living, other: str, asked: list[str], queries: list[dict[str, str]]) -> None:
    """Each of these ids is answered in the words in which one that was never given is."""
    doors = list(doors_of_an_item(living, other))
    assert len(doors) >= 12
    for (path, needed), query in product(doors, queries):
        never = living.client.get(path.replace("{item}", NEVER), params=needed | query)
        assert never.status_code in (404, 422), (path, query)
        for one in asked:
            answer = living.client.get(path.replace("{item}", one), params=needed | query)
            assert answer.status_code == never.status_code, (path, query, one)
            assert answer.text.replace(one, NEVER) == never.text, (path, query, one)


def test_an_internal_item_is_answered_like_one_that_never_was(living: Living, secret: dict[str, str]) -> None:
    queries = [{}, {"on": DAYS[1]}, {"known_at": secret["seq"]}, {"known_at": secret["opened"]}]
    refused_alike(living, secret["whole"], [secret[name] for name in HIDDEN], queries)
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


def test_what_is_no_item_is_answered_as_one_like_an_id_never_given(living: Living) -> None:
    felling = living.get(f"/items/{living.item_called(FELLING)}").json()
    content = felling["content"]
    others = [felling["authority"]["id"], felling["region"]["id"], content["entry"]]
    others.append(content["citations"][0]["instrument"])
    refused_alike(living, felling["id"], others, [{}, {"known_at": felling["seq"]}])


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
