"""Who visits the office, what they may reach, and what they post.

One table says which right each address asks for; an address that is not in it is reached by nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from fastapi import Depends, Request

from app import log
from app.auth import signing_in
from app.auth.actor import RIGHTS
from app.auth.delays import SECOND
from app.auth.passwords import POLICIES, Policy
from app.auth.signing_in import Limits, Present
from app.changes import rows, showing
from app.deps import Registry, RegistryOf, note_access
from app.errors import Forbidden, Invalid, Unauthenticated
from app.exchange.values import read_day
from app.settings import Settings
from app.web.gate import Elsewhere
from app.web.gate import go as go
from app.web.office.keeping import PayFirst, SignInAgain

COOKIE = "qingdan_office"
ANYONE, SIGNED_IN, READING = "anyone", "signed-in", "reading"
TABLE: Mapping[tuple[str, str], str] = {
    ("GET", "/office/sign-in"): ANYONE,
    ("POST", "/office/sign-in"): ANYONE,
    ("POST", "/office/sign-on"): ANYONE,
    ("GET", "/office/sign-on"): ANYONE,
    ("POST", "/office/sign-out"): SIGNED_IN,
    ("GET", "/office/code"): SIGNED_IN,
    ("POST", "/office/code"): SIGNED_IN,
    ("GET", "/office/account"): SIGNED_IN,
    ("POST", "/office/account/password"): SIGNED_IN,
    ("POST", "/office/account/totp"): SIGNED_IN,
    ("POST", "/office/account/sessions"): SIGNED_IN,
    ("GET", "/office"): SIGNED_IN,
    ("GET", "/office/items"): SIGNED_IN,
    ("GET", "/office/items/new"): "edit",
    ("POST", "/office/items/new"): "edit",
    ("GET", "/office/items/{item}/edit"): "edit",
    ("POST", "/office/items/{item}/edit"): "edit",
    ("GET", "/office/items/{item}/end"): "edit",
    ("POST", "/office/items/{item}/end"): "edit",
    ("GET", "/office/duties/{act}/{key}/accept"): "edit",
    ("POST", "/office/duties/{act}/{key}/accept"): "edit",
    ("GET", "/office/changesets"): READING,
    ("GET", "/office/changesets/{changeset}"): READING,
    ("POST", "/office/changesets/{changeset}/submit"): "edit",
    ("POST", "/office/changesets/{changeset}/withdraw"): "edit",
    ("POST", "/office/changesets/{changeset}/approve"): "review",
    ("POST", "/office/changesets/{changeset}/comment"): READING,
    ("POST", "/office/changesets/{changeset}/return"): "review",
    ("POST", "/office/changesets/{changeset}/publish"): "publish",
    ("POST", "/office/changesets/{changeset}/confirm"): "review",
    ("GET", "/office/checks"): READING,
    ("POST", "/office/checks/run"): "edit",
    ("POST", "/office/checks/exceptions"): "review",
    ("POST", "/office/checks/exceptions/{number}/end"): "review",
    ("GET", "/office/editions"): READING,
    ("POST", "/office/editions"): "edit",
    ("GET", "/office/editions/{edition}"): READING,
    ("POST", "/office/editions/{edition}/approve"): "review",
    ("POST", "/office/editions/{edition}/return"): "review",
    ("POST", "/office/editions/{edition}/withdraw"): "edit",
    ("POST", "/office/editions/{edition}/issue"): "publish",
    ("GET", "/office/rounds"): READING,
    ("GET", "/office/rounds/new"): "edit",
    ("POST", "/office/rounds/new"): "edit",
    ("GET", "/office/rounds/record"): "edit",
    ("POST", "/office/rounds/record"): "edit",
    ("GET", "/office/rounds/{changeset}"): READING,
    ("GET", "/office/rounds/{changeset}/rows"): READING,
    ("POST", "/office/rounds/{changeset}/rows"): "edit",
    ("POST", "/office/rounds/{changeset}/rows/match"): "edit",
    ("POST", "/office/rounds/{changeset}/head"): "edit",
    ("POST", "/office/rounds/{changeset}/proposals"): "edit",
    ("POST", "/office/rounds/{changeset}/opinions"): "review",
    ("GET", "/office/rounds/{changeset}/items/{item}"): READING,
    ("POST", "/office/rounds/{changeset}/items/{item}/proposal"): "edit",
    ("GET", "/office/rounds/{changeset}/items/{item}/form"): "edit",
    ("POST", "/office/rounds/{changeset}/items/{item}/form"): "edit",
    ("GET", "/office/rounds/{changeset}/new"): "edit",
    ("POST", "/office/rounds/{changeset}/new"): "edit",
    ("POST", "/office/rounds/{changeset}/new/remove"): "edit",
    ("POST", "/office/rounds/{changeset}/items/{item}/opinion"): "review",
    ("GET", "/office/rounds/{changeset}/worksheets"): READING,
    ("POST", "/office/rounds/{changeset}/worksheets"): "edit",
    ("GET", "/office/rounds/{changeset}/worksheets.xlsx"): READING,
    ("GET", "/office/rounds/{changeset}/worksheets/marked.xlsx"): "edit",
    ("GET", "/office/rounds/{changeset}/rehearsal"): READING,
    ("GET", "/office/rounds/{changeset}/report"): READING,
    ("POST", "/office/rounds/{changeset}/submit"): "edit",
    ("POST", "/office/rounds/{changeset}/withdraw"): "edit",
    ("POST", "/office/rounds/{changeset}/approve"): "review",
    ("POST", "/office/rounds/{changeset}/return"): "review",
    ("POST", "/office/rounds/{changeset}/publish"): "publish",
    ("GET", "/office/duties"): READING,
    ("GET", "/office/accounts"): "administer",
    ("POST", "/office/accounts"): "administer",
    ("POST", "/office/accounts/{number}"): "administer",
    ("GET", "/office/overlaps"): READING,
    ("POST", "/office/overlaps"): "review",
    ("GET", "/office/levels"): READING,
    ("GET", "/office/law"): READING,
    ("GET", "/office/law/{law}"): READING,
    ("POST", "/office/law/{law}"): "edit",
    ("GET", "/office/law-changes/{act}"): READING,
    ("POST", "/office/law-changes/{act}"): "edit",
    ("GET", "/office/many"): "edit",
    ("POST", "/office/many"): "edit",
    ("GET", "/office/many.xlsx"): "edit",
    ("GET", "/office/many/file"): "edit",
    ("GET", "/office/many/marked.xlsx"): "edit",
    ("POST", "/office/many/file"): "edit",
    ("GET", "/office/imports"): "edit",
    ("POST", "/office/imports"): "edit",
    ("GET", "/office/imports/{arrival}"): "edit",
    ("POST", "/office/imports/{arrival}/draft"): "edit",
    ("GET", "/office/imports/{arrival}/report.xlsx"): "edit",
    ("GET", "/office/files"): "edit",
    ("POST", "/office/files"): "edit",
    ("GET", "/office/citation"): "edit",
    ("GET", "/office/calendar"): SIGNED_IN,
    ("POST", "/office/calendar"): "edit",
    ("GET", "/office/feedback"): "edit",
    ("POST", "/office/feedback/{number}"): "edit",
    ("GET", "/office/access-log"): "audit",
    ("GET", "/office/access-log.csv"): "audit",
}
"""(method, address) -> the right it asks for; ``anyone`` and ``signed-in`` ask for none, ``reading`` for any with which
one works on the catalogue or audits it. Of a changeset in the address, the account's scope is asked too."""

