"""The worked case of a devolution: from a province to its counties, of which some accept. Synthetic."""

from __future__ import annotations

import random
from typing import Any

from app.exchange.case_items import ATTESTED, BASE_DAY, EFFECTIVE, REASON, RECEIVED, Drawn, content_of
from app.exchange.case_totals import Devolution
from app.exchange.records import CodeValue, Record
from app.exchange.synthetic import credit_code

LATEST = "2020-10-01"
"""The transition ends: from then on the province has it no more, accepted or not."""


def records_of(case: Devolution) -> list[Record]:
    """The place, its counties, an organ of each, and the one item that is handed down, in an order in which what is
    referred to comes first."""
    county = range(1, case.counties + 1)
    return [
        _region("place", f"{case.place}（{case.title}）", case.level, "990000", None),
        *(_region(f"county-{at}", f"合成县{at:02}", "4", f"9901{at:02}", "place") for at in county),
        _organ("unit-0", f"{case.place}水利厅（合成）", "place", case.level, 0),
        *(_organ(f"county-organ-{at}", f"合成县{at:02}水利局", f"county-{at}", "4", at) for at in county),
        Record(
            kind="item",
            ref="item-1",
            content=content_of(case, 1, Drawn(0, before=20)),
            codes=[CodeValue(scheme="synthetic", value="99000001")],
            day=ATTESTED,
            start_unknown=True,
        ),
    ]


def _region(ref: str, name: str, level: str, code: str, parent: str | None) -> Record:
    content = {"name": name, "level": level} | ({"parent": f"@region:{parent}"} if parent else {})
    codes = [CodeValue(scheme="synthetic-region", value=code)]
    return Record(kind="region", ref=ref, content=content, codes=codes, day=ATTESTED, start_unknown=True)


def _organ(ref: str, name: str, place: str, level: str, number: int) -> Record:
    content = {"name": name, "region": f"@region:{place}", "level": level, "nature": "1"}
    codes = [CodeValue(scheme="uscc", value=credit_code("990000", number))]
    return Record(kind="authority", ref=ref, content=content, codes=codes, day=ATTESTED, start_unknown=True)


def changes_of(case: Devolution) -> list[dict[str, Any]]:
    """The round that devolves, and the counties that accept, drawn at random."""
    accepting = sorted(random.Random(case.seed).sample(range(1, case.counties + 1), case.accepting))
    head = {"kind": "round", "synthetic": True, "reason": REASON}
    devolved = {
        "subject": "@item:item-1",
        "outcome": "devolve",
        "effective_from": EFFECTIVE,
        "transition_until": LATEST,
        "receivers": [{"below": "@region:place", "due": "2020-09-30"}],
        "words": "下放至县级水行政主管部门",
    }
    return [
        {
            **head,
            "ref": "round",
            "title": f"【合成】{case.title}：{case.place}向县级下放事项",
            "number": "第一批",
            "scope": {"region": "@region:place", "base_day": BASE_DAY},
            "decisions": [devolved],
        },
        {
            **head,
            "ref": "received",
            "title": f"【合成】{case.title}：各县承接",
            "number": "第二批",
            "decisions": [_accepted(case, at) for at in accepting],
        },
    ]


def _accepted(case: Devolution, at: int) -> dict[str, Any]:
    content = content_of(case, 1, Drawn(0, before=15)) | {
        "authority": f"@authority:county-organ-{at}",
        "region": f"@region:county-{at}",
        "level": "4",
        "power_source": "2",
    }
    record = {"kind": "item", "ref": f"received-{at}", "content": content, "day": RECEIVED}
    return {
        "kind": "item",
        "outcome": "receive",
        "effective_from": RECEIVED,
        "origins": ["@item:item-1"],
        "accepts": [{"act": "@act:item-1", "receiver": f"@region:county-{at}"}],
        "results": [{"record": record}],
    }
