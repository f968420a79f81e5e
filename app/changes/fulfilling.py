"""What a decision does about earlier ones: duties it fulfils, delegations it renews; and whom it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.db import fetch
from app.errors import Invalid, Refused
from app.versions.fold import Effect

_DUTY = (
    "SELECT d.opens, d.kind, (SELECT min(f.act) FROM fulfilment f WHERE f.duty_act = d.act AND f.duty_key = d.key"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = f.act)),"
    " EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) FROM duty d WHERE d.act = ? AND d.key = ?"
)


def require_open(connection: Connection, body: Mapping[str, Any]) -> None:
    """Each duty that a decision says it fulfils is there, is such a duty, and is not done yet."""
    for one in body.get("fulfils", ()):
        found = fetch(connection, _DUTY, (one["act"], one["duty"]))
        if not found or found[0][3]:
            raise Invalid(
                f"序号 {one['act']} 的决定没有键为 {one['duty']} 的后续责任，请核对。", code="unknown-duty"
            )
        opens, kind, done, _ = found[0]
        if kind not in ("follow_up", "pending_law"):
            raise Invalid(
                "承接请用“承接”决定（accepts），委托续期请用“委托”决定，不写在 fulfils 里。",
                code="fulfilled-otherwise",
            )
        if done is not None:
            raise Refused(f"这项后续责任已经完成（决定序号 {done}）。", code="already-fulfilled")
        if body["effective_from"] < opens:
            raise Refused(f"这项后续责任自 {opens} 起才有，不能在此之前完成。", code="fulfilled-too-early")


def owed_references(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(id, kind) of whom receivers, duties and laws to be amended name."""
    for receiver in body.get("receivers", ()):
        for kind in ("region", "authority"):
            if receiver.get(kind):
                yield receiver[kind], kind
    for duty in body.get("duties", ()):
        if duty.get("owner"):
            yield duty["owner"], "authority"
    for instrument in (body.get("pending_law") or {}).get("instruments", ()):
        yield instrument, "instrument"


def entrusted_by(connection: Connection, item: str) -> list[str]:
    """The items that an item was entrusted from."""
    query = (
        "SELECT origin FROM lineage l WHERE successor = ? AND relation = 'entrust'"
        " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = l.act)"
    )
    return [row[0] for row in fetch(connection, query, (item,))]


def has_lapsed(effects: Sequence[Effect], day: str) -> bool:
    """Whether nothing but its creation says that the subject is ended on a day: no time entrusted covers it."""
    last = None
    for effect in effects:
        if effect.applies(day) and any(change["path"] == "status" for change in effect.changes()):
            last = effect
    return last is not None and last.creates is not None
