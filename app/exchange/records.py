"""The neutral form between a file and the registry: what a seed file holds and an importer yields.

A record says one thing about one subject. Where content names another subject (an item's authority,
a citation's instrument) the record writes ``@`` and that subject's reference, resolved against the
records of the same run and against the registry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["error", "warning", "note"]
Kind = Literal["region", "authority", "instrument", "entry", "calendar", "item"]


class CodeValue(BaseModel):
    """What others call a subject. Opaque: a malformed value is kept and reported, never repaired."""

    model_config = ConfigDict(extra="forbid")

    scheme: str = Field(
        description="gb2260, uscc, national-12, national-31, national-33, local, ...", min_length=1
    )
    value: str = Field(min_length=1, max_length=200)
    issuer: str = Field("", description="who gives the codes, where the scheme alone does not say: 四川")


class Record(BaseModel):
    """One subject as its source gives it, from one day on."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    ref: str = Field(description="the source's own key, unique per kind within the source")
    content: dict[str, Any] = Field(description="the kind's content model; references are written @ref")
    codes: list[CodeValue] = []
    day: str = Field(description="YYYY-MM-DD: in force from this day, or the day its source attests it")
    start_unknown: bool = Field(False, description="true where `day` is an attested day, not a start")
    status: Literal["in_force", "suspended", "ended", "unknown"] | None = Field(
        None, description="absent: nothing is said of it; what is new is then in force, what is known stays"
    )
    where: str = Field("", description="file and row, for messages")


@dataclass(slots=True)
class SpooledCode:
    """A code of a record that has been checked."""

    scheme: str
    value: str
    issuer: str


@dataclass(slots=True)
class Spooled:
    """A record that has been checked and laid aside; fields as in Record, and the digest of what it says."""

    kind: Kind
    ref: str
    codes: list[SpooledCode]
    day: str
    start_unknown: bool
    status: str | None
    where: str
    digest: str
    said: bytes
    """JSON: kind, reference, content and the rest."""
    changes: bytes
    """Canonical JSON: what a first record says beside its content."""
    begins: list[Any] | None
    """The fields of a ``readying.Beginning``; none of what goes the ordinary way."""
    read: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """Read when asked for: of most records the bytes will do."""
        if self.read is None:
            self.read = orjson.loads(self.said)[2]
        return self.read


Admissible = Record | Spooled
"""What can be admitted to the registry."""


class Problem(BaseModel):
    """What is wrong with the input, where, and what to do. Severity `error` refuses the file whole."""

    severity: Severity
    code: str = Field(description="stable, kebab-case: bad-uscc, missing-name, duplicate-code ...")
    where: str = Field("", description="file, row and column")
    message: str = Field(description="in Chinese: what is wrong and what to do")
