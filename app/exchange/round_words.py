"""What both files of a round's report say: the overview as label and figure, and the rows of the groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.rounds.sentence import COMING, LEAVING, PARTS

GROUPS = (
    ("by_authority", "按实施机关", "实施机关"),
    ("by_type", "按事项类型", "事项类型"),
    ("by_level", "按行使层级", "行使层级"),
)
GROUP_COLUMNS = (
    "清理前", "保留", "取消", "下放", "合并、拆分、转出", "新增、承接等", "调入", "调出", "清理后", "缩短时限项数",
    "减少工作日", "减少环节", "减少材料", "取消收费", "承诺件转即办件",
)  # fmt: skip

REDACTED = "公布时存下的报告已依令删改，以下数目按公布时的处理决定重新算出。"


def group_rows(groups: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Each group of a report as its cells under ``GROUP_COLUMNS``, behind what the group is called."""
    for row in groups:
        outcomes, promised = row["outcomes"], row["limits"]["promised"]
        moved_in = next(value for name, value in row.items() if name.endswith("_in"))
        moved_out = next(value for name, value in row.items() if name.endswith("_out"))
        yield (
            row["name"] or row.get("id") or row.get("code"),
            row["before"],
            outcomes["retain"],
            outcomes["cancel"],
            outcomes["devolve"],
            outcomes["merge"] + outcomes["split"] + outcomes["convert"],
            row["started"],
            moved_in,
            moved_out,
            row["after"],
            promised["shortened"],
            promised["days_saved"],
            row["steps"]["dropped"],
            row["materials"]["dropped"],
            row["fees"]["dropped"],
            row["promised_to_immediate"],
        )


def overview(report: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(label, figure), in the order in which reports tell them."""
    document = report.get("document") or {}
    yield "轮次", report["title"]
    yield "批次", report.get("number", "")
    yield "文件", document.get("number") or document.get("title") or ""
    yield "摘要", report["summary"]
    if report.get("synthetic"):
        yield "说明", "演示数据：没有对应的真实文件"
    if report["published"]["redacted"]:
        yield "说明", REDACTED
    yield "清理前", report["before"]
    yield "清理后", report["after"]
    yield "减少比例", _percent(report["percent"])
    yield "保留", report["outcomes"]["retain"]
    for name, word in PARTS.items():
        yield f"　其中{word}", report["retained"][name]
    if pending := report.get("pending_law"):
        yield "　其中待修法（修法之前照旧）", pending["items"]
    for name, word in LEAVING.items():
        yield word, report["outcomes"][name]
    for name, word in COMING.items():
        yield word, report["new"][name]
    yield "委托产生的事项（不计入前后各数）", report["entrusted"]
    yield from _limits("承诺时限", report["limits"]["promised"])
    yield from _limits("法定时限", report["limits"]["statutory"])
    for side, word in (("before", "清理前"), ("after", "清理后")):
        against = report["limits"]["against_statutory"][side]
        yield f"{word}平均承诺时限（两种时限均为工作日的 {against['items']} 项）", _shown(against["promised"])
        yield f"{word}平均法定时限（同上）", _shown(against["statutory"])
    for name, word in (
        ("steps", "办理环节"),
        ("materials", "申请材料"),
        ("certificates", "证明"),
        ("fees", "收费项目"),
    ):
        for figure, label in (
            ("before", "清理前"),
            ("after", "清理后"),
            ("dropped", "减少"),
            ("added", "增加"),
        ):
            yield f"{word}：{label}", report[name][figure]
        yield f"{word}：未填写、未计入的事项", report[name]["not_counted"]
    yield "承诺件转为即办件", report["handling"]["promised_to_immediate"]
    for name, word in (
        ("in", "进驻大厅"),
        ("entrusted", "委托进驻"),
        ("out", "未进驻"),
        ("unknown", "未填进驻情况"),
    ):
        hall = report["hall"]["after"][name]
        yield f"清理后{word}", hall["items"]
        yield f"清理后{word}的单位", hall["authorities"]
    if owed := report.get("acceptances"):
        yield "应承接", owed["owed"]
        yield "已承接", owed["done"]
        yield "无人承接的地方", "、".join(one["name"] or "" for one in owed["missing"]) or "无"
    yield from _reconciled(report.get("reconciliation"))


def _limits(word: str, sums: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield f"{word}：计入的事项", sums["pairs"]
    yield f"{word}：缩短的事项", sums["shortened"]
    yield f"{word}：减少工作日", sums["days_saved"]
    yield f"{word}：平均减少工作日", _shown(sums["average_saved"])
    yield f"{word}：延长的事项", sums["lengthened"]
    yield f"{word}：增加工作日", sums["days_added"]
    yield f"{word}：清理前平均", _shown(sums["average_before"])
    yield f"{word}：清理后平均", _shown(sums["average_after"])
    yield f"{word}：平均压缩", _percent(sums["percent"])
    yield f"{word}：未填写", sums["not_counted"]["unknown"]
    yield (
        f"{word}：其他单位、前后单位不同，均不折算",
        sums["not_counted"]["other_unit"] + sums["not_counted"]["mixed"],
    )


def _reconciled(line: dict[str, Any] | None) -> Iterator[tuple[str, Any]]:
    if line is None:
        return
    yield f"核对：基准日 {line['base_day']} 在用", line["base"]
    yield "核对：本轮减少", line["ended"]
    yield "核对：本轮增加", line["started"]
    yield "核对：委托产生", line["entrusted"]
    yield "核对：本轮调整实施机关转入", line["transferred_in"]
    yield "核对：本轮调整实施机关转出", line["transferred_out"]
    yield "核对：本轮之外增加", line["came_otherwise"]
    yield "核对：本轮之外减少", line["went_otherwise"]
    yield f"核对：{line['day']} 在用", line["after"]


def _shown(fraction: dict[str, Any] | None) -> str:
    return fraction["shown"] if fraction else ""


def _percent(fraction: dict[str, Any] | None) -> str:
    return f"{fraction['shown']}%" if fraction else ""
