"""The report of a round: as published (stored, by hash), as known now or at any time, as a draft would make it.

The sums that a round had when it was published are a content of their own; the publication's statement, and so
the log, names its hash. What later voids and corrections make of them is worked out anew and stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from app.canonical import decode, digest, encode
from app.changes.deciding import Decided, Decider
from app.changes.models import Changeset
from app.changes.owed import acceptances_of_round
from app.collecting import few_collections
from app.db import TOMBSTONE, fetch
from app.items import code_tables
from app.rounds.counted import Published, correcting, count, count_draft, find
from app.rounds.reconciling import reconcile
from app.rounds.waiting import waiting_for_law
from app.versions.names import names_near
from app.versions.queries import Known, moment, of_publication, today

# --- storing --------------------------------------------------------------------------------------------


def attach(
    connection: Connection, changeset: Changeset, head: dict[str, Any], decider: Decider, decided: Decided
) -> tuple[dict[str, Any], list[bytes]]:
    """What publishing adds to a round's statement: the hash of its sums, and the sums. For ``publish``."""
    if changeset.kind != "round":
        return {}, []
    body = encode(count_draft(connection, head.get("scope"), decider, decided).sums)
    return {"report": digest(body)}, [body]


def stored(connection: Connection, found: Published) -> tuple[dict[str, Any] | None, bool]:
    """The sums as they were published, and whether an order took them. None of one that was published before sums were
    stored, or that were taken: what it added up to then is worked out again from its decisions."""
    named = found.statement.get("report")
    if named is None:
        return None, False
    body = bytes(fetch(connection, "SELECT body FROM content WHERE hash = ?", (named,))[0][0])
    return (None, True) if body == TOMBSTONE else (decode(body), False)


# --- the report -----------------------------------------------------------------------------------------


@few_collections()
def report(connection: Connection, round_id: str, known: Known) -> dict[str, Any]:
    """The report of a published round as page-ready data. Raises NotFound.

    The figures are those that were published, or where an order took them (``published.redacted``) those that its
    decisions added up to then; ``recomputed`` holds those known at ``known`` where they differ.
    """
    found = find(connection, round_id, known)
    now = count(connection, found, known.seq)
    first, redacted = stored(connection, found)
    if first is None:
        first = count(connection, found, found.entry).sums
    names = names_near(connection, [*first["by_authority"], *now.sums["by_authority"]], now.day)
    statement = found.statement
    return {
        "id": found.changeset,
        **{name: statement[name] for name in HEAD if name in statement},
        "published": {
            "publication": found.publication,
            "recorded_at": moment(found.recorded_at),
            "hash": statement.get("report"),
            "redacted": redacted,
        },
        **page_ready(first, names),
        "recomputed": page_ready(now.sums, names) if now.sums != first else None,
        "acceptances": _acceptances(connection, found, known),
        "pending_law": waiting_for_law(connection, found.changeset, today(), known),
        "reconciliation": reconcile(connection, found.scope, now.pairs, now.day) if known.is_head else None,
        "known_at": moment(known.recorded_at),
        "seq": known.seq,
    }


def _acceptances(connection: Connection, found: Published, known: Known) -> dict[str, Any] | None:
    """What the receivers of devolved items owe today: counted, with the places nobody has taken over."""
    day = today()
    owed = acceptances_of_round(connection, found.changeset, day, known)
    if not owed["owed"]:
        return None
    gaps = [row for row in owed.pop("acceptances") if row["gap"]]
    names = names_near(
        connection, {row[to] for row in gaps for to in ("region", "authority") if row[to]}, day
    )
    missing = [
        {
            "item": row["subject"],
            "region": row["region"],
            "authority": row["authority"],
            "name": names.get(row["authority"] or "") or names.get(row["region"] or "") or row["words"],
        }
        for row in gaps
    ]
    return {"on": day, **owed, "missing": missing}


HEAD = ("title", "number", "reason", "document", "scope", "synthetic", "undisclosed", "emergency")


@few_collections()
def overview(connection: Connection, round_id: str, known: Known) -> dict[str, Any]:
    """The published sums for a page, page-ready, without working out the whole anew; ``moved`` says whether a
    void or a changeset that corrects the round has come since, so that the report holds other figures too;
    ``redacted``, whether an order took what was published, so that these are worked out again."""
    found = find(connection, round_id, known)
    sums, redacted = stored(connection, found)
    if sums is None:
        sums = count(connection, found, found.entry).sums
    return {
        **page_ready(sums, names_near(connection, sums["by_authority"], today())),
        "hash": found.statement.get("report"),
        "redacted": redacted,
        "acceptances": _acceptances(connection, found, known),
        "pending_law": waiting_for_law(connection, found.changeset, today(), known),
        "moved": _has_moved(connection, found, known.seq),
    }


def _has_moved(connection: Connection, found: Published, seq: int) -> bool:
    voided = connection.execute(
        text(
            "SELECT 1 FROM void v WHERE v.seq <= :seq AND v.act IN"
            f" (SELECT d.act FROM decision d WHERE {of_publication('d.seq', ':p')}) LIMIT 1"
        ),
        {"seq": seq, "p": found.publication},
    ).first()
    return voided is not None or bool(correcting(connection, found, seq))


def page_ready(sums: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Sums with their groups as lists of rows, named; the largest authority first."""
    return {
        **sums,
        "by_authority": sorted(
            ({"id": key, "name": names.get(key), **row} for key, row in sums["by_authority"].items()),
            key=lambda row: (-row["before"], -row["after"], row["id"]),
        ),
        "by_type": _coded(sums["by_type"], "item_type"),
        "by_level": _coded(sums["by_level"], "level"),
    }


def _coded(groups: dict[str, Any], table: str) -> list[dict[str, Any]]:
    return [{"code": key, "name": code_tables.label(table, key), **row} for key, row in groups.items()]
