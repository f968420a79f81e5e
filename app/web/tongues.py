"""The languages that pages can be had in: Chinese, and each for which there is a file of translations.

An address says the language itself (``?lang=mn``), and links keep it: what a browser prefers changes nothing, so caches
keep languages apart by the address.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.types import Scope

from app.saying import CHINESE, SPOKEN, Language
from app.web.gate import MACHINES

logger = logging.getLogger(__name__)

DIRECTORY = Path(__file__).parent / "languages"
PARAMETER = "lang"
CHINESE_ALONE = (*MACHINES, "/office", "/lists.", "/static", "/feed.atom", "/sitemap")
"""What is asked by programs, kept by the office or given out as published."""


@lru_cache(maxsize=1)
def languages() -> dict[str, Language]:
    """By tag, Chinese first; Chinese alone where there is no other that can be read."""
    found = [_read(path) for path in sorted(DIRECTORY.glob("*.po"))]
    return {one.tag: one for one in (CHINESE, *found) if one is not None}


def _read(path: Path) -> Language | None:
    """None where the file cannot be read, which is logged: nobody's page fails for it."""
    from babel import Locale, UnknownLocaleError  # where there is a second language at all
    from babel.messages.pofile import PoFileError

    from app.web.catalogue import translations

    try:
        words, unusable = translations(path)
    except (OSError, ValueError, PoFileError) as error:
        logger.error("the translations in %s are left out: %s", path.name, error)
        return None
    for phrase in unusable:
        logger.warning(
            "a translation in %s is left out, it has a place that its phrase lacks: %s", path.name, phrase
        )
    try:
        name = Locale.parse(path.stem, sep="-").get_display_name() or path.stem
    except (ValueError, UnknownLocaleError):
        name = path.stem
    return Language(path.stem, name, words)


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
