"""The report of a round as data and as files; the rehearsal of one that is drafted; the history of counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.changeset_shapes import FindingShape
from app.api.shapes import PaperShape, answer, answer_value
from app.changes import rows
from app.changes.showing import require_readable
from app.deps import KnownAt, ReadSession, Registry, RegistryOf, StaffReader
from app.manners import saved_as
from app.places.queries import authority_id, region_id
from app.rounds.counted import find
from app.rounds.rehearsing import rehearse_round
from app.rounds.report import report
from app.rounds.series import series
from app.rounds.tables import tables_of
from app.versions.queries import Known, parse_day, today

router = APIRouter(tags=["rounds"])

RoundPath = Annotated[str, Path(max_length=40, description="changeset id of the round")]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Exact(BaseModel):
    """A fraction: exact, and the figure that is shown, rounded half up (per cent whole, averages to one place)."""

    numerator: int = Field(description="exact")
    denominator: int = Field(description="exact")
    shown: str = Field(description="as reports write it")


class LimitSums(BaseModel):
    """A limit over the retained items whose limits are in working days on both sides (即办 as 0)."""

    pairs: int = Field(description="items added up")
    shortened: int = Field(description="items whose limit shrank")
    lengthened: int = Field(description="items whose limit grew")
    days_saved: int = Field(description="working days less, over those that shrank")
    days_added: int = Field(description="working days more, over those that grew")
    average_saved: Exact | None = Field(description="days saved per item that shrank")
    average_before: Exact | None = Field(description="average before")
    average_after: Exact | None = Field(description="average after")
    percent: Exact | None = Field(description="how much shorter the average is")
    not_counted: dict[str, int] = Field(
        description="unknown, other_unit, mixed: counted beside, not converted"
    )


class AgainstSums(BaseModel):
    """Promised against statutory, over items that have both in working days."""

    items: int = Field(description="items added up")
    promised: Exact | None = Field(description="average promised limit")
    statutory: Exact | None = Field(description="average statutory limit")
    shorter: int = Field(description="items promised below the statutory limit")
    days_shorter: int = Field(description="working days below it, in all")
    average_shorter: Exact | None = Field(description="working days below it, on average")
    percent: Exact | None = Field(description="how far below it")
    not_counted: int = Field(description="items without both in working days")


class BothSides(BaseModel):
    before: AgainstSums = Field(description="before the round")
    after: AgainstSums = Field(description="after the decisions, each on its own day")


class LimitsShape(BaseModel):
    promised: LimitSums = Field(description="承诺时限")
    statutory: LimitSums = Field(description="法定时限")
    against_statutory: BothSides = Field(description="promised against statutory, before and after")


class ListSums(BaseModel):
    """Elements of a list over the retained items, told apart by their keys."""

    before: int = Field(description="elements before")
    after: int = Field(description="elements after")
    dropped: int = Field(description="elements that went")
    added: int = Field(description="elements that came")
    items: int = Field(description="items that lost some")
    percent: Exact | None = Field(description="how many fewer")
    not_counted: int = Field(description="items that do not say, on one side or both")


class HandlingShape(BaseModel):
    promised_to_immediate: int = Field(description="承诺件转为即办件")
    before: dict[str, int] = Field(description="办件类型 -> items")
    after: dict[str, int] = Field(description="办件类型 -> items")


class HallShape(BaseModel):
    items: int = Field(description="items")
    authorities: int = Field(description="authorities that hold them")


class HallsShape(BaseModel):
    before: dict[str, HallShape] = Field(description="in, entrusted, out, unknown")
    after: dict[str, HallShape] = Field(description="in, entrusted, out, unknown")


class CountsOfRound(BaseModel):
    before: int = Field(description="items of the scope")
    after: int = Field(description="before - ended + started")
    ended: int = Field(description="cancelled, devolved, merged away, split away, converted out")
    started: int = Field(description="added, received, new results")
    percent: Exact | None = Field(description="how many fewer")
    outcomes: dict[str, int] = Field(
        description="retain (all that stay), devolve, cancel, merge, split, convert"
    )
    retained: dict[str, int] = Field(description="the parts of what stays; an item counts under the heaviest")
    new: dict[str, int] = Field(description="the parts of what started")
    steps: ListSums = Field(description="办理环节")
    materials: ListSums = Field(description="申请材料")
    certificates: ListSums = Field(description="证明类材料, part of the materials")
    fees: ListSums = Field(description="收费项目")


class GroupShape(CountsOfRound):
    """The round within one authority, type or level. An item counts where it stood before, a new one where it is."""

    model_config = ConfigDict(extra="allow")  # transferred_in, converted_out ...: by the group
    name: str | None = Field(description="name or label")
    limits: dict[str, LimitSums] = Field(description="promised, statutory")
    promised_to_immediate: int = Field(description="承诺件转为即办件")


class SumsShape(CountsOfRound):
    """What a round adds up to."""

    limits: LimitsShape = Field(description="办结时限")
    handling: HandlingShape = Field(description="办件类型")
    hall: HallsShape = Field(description="进驻")
    entrusted: int = Field(
        description="items made by entrust: in a line of their own, outside before and after"
    )
    outside: dict[str, int] = Field(description="outcome -> standing items beyond the scope that it touched")
    received: dict[str, int] = Field(description="origins, here or elsewhere, and the results they became")
    passing: int = Field(description="items begun and ended by the round itself")
    withheld: int | None = Field(
        None, description="items that are not public, in none of the other figures; absent where none"
    )
    by_authority: list[GroupShape] = Field(description="per authority: id, transferred_in, transferred_out")
    by_type: list[GroupShape] = Field(description="per type: code, converted_in, converted_out")
    by_level: list[GroupShape] = Field(description="per level: code, moved_in, moved_out")
    summary: str = Field(description="in one Chinese paragraph")


class PublishedShape(BaseModel):
    publication: int = Field(description="log seq")
    recorded_at: str = Field(description="when it was published")
    hash: str | None = Field(description="of the stored sums, named in the log; none before they were stored")
    redacted: bool = Field(
        description="whether an order took the stored sums: the figures are worked out again, as of publication"
    )


class PendingLawShape(BaseModel):
    items: int = Field(description="retained items that are to be ended once a law is amended")
    open: int = Field(description="those that still wait today")


class ReconciliationShape(BaseModel):
    """after = base - ended + started + entrusted + transferred_in - transferred_out + came_otherwise -
    went_otherwise."""

    base_day: str = Field(description="基准日")
    base: int = Field(description="items in the filter on the base day, as known now")
    frozen: int = Field(description="items that were frozen")
    unknown: int = Field(description="items of unknown status on the base day, not in the scope")
    ended: int = Field(description="gone by the round")
    started: int = Field(description="come by the round")
    entrusted: int = Field(description="come by entrusting")
    transferred_in: int = Field(description="come into the filter by a transfer of the round")
    transferred_out: int = Field(description="gone from the filter by one; they stand on elsewhere")
    came_otherwise: int = Field(description="come by other changes")
    went_otherwise: int = Field(description="gone by other changes")
    came: list[str] = Field(description="which, up to 50")
    went: list[str] = Field(description="which, up to 50")
    day: str = Field(description="the round's last effective day")
    after: int = Field(description="items in the filter on that day")
    still_standing: int = Field(
        description="devolved or converted by the round and in the filter on that day"
    )
    elsewhere: int = Field(description="started by the round outside the filter")


class ReportShape(SumsShape):
    """The report of a round, as published."""

    id: str = Field(description="changeset id")
    title: str = Field(description="标题")
    number: str | None = Field(None, description="第几批")
    reason: str | None = Field(None, description="why")
    document: PaperShape | None = Field(None, description="the document it rests on")
    scope: dict[str, Any] | None = Field(None, description="filter, base day, and what it was frozen to")
    synthetic: bool = Field(False, description="true for demonstration data")
    undisclosed: int | None = Field(None, description="secret items decided by the document, never entered")
    emergency: str | None = Field(None, description="why it was published without approval")
    published: PublishedShape = Field(description="the publication that the figures are of")
    recomputed: SumsShape | None = Field(description="the figures as known at `known_at`, where they differ")
    acceptances: dict[str, Any] | None = Field(
        description="what receivers owe today: owed, open, done, overdue, late, gaps, missing; none where nothing"
    )
    pending_law: PendingLawShape | None = Field(
        description="待修法: counted among the retained; none where nothing waits"
    )
    reconciliation: ReconciliationShape | None = Field(
        description="what explains the snapshots; none without a frozen scope, or as known in the past"
    )
    known_at: str = Field(description="the moment of the log entry this answer rests on")
    seq: int = Field(description="the seq of that entry")


class RehearsedItem(BaseModel):
    item: str = Field(description="registry id")
    name: str | None = Field(description="its name before, or that of a new one")
    line: str = Field(description="retained, ended, started, entrusted, outside, passing")
    outcome: str = Field(description="what it counts under there")
    decisions: list[str] = Field(description="outcomes of the round's decisions about it")
    status_before: str | None = Field(description="just before the first")
    status_after: str | None = Field(description="on the day of the last")


class RehearsalShape(BaseModel):
    """A dry run of a changeset as a round."""

    id: str = Field(description="changeset id")
    title: str = Field(description="标题")
    number: str | None = Field(description="第几批")
    scope: dict[str, Any] | None = Field(description="filter, base day, and what it was frozen to")
    report: SumsShape = Field(description="what it would add up to")
    items: list[RehearsedItem] = Field(description="item by item")
    revisions: list[dict[str, Any]] = Field(description="every revision that publishing would write")
    later: list[dict[str, Any]] = Field(description="decisions of later days that set the same fields")
    stale: list[int] = Field(description="places of decisions whose base has moved")
    findings: list[FindingShape] = Field(description="what the checks find in its decisions")
    undecided: list[dict[str, Any]] = Field(description="items of the scope without a decision")


class SeriesShape(BaseModel):
    days: list[dict[str, Any]] = Field(description="day, total, types: items in force or suspended, by type")
    change: dict[str, Any] | None = Field(description="from the first day to the last: from, to, percent")


REPORT: dict[int | str, dict[str, Any]] = {200: {"model": ReportShape}}
REHEARSAL: dict[int | str, dict[str, Any]] = {200: {"model": RehearsalShape}}
SERIES: dict[int | str, dict[str, Any]] = {200: {"model": SeriesShape}}


@router.get("/rounds/series", response_model=None, responses=SERIES)
def get_series(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    day: Annotated[
        list[str] | None,
        Query(description="a day (YYYY-MM-DD); repeat it. None: the first record, the rounds' days, today"),
    ] = None,
    region: Annotated[str | None, Query(max_length=200, description="id or code, with all below it")] = None,
    authority: Annotated[str | None, Query(max_length=60, description="id or code")] = None,
) -> Response:
    """How many public items were in force on each of some days, by type: from 230 to 67, down 71 %."""
    connection = session.connection()
    days = [parse_day(one, "day=") for one in day or ()]
    last = max(days, default=today())
    place, organ = region_id(connection, region, last), authority_id(connection, authority, last)
    once = partial(registry.intervals.once, connection)
    return answer_value(request, series(connection, days, place, organ, today(), once))


@router.get("/rounds/{round_id}/report", response_model=None, responses=REPORT)
def get_report(
    request: Request, session: ReadSession, registry: RegistryOf, round_id: RoundPath, known: KnownAt
) -> Response:
    """What a round adds up to: as published, and where it differs, as known now (or at `known_at`)."""
    connection = session.connection()
    asked = repr(("report", round_id, known)).encode()
    body = registry.reports.once(connection, asked, lambda: orjson.dumps(report(connection, round_id, known)))
    return answer(request, body)


def _file(
    registry: Registry,
    session: ReadSession,
    round_id: str,
    known: Known,
    write: Callable[..., bytes],
    kind: str,
) -> Response:
    connection = session.connection()

    def made() -> bytes:
        return write(report(connection, round_id, known), tables_of(connection, round_id, known))

    body = registry.reports.once(connection, repr((kind, round_id, known)).encode(), made)
    name = f"{find(connection, round_id, known).statement['title']}报告.{kind}"
    headers = saved_as(name) | {"Cache-Control": "public, max-age=60"}
    return Response(body, media_type={"xlsx": XLSX, "docx": DOCX}[kind], headers=headers)


@router.get(
    "/rounds/{round_id}/report.xlsx",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {XLSX: {}}, "description": "its bytes"}},
)
def get_report_sheets(
    registry: RegistryOf, session: ReadSession, round_id: RoundPath, known: KnownAt
) -> Response:
    """The report as a workbook: sums, authorities, types, levels, 调整对照表, annexes of the decision."""
    from app.exchange.round_sheets import write_xlsx  # loads its library when first asked

    return _file(registry, session, round_id, known, write_xlsx, "xlsx")


@router.get(
    "/rounds/{round_id}/report.docx",
    response_model=None,
    response_class=Response,
    responses={200: {"content": {DOCX: {}}, "description": "its bytes"}},
)
def get_report_document(
    registry: RegistryOf, session: ReadSession, round_id: RoundPath, known: KnownAt
) -> Response:
    """The report as a document, with 调整对照表 and the annexes of the decision in their official columns."""
    from app.exchange.round_documents import write_docx  # loads its library when first asked

    return _file(registry, session, round_id, known, write_docx, "docx")


@router.get("/changesets/{changeset}/rehearsal", response_model=None, responses=REHEARSAL)
def get_rehearsal(
    request: Request,
    session: ReadSession,
    reader: StaffReader,
    changeset: Annotated[str, Path(max_length=40, description="changeset id")],
) -> Response:
    """A dry run of the whole: before and after item by item, added up, with what stands against publishing."""
    require_readable(session, reader, rows.find(session, changeset))
    return answer_value(request, rehearse_round(session, changeset, today()), private=True)
