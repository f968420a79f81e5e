"""One request and its answer for every operation, asked of a registry with the demonstration data: the examples of the
API's document (``app/api/examples.json``). Answers are cut: of a list the first, of a text the beginning.

``QINGDAN_WRITE_EXAMPLES=1 pytest tests/api/test_described.py`` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from holding import fill
from issuing_editions import DOCUMENT
from seeded import FELLING, TODAY, Living, set_field

from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep
from app.exchange.dumping import write_dump
from app.exchange.sheets import every_sheet
from app.lists import issuing, preparing, signing
from app.lists.selecting import Selection

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 120


def cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: cut(part) for name, part in value.items()}
    if isinstance(value, list):
        return [cut(part) for part in value[: 2 if isinstance(value[0], (int, str)) else 1]] if value else []
    if isinstance(value, str) and len(value) > LONGEST:
        return value[:LONGEST]
    return value


def _kinds(schemas: dict[str, Any]) -> dict[str, Any]:
    """Of each kind's JSON Schema what it is called: whole they are longer than all else."""
    return {kind: {name: one[name] for name in ("title", "type")} for kind, one in schemas.items()}


class Asking:
    """Asks one operation after the other and keeps what it asked and got."""

    def __init__(self, living: Living, look: Callable[[str, Any], object]) -> None:
        """``look`` is shown every answer whole: the operation, and what is in it."""
        self.living = living
        self.look = look
        self.found: dict[str, Any] = {}

    def ask(self, operation: str, who: str | None = None, body: Any = None, **parameters: Any) -> Any:
        """``operation``: ``GET /items/{item}``; keywords are its parameters, ``raw`` and ``media`` a body of bytes."""
        raw, media = parameters.pop("raw", None), parameters.pop("media", None)
        more = parameters.pop("headers", {})
        method, _, template = operation.partition(" ")
        path = template if template.startswith(("/healthz", "/readyz", "/metrics")) else f"/api/v1{template}"
        query = {}
        asked = path
        for name, value in parameters.items():
            if f"{{{name}}}" in path:
                asked = asked.replace(f"{{{name}}}", str(value))
            else:
                query[name.rstrip("_")] = value
        headers = more | ({"Authorization": f"Bearer {self.living.tokens[who]}"} if who else {})
        if media:
            headers["Content-Type"] = media
        answer = self.living.client.request(
            method, asked, params=query, headers=headers, **({"content": raw} if raw else {"json": body})
        )
        assert answer.is_success, (operation, answer.status_code, answer.text[:500])
        kept: dict[str, Any] = {}
        named = more | {name.rstrip("_"): value for name, value in parameters.items()}
        if named:
            kept["parameters"] = named
        if body is not None:
            kept["body"] = body
        kind = answer.headers.get("content-type", "").split(";")[0]
        if kind in ("application/json", "application/ld+json"):
            self.look(f"{method} {path}", answer.json())
            kept["answer"] = (
                _kinds(cut(answer.json())) if path.endswith("/schema/content") else cut(answer.json())
            )
        elif kind == "application/x-ndjson":
            kept["answer"] = answer.text.splitlines()[0][:LONGEST]
        elif kind == "text/plain":
            kept["answer"] = answer.text[:LONGEST]
        self.found[f"{method} {path}"] = kept
        return answer


def ask_all(living: Living, scratch: Any, look: Callable[[str, Any], object]) -> dict[str, Any]:
    """{"GET /api/v1/...": {"parameters", "body", "answer"}} of every operation."""
    living.hire("integrator", "edit")
    living.hire("officer", "edit", "review", "publish")
    asking = Asking(living, look)
    _read(asking)
    _stay_in_sync(asking)
    _change(asking)
    _hold_a_round(asking, scratch)
    _record_a_round(asking)
    _subscribe(asking)
    _look_after(asking)
    return asking.found


