"""Passwords that are guessed first: common words, runs along the keyboard, repetitions, years, and what is put
together from them (``Huawei@123``, ``1qaz@WSX``, ``qwertyqwerty``). Pure.

Lists of leaked passwords are made of such pieces; a rule for the pieces finds those of the next list, too.
"""

from __future__ import annotations

import re

LEAST = 4
"""So many characters at least have to be left when the pieces that are guessed first are taken away."""
SHORTEST, LONGEST = 3, 13
"""Characters of a piece; a longer run is several of them."""
_WORDS = """
password passw0rd p@ssw0rd p@ssword passwd welcome letmein qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm
1qaz2wsx 1q2w3e4r qazwsx iloveyou monkey dragon football baseball sunshine princess superman batman shadow master
admin administrator root guest test user login manager system server oracle mysql postgres changeme default secret
abc abcd abcde abcdef aaaa asd a1b2c3 a123456 abc123 qwe123 123qwe asd123 zxc123 123abc love hello michael google
5201314 1314520 521521 147258369 147258 258369 1314 520 woaini woaini1314 wodemima mima zhongguo beijing shanghai
sichuan guangan chengdu caonima woshi woshishui nihao zhangsan lisi wangwu zhang wang chen yang zhao huang zhou
huawei lenovo inspur alibaba taobao tencent weixin baidu xiaomi h3c cisco dell zhengwu xingzheng shenpi fazhi
fazhiban zhengfu
"""
_COMMON = frozenset(_WORDS.split())
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_COLUMNS = tuple("".join(row[at] for row in _ROWS if at < len(row)) for at in range(10))
_RUNS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "".join(_ROWS[1:]),
    "".join(_COLUMNS),
    "".join(column[::-1] for column in _COLUMNS),
    "".join(column if at % 2 else column[::-1] for at, column in enumerate(_COLUMNS)),
    "".join(column[::-1] if at % 2 else column for at, column in enumerate(_COLUMNS)),
    *(
        "".join(map("".join, zip(one, other, strict=False)))
        for one in _ROWS
        for other in _ROWS
        if one != other
    ),
    *_ROWS,
)
_ROUND = tuple(run * 3 for run in _RUNS)
_UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
_PLAIN = str.maketrans("@$!013457", "asioieast")
_YEAR = re.compile(r"(19|20)\d\d")


def is_common(text: str) -> bool:
    """Whether it is a common password, one in disguise, one piece repeated, or put together from such pieces."""
    low = text.lower()
    forms = {low, low.translate(_PLAIN), low.translate(_UNSHIFTED)}
    return any(_is_common(form) for form in forms)


def _is_common(form: str) -> bool:
    core = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", form)
    if not core or core in _COMMON or form in _COMMON:
        return True
    return bool(re.fullmatch(r"(.{1,4})\1+.{0,3}", form)) or _left(form) < LEAST


def _left(form: str) -> int:
    """How many characters are left when as many as can be are taken away in pieces that are guessed first."""
    left = [0] * (len(form) + 1)
    for at in reversed(range(len(form))):
        ends = range(at + SHORTEST, min(at + LONGEST, len(form)) + 1)
        left[at] = min([1 + left[at + 1], *(left[end] for end in ends if _is_guessed(form[at:end]))])
    return left[0]


def _is_guessed(piece: str) -> bool:
    if piece in _COMMON or _YEAR.fullmatch(piece) or len(set(piece)) == 1:
        return True
    return any(piece in run or piece[::-1] in run for run in _ROUND)
