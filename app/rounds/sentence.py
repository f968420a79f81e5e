"""The summary of a round in one Chinese paragraph, of the kind that reports carry. Pure: sums -> words."""

from __future__ import annotations

from typing import Any

from app.rounds.figures import percent

LEAVING = {
    "cancel": "取消",
    "devolve": "下放",
    "merge": "因合并不再单列",
    "split": "因拆分不再单列",
    "convert": "转为其他类型",
}
COMING = {"add": "新增", "receive": "承接", "merge": "合并产生", "split": "拆分产生", "narrow": "分出"}
PARTS = {
    "adjust": "调整",
    "narrow": "缩小范围",
    "transfer": "调整实施机关",
    "convert": "转变管理方式",
    "entrust": "委托",
    "suspend": "暂停",
    "resume": "恢复",
    "merge": "合并其他事项",
    "split": "拆分出其他事项",
    "receive": "承接其他事项",
    "undecided": "尚未处理",
}
LISTS = {"steps": "办理环节 {} 个", "materials": "申请材料 {} 份", "certificates": "其中证明 {} 份"}


def summary(sums: dict[str, Any]) -> str:
    """``sums`` as ``adding.as_json`` gives them."""
    return "".join(part for part in (_counts(sums), _limits(sums), _dropped(sums), _hall(sums)) if part)


def number(value: int) -> str:
    return f"{value:,}"


def _counts(sums: dict[str, Any]) -> str:
    left = [
        f"{word} {number(sums['outcomes'][name])} 项"
        for name, word in LEAVING.items()
        if sums["outcomes"][name]
    ]
    parts = [
        f"{word} {number(sums['retained'][name])} 项"
        for name, word in PARTS.items()
        if sums["retained"][name]
    ]
    came = [f"{word} {number(sums['new'][name])} 项" for name, word in COMING.items() if sums["new"][name]]
    lent = f"另有委托产生的事项 {number(sums['entrusted'])} 项，不计入以上各数。" if sums["entrusted"] else ""
    held = f"另有不公开的事项 {number(sums['withheld'])} 项，不计入以上各数。" if "withheld" in sums else ""
    beside = lent + _received(sums.get("received")) + held
    if not sums["before"]:
        return "，".join(["没有清理原有事项", *came]) + "。" + beside
    said = [
        f"纳入清理的事项共 {number(sums['before'])} 项",
        *left,
        f"保留 {number(sums['outcomes']['retain'])} 项",
    ]
    if parts:
        said[-1] += f"（其中{'、'.join(parts)}）"
    said += came
    said.append(f"清理后为 {number(sums['after'])} 项")
    fewer = sums["before"] - sums["after"]
    if fewer > 0:
        said.append(f"减少 {number(fewer)} 项，压减 {sums['percent']['shown']}%")
    elif fewer < 0:
        said.append(f"增加 {number(-fewer)} 项")
    return "，".join(said) + "。" + beside


def _received(received: dict[str, int] | None) -> str:
    if not received or not received["origins"]:
        return ""
    return f"承接的事项由 {number(received['origins'])} 项承接为 {number(received['results'])} 项。"


def _limits(sums: dict[str, Any]) -> str:
    promised = sums["limits"]["promised"]
    if not promised["shortened"]:
        return ""
    said = f"{number(promised['shortened'])} 项缩短了承诺时限{_share(sums, promised['shortened'])}，"
    said += f"共减少 {number(promised['days_saved'])} 个工作日"
    if promised["lengthened"]:
        said += f"（另有 {number(promised['lengthened'])} 项延长，共增加 {number(promised['days_added'])} 个工作日）"
    before, after = promised["average_before"]["shown"], promised["average_after"]["shown"]
    said += f"；平均承诺时限由 {_plain(before)} 个工作日变为 {_plain(after)} 个工作日"
    if promised["percent"] and promised["percent"]["numerator"] > 0:
        said += f"，压缩 {promised['percent']['shown']}%"
    return said + "。"


def _share(sums: dict[str, Any], part: int) -> str:
    share = percent(part, sums["outcomes"]["retain"])
    return f"（占保留事项的 {share['shown']}%）" if share else ""


def _plain(shown: str) -> str:
    return shown.removesuffix(".0")


def _dropped(sums: dict[str, Any]) -> str:
    said = [
        words.format(number(sums[name]["dropped"])) for name, words in LISTS.items() if sums[name]["dropped"]
    ]
    clauses = ["减少" + "、".join(said)] if said else []
    if sums["fees"]["dropped"]:
        clauses.append(f"取消收费 {number(sums['fees']['dropped'])} 项")
    if sums["handling"]["promised_to_immediate"]:
        clauses.append(f"{number(sums['handling']['promised_to_immediate'])} 个承诺件转为即办件")
    return "，".join(clauses) + "。" if clauses else ""


def _hall(sums: dict[str, Any]) -> str:
    after = sums["hall"]["after"]
    words = {"in": "进驻政务服务大厅", "entrusted": "委托进驻", "out": "未进驻"}
    said = [
        f"{word} {number(after[name]['items'])} 项（{number(after[name]['authorities'])} 个单位）"
        for name, word in words.items()
        if after[name]["items"]
    ]
    return (
        "清理后" + "，".join(said) + "。"
        if said and (after["in"]["items"] or after["entrusted"]["items"])
        else ""
    )
