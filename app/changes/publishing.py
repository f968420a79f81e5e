"""Publishing a changeset: one transaction, serial, all or nothing.

The caller is in a writing transaction. The steps: take the lock; check state, approval and hash; check
that no base moved; work out the acts by the pure rules; record; owe the index; mark the changeset.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log, outbox
from app.auth.actor import Actor
from app.canonical import decode, encode
from app.changes import duties, kinds
from app.changes.ahead import CODES, moved
from app.changes.circles import refuse_circles, touched_by
from app.changes.comparing import comparison
from app.changes.deciding import Decided, Decider
from app.changes.drafts import hash_of
from app.changes.freezing import refuse_undecided
from app.changes.models import OVER, STATE_PHRASES, Changeset
from app.changes.proposals import findings, refuse_blocking
from app.changes.rows import DecisionRow, decisions, find, hands_in, leave_event, mark_decisions, save
from app.changes.voiding import is_voided
from app.changes.warnings import require_basis
from app.changes.years import refuse_second_calendars
from app.checks.catalogue import STANDARD, Rules
from app.db import lock_publishing
from app.errors import Conflict, Forbidden, Invalid, RegistryError, Stale
from app.versions import queries
from app.versions.laying_out import Laid, lay_out
from app.versions.orders import Act, Order, Receipt
from app.versions.queries import of_publication
from app.versions.recording import record, write

Attach = Callable[
    [Connection, Changeset, dict[str, Any], Decider, Decided], tuple[dict[str, Any], list[bytes]]
]
"""(connection, changeset, head, decider, decided) -> what the statement of the publication says besides, and the
contents it names. Given by higher layers: a round's report. Writes nothing."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a changeset comes to, worked out before the lock is taken. It holds while neither the changeset nor the
    log's head has moved: what it rests on is published, and seqs follow the head. Kept in memory only, so that one
    who gives up leaves nothing behind."""

    changeset: str
    version: int
    head: int
    today: str
    account: int | None
    emergency: str | None
    acts: list[Act]
    laid: Laid

    def holds(
        self, connection: Connection, changeset: Changeset, actor: Actor, today: str, emergency: str | None
    ) -> bool:
        rests_on = (self.changeset, self.version, self.head, self.today, self.account, self.emergency)
        head = log.head(connection).seq
        return rests_on == (changeset.id, changeset.version, head, today, actor.account, emergency)


def prepare(
    session: Session,
    actor: Actor,
    changeset_id: str,
    today: str,
    *,
    emergency: str | None = None,
    rules: Rules = STANDARD,
    attach: Attach | None = None,
) -> Prepared | None:
    """Work out a changeset in a reading session, so that the lock is held only to write.

    None where it would be refused or a base has moved: ``publish`` then finds out itself, and says so.
    """
    connection = session.connection()
    try:
        actor.require("publish")
        changeset = find(session, changeset_id)
        rows = decisions(session, changeset)
        _check_state(changeset, rows, emergency)
        bodies = [decode(row.body) for row in rows]
        decider = Decider(connection, today, actor)
        decider.load(bodies)
        bases = [(decode(row.base), decider.base_of(body)) for row, body in zip(rows, bodies, strict=True)]
        if any(moved(seen, now) for seen, now in bases):
            return None
        acts, laid = _lay_out(decider, changeset, bodies, attach, emergency, rules)
    except RegistryError:
        return None
    return Prepared(
        changeset.id, changeset.version, laid.after.seq, today, actor.account, emergency, acts, laid
    )


def _lay_out(
    decider: Decider,
    changeset: Changeset,
    bodies: list[dict[str, Any]],
    attach: Attach | None,
    emergency: str | None,
    rules: Rules,
) -> tuple[list[Act], Laid]:
    """What the changeset comes to, every row of it. Writes nothing; raises what publishing raises."""
    connection = decider.connection
    head = decode(changeset.head.encode())
    unreviewed = changeset.state != "approved"  # an emergency: nobody has asked what submitting asks
    if unreviewed:
        require_basis({**head, "reason": head.get("reason") or emergency}, bodies)
    decided = decider.decide(bodies)
    if unreviewed or rules.block or changeset.kind == "round":  # what it rests on may have changed since
        refuse_blocking(
            findings(decider, bodies, rules, changeset=changeset.id), changeset.kind == "round", rules
        )
    refuse_undecided(connection, head.get("scope"), bodies)
    attached, bodies_of_it = attach(connection, changeset, head, decider, decided) if attach else ({}, [])
    order = Order(
        kind=changeset.kind,
        acts=decided.acts,
        voids=decided.voids,
        changeset=changeset.id,
        author=changeset.author,
        reviewer=changeset.reviewer,
        publisher=decider.scope.actor.account,
        approved=changeset.approved,
        statement=_statement(changeset, head, emergency) | attached,
    )
    laid = lay_out(connection, order, kinds.describe, decided.histories, decider.folds)
    for body in bodies_of_it:
        laid.contents.put_bytes(body)
    return decided.acts, laid


@dataclass(frozen=True, slots=True)
class Published:
    changeset: Changeset
    receipt: Receipt


def publish(
    session: Session,
    actor: Actor,
    changeset_id: str,
    today: str | None = None,
    *,
    emergency: str | None = None,
    rules: Rules = STANDARD,
    attach: Attach | None = None,
    prepared: Prepared | None = None,
) -> Published:
    """Publish an approved changeset; ``emergency`` is the reason of one who publishes without approval.

    Raises Conflict in the wrong state, Refused where a rule forbids it, and Stale where a base moved: then
    nothing is published, but the comparison stays with the decision (the transaction is to be committed).
    ``prepared`` spares the work under the lock where it still holds; else it is done anew. Without ``today`` it is the
    day on which the lock is held, which may have been waited for over a midnight.
    """
    actor.require("publish")
    connection = session.connection()
    lock_publishing(connection)
    today = today or queries.today()
    changeset = find(session, changeset_id)
    if prepared is not None and prepared.holds(connection, changeset, actor, today, emergency):
        acts, laid = prepared.acts, prepared.laid
    else:
        rows = decisions(session, changeset)
        _check_state(changeset, rows, emergency)
        bodies = [decode(row.body) for row in rows]
        decider = Decider(connection, today, actor)
        _send_back_where_moved(session, actor, changeset, rows, bodies, decider)
        acts, laid = _lay_out(decider, changeset, bodies, attach, emergency, rules)
    receipt = write(connection, laid)
    duties.write(connection, acts)
    outbox.enqueue(connection, outbox.INDEX, receipt.publication)
    changeset.state, changeset.publication = "published", receipt.publication
    changeset.unconfirmed = int(bool(emergency))
    save(session, changeset)
    leave_event(session, changeset, actor, "published", emergency)
    return Published(changeset, receipt)


def _check_state(changeset: Changeset, rows: list[DecisionRow], emergency: str | None) -> None:
    if emergency is not None:
        if not emergency.strip():
            raise Invalid("紧急发布须写明理由。", code="reason-needed", field="reason")
        if changeset.state not in ("draft", "submitted", "returned", "approved"):
            raise Conflict(
                f"变更单{STATE_PHRASES[changeset.state]}，不能再发布。",
                code="wrong-state",
                state=changeset.state,
            )
        return
    if changeset.state != "approved":
        what = "不能再发布" if changeset.state in OVER else "批准之后才能发布"
        raise Conflict(
            f"变更单{STATE_PHRASES[changeset.state]}，{what}。",
            code="wrong-state",
            state=changeset.state,
        )
    if hash_of(changeset, rows) != changeset.approved:
        raise Conflict("变更单与批准时不一致，批准已失效，请重新审核。", code="approval-void")


def _send_back_where_moved(
    session: Session,
    actor: Actor,
    changeset: Changeset,
    rows: list[DecisionRow],
    bodies: list[dict[str, Any]],
    decider: Decider,
) -> None:
    decider.load(bodies)
    stale: list[dict[str, Any]] = []
    for row, body in zip(rows, bodies, strict=True):
        if body["outcome"] == "void" and is_voided(decider.connection, body["act"]):
            continue  # the rules have the plainer word for it: it is taken out already
        seen = decode(row.base)
        days = dict(decider.touched(body))
        for subject_id in moved(seen, decider.base_of(body)):
            compared = comparison(
                decider.connection,
                decider.histories[subject_id],
                days[subject_id],
                seen.get(subject_id, []),
                seen.get(subject_id + CODES),
                body,
            )
            row.stale, row.approved = encode(compared), None
            stale.append({"decision": row.position, "subject": subject_id, **compared})
    if stale:
        changeset.state, changeset.approved, changeset.reviewer = "returned", None, None
        mark_decisions(session, changeset, rows)
        save(session, changeset)
        leave_event(session, changeset, actor, "base-moved", f"{len(stale)} 项决定的基准已变化")
        error = Stale(
            f"有 {len(stale)} 项决定所依据的版本已被别的变更改动，没有发布任何内容；请对照比较后重新提交。",
            code="base-moved",
            comparisons=stale[:50],
        )
        error.keep = True
        raise error


def _statement(changeset: Changeset, head: dict[str, Any], emergency: str | None) -> dict[str, Any]:
    statement = {"title": changeset.title, **head}
    if emergency:
        statement["emergency"] = emergency
    return statement


def confirm(session: Session, actor: Actor, changeset_id: str) -> Receipt:
    """A second person confirms an emergency publication; recorded in the log."""
    actor.require("review")
    connection = session.connection()
    lock_publishing(connection)
    changeset = find(session, changeset_id)
    if not changeset.unconfirmed:
        raise Conflict("这份变更单不是待确认的紧急发布。", code="nothing-to-confirm")
    publisher = connection.execute(
        text("SELECT publisher FROM publication WHERE seq = :seq"), {"seq": changeset.publication}
    ).scalar_one()
    if actor.account is None or actor.account in {publisher, *hands_in(session, changeset)}:
        raise Forbidden("紧急发布须由另一人确认。", code="four-eyes")
    decider, bodies = Decider(connection, "", actor), _published(connection, changeset)
    decider.require_scope(bodies)
    decider.require_reach(bodies)
    order = Order(
        kind="confirmation",
        changeset=changeset.id,
        reviewer=actor.account,
        publisher=actor.account,
        statement={"confirms": changeset.publication},
    )
    receipt = record(connection, order, kinds.describe)
    changeset.unconfirmed = 0
    save(session, changeset)
    leave_event(session, changeset, actor, "confirmed")
    return receipt


def _published(connection: Connection, changeset: Changeset) -> list[dict[str, Any]]:
    """What a publication did, as the acts one would void to undo it; drafts may have been redacted since."""
    found = connection.execute(
        text(
            f"SELECT act FROM decision WHERE {of_publication('seq', ':seq')}"
            f" UNION SELECT act FROM void WHERE {of_publication('seq', ':seq')}"
        ),
        {"seq": changeset.publication},
    )
    return [{"outcome": "void", "act": row[0]} for row in found]


def publish_initial(session: Session, acts: list[Act], statement: dict[str, Any]) -> Receipt:
    """首次录入, at the command line only, and only while every publication so far is marked so.

    Raises Conflict otherwise.
    """
    connection = session.connection()
    lock_publishing(connection)
    require_initial(connection)
    refuse_circles(connection, touched_by(connection, acts))
    refuse_second_calendars(connection, acts)
    order = Order(kind="initial", acts=acts, statement=statement)
    receipt = record(connection, order, kinds.describe)
    duties.write(connection, order.acts)
    outbox.enqueue(connection, outbox.INDEX, receipt.publication)
    return receipt


def require_initial(connection: Connection) -> None:
    """Raises Conflict where anything was published that is not marked 首次录入."""
    other = connection.execute(text("SELECT kind FROM publication WHERE kind <> 'initial' LIMIT 1")).first()
    if other is not None:
        raise Conflict(
            "登记簿里已有正式发布的变更，首次录入不再可用；请去掉 --initial，导入为变更单草稿。",
            code="not-initial",
        )
