"""Drafting, submitting and reviewing a changeset. Each function is one use case, shared by API, pages, CLI.

Nothing here writes published rows. Every function asks the actor and leaves an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import log
from app.auth.actor import Actor
from app.canonical import decode, digest, encode, refuse_floats
from app.changes import moves
from app.changes.carrying import transfers
from app.changes.completing import completed
from app.changes.deciding import Decider
from app.changes.file_reading import require_readable
from app.changes.freezing import frozen_head, refuse_undecided, resolved
from app.changes.models import Changeset, ChangesetInput
from app.changes.moves import require_state
from app.changes.proposals import findings, refuse_blocking
from app.changes.readable_names import refuse_blank_title
from app.changes.reviews import attach, refuse_waiting_new
from app.changes.rows import (
    DRAFTED,
    DecisionRow,
    decisions,
    events,
    find,
    hands_in,
    insert,
    leave_event,
    mark_decisions,
    replace_decisions,
    save,
)
from app.changes.scope import Scope
from app.changes.warnings import require_basis
from app.checks.catalogue import STANDARD, Rules
from app.errors import Conflict, Forbidden, Invalid, Stale
from app.law.days import refuse_odd_days
from app.versions import ids
from app.versions.queries import today


@dataclass(frozen=True, slots=True)
class Tried:
    """Decisions as they are kept, tried against the rules while ``head`` was the log's; ``bases`` is what they rest
    on."""

    head: int
    bodies: list[dict[str, Any]]
    bases: list[dict[str, list[int]]]


def draft_from(
    session: Session, actor: Actor, asked: ChangesetInput, today: str
) -> Callable[[Session], Changeset]:
    """``draft`` in two steps: tried now, in a reading session; what is returned writes it down in another, where the
    writer's place is held no longer than that takes. It is tried again there where the registry has moved."""
    actor.require("edit")
    if any(one.subject is None for one in asked.decisions):  # their ids are given where they are written
        return lambda writing: draft(writing, actor, asked, today)
    tried = _tried(session.connection(), actor, asked, today)
    return lambda writing: draft(writing, actor, asked, today, tried)


def draft(
    session: Session, actor: Actor, asked: ChangesetInput, today: str, tried: Tried | None = None
) -> Changeset:
    """A new changeset in state draft. Every decision is tried against the rules before it is kept.

    Raises Invalid or Refused with the decision's place, and keeps nothing.
    """
    actor.require("edit")
    connection = session.connection()
    asked = _with_ids(connection, asked, today)
    if asked.kind == "round":
        asked_head = asked.model_dump(include={"scope", "stated"}, exclude_none=True, exclude_defaults=True)
        Scope(connection, actor).require_round(asked.title, asked_head, today)
    now = log.now_microseconds()
    changeset = Changeset(
        id=ids.allocate(connection, "changeset")[0],
        kind=asked.kind,
        title=asked.title,
        head=_head(connection, asked, {}).decode(),
        author=actor.account,
        created_at=now,
        updated_at=now,
    )
    require_readable(session, actor, [changeset.head.encode()])
    insert(session, changeset)
    if tried is None or tried.head != log.head(connection).seq:
        tried = _tried(connection, actor, asked, today)
    _write_decisions(session, actor, changeset, tried)
    leave_event(session, changeset, actor, "drafted")
    return changeset


def redraft(
    session: Session, actor: Actor, changeset_id: str, version: int, asked: ChangesetInput, today: str
) -> Changeset:
    """Replace a draft's or returned changeset's content; ``version`` is the one the editor saw.

    Raises Stale where another edit came between. Decisions left as they were keep their approval.
    """
    actor.require("edit")
    changeset = find(session, changeset_id)
    _require_version(changeset, version)
    require_state(changeset, "redraft")
    require_scope(session, actor, changeset, decisions(session, changeset))
    stood = decode(changeset.head.encode())
    asked = _with_ids(session.connection(), asked, today)
    changeset.kind, changeset.title = asked.kind, asked.title
    changeset.head = _head(session.connection(), asked, stood).decode()
    require_round_scope(session, actor, changeset)
    require_readable(session, actor, [changeset.head.encode()])
    approved = {row.approved for row in decisions(session, changeset) if row.approved and row.stale is None}
    tried = _tried(session.connection(), actor, asked, today)
    _write_decisions(session, actor, changeset, tried, approved)
    changeset.state = "draft"
    changeset.approved = changeset.reviewer = changeset.submitter = None
    save(session, changeset)
    leave_event(session, changeset, actor, "redrafted")
    return changeset


