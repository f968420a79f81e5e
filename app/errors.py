"""What can go wrong, by name. A message in Chinese, a stable code, a status; no HTTP here.

The edges translate: the API into a problem document (RFC 9457), a page into a sentence by the
field, an import into a line with row and column.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class RegistryError(Exception):
    """A refusal that a person can act on. ``code`` is stable; ``detail`` holds machine-readable facts."""

    status = 400
    code = "invalid"
    keep = False
    """True where the transaction is to be committed all the same: the refusal itself left a record."""

    def __init__(self, message: str, *, code: str | None = None, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.detail = detail


class Invalid(RegistryError):
    """The input is not of the form asked for; it is refused whole."""

    status = 422
    code = "invalid"


class Refused(RegistryError):
    """A rule of the catalogue forbids it: the message says which, and what to do instead."""

    status = 409
    code = "refused"


class NotFound(RegistryError):
    """Never known here."""

    status = 404
    code = "not-found"


class Gone(RegistryError):
    """Known, and taken away by order."""

    status = 410
    code = "gone"


class Ambiguous(RegistryError):
    """A code with several holders."""

    status = 300
    code = "several-holders"


class Conflict(RegistryError):
    """The state of the thing does not allow this move."""

    status = 409
    code = "conflict"


class Stale(RegistryError):
    """Somebody else changed it in between; ``detail`` carries the three-way comparison."""

    status = 412
    code = "stale"


class Unauthenticated(RegistryError):
    """Nobody is known to be asking."""

    status = 401
    code = "unauthenticated"
    account: int | None = None
    """Whose token it was, where that is known: for the access log, never told."""


class Forbidden(RegistryError):
    """Known, but without the right."""

    status = 403
    code = "forbidden"


class NotInFile(RegistryError):
    """No byte of the range that was asked for is in the file."""

    status = 416
    code = "not-in-file"


class TooMany(RegistryError):
    """More than one may send in so short a time."""

    status = 429
    code = "too-many"


class Unavailable(RegistryError):
    """Not now: an import is under way, a server it needs is away, or too much is under way. ``retry_after``: seconds
    after which it is worth another try, where that is known."""

    status = 503
    code = "unavailable"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: int | None = None, **detail: Any
    ) -> None:
        super().__init__(message, code=code, **detail)
        self.retry_after = retry_after


class Busy(Unavailable):
    """Too much of its kind is under way."""

    code = "busy"


class Failed(RegistryError):
    """What nobody foresaw: a fault of ours, told without its insides."""

    status = 500
    code = "internal"


def refusal_in(error: BaseException | None) -> str | None:
    """The code of a refusal by rights, also of one that is told as if nothing were there; None for any other error."""
    while error is not None and not isinstance(error, Forbidden):
        error = error.__cause__
    return error.code if error else None


@contextmanager
def placed(place: int, of: int) -> Iterator[None]:
    """A refusal within the block is one of the decision at this place, from 1; of several, its sentence says so."""
    try:
        yield
    except RegistryError as error:
        error.detail.setdefault("decision", place)
        if of > 1 and not error.message.startswith("第"):
            error.message = f"第 {place} 项决定：{error.message}"
        raise
