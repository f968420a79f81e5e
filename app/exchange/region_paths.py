"""Where a region stands in the tree: by its GB/T 2260 code, and by a name that is a path (四川省广安市广安区).

What stands above it is found by code; what it is called, by the table of provinces, by the names that the mapping
gives to codes, by what the file has said before, or by the path itself. A level that nobody names is left out, and
that is told; nothing is guessed from a code alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.exchange.mapping import Place
from app.items import codes
from app.places import provinces

_STEP = {
    3: re.compile(r"(.{2,}?(?:市|地区|自治州|盟))(?=.)"),
    4: re.compile(r"(.{1,}?(?:自治县|自治旗|林区|特区|县|区|旗|市))(?=.)"),
    5: re.compile(r"(.{1,}?(?:街道|苏木|镇|乡))(?=.)"),
}
"""Level -> how its name goes on to the next in a path. Only asked for below a name that is known."""
DISTRICTS = "市辖区"
"""The districts of a city taken together: no name that could stand alone."""


@dataclass
class Standing:
    """A region in the tree."""

    name: str
    """Its own, without what stands above it."""
    above: list[tuple[str, str]] = field(default_factory=list)
    """Code and own name of each above it, from the country down."""
    unnamed: list[str] = field(default_factory=list)
    """Codes above it whose names nothing says."""
    astray: bool = False
    """True where name and code say different provinces: it then stands nowhere."""

    @property
    def parent(self) -> str | None:
        return self.above[-1][0] if self.above else None


@dataclass
class RegionPaths:
    """The names of regions by code, as far as one file and its mapping say them."""

    places: list[Place]
    names: dict[str, str] = field(default_factory=dict)
    """Code -> own name, of those the file has brought so far."""

    def stand(self, name: str, code: str) -> Standing:
        """``name`` as written, ``code`` as ``area_of`` gives it, or none."""
        if code in codes.COUNTRY:
            return Standing(name)
        if not code or codes.check(codes.GB2260, code):
            return self._by_name(name)
        said = _province_of(name)
        if said and said[:2] != code[:2]:
            return Standing(name, astray=True)
        return self._below(name, provinces.above(code))

    def _below(self, name: str, path: list[str]) -> Standing:
        found, rest, is_path = Standing(name), name, False
        for code in path:
            known = self._known(code)
            if known and rest.startswith(known) and rest != known:
                rest, is_path = rest[len(known) :], True
            elif known is None and is_path and (step := _STEP[_level(code)].match(rest)):
                known = step[1]
                rest = rest[len(known) :]
            if known is None:
                found.unnamed.append(code)
            else:
                found.above.append((code, known))
        whole = len(found.above) > 1 and rest == DISTRICTS
        found.name = found.above[-1][1] + rest if whole else rest
        return found

    def _by_name(self, name: str) -> Standing:
        """A place without a code, below the longest path that has one."""
        paths = [place for place in self.places if place.code and _goes_on(name, place.name)]
        if paths:
            place = max(paths, key=lambda one: len(one.name))
            code = area_of(place.code)
            return self._below(name, [*provinces.above(code), code])
        province = _province_of(name)
        if province and name != provinces.NAMES[province]:
            return self._below(name, [provinces.COUNTRY, province])
        return Standing(name)

    def _known(self, code: str) -> str | None:
        if code in self.names:
            return self.names[code]
        named = next((one.name for one in self.places if one.name and area_of(one.code) == code), None)
        if named and code not in provinces.NAMES:
            return self.stand(named, code).name
        return named or provinces.NAMES.get(code)


def _goes_on(name: str, beginning: str) -> bool:
    return name.startswith(beginning) and name != beginning


def _province_of(name: str) -> str | None:
    """The code of the province that a path begins with."""
    return next((code for code, known in provinces.NAMES.items() if name.startswith(known)), None)


def area_of(code: str) -> str:
    """A 行政区划 code without the zeros that the 9- and 12-digit forms add to a county's six digits."""
    if len(code) == 12 and code.endswith("000000"):
        return code[:6]
    if len(code) in (9, 12) and code.endswith("000"):
        return code[:-3]
    return code


def level_of(code: str) -> str:
    """The level that a GB/T 2260 code shows, in the codes of GB/T 39046-2020 A.2; ``unknown`` without code."""
    area = area_of(code)
    if codes.check(codes.GB2260, area):
        return "unknown"
    if area in codes.COUNTRY:
        return "1"
    return str(_level(area))


def _level(area: str) -> int:
    if len(area) > 6:
        return 5 if len(area) == 9 else 6
    return 2 if area.endswith("0000") else 3 if area.endswith("00") else 4
