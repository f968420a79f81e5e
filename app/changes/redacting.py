"""Redaction by order (依令删改): content bytes give way to a tombstone under the same hash.

Two people, an order and a reason, recorded in the log first; that is the one update the guard admits.
The log, the hashes and every other row stay provable. The order keeps what is no secret (``_kept``), so that
what the content began can go on; drafts, notes and kept answers that quote the words lose them too, and the command
deletes files brought to be imported in which they stand (``app.exchange.arrivals.forget``).
An attached file goes the same way: its row of the log names its hash, which content goes on naming.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import files, log, outbox
from app.auth.accounts import refuse_locked
from app.auth.actor import Actor
from app.canonical import decode
from app.changes import duties, kinds, listed, statements
from app.changes.quotes import forget_quotes
from app.changes.quoting import PLACEHOLDER
from app.changes.resting import KEPT, require_in_scope, resting_on
from app.changes.scope import Scope
from app.db import TOMBSTONE, holds_bytes, lock_publishing
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.versions import verifying
from app.versions.orders import Order, Receipt
from app.versions.queries import today
from app.versions.recording import record

_PLAIN = re.compile(r"[0-9A-Za-z_.-]{1,40}")
"""An id or the value of a code table: no words of anybody's."""
_NAMES = ("name", "title")
_FIELDS = ("visibility", "authority", "region", "type", "level", "parent", "entry", "status")


def redact(session: Session, first: Actor, second: Actor, content: str, order: str, reason: str) -> Receipt:
    """Redact a content or an attached file by hash. Raises Forbidden unless two people with the right ask in whose
    scope it is, NotFound, Invalid. A file's bytes are deleted by ``files.erase_redacted`` once this is committed.

    A text usually stands in several contents: what a decision set, and each revision that followed from it.
    An order names them one by one. Rows of editions that were drawn from it go with it.
    """
    _refuse_unless_ordered(session, first, second, order, reason)
    connection = session.connection()
    lock_publishing(connection)
    body = connection.execute(text("SELECT body FROM content WHERE hash = :h"), {"h": content}).scalar()
    file = session.get(files.StoredFile, content)
    if body is None and file is None:
        raise NotFound(f"没有哈希为 {content} 的内容或附件。", code="unknown-content")
    if files.is_redacted(connection, content):
        raise Conflict(f"哈希为 {content} 的内容已依令删改过。", code="already-redacted")
    for actor in (first, second):
        require_in_scope(Scope(connection, actor), connection, content, today())
    if body is None:
        return _redact_file(connection, (first, second), content, order, reason)
    document = decode(bytes(body))
    _refuse_without_words(document)
    statement = {"order": order, "reason": reason, "kept": _kept(connection, content, document)}
    statement[KEPT] = resting_on(connection, [content])
    quoting = listed.drawn_from(connection, content)
    of_list = {"order": order, "reason": reason, "kept": {"visibility": "public"}, KEPT: []}
    receipt = _record(
        connection, (first, second), [(content, statement), *((row, of_list) for row in quoting)]
    )
    for gone in (content, *quoting):
        connection.execute(
            text("UPDATE content SET body = :tombstone WHERE hash = :h"), {"tombstone": TOMBSTONE, "h": gone}
        )
    listed.return_prepared(connection)
    touched = verifying.rederive_resting_on(connection, content, kinds.describe)
    for publication in touched:
        outbox.enqueue(connection, outbox.INDEX, publication)
    duties.derive_again(connection, content)
    forget_quotes(connection, content, document)
    _note(connection, (first, second), content, order)
    return receipt


def _note(connection: Connection, people: tuple[Actor, Actor], subject: str, order: str) -> None:
    first, second = people
    note = f"{order}；“{first.name}”提出，“{second.name}”确认"
    log.record_access(connection, "redacted", account=second.account, subject=subject, note=note)


