"""The words of templates as a catalogue, so that pages can be had in a second language.

Templates are written in plain Chinese, without marks around each phrase; what code says is asked for by ``said``
(``app/saying.py``). A phrase is what stands between two tags or statements, with each ``{{ ... }}`` in it as a
place: ``自 {1}起`` may become ``from {1}``. So are texts in attributes and Chinese strings inside expressions. A
translation is put in when a template is compiled, so a page costs the same in every language; where there is none,
the Chinese stands.

``python -m app.web.catalogue`` writes the catalogue to fill (gettext .pot) to standard output; a filled one is
``app/web/languages/<tag>.po``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef\U00020000-\U0003ffff]")
"""Its punctuation too: a list is not joined by 、 in every language."""

Translate = Callable[[str], str]
Piece = str | list[Token]
"""Of a phrase: text, or the tokens of one ``{{ ... }}``."""


class Phrases(Extension):
    """Puts translations in at compiling; ``environment.translate`` gives each phrase its translation."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.extend(translate=lambda phrase: phrase)

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        return _Rewriter(self.environment.translate).tokens(stream)  # type: ignore[attr-defined]


class _Rewriter:
    """Goes through a template's tokens once, knowing whether it stands inside a tag, or an attribute's value."""

    def __init__(self, translate: Translate) -> None:
        self.translate = translate
        self.in_tag = False
        self.in_value = False  # of an attribute
        self.phrase: list[Piece] = []

    def tokens(self, stream: TokenStream) -> Iterator[Token]:
        expression: list[Token] | None = None
        for token in stream:
            if token.type == "string" and CHINESE.search(token.value):
                token = Token(token.lineno, "string", self.translate(token.value))
            if token.type == "variable_begin":
                expression = [token]
            elif expression is not None:
                expression.append(token)
                if token.type == "variable_end":
                    yield from self._expression(expression)
                    expression = None
            elif token.type == "data":
                yield from self._data(token)
            else:
                yield from self._told(token.lineno)
                yield token
        yield from self._told(1)

    def _expression(self, tokens: list[Token]) -> Iterator[Token]:
        if self.in_tag and not self.in_value:
            yield from tokens
        else:
            self.phrase.append(tokens)

    def _data(self, token: Token) -> Iterator[Token]:
        for part in re.split(r"(<(?=[a-zA-Z/!])|>|=?\")", token.value):
            if self.in_value:
                if part == '"':
                    yield from self._told(token.lineno)
                    self.in_value = False
                    yield Token(token.lineno, "data", part)
                elif part:
                    self.phrase.append(part)
            elif part == "<" and not self.in_tag:
                yield from self._told(token.lineno)
                self.in_tag = True
                yield Token(token.lineno, "data", part)
            elif self.in_tag:
                self.in_tag, self.in_value = part != ">", part == '="'
                if part:
                    yield Token(token.lineno, "data", part)
            elif part:
                self.phrase.append(part)

    def _told(self, line: int) -> Iterator[Token]:
        """The phrase gathered so far, translated; its places may stand in another order."""
        pieces, self.phrase = self.phrase, []
        places = [piece for piece in pieces if isinstance(piece, list)]
        numbers = iter(range(1, len(places) + 1))
        whole = "".join(piece if isinstance(piece, str) else f"{{{next(numbers)}}}" for piece in pieces)
        core = whole.strip()
        if CHINESE.search(core):
            told = self.translate(core)
            whole = whole.replace(core, told.replace('"', "&quot;") if self.in_value else told)
        for part in re.split(r"(\{\d+\})", whole):
            place = re.fullmatch(r"\{(\d+)\}", part)
            if place and 1 <= int(place[1]) <= len(places):
                yield from places[int(place[1]) - 1]
            elif part:
                yield Token(line, "data", part)
