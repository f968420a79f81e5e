"""The words of templates as a catalogue, so that pages can be had in a second language.

Templates are written in plain Chinese, without marks around each phrase. A phrase is what stands between two tags
or statements, with each ``{{ ... }}`` in it as a place: ``自 {1}起`` may become ``from {1}``. So are texts
in attributes and Chinese strings inside expressions. A translation is put in when a template is compiled, so a
page costs the same in every language; where there is none, the Chinese stands.

``python -m app.web.phrases`` writes the catalogue to fill (gettext .pot) to standard output; a filled one is
``app/web/languages/<tag>.po``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
TEMPLATES = Path(__file__).parent / "templates"
LANGUAGES = Path(__file__).parent / "languages"

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
    """Goes through a template's tokens once, knowing whether it stands inside a tag."""

    def __init__(self, translate: Translate) -> None:
        self.translate = translate
        self.in_tag = False
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
        if self.in_tag:
            yield from tokens
        else:
            self.phrase.append(tokens)

    def _data(self, token: Token) -> Iterator[Token]:
        for part in re.split(r"(<(?=[a-zA-Z/!])|>)", token.value):
            if part == "<" and not self.in_tag:
                yield from self._told(token.lineno)
                self.in_tag = True
                yield Token(token.lineno, "data", part)
            elif part == ">" and self.in_tag:
                self.in_tag = False
                yield Token(token.lineno, "data", part)
            elif self.in_tag:
                yield Token(token.lineno, "data", self._attributes(part))
            elif part:
                self.phrase.append(part)

    def _attributes(self, text: str) -> str:
        def put(match: re.Match[str]) -> str:
            return f'="{self.translate(match[1])}"' if CHINESE.search(match[1]) else match[0]

        return re.sub(r'="([^"]*)"', put, text)

    def _told(self, line: int) -> Iterator[Token]:
        """The phrase gathered so far, translated; its places may stand in another order."""
        pieces, self.phrase = self.phrase, []
        places = [piece for piece in pieces if isinstance(piece, list)]
        numbers = iter(range(1, len(places) + 1))
        whole = "".join(piece if isinstance(piece, str) else f"{{{next(numbers)}}}" for piece in pieces)
        core = whole.strip()
        if CHINESE.search(core):
            whole = whole.replace(core, self.translate(core))
        for part in re.split(r"(\{\d+\})", whole):
            place = re.fullmatch(r"\{(\d+)\}", part)
            if place and 1 <= int(place[1]) <= len(places):
                yield from places[int(place[1]) - 1]
            elif part:
                yield Token(line, "data", part)


def phrases() -> dict[str, set[str]]:
    """Every phrase of every template, with the templates it stands in."""
    found: dict[str, set[str]] = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()

        def note(phrase: str, name: str = name) -> str:
            found.setdefault(phrase, set()).add(name)
            return phrase

        environment = Environment(
            loader=FileSystemLoader(TEMPLATES), extensions=[Phrases], trim_blocks=True, lstrip_blocks=True
        )
        environment.translate = note  # type: ignore[attr-defined]
        source = path.read_text(encoding="utf-8")
        environment.parse(source, name)
    return found


def catalogue() -> bytes:
    """The phrases as a gettext template."""
    from babel.messages.catalog import Catalog  # only translators need it
    from babel.messages.pofile import write_po

    made = Catalog(project="Qingdan", charset="utf-8")
    for phrase, names in phrases().items():
        made.add(phrase, locations=[(name, 1) for name in sorted(names)])
    written = BytesIO()
    write_po(written, made, sort_output=True, omit_header=False)
    return written.getvalue()


def translations(path: Path) -> dict[str, str]:
    """The filled phrases of a .po file."""
    from babel.messages.pofile import read_po

    with path.open("rb") as opened:
        return {str(one.id): str(one.string) for one in read_po(opened) if one.id and one.string}


if __name__ == "__main__":
    sys.stdout.buffer.write(catalogue())
