"""A round of more than twenty decisions that touches every outcome of every kind, voids and duties among them."""

from __future__ import annotations

from handing import DAY, LATEST, Province, make_province
from registry import TODAY, Office, adjust, item_content

from app.changes.outcomes import RULES


def every_outcome(office: Office) -> tuple[Province, list[dict]]:
    """The province, prepared; and the decisions, not yet drafted."""
    province = make_province(office)
    items = _items(province, 15)
    office.publish_change(
        adjust(items[0], "2026-12-01", 7),
        {"outcome": "suspend", "subject": items[1], "effective_from": TODAY},
        province.entrust(0, TODAY, until="2027-09-28"),
    )
    wrong = office.scalars(
        f"SELECT act FROM decision WHERE subject_id = '{items[0]}' AND outcome = 'adjust'"
    )[0]
    lent = office.scalars("SELECT successor FROM lineage WHERE relation = 'entrust'")[0]
    return province, [*_places(province), *_decisions(province, items, wrong, lent)]


def _items(province: Province, count: int) -> list[str]:
    made = [
        {
            "outcome": "add",
            "effective_from": TODAY,
            "content": item_content(f"事项{number}", province.municipal, province.city),
        }
        for number in range(count)
    ]
    return province.office.publish_change(*made).subjects


def _decisions(province: Province, items: list[str], wrong: int, lent: str) -> list[dict]:
    def one(outcome, index, **more):
        return {"outcome": outcome, "subject": items[index], "effective_from": DAY, **more}

    def new(name, **more):
        return {"content": item_content(name, province.municipal, province.city), **more}

    receivers = province.devolve(0, 1)["receivers"]
    return [
        one("devolve", 2, receivers=receivers, transition_until=LATEST),
        one("narrow", 3, receivers=[{"key": "n", "words": "经济开发区"}], results=[new("分出的事项")]),
        {
            "outcome": "receive",
            "effective_from": DAY,
            "results": [{"content": province.content(0)}],
            "accepts": [{"decision": 8, "receiver": "c0"}],
            "outside": [{"name": "省级事项", "document": "甲政发〔2026〕1号"}],
        },
        {
            "outcome": "add",
            "effective_from": DAY,
            **new("新增的事项"),
            "codes": [{"scheme": "local", "value": "N1"}],
        },
        one("retain", 4, pending_law={"outcome": "cancel", "instruments": ["@law"]}),
        adjust(items[5], DAY, 5, codes=[{"scheme": "local", "value": "N2"}]),
        one(
            "cancel",
            6,
            duties=[{"key": "d", "what": "制定监管细则", "working_days": 20}],
        ),
        one("transfer", 7, changes=[{"op": "set", "path": "authority", "value": "@organ"}]),
        one("convert", 8, changes=[{"op": "set", "path": "type", "value": "07"}]),
        one("suspend", 9, until="2026-12-01"),
        one("resume", 1),
        one("entrust", 10, results=[{"content": province.content(0, power_source="5")}], until="2027-10-01"),
        {
            "outcome": "entrust",
            "subject": province.item,
            "effective_from": "2027-09-28",
            "results": [{"subject": lent}],
        },
        {
            "outcome": "merge",
            "effective_from": DAY,
            "origins": [{"subject": items[11]}, {"subject": items[12]}],
            "results": [new("合并后的事项")],
        },
        {
            "outcome": "split",
            "effective_from": DAY,
            "origins": [{"subject": items[13]}],
            "results": [new("拆分一"), new("拆分二")],
        },
        {"outcome": "void", "act": wrong, "ground": "withdrawn", "reason": "暂缓"},
    ]


def _places(province: Province) -> list[dict]:
    def one(kind, outcome, **more):
        return {"kind": kind, "outcome": outcome, "effective_from": DAY, **more}

    def content(**more):
        return {"content": more}

    organ = content(name="并成的局", region=province.counties[0])
    return [
        one("instrument", "enact", **content(title="取水法", rank="law"), ref="law"),
        one("region", "found", **content(name="新县", level="4", parent=province.city)),
        one("authority", "found", **content(name="新局", region=province.city), ref="organ"),
        one("authority", "rename", subject=province.provincial)
        | {"changes": [{"op": "set", "path": "name", "value": "甲省水务厅"}]},
        one("authority", "merge", results=[organ], carry_items=True)
        | {"origins": [{"subject": organ} for organ in province.organs[1:]]},
        one("entry", "add", **content(name="取水许可", type="01")),
        one("calendar", "set", **content(year=2027, days_off=["2027-01-01"], make_up=[])),
    ]


def outcomes_of(decisions: list[dict]) -> set[str]:
    return {one["outcome"] for one in decisions if one.get("kind", "item") == "item"}


assert set(RULES["item"]) <= {
    *("add", "retain", "adjust", "narrow", "cancel", "devolve", "entrust", "merge", "split", "receive"),
    *("transfer", "convert", "suspend", "resume"),
}, "a new outcome belongs in this round"
