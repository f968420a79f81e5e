"""Changesets: drafting, reviewing, publishing. Needs a token; every POST takes an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Query, Request, Response
from sqlmodel import Session

from app.api.changeset_shapes import (
    ApproveInput,
    ChangesetShape,
    ChangesetsShape,
    EffectsShape,
    PublishInput,
    ReasonInput,
)
from app.api.events import refuse_strange
from app.api.once import IdempotencyKey, answer_once
from app.api.shapes import JSON, answer_value, next_link
from app.auth.actor import Actor
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.ahead import CODES
from app.changes.freezing import undecided
from app.changes.models import (
    OVER,
    STATE_LABELS,
    Changeset,
    ChangesetInput,
)
from app.changes.publishing import confirm as confirm_publication
from app.changes.rehearsing import rehearse
from app.changes.scope import Scope
from app.changes.showing import readable, require_readable
from app.changes.warnings import warnings_of
from app.deps import ActorOf, ReadSession, RulesOf, StaffReader, TokenFirst, WriteSession
from app.errors import Invalid
from app.listing import bad_after, page_key
from app.manners import unkept
from app.rounds import publishing
from app.versions.queries import moment, today

router = APIRouter(prefix="/changesets", tags=["changesets"], route_class=TokenFirst)

ChangesetPath = Annotated[str, Path(description="changeset id", max_length=40)]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description='the version you saw, as ETag: "3"; stale gives 412')
]


EFFECTS: dict[int | str, dict[str, Any]] = {
    200: {"model": EffectsShape},
    410: {"description": "what it decided was redacted by order"},
}
WRITTEN: dict[int | str, dict[str, Any]] = {200: {"model": ChangesetShape}}


def shown(session: Session, changeset: Changeset) -> dict[str, Any]:
    """A changeset as the API shows it."""
    found = rows.decisions(session, changeset)
    head, bodies = decode(changeset.head.encode()), [decode(row.body) for row in found]
    drafted = changeset.state != "published"
    return {
        "id": changeset.id,
        "version": changeset.version,
        "state": changeset.state,
        "state_label": STATE_LABELS[changeset.state],
        "kind": changeset.kind,
        "title": changeset.title,
        **head,
        "undecided": len(undecided(session.connection(), head.get("scope"), bodies)) if drafted else 0,
        "author": changeset.author,
        "submitter": changeset.submitter,
        "reviewer": changeset.reviewer,
        "hash": drafts.hash_of(changeset, found),
        "approved": changeset.approved,
        "publication": changeset.publication,
        "unconfirmed": bool(changeset.unconfirmed),
        "decisions": [
            {
                **body,
                "base": {one: rows for one, rows in decode(row.base).items() if not one.endswith(CODES)},
                "approved": row.approved is not None,
                "stale": decode(row.stale) if row.stale else None,
            }
            for row, body in zip(found, bodies, strict=True)
        ],
        "warnings": warnings_of(head, bodies, over=changeset.state in OVER),
        "events": [
            {"at": moment(e.at), "account": e.account, "event": e.event, "note": e.note}
            for e in rows.events(session, changeset)
        ],
    }


def _once(
    request: Request,
    session: Session,
    actor: Actor,
    key: str | None,
    asked: Any,
    work: Callable[[], Changeset],
    status: int = 200,
) -> Response:
    """The changeset that the work leaves, with its version as ETag; once per Idempotency-Key."""
    answer = answer_once(request, session, actor, key, asked, lambda: shown(session, work()), status)
    made = orjson.loads(answer.body)
    answer.headers["ETag"] = f'"{made["version"]}"'
    if answer.status_code == 201:
        answer.headers["Location"] = f"/api/v1/changesets/{made['id']}"
    return answer


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    text_ = if_match.strip().strip('"')
    if not (text_.isascii() and text_.isdigit() and len(text_) < 19):
        raise Invalid('If-Match 应为您看到的版本号，例如 "3"。', code="bad-if-match")
    return int(text_)


@router.post("", status_code=201, response_model=None, responses={201: {"model": ChangesetShape}})
def draft(
    request: Request, session: WriteSession, actor: ActorOf, asked: ChangesetInput, key: IdempotencyKey = None
) -> Response:
    """Draft a changeset. Every decision is tried against the rules; nothing is kept where one is refused."""
    body = asked.model_dump(mode="json")
    return _once(
        request, session, actor, key, body, lambda: drafts.draft(session, actor, asked, today()), 201
    )


@router.get("", response_model=None, responses={200: {"model": ChangesetsShape}})
def list_changesets(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    state: Annotated[
        str | None, Query(description="draft, submitted, returned, approved, published, withdrawn")
    ] = None,
    after: Annotated[str | None, Query(max_length=40, description="go on after this id: `next`")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="rows a page")] = 50,
) -> Response:
    """Changesets in the account's scope, newest first."""
    refuse_strange("state", (state,) if state else (), tuple(STATE_LABELS))
    key = page_key(after, "changeset")
    if key and not rows.some(session, [key]):
        raise bad_after()
    most = limit + 1 if Scope(session.connection(), reader).is_everything else None
    mine = [*islice(readable(session, reader, rows.newest(session, state, most, key or None)), limit + 1)]
    following = mine[limit - 1].id if len(mine) > limit else None
    listed = [
        {"id": c.id, "state": c.state, "kind": c.kind, "title": c.title, "version": c.version}
        for c in mine[:limit]
    ]
    body = {"changesets": listed, "next": following}
    return answer_value(request, body, headers=next_link(request, following), private=True)


