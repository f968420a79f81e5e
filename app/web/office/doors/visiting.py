"""Who visits the office, what they may reach, and what they post.

One table says which right each address asks for and what the access log calls a read of it; an address that is not in
it is reached by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import Depends, Query, Request

from app import log
from app.auth import signing_in
from app.auth.actor import RIGHTS
from app.auth.delays import SECOND
from app.auth.passwords import POLICIES, Policy
from app.auth.signing_in import Limits, Present
from app.changes import rows, showing
from app.deps import Registry, RegistryOf, address_of, note_access
from app.errors import Forbidden, Invalid, RegistryError, Unauthenticated, refusal_in
from app.exchange.values import read_day
from app.settings import Settings
from app.web.gate import Elsewhere, wants_page
from app.web.gate import go as go
from app.web.office.doors.packing import PayFirst, SignInAgain, TurnedAway, action_of

COOKIE = "qingdan_office"
ANYONE, SIGNED_IN, READING = "anyone", "signed-in", "reading"
READ, EXPORT, LOG = "staff-read", "export", "log-read"
"""What the access log calls a read of what is not public: a page, a file that is taken along, the log itself."""
REFUSED = "refused"
"""Under this name a request keeps the code of what its page refuses; empty where the page knows none."""
OPEN, WRITES = "", "-"
"""Not noted: a page with what is public, the account's own or an empty form; a post, which leaves its own trace."""


class Door(NamedTuple):
    """``right``: what it asks for; ``anyone`` and ``signed-in`` ask for none, ``reading`` for any with which one works
    on the catalogue or audits it. ``noted``: what the access log calls it. Both are said of every address: none can
    be forgotten."""

    right: str
    noted: str


