"""Turning answers into pages: the Jinja environment, its filters, and the headers of a page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

from fastapi import Request, Response
from jinja2 import FileSystemLoader, StrictUndefined, Undefined
from markupsafe import Markup
from sqlalchemy import Connection

from app.changes.outcomes import RULES
from app.deps import Asked, base_of
from app.exchange.days import day as day
from app.exchange.days import instant as instant
from app.exchange.progress import unfinished
from app.items import code_tables
from app.items.field_words import limit_words, word_of
from app.kept import Page
from app.saying import CHINESE, SPOKEN, Language, said
from app.versions import ids
from app.versions.named_files import ADDRESS
from app.versions.queries import SHANGHAI, next_midnight_seconds
from app.web.assets import asset
from app.web.display import BOARD_SECONDS, KIOSK_SECONDS, chosen
from app.web.gate import SCRIPTED
from app.web.gate import SECURITY as SECURITY
from app.web.keeping import Keeping, send
from app.web.phrases import Phrases
from app.web.templating import Gaps as Gaps
from app.web.templating import Pages, documented, escaped, filled, heads, markup, themed
from app.web.templating import gaps as gaps
from app.web.tongues import PARAMETER, languages

OWN_FILE = re.compile(rf"{ADDRESS}[0-9a-f]{{64}}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


SIGNS = re.compile(r"[?#\\]")
"""What may stand in a path only as its code."""
ANOTHER_PAGE = {"authority", "region", "kind", "owner", "after", "page", "by", "article", PARAMETER}
"""Parameters that make another page of an address; days, what was known then and what is filtered out do not."""
SECTIONS = {"/items": "/search", "/editions": "/lists"}


class Here:
    """Where the reader is: the page's own address and day, which links keep."""

    def __init__(self, request: Request, on: str, today: str, display: tuple[str, ...] | None = None) -> None:
        scope = request.scope
        self.path: str = SIGNS.sub(lambda sign: quote(sign[0]), scope["path"])
        self.base = base_of(request)
        self.language = SPOKEN.get()
        self.foreign = self.language is not CHINESE
        self.query = [
            (k, v)
            for k, v in request.query_params.multi_items()
            if v and len(v) <= 400 and "\0" not in v and (k != PARAMETER or self.foreign)
        ]
        self.display = chosen(request) if display is None else display
        self.full = f"{self.path}?{request.url.query}" if scope["query_string"] else self.path
        self.on = on
        self.today = today
        self._kept = [("on", on)] if on != today else []
        if self.foreign:
            self._kept.append((PARAMETER, self.language.tag))
        self._behind = f"?{urlencode(self._kept)}" if self._kept else ""

    @property
    def section(self) -> str:
        """Which of the main pages it belongs to, by where its address begins."""
        begins = "/" + self.path.split("/", 2)[1]
        return SECTIONS.get(begins, begins)

    def url(self, path: str, **query: Any) -> str:
        """A link within the site, on the same day and in the same language."""
        if not query:
            return _quoted(path) + self._behind
        for name, value in self._kept:
            query.setdefault(name, value)
        return _address(path, _pairs(query))

    def same(self, **changes: Any) -> str:
        """This page with some of its parameters changed; None takes one away."""
        kept = [(name, value) for name, value in self.query if name not in changes]
        return _address(self.path, [*kept, *_pairs(changes)])

    @property
    def canonical(self) -> str:
        """Under which address this page is to be found: of today and as known now."""
        return _address(self.path, [pair for pair in self.query if pair[0] in ANOTHER_PAGE])

    @property
    def languages(self) -> list[Language]:
        """All that there are, where there is more than Chinese."""
        found = list(languages().values())
        return found if len(found) > 1 else []

    def in_language(self, language: Language) -> str:
        """This page in another language."""
        return self.same(**{PARAMETER: None if language is CHINESE else language.tag})

    @property
    def chinese(self) -> Markup:
        """The mark of what stays Chinese on a page in another language."""
        return markup(f' lang="{CHINESE.tag}"' if self.foreign else "")

    def choosing(self, name: str, *but: str) -> str:
        """This page with a parameter whose value is to be put behind: one address for a whole list of values."""
        rest = _address(self.path, [pair for pair in self.query if pair[0] not in (name, *but)])
        return f"{rest}{'&' if '?' in rest else '?'}{quote_plus(name)}="

    def file(self, ending: str) -> str:
        """This page as a file, with all its parameters."""
        return _address(self.path + ending, self.query)

    def on_day(self, day: str) -> str:
        """The page of the subject itself on another day, as known now."""
        kept = [(name, value) for name, value in self.query if name in ("status", "article", PARAMETER)]
        return _address(self.path.removesuffix("/compare"), [*kept, ("on", day)])

    def kept(self, *but: str) -> list[tuple[str, str]]:
        """Parameters that a form must carry along."""
        return [(name, value) for name, value in self.query if name not in but]


