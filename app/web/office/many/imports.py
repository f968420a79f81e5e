"""A file imported in the browser: tried with its mapping, its report read, then drafted; each left and found again."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from app.auth.signing_in import Present
from app.changes import rows
from app.changes.models import STATE_LABELS
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Conflict, Invalid, NotFound, RegistryError
from app.exchange import arrivals
from app.exchange.arrivals import DRAFTED, REPORT, TRIED, Arrival, Asked
from app.exchange.mapping import load_mapping, mapping_names
from app.exchange.quality import KINDS, SEVERITIES
from app.manners import saved_as
from app.versions.queries import moment, parse_day, today
from app.web.office.doors.pages import PRIVATE, show
from app.web.office.doors.visiting import Visitor, go, keep_refusal, typed_day
from app.web.office.forms.attaching import plain_name
from app.web.office.forms.working import once, one_of, under_way
from app.web.rendering import gaps
from app.works import Key, Tell, Work

router = APIRouter()
Which = Annotated[str, Path(max_length=40)]
MAPPING_BYTES = 200_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WHAT = {TRIED: "核对", DRAFTED: "起草"}
FATES = {"created_of": "新增", "changed_of": "变更", "same_of": "无变化", "left_of": "未采纳"}


@router.get("/office/imports")
def list_imports(request: Request, registry: RegistryOf, session: ReadSession, present: Visitor) -> Response:
    return _page(request, registry, session, present, {})


@router.post("/office/imports")
async def bring(request: Request, registry: RegistryOf, present: Visitor) -> Response:
    """A file is laid aside and tried; nothing of it goes into the registry."""
    limit = registry.settings.max_upload_bytes
    try:
        async with request.form(max_files=2, max_fields=10) as form:
            given = {name: str(form.get(name) or "").strip() for name in ("mapping", "attested", "sheet")}
            name, body = await _file(form, "file", limit)
            _, own = await _file(form, "own", MAPPING_BYTES)
    except MultiPartException as error:
        raise Invalid("表单无法识别，没有导入；请重新打开页面再试。", code="bad-form") from error
    return await run_in_threadpool(_laid_aside, request, registry, present, given, name, body, own)


async def _file(form: FormData, name: str, limit: int) -> tuple[str, bytes]:
    """(name, bytes) of an uploaded file; empty where none was chosen. Raises Invalid past ``limit`` bytes."""
    file = form.get(name)
    if not isinstance(file, UploadFile) or not file.filename:
        return "", b""
    body = await file.read(limit + 1)
    if len(body) > limit:
        raise Invalid(f"文件超过 {limit // 1_000:,} KB，没有读取。", code="file-too-large", field=name)
    return plain_name(file.filename), body


def _laid_aside(
    request: Request,
    registry: Registry,
    present: Present,
    given: dict[str, str],
    name: str,
    body: bytes,
    own: bytes,
) -> Response:
    root, account = registry.settings.arrivals_dir, present.actor.account or 0
    try:
        if not name:
            raise Invalid("没有选择文件，请选择要导入的文件。", code="no-file", field="file")
        if not body:
            raise Invalid(f"文件“{name}”是空的，请核对后重新选择。", code="no-file", field="file")
        day = parse_day(typed_day(given["attested"]), "来源所证明的日期") if given["attested"] else ""
        mapping = arrivals.keep_mapping(root, own) if own else given["mapping"]
        arrival = arrivals.lay_aside(root, account, Asked(name, mapping, day, given["sheet"]), body)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, registry, session, present, given, error)
    with suppress(Conflict):  # it is being drafted
        _ask(
            registry, present, arrival, TRIED
        )  # what was published since is seen: the same file is tried anew
    return go(f"/office/imports/{arrival.key}")


def _key(present: Present, arrival: Arrival) -> Key:
    return one_of(present, f"/office/imports/{arrival.key}")


def _ask(registry: Registry, present: Present, arrival: Arrival, what: str) -> Work:
    """The work of trying or drafting it, begun where it is not under way. Raises Conflict while the other is."""
    do = {TRIED: arrivals.try_out, DRAFTED: arrivals.draft}[what]

    def follow(tell: Tell) -> None:
        def told(step: str, count: int) -> None:
            tell(f"{step} {count} 条")

        do(arrival, registry.database, present.actor, today(), told)

    return once(registry, _key(present, arrival), follow, of=what)


@router.get("/office/imports/{arrival}")
def show_import(
    request: Request, registry: RegistryOf, session: ReadSession, present: Visitor, arrival: Which
) -> Response:
    """What became of it; while some process is at it, how far it is. A trial that its process did not outlive is
    begun anew by looking."""
    found = _find(registry, present, arrival)
    work = registry.works.told_once(_key(present, found))
    refused = work.refusal if work else None
    outlived = work is not None and work.of == TRIED and refused is not None and refused.code == "broken-off"
    if outlived or (work is None and found.became(TRIED) is None):
        work, refused = _ask(registry, present, found, TRIED), None
        if work.is_done:
            work.outcome()
    if work is not None and not work.is_done:
        what = f"{WHAT[work.of]}：{found.asked.name}"
        return under_way(request, session, present, what, "/office/imports", work)
    keep_refusal(request, refused)
    said = refused.message if refused else ""
    return _told(request, session, present, found, found.became(TRIED) or {}, said)


@router.post("/office/imports/{arrival}/draft")
def draft(registry: RegistryOf, present: Visitor, arrival: Which) -> Response:
    """Changesets of what the file changes, to be submitted as any other. Raises Conflict where it was refused, or
    before it was tried."""
    found = _find(registry, present, arrival)
    tried = found.became(TRIED)
    if tried is None or tried["refused"]:
        raise Conflict("这个文件还没有核对通过，不能起草；请先看核对的结果。", code="not-tried")
    drafting = _ask(registry, present, found, DRAFTED)
    if drafting.is_done:
        drafting.outcome()
    return go(f"/office/imports/{arrival}")


@router.get("/office/imports/{arrival}/report.xlsx")
def get_report(registry: RegistryOf, present: Visitor, arrival: Which) -> Response:
    """Every problem, one a row."""
    found = _find(registry, present, arrival)
    path = found.folder / REPORT
    if not path.is_file():
        raise NotFound("没有报告：文件还没有核对完，或者没有读出来。", code="no-report")
    headers = PRIVATE | saved_as(f"核对报告-{found.asked.name}.xlsx")
    return FileResponse(path, headers=headers, media_type=XLSX)


def _find(registry: Registry, present: Present, arrival: str) -> Arrival:
    return arrivals.find(registry.settings.arrivals_dir, present.actor.account or 0, arrival)


def _page(
    request: Request,
    registry: Registry,
    session: Session,
    present: Present,
    given: dict[str, str],
    error: RegistryError | None = None,
) -> Response:
    found = arrivals.lying(registry.settings.arrivals_dir, present.actor.account or 0)
    return show(
        request,
        session.connection(),
        present,
        "many/imports.html",
        error=error,
        given=gaps(given),
        mappings=[(name, load_mapping(name).title) for name in mapping_names()],
        suffixes=",".join(arrivals.SUFFIXES),
        most=registry.settings.max_upload_mb,
        days=arrivals.KEPT_DAYS,
        found=[_line(one) for one in found],
        script="round.js",
    )


def _line(arrival: Arrival) -> dict[str, Any]:
    tried, drafted = arrival.became(TRIED), arrival.became(DRAFTED)
    state = "正在核对" if tried is None else "有错误" if tried["refused"] else "核对通过，没有起草"
    state = "已起草" if drafted and not drafted["refused"] else state
    return {"key": arrival.key, "name": arrival.asked.name, "at": moment(arrival.asked.at), "state": state}


def _told(
    request: Request,
    session: Session,
    present: Present,
    found: Arrival,
    tried: dict[str, Any],
    said: str,
) -> Response:
    drafted = found.became(DRAFTED)
    latest = drafted or tried
    made = [rows.find(session, one) for one in (drafted or {}).get("changesets", [])]
    own = found.asked.mapping.startswith(arrivals.OWN)
    foreseen = sum(tried.get("outcomes", {}).values())
    return show(
        request,
        session.connection(),
        present,
        "many/import.html",
        said=said or latest.get("said", ""),
        arrival=found,
        mapping="自带的映射文件" if own else load_mapping(found.mapping).title,
        tried=gaps(tried),
        drafted=gaps(drafted),
        latest=gaps(latest),
        quality=gaps(latest.get("quality")),
        made=[{"id": one.id, "title": one.title, "state": STATE_LABELS[one.state]} for one in made],
        closed=bool(made) and all(one.state in ("published", "withdrawn") for one in made),
        foreseen=foreseen,
        nothing=not drafted and tried.get("foreseen") == [],
        fated=not latest.get("refused") and any(latest.get("counts", {}).values()),
        report=(found.folder / REPORT).is_file(),
        kinds=KINDS,
        fates=FATES,
        findings=_by_weight((latest.get("quality") or {}).get("findings", {})),
        severities=SEVERITIES,
        errors=arrivals.ERRORS,
    )


def _by_weight(findings: dict[str, Any]) -> list[dict[str, Any]]:
    """Errors first; within a severity as the report has them, the most frequent first."""
    order = list(SEVERITIES)
    return sorted(findings.values(), key=lambda one: order.index(one["severity"]))
