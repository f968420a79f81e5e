"""A province that hands items down: places, organs, and decisions about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry import TODAY, Office, item_content

from app.changes import duties
from app.versions import queries

DAY = "2026-10-01"
LATEST = "2027-01-01"


@dataclass
class Province:
    """A province with a city of three counties, each with an organ, over the office's registry."""

    office: Office
    province: str
    city: str
    counties: list[str]
    provincial: str
    municipal: str
    organs: list[str]
    item: str
    acts: dict[str, int] = field(default_factory=dict)

    def content(self, index: int, name: str = "承接的取水许可", **more):
        return item_content(name, self.organs[index], self.counties[index], **more)

    def devolve(self, *indexes: int, **more):
        receivers = [{"key": f"c{i}", "region": self.counties[i]} for i in indexes or (0, 1, 2)]
        return {
            "outcome": "devolve",
            "subject": self.item,
            "effective_from": DAY,
            "receivers": receivers,
            **more,
        }

    def accept(self, index: int, day: str, **more):
        return {
            "outcome": "receive",
            "effective_from": day,
            "results": [{"content": self.content(index)}],
            "accepts": [{"act": self.last_devolve()}],
            **more,
        }

    def entrust(self, index: int, day: str = DAY, **more):
        content = self.content(index, "受托的取水许可", power_source="5")
        return {
            "outcome": "entrust",
            "subject": self.item,
            "effective_from": day,
            "results": [{"content": content}],
            **more,
        }

    def last_devolve(self) -> int:
        return self.office.scalars("SELECT max(act) FROM decision WHERE outcome IN ('devolve', 'narrow')")[0]

    def last_act(self) -> int:
        return self.office.scalars("SELECT max(act) FROM decision")[0]

    def status(self, *days: str) -> list[str]:
        return [self.office.on(self.item, day).status for day in days]

    def lost(self, day: str) -> set[str]:
        """The counties that the item no longer covers on a day."""
        listed = self.office.on(self.item, day).document().get("excluded", [])
        return {f"c{self.counties.index(one['region'])}" for one in listed}

    def made(self, act: int | None = None) -> list[str]:
        """The items that an act made."""
        return self.office.scalars(
            "SELECT DISTINCT subject_id FROM decision"
            f" WHERE act = {act or self.last_act()} AND role = 'result' ORDER BY 1"
        )

    def assert_sound(self) -> None:
        self.office.assert_sound()
        with self.office.database.reading() as session:
            assert duties.differs(session.connection()) is None


def make_province(office: Office) -> Province:
    def found(kind, ref, **content):
        outcome = {"kind": kind, "outcome": "found", "effective_from": "2020-01-01", "ref": ref}
        return {**outcome, "content": content, "timing": "late_entry", "reason": "补录"}

    decisions = [
        found("region", "p", name="甲省", level="2"),
        found("region", "c", name="甲省乙市", level="3", parent="@p"),
        *(found("region", f"d{i}", name=f"乙市第{i}县", level="4", parent="@c") for i in range(3)),
        found("authority", "po", name="甲省水利厅", region="@p"),
        found("authority", "mo", name="乙市水利局", region="@c"),
        *(found("authority", f"o{i}", name=f"第{i}县水利局", region=f"@d{i}") for i in range(3)),
        {
            "outcome": "add",
            "effective_from": "2020-01-01",
            "content": item_content("取水许可", "@mo", "@c"),
            "timing": "late_entry",
            "reason": "补录",
        },
    ]
    receipt = office.publish_change(*decisions, today=TODAY)
    made = office.scalars(
        f"SELECT subject_id FROM decision WHERE publication = {receipt.publication} ORDER BY seq"
    )
    return Province(office, made[0], made[1], made[2:5], made[5], made[6], made[7:10], made[10])


__all__ = ["DAY", "LATEST", "Province", "make_province", "queries"]
