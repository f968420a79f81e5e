"""What routes may ask for. A request is one transaction, committed here before the answer leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

from fastapi import Depends, Header, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams

from app import log
from app.auth.accounts import authenticate, is_use_worth_noting, note_use
from app.auth.actor import Actor
from app.behind import Behind
from app.checks.catalogue import Rules, rules_of
from app.costly import Costly
from app.db import Database, Run
from app.errors import Invalid, Unauthenticated, refusal_in
from app.kept import Kept, KeptAnswers, KeptPages
from app.limiting import Places, Queue
from app.measuring import Measured
from app.noting import Noting
from app.settings import Settings
from app.snapshots import Snapshots
from app.versions.names import NameBook
from app.versions.queries import Known, known_at, parse_day, today
from app.watching import HeadWatch
from app.works import Works
from search.engine import Engine

if TYPE_CHECKING:
    from app.rounds.annex_rows import LinkedRows


Found = TypeVar("Found")


class Registry:
    """The parts of a running registry that requests share. One per process, opened lazily (after a fork)."""

    def __init__(self, settings: Settings, database: Database, engine: Engine | None) -> None:
        self.settings = settings
        self.database = database
        self.engine = engine
        self.rules = rules_of(settings)
        self.kept_searches = KeptAnswers()
        self.kept_pages = KeptPages()
        self.kept_counts: Kept[Any] = Kept(16, lambda _asked, _counts: 1)
        self.behind: Behind[Any] = Behind()
        self.exports = Places(8, each=2)
        self.sign_ins, self.sign_ons = Places(8), Places(8)
        few = Queue(at_once=2, places=8, patience=10.0)
        self.reports: Costly[bytes] = Costly(KeptAnswers(), few)
        self.intervals: Costly[Any] = Costly(Kept(100_000, lambda _asked, rows: len(rows) + 1), few)
        self.snapshots = Snapshots(database)
        self.noting = Noting(database)
        self.measured = Measured()
        self.head_watch = HeadWatch(database)
        self.works = Works(settings.works_dir)
        self._local = threading.local()

    @cached_property
    def linked_rows(self) -> LinkedRows:
        from app.rounds.annex_rows import LinkedRows  # for item pages alone: a start does without rounds

        return LinkedRows()

    @property
    def book(self) -> NameBook:
        """This thread's own: two snapshots may be in hand at once."""
        book = getattr(self._local, "book", None)
        if book is None:
            book = self._local.book = NameBook()
        return book

    def is_good_token(self, token: str) -> bool:
        """Whether a bearer token is one that would be taken now. Its use is noted, though no read waits for that."""
        try:
            with self.database.reading() as session:
                authenticate(session, token)
                seldom = is_use_worth_noting(session, token)
        except Unauthenticated:
            return False
        if seldom:
            self.noting.with_them(f"used {token}", partial(note_use, text=token))
        return True

    def quickly(self, ask: Callable[[Run], Found]) -> Found:
        """What ``ask`` finds in one read-only snapshot: for the busiest doors alone. It may be asked twice. Raises
        Unavailable where the database is away."""
        return self.snapshots.ask(ask)

    def close(self) -> None:
        """Write what is to be noted and close every connection. Nobody may be asking any more."""
        self.noting.close()
        self.snapshots.close()
        self.database.dispose()


def registry(request: Request) -> Registry:
    found: Registry = request.app.state.registry
    return found


async def _registry(request: Request) -> Registry:
    """Not a plain function: FastAPI would hand it to another thread, which costs more than a query."""
    return registry(request)


RegistryOf = Annotated[Registry, Depends(_registry)]


def read_session(registry: RegistryOf) -> Iterator[Session]:
    with registry.database.reading() as session:
        yield session


def write_session(registry: RegistryOf) -> Iterator[Session]:
    with registry.database.writing() as session:
        yield session


ReadSession = Annotated[Session, Depends(read_session)]
# scope="function": the commit happens before the client has its answer, not after.
WriteSession = Annotated[Session, Depends(write_session, scope="function")]


def bearer(
    authorization: Annotated[
        str | None, Header(description="Bearer TOKEN, as `qingdan user token` gives it")
    ] = None,
) -> str:
    """The bearer token of a write. Raises Unauthenticated."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            "这里要用令牌：请在请求头中带上 Authorization: Bearer 令牌。", code="token-needed"
        )
    return token.strip()


def _asking(request: Request, registry: Registry, token: str) -> Actor:
    """Who is asking, noted where the token is bad. Raises Unauthenticated."""
    try:
        with registry.database.reading() as session:
            asking = authenticate(session, token)
            seldom = is_use_worth_noting(session, token)
        if seldom:
            with registry.database.writing() as session:
                note_use(session, token)
        return asking
    except Unauthenticated as error:
        if error.account is not None:
            note_access(request, registry, "token-refused", error.account)
        else:
            path = request.url.path[:500]
            registry.noting.note("token-refused", subject=path, address=address_of(request))
        raise


def asker(request: Request, registry: Registry) -> Actor | None:
    """Who asks for what is public to most and not to all; none who sends no token. Raises Unauthenticated."""
    sent = request.headers.get("authorization")
    return None if sent is None else _asking(request, registry, bearer(sent))


class TokenFirst(APIRoute):
    """A route that knows who is asking before it reads the body: nobody makes it read 32 MB without a token.

    Every route that takes a token and a body is one; FastAPI itself reads and parses the body before it asks any
    dependency.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def known_first(request: Request) -> Response:
            token = bearer(request.headers.get("authorization"))
            request.state.asking = await run_in_threadpool(_asking, request, registry(request), token)
            return await answer(request)

        return known_first


