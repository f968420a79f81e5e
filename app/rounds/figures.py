"""Exact figures and how they are shown. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any


def half_up(value: Fraction, places: int = 0) -> str:
    """``37/6`` to one place: 6.2. Halves go up (away from zero), as in reports."""
    scaled = abs(value) * 10**places
    whole = (scaled.numerator * 2 + scaled.denominator) // (scaled.denominator * 2)
    shown = Decimal(whole).scaleb(-places).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"-{shown}" if value < 0 and whole else str(shown)


def fraction(over: int, under: int, places: int = 0, *, times: int = 1) -> dict[str, Any] | None:
    """``{"numerator", "denominator", "shown"}``, exact and as shown; None where there is nothing to divide by."""
    if under == 0:
        return None
    exact = Fraction(over, under)
    return {
        "numerator": exact.numerator,
        "denominator": exact.denominator,
        "shown": half_up(exact * times, places),
    }


def percent(part: int, whole: int) -> dict[str, Any] | None:
    """A share: exact, and shown in whole per cent."""
    return fraction(part, whole, times=100)


def average(total: int, count: int) -> dict[str, Any] | None:
    """Shown to one place."""
    return fraction(total, count, 1)