BEFORE_ALL = {
    "code": ("/office/code",),
    "password": ("/office/account", "/office/account/password"),
}
"""What a session still owes, and the addresses that stay open to it until then; the first is where it is paid."""
STAFF_READS = {
    "/office/items": "staff-read",
    "/office/changesets/{changeset}": "staff-read",
    "/office/items/{item}/edit": "staff-read",
    "/office/items/{item}/end": "staff-read",
    "/office/checks": "staff-read",
    "/office/editions/{edition}": "staff-read",
    "/office/rounds/{changeset}": "staff-read",
    "/office/rounds/{changeset}/items/{item}": "staff-read",
    "/office/rounds/{changeset}/items/{item}/form": "staff-read",
    "/office/rounds/{changeset}/rows": "staff-read",
    "/office/rounds/{changeset}/worksheets.xlsx": "export",
    "/office/rounds/{changeset}/worksheets/marked.xlsx": "export",
    "/office/rounds/{changeset}/report": "staff-read",
    "/office/rounds/{changeset}/rehearsal": "staff-read",
    "/office/law-changes/{act}": "staff-read",
    "/office/many.xlsx": "export",
    "/office/many/file": "staff-read",
    "/office/many/marked.xlsx": "export",
    "/office/imports/{arrival}": "staff-read",
    "/office/imports/{arrival}/report.xlsx": "export",
    "/office/accounts": "staff-read",
    "/office/overlaps": "staff-read",
    "/office/feedback": "staff-read",
    "/office/access-log": "log-read",
}
"""Pages that show what is not public; reading them is in the access log."""
MOST_BYTES, MOST_FIELDS = 4_000_000, 20_000