def submit(
    session: Session,
    actor: Actor,
    changeset_id: str,
    version: int | None,
    today: str,
    rules: Rules = STANDARD,
) -> Changeset:
    """Hand a draft to review. The rules are asked again, against the registry as it stands now."""
    actor.require("edit")
    changeset = find(session, changeset_id)
    _require_version(changeset, version)
    require_state(changeset, "submit")
    require_round_scope(session, actor, changeset)
    rows = decisions(session, changeset)
    if any(row.stale for row in rows):
        raise Conflict("有处理决定的基准版本已经变化，请先对照三方比较修改后再提交。", code="stale-decisions")
    head, bodies = decode(changeset.head.encode()), [decode(row.body) for row in rows]
    require_basis(head, bodies)
    refuse_undecided(session.connection(), head.get("scope"), bodies, "提交")
    if changeset.kind == "round":
        refuse_waiting_new(session, changeset)
    decider = Decider(session.connection(), today, actor)
    decider.decide(bodies)
    refuse_blocking(
        findings(decider, bodies, rules, changeset=changeset.id), changeset.kind == "round", rules
    )
    changeset.state = "submitted"
    changeset.submitter = actor.account
    save(session, changeset)
    leave_event(session, changeset, actor, "submitted")
    return changeset


def approve(session: Session, actor: Actor, changeset_id: str, expected: str | None = None) -> Changeset:
    """Approve what was submitted; bound to its hash. ``expected`` is the hash the reviewer read.

    Whoever wrote, changed or submitted a changeset does not approve it.
    """
    actor.require("review")
    changeset = find(session, changeset_id)
    require_state(changeset, "approve")
    require_second_person(session, actor, changeset, "批准，请由另一人审核")
    rows = decisions(session, changeset)
    require_scope(session, actor, changeset, rows, reach=True)
    current = hash_of(changeset, rows)
    if expected is not None and expected != current:
        raise Stale("您审阅之后变更单又有改动，请重新审阅。", code="approval-stale", hash=current)
    for row in rows:
        row.approved = digest(row.body)
    mark_decisions(session, changeset, rows)
    changeset.state, changeset.reviewer, changeset.approved = "approved", actor.account, current
    save(session, changeset)
    leave_event(session, changeset, actor, "approved", current)
    return changeset


def send_back(session: Session, actor: Actor, changeset_id: str, reason: str) -> Changeset:
    """Return to the author with a reason."""
    actor.require("review")
    if not reason.strip():
        raise Invalid("退回时请写明理由。", code="reason-needed", field="reason")
    changeset = find(session, changeset_id)
    require_state(changeset, "return")
    require_scope(session, actor, changeset, decisions(session, changeset))
    changeset.state, changeset.approved, changeset.reviewer = "returned", None, None
    save(session, changeset)
    leave_event(session, changeset, actor, "returned", reason)
    return changeset


def withdraw(session: Session, actor: Actor, changeset_id: str, reason: str = "") -> Changeset:
    """Give a changeset up before it is published.

    Raises Forbidden for whoever neither had a hand in it nor reviews; Invalid without a reason where it is another's,
    or was approved."""
    actor.require("edit")
    changeset = find(session, changeset_id)
    require_state(changeset, "withdraw")
    require_scope(session, actor, changeset, decisions(session, changeset))
    if not may_withdraw(session, actor, changeset):
        raise Forbidden(
            "变更单由起草、修改或提交它的人撤回；不该办的，请他们撤回，或者请审核人退回。",
            code="not-your-draft",
        )
    if not reason.strip() and asks_why(session, actor, changeset):
        raise Invalid("已经批准的、别人起草的，撤回时请写明理由。", code="reason-needed", field="reason")
    changeset.state = "withdrawn"
    save(session, changeset)
    leave_event(session, changeset, actor, "withdrawn", reason)
    return changeset


