"""What a draft of a file would change, before it is drafted: counted and named, nothing written and no id taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from app.changes.outcomes import rule_for
from app.exchange.admitting import Admission, Admitted, Known
from app.exchange.records import Admissible
from app.versions.ids import LETTERS, kind_of
from app.versions.names import own_name
from app.versions.orders import Act


class Foresight(Admission):
    """Admission whose ids are made up (no id is written so, but ``kind_of`` reads them), and which remembers what its
    batches come to."""

    def foresee(
        self, connection: Connection, batches: Iterable[Sequence[Admissible]]
    ) -> Iterator[tuple[Admitted, list[dict[str, Any]]]]:
        """Each batch with what would be drafted of it, in words: outcome, kind, name, fields that change."""
        for batch in batches:
            admitted = self.batch(connection, batch)
            self.drafted |= admitted.known
            subjects = {one.subject_id: (key[0], one) for key, one in admitted.known.items()}
            yield admitted, [_told(act, *subjects[act.parts[0].subject_id]) for act in admitted.acts]

    def _load(self, connection: Connection, records: Sequence[Admissible]) -> dict[tuple[str, str], Known]:
        keys = {(record.kind, record.ref) for record in records}
        before = {key: self.drafted[key] for key in keys & self.drafted.keys()}
        return before | super()._load(connection, records)

    def _ids(self, _connection: Connection, kind: str, count: int) -> list[str]:
        return [f"??{LETTERS[kind]}-{len(self.drafted)}-{at}" for at in range(count)]


def label_of(act: Act) -> str:
    """The Chinese name of an act's outcome."""
    return rule_for(kind_of(act.parts[0].subject_id), act.outcome).label


def _told(act: Act, kind: str, known: Known) -> dict[str, Any]:
    part = act.parts[0]
    content = part.creates or known.content or {}
    fields = [] if part.creates is not None else [str(one["path"]).split("/")[0] for one in part.changes]
    return {
        "outcome": label_of(act),
        "kind": kind,
        "name": own_name(content) or "",
        "fields": list(dict.fromkeys(fields)),
    }
