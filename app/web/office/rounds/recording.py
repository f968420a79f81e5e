"""A round of the past recorded from its document: its rows in, what each means confirmed, totals beside sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from app.auth.signing_in import Present
from app.canonical import decode
from app.changes import drafts, rows
from app.changes.annexes import places
from app.changes.models import STATE_LABELS
from app.changes.rows import hold
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Conflict, Invalid, RegistryError
from app.exchange.annex_reading import AnnexMapping, read_annex
from app.files import as_file
from app.rounds.recording import (
    GUESSED,
    Choice,
    confirm,
    confirm_certain,
    drafted_rows,
    rematch_from,
    rows_from,
)
from app.rounds.stated import REASONS
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms import keeping
from app.web.office.forms.drafting import PAPER, checked, named_id
from app.web.office.forms.working import once, one_of, posted_again, under_way
from app.web.office.rounds.desk import may
from app.web.office.rounds.opening import Which
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
PAGE = 100
STATES = {"open": "待确认", "linked": "已对应", "unmatched": "无对应"}
MOST_PARTS = 12
"""Lines of the form for the numbers that a document states."""
PLACE = keeping.Place("/office/rounds/record", "依文件补录一轮清理")
NONE, OTHER = "none", "other"
"""What a row may be given instead of one of its candidates."""


@router.get("/office/rounds/record")
def new_record(request: Request, session: ReadSession, present: Visitor) -> Response:
    form, kept_at = keeping.found_again(session, present, PLACE)
    return _opening(request, session, present, form, kept_at=kept_at)


@router.post("/office/rounds/record")
def open_record(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    if kept := keeping.kept_aside(request, registry, present, form, PLACE):
        return kept
    try:
        with registry.database.writing() as session:
            asked = checked(_asked(session, form))
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, PLACE)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _opening(request, session, present, form, error)
    return go(f"/office/rounds/{made.id}/rows")


def _asked(session: Session, form: Posted) -> dict[str, Any]:
    """The changeset that the form says: its document, whose region, what it states of itself. Raises Invalid."""
    asked: dict[str, Any] = {"kind": "round", "title": form.get("title").strip(), "stated": _stated(form)}
    if not asked["title"]:
        raise Invalid("请写明这一轮的标题。", code="title-needed", field="title")
    if number := form.get("number").strip():
        asked["number"] = number
    if paper := {one: value for one in PAPER if (value := form.get(f"document/{one}").strip())}:
        asked["document"] = paper
    if region := form.get("region").strip():
        asked["scope"] = {"region": named_id(session.connection(), region, "region", today(), "region")}
    if undisclosed := form.get("undisclosed").strip():
        asked["undisclosed"] = undisclosed
    return asked


def _stated(form: Posted) -> dict[str, Any]:
    stated: dict[str, Any] = {"additive": form.get("overlapping") != "1"}
    for name in ("total", "retained", "note"):
        if value := form.get(name).strip():
            stated[name] = value
    said = zip(form.all("part"), form.all("count"), strict=False)
    parts = [(words.strip(), count.strip()) for words, count in said]
    stated["parts"] = [{"words": words, "count": count or "0"} for words, count in parts if words]
    if kind := form.get("differs"):
        stated["reasons"] = [{"kind": kind, "words": form.get("differs_words").strip()}]
    return stated


def _opening(
    request: Request,
    session: Session,
    present: Present,
    form: Posted,
    error: RegistryError | None = None,
    kept_at: str = "",
) -> Response:
    parts = [*zip(form.all("part"), form.all("count"), strict=False)]
    return show(
        request,
        session.connection(),
        present,
        "rounds/record.html",
        error=error,
        form=form,
        parts=[*parts, *[("", "")] * MOST_PARTS][: max(MOST_PARTS // 2, len(parts))],
        reasons=REASONS,
        kept_at=kept_at,
        script="form.js",
    )


# --- the rows of its document -------------------------------------------------------------------------------


@router.get("/office/rounds/{changeset}/rows")
def show_rows(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    changeset: Which,
    state: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Where rows are being taken in or matched: that they are, and then what was refused, with the form as it was."""
    work = registry.works.told_once(one_of(present, _place(changeset)))
    if work is not None and not work.is_done:
        what = f"录入、匹配各行：{rows.find(session, changeset).title}"
        return under_way(request, session, present, what, "/office/rounds", work)
    if work is not None and work.refusal is not None:
        form = posted_again(work.asked)
        return rows_page(request, session, present, changeset, error=work.refusal, form=form)
    return rows_page(request, session, present, changeset, state, page)


def _place(changeset: str) -> str:
    return f"/office/rounds/{changeset}/rows"


def _worked(
    request: Request,
    registry: Registry,
    present: Present,
    changeset: str,
    do: Callable[[], Any],
    form: Posted | None = None,
) -> Response:
    """In the background: what takes long is left and found again. A refusal is shown with the form as it was."""
    try:
        key, asked = one_of(present, _place(changeset)), form.pairs if form else []
        work = once(registry, key, lambda _tell: do(), asked=asked, joins=False)
        if work.is_done:
            work.outcome()
    except RegistryError as error:
        if error.status == 404 and error.code == "unknown-changeset":
            raise
        with registry.database.reading() as session:
            return rows_page(request, session, present, changeset, error=error, form=form)
    return go(_place(changeset))


