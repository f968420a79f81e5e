"""A changeset in the browser: what it would write, word by word; submit, approve, return, publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app import files
from app.auth.accounts import names_of_accounts
from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, excepting, owed, publishing, rows
from app.changes.duties import KINDS
from app.changes.models import STATE_LABELS, Changeset
from app.changes.moves import MOVES, may_move
from app.changes.proposals import blocks
from app.changes.scope import Scope
from app.changes.showing import readable
from app.changes.written import written_by
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import RegistryError
from app.rounds import publishing as rounds
from app.rounds.corrections import to_correct
from app.versions.named_files import drafted_in
from app.versions.queries import moment, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Visitor, go, keep_refusal, number_in
from app.web.office.forms.drafting import is_of_form
from app.web.office.forms.working import begun, once, one_of, under_way
from app.web.office.items import remarks
from app.web.office.items.standing_decisions import taken_out_by
from app.web.office.publishing.effects import ask_effects, ids_in_all, revision_in_words, stale_in_words
from app.web.office.publishing.excepted import excepted_in, excepted_in_words, may_except, may_stand
from app.web.rendering import gaps
from app.web.subjects import names as names_on
from app.web.subjects import told_apart

router = APIRouter()
Which = Annotated[str, Path(max_length=40)]
SHOWN = 100
"""Changesets of one page of the list: those that the visitor may read."""
PAGE = 100
"""Decisions, and revisions that they write, of one page."""
LONGEST = 600
"""Seconds that the page after a refused move waits for what the changeset would write."""
EVENTS = {
    "drafted": "起草",
    "redrafted": "修改",
    "submitted": "提交审核",
    "taken-back": "取回",
    "approved": "批准",
    "returned": "退回",
    "withdrawn": "撤回",
    "published": "发布",
    "confirmed": "确认紧急发布",
    "commented": "批注",
    "excepted": "准予例外",
    "exception-ended": "收回例外",
    "base-moved": "登记簿已变，退回",
    "proposed": "提出清理意见",
    "reviewed": "审核清理意见",
    "amended": "修改清理意见",
    "rows": "录入文件的各行",
    "rematched": "重新匹配文件的各行",
}


@router.get("/office/changesets")
def list_changesets(
    request: Request,
    session: ReadSession,
    present: Visitor,
    state: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    known = state if state in STATE_LABELS else ""
    since = after if rows.some(session, [after]) else None
    most = SHOWN + 1 if Scope(session.connection(), present.actor).is_everything else None
    every = rows.newest(session, known or None, most, since)
    found = list(islice(readable(session, present.actor, every), SHOWN + 1))
    return show(
        request,
        session.connection(),
        present,
        "publishing/changesets.html",
        found=listed(session, found[:SHOWN]),
        following=found[SHOWN - 1].id if len(found) > SHOWN else None,
        first=not since,
        state=known,
        states=STATE_LABELS,
    )


def listed(session: Session, found: list[Changeset]) -> list[dict[str, Any]]:
    """Changesets as lists show them."""
    names = names_of_accounts(session, {one.author for one in found})
    why = rows.notes_of_returns(session, [one.id for one in found if one.state == "returned"])
    return [
        {
            "id": one.id,
            "title": one.title,
            "kind": one.kind,
            "state": one.state,
            "why": why.get(one.id, ""),
            "author": names.get(one.author or 0, "命令行"),
            "updated": moment(one.updated_at),
        }
        for one in found
    ]


@router.get("/office/changesets/{changeset}")
def show_changeset(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """What is under way says so here, and what it would write is worked out apart where that takes long."""
    found, place = rows.find(session, changeset), f"{Move.place}{changeset}"
    moving, said = begun(request, registry, one_of(present, place))
    if moving is not None:
        return under_way(request, session, present, found.title, "/office", moving)
    effects = ask_effects(session, registry, found)
    if not effects.is_done:
        what = f"核对会写入什么：{found.title}"
        return under_way(request, session, present, what, "/office/changesets", effects)
    return _page(request, session, present, changeset, page, said=said)


class Move:
    """A move on one changeset: one use case in one transaction. A refusal is shown on the changeset's own page."""

    place = "/office/changesets/"

    def __init__(self, request: Request, registry: RegistryOf, present: Visitor, changeset: Which) -> None:
        self.request, self.registry, self.present, self.id = request, registry, present, changeset
        self.actor, self.rules = present.actor, registry.rules

    def make(self, work: Callable[..., Any], prepare: Callable[[Session], Any] | None = None) -> Response:
        """``prepare``: what can be worked out before the lock is taken; handed to ``work``."""
        return self._answer(lambda: self._done(work, prepare))

    def make_apart(
        self, work: Callable[..., Any], prepare: Callable[[Session], Any] | None = None
    ) -> Response:
        """``make`` for what may take long: where it does, the page of the changeset says so until it is done."""
        key = one_of(self.present, f"{self.place}{self.id}")

        def done_or_under_way() -> None:
            move = self.request.url.path
            begun = once(self.registry, key, lambda _tell: self._done(work, prepare), of=move)
            if begun.is_done:
                begun.outcome()

        return self._answer(done_or_under_way)

    def _done(self, work: Callable[..., Any], prepare: Callable[[Session], Any] | None) -> None:
        prepared = []
        if prepare:
            with self.registry.database.reading() as session:
                prepared.append(prepare(session))
        with self.registry.database.writing() as session:
            work(session, *prepared)

    def _answer(self, do: Callable[[], Any]) -> Response:
        try:
            do()
        except RegistryError as error:
            if error.status == 404:
                raise
            keep_refusal(self.request, error)
            with self.registry.database.reading() as session:
                if not self._made_already(session):
                    return self.refused(session, error)
        return go(f"{self.place}{self.id}")

    def _made_already(self, session: Session) -> bool:
        """Whether this very move by this person is the last thing that happened: a button pressed twice."""
        move = MOVES.get(self.request.url.path.rpartition("/")[2])
        changeset = rows.find(session, self.id)
        if move is None or changeset.state in move.states:
            return False
        last = rows.events(session, changeset)[-1]
        return (last.event, last.account) == (move.event, self.actor.account)

    def refused(self, session: Session, error: RegistryError) -> Response:
        return _page(self.request, session, self.present, self.id, said=error.message, status=error.status)


