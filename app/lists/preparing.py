"""An edition on its way: prepared, approved by a second person, returned, withdrawn. Nothing here is published."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlmodel import Session, SQLModel, col, select

from app import log
from app.auth.accounts import refuse_locked
from app.auth.actor import Actor
from app.canonical import digest, encode
from app.changes.file_reading import require_readable
from app.changes.models import DocumentInput
from app.changes.scope import Scope
from app.db import change, execute_many, insert_rows
from app.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from app.lists import selecting
from app.lists.composing import Composed, approved_hash, compose
from app.lists.models import EditionDraft
from app.lists.selecting import KINDS, Selection
from app.versions import ids, queries
from app.versions.queries import parse_day
from app.wording import reason

STATES = {
    "prepared": "待审核",
    "approved": "已批准，待签发",
    "returned": "已退回",
    "withdrawn": "已撤回",
    "issued": "已签发",
}
LONGEST = 400
"""Characters of a title."""


def compose_now(connection: Connection, wanted: Selection) -> Composed:
    """The list as it stands."""
    items = selecting.listed(connection, wanted)
    return compose(wanted, selecting.owner_name(connection, wanted), items)


Ahead = tuple[int, Composed]
"""(log seq, the list as it stood then): to be worked out before the lock is taken."""


def compose_ahead(connection: Connection, wanted: Selection) -> Ahead:
    seq = log.head(connection).seq
    return seq, compose_now(connection, wanted)


def prepare(
    session: Session,
    actor: Actor,
    wanted: Selection,
    document: DocumentInput,
    title: str = "",
    ahead: Ahead | None = None,
) -> EditionDraft:
    """Freeze a list as it stands, to be issued with a document. ``ahead`` is what ``compose_ahead`` said; where the
    log has moved since, or without it, the list is worked out under the lock. Raises Forbidden, Invalid for an empty
    list."""
    actor.require("edit")
    author = person_of(session, actor)
    connection = session.connection()
    require_scope(connection, actor, wanted.owner, wanted.on)
    made = ahead[1] if ahead and ahead[0] == log.head(connection).seq else compose_now(connection, wanted)
    if not made.rows:
        raise Invalid(
            f"{wanted.on} 这一天没有可以列入{KINDS[wanted.kind]}的事项，请检查日期和范围。", code="empty-list"
        )
    _keep(connection, made)
    head = _head(document, title)
    require_readable(session, actor, [head])
    now = log.now_microseconds()
    draft = EditionDraft(
        id=ids.allocate(connection, "edition")[0],
        state="prepared",
        kind=wanted.kind,
        owner=wanted.owner,
        on_day=wanted.on,
        content=made.hash,
        head=head.decode(),
        author=author,
        created_at=now,
        updated_at=now,
    )
    session.add(draft)
    session.flush()
    _note(connection, actor, "edition-prepared", draft)
    return draft


def document_of(**given: str) -> DocumentInput:
    """The document an edition is issued with, from what was typed. Raises Invalid for what is too long."""
    try:
        return DocumentInput(**{name: text.strip() or None for name, text in given.items()})
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(
            f"签发文件的{WORDS[str(first['loc'][0])]}{reason(first)}。", code="bad-document"
        ) from error


WORDS = {"number": "文号", "title": "标题", "issuer": "制定机关"}


def _head(document: DocumentInput, title: str) -> bytes:
    if not (document.number or document.title):
        raise Invalid("请写明签发清单所依据的文件：文号或标题。", code="document-needed", field="number")
    for what, day in (("成文日期", document.document_date), ("施行日期", document.effective_on)):
        if day:
            parse_day(day, what)
    told: dict[str, Any] = {"document": document.model_dump(exclude_none=True)}
    if title.strip():
        if len(title) > LONGEST:
            raise Invalid(f"标题最多 {LONGEST} 字。", code="title-too-long", field="title")
        told["title"] = title.strip()
    return encode(told)


def _keep(connection: Connection, made: Composed) -> None:
    """The bytes are staged as contents; nothing names them before the edition is issued."""
    tables = SQLModel.metadata.tables
    bodies = {made.hash: made.body} | {digest(body): body for body, _, _ in made.rows}
    insert_rows(connection, tables["content"], ("hash", "body"), sorted(bodies.items()))
    drawn = [(digest(body), item, source) for body, item, source in made.rows]
    execute_many(
        connection,
        "INSERT INTO edition_row (hash, item, source) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        sorted(set(drawn)),
    )


def approve(session: Session, actor: Actor, edition: str, expected: str | None = None) -> EditionDraft:
    """Approve what was prepared; ``expected`` is the hash of the list that the reviewer read."""
    actor.require("review")
    draft = held(session, edition)
    require_state(draft, "批准", "prepared")
    if person_of(session, actor) == draft.author:
        raise Forbidden("准备清单的人不能自己批准，请由另一人审核。", code="four-eyes")
    require_scope(session.connection(), actor, draft.owner, draft.on_day)
    if expected is not None and expected != draft.content:
        raise Stale("您审阅的不是这一份清单，请重新打开后再批准。", code="approval-stale", hash=draft.content)
    draft.reviewer, draft.approved = actor.account, hash_of(draft)
    return move(session, actor, draft, "approved")


def send_back(session: Session, actor: Actor, edition: str, reason: str) -> EditionDraft:
    actor.require("review")
    if not reason.strip():
        raise Invalid("退回时请写明理由。", code="reason-needed", field="reason")
    draft = held(session, edition)
    require_state(draft, "退回", "prepared", "approved")
    require_scope(session.connection(), actor, draft.owner, draft.on_day)
    draft.note = reason.strip()[:4000]
    return move(session, actor, draft, "returned")


def withdraw(session: Session, actor: Actor, edition: str, reason: str = "") -> EditionDraft:
    """Give a list up before it is issued. Raises Forbidden for whoever neither prepared it nor reviews; Invalid
    without a reason where another prepared it, or it was approved."""
    actor.require("edit")
    draft = held(session, edition)
    require_state(draft, "撤回", "prepared", "approved", "returned")
    require_scope(session.connection(), actor, draft.owner, draft.on_day)
    own = actor.account == draft.author
    if not own and "review" not in actor.rights:
        raise Forbidden(
            "清单由准备它的人撤回；不该签发的，请他撤回，或者请审核人退回。", code="not-your-draft"
        )
    if not reason.strip() and (draft.state == "approved" or not own):
        raise Invalid("已经批准的、别人准备的，撤回时请写明理由。", code="reason-needed", field="reason")
    draft.note = reason.strip()[:4000] or draft.note
    return move(session, actor, draft, "withdrawn")


def find(session: Session, edition: str) -> EditionDraft:
    """Raises NotFound."""
    draft = session.get(EditionDraft, edition.lower())
    if draft is None:
        raise NotFound(f"没有编号为 {edition} 的清单版本。", code="unknown-edition")
    return draft


def held(session: Session, edition: str) -> EditionDraft:
    """As ``find``, and nobody else moves it until the transaction ends: two moves never cross."""
    change(session.connection(), _HOLD, (edition.lower(),))
    draft = find(session, edition)
    session.refresh(draft)  # it may have been read before it was held
    return draft


_HOLD = "UPDATE edition_draft SET state = state WHERE id = ?"


def in_state(session: Session, *states: str, most: int | None = 200) -> list[EditionDraft]:
    """What was not moved for longest first; ``most`` None: all."""
    wanted = select(EditionDraft).order_by(col(EditionDraft.updated_at), col(EditionDraft.id))
    if states:
        wanted = wanted.where(col(EditionDraft.state).in_(states))
    return list(session.exec(wanted if most is None else wanted.limit(most)))


def hash_of(draft: EditionDraft) -> str:
    return approved_hash(draft.kind, draft.owner, draft.on_day, draft.content, draft.head)


def selection_of(kind: Any, owner: str, on_day: str) -> Selection:
    """The selection behind an edition or draft."""
    own = {ids.kind_of(owner): owner}
    return Selection(kind, on_day, own.get("authority"), own.get("region"))


# --- inner ----------------------------------------------------------------------------------------------


def person_of(session: Session, actor: Actor) -> int:
    """The account that acts. Raises Forbidden for the command line itself: editions are made by people."""
    refuse_locked(session, actor)
    if actor.account is None:
        raise Forbidden("签发清单须由有账号的人进行，请用 --as 写明账号。", code="person-needed")
    return actor.account


def require_state(draft: EditionDraft, verb: str, *states: str) -> None:
    if draft.state not in states:
        raise Conflict(f"这份清单{STATES[draft.state]}，不能{verb}。", code="wrong-state", state=draft.state)


def require_scope(connection: Connection, actor: Actor, owner: str, day: str) -> None:
    kind = ids.kind_of(owner)
    standing = queries.state_on(connection, owner, day, queries.known_at(connection, None))
    Scope(connection, actor).require(kind, owner, standing.document(), day)


def is_in_scope(connection: Connection, actor: Actor, draft: EditionDraft) -> bool:
    """Whether the account may move it, as far as its scope goes."""
    try:
        require_scope(connection, actor, draft.owner, draft.on_day)
    except Forbidden:
        return False
    return True


def move(session: Session, actor: Actor, draft: EditionDraft, state: str) -> EditionDraft:
    draft.state, draft.updated_at = state, log.now_microseconds()
    session.add(draft)
    session.flush()
    _note(session.connection(), actor, f"edition-{state}", draft)
    return draft


def _note(connection: Connection, actor: Actor, event: str, draft: EditionDraft) -> None:
    log.record_access(connection, event, account=actor.account, subject=draft.id)
