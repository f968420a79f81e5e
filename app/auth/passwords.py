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

_COMMON = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "welcome",
    "letmein",
    "qwerty",
    "qwertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "1qaz2wsx",
    "1q2w3e4r",
    "qazwsx",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "shadow",
    "master",
    "admin",
    "administrator",
    "root",
    "guest",
    "test",
    "user",
    "login",
    "manager",
    "system",
    "server",
    "oracle",
    "mysql",
    "postgres",
    "changeme",
    "default",
    "secret",
    "abc",
    "abcd",
    "abcde",
    "abcdef",
    "aaaa",
    "woaini",
    "wodemima",
    "mima",
    "zhongguo",
    "beijing",
    "shanghai",
    "caonima",
    "asd",
    "a1b2c3",
    "a123456",
    "abc123",
    "qwe123",
    "123qwe",
    "asd123",
    "zxc123",
    "123abc",
    "5201314",
    "1314520",
    "521521",
    "147258369",
    "woaini1314",
]
_KINDS = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")


def check(text: str, policy: Policy, words: Iterable[str] = ()) -> None:
    """Whether a password may be taken. ``words``: the account's own (name, display name).

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
    if sum(bool(re.search(kind, text)) for kind in _KINDS) < policy.kinds:
        yield f"小写字母、大写字母、数字、其他字符中至少要有 {policy.kinds} 种"
    if _is_common(text):
        yield "太常见，攻击者会先试它"
    own = [word for word in words if len(word) >= 3 and word.lower() in text.lower()]
    if own or re.search(r"qingdan|清单", text.lower()):
        yield f"含有账号或系统的名称（{own[0] if own else 'qingdan'}）"


def _is_common(text: str) -> bool:
    """Whether it is a common password, one in disguise, a run along the keyboard, or one piece repeated."""
    plain = text.lower().translate(str.maketrans("@$!013457", "asioieast"))
    for form in {text.lower(), plain}:
        core = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", form)
        if not core or core in _COMMON or form in _COMMON:
            return True
        if re.fullmatch(r"(.{1,4})\1+.{0,3}", form):
            return True
    return _is_run(text.lower())


_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn")


def _is_run(text: str) -> bool:
    doubled = [run * 3 for run in _RUNS]
    return any(text in run or text[::-1] in run for run in doubled)


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
