"""The building blocks of every content model: how long a text may be, what a key looks like."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

Line = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""One line of text: a name, a phone, an address."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=60_000)]
"""Free text, kept exactly as given (line breaks included)."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A value of a code table; see ``app/items/code_tables.py`` for the tables and their sources."""
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An element's key within its item."""
SubjectId = Annotated[str, StringConstraints(min_length=4, max_length=32)]
"""The registry id of an authority, region, instrument or catalogue entry."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The SHA-256 of an attached file."""


def _refuse_unstorable(value: Any) -> Any:
    """Before anything else is asked of a body: NUL, half a surrogate pair and integers past 64 bits are kept by no
    database, wherever in it they stand."""
    try:
        suspicious = b"\\u0000" in orjson.dumps(value, default=lambda _model: None)
    except TypeError as error:
        if "ecursion" in str(error):
            return value  # too deep: said by who knows how deep it may be
        raise PydanticCustomError("unstorable", "text that cannot be stored") from None
    if suspicious and _holds_nul(value):
        raise PydanticCustomError("unstorable", "text that cannot be stored")
    return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(name) or _holds_nul(part) for name, part in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


class Body(BaseModel):
    """The body of a request."""

    _storable = model_validator(mode="before")(_refuse_unstorable)


class Part(BaseModel):
    """A strict, immutable-by-convention piece of content; an unknown field is an error."""

    # Built when content is first validated, not when a server starts.
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, defer_build=True)


class Element(Part):
    """An element of a list."""

    key: Key = Field(description="given once and never again in its list; changes name the element by it")
