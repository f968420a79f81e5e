"""Saved mappings: how the columns of one source become records. A TOML or JSON file, checked on loading.

A mapping names the source, its own key, where region, authority and codes stand, and for every
place in content the column it comes from. Columns are dotted paths (``statutory_limit.value``), so
that JSON lines with objects inside map like flat tables. What no line names goes to ``extra``.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import Invalid
from app.items import code_tables
from app.wording import reason

FOLDER = Path(__file__).parent / "mappings"
"""The mappings that come with the program."""

Reading = Literal["text", "int", "bool", "code", "codes", "texts", "join", "hall"]
"""How a value is read: as it stands; a whole number; yes or no; a code of a table; several codes;
a list of texts; several texts as one; yes or no as 进驻 or 未进驻."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BadMapping(Invalid):
    """The mapping cannot be used; the message, in Chinese, says why."""

    code = "bad-mapping"


class FieldSpec(_Model):
    """Where one value comes from. Several columns: the first that is not blank."""

    column: str | list[str]
    read: Reading = "text"
    table: str | None = None
    source: str | None = Field(None, description="whose codes the column holds, where tables disagree")
    values: str | None = Field(None, description="a value table of this mapping")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        """A mere column name stands for the whole."""
        return {"column": given} if isinstance(given, (str, list)) else given

    @model_validator(mode="after")
    def _known_table(self) -> FieldSpec:
        if not self.columns():
            raise ValueError("column 没有写明列名")
        if self.table is not None and self.table not in code_tables.TABLES:
            raise ValueError(f"没有代码表 {self.table}")
        if self.read in ("code", "codes") and self.table is None and self.values is None:
            raise ValueError("read 为 code 或 codes 时要写明 table 或 values")
        return self

    def columns(self) -> list[str]:
        return [self.column] if isinstance(self.column, str) else self.column


class ListSpec(_Model):
    """A column with several elements: objects with columns of their own, or plain texts (``item``)."""

    column: str
    to: str
    title: str
    """What the elements are called in messages and in ``extra``."""
    key: str | None = Field(None, description="the element's own code")
    named_by: list[str] = Field(["name"], description="content fields that name an element without own code")
    fields: dict[str, FieldSpec] = Field(
        description="content field -> column within the element; ``.`` is the text"
    )
    constants: dict[str, Any] = {}
    drop: list[str] = Field([], description="columns that say again what a mapped one says")
    lists: list[ListSpec] = []


class CodeSpec(_Model):
    """A column that holds a code."""

    column: str
    scheme: str = Field("guess", description="a scheme, or ``guess``")
    issuer: str = ""
    implementation: bool = Field(
        False, description="true for the code of the item as this authority handles it"
    )
    pattern: str | None = Field(
        None, description="a regular expression that sound codes of a local scheme match"
    )
    when: dict[str, str] = Field({}, description="column -> beginning that its value must have")

    @model_validator(mode="after")
    def _sound_pattern(self) -> CodeSpec:
        try:
            re.compile(self.pattern or "")
        except re.error:
            raise ValueError(f"pattern 不是正则表达式：{self.pattern}") from None
        return self


class Place(_Model):
    """A region that rows name without a code of its own."""

    name: str
    code: str = ""
    contains: str = Field("", description="text in the column that tells it")


class RegionSpec(_Model):
    code: str | None = None
    name: str | None = None
    told_by: list[str] = Field([], description="columns whose text names a place, for rows without region")
    places: list[Place] = Field([], description="names for codes, and places that only a text tells")
    default: Place | None = None


class AuthoritySpec(_Model):
    name: list[str] = Field(min_length=1)
    code: str | None = None
    scheme: str = "uscc"
    identity: Literal["code", "name"] = "code"
    """``code``: (region, organ code, else name). ``name``: (region, name), organ codes kept as codes."""
    shared: list[str] = Field([], description="organ codes that the source gives to several organs")
    nature: FieldSpec | None = None
    level: FieldSpec | None = None


class DaySpec(_Model):
    """The day from which a row holds: the first column that is filled. Moments are read in Asia/Shanghai."""

    columns: list[str]
    is_start: bool = Field(
        False, description="true: the day it took effect; false: a day on which it stood so"
    )


class SameAs(_Model):
    """A row that another source also has: that mapping's name and its reference."""

    source: str
    ref: str