def may_withdraw(session: Session, actor: Actor, changeset: Changeset) -> bool:
    """Whether it is the actor's own to give up, or the actor reviews."""
    return "review" in actor.rights or _is_own(session, actor, changeset)


def asks_why(session: Session, actor: Actor, changeset: Changeset) -> bool:
    """Whether giving it up takes a reason: it is another's, or was approved."""
    return changeset.state == "approved" or not _is_own(session, actor, changeset)


def _is_own(session: Session, actor: Actor, changeset: Changeset) -> bool:
    """Whether the actor drafted, changed or submitted it as a whole; what came in by command and nobody has submitted
    is everybody's who edits."""
    is_nobodys = changeset.author is None and changeset.state in moves.DRAFTED
    return is_nobodys or actor.account in hands_in(session, changeset, DRAFTED)


def take_back(session: Session, actor: Actor, changeset_id: str) -> Changeset:
    """A submitted changeset goes back to those who wrote it, as a draft, while nobody has approved it. Comments stay.

    Raises Forbidden for whoever had no hand in it: a reviewer returns it, with a reason.
    """
    actor.require("edit")
    changeset = find(session, changeset_id)
    require_state(changeset, "take-back")
    require_scope(session, actor, changeset, decisions(session, changeset))
    if actor.account not in hands_in(session, changeset):
        raise Forbidden(
            "变更单由起草、修改或提交它的人取回；要改，请他们取回，或者请审核人退回。", code="not-your-draft"
        )
    changeset.state, changeset.submitter = "draft", None
    save(session, changeset)
    leave_event(session, changeset, actor, "taken-back")
    return changeset


def comment(session: Session, actor: Actor, changeset_id: str, about: str, words: str) -> Changeset:
    """A remark on one field of what a changeset would write, for whoever drafts or reviews it; kept with what happened
    to it. ``about``: the item and the field, in words. Raises Invalid without any, Forbidden for one who does neither.
    """
    if not actor.rights & {"edit", "review"}:
        actor.require("review")
    if not 1 <= len(words.strip()) <= 2000:
        raise Invalid("请写明意见（2000 字以内）。", code="words-needed", field="words")
    changeset = find(session, changeset_id)
    require_state(changeset, "comment")
    require_scope(session, actor, changeset, decisions(session, changeset))
    note = f"{about.strip()[:500]}：{words.strip()}"
    last = events(session, changeset)[-1]
    if (last.event, last.account, last.note) != ("commented", actor.account, note):  # a button pressed twice
        leave_event(session, changeset, actor, "commented", note)
    return changeset


def hash_of(changeset: Changeset, rows: list[DecisionRow]) -> str:
    """What approval is bound to: the head and every decision's own hash, in order."""
    head = [changeset.kind, changeset.title, decode(changeset.head.encode())]
    return digest(encode([head, [digest(row.body) for row in rows]]))


# --- inner ---------------------------------------------------------------------------------------------


def _with_ids(connection: Connection, asked: ChangesetInput, today: str) -> ChangesetInput:
    """The changeset with what its scope names by registry id."""
    if asked.kind != "round" or asked.scope is None:
        return asked
    return asked.model_copy(update={"scope": resolved(connection, asked.scope, today)})


