"""Regions and authorities that rows name: each comes out once, before the first row that refers to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.exchange.cells import Cells
from app.exchange.mapping import AuthoritySpec, Mapping, Place
from app.exchange.records import CodeValue, Record, Severity
from app.exchange.region_paths import RegionPaths, Standing, area_of, level_of
from app.exchange.values import read_value
from app.items import codes

Warn = Callable[[str, str, str], None]
Tell = Callable[[Severity, str, str, str], None]


def untold(_severity: Severity, _code: str, _column: str, _message: str) -> None:
    """Nobody listens."""


UNKNOWN_REGION = Place(name="未注明地区")


@dataclass
class Organs:
    """Knows the regions and authorities met so far in one file."""

    mapping: Mapping
    where: str = ""
    """The place of the row in hand."""
    regions: dict[str, str] = field(default_factory=dict)
    """Reference -> name as first met."""
    authorities: dict[str, str] = field(default_factory=dict)
    organ_codes: dict[str, str] = field(default_factory=dict)
    """Reference of an authority known by its code -> its name as first met."""
    tell: Tell = untold
    paths: RegionPaths = field(init=False)

    def __post_init__(self) -> None:
        self.paths = RegionPaths(self.mapping.region.places)

    def region(self, cells: Cells, day: str, warn: Warn) -> tuple[str, list[Record]]:
        """The row's region: its reference, and its record where it is new."""
        place = self._place(cells, warn)
        ref = area_of(place.code) or place.name
        if self.regions.get(ref) == place.name:
            return ref, []
        standing = self.paths.stand(place.name, area_of(place.code))
        if ref in self.regions:
            if standing.name != self.paths.names[ref]:
                warn(
                    "region-named-twice",
                    self.mapping.region.name or "",
                    f"区划代码{place.code}另写作“{place.name}”，按首次出现的“{self.regions[ref]}”收录，请核对",
                )
            return ref, []
        found = self._found_above(standing, day)
        self.regions[ref], self.paths.names[ref] = place.name, standing.name
        self._tell_standing(place, standing, found)
        return ref, [*found, self._region_record(ref, place, standing, day)]

    def _found_above(self, standing: Standing, day: str) -> list[Record]:
        """What the file needs above the region and has not brought yet, from the country down."""
        found = []
        parent = None
        for code, name in standing.above:
            if code not in self.regions:
                self.regions[code] = self.paths.names[code] = name
                found.append(
                    self._region_record(code, Place(name=name, code=code), Standing(name), day, parent)
                )
            parent = code
        return found

    def _tell_standing(self, place: Place, standing: Standing, founded: list[Record]) -> None:
        column = self.mapping.region.name or self.mapping.region.code or ""
        if standing.astray:
            message = f"区划代码{place.code}与名称“{place.name}”所说的省份不同，未列入上级区划，请核对"
            self.tell("warning", "region-code-differs", column, message)
        if standing.above and standing.name != place.name:
            path = "、".join(f"“{name}”（{code}）" for code, name in standing.above)
            message = f"“{place.name}”以“{standing.name}”收录，上级依次为{path}；原写法存为全称"
            self.tell("note", "region-path", column, message)
        if founded:
            named = "、".join(str(one.content["name"]) for one in founded)
            message = f"为“{place.name}”一并收录上级区划：{named}，名称据来源和国家标准代码表"
            self.tell("note", "region-above", column, message)
        if standing.unnamed:
            message = (
                f"“{place.name}”的上级区划{'、'.join(standing.unnamed)}没有名称可据，未收录，"
                "暂列于已知的上级之下；请在映射的 [[region.places]] 写明其代码和名称"
            )
            self.tell("note", "region-above-unnamed", column, message)

    def _place(self, cells: Cells, warn: Warn) -> Place:
        spec = self.mapping.region
        code = cells.text(spec.code) if spec.code else None
        named = self._named(code)
        name = self._row_name(cells, named)
        for reason in codes.check(codes.GB2260, code) if code else ():
            warn(reason.code, spec.code or "", reason.message + "，原样保留，请核对")
        if code or name:
            return Place(code=(code or "").strip(), name=named or name or f"行政区划{code}")
        told = self._told(cells)
        if told:
            return told
        return self._unsaid(spec.name or spec.code or "", spec.default or UNKNOWN_REGION, warn)

    def _unsaid(self, column: str, instead: Place, warn: Warn) -> Place:
        """What stands where a row does not say its region: the mapping's own, or none that is known."""
        if instead.name == UNKNOWN_REGION.name:
            warn("no-region", column, f"没有写明地区，记为“{instead.name}”，请补充")
        else:
            message = f"没有写明地区，按映射的 [region] default 记为“{instead.name}”"
            self.tell("note", "region-by-mapping", column, message)
        return instead

    def _row_name(self, cells: Cells, named: str | None) -> str | None:
        """The row's name for its region. Another than the mapping gives to the code is left for extra."""
        column = self.mapping.region.name
        if column is None or (named is not None and cells.peek(column) != named):
            return None
        return cells.text(column)

    def _named(self, code: str | None) -> str | None:
        """The name that the mapping gives to a code."""
        places = self.mapping.region.places
        return next((place.name for place in places if code and area_of(place.code) == area_of(code)), None)

    def _told(self, cells: Cells) -> Place | None:
        for column in self.mapping.region.told_by:
            text = cells.peek(column)
            for place in self.mapping.region.places:
                if isinstance(text, str) and place.contains and place.contains in text:
                    return place
        return None

    def _region_record(
        self, ref: str, place: Place, standing: Standing, day: str, parent: str | None = None
    ) -> Record:
        values = list(dict.fromkeys(value for value in (place.code, area_of(place.code)) if value))
        content: dict[str, Any] = {"schema": 1, "name": standing.name, "level": level_of(place.code)}
        if standing.name != place.name:
            content["full_name"] = place.name
        parent = standing.parent or parent
        if parent is not None:
            content["parent"] = f"@region:{parent}"
        return Record(
            kind="region",
            ref=ref,
            content=content,
            codes=[CodeValue(scheme=codes.GB2260, value=value) for value in values],
            day=day,
            start_unknown=True,
            where=self.where,
        )

    def authority(self, cells: Cells, region: str, day: str, warn: Warn) -> tuple[str, list[Record]]:
        """The row's authority in its region: its reference, and its record where it is new."""
        spec = self.mapping.authority
        assert spec is not None
        name = next((text for column in spec.name if (text := cells.text(column))), "")
        code = cells.text(spec.code) if spec.code else None
        if code:
            for reason in codes.check(spec.scheme, code):
                warn(reason.code, spec.code or "", f"实施机关编码有误：{reason.message}；原样保留，请核对")
        if not name:
            warn("no-authority", spec.name[0], "没有写明实施机关名称，请补充")
            # Its code may have told the name in an earlier row.
            name = self.organ_codes.get(f"{region}/{code}", f"（机关名称未载）{code or ''}")
        ref = self._authority_ref(spec, region, code, name, warn)
        if ref in self.authorities:
            return ref, []
        self.authorities[ref] = name
        return ref, [self._authority_record(spec, cells, ref, region, name, code, day)]

    def _authority_ref(
        self, spec: AuthoritySpec, region: str, code: str | None, name: str, warn: Warn
    ) -> str:
        if not code or spec.identity == "name":
            return f"{region}/{name}"
        ref = f"{region}/{code}"
        if code in spec.shared:
            return f"{ref}/{name}"
        if self.organ_codes.setdefault(ref, name) == name:
            return ref
        warn(
            "shared-authority-code",
            spec.code or "",
            f"编码{code}既用于“{self.organ_codes[ref]}”又用于“{name}”，分作两个机关，请核对",
        )
        return f"{ref}/{name}"

    def _authority_record(
        self, spec: AuthoritySpec, cells: Cells, ref: str, region: str, name: str, code: str | None, day: str
    ) -> Record:
        content: dict[str, Any] = {"schema": 1, "name": name, "region": f"@region:{region}"}
        for target, one in (("level", spec.level), ("nature", spec.nature)):
            given = cells.peek(one.columns()[0]) if one else None
            value = read_value(one, given, self.mapping.values) if one and given is not None else None
            if value is not None:
                content[target] = value
        return Record(
            kind="authority",
            ref=ref,
            content=content,
            codes=[CodeValue(scheme=spec.scheme, value=code)] if code else [],
            day=day,
            start_unknown=True,
            where=self.where,
        )
