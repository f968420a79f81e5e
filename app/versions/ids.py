"""Registry ids: ``qd``, a letter for the kind, a hyphen, seven Crockford base-32 digits, a check character.

The prefix and the check character (ISO 7064 MOD 37,36) are used by no code scheme, so an id and a code
are never taken for each other, and a mistyped id is found out.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce

from sqlalchemy import Connection, text
from stdnum.iso7064 import mod_37_36

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
DIGITS = 7
LETTERS = {
    "item": "i",
    "entry": "e",
    "authority": "a",
    "region": "r",
    "instrument": "l",
    "calendar": "c",
    "bundle": "b",
    "changeset": "x",
    "edition": "n",
}
LABELS = {
    "item": "事项",
    "entry": "基本目录事项",
    "authority": "实施机关",
    "region": "行政区划",
    "instrument": "法律法规文件",
    "calendar": "节假日安排",
    "bundle": "联办事项",
}
"""What the kinds of subjects are called in sentences."""
KINDS = {letter: kind for kind, letter in LETTERS.items()}
PATTERN = re.compile(r"^qd[a-z]-[0-9a-z]{8}$")
_WITHIN = re.compile(rb"(?=(qd[a-z]-[0-9a-z]{8}))")


_NEXT = text("SELECT next FROM id_counter WHERE kind = :kind")


def make(kind: str, number: int) -> str:
    """The id of the number-th subject of a kind."""
    stem, check = _stem(kind, number >> 5)
    last = ALPHABET[number & 31]
    return stem + last + _CHECKING[(1 - _checked(_checked(check, last), "0")) % 36]


@lru_cache(maxsize=64)
def _stem(kind: str, number: int) -> tuple[str, int]:
    """An id but for its last digit and its check character, and the sum so far: an import gives out thousands
    of ids in a row."""
    digits = []
    for _ in range(DIGITS - 1):
        number, rest = divmod(number, 32)
        digits.append(ALPHABET[rest])
    if number:
        raise OverflowError(f"no more ids of kind {kind}")
    body = "".join(reversed(digits))
    return f"qd{LETTERS[kind]}-{body}", reduce(_checked, body, 18)


_CHECKING = "0123456789abcdefghijklmnopqrstuvwxyz"


def _checked(check: int, char: str) -> int:
    """ISO 7064 MOD 37,36 over one more character, as ``stdnum`` works it out."""
    return ((check or 36) * 2 % 37 + _CHECKING.index(char)) % 36


def is_id(value: str) -> bool:
    """Whether it has the form and the right check character of a registry id."""
    value = value.lower()
    return bool(PATTERN.match(value)) and value[2] in KINDS and mod_37_36.is_valid(value[4:].upper())


def named_in(data: bytes) -> set[str]:
    """What looks like a registry id anywhere in these bytes."""
    return {found.decode() for found in _WITHIN.findall(data)}


def kind_of(subject_id: str) -> str:
    return KINDS[subject_id[2]]


def number_of(subject_id: str) -> int:
    """The inverse of ``make``."""
    number = 0
    for digit in subject_id[4 : 4 + DIGITS]:
        number = number * 32 + ALPHABET.index(digit)
    return number


def was_given(connection: Connection, kind: str, value: str) -> bool:
    """Whether it is an id of this kind that was reserved here."""
    if not is_id(value) or value != make(kind, number_of(value)):
        return False
    next_free = connection.execute(_NEXT, {"kind": kind}).scalar_one_or_none()
    return next_free is not None and number_of(value) < next_free


def foresee(connection: Connection, kind: str, count: int = 1) -> list[str]:
    """The ids that ``allocate`` would reserve now, unless another comes first. Reserves none, so a reader may ask."""
    next_free = connection.execute(_NEXT, {"kind": kind}).scalar_one_or_none() or 1
    return [make(kind, number) for number in range(next_free, next_free + count)]


def allocate(connection: Connection, kind: str, count: int = 1) -> list[str]:
    """Reserve ids for drafts. Gaps are harmless; an id is never given twice."""
    row = connection.execute(
        text(
            "INSERT INTO id_counter (kind, next) VALUES (:kind, :count + 1)"
            " ON CONFLICT (kind) DO UPDATE SET next = id_counter.next + :count RETURNING next"
        ),
        {"kind": kind, "count": count},
    ).scalar_one()
    return [make(kind, number) for number in range(row - count, row)]