class Mapping(_Model):
    """A saved mapping."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str = Field(description="the source as people know it")
    kind: Literal["item", "instrument", "region", "record"]
    """``record``: lines are Records already."""
    source: str = Field("", description="goes to content.source.name; empty: title")
    key: list[list[str]] = Field(
        [], description="the source's own key: sets of columns; the first that is filled"
    )
    url: str | None = None
    version: str | None = None
    row_key: str | None = Field(None, description="column that names a row, for messages and same_as")
    day: DaySpec | None = None
    ordered: bool = Field(
        False, description="rows of one key are versions: the file is sorted by day, in memory"
    )
    region: RegionSpec = RegionSpec()
    authority: AuthoritySpec | None = None
    codes: list[CodeSpec] = []
    fields: dict[str, FieldSpec] = {}
    lists: list[ListSpec] = []
    defaults: dict[str, Any] = {}
    values: dict[str, dict[str, str]] = {}
    citations_from: str | None = Field(None, description="column with citations as one text")
    status: FieldSpec | None = None
    flags: str | None = Field(None, description="column with contradictions that the source itself noted")
    labels: dict[str, str] = Field({}, description="column -> Chinese label in extra")
    drop: list[str] = Field([], description="columns that say again what a mapped one says")
    unnamed: str | None = Field(
        None, description="name for rows without one; without it such a row is an error"
    )
    same_as: dict[str, SameAs] = {}

    @model_validator(mode="after")
    def _whole(self) -> Mapping:
        if self.kind == "item" and (self.authority is None or "name" not in self.fields):
            raise ValueError("事项映射要写明 authority 和 fields.name")
        if self.kind == "instrument" and "title" not in self.fields:
            raise ValueError("法规映射要写明 fields.title")
        if self.kind == "region" and not (self.region.code and self.region.name):
            raise ValueError("行政区划映射要写明 region.code 和 region.name")
        if self.ordered and self.day is None:
            raise ValueError("ordered 要与 day 同写")
        return self

    def needed(self) -> list[list[list[str]]]:
        """What a table must have for names and keys: each one of several sets of columns, all of the set."""
        if self.kind == "region":
            return [[[column]] for column in self.region_columns()]
        name = self.fields["name" if self.kind == "item" else "title"].columns()[:1]
        keys = [columns for columns in self.key if columns] if self.kind == "item" else []
        return [[name], keys] if keys else [[name]]

    def region_columns(self) -> tuple[str, str]:
        """Of a table of regions: the columns of the name and of the code."""
        return self.region.name or "", self.region.code or ""


def load_mapping(name_or_path: str | Path) -> Mapping:
    """A mapping by the name of one that comes with the program, or by its file."""
    try:
        path = _path(name_or_path)
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise BadMapping(f"映射文件打不开（{error.strerror}），请检查路径和权限。") from None


def mapping_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def _path(name_or_path: str | Path) -> Path:
    shipped = FOLDER / f"{name_or_path}.toml"
    if isinstance(name_or_path, str) and name_or_path.replace("_", "").isalnum() and shipped.is_file():
        return shipped
    path = Path(name_or_path)
    if not path.is_file():
        names = "、".join(mapping_names())
        raise BadMapping(f"没有名为“{name_or_path}”的映射，也没有这个文件；随程序提供的有：{names}。")
    return path


@lru_cache(maxsize=32)
def _load(path: Path, changed: int) -> Mapping:
    text = path.read_bytes()
    try:
        given = orjson.loads(text) if path.suffix == ".json" else tomllib.loads(text.decode("utf-8"))
        return Mapping.model_validate(given)
    except ValueError as error:
        raise BadMapping(f"映射文件 {path.name} 有误：{_fault(error)}。") from None


def _fault(error: ValueError) -> str:
    """What is wrong with a mapping, in one line of Chinese."""
    if isinstance(error, ValidationError):
        one = error.errors()[0]
        place = ".".join(str(part) for part in one["loc"])
        said = reason(one)
        return f"“{place}”{said}" if place else said
    if isinstance(error, UnicodeDecodeError):
        return "不是 UTF-8 文字，请另存为 UTF-8"
    if isinstance(error, orjson.JSONDecodeError):
        return f"第{error.lineno}行第{error.colno}列不合 JSON 语法"
    found = re.search(r"line (\d+), column (\d+)", str(error))
    place = f"第{found[1]}行第{found[2]}列" if found else "文件末尾"
    return f"{place}不合 TOML 语法，请检查引号、括号和等号"
