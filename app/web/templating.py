"""How templates are compiled and what they read: documents with gaps, and ways to their fields, to functions and to
escaped words that are shorter than Jinja's own. A page asks for some hundreds of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro, markup_join
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

try:  # as markupsafe itself imports it
    from markupsafe._speedups import _escape_inner
except ImportError:
    from markupsafe._native import _escape_inner

from app.items.field_words import word_of
from app.saying import said


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
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is Markup:
        return value
    return str(value) if kind is int else escape(value)


def joined(parts: tuple[Any, ...]) -> str:
    """As Jinja's ``~`` joins them; where none is markup, without looking at each for it."""
    return "".join(parts) if {*map(type, parts)} == {str} else markup_join(parts)


def markup(words: str) -> Markup:
    """Words that are markup already. ``Markup`` itself asks first what it was given."""
    return str.__new__(Markup, words)


class Told(Macro):
    """A macro of a page that escapes by itself, as all of ours do."""

    def __init__(self, *made: Any) -> None:
        super().__init__(*made)
        self._around = {"caller"} if self.caller else set()
        self._gathers = self.catch_varargs or self.catch_kwargs or self.explicit_caller

    def __call__(self, *given: Any, **named: Any) -> str:
        """Most are asked in the order of what they take, some around a ``caller``."""
        lacking = self._argument_count - len(given)
        if named.keys() != self._around or lacking < 0 or self._gathers:
            return super().__call__(*given, **named)
        return markup(self._func(*given, *(missing,) * lacking, *named.values()))

    def _invoke(self, arguments: list[Any], autoescape: bool) -> str:
        return markup(self._func(*arguments))


class Written(CodeGenerator):
    """Compiled templates that write with ``escaped`` and read the fields of documents in place."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        super().visit_Template(node, frame)
        self.writeline(
            "from app.web.templating import Gaps, Told as Macro, escaped as escape, joined as markup_join"
        )

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """``a.b`` of a document is what it holds under that name."""
        if isinstance(node.node, nodes.Name) and node.node.name in OBJECTS:
            self.visit(node.node, frame)
            self.write(f".{node.attr}")
            return
        if node.attr in DICT_NAMES:
            super().visit_Getattr(node, frame)
            return
        self.write(f"(_of.get({node.attr!r}) if type(_of := ")
        self.visit(node.node, frame)
        self.write(f") is Gaps else environment.getattr(_of, {node.attr!r}))")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        """Straight, where it is written with its arguments."""
        if node.dyn_args or node.dyn_kwargs:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.write("(")
        self.visit(node.node, frame)
        self.write(")(")
        for given in (*node.args, *node.kwargs):
            self.visit(given, frame)
            self.write(", ")
        self.write("caller=caller)" if forward_caller else ")")


class Included(NodeTransformer):
    """Puts what a template includes by name in the place of the ``include``, with names of its own: as a template
    beside, each would be looked up and given a copy of all names whenever the page is made."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802
        if not isinstance(node.template, nodes.Const) or not node.with_context or node.ignore_missing:
            return node
        loader = self._environment.loader
        assert loader is not None
        source, file, _ = loader.get_source(self._environment, node.template.value)
        found = self._environment.parse(source, node.template.value, file)
        return nodes.Scope(self.visit(found).body, lineno=node.lineno)


class Names(Context):
    """Jinja looks at each function it calls whether it wants the context; none of ours does."""

    def call(
        self, asked: Any, /, *args: Any, _loop_vars: Any = None, _block_vars: Any = None, **kwargs: Any
    ) -> Any:
        return asked(*args, **kwargs)


DICT_NAMES = frozenset(dir(dict))
OBJECTS = frozenset(("here", "m"))
"""Names that are documents in no template."""


class Pages(Environment):
    """Jinja's own way to ``a.b`` asks the object first, which costs an exception for each field of a document."""

    code_generator_class = Written
    context_class = Names

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return super()._generate(Included(self).visit(source), name, filename, defer_init)


# --- what templates ask of documents ---------------------------------------------------------------------


def filled(elements: Iterable[Gaps], *names: str) -> bool:
    """Whether any of a list's elements fills one of these fields."""
    return any(one[name] is not None and one[name] != "" for one in elements for name in names)


def heads(changes: Iterable[dict[str, Any]]) -> str:
    """The fields that changes touch, in words, each once; the status is told otherwise."""
    touched = dict.fromkeys(change["path"].split("/", 1)[0] for change in changes)
    return said("、").join(word_of(head) for head in touched if head != "status")


def themed(themes: Iterable[str] | None) -> str:
    """Themes as the source gives them; bare codes are said to be codes, since what they stand for is not known."""
    given = list(themes or ())
    words = said("、").join(given)
    return (
        said("来源只给出代码 {1}，没有写明主题名称", words) if given and all(map(_is_code, given)) else words
    )


def _is_code(theme: str) -> bool:
    return theme.isascii() and theme.isalnum()


def documented(document: dict[str, Any] | None) -> bool:
    """Whether there is a document behind a change, or only the registry's own word for it."""
    return document is not None and any(document.get(name) for name in DOCUMENT)


DOCUMENT = ("title", "number", "issuer", "document_date", "published_on", "effective_on", "url")