def _head(connection: Connection, asked: ChangesetInput, stood: dict[str, Any]) -> bytes:
    """``stood`` is the head as it was before: a filter left as it was keeps its frozen list, a document its rows."""
    head = asked.model_dump(exclude={"title", "kind", "decisions"}, exclude_none=True, exclude_defaults=True)
    refuse_blank_title(asked.title)
    paper, known = head.get("document") or {}, stood.get("document") or {}
    refuse_odd_days({name: day for name, day in paper.items() if day != known.get(name)}, "document/")
    if asked.kind == "round" and asked.scope is not None:
        head["scope"] = frozen_head(connection, asked.scope, stood.get("scope"))
    if asked.kind == "round" and "rows" in stood:
        head["rows"] = stood["rows"]
    if asked.corrects is not None:
        _require_corrected(connection, asked.corrects)
    return encode(head)


def _require_corrected(connection: Connection, changeset_id: str) -> None:
    """Raises Invalid where what a changeset says it corrects is no published round."""
    query = text("SELECT 1 FROM changeset WHERE id = :id AND kind = 'round' AND state = 'published'")
    if connection.execute(query, {"id": changeset_id}).first() is None:
        raise Invalid(
            f"{changeset_id} 不是已发布的清理轮次，不能写作更正的轮次（corrects）；请核对编号，不是更正轮次的请删去。",
            code="not-a-published-round",
            field="corrects",
        )


def _require_version(changeset: Changeset, version: int | None) -> None:
    if version is not None and version != changeset.version:
        raise Stale(
            "别人刚刚修改过这份变更单，请重新打开后再改；您的修改没有保存。",
            code="edited-meanwhile",
            version=changeset.version,
        )


def require_scope(
    session: Session, actor: Actor, changeset: Changeset, rows: Iterable[DecisionRow], *, reach: bool = False
) -> None:
    """Raises Forbidden unless every decision is about something in the actor's scope, and a round all within it;
    ``reach``: on every day that the decisions change, too."""
    require_round_scope(session, actor, changeset)
    decider = Decider(session.connection(), "", actor)
    bodies = [decode(row.body) for row in rows]
    decider.require_scope(bodies)
    if reach:
        decider.require_reach(bodies)


def require_round_scope(session: Session, actor: Actor, changeset: Changeset) -> None:
    """Raises Forbidden where the changeset is a round that reaches past the actor's scope."""
    if changeset.kind == "round":
        head = decode(changeset.head.encode())
        Scope(session.connection(), actor).require_round(changeset.title, head, today())


def is_in_scope(session: Session, actor: Actor, changeset: Changeset) -> bool:
    """Whether the actor may move it as a whole, were it a round; decisions are asked by the move itself."""
    try:
        require_round_scope(session, actor, changeset)
    except Forbidden:
        return False
    return True


def require_second_person(session: Session, actor: Actor, changeset: Changeset, what: str) -> None:
    """Raises Forbidden for whoever wrote, changed or submitted it; ``what`` they do not do themselves."""
    if actor.account is None or actor.account in hands_in(session, changeset):
        raise Forbidden(f"起草、修改或提交变更单的人不能自己{what}。", code="four-eyes")


def _tried(connection: Connection, actor: Actor, asked: ChangesetInput, today: str) -> Tried:
    """Raises Invalid, Refused or Forbidden, naming the decision's place (from 1)."""
    head = log.head(connection).seq
    bodies = completed(connection, asked.decisions)
    bodies += transfers(connection, bodies)
    for body in bodies:
        refuse_floats(body, encode(body))  # a NaN is null once it is written
    return Tried(head, bodies, Decider(connection, today, actor).decide(bodies).bases)


def _write_decisions(
    session: Session, actor: Actor, changeset: Changeset, tried: Tried, approved: set[str] | None = None
) -> None:
    bodies = deepcopy(tried.bodies)  # what was tried stays as it was
    attach(session, changeset, bodies)
    written = [encode(body) for body in bodies]
    made = []
    for position, (data, base) in enumerate(zip(written, tried.bases, strict=True), start=1):
        kept = digest(data) if approved and digest(data) in approved else None
        made.append(DecisionRow(position, data, encode(base), kept))
    require_readable(session, actor, written)
    replace_decisions(session, changeset, made)
