"""The log's head and the change feed."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from app import log
from app.api.shapes import answer_value
from app.changes.feed import events
from app.changes.wanted import KINDS, TYPES, Wanted
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid
from app.places.queries import authority_id, region_id, subtree
from app.versions.codes import subject_id
from app.versions.following import refuse_another_log
from app.versions.ids import is_id, kind_of
from app.versions.queries import moment, parse_day, today

router = APIRouter(tags=["log"])


class HeadShape(BaseModel):
    seq: int = Field(description="seq of the last entry; 0 where nothing is published")
    hash: str = Field(description="its hash, which covers all before it")
    recorded_at: str = Field(description="when it was recorded")


@router.get("/log/head", response_model=None, responses={200: {"model": HeadShape}})
def get_head(request: Request, session: ReadSession) -> Response:
    """Seq and hash of the last log entry. Keep it: `qingdan verify --head SEQ:HASH` proves against it later."""
    head = log.head(session.connection())
    return answer_value(
        request, {"seq": head.seq, "hash": head.hash, "recorded_at": moment(head.recorded_at)}, private=True
    )


class ReceiverShape(BaseModel):
    region: str | None = Field(None, description="id of the place that is to take it over")
    authority: str | None = Field(None, description="id of the organ that is to take it over")
    words: str | None = Field(None, description="who, in the words of the document")


class FieldChangeShape(BaseModel):
    op: str = Field(description="set, add, remove, order")
    path: str = Field(description="`promised_limit/value`, `materials/<key>/copies`, `status`, `codes`")
    value: Any = Field(None, description="what stands now; absent where it is gone")
    before: Any = Field(
        None, description="what stood on the same day as known before; absent where nothing did"
    )
    after: str | None = Field(None, description="add: the key of the element it follows; empty: the first")
    keys: list[str] | None = Field(None, description="order: the keys in their new order")


class SourceShape(BaseModel):
    title: str | None = Field(None, description="标题; the changeset's where there is no document")
    number: str | None = Field(None, description="文号")
    document_date: str | None = Field(None, description="成文日期")


class ChangeShape(BaseModel):
    """An event: a revision as recorded, a code given or taken, a succession, a redaction."""

    seq: int = Field(description="its log seq: the name of the event, never used twice")
    subject: str = Field(description="registry id")
    kind: str = Field(description="item, entry, bundle, authority, region, instrument, calendar")
    event: str = Field(
        description="the outcome (add, adjust, cancel, devolve ...) of the decision that takes effect last up to that"
        " day; `lapse`: a decision for a time (`outcome`) has ended; `void`: a decision was taken out; `revise`: it"
        " differs by a decision of an internal time, of which nothing is told; `succeed`: something came from it,"
        " itself unchanged; `redact`: words were removed by order; `withheld`"
    )
    effective_from: str | None = Field(description="the day from which it holds; none for a redaction")
    planned: bool = Field(description="true where that day was still to come when it was recorded")
    status: str | None = Field(
        description="status from that day; not_yet after a voided start; none where withheld"
    )
    content_hash: str | None = Field(
        description="SHA-256 of the content; none after a voided start or where withheld; of a redaction, the hash"
        " whose bytes are gone"
    )
    publication: int = Field(description="seq of the publication")
    outcome: str | None = Field(description="add, adjust, cancel, ... ; none after a void or where not told")
    beside: list[str] | None = Field(
        None,
        description="present where further decisions of the publication change it from the same day: their outcomes,"
        " or `void`; `event=` finds it by these too",
    )
    voids: int | None = Field(description="the act that was voided")
    recorded_at: str | None = Field(description="when it was recorded")
    withheld: bool = Field(
        False, description="present where the revision is not public: drop what you hold from that day"
    )
    name: str | None = Field(None, description="the subject's last public name")
    attested: bool = Field(
        False,
        description="present where effective_from is the day a source attests, and the start is unknown",
    )
    sentence: str | None = Field(None, description="the event as one Chinese sentence; absent where withheld")
    document: SourceShape | None = Field(None, description="the document behind it")
    changes: list[FieldChangeShape] | None = Field(
        None, description="field by field, against what was known of the same day before the publication"
    )
    receivers: list[ReceiverShape] | None = Field(None, description="devolve, narrow: who is to take it over")
    origins: list[str] | None = Field(None, description="where it has lineage: what it came from")
    successors: list[str] | None = Field(None, description="where it has lineage: what came of it")
    subjects: list[str] | None = Field(
        None, description="a redaction: every subject that rests on the content, 1,000 at most"
    )


class ChangesShape(BaseModel):
    changes: list[ChangeShape] = Field(description="in log order")
    next: int | None = Field(
        description="pass as `since` for the next page; none where everything up to `seq` was told"
    )
    seq: int = Field(description="the log's head: go on with it as `since` once `next` is none")
    hash: str = Field(description="that entry's hash: pass it beside as `since_hash`")


MOST_WAIT = 60


class ChangeQuery:
    """What a reader of the feed asks for."""

    def __init__(
        self,
        effective_from: Annotated[
            str | None, Query(description="events that take effect from this day")
        ] = None,
        effective_to: Annotated[str | None, Query(description="... up to this day")] = None,
        subject: Annotated[str | None, Query(description="of this subject alone, by registry id")] = None,
        region: Annotated[
            str | None, Query(description="of what belongs to this region or one below it, by id or code")
        ] = None,
        authority: Annotated[
            str | None, Query(description="of what this authority holds or held, by id")
        ] = None,
        instrument: Annotated[
            str | None, Query(description="of what rests or rested on this instrument, by id")
        ] = None,
        kind: Annotated[
            list[str] | None,
            Query(description="item, entry, bundle, authority, region, instrument, calendar; repeat"),
        ] = None,
        event: Annotated[
            list[str] | None,
            Query(
                description="types of events: adjust, cancel, lapse, void ...; repeat for several. Redactions,"
                " `withheld` and `revise` always come"
            ),
        ] = None,
        planned: Annotated[
            bool, Query(description="only what was still to come when it was recorded")
        ] = False,
    ) -> None:
        self.days = None
        if effective_from or effective_to:
            self.days = parse_day(effective_from or "0001-01-01"), parse_day(effective_to or "9999-12-30")
            if self.days[0] > self.days[1]:
                raise Invalid(
                    "effective_to 不能早于 effective_from。", code="days-reversed", field="effective_to"
                )
        self.subject, self.region, self.authority = subject, region, authority
        self.instrument = instrument
        self.kinds, self.types, self.planned = tuple(kind or ()), tuple(event or ()), planned
        refuse_strange("kind", self.kinds, KINDS)
        refuse_strange("event", self.types, TYPES)

    def resolved(self, connection: Connection) -> Wanted:
        day = today()
        region = region_id(connection, self.region, day)
        return Wanted(
            days=self.days,
            subject=_subject(connection, self.subject, day) if self.subject else None,
            authority=authority_id(connection, self.authority, day),
            instrument=subject_id(connection, "instrument", self.instrument, day)
            if self.instrument
            else None,
            regions=tuple(subtree(connection, region, day) or [region]) if region else (),
            kinds=self.kinds,
            types=self.types,
            planned=self.planned,
        )


def _subject(connection: Connection, asked: str, day: str) -> str:
    """A subject of any kind, by its id. Raises NotFound."""
    kind = kind_of(asked.lower()) if is_id(asked) else "item"
    return subject_id(connection, kind, asked, day)


def refuse_strange(what: str, asked: tuple[str, ...], known: tuple[str, ...]) -> None:
    """Raises Invalid for a value that is none of those there are."""
    for one in asked:
        if one not in known:
            raise Invalid(
                f"{what}“{one[:60]}”不在可用的值之中：{'、'.join(known)}。", code="unknown-value", field=what
            )


@router.get("/changes", response_model=None, responses={200: {"model": ChangesShape}})
async def list_changes(
    request: Request,
    registry: RegistryOf,
    asked: Annotated[ChangeQuery, Depends(ChangeQuery)],
    since: Annotated[int, Query(ge=0, le=2**62, description="events recorded after this seq")] = 0,
    since_hash: Annotated[
        str | None,
        Query(
            pattern="^[0-9a-f]{64}$",
            description="the log's hash at `since` (`hash` of the answer that gave it, X-Log-Hash of an export):"
            " refused where this is another log",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="rows")] = 200,
    wait: Annotated[
        int, Query(ge=0, le=MOST_WAIT, description="where there is nothing yet, wait so many seconds for it")
    ] = 0,
) -> Response:
    """What changed, in log order and without gaps. Go on with `next` as `since`; where it is none, with `seq`.

    With `wait` the answer comes as soon as there is an event, else empty when the seconds have passed.
    A `since` past the head, or with another `since_hash` than the log has there, is refused (409): the registry was
    restored from a backup, and what is held is to be fetched anew. Of a redaction everybody hears whose filters by
    subject, kind, region, authority or instrument ever met one of its subjects; drop what you hold of those.
    """
    until = asyncio.get_running_loop().time() + wait
    while True:
        body = await run_in_threadpool(_changes_now, registry, asked, since, since_hash, limit)
        if body["changes"] or body["next"] is not None or not wait:
            break
        if asyncio.get_running_loop().time() >= until or await request.is_disconnected():
            break
        since, since_hash = body["seq"], body["hash"]  # up to it everything was looked at
        await registry.head_watch.beyond(since, until, request.is_disconnected)
        if not registry.head_watch.is_open:
            break
    return answer_value(request, body, private=True)


def _changes_now(
    registry: Registry, asked: ChangeQuery, since: int, since_hash: str | None, limit: int
) -> dict[str, Any]:
    with registry.database.reading() as session:
        connection = session.connection()
        refuse_another_log(connection, since, since_hash)
        head = log.head(connection)
        found, following = events(connection, since, limit, asked.resolved(connection), head=head.seq)
    return {"changes": found, "next": following, "seq": head.seq, "hash": head.hash}
