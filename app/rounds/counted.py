"""A published round, or a draft as publishing it now would make it: its decisions' pairs and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from app.changes.deciding import Decided, Decider
from app.changes.freezing import frozen_items
from app.changes.queries import stated
from app.changes.statements import body_of, said
from app.errors import NotFound
from app.rounds.adding import add_up, as_json
from app.rounds.pairing import Family, Told, load, pairs_of
from app.rounds.pairs import Pair
from app.rounds.sentence import summary
from app.versions import ids
from app.versions.folds import Folds
from app.versions.queries import Known, of_publication

OTHER = 0
"""In the place of a publication that is not the round's; seqs begin at 1."""
DRAFT = None
"""In the place of the publication of a draft."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published round: its publication, the log entry that closes it, its statement."""

    publication: int
    changeset: str
    entry: int
    recorded_at: int
    statement: dict[str, Any]

    @property
    def scope(self) -> dict[str, Any]:
        return self.statement.get("scope") or {}


def find(connection: Connection, round_id: str, known: Known) -> Published:
    """Raises NotFound."""
    row = connection.execute(
        text(
            f"SELECT p.seq, p.changeset, e.seq, e.recorded_at, {body_of('p.statement')} FROM publication p"
            " JOIN log_entry e ON e.seq = (SELECT min(seq) FROM log_entry WHERE seq > p.seq)"
            " WHERE p.changeset = :id AND p.kind = 'round' AND p.seq <= :seq"
        ),
        {"id": round_id, "seq": known.seq},
    ).one_or_none()
    if row is None:
        raise NotFound(f"没有编号为 {round_id} 的已发布清理轮次。", code="unknown-round")
    return Published(row[0], row[1], row[2], row[3], stated(row[4]))


# --- sums -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    """The pairs of a round and what they add up to, with the day of its last decision."""

    pairs: list[Pair]
    sums: dict[str, Any]
    day: str


def count(connection: Connection, found: Published, seq: int) -> Counted:
    """The round as known at a seq of the log."""
    family = [found.publication, *correcting(connection, found, seq)]
    own = _items_of(connection, family)
    scope = frozen_items(connection, found.scope)
    told = load(connection, sorted({*own, *scope}), seq)
    pairs, day = _paired(told, found.scope, scope, frozenset(family))
    return _counted(pairs, found.scope, _origins(connection, family, seq, _withheld(pairs)), day)


def count_draft(
    connection: Connection, scope: dict[str, Any] | None, decider: Decider, decided: Decided
) -> Counted:
    """A changeset that has been decided and not published, as publishing it now would make it."""
    told = {
        item: [Told(effect, "", "", OTHER) for effect in history.effects]
        for item, history in decided.histories.items()
        if history.kind == "item"
    }
    for item, own in _told_of(decider, decided).items():
        together = [*told.get(item, ()), *own]
        together.sort(key=lambda one: (one.effect.effective_from, one.effect.seq))
        told[item] = together
    items = frozen_items(connection, scope)
    told |= load(connection, sorted(set(items) - told.keys()), 1 << 60)
    pairs, day = _paired(told, scope or {}, items, frozenset([DRAFT]), decider.folds)
    return _counted(pairs, scope or {}, _origins_drafted(decided, _withheld(pairs)), day)


def _origins_drafted(decided: Decided, withheld: set[str]) -> int:
    """As ``_origins`` counts them once it is published."""
    here: set[str] = set()
    outside = 0
    for act in decided.acts:
        if act.outcome != "receive":
            continue
        here |= {origin for origin, successor in act.lineage if withheld.isdisjoint((origin, successor))}
        if any(part.role == "result" and part.subject_id not in withheld for part in act.parts):
            outside += len((act.statement or {}).get("outside", ()))
    return len(here) + outside


def _told_of(decider: Decider, decided: Decided) -> dict[str, list[Told]]:
    told: dict[str, list[Told]] = {}
    for act in decided.acts:
        for part in act.parts:
            if ids.kind_of(part.subject_id) == "item":
                own = told.setdefault(part.subject_id, [])
                effect = decider.pending[part.subject_id][len(own)]
                own.append(Told(effect, act.outcome, part.role, DRAFT))
    return told


def _paired(
    told: Mapping[str, Sequence[Told]],
    scope: dict[str, Any],
    items: Sequence[str],
    publications: frozenset[int | None],
    folds: Folds | None = None,
) -> tuple[list[Pair], str]:
    """The pairs, and the day of the last decision."""
    days = [
        one.effect.effective_from for some in told.values() for one in some if one.publication in publications
    ]
    first, last = min(days, default=scope.get("base_day", "")), max(days, default=scope.get("base_day", ""))
    family = Family(publications, frozenset(items) if "frozen" in scope else None, first)
    return pairs_of(told, family, folds), last


def _withheld(pairs: Iterable[Pair]) -> set[str]:
    return {pair.item for pair in pairs if not pair.is_public}


def _counted(pairs: list[Pair], scope: dict[str, Any], origins: int, day: str) -> Counted:
    sums = as_json(add_up(pairs, scope.get("types", ())))
    sums["received"] = {"origins": origins, "results": sums["new"]["receive"]}
    return Counted(pairs, sums | {"summary": summary(sums)}, day)


def _items_of(connection: Connection, publications: Iterable[int]) -> list[str]:
    found = []
    for publication in publications:
        rows = connection.execute(
            text(
                "SELECT DISTINCT d.subject_id FROM decision d JOIN subject s ON s.id = d.subject_id"
                f" WHERE {of_publication('d.seq', ':p')} AND s.kind = 'item'"
            ),
            {"p": publication},
        )
        found += [row[0] for row in rows]
    return found


def _origins(connection: Connection, publications: Iterable[int], seq: int, withheld: set[str]) -> int:
    """From how many items of elsewhere or here these publications received, voided acts left out, and what is not
    public, or became nothing public."""
    here: set[str] = set()
    outside = 0
    for publication in publications:
        of = (
            f"WHERE {of_publication('d.seq', ':p')} AND d.{{column}} = 'receive'"
            " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act AND v.seq <= :seq)"
        )
        asked = {"p": publication, "seq": seq}
        lineage = text(f"SELECT d.origin, d.successor FROM lineage d {of.format(column='relation')}")
        here |= {row[0] for row in connection.execute(lineage, asked) if withheld.isdisjoint(row)}
        statements = text(
            f"SELECT d.act, {body_of('d.statement')}, d.subject_id FROM decision d "
            + of.format(column="outcome")
            + " AND d.role = 'result' AND d.statement IS NOT NULL"
        )
        acts = {row[0]: row[1] for row in connection.execute(statements, asked) if row[2] not in withheld}
        outside += sum(len(said(body).get("outside", ())) for body in acts.values())
    return len(here) + outside


def correcting(connection: Connection, found: Published, seq: int) -> list[int]:
    """Later publications that name the round as the one they correct."""
    rows = connection.execute(
        text(
            f"SELECT p.seq, {body_of('p.statement')} FROM publication p"
            " WHERE p.seq > :after AND p.seq <= :seq AND p.kind <> 'initial' AND p.statement IS NOT NULL"
        ),
        {"after": found.publication, "seq": seq},
    )
    named = f'"corrects":"{found.changeset}"'.encode()
    return [row[0] for row in rows if named in bytes(row[1])]