Moving = Annotated[Move, Depends(Move)]


@router.post("/office/changesets/{changeset}/submit")
def submit(move: Moving) -> Response:
    return move.make_apart(
        lambda session: drafts.submit(session, move.actor, move.id, None, today(), move.rules)
    )


@router.post("/office/changesets/{changeset}/take-back")
def take_back(move: Moving) -> Response:
    return move.make(lambda session: drafts.take_back(session, move.actor, move.id))


@router.post("/office/changesets/{changeset}/withdraw")
def withdraw(move: Moving, form: Form) -> Response:
    return move.make(lambda session: drafts.withdraw(session, move.actor, move.id, form.get("reason")))


@router.post("/office/changesets/{changeset}/approve")
def approve(move: Moving, form: Form) -> Response:
    """Bound to the hash of what the page showed."""
    return move.make(lambda session: drafts.approve(session, move.actor, move.id, form.get("hash")))


@router.post("/office/changesets/{changeset}/comment")
def comment(move: Moving, form: Form) -> Response:
    """On one field; shown beside it."""
    return move.make(
        lambda session: drafts.comment(session, move.actor, move.id, form.get("about"), form.get("words"))
    )


@router.post("/office/changesets/{changeset}/exceptions")
def let_stand(move: Moving, form: Form) -> Response:
    """What a check finds at one place; without it the draft may not even be submitted."""
    subject, code, path = form.get("subject"), form.get("code"), form.get("path")
    return move.make(
        lambda session: excepting.let_stand(
            session, move.actor, move.id, subject, code, path, form.get("reason"), today(), move.rules
        )
    )


@router.post("/office/changesets/{changeset}/exceptions/{number}/end")
def end_exception(move: Moving, number: Annotated[str, Path(max_length=18)]) -> Response:
    return move.make(lambda session: excepting.end(session, move.actor, move.id, number_in(number)))


@router.post("/office/changesets/{changeset}/return")
def send_back(move: Moving, form: Form) -> Response:
    return move.make(lambda session: drafts.send_back(session, move.actor, move.id, form.get("reason")))


@router.post("/office/changesets/{changeset}/publish")
def publish(move: Moving, form: Form) -> Response:
    emergency = form.get("reason") if form.get("emergency") else None
    return move.make_apart(
        lambda session, prepared: rounds.publish(
            session,
            move.actor,
            move.id,
            emergency=emergency,
            rules=move.rules,
            prepared=prepared,
        ),
        lambda session: rounds.prepare(
            session, move.actor, move.id, today(), emergency=emergency, rules=move.rules
        ),
    )


@router.post("/office/changesets/{changeset}/confirm")
def confirm(move: Moving) -> Response:
    return move.make(lambda session: publishing.confirm(session, move.actor, move.id))


def _attached(connection: Connection, bodies: Iterable[bytes]) -> dict[str, str]:
    """The files that a changeset names, by digest: their names."""
    named = files.names_of(connection, {one for body in bodies for one in drafted_in(body)})
    gone = files.redacted_among(connection, named)
    return {digest: name for digest, name in named.items() if digest not in gone}


