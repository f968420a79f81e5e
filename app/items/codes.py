"""Codes of items, organs and places: opaque strings with a scheme, checked and never repaired.

Sources of the rules: ZWFW C0109.1-2018 and GB/T 39554.1-2020 as public systems implement them
(12 基本编码 = 2 设定层级或省 + 2 事项类型 + 5 主项 + 3 子项; 31 实施编码 = 18 统一社会信用代码 + 1 行使层级 + 12;
two more digits for a 业务办理项), GB 32100-2015 (统一社会信用代码) and GB/T 2260 (行政区划代码).
Every other scheme is local: it has no rule here, and its codes pass.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from app.errors import Invalid

NATIONAL_12 = "national-12"
NATIONAL_14 = "national-14"
NATIONAL_31 = "national-31"
NATIONAL_33 = "national-33"
USCC = "uscc"
GB2260 = "gb2260"
LOCAL = "local"

PROVINCES = frozenset(
    re.findall("..", "11121314152122233132333435363741424344454650515253546162636465718182")
)
"""First two digits of GB/T 2260."""
COUNTRY = frozenset({"000000", "100000"})
"""Two ways in which systems write the whole country where a 行政区划 code is asked for."""

_USCC_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_REGISTRY_ID = re.compile(r"qd[a-z]-[0-9a-z]{7,}", re.IGNORECASE)
_ASCII_DIGITS = re.compile(r"[0-9]+")


class Reason(NamedTuple):
    """Why a code does not follow its scheme: a stable name and a Chinese sentence."""

    code: str
    message: str


def looks_like_registry_id(value: str) -> bool:
    """True for this registry's own ids (``qdi-…``), which no code scheme uses; they are refused as codes."""
    return _REGISTRY_ID.fullmatch(value.strip()) is not None


def check(scheme: str, value: str) -> list[Reason]:
    """What is wrong with a code under its scheme; empty when nothing is. Never raises."""
    if looks_like_registry_id(value):
        return [Reason("registry-id-as-code", f"“{value}”是本系统的内部标识，不能作为编码")]
    rule = _RULES.get(scheme)
    return rule(value) if rule else []


def sound(scheme: str, value: str, field: str) -> dict[str, str]:
    """A code that a person types into a form, who can look at it again; files and the API keep what papers say. Raises
    Invalid with the field for one that is against its scheme."""
    if wrong := check(scheme, value):
        raise Invalid(f"{wrong[0].message}，请核对。", code=wrong[0].code, field=field)
    return {"scheme": scheme, "value": value}


def guess_scheme(value: str) -> str:
    """The scheme whose shape a value has; ``local`` where none fits. Shape only: ``check`` says the rest."""
    length = len(value)
    if length == 18 and _USCC_FORM.fullmatch(value):
        return USCC
    if length == 12 and _looks_like_base(value):
        return NATIONAL_12
    if length == 14 and _looks_like_base(value[:12]) and _digits(value[12:]):
        return NATIONAL_14
    if length in (31, 33) and _looks_like_base(value[19:31]) and value[18:19] in tuple("1234567"):
        return NATIONAL_31 if length == 31 else NATIONAL_33
    if length == 6 and _digits(value):
        return GB2260
    return LOCAL


def _digits(value: str) -> bool:
    return _ASCII_DIGITS.fullmatch(value) is not None


def _looks_like_base(value: str) -> bool:
    return _digits(value[:9]) and (_digits(value[9:]) or value[9:] == "00Y")


def _check_base(value: str) -> list[Reason]:
    if len(value) != 12:
        return [Reason("bad-national-12", f"基本编码应为12位，现为{len(value)}位（{value}）")]
    if not _digits(value[:9]):
        return [Reason("bad-national-12", f"基本编码前9位应为数字（{value}）")]
    if value[:2] != "00" and value[:2] not in PROVINCES:
        return [Reason("bad-national-12", f"基本编码前2位应为00或省级代码，现为{value[:2]}")]
    if not (_digits(value[9:]) or value[9:] == "00Y"):
        return [Reason("bad-national-12", f"基本编码末3位应为000、00Y或子项序号，现为{value[9:]}")]
    return []


def _check_business(value: str, length: int, scheme: str) -> list[Reason]:
    """A 业务办理项: the code it belongs to, and two digits."""
    if len(value) != length:
        return [Reason(f"bad-{scheme}", f"业务办理项编码应为{length}位，现为{len(value)}位（{value}）")]
    found = _check_base(value[:-2]) if length == 14 else _check_implementation(value[:-2])
    if not _digits(value[-2:]):
        found.append(Reason(f"bad-{scheme}", f"业务办理项编码末2位应为数字，现为{value[-2:]}"))
    return found


def _check_implementation(value: str) -> list[Reason]:
    if len(value) != 31:
        return [Reason("bad-national-31", f"实施编码应为31位，现为{len(value)}位（{value}）")]
    found = _check_uscc(value[:18])
    if value[18] not in "1234567":
        found.append(Reason("bad-national-31", f"实施编码第19位（行使层级）应为1至7，现为{value[18]}"))
    return found + _check_base(value[19:])


@lru_cache(maxsize=4096)
def _uscc_reason(value: str) -> Reason | None:
    if len(value) != 18:
        return Reason("bad-uscc", f"统一社会信用代码应为18位，现为{len(value)}位（{value}）")
    if not _USCC_FORM.fullmatch(value):
        return Reason("bad-uscc", f"统一社会信用代码含有不允许的字符（{value}）")
    try:
        uscc.validate(value)
    except ValidationError:
        return Reason("bad-uscc", f"统一社会信用代码校验位不符（{value}）")
    return None


def _check_uscc(value: str) -> list[Reason]:
    reason = _uscc_reason(value)
    return [reason] if reason else []


def _check_region(value: str) -> list[Reason]:
    if len(value) not in (6, 9, 12) or not _digits(value):
        return [Reason("bad-gb2260", f"行政区划代码应为6、9或12位数字（{value}）")]
    if value[:6] in COUNTRY or value[:2] in PROVINCES:
        return []
    return [Reason("bad-gb2260", f"行政区划代码前2位不是省级代码（{value}）")]


_RULES = {
    NATIONAL_12: _check_base,
    NATIONAL_14: lambda value: _check_business(value, 14, NATIONAL_14),
    NATIONAL_31: _check_implementation,
    NATIONAL_33: lambda value: _check_business(value, 33, NATIONAL_33),
    USCC: _check_uscc,
    GB2260: _check_region,
}
