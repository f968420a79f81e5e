"""All that pages say, as a gettext catalogue: ``python -m app.web.catalogue > mn.po``, then fill it in and put it under
``app/web/languages``. What is not filled in stays Chinese."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, FileSystemLoader

from app import wording
from app.canonical import strings_in
from app.changes.outcomes import RULES
from app.feedback.reporting import KINDS as REPORTS
from app.feedback.reporting import STATES
from app.items import code_tables, field_words
from app.lists import selecting
from app.rounds import differences, sentence, stated
from app.versions.ids import LABELS
from app.web import life
from app.web.charts import OUTCOMES
from app.web.phrases import CHINESE, Phrases

TEMPLATES = Path(__file__).parent / "templates"
APP = Path(__file__).parents[1]
TABLES: dict[str, Any] = {
    "items/field_words.py": (
        field_words.WORDS,
        field_words.AT,
        field_words.STATUS,
        field_words.ROLES,
        field_words.UNITS,
    ),
    "lists/selecting.py": (selecting.KINDS, selecting.HEADS, selecting.NOTES, selecting.GONE),
    "rounds/differences.py": (differences.HALLS, [label for label, _ in differences.ASPECTS]),
    "rounds/sentence.py": (sentence.LEAVING, sentence.COMING, sentence.PARTS),
    "rounds/stated.py": stated.REASONS,
    "feedback/reporting.py": (REPORTS, STATES),
    "versions/ids.py": LABELS,
    "wording.py": (wording.REASONS, wording.PATTERNS, wording.PARTS),
    "web/charts.py": [words for _, words, _ in OUTCOMES],
    "web/life.py": (life.PERSON, life.COMPANY, life.WHOSE),
}
"""Where labels stand that pages look up; ``said`` is asked for them when they are."""


def phrases() -> dict[str, set[str]]:
    """Every phrase of every template, of the code and of its tables, with where each is said."""
    found: dict[str, set[str]] = {}
    for where, words in (*_of_templates(), *_of_code(), *_of_tables()):
        if CHINESE.search(words):
            found.setdefault(words, set()).add(where)
    return found


def _of_templates() -> Iterator[tuple[str, str]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        noted: list[str] = []

        def note(phrase: str, noted: list[str] = noted) -> str:
            noted.append(phrase)
            return phrase

        environment = Environment(
            loader=FileSystemLoader(TEMPLATES), extensions=[Phrases], trim_blocks=True, lstrip_blocks=True
        )
        environment.translate = note  # type: ignore[attr-defined]
        environment.parse(path.read_text(encoding="utf-8"), name)
        yield from ((name, phrase) for phrase in noted)


def _of_code() -> Iterator[tuple[str, str]]:
    """What ``said`` is given in the source. Words that it is given otherwise stand in a table."""
    for path in sorted(APP.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "said(" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said":
                first = node.args[0] if node.args else None
                for one in ast.walk(first) if first else ():
                    if isinstance(one, ast.Constant) and isinstance(one.value, str):
                        yield path.relative_to(APP).as_posix(), one.value


def _of_tables() -> Iterator[tuple[str, str]]:
    """Labels that pages look up."""
    for sources in code_tables.TABLES.values():
        yield from (("items/code_tables.py", words) for words in sources[0].values.values())
    for rules in RULES.values():
        yield from (("changes/outcomes.py", rule.label) for rule in rules.values())
    for where, table in TABLES.items():
        yield from ((where, words) for words in strings_in(table))


def catalogue() -> bytes:
    """The phrases as a gettext template."""
    made = Catalog(project="Qingdan", charset="utf-8")
    for phrase, names in phrases().items():
        made.add(phrase, locations=[(name, 1) for name in sorted(names)])
    written = BytesIO()
    write_po(written, made, sort_output=True, omit_header=False)
    return written.getvalue()


def translations(path: Path) -> tuple[dict[str, str], list[str]]:
    """(phrase -> translation, phrases that cannot be used) of the filled phrases of a .po file: a translation has no
    place (``{1}``) that its phrase has not. Raises ValueError or PoFileError where the file cannot be read."""
    with path.open("rb") as opened:
        filled = {
            str(one.id): str(one.string)
            for one in read_po(opened, abort_invalid=True)
            if one.id and one.string and not one.fuzzy
        }
    unusable = [phrase for phrase, words in filled.items() if not _places(words) <= _places(phrase)]
    return {phrase: words for phrase, words in filled.items() if phrase not in unusable}, unusable


def _places(phrase: str) -> set[str]:
    """The places of a phrase, each to be put in as it stands; a brace that is none is one that no phrase has."""
    try:
        parts = list(Formatter().parse(phrase))
    except ValueError:
        return {phrase}
    return {f"{name}!{kind or ''}:{form or ''}" for _, name, form, kind in parts if name is not None}


if __name__ == "__main__":
    sys.stdout.buffer.write(catalogue())