def _page(
    request: Request,
    session: Session,
    present: Present,
    changeset_id: str,
    page: int = 1,
    *,
    said: str = "",
    status: int = 200,
) -> Response:
    registry: Registry = request.app.state.registry
    connection, rules = session.connection(), registry.rules
    changeset = rows.find(session, changeset_id)
    head, every = decode(changeset.head.encode()), rows.decisions(session, changeset)
    found, pages = every[(page - 1) * PAGE : page * PAGE], max(1, -(-len(every) // PAGE))
    bodies = [decode(row.body) for row in found]
    work = ask_effects(session, registry, changeset, wait=LONGEST)
    effects, refusal = work.outcome()
    written, revisions = _revisions(connection, changeset, effects["revisions"], (page - 1) * PAGE)
    pages = max(pages, -(-written // PAGE))
    events = rows.events(session, changeset)
    taken_out = taken_out_by(connection, bodies)
    excepted = excepted_in(session, changeset, bodies)
    about = [one.subject for one in excepted]
    named = ids_in_all([bodies, revisions, effects["later"][:PAGE], about, *taken_out.values()])
    names = names_on(connection, named, today())
    names |= {one["subject"]: one["name"] for one in revisions if one["name"]}
    names |= told_apart(connection, names, today())
    people = names_of_accounts(
        session, {event.account for event in events} | {one.account for one in excepted}
    )
    return show(
        request,
        connection,
        present,
        "publishing/changeset.html",
        status=status,
        said=said,
        changeset=changeset,
        state=STATE_LABELS[changeset.state],
        head=gaps(head),
        hash=drafts.hash_of(changeset, every),
        attached=_attached(connection, [changeset.head.encode(), *(row.body for row in found)]),
        decisions=[
            {
                "body": gaps(body),
                "position": row.position,
                "stale": stale_in_words(row.stale, names),
                "editable": _is_editable(body),
            }
            for row, body in zip(found, bodies, strict=True)
        ],
        revisions=[revision_in_words(one, names) for one in revisions],
        decided=len(every),
        written=written,
        page=page,
        pages=pages,
        later=effects["later"],
        most=PAGE,
        found=[
            {
                **one,
                "blocks": blocks(one, changeset.kind == "round", rules),
                "mend": _where_to_mend(one, every, changeset.id),
                "can_stand": may_stand(one),
            }
            for one in [*effects["findings"], *effects["warnings"]]
        ],
        excepted=[excepted_in_words(one, names, people, changeset) for one in excepted],
        refusal=refusal,
        names=names,
        taken_out=taken_out,
        owed=owed.words_of(connection, [one["act"] for body in bodies for one in body.get("fulfils", ())]),
        kinds=KINDS,
        may=_may(session, present, changeset),
        may_except=may_except(session, present.actor, changeset),
        asks_why=drafts.asks_why(session, present.actor, changeset),
        returned=remarks.sent_back(events, people) if changeset.state == "returned" else None,
        remarks=remarks.comments(events, people),
        rounds=dict(to_correct(connection)) if head.get("corrects") else {},
        events=[
            {
                "at": moment(event.at),
                "who": people.get(event.account or 0, "命令行"),
                "what": EVENTS.get(event.event, event.event),
                "note": "" if event.event == "approved" else event.note or "",
            }
            for event in events
        ],
    )


def _is_editable(body: Mapping[str, Any]) -> bool:
    """Whether the form of the item takes the decision up again."""
    return body["kind"] == "item" and is_of_form(body) and not body.get("until")


def _where_to_mend(found: Mapping[str, Any], every: Sequence[rows.DecisionRow], changeset: str) -> str:
    """The field of the item's form, with what the draft changes in it; none where the form does not take it up."""
    place, path = found.get("decision"), found.get("path")
    body = decode(every[place - 1].body) if place and path else {}
    if not body or body.get("subject") != found.get("subject") or not _is_editable(body):
        return ""
    return f"/office/items/{body['subject']}/edit?from={body['effective_from']}&changeset={changeset}#{path}"


def _revisions(
    connection: Connection, changeset: Changeset, worked_out: list[bytes], start: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many it would write, or wrote once it is published, and those of a page."""
    if changeset.publication is not None:
        return written_by(connection, changeset.publication, start, PAGE)
    return len(worked_out), [orjson.loads(one) for one in worked_out[start : start + PAGE]]


def _may(session: Session, present: Present, changeset: Changeset) -> dict[str, bool]:
    """Which moves to offer; whoever asks for another is refused by the move itself."""
    may = {
        name.replace("-", "_"): may_move(present.actor, changeset, name) for name in MOVES if name != "except"
    }
    second = present.actor.account not in rows.hands_in(session, changeset)
    if not drafts.is_in_scope(session, present.actor, changeset):
        may |= dict.fromkeys(("redraft", "submit", "take_back", "withdraw"), False)
    may["take_back"] = may["take_back"] and not second
    may["withdraw"] = may["withdraw"] and drafts.may_withdraw(session, present.actor, changeset)
    may["approve"] = may["approve"] and second
    may["emergency"] = may["emergency"] and changeset.state != "approved"
    may["confirm"] = "review" in present.actor.rights and bool(changeset.unconfirmed) and second
    return may
