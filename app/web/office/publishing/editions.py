"""Lists prepared, compared with the last edition, approved by a second person, issued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.accounts import names_of_accounts
from app.auth.signing_in import Present
from app.canonical import decode, digest, encode
from app.deps import ReadSession, Registry, RegistryOf
from app.errors import Invalid, RegistryError
from app.exchange.edition_facts import document_words
from app.listing import Filter, count_by
from app.lists import issuing, preparing, reading, signing
from app.lists.models import EditionDraft
from app.lists.selecting import KINDS, Kind, Selection
from app.places.queries import region_id
from app.versions.codes import subject_id
from app.versions.queries import moment, parse_day, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go
from app.web.office.forms.drafting import named_id
from app.web.office.forms.working import begun, once, one_of, under_way
from app.web.office.publishing.changesets import Move
from app.web.subjects import names
from app.works import Key

router = APIRouter()
Which = Annotated[str, Path(max_length=40)]
OPEN = ("prepared", "approved", "returned")
LIMIT, SHOWN, CHOICES = 200, 100, 300
FIELDS = ("kind", "authority", "region", "on", "number", "document", "issuer", "title")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The draft that was made; or the form as it was filled in, and why none was."""

    draft: str
    filled: Mapping[str, str]
    said: str = ""
    status: int = 200


@router.get("/office/editions")
def list_editions(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    authority: Annotated[str, Query(max_length=300)] = "",
    region: Annotated[str, Query(max_length=300)] = "",
    kind: Annotated[str, Query(max_length=20)] = "power",
    asked: Annotated[str, Query(alias="preparing", max_length=64)] = "",
) -> Response:
    """``authority``, ``region`` and ``kind`` fill the form in. ``asked``: the list that is being prepared."""
    filled = {"authority": authority, "region": region, "kind": kind, "on": today()}
    if not asked:
        return _listing(request, session, present, filled)
    work = registry.works.look(_preparing(present, asked))
    if work is not None and not work.is_done:
        return under_way(request, session, present, "准备清单", "/office", work)
    if work is None:
        said = "这次准备的结果已经不在；请看“办理中”有没有，没有就再准备一次。"
        return _listing(request, session, present, filled, said, 404)
    if work.refusal is not None:  # broken off, or what nobody foresaw
        return _listing(request, session, present, work.asked, work.refusal.message, work.refusal.status)
    return _prepared(request, session, present, Prepared(**work.result))


