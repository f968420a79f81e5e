"""The totals a document states beside the sums of its rows, and why real documents differ. Pure.

What is known to make them differ (`docs/outcomes.md` names documents): sub-items counted apart, secret items held
back, items that wait for a law counted inside or outside, items left over from an earlier document, merges counted by
result, groups that overlap, rows published elsewhere or not recorded. A difference is told, never corrected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.saying import said

REASONS = {
    "sub_items": "子项另计",
    "secret": "涉密不公布",
    "pending_law": "待修法",
    "carried_over": "以前遗留",
    "by_result": "合并按结果计",
    "overlapping": "各数重叠",
    "elsewhere": "另文公布或未逐项录入",
    "unconfirmed": "待确认",
    "other": "其他",
}


def reconcile(
    stated: Mapping[str, Any] | None, rows: Sequence[Mapping[str, Any]], undisclosed: int | None = None
) -> dict[str, Any]:
    """Page-ready: stated total and parts, sums of the rows, differences, reasons, and sentences that say so."""
    told = stated or {}
    total, parts = told.get("total"), told.get("parts", [])
    outcomes = Counter(row.get("outcome") or "" for row in rows)
    added = sum(part["count"] for part in parts) if parts and told.get("additive", True) else None
    reasons = [{**one, "label": REASONS[one["kind"]]} for one in told.get("reasons", ())]
    found: dict[str, Any] = {
        "total": total,
        "parts": [{**part, "rows": _rows_of(part["words"], outcomes)} for part in parts],
        "additive": told.get("additive", True),
        "sum_of_parts": added,
        "parts_match": None if added is None or total is None else added == total,
        "rows": len(rows),
        "rows_by_outcome": {name: count for name, count in sorted(outcomes.items()) if name},
        "rows_without_outcome": outcomes[""],
        "linked": sum(bool(row.get("item")) for row in rows),
        "not_recorded": max(total - len(rows), 0) if total is not None else None,
        "beyond_total": max(len(rows) - total, 0) if total is not None else None,
        "undisclosed": undisclosed,
        "reasons": reasons,
        "retained": told.get("retained"),
        "source": told.get("source"),
        "note": told.get("note"),
    }
    found["unconfirmed"] = [one for one in reasons if one["kind"] == "unconfirmed"]
    found["reasons"] = [one for one in reasons if one["kind"] != "unconfirmed"]
    found["sentences"] = list(_sentences(found))
    return found


def _rows_of(words: str, outcomes: Mapping[str, int]) -> int | None:
    """Rows of the outcome that a part names, else of the longest that its words begin with (取消审批事项: 取消)."""
    named = max((one for one in outcomes if one and words.startswith(one)), key=len, default=None)
    return outcomes[named] if named else None


def _sentences(found: Mapping[str, Any]) -> Iterable[str]:
    total, added = found["total"], found["sum_of_parts"]
    if total is None:
        yield said("来源没有给出文件的总数。")
    if found["parts"] and added is None:
        yield said("文件所列各数口径不同或有重叠，不能相加。")
    elif added is not None and total is not None:
        same = said("相符") if added == total else said("相差 {1} 项", abs(total - added))
        yield said("文件写明共 {1} 项，所列各数之和 {2} 项，{3}。", total, added, same)
    elif added is not None:
        yield said("所列各数之和 {1} 项。", added)
    elif total is not None and not found["parts"]:
        yield said("文件写明共 {1} 项，没有分列。", total)
    if found["rows"]:
        left = found["rows"] - found["linked"]
        yield said(
            "逐项录有 {1} 行，其中 {2} 行对应到登记簿的事项，{3} 行照原样保留。",
            found["rows"],
            found["linked"],
            left,
        )
    else:
        yield said("各项没有逐项录入。")
    if found["not_recorded"] and found["rows"]:
        yield said("与文件总数相差 {1} 项，没有逐项录入。", found["not_recorded"])
    if found["beyond_total"]:
        yield said("录入的行数比文件总数多 {1} 行，请核对子项、合并的计法。", found["beyond_total"])
    if found["unconfirmed"]:
        yield said("文件所列的数目没有经原文核对，待确认；与各行的差额不由此推算。")
    if found["undisclosed"]:
        yield said("另有涉密事项 {1} 项，只计数。", found["undisclosed"])
