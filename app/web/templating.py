"""How templates are compiled and what they read: documents with gaps, and ways to their fields, to functions and to
escaped words that are shorter than Jinja's own. A page asks for some hundreds of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from markupsafe import Markup, escape

from app.items.field_words import word_of


class Gaps(dict[str, Any]):
    """A document in which an absent field reads as None, at every depth."""

    def __missing__(self, name: str) -> None:
        return None


def gaps(value: Any) -> Any:
    if isinstance(value, dict):
        nested = {name: gaps(part) for name, part in value.items() if type(part) in NESTED}
        return Gaps(value | nested) if nested else Gaps(value)
    if isinstance(value, list):
        return [gaps(part) if type(part) in NESTED else part for part in value]
    return value


NESTED = (dict, list)


def escaped(value: Any) -> str:
    """As markupsafe escapes it, without an object made around each piece: what a page joins them to is markup by
    itself."""
    if type(value) is str:
        return (
            value.replace("&", "&amp;")
            .replace(">", "&gt;")
            .replace("<", "&lt;")
            .replace("'", "&#39;")
            .replace('"', "&#34;")
        )
    return value if type(value) is Markup else escape(value)


class Written(CodeGenerator):
    """Compiled templates that write with ``escaped``."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        super().visit_Template(node, frame)
        self.writeline("escape = environment.escaped")


class Names(Context):
    """Jinja looks at each function it calls whether it wants the context; none of ours does."""

    def call(
        self, asked: Any, /, *args: Any, _loop_vars: Any = None, _block_vars: Any = None, **kwargs: Any
    ) -> Any:
        return asked(*args, **kwargs)


DICT_NAMES = frozenset(dir(dict))


class Pages(Environment):
    """Jinja's own way to ``a.b`` asks the object first, which costs an exception for each field of a document."""

    code_generator_class = Written
    context_class = Names
    escaped = staticmethod(escaped)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is Gaps and attribute not in DICT_NAMES:
            return obj.get(attribute)
        return super().getattr(obj, attribute)


# --- what templates ask of documents ---------------------------------------------------------------------


def filled(elements: Iterable[Gaps], *names: str) -> bool:
    """Whether any of a list's elements fills one of these fields."""
    return any(one[name] is not None and one[name] != "" for one in elements for name in names)


def heads(changes: Iterable[dict[str, Any]]) -> str:
    """The fields that changes touch, in words, each once; the status is told otherwise."""
    touched = dict.fromkeys(change["path"].split("/", 1)[0] for change in changes)
    return "、".join(word_of(head) for head in touched if head != "status")


def documented(document: dict[str, Any] | None) -> bool:
    """Whether there is a document behind a change, or only the registry's own word for it."""
    return document is not None and any(document.get(name) for name in DOCUMENT)


DOCUMENT = ("title", "number", "issuer", "document_date", "published_on", "effective_on", "url")
