"""Editions in a small registry: prepared, approved and issued by people, with a key of their own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from registry import TODAY, Office
from seeded import Living

from app.changes.models import DocumentInput
from app.lists import carrying, issuing, preparing, reading, signing
from app.lists.models import EditionDraft
from app.lists.reading import Issued
from app.lists.selecting import Selection
from app.lists.signing import Signer
from app.settings import Settings

DOCUMENT = DocumentInput(number="广安区府办〔2026〕40号", title="关于公布权力清单的通知")


def settings_in(place: Path) -> Settings:
    return Settings(data_dir=place, database_url="", signing_key="")


def signer_in(place: Path) -> Signer:
    return signing.load(signing.ensure(settings_in(place)))


def prepare(office: Office, on: str = TODAY, **asked: Any) -> EditionDraft:
    wanted = Selection(asked.pop("kind", "power"), on, **(asked or {"authority": office.water}))
    with office.database.writing() as session:
        return preparing.prepare(session, office.editor, wanted, DOCUMENT)


def approve(office: Office, draft: EditionDraft) -> EditionDraft:
    with office.database.writing() as session:
        return preparing.approve(session, office.reviewer, draft.id, draft.content)


def issue(office: Office, signer: Signer, **asked: Any) -> Issued:
    """The whole way; the edition as published."""
    draft = approve(office, prepare(office, **asked))
    with office.database.writing() as session:
        issuing.issue(session, office.publisher, draft.id, signer)
    return found(office, draft.id)


def issue_in(living: Living, **asked: Any) -> Issued:
    """The same in the seeded registry; of the office that has most items, where nothing else is asked."""
    query = "SELECT authority FROM timeline WHERE kind = 'item' GROUP BY 1 ORDER BY count(*) DESC, 1"
    largest = {} if asked else {"authority": living.rows(query)[0][0]}
    people = {right: living.people[right] for right in ("editor", "reviewer", "publisher")}
    office = SimpleNamespace(database=living.database, **people)
    return issue(office, signing.load(signing.ensure(living.settings)), **asked, **largest)  # type: ignore[arg-type]


def found(office: Office, edition: str) -> Issued:
    with office.database.reading() as session:
        return reading.find_issued(session.connection(), edition)


def file_of(office: Office, edition: Issued, until: int | None = None) -> dict[str, Any]:
    """The file as it is downloaded, read again."""
    with office.database.reading() as session:
        return orjson.loads(orjson.dumps(carrying.carried(session.connection(), edition, until)))
