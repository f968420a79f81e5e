"""Passwords: how they are kept, and what makes one acceptable. The policies are pure.

``asvs``   OWASP ASVS 5.0 V6.2 and NIST SP 800-63B: length, no composition rules, no forced change; what is
           common, leaked or made of the account's own words is refused.
``djbh3``  网络安全等级保护三级 (GB/T 22239-2019 8.1.4.1 身份鉴别: 具有复杂度要求并定期更换), as assessors
           read it: eight characters of three kinds, at most 90 days, none of the last five again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.auth.guessing import is_common
from app.errors import Invalid

LONGEST = 256
"""Longer ones are refused, so that nobody makes the server hash a book."""
DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What a password must be. ``kinds``: of small letters, capitals, digits and other characters."""

    shortest: int
    kinds: int
    days: int | None
    """Days after which it must be changed; None: never by time alone."""
    history: int
    """How many earlier ones may not come again."""


POLICIES: dict[str, Policy] = {
    "asvs": Policy(shortest=12, kinds=0, days=None, history=0),
    "djbh3": Policy(shortest=8, kinds=3, days=90, history=5),
}

SYSTEM = ("qingdan", "清单")
"""What this system is called; no part of a password."""
_KINDS = {"小写字母": r"[a-z]", "大写字母": r"[A-Z]", "数字": r"[0-9]", "其他字符": r"[^a-zA-Z0-9]"}


def check(text: str, policy: Policy, words: Iterable[str] = ()) -> None:
    """Whether a password may be taken. ``words``: the account's own (name, display name, names of its organ).

    Raises Invalid, with all that is wrong in one sentence.
    """
    wrong = list(_wrong(text, policy, words))
    if wrong:
        raise Invalid(f"这个密码不能用：{'；'.join(wrong)}。", code="weak-password", field="password")


def _wrong(text: str, policy: Policy, words: Iterable[str]) -> Iterable[str]:
    if len(text) < policy.shortest:
        yield f"至少要 {policy.shortest} 个字符"
    if len(text) > LONGEST:
        yield f"至多 {LONGEST} 个字符"
    held = [words for words, kind in _KINDS.items() if re.search(kind, text)]
    if len(held) < policy.kinds:
        yield f"{'、'.join(_KINDS)}中至少要有 {policy.kinds} 种，现在只有{'、'.join(held)}"
    if is_common(text):
        yield "太常见，攻击者会先试它"
    own = [word for word in (*words, *SYSTEM) if _is_in(word, text)]
    if own:
        yield f"含有账号、机关或系统的名称（{own[0]}）"


def _is_in(word: str, text: str) -> bool:
    """Whether a name is in it, however it is spaced; of an organ's long name four characters are enough. Of two letters
    it is in too much, of two Chinese characters it is a person's name."""
    plain, own = (re.sub(r"[\W_]+", "", one.lower()) for one in (text, word))
    if own.isascii():
        return len(own) >= 3 and own in plain
    return len(own) >= 2 and any(own[at : at + 4] in plain for at in range(max(1, len(own) - 3)))


@cache
def hasher() -> PasswordHash:
    return PasswordHash((Argon2Hasher(),))


def hash_of(text: str) -> str:
    """Argon2id, with its parameters and salt."""
    return hasher().hash(text)


def matches(text: str, hashed: str | None) -> bool:
    """Whether this is the password; takes as long where there is none, so that names are not found out."""
    found = hasher().verify(text[: LONGEST + 1], hashed or _nobody())
    return found and hashed is not None


@cache
def _nobody() -> str:
    return hash_of("nobody has this password: 4f1c")


def was_used(text: str, earlier: Sequence[str], policy: Policy) -> bool:
    """Whether it is one of the last ones, which the policy keeps from coming again."""
    return any(hasher().verify(text, one) for one in earlier[: policy.history])


def must_change(changed_at: int, now: int, policy: Policy) -> bool:
    """Whether its time is over. Moments in microseconds."""
    return policy.days is not None and now - changed_at >= policy.days * DAY
