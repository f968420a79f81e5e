"""Words that pages say from code, in the language of whoever asks; those of templates are put in when a template is
compiled (``app/web/phrases.py``).

Chinese is written where it is needed and is the key: ``said("节假日，{1} 天", 3)``. Without a language chosen, or where
it has no such phrase, the Chinese stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple


class Language(NamedTuple):
    """``tag``: as BCP 47 writes it; ``name``: what those who read it call it; ``words``: phrase -> translation."""

    tag: str
    name: str
    words: Mapping[str, str]

    def of(self, phrase: str) -> str:
        return self.words.get(phrase, phrase)


CHINESE = Language("zh-CN", "中文", {})
SPOKEN: ContextVar[Language] = ContextVar("language", default=CHINESE)
"""The language that the request at hand is answered in."""


def said(phrase: str, *places: Any) -> str:
    """The phrase in the reader's language; ``{1}`` is the first place, and a translation may order them anew."""
    language = SPOKEN.get()
    if language is not CHINESE:
        phrase = language.of(phrase)
    return phrase.format(None, *places) if places else phrase
