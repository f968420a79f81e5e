"""Fields and lists of a row, by a mapping, into a content document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.exchange.cells import WHOLE, Cells, as_text, is_blank
from app.exchange.keys import element_key, numbered
from app.exchange.mapping import FieldSpec, ListSpec, Mapping
from app.exchange.values import read_value, unknown_codes
from app.items import code_tables

MAX_LINE = 1_000
MAX_ELEMENTS = 2_000
"""Elements of one list; more are a broken file."""

Warn = Callable[[str, str, str], None]
"""Takes a problem's code, the column and the message."""


class Writer:
    """Writes one row's values into a document; what it cannot read stays unused and is warned about."""

    def __init__(self, mapping: Mapping, warn: Warn) -> None:
        self.mapping = mapping
        self.warn = warn
        self.extra: list[tuple[str, str]] = []
        """Label and value of what has no place in content."""
        self.flags: list[tuple[str, str]] = []
        """The same for remarks of which there are several under one label."""

    def fields(
        self, specs: dict[str, FieldSpec], cells: Cells, document: dict[str, Any], at: str = ""
    ) -> None:
        for target, spec in specs.items():
            value = self.value(spec, cells, at)
            if value is not None:
                put(document, target, value)

    def value(self, spec: FieldSpec, cells: Cells, at: str = "") -> Any:
        """The first column that is filled, as the mapping asks for it."""
        for column in spec.columns():
            given = cells.peek(column)
            if given is None:
                continue
            value = read_value(spec, given, self.mapping.values)
            if value is None:
                self.warn(
                    "unreadable-value", at + column, f"“{_short(given)}”无法识别，原样存入其他信息，请核对"
                )
                return None
            cells.use(column)
            self._keep_wording(spec, column, given, value)
            self._keep_unknown(spec, column, given, at)
            return value
        return None

    def _keep_wording(self, spec: FieldSpec, column: str, given: Any, value: Any) -> None:
        """A wording that says more than the code it became (市级(国家级新区)) is kept beside it."""
        if spec.values is None or spec.table is None or not isinstance(given, str):
            return
        if given.strip() not in (value, code_tables.label(spec.table, value)):
            self.extra.append((self.mapping.labels.get(column, column), given))

    def _keep_unknown(self, spec: FieldSpec, column: str, given: Any, at: str) -> None:
        """Of several codes one that the table has not: told, and the whole kept as it stands."""
        unknown = unknown_codes(spec, given)
        for one in unknown:
            message = f"“{_short(one)}”不在代码表中，其余代码已收录；原文存入其他信息，请核对"
            self.warn("unknown-code", at + column, message)
        if unknown:
            self.extra.append((at + self.mapping.labels.get(column, column), as_text(given)))

    def elements(self, spec: ListSpec, cells: Cells, document: dict[str, Any], at: str = "") -> None:
        given = self._elements(spec, cells)
        if given is None:
            return
        elements: list[dict[str, Any]] = document.setdefault(spec.to, [])
        taken = {element["key"] for element in elements}
        for number, one in enumerate(given, 1):
            element = self._element(spec, one, f"{at}{spec.title}{number}·")
            if element is None:
                continue
            element["key"] = numbered(element["key"], taken)
            taken.add(element["key"])
            elements.append(element)
        if not elements:
            del document[spec.to]

    def _elements(self, spec: ListSpec, cells: Cells) -> list[Any] | None:
        """The column's elements; an object counts as one element, ``.`` is the row itself."""
        if spec.column == WHOLE:
            return [cells]
        given = cells.peek(spec.column)
        if isinstance(given, dict):
            given = [given]
        if not isinstance(given, list):
            if given is not None:
                self.warn("unreadable-value", spec.column, f"“{_short(given)}”不是列表，原样存入其他信息")
            return None
        if len(given) > MAX_ELEMENTS:
            self.warn(
                "too-many-elements", spec.column, f"{spec.title}多达{len(given)}条，原样存入其他信息，请核对"
            )
            return None
        cells.use(spec.column)
        return given

    def _element(self, spec: ListSpec, given: Any, at: str) -> dict[str, Any] | None:
        """One element, None where it says nothing; what has no place in it goes to extra under its name."""
        own = isinstance(given, Cells)
        cells = given if own else Cells(given)
        element: dict[str, Any] = {}
        self.fields(spec.fields, cells, element, at)
        for inner in spec.lists:
            self.elements(inner, cells, element, at)
        if not own:
            for column in spec.drop:
                cells.use(column)
        code = cells.text(spec.key) if spec.key else None
        if not element:
            if not own:
                self._keep_rest(at, cells)
            return None
        names = [as_text(element.get(name, "")) for name in spec.named_by]
        element = {"key": element_key(code, *names), **spec.constants, **element}
        if not own:
            self._keep_rest(f"{at}{names[0][:40]}·", cells)
        return element

    def _keep_rest(self, at: str, cells: Cells) -> None:
        for column, value in cells.left():
            self.extra.append((at + self.mapping.labels.get(column, column), as_text(value)))

    def keep(self, cells: Cells) -> None:
        """What the row says beyond the mapping, for ``extra``."""
        for column, value in cells.left():
            self.extra.append((self.mapping.labels.get(column, column), as_text(value)))

    def extra_fields(self) -> list[dict[str, str]]:
        """The kept values as elements: one by its label, a remark by its label and words."""
        found: list[dict[str, str]] = []
        taken: set[str] = set()
        keyed = [(element_key(None, label), label, value) for label, value in self.extra]
        keyed += [(element_key(None, label, value), label, value) for label, value in self.flags]
        for key, label, value in keyed:
            if is_blank(value):
                continue
            key = numbered(key, taken)
            taken.add(key)
            found.append({"key": key, "label": label[:MAX_LINE], "value": value})
        return found


def put(document: dict[str, Any], target: str, value: Any) -> None:
    """Writes a value at a dotted place, unless one stands there."""
    place = document
    *before, last = target.split(".")
    for part in before:
        place = place.setdefault(part, {})
    place.setdefault(last, value)


def _short(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= 30 else text[:30] + "…"
