"""Which drafts an account may read: those it had a hand in, and those about nothing but what is in its scope.

A right that works on the catalogue, or audits it, is asked first: whoever only manages accounts reads no drafts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlmodel import Session

from app.auth.actor import Actor
from app.canonical import decode
from app.changes import rows
from app.changes.deciding import Decider
from app.changes.freezing import frozen_items
from app.changes.models import Changeset
from app.db import TOMBSTONE, chunks, fetch, marks
from app.errors import Forbidden, Gone
from app.places.queries import subtree

READING = frozenset({"edit", "review", "publish", "audit"})
"""Any of these rights reads what is not public yet, within the account's scope."""


def require_reading(actor: Actor) -> None:
    """Raises Forbidden for an account, or a key, that neither works on the catalogue nor audits it."""
    if not actor.rights & READING:
        raise Forbidden(
            f"账号“{actor.name}”或所用的令牌没有编辑、审核、发布或审计的权限，只能读取公开的内容；内部资料请用有权限的"
            "账号或令牌读取。",
            code="staff-only",
        )


def require_readable(session: Session, actor: Actor, changeset: Changeset) -> None:
    """Raises Forbidden where a decision of it is about something outside the actor's scope, as every move of it
    does: a draft shows what is not public yet, internal items too. To have proposed something for a round is no hand
    in the whole of it."""
    require_reading(actor)
    decider = Decider(session.connection(), "", actor)
    if decider.scope.is_everything or actor.account in rows.hands_in(session, changeset, rows.DRAFTED):
        return
    found = rows.decisions(session, changeset)
    if not found and not _takes_part(session, actor, changeset):
        raise _outside(actor, changeset)
    if any(row.body == TOMBSTONE for row in found):
        raise _outside(actor, changeset)  # redacted: nobody can say any more whose it was
    decider.require_scope([decode(row.body) for row in found])


def require_part(session: Session, actor: Actor, changeset: Changeset) -> None:
    """Raises Forbidden where a round has nothing in it that is the actor's; whoever has a part in it comes in, and
    sees the own items there."""
    if not _takes_part(session, actor, changeset):
        require_readable(session, actor, changeset)
    require_reading(actor)


def is_readable(session: Session, actor: Actor, changeset: Changeset, part: bool = False) -> bool:
    """``part``: as somebody who has a part in it, were it a round."""
    try:
        (require_part if part else require_readable)(session, actor, changeset)
    except Forbidden:
        return False
    return True


def readable(
    session: Session, actor: Actor, found: Iterable[Changeset], part: bool = False
) -> Iterator[Changeset]:
    """Those of them that the actor may read, in order; looked at many at once, as far as they are asked for."""
    if part:
        yield from (one for one in found if is_readable(session, actor, one, part))
    elif actor.rights & READING:
        left = iter(found)
        while together := list(islice(left, rows.AT_ONCE)):
            yield from _readable_among(session, actor, together)


def _readable_among(session: Session, actor: Actor, found: Sequence[Changeset]) -> Iterator[Changeset]:
    """Most of what an account may not read begins with what is not its own: the first decision of each is looked at
    before all of any."""
    decider = Decider(session.connection(), "", actor)
    if decider.scope.is_everything:
        yield from found
        return
    ids = [one.id for one in found if actor.account not in (one.author, one.submitter)]
    own = {one.id for one in found}.difference(ids) | rows.left_by(session, actor.account, rows.DRAFTED, ids)
    bodies = rows.first_decisions(session, [one for one in ids if one not in own])
    firsts = {id_: decode(body) for id_, body in bodies.items() if body != TOMBSTONE}
    decider.load([*firsts.values()])
    for one in found:
        if one.id in own or (
            decider.is_in_scope(firsts.get(one.id, {})) and is_readable(session, actor, one)
        ):
            yield one


def _takes_part(session: Session, actor: Actor, changeset: Changeset) -> bool:
    """Whether a round's frozen list has an item in the actor's scope; one without a list is everybody's who works
    here, for its rows are those of a public document."""
    connection = session.connection()
    if actor.authority is None and actor.region is None:
        return True
    scope = decode(changeset.head.encode()).get("scope")
    try:
        items = frozen_items(connection, scope)
    except Gone:
        return False  # nobody can say any more whose they were
    if not items or scope is None:
        return True
    day = scope["base_day"]
    places = set(subtree(connection, actor.region, day)) if actor.region else None
    for some in chunks(items):
        held = fetch(
            connection,
            f"SELECT authority, region FROM timeline WHERE subject_id IN ({marks(some)})"
            " AND valid_from <= ? AND valid_to > ?",
            (*some, day, day),
        )
        for authority, region in held:
            if actor.authority in (None, authority) and (places is None or region in places):
                return True
    return False


def _outside(actor: Actor, changeset: Changeset) -> Forbidden:
    return Forbidden(f"“{changeset.title}”不在账号“{actor.name}”的管理范围内。", code="out-of-scope")
