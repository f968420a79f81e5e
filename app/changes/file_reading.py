"""Who may read an attached file: the public, where something public names it; of the others, whoever may read what
names it, and whoever has brought it.

Nothing is looked for in contents: what names a file is kept as it is published (``named_file``, ``document_file``)
and drafted (``draft_file``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, text
from sqlmodel import Session

from app import files
from app.auth.actor import Actor
from app.changes import rows, showing
from app.changes.queries import IS_ROUND
from app.changes.scope import Scope
from app.db import fetch, run_by
from app.errors import Invalid
from app.versions.named_files import drafted_in
from app.versions.queries import of_publication, today
from app.versions.visibility import hidden_among, on_its_day, on_open_day, public_among

PAGE = 200
_SUBJECTS = text(
    "SELECT DISTINCT subject_id FROM named_file WHERE digest = :digest AND visibility = 'public'"
    " AND subject_id > :after ORDER BY subject_id LIMIT :page"
)
_PUBLICATIONS = text(
    f"SELECT p.seq, p.kind = 'edition' OR {IS_ROUND} FROM document_file f JOIN publication p ON p.seq = f.publication"
    " WHERE f.digest = :digest ORDER BY p.seq"
)
_DECIDED = text(
    f"SELECT d.seq, d.subject_id, {on_its_day('d')} FROM decision d WHERE d.seq > :after"
    f" AND {of_publication('d.seq', ':p')} AND {on_open_day('d')} ORDER BY d.seq LIMIT :page"
)
_VOIDED = text(
    f"SELECT d.seq, d.subject_id, {on_its_day('d')} FROM void v JOIN decision d ON d.act = v.act"
    f" WHERE {of_publication('v.seq', ':p')} AND {on_open_day('d')} AND d.seq > :after ORDER BY d.seq LIMIT :page"
)


def is_public(connection: Connection, digest: str) -> bool:
    """Whether something that the public may read names the file: a revision, on whatever day and however long known;
    or a document, of a round, an edition or a decision."""
    if any(
        public_among(run_by(connection), [row[0] for row in some])
        for some in _pages(connection, _SUBJECTS, {"digest": digest}, "")
    ):
        return True
    publications = connection.execute(_PUBLICATIONS, {"digest": digest}).all()
    return any(told or _is_told(connection, seq) for seq, told in publications)


def _pages(connection: Connection, query: Any, asked: dict[str, Any], after: Any) -> Iterator[list[Any]]:
    """By the first column. Most files are public by the first rows, however many there are."""
    while found := connection.execute(query, {**asked, "after": after, "page": PAGE}).all():
        yield list(found)
        after = found[-1][0]


def _is_told(connection: Connection, publication: int) -> bool:
    """Whether the document of a publication is told in public: with a decision that is, or that it takes out."""
    run = run_by(connection)
    for query in (_DECIDED, _VOIDED):
        for some in _pages(connection, query, {"p": publication}, 0):
            public = public_among(run, (row[1] for row in some))
            hidden = hidden_among(run, (row[2] for row in some if row[1] in public))
            if any(row[1] in public and row[2] not in hidden for row in some):
                return True
    return False


def is_readable(session: Session, actor: Actor, digest: str) -> bool:
    """Whether an account may read a file that need not be public: with a right to read what is not, and of a scope
    without bounds; or it has brought the file, or may read an item or a draft that names it."""
    if not actor.rights & showing.READING:
        return False
    connection = session.connection()
    scope = Scope(connection, actor)
    return (
        scope.is_everything
        or _has_brought(connection, actor, digest)
        or _holds(scope, _named_by(connection, digest))
        or _is_drafted_for(session, actor, scope, digest)
    )


def _has_brought(connection: Connection, actor: Actor, digest: str) -> bool:
    asked = "SELECT 1 FROM file_upload WHERE digest = ? AND account = ?"
    return actor.account is not None and bool(fetch(connection, asked, (digest, actor.account)))


def _named_by(connection: Connection, digest: str) -> list[Any]:
    """(authority, region) of what names it, on all its days."""
    asked = (
        "SELECT DISTINCT t.authority, t.region FROM named_file n JOIN timeline t ON t.subject_id = n.subject_id"
        " WHERE n.digest = ?"
    )
    return fetch(connection, asked, (digest,))


def _holds(scope: Scope, places: Iterable[Any]) -> bool:
    day = today()
    return any(scope.covers_item(authority, region, day) for authority, region in places)


def _is_drafted_for(session: Session, actor: Actor, scope: Scope, digest: str) -> bool:
    connection = session.connection()
    drafted = fetch(connection, "SELECT changeset, place FROM draft_file WHERE digest = ?", (digest,))
    for changeset_id, place in drafted:
        if place not in ("head", "decision"):  # proposed for an item, which is read by whoever it belongs to
            asked = "SELECT DISTINCT authority, region FROM timeline WHERE subject_id = ?"
            if _holds(scope, fetch(connection, asked, (place,))):
                return True
        changeset = rows.find(session, changeset_id)
        by_part = place == "head" and changeset.kind == "round"  # its document is everybody's who works on it
        if showing.is_readable(session, actor, changeset, by_part):
            return True
    return False


def names_for(session: Session, actor: Actor, digests: Iterable[str]) -> dict[str, str]:
    """Digest -> the file's name, of those that are stored and that the account may read: a name tells much, too."""
    connection = session.connection()
    named = files.names_of(connection, digests)
    return {
        one: name
        for one, name in named.items()
        if is_readable(session, actor, one) or is_public(connection, one)
    }


def require_readable(
    session: Session, actor: Actor, bodies: Iterable[bytes], kept: Iterable[bytes] = ()
) -> None:
    """What a draft names, who drafts it may read: else naming a file would be a way to it. ``kept``: what was drafted
    before, by whoever might name it. Raises Invalid, as for a file that is not there. One that is not stored yet may
    be named."""
    digests = {one for body in bodies for one in drafted_in(body)}
    digests -= {one for body in kept for one in drafted_in(body)}
    hidden = files.names_of(session.connection(), digests).keys() - names_for(session, actor, digests).keys()
    if hidden:
        raise Invalid(f"没有附件 {min(hidden)}，请先上传，再填它的指纹。", code="unknown-file")
