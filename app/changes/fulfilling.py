"""What a decision does about earlier ones: duties it fulfils, delegations it renews; and whom it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.auth.actor import Actor
from app.changes.owed import one_duty
from app.changes.owed_to import OwedTo
from app.db import fetch
from app.errors import Forbidden, Invalid, Refused
from app.versions.fold import Effect
from app.versions.visibility import is_public

_DUTY = (
    "SELECT d.opens, d.kind, (SELECT min(f.act) FROM fulfilment f WHERE f.duty_act = d.act AND f.duty_key = d.key"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = f.act)),"
    " EXISTS (SELECT 1 FROM void v WHERE v.act = d.act), g.subject_id"
    " FROM duty d JOIN decision g ON g.seq = d.act WHERE d.act = ? AND d.key = ?"
)
LOCAL = ("local_regulation", "local_government_rule", "normative_document", "other")
"""Ranks of instruments that organs of a place issue."""
_WHOSE = "SELECT authority, region, subject_id FROM duty WHERE act = ? AND key = ?"


def require_open(connection: Connection, body: Mapping[str, Any]) -> None:
    """Each duty that a decision says it fulfils is there, is such a duty, and is not done yet."""
    for one in body.get("fulfils", ()):
        found = fetch(connection, _DUTY, (one["act"], one["duty"]))
        if not found or found[0][3]:
            raise _unknown(one)
        opens, kind, done, _, about = found[0]
        if kind == "acceptance" or (kind == "expiry" and _renews(body, one["duty"])):
            raise Invalid(
                "承接请用“承接”决定（accepts），委托续期请用“委托”决定，不写在 fulfils 里。",
                code="fulfilled-otherwise",
            )
        if done is not None:
            raise Refused(f"这项后续责任已经完成（决定序号 {done}）。", code="already-fulfilled")
        if body["effective_from"] < opens:
            raise Refused(f"这项后续责任自 {opens} 起才有，不能在此之前完成。", code="fulfilled-too-early")
        if kind == "expiry":
            _require_running_out(connection, body, one, about)


def _renews(body: Mapping[str, Any], item: str) -> bool:
    """Whether a decision entrusts an item for one more time."""
    entrusted = body.get("results", ()) if body["outcome"] == "entrust" else ()
    return any(result.get("subject") == item for result in entrusted)


def _require_running_out(
    connection: Connection, body: Mapping[str, Any], one: Mapping[str, Any], entrusting: str
) -> None:
    """That a delegation is not renewed is for whoever entrusted to say, while it has neither been renewed nor ended."""
    if body.get("subject") != entrusting:
        raise Invalid(
            "委托到期不再续期，由针对委托的那个事项的决定写明：权力到期回到它那里。",
            code="not-the-entrusting-item",
        )
    if one_duty(connection, one["act"], one["duty"], body["effective_from"])["done"] is not None:
        raise Refused("这项委托已经续期，或在到期之前已经终止，没有到期可言。", code="not-running-out")


def _unknown(one: Mapping[str, Any]) -> Invalid:
    return Invalid(
        f"序号 {one['act']} 的决定没有键为 {one['duty']} 的后续责任，请核对。", code="unknown-duty"
    )


def require_own(connection: Connection, actor: Actor, body: Mapping[str, Any]) -> None:
    """Each duty that a decision says it fulfils is the actor's to fulfil. Raises Forbidden; Invalid for one that the
    actor may not know of."""
    for one, item in not_own(connection, actor, body):
        if item is None or not is_public(connection, item):
            raise _unknown(one)
        raise Forbidden(
            f"序号 {one['act']} 的决定留下的这一件既不由账号“{actor.name}”管理的机关或地方来办，也不是它管理的"
            "事项留下的，不能写作由这项决定完成（fulfils）。",
            code="duty-out-of-scope",
            act=one["act"],
            duty=one["duty"],
        )


def not_own(
    connection: Connection, actor: Actor, body: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """What of ``fulfils`` is another's, with the item that it is about; none where there is no such duty."""
    owed_to = OwedTo(connection, actor, body.get("effective_from", ""))
    for one in () if owed_to.is_everything else body.get("fulfils", ()):
        found = fetch(connection, _WHOSE, (one["act"], one["duty"]))
        authority, region, item = found[0] if found else (None, None, None)
        whose = {"decision": one["act"], "key": one["duty"], "authority": authority, "region": region}
        if item is None or not owed_to.may_do(whose):
            yield one, item


def is_proof(body: Mapping[str, Any]) -> bool:
    """Whether a decision registers the document by which duties are fulfilled: whoever may fulfil them may do that,
    though instruments belong to no organ. What no place issues is not theirs."""
    registers = (body.get("kind"), body["outcome"]) == ("instrument", "enact") and bool(body.get("fulfils"))
    return registers and (body.get("content") or {}).get("rank", "other") in LOCAL


def owed_references(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(id, kind) of whom receivers and duties name, of laws to be amended, and of documents that prove something."""
    for receiver in body.get("receivers", ()):
        for kind in ("region", "authority"):
            if receiver.get(kind):
                yield receiver[kind], kind
    for duty in body.get("duties", ()):
        if duty.get("owner"):
            yield duty["owner"], "authority"
    for done in body.get("fulfils", ()):
        if done.get("instrument"):
            yield done["instrument"], "instrument"
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