@router.post("/office/editions")
def prepare(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """In the background: of a large place it takes long, and is left and found again."""
    filled = {name: form.get(name) for name in FIELDS}
    asked = digest(encode(filled))
    key = _preparing(present, asked)
    work = once(registry, key, lambda _tell: _prepare(registry, present, form, filled), asked=filled)
    if not work.is_done:
        return go(f"/office/editions?preparing={asked}")
    made = Prepared(**work.outcome())
    with registry.database.reading() as session:
        return _prepared(request, session, present, made)


def _preparing(present: Present, asked: str) -> Key:
    return one_of(present, f"/office/editions?preparing={asked}")


def _prepare(registry: Registry, present: Present, form: Posted, filled: dict[str, str]) -> Prepared:
    try:
        paper = {"number": form.get("number"), "issuer": form.get("issuer")}
        document = preparing.document_of(**paper, title=form.get("document"))
        with registry.database.reading() as session:
            wanted = _wanted(session, form)
            ahead = preparing.compose_ahead(session.connection(), wanted)
        with registry.database.writing() as session:
            title = form.get("title")
            draft = preparing.prepare(session, present.actor, wanted, document, title, ahead)
            return Prepared(draft.id, filled)
    except RegistryError as error:
        return Prepared("", filled, error.message, error.status)


def _prepared(request: Request, session: Session, present: Present, made: Prepared) -> Response:
    if made.draft:
        return go(f"/office/editions/{made.draft}")
    return _listing(request, session, present, made.filled, made.said, made.status)


def _wanted(session: Session, form: Posted) -> Selection:
    kind, authority, region = form.get("kind"), form.get("authority").strip(), form.get("region").strip()
    if kind not in KINDS:
        raise Invalid("请选择清单的种类。", code="unknown-kind", field="kind")
    if bool(authority) == bool(region):
        raise Invalid("请填机关或地区，两者取一。", code="whose-list", field="authority")
    on, connection = parse_day(form.get("on"), "日期"), session.connection()
    if authority:
        named = named_id(connection, authority, "authority", on, "authority")
        return Selection(cast(Kind, kind), on, subject_id(connection, "authority", named, on), None)
    named = named_id(connection, region, "region", on, "region")
    return Selection(cast(Kind, kind), on, None, region_id(connection, named, on))


@router.get("/office/editions/{edition}")
def show_edition(
    request: Request,
    registry: RegistryOf,
    session: ReadSession,
    present: Visitor,
    edition: Which,
    page: Annotated[int, Query(ge=1, le=1_000)] = 1,
) -> Response:
    draft = preparing.find(session, edition)
    moving, said = begun(request, registry, one_of(present, f"{MoveOfEdition.place}{edition}"))
    if moving is not None:
        return under_way(request, session, present, f"签发：{KINDS[draft.kind]}", "/office/editions", moving)
    return _page(request, session, present, edition, page, said=said)


class MoveOfEdition(Move):
    """A move on one list; a refusal is shown on its own page."""

    place = "/office/editions/"

    def __init__(self, request: Request, registry: RegistryOf, present: Visitor, edition: Which) -> None:
        super().__init__(request, registry, present, edition)

    def refused(self, session: Session, error: RegistryError) -> Response:
        return _page(self.request, session, self.present, self.id, error=error)


Moving = Annotated[MoveOfEdition, Depends(MoveOfEdition)]


@router.post("/office/editions/{edition}/approve")
def approve(move: Moving, form: Form) -> Response:
    """Bound to the list that the page showed."""
    return move.make(lambda session: preparing.approve(session, move.actor, move.id, form.get("hash")))


@router.post("/office/editions/{edition}/return")
def send_back(move: Moving, form: Form) -> Response:
    return move.make(lambda session: preparing.send_back(session, move.actor, move.id, form.get("reason")))


@router.post("/office/editions/{edition}/withdraw")
def withdraw(move: Moving, form: Form) -> Response:
    return move.make(lambda session: preparing.withdraw(session, move.actor, move.id, form.get("reason")))


@router.post("/office/editions/{edition}/issue")
def issue(move: Moving) -> Response:
    def work(session: Session, checked: tuple[int, bool]) -> None:
        signer = signing.load(signing.ensure(move.registry.settings))
        issuing.issue(session, move.actor, move.id, signer, checked)

    return move.make_apart(
        work, lambda session: issuing.stands(session.connection(), preparing.find(session, move.id))
    )


def _listing(
    request: Request,
    session: Session,
    present: Present,
    filled: Mapping[str, str],
    said: str = "",
    status: int = 200,
) -> Response:
    connection = session.connection()
    drafts = preparing.in_state(session, *OPEN)
    people = names_of_accounts(session, {one.author for one in drafts})
    return show(
        request,
        connection,
        present,
        "publishing/editions.html",
        status=status,
        said=said,
        filled={name: filled.get(name, "") for name in FIELDS},
        whose={one: _choices(connection, one, today()) for one in ("authority", "region")},
        kinds=KINDS,
        drafts=[_told(session, one, people) for one in drafts],
        issued=reading.issued(connection, limit=50),
        may_prepare="edit" in present.actor.rights,
    )


def _choices(connection: Connection, column: str, day: str) -> list[tuple[str, str]]:
    """(what to fill in, what is shown beside it) of who has items on the day, by name; a name that several bear is
    filled in by its id. At most ``CHOICES``: whoever is not among them is typed."""
    counts = count_by(connection, Filter(on=day, statuses=("in_force", "suspended")), column)
    named = names(connection, (one for one in counts if one), day)
    borne = Counter(named.values())
    most = sorted(named, key=lambda one: (-counts[one], one))[:CHOICES]
    shown = sorted((named[one], one) for one in most)
    return [(name, f"{counts[one]} 项") if borne[name] == 1 else (one, name) for name, one in shown]


def _told(session: Session, draft: EditionDraft, people: dict[int, str]) -> dict[str, Any]:
    frozen, head = reading.list_of(session.connection(), draft.content), decode(draft.head.encode())
    return {
        "id": draft.id,
        "title": head.get("title") or (frozen or {}).get("title") or KINDS[draft.kind],
        "state": preparing.STATES[draft.state],
        "on": draft.on_day,
        "document": document_words(head["document"]),
        "author": people.get(draft.author, ""),
        "updated": moment(draft.updated_at),
    }


def _page(
    request: Request,
    session: Session,
    present: Present,
    edition: str,
    page: int = 1,
    error: RegistryError | None = None,
    said: str = "",
) -> Response:
    connection = session.connection()
    draft = preparing.find(session, edition)
    frozen = reading.list_of(connection, draft.content)
    lines = reading.rows_of(connection, frozen["rows"]).lines if frozen else []
    last = reading.issued(connection, kind=draft.kind, owner=draft.owner, limit=1)
    is_last = bool(last) and last[0].row["id"] == draft.id
    people = names_of_accounts(session, {draft.author, draft.reviewer})
    moved = draft.state in ("prepared", "approved") and not issuing.stands(connection, draft)[1]
    return show(
        request,
        connection,
        present,
        "publishing/edition.html",
        said=said,
        error=error,
        draft=draft,
        told=_told(session, draft, people),
        author=people.get(draft.author, ""),
        reviewer=people.get(draft.reviewer or 0, ""),
        owner=names(connection, [draft.owner], draft.on_day).get(draft.owner, draft.owner),
        frozen=frozen,
        heads=(frozen or {}).get("heads", []),
        rows=lines[(page - 1) * LIMIT : page * LIMIT],
        items=len({item for item, _ in lines}),
        page=page,
        pages=max(1, -(-len(lines) // LIMIT)),
        last=None if is_last or not last else last[0],
        changes=reading.difference(connection, last[0].frozen, frozen) if last and not is_last else None,
        moved=moved,
        shown=SHOWN,
        may=_may(connection, present, draft, moved),
        asks_why=draft.state == "approved" or present.actor.account != draft.author,
    )


def _may(connection: Connection, present: Present, draft: EditionDraft, moved: bool) -> dict[str, bool]:
    """Which moves to offer; whoever asks for another is refused by the move itself."""
    can = present.actor.rights.__contains__
    second = present.actor.account != draft.author
    if not preparing.is_in_scope(connection, present.actor, draft):
        return dict.fromkeys(("approve", "issue", "back", "withdraw"), False)
    return {
        "approve": can("review") and draft.state == "prepared" and second and not moved,
        "issue": can("publish") and draft.state == "approved" and not moved,
        "back": can("review") and draft.state in ("prepared", "approved"),
        "withdraw": can("edit") and draft.state in OPEN and (not second or can("review")),
    }
