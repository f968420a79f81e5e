"""The building blocks of every content model: how long a text may be, what a key looks like."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

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


class Part(BaseModel):
    """A strict, immutable-by-convention piece of content; an unknown field is an error."""

    # Built when content is first validated, not when a server starts.
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False, defer_build=True)


class Element(Part):
    """An element of a list."""

    key: Key
