"""No answer has a field that the API's document does not describe: real answers, of most that there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from answer_shapes import amiss
from seeded import FELLING, TODAY, Living, new_item, set_field

from app.api.publications import RoundDecisionShape, RoundShape
from app.changes.deciding import DUTIES, FREE_WORDS
from app.changes.models import ChangesetInput
from app.changes.redacting import redact
from search.engine import EngineError

LONG_AGO, LATER = "2025-05-31", "2027-04-01"
QUERIES = ("林木", "开饭店", "511A")
Question = tuple[str, dict[str, Any]]
"""An address as the document writes it, and its parameters, those of the address among them."""


def decided(living: Living) -> None:
    """A round whose decisions say all that decisions may say, one of which is taken out and one redacted."""
    felling = living.item_called(FELLING)
    names = ("下放的一项", "承接的一项", "待修法的一项", "删改的一项")
    made = living.publish(*(new_item(living, name) for name in names))
    given, _taken, waiting, gone = (one["subject"] for one in made["decisions"])
    words = {"words": "下放", "annex": "附件1", "number": "1", "receiver": "各县", "reason": "便民"}
    base = {"effective_from": TODAY, **words}
    duty = {"what": "制定监管细则", "working_days": 20}
    published = living.publish(
        base
        | {"outcome": "devolve", "subject": given, "receivers": [{"words": "各乡镇"}]}
        | {"transition_until": LATER, "duties": [duty], "authorised_by": "国发〔2026〕1号"},
        base
        | {"outcome": "retain", "subject": waiting, "pending_law": {"outcome": "cancel", "words": "某法"}},
        base | {"outcome": "cancel", "subject": gone, "follow_up": "备案", "words": "要删改的话"},
        base
        | {"outcome": "receive", "outside": [{"name": "省里的一项", "code": "S-1", "document": "省文"}]}
        | {"results": [{"content": new_item(living, "省里下放的一项")["content"]}]},
        set_field(felling, "note", "补录的", "2026-09-01", timing="late_entry", reason="漏录"),
        kind="round",
        number="第三批",
        title="第三批清理",
        document={"title": "关于清理的决定", "number": "示例〔2026〕3号"},
        undisclosed=1,
    )
    assert published["state"] == "published"
    ((act,),) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{waiting}'")
    living.publish({"outcome": "void", "act": act, "ground": "error", "reason": "误录"})
    ((statement,),) = living.rows(
        f"SELECT statement FROM decision WHERE subject_id = '{gone}' AND outcome = 'cancel'"
    )
    living.hire("second", "publish")
    with living.database.writing() as session:
        people = living.people["publisher"], living.people["second"]
        redact(session, *people, statement, "川网信令〔2026〕1号", "个人信息")


def questions(living: Living) -> Iterator[Question]:
    """Everything public, of every list each one row or a few."""
    felling = living.item_called(FELLING)
    changed = [row[0] for row in living.rows("SELECT DISTINCT subject_id FROM decision ORDER BY subject_id")]
    items = [felling, *[one for one in changed if one.startswith("qdi-")][-12:]]
    seq = living.get("/log/head").json()["seq"]
    for path in ("/items", "/authorities", "/regions", "/instruments", "/catalogue-entries", "/bundles"):
        yield path, {"limit": 50}
        yield path, {"limit": 50, "known_at": seq - 30}
    for item in items:
        for known in ({}, {"known_at": seq - 1}):
            yield "/items/{item}", {"item": item, "on": LATER, **known}
            yield "/items/{item}/revisions", {"item": item, **known}
            yield "/items/{item}/diff", {"item": item, "from": LONG_AGO, "to": LATER, **known}
            yield "/items/{item}/standing", {"item": item, "on": LATER, "region": "511602", **known}
        yield "/items/{item}/compare", {"item": item, "other": felling}
        yield "/items/{item}/due", {"item": item, "accepted": TODAY}
        yield "/changes", {"subject": item, "limit": 100}
    for on in (LONG_AGO, TODAY, LATER):
        yield "/items/counts", {"on": on}
        yield "/duties", {"on": on}
        yield from (("/search", {"q": q, "on": on, "explain": True, "limit": 50}) for q in QUERIES)
    yield "/search", {"q": FELLING, "on": LATER, "status": "ended"}
    yield from (("/suggest", {"q": q}) for q in QUERIES)
    yield "/changes", {"since": max(seq - 200, 0), "limit": 500}
    yield "/rounds", {}
    for one in living.get("/rounds").json()["rounds"]:
        for part in ("", "/report", "/acceptances"):
            yield f"/rounds/{{round_id}}{part}", {"round_id": one["id"]}
    whole = living.get(f"/items/{felling}").json()
    for kind in ("power", "negative", "service"):
        yield "/lists/{kind}", {"kind": kind, "authority": whole["authority"]["id"]}
    yield "/authorities/{authority}", {"authority": whole["authority"]["id"]}
    yield "/regions/{region}", {"region": whole["region"]["id"]}
    yield "/catalogue-entries/{entry}", {"entry": whole["content"]["entry"]}
    for cited in whole["content"]["citations"]:
        yield "/instruments/{instrument}", {"instrument": cited["instrument"]}
        yield "/instruments/{instrument}/items", {"instrument": cited["instrument"]}
    for bundle in living.get("/bundles").json()["items"][:3]:
        yield "/bundles/{bundle}", {"bundle": bundle["id"], "accepted": TODAY}
    for path in ("/instruments/out-of-force", "/rounds/series", "/lists", "/editions", "/keys", "/dumps"):
        yield path, {}
    for year in (2025, 2026):
        yield "/calendar/{year}", {"year": year}


def looked_at(living: Living, asked: Iterator[Question]) -> tuple[set[str], dict[str, int]]:
    """What is amiss in the answers, and how many of each address there were."""
    found: set[str] = set()
    answered: dict[str, int] = {}
    for path, parameters in asked:
        named = {name: value for name, value in parameters.items() if f"{{{name}}}" in path}
        rest = {name: value for name, value in parameters.items() if name not in named}
        answer = living.get(path.format(**named), **rest)
        if answer.status_code in (404, 409):  # not known then; nothing was accepted on that day
            continue
        assert answer.status_code == 200, (path, parameters, answer.text)
        answered[path] = answered.get(path, 0) + 1
        found |= amiss(f"GET /api/v1{path}", answer.json())
    return found, answered


def test_no_answer_has_a_field_that_is_not_described(living_sqlite: Living) -> None:
    decided(living_sqlite)
    living_sqlite.drain()
    found, answered = looked_at(living_sqlite, questions(living_sqlite))
    assert found == set()
    assert answered.keys() == {path for path, _ in questions(living_sqlite)}


def test_nor_has_one_while_the_engine_is_away(living_sqlite: Living, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise EngineError("away")

    monkeypatch.setattr(living_sqlite.registry.engine, "search", away)
    found, answered = looked_at(living_sqlite, iter([("/search", {"q": "林木"}), ("/search", {"on": LATER})]))
    assert (found, answered) == (set(), {"/search": 2})


def test_whatever_a_statement_may_say_has_a_field() -> None:
    assert {*FREE_WORDS, *DUTIES, "accepts"} <= RoundDecisionShape.model_fields.keys()
    of_a_round = ChangesetInput.model_fields.keys() - {"kind", "decisions"}
    assert of_a_round <= RoundShape.model_fields.keys()