TABLE: Mapping[tuple[str, str], Door] = {
    ("GET", "/office/sign-in"): Door(ANYONE, OPEN),
    ("POST", "/office/sign-in"): Door(ANYONE, WRITES),
    ("POST", "/office/sign-on"): Door(ANYONE, WRITES),
    ("GET", "/office/sign-on"): Door(ANYONE, OPEN),
    ("POST", "/office/sign-out"): Door(SIGNED_IN, WRITES),
    ("GET", "/office/code"): Door(SIGNED_IN, OPEN),
    ("POST", "/office/code"): Door(SIGNED_IN, WRITES),
    ("GET", "/office/account"): Door(SIGNED_IN, OPEN),
    ("POST", "/office/account/password"): Door(SIGNED_IN, WRITES),
    ("POST", "/office/account/totp"): Door(SIGNED_IN, WRITES),
    ("POST", "/office/account/sessions"): Door(SIGNED_IN, WRITES),
    ("POST", "/office/account/tokens"): Door(SIGNED_IN, WRITES),
    ("GET", "/office"): Door(SIGNED_IN, READ),
    ("GET", "/office/items"): Door(SIGNED_IN, READ),
    ("GET", "/office/items/new"): Door("edit", OPEN),
    ("POST", "/office/items/new"): Door("edit", WRITES),
    ("GET", "/office/items/{item}/edit"): Door("edit", READ),
    ("POST", "/office/items/{item}/edit"): Door("edit", WRITES),
    ("GET", "/office/items/{item}/end"): Door("edit", READ),
    ("POST", "/office/items/{item}/end"): Door("edit", WRITES),
    ("GET", "/office/items/{item}/void"): Door("edit", READ),
    ("GET", "/office/items/{item}/void/{act}"): Door("edit", READ),
    ("POST", "/office/items/{item}/void/{act}"): Door("edit", WRITES),
    ("GET", "/office/duties/{act}/{key}/accept"): Door("edit", READ),
    ("POST", "/office/duties/{act}/{key}/accept"): Door("edit", WRITES),
    ("GET", "/office/duties/{act}/{key}/fulfil"): Door("edit", READ),
    ("POST", "/office/duties/{act}/{key}/fulfil"): Door("edit", WRITES),
    ("GET", "/office/duties/{act}/{key}/renew"): Door("edit", READ),
    ("POST", "/office/duties/{act}/{key}/renew"): Door("edit", WRITES),
    ("GET", "/office/changesets"): Door(READING, READ),
    ("GET", "/office/changesets/{changeset}"): Door(READING, READ),
    ("POST", "/office/changesets/{changeset}/submit"): Door("edit", WRITES),
    ("POST", "/office/changesets/{changeset}/take-back"): Door("edit", WRITES),
    ("POST", "/office/changesets/{changeset}/withdraw"): Door("edit", WRITES),
    ("POST", "/office/changesets/{changeset}/approve"): Door("review", WRITES),
    ("POST", "/office/changesets/{changeset}/comment"): Door(READING, WRITES),
    ("POST", "/office/changesets/{changeset}/exceptions"): Door("review", WRITES),
    ("POST", "/office/changesets/{changeset}/exceptions/{number}/end"): Door("review", WRITES),
    ("POST", "/office/changesets/{changeset}/return"): Door("review", WRITES),
    ("POST", "/office/changesets/{changeset}/publish"): Door("publish", WRITES),
    ("POST", "/office/changesets/{changeset}/confirm"): Door("review", WRITES),
    ("GET", "/office/checks"): Door(READING, READ),
    ("POST", "/office/checks/run"): Door("edit", WRITES),
    ("POST", "/office/checks/exceptions"): Door("review", WRITES),
    ("POST", "/office/checks/exceptions/{number}/end"): Door("review", WRITES),
    ("GET", "/office/editions"): Door(READING, READ),
    ("POST", "/office/editions"): Door("edit", WRITES),
    ("GET", "/office/editions/{edition}"): Door(READING, READ),
    ("POST", "/office/editions/{edition}/approve"): Door("review", WRITES),
    ("POST", "/office/editions/{edition}/return"): Door("review", WRITES),
    ("POST", "/office/editions/{edition}/withdraw"): Door("edit", WRITES),
    ("POST", "/office/editions/{edition}/issue"): Door("publish", WRITES),
    ("GET", "/office/rounds"): Door(READING, READ),
    ("GET", "/office/rounds/new"): Door("edit", OPEN),
    ("POST", "/office/rounds/new"): Door("edit", WRITES),
    ("GET", "/office/rounds/record"): Door("edit", OPEN),
    ("POST", "/office/rounds/record"): Door("edit", WRITES),
    ("GET", "/office/rounds/{changeset}"): Door(READING, READ),
    ("GET", "/office/rounds/{changeset}/rows"): Door(READING, READ),
    ("POST", "/office/rounds/{changeset}/rows"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/rows/match"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/head"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/proposals"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/opinions"): Door("review", WRITES),
    ("GET", "/office/rounds/{changeset}/items/{item}"): Door(READING, READ),
    ("POST", "/office/rounds/{changeset}/items/{item}/proposal"): Door("edit", WRITES),
    ("GET", "/office/rounds/{changeset}/items/{item}/form"): Door("edit", READ),
    ("POST", "/office/rounds/{changeset}/items/{item}/form"): Door("edit", WRITES),
    ("GET", "/office/rounds/{changeset}/new"): Door("edit", READ),
    ("POST", "/office/rounds/{changeset}/new"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/new/remove"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/items/{item}/opinion"): Door("review", WRITES),
    ("GET", "/office/rounds/{changeset}/worksheets"): Door(READING, READ),
    ("POST", "/office/rounds/{changeset}/worksheets"): Door("edit", WRITES),
    ("GET", "/office/rounds/{changeset}/worksheets.xlsx"): Door(READING, EXPORT),
    ("GET", "/office/rounds/{changeset}/worksheets/marked.xlsx"): Door("edit", EXPORT),
    ("GET", "/office/rounds/{changeset}/rehearsal"): Door(READING, READ),
    ("GET", "/office/rounds/{changeset}/report"): Door(READING, READ),
    ("POST", "/office/rounds/{changeset}/submit"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/take-back"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/withdraw"): Door("edit", WRITES),
    ("POST", "/office/rounds/{changeset}/approve"): Door("review", WRITES),
    ("POST", "/office/rounds/{changeset}/return"): Door("review", WRITES),
    ("POST", "/office/rounds/{changeset}/publish"): Door("publish", WRITES),
    ("GET", "/office/duties"): Door(READING, READ),
    ("GET", "/office/accounts"): Door("administer", READ),
    ("POST", "/office/accounts"): Door("administer", WRITES),
    ("POST", "/office/accounts/{number}"): Door("administer", WRITES),
    ("GET", "/office/webhooks"): Door("administer", READ),
    ("GET", "/office/webhooks/{webhook}"): Door("administer", READ),
    ("POST", "/office/webhooks/{webhook}"): Door("administer", WRITES),
    ("GET", "/office/overlaps"): Door(READING, READ),
    ("POST", "/office/overlaps"): Door("review", WRITES),
    ("GET", "/office/levels"): Door(READING, READ),
    ("GET", "/office/law"): Door(READING, READ),
    ("GET", "/office/law/{law}"): Door(READING, READ),
    ("POST", "/office/law/{law}"): Door("edit", WRITES),
    ("GET", "/office/law-changes/{act}"): Door(READING, READ),
    ("POST", "/office/law-changes/{act}"): Door("edit", WRITES),
    ("GET", "/office/many"): Door("edit", READ),
    ("POST", "/office/many"): Door("edit", WRITES),
    ("GET", "/office/many.xlsx"): Door("edit", EXPORT),
    ("GET", "/office/many/file"): Door("edit", READ),
    ("GET", "/office/many/marked.xlsx"): Door("edit", EXPORT),
    ("POST", "/office/many/file"): Door("edit", WRITES),
    ("GET", "/office/authorities"): Door("edit", READ),
    ("GET", "/office/authorities/new"): Door("edit", OPEN),
    ("POST", "/office/authorities/new"): Door("edit", WRITES),
    ("GET", "/office/authorities/{authority}"): Door("edit", READ),
    ("POST", "/office/authorities/{authority}"): Door("edit", WRITES),
    ("GET", "/office/imports"): Door("edit", READ),
    ("POST", "/office/imports"): Door("edit", WRITES),
    ("GET", "/office/imports/{arrival}"): Door("edit", READ),
    ("POST", "/office/imports/{arrival}/draft"): Door("edit", WRITES),
    ("GET", "/office/imports/{arrival}/report.xlsx"): Door("edit", EXPORT),
    ("GET", "/office/files"): Door("edit", READ),
    ("POST", "/office/files"): Door("edit", WRITES),
    ("GET", "/office/files/{digest}"): Door(READING, READ),
    ("GET", "/office/citation"): Door("edit", OPEN),
    ("GET", "/office/calendar"): Door(SIGNED_IN, OPEN),
    ("POST", "/office/calendar"): Door("edit", WRITES),
    ("GET", "/office/feedback"): Door("edit", READ),
    ("POST", "/office/feedback"): Door("edit", WRITES),
    ("POST", "/office/feedback/{number}"): Door("edit", WRITES),
    ("GET", "/office/access-log"): Door("audit", LOG),
    ("GET", "/office/access-log.csv"): Door("audit", LOG),
}
"""(method, address) -> its door. Of a changeset in the address, the account's scope is asked too."""