@router.post("/office/rounds/{changeset}/rows")
async def take_rows(request: Request, registry: RegistryOf, present: Visitor, changeset: Which) -> Response:
    """An annex as a file: its rows instead of those there are, or behind them."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            body = await file.read() if isinstance(file, UploadFile) else b""
            name = (file.filename or "") if isinstance(file, UploadFile) else ""
    except MultiPartException as error:
        raise Invalid("表单无法识别，没有录入；请重新打开页面再试。", code="bad-form") from error
    return await run_in_threadpool(_taken, request, registry, present, changeset, body, name, form)


def _taken(
    request: Request,
    registry: Registry,
    present: Present,
    changeset: str,
    body: bytes,
    name: str,
    form: FormData,
) -> Response:
    add, sure = form.get("add") == "1", form.get("sure") == "1"

    def do() -> None:
        read = _read(body, Path(name).suffix.lower(), form)

        def require(session: Session) -> None:
            if not add and not sure:
                _require_unconfirmed(session, changeset)

        with registry.database.reading() as session:
            require(session)
            write = rows_from(session, present.actor, changeset, read, today(), add=add)
        with registry.database.writing() as session:
            hold(session, changeset)
            require(session)
            write(session)

    return _worked(request, registry, present, changeset, do)


def _require_unconfirmed(session: Session, changeset: str) -> None:
    """Raises Conflict where rows that somebody has confirmed would be replaced."""
    confirmed = sum(row["state"] != "open" for row in drafted_rows(session, changeset)["rows"])
    if confirmed:
        raise Conflict(
            f"已有 {confirmed} 行确认过对应的事项，代替之后要重新确认；确要代替，请勾选“代替已确认的各行”再录入。",
            code="rows-confirmed",
        )


def _read(body: bytes, suffix: str, form: FormData) -> list[dict[str, str]]:
    """Raises Invalid with every error as ``errors``."""
    if not body or suffix not in (".csv", ".xlsx", ".docx"):
        raise Invalid("请选择文件的附件：.docx、.xlsx 或 .csv。", code="no-file", field="file")
    said = {one: form.get(one) for one in ("annex", "outcome")}
    constants = {
        one: value.strip() for one, value in said.items() if isinstance(value, str) and value.strip()
    }
    with as_file(body, f"附件{suffix}") as path:
        found, problems = read_annex(path, AnnexMapping(constants=constants))
    wrong = [one for one in problems if one.severity == "error"]
    if wrong:
        raise Invalid(
            f"没有录入任何一行。{wrong[0].where}：{wrong[0].message}。",
            code=wrong[0].code,
            errors=[f"{one.where}：{one.message}" for one in wrong[:PAGE]],
        )
    return found


@router.post("/office/rounds/{changeset}/rows/match")
def match_rows(
    request: Request, registry: RegistryOf, present: Visitor, changeset: Which, form: Form
) -> Response:
    """``do``: certain (all that one item alone fits), again (look for candidates anew), rows (as each field says)."""

    def do() -> None:
        actor = present.actor
        if form.get("do") == "again":
            with registry.database.reading() as session:
                write = rematch_from(session, actor, changeset, today())
        elif form.get("do") == "certain":
            write = partial(confirm_certain, actor=actor, round_id=changeset, today=today())
        else:
            write = partial(confirm, actor=actor, round_id=changeset, chosen=_choices(form), today=today())
        with registry.database.writing() as session:
            write(session)

    return _worked(request, registry, present, changeset, do, form)


def _choices(form: Posted) -> list[Choice]:
    """``m:7`` says what row 7 means: an item, none or other; an id in ``id:7`` is other.

    ``a:7``: it is applied."""
    found = []
    places = [(name.removeprefix("m:"), value) for name, value in form.pairs if name.startswith("m:")]
    for place, value in places:
        if not (place.isascii() and place.isdigit()):
            continue
        typed = form.get(f"id:{place}").strip().lower()
        item = typed if typed or value == OTHER else value
        if not item and not value:
            continue
        found.append(Choice(int(place), None if item == NONE else item, form.get(f"a:{place}") == "1"))
    if not found:
        raise Invalid("没有选择任何一行，请先选定各行对应哪个事项。", code="nothing-chosen")
    return found


def rows_page(
    request: Request,
    session: Session,
    present: Present,
    changeset: str,
    state: str = "",
    page: int = 1,
    *,
    error: RegistryError | None = None,
    form: Posted | None = None,
) -> Response:
    """The rows with the items each may mean, and how the document's totals reconcile with them."""
    found, told = rows.find(session, changeset), drafted_rows(session, changeset)
    at = places(row.get("annex") for row in told["rows"])
    placed = [{**row, "place": place} for row, place in zip(told["rows"], at, strict=True)]
    listed = [row for row in placed if not state or row["state"] == state]
    shown = listed[(page - 1) * PAGE : page * PAGE]
    linked = [row["item"] for row in shown if row["item"]]
    allowed = may(session, present, found)
    return show(
        request,
        session.connection(),
        present,
        "rounds/rows.html",
        error=error,
        errors=error.detail.get("errors", []) if error else [],
        changeset=found,
        label=STATE_LABELS[found.state],
        head=gaps(decode(found.head.encode())),
        recorded={"reconciliation": gaps(told["reconciliation"]), "rows": []},
        rows=gaps(shown),
        names=names(session.connection(), linked, today()),
        counts=Counter(row["state"] for row in told["rows"]),
        certain=sum(row["certain"] for row in told["rows"]),
        applicable=GUESSED,
        states=STATES,
        state=state,
        matching=len(listed),
        page=page,
        pages=max(1, -(-len(listed) // PAGE)),
        may=allowed,
        asks_why=drafts.asks_why(session, present.actor, found),
        hash=drafts.hash_of(found, rows.decisions(session, found)) if found.state == "submitted" else "",
        form=form or Posted([]),
        script="round.js",
    )
