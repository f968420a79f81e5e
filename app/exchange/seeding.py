"""``qingdan seed``: the demonstration registry, through the same doors as any other data.

The records are 首次录入; then the changesets, rounds among them, are drafted by one locked demonstration
account, approved by another, and published one by one. Killed, it goes on by running it again; two at once do it
together.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session, select

from app.auth.accounts import actor_of, add_account
from app.auth.actor import Actor
from app.auth.models import Account
from app.canonical import decode
from app.changes import drafts, publishing, rows
from app.changes.models import ChangesetInput
from app.db import Database, writing_alone
from app.errors import RegistryError
from app.exchange import progress
from app.exchange.admitting import CREATES, Admission, in_order
from app.exchange.importing import BATCH, Tell, quiet
from app.exchange.models import SourceKey
from app.exchange.records import CodeValue, Record
from app.exchange.seeding_editions import issue_once
from app.lists.signing import Signer
from app.rounds.publishing import publish

SOURCE = "seed"
SEED_DIR = Path(__file__).resolve().parents[2] / "seed"
FILES = ("authorities", "instruments", "calendar", "entries", "items")
DRAFTER, REVIEWER = "demo-drafter", "demo-reviewer"


def seed(
    database: Database,
    today: str,
    directory: Path = SEED_DIR,
    tell: Tell = quiet,
    signer: Signer | None = None,
) -> int:
    """Load the seed. Returns the number of publications; 0 where all was there already. ``signer`` signs the lists
    that it issues; none are without."""
    changes, editions = (_lines(directory / f"{name}.jsonl") for name in ("changes", "editions"))
    signed = (signer, editions) if signer else None
    return load(database, today, SOURCE, list(_records(directory)), changes, tell, signed)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines() if line]


def load(
    database: Database,
    today: str,
    source: str,
    records: list[Record],
    changes: list[dict[str, Any]],
    tell: Tell = quiet,
    editions: tuple[Signer, list[dict[str, Any]]] | None = None,
) -> int:
    """Records as 首次录入, then changesets and lists by two accounts. Returns the number of publications."""
    with writing_alone(database) as session:
        run = progress.begin(session, source, source, source, "seed")
        drafter, reviewer = (
            _account(session, DRAFTER, "演示起草", "edit"),
            _account(session, REVIEWER, "演示审核", "review,publish"),
        )
    try:
        count = _publish_all(database, source, (drafter, reviewer), records, changes, today, tell)
    except RegistryError:
        with database.writing() as session:
            if is_empty(session):
                progress.refuse(session, run.id)
        raise
    if editions:
        signer, asked = editions
        for one in asked:
            count += issue_once(database, source, (drafter, reviewer), signer, one, _resolved)
    with database.writing() as session:
        progress.end(session, run.id, count, [])
    return count


def _publish_all(
    database: Database,
    source: str,
    people: tuple[Actor, Actor],
    records: list[Record],
    changes: list[dict[str, Any]],
    today: str,
    tell: Tell,
) -> int:
    count = _publish_records(database, source, records, tell)
    for number, change in enumerate(changes, start=1):
        count += _publish_change(database, source, people, change, today)
        tell("变更", number)
    return count


def is_empty(session: Session) -> bool:
    """Whether nothing is published yet, and no import is under way."""
    connection = session.connection()
    published = connection.execute(text("SELECT 1 FROM log_entry LIMIT 1")).first()
    return published is None


def is_half_done(session: Session, source: str = SOURCE) -> bool:
    """Whether a seed was begun and killed."""
    return progress.unfinished(session.connection()) == source


def is_done(session: Session, source: str = SOURCE) -> bool:
    """Whether this registry holds the seed."""
    row = session.exec(select(SourceKey).where(SourceKey.source == source)).first()
    return row is not None


def _account(session: Session, name: str, display_name: str, rights: str) -> Actor:
    account = session.exec(select(Account).where(Account.name == name)).first()
    if account is None:
        account = add_account(session, name, rights.split(","), display_name=display_name, locked=True)
    return actor_of(account)


def _records(directory: Path) -> Iterator[Record]:
    with (directory / "regions.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield _region(row)
    for name in FILES:
        for line in (directory / f"{name}.jsonl").read_bytes().splitlines():
            if line:
                yield Record.model_validate(orjson.loads(line))


def _region(row: dict[str, str]) -> Record:
    content: dict[str, Any] = {"schema": 1, "name": row["name"], "level": row["level"]}
    if row["short_name"]:
        content["short_name"] = row["short_name"]
    if row["parent"]:
        content["parent"] = f"@region:{row['parent']}"
    return Record(
        kind="region",
        ref=row["code"],
        content=content,
        codes=[CodeValue(scheme="gb2260", value=row["code"])],
        day=row["attested"],
        start_unknown=True,
    )


def _publish_records(database: Database, source: str, records: list[Record], tell: Tell) -> int:
    """The initial part; records that were published before a kill are passed over."""
    admission = Admission(source, trusted=False, free=True)
    ordered, count = in_order(records), 0
    for start in range(0, len(ordered), BATCH):
        with writing_alone(database) as session:
            admitted = admission.batch(session.connection(), ordered[start : start + BATCH])
            if admitted.acts:
                publishing.publish_initial(session, admitted.acts, {"title": "首次录入：示范数据"})
                count += 1
            admission.write_keys(session.connection(), admitted)
        tell("首次录入", min(start + BATCH, len(ordered)))
    return count


# --- changes ----------------------------------------------------------------------------------------------


def _publish_change(
    database: Database, source: str, people: tuple[Actor, Actor], change: dict[str, Any], today: str
) -> int:
    drafter, reviewer = people
    with writing_alone(database) as session:
        if session.get(SourceKey, (source, "changeset", change["ref"])) is not None:
            return 0
        asked = ChangesetInput.model_validate(_asked(session, source, change, today))
        changeset = drafts.draft(session, drafter, asked, today)
        drafts.submit(session, drafter, changeset.id, None, today)
        drafts.approve(session, reviewer, changeset.id)
        publish(session, reviewer, changeset.id, today)
        session.add(SourceKey(source=source, kind="changeset", ref=change["ref"], subject_id=changeset.id))
        _remember_created(session, source, change, changeset.id)
    return 1


def _asked(session: Session, source: str, change: dict[str, Any], today: str) -> dict[str, Any]:
    """The changeset as the API would have it: references replaced, past decisions marked."""
    asked = {name: part for name, part in change.items() if name not in ("ref", "decisions")}
    reason = change.get("reason", "")
    timing = "correction" if reason.startswith("更正") else "late_entry"
    asked["decisions"] = [_decision(decision, reason, timing, today) for decision in change["decisions"]]
    return _resolved(session, source, asked)


def _decision(decision: dict[str, Any], reason: str, timing: str, today: str) -> dict[str, Any]:
    made = {name: part for name, part in decision.items() if name != "record" and part not in (None, "")}
    if record := decision.get("record"):
        made |= {
            "kind": record["kind"],
            "content": record["content"],
            "codes": record.get("codes", []),
            "ref": record["ref"],
        }
    made["results"] = [_result(result) for result in decision.get("results", [])]
    named = [made.get("subject"), *(origin for origin in decision.get("origins", []))]
    made["origins"] = [{"subject": origin} for origin in decision.get("origins", [])]
    if "kind" not in made:
        first = next(name for name in named if name)
        made["kind"] = first[1:].split(":", 1)[0]
    if made["effective_from"] < today:
        made |= {"timing": timing, "reason": made.get("reason") or reason}
    return made


def _result(result: dict[str, Any]) -> dict[str, Any]:
    if record := result.get("record"):
        return {"content": record["content"], "codes": record.get("codes", []), "ref": record["ref"]}
    return result


def _resolved(session: Session, source: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(session, source, part) for name, part in value.items()}
    if isinstance(value, list):
        return [_resolved(session, source, part) for part in value]
    if isinstance(value, str) and value.startswith("@") and ":" in value:
        kind, _, ref = value[1:].partition(":")
        if kind == "act":
            return _act(session, source, ref)
        if kind in CREATES:
            return _subject(session, source, kind, ref) or value
    return value


def _act(session: Session, source: str, ref: str) -> int | None:
    """The last decision that handed an item on: what an acceptance names."""
    query = text("SELECT max(act) FROM decision WHERE subject_id = :id AND outcome IN ('devolve', 'narrow')")
    found: int | None = (
        session.connection().execute(query, {"id": _subject(session, source, "item", ref)}).scalar()
    )
    return found


def _subject(session: Session, own: str, kind: str, ref: str) -> str | None:
    for source in (own, "url"):
        row = session.get(SourceKey, (source, kind, ref))
        if row is not None:
            return row.subject_id
    return None


def _remember_created(session: Session, source: str, change: dict[str, Any], changeset_id: str) -> None:
    """Later changes of the seed may refer to what this one created."""
    made = rows.decisions(session, rows.find(session, changeset_id))
    for decision, row in zip(change["decisions"], made, strict=True):
        body = decode(row.body)
        places = [(decision, body), *zip(decision.get("results", []), body.get("results", []), strict=False)]
        for asked, made in places:
            if record := asked.get("record"):
                session.add(
                    SourceKey(
                        source=source, kind=record["kind"], ref=record["ref"], subject_id=made["subject"]
                    )
                )