BEFORE_ALL = {
    "code": ("/office/code",),
    "password": ("/office/account", "/office/account/password"),
}
"""What a session still owes, and the addresses that stay open to it until then; the first is where it is paid."""
LONGEST_NEXT = 500
"""Characters of an address to go on to."""
MOST_BYTES, MOST_FIELDS = 4_000_000, 20_000


def policy_of(settings: Settings) -> Policy:
    return POLICIES[settings.password_policy]


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.session_idle_minutes, settings.session_hours * 60)


def visitor(request: Request, registry: RegistryOf) -> Iterator[Present | None]:
    """Who asks; none only where anyone may. Sends on to sign in, and what the session owes comes first. When the answer
    is ready and before it is sent, a refusal or else the read is noted in the access log.

    Raises Forbidden without the right that the table asks for, and for an address that it does not name.
    """
    path = request.scope["route"].path
    door = TABLE.get((request.method if request.method != "HEAD" else "GET", path))
    present = _let_in(request, registry, path, door.right if door else None)
    try:
        yield present
    except Exception as error:
        _note_end(request, registry, present, door, refusal_in(error))
        raise
    _note_end(request, registry, present, door, getattr(request.state, REFUSED, None))


def _note_end(
    request: Request, registry: Registry, present: Present | None, door: Door | None, refused: str | None
) -> None:
    """``refused``: the code of what was refused; none: nothing was."""
    if present is None or door is None:
        return
    if refused is not None:
        note_access(request, registry, "refused", present.actor.account, refused or None)
    elif door.noted not in (OPEN, WRITES):
        note_access(request, registry, door.noted, present.actor.account)