def _read(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    item = living.item_called(FELLING)
    whole = ask("GET /items/{item}", item=item).json()
    law, entry = whole["content"]["citations"][0]["instrument"], whole["content"]["entry"]
    authority, region = whole["authority"]["id"], whole["region"]["id"]
    for path in (
        "/healthz",
        "/readyz",
        "/metrics",
        "/schema/content",
        "/code-tables",
        "/log/head",
        "/catalog",
    ):
        ask(f"GET {path}")
    ask("GET /items", region="511602", status="in_force", limit=1)
    ask("GET /items/counts", region="511602")
    ask("POST /items/lookup", body={"codes": [whole["code"], "no-such-code"], "on": TODAY})
    ask("GET /items/{item}/revisions", item=item)
    ask("GET /items/{item}/diff", item=item, from_="2025-05-31", to="2027-01-01")
    ask("GET /items/{item}/due", item=item, accepted="2026-09-28T15:00")
    ask("GET /items/{item}/standing", item=item, region="511602", on=TODAY)
    other = living.get("/items", region="511602", limit=1).json()["items"][0]["id"]
    ask("GET /items/{item}/compare", item=item, other=other)
    ask("GET /items/{item}/jsonld", item=item)
    ask("GET /search", q="林木采伐", limit=1)
    ask("GET /suggest", q="林木")
    ask("GET /authorities", region=region, limit=1)
    ask("GET /authorities/{authority}", authority=authority)
    ask("GET /regions", limit=1)
    ask("GET /regions/{region}", region="511602")
    ask("GET /instruments", title="森林法", limit=1)
    ask("GET /instruments/out-of-force", limit=1)
    ask("GET /instruments/{instrument}", instrument=law)
    ask("GET /instruments/{instrument}/items", instrument=law, limit=1)
    ask("GET /catalogue-entries", limit=1)
    ask("GET /catalogue-entries/{entry}", entry=entry)
    ask("GET /calendar/{year}", year=2026)
    bundle = ask("GET /bundles", limit=1).json()["items"][0]["id"]
    ask("GET /bundles/{bundle}", bundle=bundle, accepted="2026-09-28")
    (round_id, *_) = (one["id"] for one in ask("GET /rounds").json()["rounds"])
    ask("GET /rounds/{round_id}", round_id=round_id)
    ask("GET /rounds/{round_id}/acceptances", round_id=round_id)
    for kind in ("report", "report.xlsx", "report.docx"):
        ask(f"GET /rounds/{{round_id}}/{kind}", round_id=round_id)
    ask("GET /rounds/series", day=TODAY)
    ask("GET /duties", limit=1)
    ask("GET /lists")
    ask("GET /lists/{kind}", kind="power", authority=authority, limit=1)
    _issue(living, authority)
    edition = ask("GET /editions", limit=1).json()["editions"][0]["id"]
    ask("GET /editions/{edition}", edition=edition)
    ask("GET /keys")


def _issue(living: Living, authority: str) -> None:
    people, settings = living.people, living.settings
    signer = signing.load(signing.ensure(settings))
    with living.database.writing() as session:
        wanted = Selection("power", TODAY, authority=authority)
        draft = preparing.prepare(session, people["editor"], wanted, DOCUMENT)
    with living.database.writing() as session:
        preparing.approve(session, people["reviewer"], draft.id, draft.content)
    with living.database.writing() as session:
        issuing.issue(session, people["publisher"], draft.id, signer)


def _stay_in_sync(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    seq = living.get("/log/head").json()["seq"]
    ask("GET /changes", since=seq - 20, limit=1)
    ask("GET /export.jsonl", region="511602")
    told = write_dump(living.database, living.settings.dumps_dir, TODAY, TODAY)
    ask("GET /dumps")
    ask("GET /dumps/{file}", file=told["file"])
    pdf = {"raw": b"%PDF-1.7", "media": "application/pdf"}
    digest = ask("POST /files", who="integrator", name="申请表.pdf", **pdf).json()["digest"]
    ask("GET /files/{digest}", who="integrator", digest=digest)


def _draft(asking: Asking, title: str, days: int = 6) -> dict[str, Any]:
    item = asking.living.item_called(FELLING)
    decision = set_field(
        item, "promised_limit/value", days, "2026-12-01", words=f"承诺办结时限：{days}个工作日"
    )
    document = {"number": "示例〔2026〕1号", "title": "关于压缩办理时限的通知"}
    return {"title": title, "document": document, "decisions": [decision]}


def _change(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    drafted = ask("POST /changesets", who="editor", body=_draft(asking, "压缩承诺办结时限"))
    made, seen = drafted.json()["id"], {"If-Match": drafted.headers["ETag"]}
    ask("PUT /changesets/{changeset}", "editor", _draft(asking, "压缩时限"), changeset=made, headers=seen)
    ask("GET /changesets", who="editor", limit=1)
    ask("POST /changesets/{changeset}/submit", who="editor", changeset=made)
    ask("POST /changesets/{changeset}/take-back", who="editor", changeset=made)
    living.post("editor", f"/changesets/{made}/submit")
    ask("GET /changesets/{changeset}", who="reviewer", changeset=made)
    ask("GET /changesets/{changeset}/effects", who="reviewer", changeset=made)
    ask("POST /changesets/{changeset}/return", who="reviewer", changeset=made, body={"reason": "文号有误"})
    living.post("editor", f"/changesets/{made}/submit")
    ask("POST /changesets/{changeset}/approve", who="reviewer", changeset=made, body={})
    ask("POST /changesets/{changeset}/publish", who="publisher", changeset=made, body={})
    given_up = living.post("editor", "/changesets", _draft(asking, "另一份", 5)).json()["id"]
    ask(
        "POST /changesets/{changeset}/withdraw", who="editor", changeset=given_up, body={"reason": "不再需要"}
    )
    suspend = {"outcome": "suspend", "subject": living.item_called(FELLING), "effective_from": TODAY}
    hurried = {"title": "暂停受理一天", "decisions": [suspend | {"until": "2026-09-29", "words": "系统故障"}]}
    made = living.post("editor", "/changesets", hurried).json()["id"]
    reason = {"emergency": "受理系统故障，当天无法办理"}
    assert living.post("publisher", f"/changesets/{made}/publish", reason).status_code == 200
    ask("POST /changesets/{changeset}/confirm", who="officer", changeset=made)


def _hold_a_round(asking: Asking, scratch: Any) -> None:
    ask, living = asking.ask, asking.living
    item = living.item_called(FELLING)
    authority = living.get(f"/items/{item}").json()["authority"]["id"]
    form = {
        "title": "第一批清理",
        "kind": "round",
        "number": "第一批",
        "document": {"title": "关于清理的决定", "effective_on": "2026-10-01"},
        "scope": {"authorities": [authority], "base_day": TODAY},
    }
    round_id = living.post("editor", "/changesets", form).json()["id"]
    sheets = ask("GET /rounds/{round_id}/worksheets.xlsx", who="editor", round_id=round_id)
    path = scratch / "sheets.xlsx"
    path.write_bytes(sheets.content)
    items = [row[0] for _, rows in every_sheet(path) for row in rows if str(row[0]).startswith("qdi-")]
    fill(path, {one: {"outcome": "保留", "reason": "仍需办理"} for one in items})
    filled = {"round_id": round_id, "raw": path.read_bytes(), "media": XLSX}
    ask("POST /rounds/{round_id}/worksheets/marked", who="editor", **filled)
    ask("POST /rounds/{round_id}/worksheets", who="editor", **filled)
    ask("GET /rounds/{round_id}/worksheets", who="editor", round_id=round_id)
    decision = {"outcome": "retain", "subject": item, "effective_from": "2026-10-01"}
    decided = {"decisions": [decision | {"reason": "群众常用"}]}
    ask("POST /rounds/{round_id}/proposals", who="editor", round_id=round_id, body=decided)
    ask("GET /rounds/{round_id}/proposals", who="editor", round_id=round_id, limit=1)
    agreed = {"items": [item], "opinion": "agree"}
    ask("POST /rounds/{round_id}/opinions", who="officer", round_id=round_id, body=agreed)
    ask("GET /changesets/{changeset}/rehearsal", who="editor", changeset=round_id)


def _record_a_round(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    title = "关于取消一批行政审批项目的决定"
    form = {"title": title, "kind": "round", "reason": "补录"}
    form |= {"document": {"number": "甲政发〔2013〕1号", "title": title}, "stated": {"total": 1}}
    round_id = living.post("editor", "/changesets", form).json()["id"]
    table = f"序号,项目名称,处理决定\n1,{FELLING},取消\n".encode()
    csv = {"name": "a.csv", "annex": "附件1", "raw": table, "media": "text/csv"}
    ask("POST /rounds/{round_id}/rows", who="editor", round_id=round_id, **csv)
    matched = {"rows": [{"position": 1, "item": living.item_called(FELLING)}]}
    ask("POST /rounds/{round_id}/rows/match", who="editor", round_id=round_id, body=matched)
    ask("GET /rounds/{round_id}/rows", who="editor", round_id=round_id)


def _subscribe(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    wanted = {"region": "511602", "events": ["adjust", "cancel"]}
    form = {"url": "https://receiver.example.org/qingdan", "label": "政务大厅", "wanted": wanted}
    hook = ask("POST /webhooks", who="integrator", body=form).json()["id"]
    ask("GET /webhooks", who="integrator")
    ask("GET /webhooks/{webhook}", who="integrator", webhook=hook)
    ask("GET /webhooks/{webhook}/deliveries", who="integrator", webhook=hook, limit=1)
    for move in ("pause", "resume", "resend", "rotate"):
        ask(f"POST /webhooks/{{webhook}}/{move}", who="integrator", webhook=hook)
    ask("DELETE /webhooks/{webhook}", who="integrator", webhook=hook)
    assert living.client.get("/api/v1/webhooks", headers=living.headers("integrator")).json() == {
        "webhooks": []
    }


def _look_after(asking: Asking) -> None:
    ask, living = asking.ask, asking.living
    sweep(living.database, TODAY, STANDARD)
    ask("GET /findings", who="officer", limit=1)
    ask("GET /findings/scores", who="officer")
    ask("GET /overlaps", who="officer", region="511602")
    entry = living.get(f"/items/{living.item_called(FELLING)}").json()["content"]["entry"]
    ask("GET /levels/{entry}", who="officer", entry=entry)