def policy_of(settings: Settings) -> Policy:
    return POLICIES[settings.password_policy]


def limits_of(settings: Settings) -> Limits:
    return Limits(settings.session_idle_minutes, settings.session_hours * 60)


def visitor(request: Request, registry: RegistryOf) -> Present | None:
    """Who asks; none only where anyone may. Sends on to sign in, and what the session owes comes first.

    Raises Forbidden without the right that the table asks for, and for an address that it does not name.
    """
    path = request.scope["route"].path
    asked = TABLE.get((request.method if request.method != "HEAD" else "GET", path))
    if request.method == "POST":
        require_same_origin(request)
    if asked == ANYONE:
        return None
    present = _present(request, registry)
    if present.step and path not in (*BEFORE_ALL[present.step], "/office/sign-out"):
        first = BEFORE_ALL[present.step][0]
        raise PayFirst(first, present) if request.method == "POST" else Elsewhere(first)
    try:
        _require(present, asked)
        if "changeset" in request.path_params:
            _require_readable(registry, present, path, request.path_params["changeset"])
    except Forbidden as error:
        note_access(request, registry, "refused", present.actor.account, error.code)
        raise
    if request.method == "GET" and path in STAFF_READS:
        note_access(request, registry, STAFF_READS[path], present.actor.account)
    return present


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
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = quote(asked, safe="/") if request.method in ("GET", "HEAD") else ""
        said = "&over=1" if text else ""
        again = SignInAgain if text and request.method == "POST" else Elsewhere
        raise again(f"/office/sign-in?next={back}{said}") from error
    if log.now_microseconds() - present.seen_at >= 60 * SECOND:
        with registry.database.writing() as session:
            signing_in.seen(session, present)
    return present


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


Visitor = Annotated[Present, Depends(visitor)]


DAYS = frozenset(
    {"from", "until", "on", "day", "base_day"}
    | {f"document/{name}" for name in ("document_date", "published_on", "effective_on")}
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
    return Posted([(name, _text(value)) for name, value in pairs])


def _text(value: str) -> str:
    if "\0" in value:
        raise Invalid("表单中含有空字符（U+0000），请删去后重试。", code="bad-text")
    return value.replace("\r\n", "\n")


Form = Annotated[Posted, Depends(posted)]


def is_loopback(request: Request) -> bool:
    return request.url.hostname in ("127.0.0.1", "localhost", "::1")


def loses_the_cookie(request: Request) -> bool:
    """Whether a browser would drop the session's cookie: it is for encrypted connections, but on this very machine."""
    return request.url.scheme != "https" and not is_loopback(request)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def rights_in_words(rights: Any) -> str:
    return "、".join(words for right, words in RIGHTS.items() if right in rights) or "只读"


def own_address(path: str) -> str:
    """An address of the office to go on to; anything else is dropped, so that no link leads astray."""
    path = unquote(path)
    parts = urlsplit(path)
    own = path.startswith("/office") and not parts.netloc and not parts.scheme and "\\" not in path
    return path if own and not path.startswith("/office/sign-in") and path.isprintable() else ""
