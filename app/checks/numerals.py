"""Numbers as laws write them: 二十, 一百零三, 第一千二百六十条. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}
NUMBER = r"\d{1,5}|[零〇一二三四五六七八九十百千两]{1,10}"
_FULL = str.maketrans("０１２３４５６７８９", "0123456789")
_ARTICLE = re.compile(rf"第\s*({NUMBER})\s*条(?!\s*之)")


def number(text: str) -> int:
    """A whole number in Arabic digits or Chinese; 0 where it is none."""
    text = text.translate(_FULL)
    if text.isascii() and text.isdigit():
        return int(text)
    whole, digit = 0, 0
    for sign in text:
        if sign in UNITS:
            whole += (digit or 1) * UNITS[sign]
            digit = 0
        elif sign in DIGITS:
            digit = DIGITS[sign]
        else:
            return 0
    return whole + digit


@lru_cache(maxsize=20_000)
def articles(text: str) -> tuple[int, ...]:
    """The numbers of the articles that a text names; 第十二条之一 is not article 12, and is left out."""
    return tuple(number(one) for one in _ARTICLE.findall(text.translate(_FULL)[:2000]))