def keep_refusal(request: Request, error: RegistryError | None) -> None:
    """For the access log: what was posted is refused by this, which the page that answers says by itself."""
    code = refusal_in(error)
    if code is not None:
        setattr(request.state, REFUSED, code)


def _let_in(request: Request, registry: Registry, path: str, asked: str | None) -> Present | None:
    if request.method == "POST":
        try:
            require_same_origin(request)
        except Forbidden as error:  # anybody on the network can cause it
            registry.noting.note("refused", subject=path, address=address_of(request), note=error.code)
            raise
    if asked == ANYONE:
        return None
    present = _present(request, registry)
    if present.step and path not in (*BEFORE_ALL[present.step], "/office/sign-out"):
        first = BEFORE_ALL[present.step][0]
        raise (
            PayFirst(first, present)
            if request.method == "POST"
            else Elsewhere(f"{first}?next={_asked(request)}")
        )
    try:
        _require(present, asked)
        if "changeset" in request.path_params:
            _require_readable(registry, present, path, request.path_params["changeset"])
    except Forbidden as error:
        note_access(request, registry, "refused", present.actor.account, error.code)
        if _brings_a_form(request):  # whose right was taken meanwhile loses nothing that was typed
            raise TurnedAway(error.message, present) from error
        raise
    return present


def _brings_a_form(request: Request) -> bool:
    """Whether a page's form is posted that may wait in the page which answers it."""
    typed = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return request.method == "POST" and typed and bool(action_of(request.url.path)) and wants_page(request)


def _require(present: Present, asked: str | None) -> None:
    if asked is None:
        raise Forbidden("办公室没有开放这个地址。", code="not-in-table")
    if asked == READING:
        showing.require_reading(present.actor)
    elif asked != SIGNED_IN:
        present.actor.require(asked)


def _require_readable(registry: Registry, present: Present, path: str, changeset: str) -> None:
    """Raises NotFound, Forbidden outside the account's scope. A round is worked on by many, each on the own part of
    it; what all of it would write is read by those who may read it whole."""
    with registry.database.reading() as session:
        found = rows.find(session, changeset)
        if path.startswith("/office/rounds/") and not path.endswith("/rehearsal"):
            showing.require_part(session, present.actor, found)
        else:
            showing.require_readable(session, present.actor, found)


def _present(request: Request, registry: Registry) -> Present:
    settings = registry.settings
    text = request.cookies.get(COOKIE)
    try:
        with registry.database.reading() as session:
            present = signing_in.who(session, text, policy_of(settings), limits_of(settings))
    except Unauthenticated as error:
        back = _asked(request) if request.method in ("GET", "HEAD") else ""
        said = "&over=1" if text else ""
        again = SignInAgain if text and request.method == "POST" else Elsewhere
        raise again(f"/office/sign-in?next={back}{said}") from error
    if log.now_microseconds() - present.seen_at >= _noted_every(settings):
        with registry.database.writing() as session:
            signing_in.seen(session, present)
    return present


