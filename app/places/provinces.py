"""The country and its provinces by GB/T 2260 code: the part of the table that changes least."""

from __future__ import annotations

COUNTRY = "000000"
NAMES = {
    COUNTRY: "中华人民共和国",
    "110000": "北京市",
    "120000": "天津市",
    "130000": "河北省",
    "140000": "山西省",
    "150000": "内蒙古自治区",
    "210000": "辽宁省",
    "220000": "吉林省",
    "230000": "黑龙江省",
    "310000": "上海市",
    "320000": "江苏省",
    "330000": "浙江省",
    "340000": "安徽省",
    "350000": "福建省",
    "360000": "江西省",
    "370000": "山东省",
    "410000": "河南省",
    "420000": "湖北省",
    "430000": "湖南省",
    "440000": "广东省",
    "450000": "广西壮族自治区",
    "460000": "海南省",
    "500000": "重庆市",
    "510000": "四川省",
    "520000": "贵州省",
    "530000": "云南省",
    "540000": "西藏自治区",
    "610000": "陕西省",
    "620000": "甘肃省",
    "630000": "青海省",
    "640000": "宁夏回族自治区",
    "650000": "新疆维吾尔自治区",
    "710000": "台湾省",
    "810000": "香港特别行政区",
    "820000": "澳门特别行政区",
}
"""Code -> name."""

WITHOUT_CITIES = frozenset({"11", "12", "31", "50", "71", "81", "82"})
"""Provinces whose counties stand directly below them: what GB/T 2260 has between is no government (市辖区, 县)."""
DIRECT = "90"
"""Third and fourth digit of counties that the province itself runs (省直辖县级行政区划)."""


def above(area: str) -> list[str]:
    """Codes of the governments above a region, from the country down; ``area`` has 6, 9 or 12 digits."""
    county = area[:6]
    province, city = county[:2] + "0000", county[:4] + "00"
    path = [COUNTRY, province]
    if county[:2] not in WITHOUT_CITIES and county[2:4] not in ("00", DIRECT):
        path.append(city)
    if len(area) > 6:
        path.append(county)
    if len(area) == 12:
        path.append(area[:9])
    own = area if len(area) > 6 else county
    return [code for code in path if code != own] if own not in (COUNTRY, "100000") else []
