"""From a round's decisions to pairs, in bulk.

A pair isolates what the round itself does: before, the fold of what ranks before the round's first decision about
the item; after, the same with the round's own decisions, on the day of the last. Changes by others in between are
no part of it. Decisions of a changeset that names the round as the one it corrects count as the round's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.db import TOMBSTONE, chunks, fetch, marks
from app.rounds.pairs import NO_SAY, Pair, Side, side_of
from app.versions.fold import Effect, fold
from app.versions.folds import Folds
from app.versions.histories import load_histories


@dataclass(frozen=True, slots=True)
class Told:
    """An effect with what its decision was called, and by which publication (None: a draft's)."""

    effect: Effect
    outcome: str
    role: str
    publication: int | None


_EFFECTS = (
    "SELECT d.subject_id, d.seq, d.act, d.effective_from, d.until, d.creates, cc.body, ch.body, d.start_unknown,"
    " d.outcome, d.role, d.publication"
    " FROM decision d LEFT JOIN content cc ON cc.hash = d.creates LEFT JOIN content ch ON ch.hash = d.changes"
    " WHERE d.subject_id IN ({ids}) AND d.seq <= ?"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = d.act AND v.seq <= ?)"
    " ORDER BY d.subject_id, d.effective_from, d.seq"
)


def load(connection: Connection, items: Iterable[str], seq: int) -> dict[str, list[Told]]:
    """Every effect on the items that counts as known at a seq of the log."""
    told: dict[str, list[Told]] = {}
    for ids in chunks(items):
        for row in fetch(connection, _EFFECTS.format(ids=marks(ids)), (*ids, seq, seq)):
            effect = Effect(
                seq=row[1],
                act=row[2],
                effective_from=row[3],
                until=row[4],
                creates=row[5],
                creates_body=None if row[6] is None else bytes(row[6]),
                changes_body=None if row[7] is None else bytes(row[7]),
                start_unknown=bool(row[8]),
            )
            told.setdefault(row[0], []).append(Told(effect, row[9], row[10], row[11]))
    _restore(connection, told)
    return told


def _restore(connection: Connection, told: dict[str, list[Told]]) -> None:
    """What redacted decisions still do, as far as that is known. In place."""
    gone = [
        item
        for item, some in told.items()
        if any(TOMBSTONE in (one.effect.creates_body, one.effect.changes_body) for one in some)
    ]
    for item, history in load_histories(connection, gone).items():
        restored = {effect.seq: effect for effect in history.effects}
        told[item] = [replace(one, effect=restored.get(one.effect.seq, one.effect)) for one in told[item]]


@dataclass(frozen=True, slots=True)
class Family:
    """Whose decisions are the round's own, which items it counts, and the day for those it has left undecided."""

    publications: frozenset[int | None]
    scope: frozenset[str] | None
    day: str


def pairs_of(told: Mapping[str, Sequence[Told]], family: Family, folds: Folds | None = None) -> list[Pair]:
    """One pair an item. Pure. An item of the scope that ended otherwise before the round is left out.

    ``folds``: those of who has worked the round out, so that nothing is folded again."""
    found = []
    for item in sorted({*told, *(family.scope or ())}):
        pair = _pair(item, told.get(item, ()), family, Folds() if folds is None else folds)
        if pair is not None:
            found.append(pair)
    return found


def _pair(item: str, told: Sequence[Told], family: Family, folds: Folds) -> Pair | None:
    own = [one for one in told if one.publication in family.publications]
    if not own:
        return _untouched(item, told, family)
    first = (own[0].effect.effective_from, own[0].effect.seq)
    earlier = [
        one.effect
        for one in told
        if one.publication not in family.publications and (one.effect.effective_from, one.effect.seq) < first
    ]
    # Both are in their order, and the round's own come after what ranks before the first of them.
    together = [*earlier, *(one.effect for one in own)]
    stood, stands = folds.on(item, earlier, first[0]), folds.on(item, together, own[-1].effect.effective_from)
    before = side_of(stood)
    after = side_of(stands, None if before is None else (stood or {}, before))
    decisions = tuple((one.outcome, one.role) for one in own)
    return Pair(item, before, after, decisions, _in_scope(item, before, decisions, family))


def _in_scope(item: str, before: Side | None, decisions: Sequence[tuple[str, str]], family: Family) -> bool:
    """Without a frozen scope: whatever stood before and is decided, save a standing result of a receive."""
    if before is None or not before.listed:
        return False
    if family.scope is not None:
        return item in family.scope
    silent = {*NO_SAY, ("receive", "result")}
    return any(decision not in silent for decision in decisions)


def _untouched(item: str, told: Sequence[Told], family: Family) -> Pair | None:
    side = side_of(fold([one.effect for one in told], family.day))
    if family.scope is None or item not in family.scope or side is None or not side.listed:
        return None
    return Pair(item, side, side)