def _refuse_unless_ordered(session: Session, first: Actor, second: Actor, order: str, reason: str) -> None:
    for actor in (first, second):
        if "publish" not in actor.rights:
            raise Forbidden(
                f"依令删改须由两个有“发布”权限、没有锁定的账号作出；账号“{actor.name}”没有“发布”权限。",
                code="missing-right",
                right="publish",
            )
        refuse_locked(session, actor)
    if first.account is None or second.account is None or first.account == second.account:
        raise Forbidden("依令删改须由两人共同作出。", code="two-people")
    if not order.strip() or not reason.strip():
        raise Invalid("依令删改须写明命令文号和理由。", code="order-needed")


def _refuse_without_words(document: Any) -> None:
    """An order takes words, never effects: the list that a round was frozen to is nothing but ids, and all its figures
    rest on it."""
    if isinstance(document, list) and document and all(isinstance(one, str) for one in document):
        raise Invalid(
            "这份内容是一轮清理所冻结的事项编号，没有文字可以删改，而这一轮的数目都以它为准。请写明有文字的内容的哈希。",
            code="no-words",
        )


def _record(
    connection: Connection, people: tuple[Actor, Actor], redactions: list[tuple[str, dict[str, Any] | None]]
) -> Receipt:
    first, second = people
    order = Order(
        kind="redaction",
        author=first.account,
        reviewer=second.account,
        publisher=second.account,
        redactions=redactions,
    )
    return record(connection, order, kinds.describe)


def _redact_file(
    connection: Connection, people: tuple[Actor, Actor], digest: str, order: str, reason: str
) -> Receipt:
    """The order keeps which contents name the file, and what rests on them: who follows that is to hear of it."""
    rows = connection.execute(
        text(f"SELECT hash FROM content WHERE {holds_bytes(connection, 'body', 'digest')} ORDER BY hash"),
        {"digest": digest.encode()},
    )
    naming = [row[0] for row in rows]
    statement = {"order": order, "reason": reason, "kept": {"named_by": naming}}
    statement[KEPT] = resting_on(connection, naming)
    receipt = _record(connection, people, [(digest, statement)])
    files.forget_name(connection, digest)
    _note(connection, people, digest, order)
    return receipt


_KINDS = text(
    "SELECT DISTINCT s.kind FROM subject s JOIN (SELECT subject_id FROM revision WHERE content = :h"
    " UNION SELECT subject_id FROM decision WHERE creates = :h OR changes = :h) r ON r.subject_id = s.id"
)


def _kept(connection: Connection, content: str, document: Any) -> dict[str, Any]:
    """What is no secret of a content: whether it was public, and who holds what it is about; of changes, those of
    status, codes and ids; of a statement, its keys, days and hashes."""
    if isinstance(document, list):
        return {"changes": [one for one in document if "path" in one and _is_plain_change(one)]}
    kept: dict[str, Any] = {}
    for (kind,) in connection.execute(_KINDS, {"h": content}):
        kept["visibility"] = kinds.describe(kind, document).visibility
        kept["content"] = _bare(kind, document)
    if not kept and (said := statements.bare(document)):
        kept["said"] = said
    return kept


def _is_plain_change(change: dict[str, Any]) -> bool:
    field = change["path"].split("/", 1)[0]
    if field in ("codes", "acceptances"):
        return True  # codes stand in rows of their own, which no order reaches; the others are keys
    value = change.get("value")
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) is not None
    return field in _FIELDS and change["path"] == field and plain


def _bare(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """The least of it that is a content of its kind: ids and codes, with a name that says what happened."""
    bare: dict[str, Any] = {name: part for name, part in _plain(document) if name in _FIELDS}
    model = kinds.MODELS[kind]
    for name, field in model.model_fields.items():
        if field.is_required():
            value = document.get(name)
            if name in _NAMES:
                bare[name] = PLACEHOLDER
            elif isinstance(value, int):
                bare[name] = value
    try:
        return kinds.validate(kind, bare)
    except (
        Invalid
    ):  # a calendar is nothing but its days; what has no bare form goes on with what stands elsewhere
        return bare


def _plain(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, part in document.items():
        if isinstance(part, str) and _PLAIN.fullmatch(part):
            yield name, part
