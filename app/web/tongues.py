"""The languages that pages can be had in: Chinese, and each for which there is a file of translations.

An address says the language itself (``?lang=mn``), and links keep it: what a browser prefers changes nothing, so caches
keep languages apart by the address.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.types import Scope

from app.saying import CHINESE, SPOKEN, Language
from app.web.gate import MACHINES

DIRECTORY = Path(__file__).parent / "languages"
PARAMETER = "lang"
CHINESE_ALONE = (*MACHINES, "/office", "/lists.", "/static", "/feed.atom", "/sitemap")
"""What is asked by programs, kept by the office or given out as published."""


@lru_cache(maxsize=1)
def languages() -> dict[str, Language]:
    """By tag, Chinese first; Chinese alone where there is no other."""
    found = [_read(path) for path in sorted(DIRECTORY.glob("*.po"))]
    return {one.tag: one for one in (CHINESE, *found)}


def _read(path: Path) -> Language:
    from babel import Locale, UnknownLocaleError  # where there is a second language at all

    from app.web.catalogue import translations

    try:
        name = Locale.parse(path.stem, sep="-").get_display_name() or path.stem
    except (ValueError, UnknownLocaleError):
        name = path.stem
    return Language(path.stem, name, translations(path))


def speak(scope: Scope) -> None:
    """Have the request at hand answered in the language that its address says, where there is such a one."""
    query: bytes = scope["query_string"]
    language = None
    if b"lang=" in query and not scope["path"].startswith(CHINESE_ALONE):
        language = languages().get(dict(parse_qsl(query.decode("latin-1"))).get(PARAMETER, ""))
    SPOKEN.set(language or CHINESE)


def onward(path: str) -> str:
    """The address of another page, with the language of the request at hand."""
    language = SPOKEN.get()
    return path if language is CHINESE else f"{path}?{PARAMETER}={language.tag}"