def actor(request: Request, registry: RegistryOf, token: Annotated[str, Depends(bearer)]) -> Iterator[Actor]:
    """Who is asking; a bad token and what is refused by rights are noted in the access log."""
    asking: Actor = getattr(request.state, "asking", None) or _asking(request, registry, token)
    try:
        yield asking
    except Exception as error:
        if (code := refusal_in(error)) is not None:
            note_access(request, registry, "refused", asking.account, code)
        raise


def base_of(request: Request) -> str:
    """The site's own address without a slash at the end: the setting, else as the reader asked for it."""
    registry: Registry = request.app.state.registry
    return (registry.settings.public_url or str(request.base_url)).rstrip("/")


def address_of(request: Request) -> str:
    """Who asks, as the server sees it; empty where nobody can say."""
    return request.client.host if request.client else ""


def note_access(
    request: Request, registry: Registry, event: str, account: int | None = None, note: str | None = None
) -> None:
    """In a transaction of its own: the refused one is rolled back by now."""
    with registry.database.writing() as session:
        log.record_access(
            session.connection(),
            event,
            account=account,
            subject=request.url.path,
            address=address_of(request),
            note=note,
        )


def staff_reader(
    request: Request, registry: RegistryOf, asking: Annotated[Actor, Depends(actor)]
) -> Iterator[Actor]:
    """Who reads what is not public: somebody with a right, within the scopes of the token. What has a place is asked of
    the account's scope by the route; a read that is not refused is noted before its answer leaves. Raises Forbidden."""
    asking.require_any()
    try:
        yield asking
    except Exception as error:
        if refusal_in(error) is None:
            note_access(request, registry, "staff-read", asking.account)
        raise
    note_access(request, registry, "staff-read", asking.account)


def rules(registry: RegistryOf) -> Rules:
    return registry.rules


RulesOf = Annotated[Rules, Depends(rules)]
"""Which checks are made, and which hold a change up."""


StaffReader = Annotated[Actor, Depends(staff_reader, scope="function")]
ActorOf = Annotated[Actor, Depends(actor)]

OnQuery = Annotated[
    str | None, Query(alias="on", description="as of this day (YYYY-MM-DD, Asia/Shanghai); default today")
]
KnownQuery = Annotated[
    str | None,
    Query(
        alias="known_at",
        description="as known at this moment (RFC 3339), at the end of this day, or at this log seq; default: now",
    ),
]


class Asked:
    """The day a request asks about, and the one "today" it goes by. ``given``: whether it says the day."""

    def __init__(self, on: OnQuery = None) -> None:
        self.today = today()
        self.given = bool(on)
        self.on = parse_day(on, "on=") if on else self.today


async def asked_on(on: OnQuery = None) -> Asked:
    return Asked(on)


AskedOn = Annotated[Asked, Depends(asked_on)]


def known(session: ReadSession, known_at_: KnownQuery = None) -> Known:
    return known_at(session.connection(), known_at_)


KnownAt = Annotated[Known, Depends(known)]


_KNOWN_PARAMETERS = "known_parameters"
"""Kept on the route itself: name -> whether it may be given several times."""


def _parameters_of(route: APIRoute) -> dict[str, bool]:
    kept = vars(route)
    if _KNOWN_PARAMETERS not in kept:
        kept[_KNOWN_PARAMETERS] = dict(_query_parameters(route.dependant))
    found: dict[str, bool] = kept[_KNOWN_PARAMETERS]
    return found


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for parameter in dependant.query_params:
        annotation = parameter.field_info.annotation
        yield parameter.alias, any(get_origin(one) is list for one in (annotation, *get_args(annotation)))
    for part in dependant.dependencies:
        yield from _query_parameters(part)


def known_parameters_only(request: Request) -> None:
    """A parameter that the route does not have, or one given twice that has one value, is a mistake, not a wish to be
    passed over: an answer to another question than the one asked is worse than none. Raises Invalid."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute) and request.scope["query_string"]:
        refuse_unknown(request.query_params, _parameters_of(route))


def refuse_unknown(asked: QueryParams, known: Mapping[str, bool]) -> None:
    """Raises Invalid for the first parameter that is not known, or is given several times and may be given once."""
    given = set[str]()
    for name, _ in asked.multi_items():
        if name in given and not known[name]:
            raise Invalid(
                f"参数“{name}”只能给出一次，不知道以哪一个为准。", code="repeated-parameter", parameter=name
            )
        given.add(name)
        if name not in known:
            listed = "、".join(sorted(known)) or "无"
            raise Invalid(
                f"这个地址没有参数“{name[:60]}”；可用的有：{listed}。",
                code="unknown-parameter",
                parameter=name[:60],
            )