@router.get("/{changeset}", response_model=None, responses=WRITTEN)
def get_changeset(
    request: Request, session: ReadSession, reader: StaffReader, changeset: ChangesetPath
) -> Response:
    """A changeset with its decisions, its hash and what happened to it. ETag is its version."""
    found = rows.find(session, changeset)
    require_readable(session, reader, found)
    return Response(
        orjson.dumps(shown(session, found)),
        media_type=JSON,
        headers=unkept() | {"ETag": f'"{found.version}"'},
    )


@router.get("/{changeset}/effects", response_model=None, responses=EFFECTS)
def get_effects(
    request: Request, session: ReadSession, reader: StaffReader, rules: RulesOf, changeset: ChangesetPath
) -> Response:
    """Every revision that publishing it now would write, and later decisions that set the same fields."""
    require_readable(session, reader, rows.find(session, changeset))
    return answer_value(request, rehearse(session, changeset, today(), rules=rules), private=True)


@router.put("/{changeset}", response_model=None, responses=WRITTEN)
def redraft(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    asked: ChangesetInput,
    if_match: IfMatch = None,
) -> Response:
    """Replace a draft's content. Needs If-Match; a stale one gives 412 and nothing is lost."""
    version = _version(if_match)
    if version is None:
        raise Invalid("修改变更单须带 If-Match，写明您看到的版本号。", code="if-match-needed")
    return _once(
        request,
        session,
        actor,
        None,
        None,
        lambda: drafts.redraft(session, actor, changeset, version, asked, today()),
    )


@router.post("/{changeset}/submit", response_model=None, responses=WRITTEN)
def submit(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    rules: RulesOf,
    changeset: ChangesetPath,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response:
    """Hand it to review."""
    version = _version(if_match)
    return _once(
        request,
        session,
        actor,
        key,
        None,
        lambda: drafts.submit(session, actor, changeset, version, today(), rules),
    )


@router.post("/{changeset}/take-back", response_model=None, responses=WRITTEN)
def take_back(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    key: IdempotencyKey = None,
) -> Response:
    """Take back what was submitted, while nobody has approved it: a draft again. By whoever wrote or submitted it."""
    return _once(request, session, actor, key, None, lambda: drafts.take_back(session, actor, changeset))


@router.post("/{changeset}/approve", response_model=None, responses=WRITTEN)
def approve(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    asked: ApproveInput | None = None,
    key: IdempotencyKey = None,
) -> Response:
    """Approve what was submitted, bound to its hash. Not by whoever wrote or submitted it."""
    expected = asked.hash if asked else None
    return _once(
        request, session, actor, key, expected, lambda: drafts.approve(session, actor, changeset, expected)
    )


@router.post("/{changeset}/return", response_model=None, responses=WRITTEN)
def send_back(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    asked: ReasonInput,
    key: IdempotencyKey = None,
) -> Response:
    """Return it to its author with a reason."""
    return _once(
        request,
        session,
        actor,
        key,
        asked.reason,
        lambda: drafts.send_back(session, actor, changeset, asked.reason),
    )


@router.post("/{changeset}/withdraw", response_model=None, responses=WRITTEN)
def withdraw(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    asked: ReasonInput | None = None,
    key: IdempotencyKey = None,
) -> Response:
    """Give it up before it is published."""
    reason = asked.reason if asked else ""
    return _once(
        request, session, actor, key, reason, lambda: drafts.withdraw(session, actor, changeset, reason)
    )


@router.post("/{changeset}/publish", response_model=None, responses=WRITTEN)
def publish(
    request: Request,
    session: WriteSession,
    reading: ReadSession,
    actor: ActorOf,
    rules: RulesOf,
    changeset: ChangesetPath,
    asked: PublishInput | None = None,
    key: IdempotencyKey = None,
) -> Response:
    """Publish it, all or nothing. 412 where a version it rests on has moved: see each decision's `stale`."""
    emergency = asked.emergency if asked else None
    prepared = publishing.prepare(reading, actor, changeset, today(), emergency=emergency, rules=rules)
    return _once(
        request,
        session,
        actor,
        key,
        emergency,
        lambda: (
            publishing.publish(
                session,
                actor,
                changeset,
                emergency=emergency,
                rules=rules,
                prepared=prepared,
            ).changeset
        ),
    )


@router.post("/{changeset}/confirm", response_model=None, responses=WRITTEN)
def confirm(
    request: Request,
    session: WriteSession,
    actor: ActorOf,
    changeset: ChangesetPath,
    key: IdempotencyKey = None,
) -> Response:
    """Confirm an emergency publication, by a second person."""

    def work() -> Changeset:
        confirm_publication(session, actor, changeset)
        return rows.find(session, changeset)

    return _once(request, session, actor, key, None, work)