def _asked(request: Request) -> str:
    """The address that is asked for, as the value of ``next``: where to go on later; empty for one that is too long."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return quote(asked, safe="/") if len(asked) <= LONGEST_NEXT else ""


def _noted_every(settings: Settings) -> int:
    """Microseconds between notes that a session is used: noting each use would be a write for every page. A tenth of
    the idle limit at most, or a session in use would end."""
    return min(60, settings.session_idle_minutes * 6) * SECOND


def require_same_origin(request: Request) -> None:
    """Whether a post comes from a page of this very site. Raises Forbidden.

    By Sec-Fetch-Site, which scripts cannot set; by Origin in browsers that do not send it. A post with neither is
    no browser's, and the office is for browsers.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        own = site == "same-origin"
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        own = bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not own:
        raise Forbidden("这个请求不是从本站页面发出的，没有执行。请从办公室页面重新操作。", code="cross-site")


VISITED = Depends(visitor, scope="function")
"""What is noted of an answer is noted before it is sent."""
Visitor = Annotated[Present, VISITED]


_OF_PAPER = ("document_date", "published_on", "effective_on")
DAYS = frozenset(
    {"from", "until", "on", "day", "base_day", *_OF_PAPER} | {f"document/{name}" for name in _OF_PAPER}
)
"""Fields of the office's forms that hold a day."""


def typed_day(text: str) -> str:
    """A day as people type it (2026-9-1, 2026/9/1, 2026.9.1, 2026年9月1日, 20260901) as YYYY-MM-DD; what is none stays
    as it was typed, and is refused by whoever asks for a day."""
    return (read_day("".join(text.split())) or text) if text else text


class Posted:
    """The fields of a posted form, in their order; line ends as in stored text, days as the registry writes them."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = [(name, typed_day(value) if name in DAYS else value) for name, value in pairs]
        self._first: dict[str, str] = {}
        for name, value in self.pairs:
            self._first.setdefault(name, value)

    def get(self, name: str, default: str = "") -> str:
        return self._first.get(name, default)

    def all(self, name: str) -> list[str]:
        return [value for field, value in self.pairs if field == name]

    def __contains__(self, name: str) -> bool:
        return name in self._first


async def posted(request: Request) -> Posted:
    """Raises Invalid for what is too large or no form."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Invalid("表单太大，没有保存。", code="form-too-large")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Invalid("表单无法识别，没有保存；请重新打开页面再试。", code="bad-form") from error
    form = Posted([(name, _text(value)) for name, value in pairs])
    request.state.posted = form  # what goes wrong later gives it back
    return form


def _text(value: str) -> str:
    if "\0" in value:
        raise Invalid("表单中含有空字符（U+0000），请删去后重试。", code="bad-text")
    return value.replace("\r\n", "\n")


Form = Annotated[Posted, Depends(posted)]
Day = Annotated[str, Query(alias="from", max_length=20)]


def number_in(text: str) -> int:
    """The number that a form or an address holds; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def is_loopback(request: Request) -> bool:
    return request.url.hostname in ("127.0.0.1", "localhost", "::1")


def loses_the_cookie(request: Request) -> bool:
    """Whether a browser would drop the session's cookie: it is for encrypted connections, but on this very machine."""
    return request.url.scheme != "https" and not is_loopback(request)


def rights_in_words(rights: Any) -> str:
    return "、".join(words for right, words in RIGHTS.items() if right in rights) or "只读"


def own_address(address: str) -> str:
    """An address of the office to go on to, as it was asked for; anything else is dropped, so that no link leads
    astray. What is coded in it stays so; a blank is coded as one that no later coding takes for a plus."""
    path = unquote(address)
    parts = urlsplit(path)
    own = path.startswith("/office") and not parts.netloc and not parts.scheme and "\\" not in path
    if not own or path.startswith("/office/sign-in") or not path.isprintable():
        return ""
    where, mark, query = address.partition("?")
    return f"{where}{mark}{query.replace('+', '%20')}"
