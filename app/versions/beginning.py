"""Subjects that a publication founds and says no more of, from contents that were checked and encoded before.

An import founds them by the hundred thousand. Each comes to one revision on its only day, so nothing is folded,
and no more is made for it than its rows. ``verify`` asks the fold itself.
"""

from __future__ import annotations

from typing import NamedTuple

from app.versions.ids import kind_of
from app.versions.models import FIRST, OPEN
from app.versions.orders import Act, Ready
from app.versions.rows import Contents, Rows
from app.versions.timeline import Derived, Span


class Begun(NamedTuple):
    """One of them, its decision numbered."""

    subject_id: str
    day: str
    start_unknown: bool
    content: str
    ready: Ready
    decision: int

    def add_revision(self, rows: Rows, publication: int, into: Derived) -> None:
        """Its revision, its codes, and what is derived from them."""
        kind, ready, cause = kind_of(self.subject_id), self.ready, self.decision
        seq = rows.add(
            "revision",
            publication,
            self.subject_id,
            self.day,
            ready.status,
            self.content,
            int(self.start_unknown),
            cause,
        )
        for code in ready.codes:
            rows.add("code", publication, self.subject_id, *code, self.day, 1, cause)
            into.codes.append((self.subject_id, *code, self.day, OPEN))
        if self.start_unknown:
            unknown = Span(FIRST, self.day, None, "unknown", None, "[]")
            into.add(self.subject_id, kind, unknown, ready.facets)
        stands = Span(self.day, OPEN, seq, ready.status, self.content, ready.held)
        into.add(self.subject_id, kind, stands, ready.facets)
        into.add_files(self.subject_id, ready.facets)


def begin(rows: Rows, publication: int, act: Act, ready: Ready, contents: Contents) -> Begun:
    """Numbers the subject and its decision."""
    (part,) = act.parts
    rows.add("subject", part.subject_id, kind_of(part.subject_id))
    act.seq = rows.seq + 1
    content = contents.put_bytes(ready.body)
    changes = contents.put_bytes(ready.changes) if len(ready.changes) > len(b"[]") else None
    seq = rows.add_decision(publication, act, part, content, changes, None)
    return Begun(part.subject_id, part.effective_from, part.start_unknown, content, ready, seq)
