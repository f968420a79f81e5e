"""What a row says of the outcomes that hand on, take apart and put together: 下放, 部分取消和部分下放, 委托, 合并,
拆分, 调整实施机关, 转变管理方式.

A new item that such a row makes starts with the content of the item it comes from; what is to be different in it is
adjusted afterwards, as any item is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from app.changes.succession import PLACES
from app.exchange.worksheet_cells import ITSELF, Cells, Faulty
from app.exchange.worksheet_names import Names, Organ, listed
from app.exchange.worksheet_owing import with_terms
from app.items import code_tables
from app.rounds.worksheets import Line

FROM_ABOVE, FROM_BESIDE = "5", "6"
"""权力来源: 上级委托, 同级委托 (code table power_source)."""
_PARTED = re.compile(r"[｜|]")

Made = dict[str, Any]


def devolve(line: Line, cells: Cells, names: Names) -> Made:
    """下放; with a day in 到期日, that is the end of the 过渡期."""
    made = {"receivers": receivers(cells, names), "receiver": cells["receiver"]}
    return made | ({"transition_until": cells["until"]} if cells["until"] else {})


def narrow(line: Line, cells: Cells, names: Names) -> Made:
    """部分取消: what is no longer covered, one a line; 部分下放: who takes it over."""
    gone = [part for one in cells["into"].split("\n") if (part := one.strip())]
    made: Made = {}
    if gone:
        made["changes"] = [{"op": "add", "path": PLACES, "value": {"words": one}} for one in gone]
    if cells["receiver"]:
        made |= {"receivers": receivers(cells, names), "receiver": cells["receiver"]}
    if not made:
        raise Faulty("into", "nothing-less", "没有写明少了什么：部分取消的写取消的部分，部分下放的写承接方")
    if cells["until"]:
        made["transition_until" if cells["receiver"] else "until"] = cells["until"]
    return made


def entrust(line: Line, cells: Cells, names: Names) -> Made:
    """委托 to each organ that is named; one that is entrusted with the item already is renewed."""
    organs = [(name, names.organ(name)) for name in listed(cells["receiver"])]
    if not organs:
        raise Faulty("receiver", "receiver-missing", "委托须写明受委托的机关，几个之间用顿号分开")
    results = []
    for name, organ in organs:
        if organ is None:
            raise Faulty(
                "receiver", "unknown-authority", f"登记簿中没有唯一的机关“{name[:40]}”，请写全称、编码或编号"
            )
        lent = names.lent_to(line.item, organ.id)
        results.append({"subject": lent} if lent else {"content": _lent(line, organ)})
    made: Made = {"results": results, "receiver": cells["receiver"]}
    return made | ({"until": cells["until"]} if cells["until"] else {})


def _lent(line: Line, organ: Organ) -> dict[str, Any]:
    beside = organ.region in (None, line.content.get("region"))
    return _held_by(line, organ) | {"power_source": FROM_BESIDE if beside else FROM_ABOVE}


def transfer(line: Line, cells: Cells, names: Names) -> Made:
    to = names.receiver(cells["receiver"]) if cells["receiver"] else None
    if not to or "authority" not in to:
        raise Faulty(
            "receiver",
            "unknown-authority",
            "调整实施机关须在承接方写明接手的机关：登记簿中的全称、编码或编号",
        )
    changes = [{"op": "set", "path": "authority", "value": to["authority"]}]
    return {"changes": changes, "receiver": cells["receiver"]}


def convert(line: Line, cells: Cells, names: Names) -> Made:
    """转变管理方式: 改为 names the type it becomes."""
    known = code_tables.TABLES["item_type"][0].values
    code = code_tables.code_of("item_type", cells["into"])
    if code is None:
        word = f"“{cells['into'][:20]}”不是事项类型" if cells["into"] else "没有写明转为哪一类"
        raise Faulty("into", "unknown-type", f"{word}；可选的有：{'、'.join(known.values())}")
    return {"changes": [{"op": "set", "path": "type", "value": code}]}


def merge(line: Line, cells: Cells, names: Names) -> Made:
    """合并: with the items of 一并处理, into what 改为 names, else into the items under 承接方, else into this one."""
    targets = (
        [] if cells["receiver"] in ("", ITSELF, line.item) else _items("receiver", cells["receiver"], names)
    )
    origins = list(dict.fromkeys([line.item, *targets, *_items("others", cells["others"], names)]))
    if cells["into"]:
        if targets:
            raise Faulty("receiver", "target-twice", "并入的事项写在“改为”里，承接方请清空")
        results = _results(line, cells, names, origins)
    else:
        results = [{"subject": one} for one in targets or [line.item]]
    return _reshaped(origins, results, "nothing-merged", "没有别的事项并入它；请写明一并处理的事项")


def split(line: Line, cells: Cells, names: Names) -> Made:
    """拆分 into what 改为 names, one a line; 一并处理: other items that are taken apart with it."""
    if not cells["into"]:
        raise Faulty("into", "results-missing", "拆分须写明拆成哪些事项，每行一个")
    origins = list(dict.fromkeys([line.item, *_items("others", cells["others"], names)]))
    return _reshaped(origins, _results(line, cells, names, origins))


def _reshaped(origins: Sequence[str], results: Sequence[Made], code: str = "", too_few: str = "") -> Made:
    if too_few and len(origins) < 2:
        raise Faulty("receiver", code, too_few)
    return {"origins": [{"subject": one} for one in origins], "results": list(results)}


def _items(column: str, written: str, names: Names) -> list[str]:
    found = []
    for name in listed(written):
        item = names.item(name)
        if item is None:
            raise Faulty(column, "unknown-target", f"“{name[:30]}”不是范围内唯一的事项，请写它的编号")
        found.append(item)
    return found


def _results(line: Line, cells: Cells, names: Names, origins: Sequence[str]) -> list[Made]:
    """A line each: 名称或编号｜实施机关（空：照原事项）｜来自哪些事项（空：全部）."""
    return [_result(line, one, names, origins) for one in cells["into"].split("\n") if one.strip()]


def _result(line: Line, written: str, names: Names, origins: Sequence[str]) -> Made:
    name, organ, of, *rest = [*(part.strip() for part in _PARTED.split(written)), "", ""]
    if not name or any(rest):
        raise Faulty(
            "into",
            "bad-result",
            f"“{written[:40]}”请写成“名称｜实施机关｜来自哪些事项”，后两段可以不写",
        )
    made: Made
    if (standing := names.item(name)) is not None:
        if organ:
            raise Faulty(
                "into",
                "standing-with-organ",
                f"“{name[:30]}”是已有的事项，实施机关照旧，请删去",
            )
        made = {"subject": standing}
    else:
        holder = names.organ(organ) if organ else None
        if organ and holder is None:
            raise Faulty(
                "into", "unknown-authority", f"登记簿中没有唯一的机关“{organ[:40]}”，请写全称、编码或编号"
            )
        made = {"content": (_held_by(line, holder) if holder else _as_it_stands(line)) | {"name": name}}
    if of:
        made["of"] = _items("into", of, names)
        if stray := next((one for one in made["of"] if one not in origins), None):
            raise Faulty(
                "into", "not-an-origin", f"“{names.item_words(stray)}”没有列在一并处理的事项里，请补上"
            )
    return made


def _as_it_stands(line: Line) -> dict[str, Any]:
    return copy.deepcopy(line.content)


def _held_by(line: Line, organ: Organ) -> dict[str, Any]:
    """The content under another organ: its place and level with it, and nothing of what was handed on before."""
    content = _as_it_stands(line) | {"authority": organ.id}
    content |= {name: value for name, value in (("region", organ.region), ("level", organ.level)) if value}
    for name in (PLACES, "authority_nature", "windows", "consult_phone", "complaint_phone"):
        content.pop(name, None)
    return content


def receivers(cells: Cells, names: Names) -> list[Made]:
    """Each receiver by id where the registry has the name, else in the words as written; with its 承接期限."""
    named = listed(cells["receiver"])
    if not named:
        raise Faulty("receiver", "receiver-missing", "下放须写明承接方，几个之间用顿号分开")
    return with_terms([dict(names.receiver(name) or {"words": name}) for name in named], cells, names)


# --- the other way round -----------------------------------------------------------------------------------------


def into_of(body: Made, names: Names) -> str:
    """改为, as it is written out."""
    if body["outcome"] == "convert":
        code = next((one["value"] for one in body["changes"] if one["path"] == "type"), "")
        return code_tables.label("item_type", code) or code
    if body["outcome"] == "narrow":
        gone = [
            one["value"] for one in body.get("changes", ()) if (one["op"], one["path"]) == ("add", PLACES)
        ]
        return "\n".join(one.get("words", "") for one in gone)
    if body["outcome"] == "split" or (body["outcome"] == "merge" and not is_plain(body)):
        return "\n".join(_told(one, body, names) for one in body["results"])
    return ""


def _told(result: Made, body: Made, names: Names) -> str:
    content = result.get("content")
    parts = [names.item_words(result["subject"]) if content is None else content["name"], "", ""]
    if content is not None:
        first = names.lines.get(body["origins"][0]["subject"])
        if first is None or content.get("authority") != first.authority:
            parts[1] = names.words(content.get("authority", ""))
    parts[2] = "、".join(names.item_words(one) for one in result.get("of", ()))
    return "｜".join(parts).rstrip("｜")


def is_plain(body: Made) -> bool:
    """Whether it merges items into one that stands, as the rows of a sheet say by naming it."""
    results = body.get("results", ())
    return body["outcome"] == "merge" and len(results) == 1 and "content" not in results[0]