def _pairs(query: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in query.items():
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None and one != "":
                yield name, str(one)


def _address(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = "&".join([f"{_coded(name)}={_coded(value)}" for name, value in pairs])
    return f"{_quoted(path)}?{query}" if query else _quoted(path)


def _coded(value: str) -> str:
    """A name or value in a query. Long ones, which readers write, are not remembered."""
    return quoted(value) if len(value) <= 80 else quote_plus(value)


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/-._~")


@lru_cache(maxsize=4096)
def quoted(value: str) -> str:
    """A parameter's value: the same authorities and regions are linked to from every page of results."""
    return quote_plus(value)


# --- filters --------------------------------------------------------------------------------------------


def upto(value: str | None) -> str:
    """A due day, or a due moment to the minute, in words."""
    if not value or "T" not in value:
        return day(value)
    return f"{day(value[:10])} {value[11:16]}"


def daysoff(span: dict[str, str]) -> str:
    """A run of days that do not count: 周末 where it is nothing else."""
    first, last = dt.date.fromisoformat(span["first"]), dt.date.fromisoformat(span["last"])
    count = (last - first).days + 1
    weekend = all((first + dt.timedelta(days=n)).weekday() > 4 for n in range(count))
    return said("周末") if weekend else said("节假日，{1} 天", count)


@lru_cache(maxsize=256)
def local_minute(value: str) -> str:
    """A recorded moment as a ``datetime-local`` field has it, in Shanghai time: the minute it is known from."""
    at = dt.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(SHANGHAI)
    return f"{at + dt.timedelta(minutes=1):%Y-%m-%dT%H:%M}"


def number(value: Any) -> Any:
    """A count as pages show it: 12,345. Anything else as it stands."""
    return f"{value:,}" if type(value) is int else value


def label(code: str | None, table: str) -> str:
    """The Chinese label of a code; a code that the table lacks is shown as it is."""
    if code is None:
        return ""
    return said(code_tables.label(table, code) or code)


def outcome(value: str | None, kind: str = "item") -> str:
    """The Chinese label of an outcome."""
    if value is None:
        return ""
    rule = RULES.get(kind, {}).get(value)
    return said(rule.label) if rule else value


def language(tag: str) -> bool:
    """Whether a translation's key is a language tag that a browser can use."""
    return LANGUAGE.fullmatch(tag) is not None


def outlink(value: str | None) -> str | None:
    """An address that content gives, if it may be linked to: http and https alone."""
    if not value or any(ord(char) <= 32 for char in value) or "\\" in value:
        return None
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return value if usable else None


def own_file(value: str | None) -> str | None:
    """The address of a file that is kept here, as the document of a change names its scan."""
    return value if value and OWN_FILE.fullmatch(value) else None


def marked(snippet: str, spans: Sequence[Sequence[int]], tag: str = "mark") -> Markup:
    """The snippet escaped, with the spans (what matched, was lost, is new) in an element."""
    done: list[str] = []
    at = 0
    for start, end in sorted((span[0], span[1]) for span in spans):
        start, end = max(start, at), min(end, len(snippet))
        if start < end:
            done += (escaped(snippet[at:start]), f"<{tag}>", escaped(snippet[start:end]), f"</{tag}>")
            at = end
    return markup("".join((*done, escaped(snippet[at:]))))


def kind_of(subject_id: str) -> str | None:
    """item, authority, ...; None where it is no registry id."""
    return ids.kind_of(subject_id) if ids.is_id(subject_id) else None


def in_words(table: dict[str, str]) -> dict[str, str]:
    """A table's labels in the reader's language."""
    return {code: said(words) for code, words in table.items()}


FILTERS: dict[str, Any] = {
    "day": day,
    "upto": upto,
    "daysoff": daysoff,
    "instant": instant,
    "limit": limit_words,
    "label": label,
    "outcome": outcome,
    "outlink": outlink,
    "own_file": own_file,
    "language": language,
    "number": number,
    "kind_of": kind_of,
    "coded": quoted,
    "said": said,
}
GLOBALS: dict[str, Any] = {
    "asset": asset,
    "documented": documented,
    "filled": filled,
    "heads": heads,
    "in_words": in_words,
    "levels": code_tables.TABLES["level"][0].values,
    "marked": marked,
    "themed": themed,
    "types": code_tables.TABLES["item_type"][0].values,
    "word_of": word_of,
}


def pages_in(language: Language) -> Pages:
    """The templates in a language. Chinese is what they are written in: they are compiled as they stand."""
    made = Pages(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=[] if language is CHINESE else [Phrases],
    )
    if language is not CHINESE:
        made.translate = language.of  # type: ignore[attr-defined]
    made.filters.update(FILTERS)
    made.globals.update(GLOBALS, m=Macros(made))
    return made


def load_templates() -> None:
    """Compile every template that is not yet. From then on none is read: the code of a running server and the
    templates that it was started with stay together, whatever is put in their place."""
    for name in environment.list_templates():
        environment.get_template(name)


class Macros:
    """The macros as ``m`` in every template; compiled when a page first asks for one, not at start."""

    def __init__(self, templates: Pages) -> None:
        self._templates = templates

    @staticmethod
    def row(*pairs: Any) -> Markup:
        """Lines of a definition list, for each label and value where there is a value: asked for a hundred times a
        page, so no macro of Jinja's."""
        told = zip(pairs[::2], pairs[1::2], strict=True)
        return markup(
            "".join(
                [
                    f'<div><dt>{escaped(label)}</dt><dd class="text">{escaped(value)}</dd></div>\n'
                    for label, value in told
                    if value is not None and value != "" and not isinstance(value, Undefined)
                ]
            )
        )

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._templates.get_template("macros.html").module, name)
        setattr(self, name, found)  # asked for some fifty times a page
        return found


environment = pages_in(CHINESE)
_foreign: dict[str, Pages] = {}


def spoken() -> Pages:
    """The templates in the language of the request at hand, compiled when it is first asked for."""
    language = SPOKEN.get()
    if language is CHINESE:
        return environment
    found = _foreign.get(language.tag)
    if found is None:
        found = _foreign[language.tag] = pages_in(language)
    return found


# --- pages ----------------------------------------------------------------------------------------------


def render(
    request: Request,
    connection: Connection,
    asked: Asked,
    template: str,
    *,
    display: tuple[str, ...] | None = None,
    script: str = "",
    keep: Keeping | None = None,
    **context: Any,
) -> Response:
    """A page for the day asked about. ``script``: one of our own files that makes the page nicer; it works without.
    ``keep``: where to keep it."""
    here = Here(request, asked.on, asked.today, display)
    importing = keep.state.unfinished if keep is not None and keep.state else unfinished(connection)
    context |= {"here": here, "unfinished": importing, "script": script}
    html = spoken().get_template(template).render(**context)
    body = html.encode("utf-8", "replace")
    page = _page(body, here, script)
    if keep is not None:
        keep.keep(page)
    return send(request, page)


def _page(body: bytes, here: Here, script: str) -> Page:
    """With its security headers; what it may load is what it was rendered with."""
    headers = {**SECURITY, "Vary": "Accept, Accept-Encoding, Cookie"}
    if script:
        headers["Content-Security-Policy"] = SCRIPTED
    return Page.of(body, headers | goes_on(here))


def goes_on(here: Here) -> dict[str, str]:
    """What brings a screen in a hall back to its start, and one on a wall on from an error: nobody reloads it."""
    if "kiosk" in here.display:
        return {"Refresh": f"{KIOSK_SECONDS}; url={here.url('/kiosk', on=None)}"}
    if here.path == "/board":
        return {"Refresh": f"{BOARD_SECONDS}; url={here.same(after=None)}"}
    return {}


def redirect(request: Request, path: str) -> Response:
    """To the canonical address, for now: who holds a code depends on the day."""
    query = urlencode([(k, v) for k, v in request.query_params.multi_items() if k != "code"])
    headers = SECURITY | {
        "Location": quote(path, safe="/-._~") + (f"?{query}" if query else ""),
        "Cache-Control": f"public, max-age={min(60, next_midnight_seconds())}",
    }
    return Response(status_code=307, headers=headers)
