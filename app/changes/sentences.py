"""An event as one Chinese sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.changes.outcomes import RULES
from app.items.compared_words import compared_words
from app.items.field_words import word_of
from app.versions.fold import at

CLAUSES = 4
"""Changes that a sentence names; the rest is counted."""
LONGEST = 40
"""Characters of a value that a sentence quotes; a longer one is only said to have changed."""
WHOLE = ("statutory_limit", "promised_limit", "limit")
FROM_ITS_DAY = {"enact": "施行", "amend": "施行修改后的文本", "set": "适用公布的放假安排"}
"""What happens on the day itself, where the outcome's own word names what happened before: a law made, a notice."""


def sentence(
    event: Mapping[str, Any], words: Mapping[str, Any], names: Mapping[str, str], before: Mapping[str, Any]
) -> str:
    """``林木采伐许可：自2026年10月1日起调整，承诺时限由20个工作日改为10个工作日。`` ``words``: what the decision
    says of itself; ``before``: the content that the changes start from."""
    name = event["name"] or event["subject"]
    if event["kind"] == "calendar" and name.isdigit():
        name = f"{name}年"
    kind = event["event"]
    changed = clauses([one for one in event["changes"] if not _is_said(event, one)], names, before)
    if kind == "redact":
        return f"{name}：有内容依令删改。"
    if kind == "void":
        return f"{name}：{_taken_out(event, words, changed)}。"
    if kind == "succeed":
        after = listed(event.get("successors", ()), names)
        return f"{name}：自{day_words(event['effective_from'])}起有承接事项" + (
            f"：{after}。" if after else "。"
        )
    began = _began(event, words, names)
    if event.get("attested"):
        began = f"{day_words(event['effective_from'])}已有（始于何日不明）"
    parts = [began, *changed]
    if follow := words.get("follow_up"):
        parts.append(f"后续措施：{follow[:LONGEST].rstrip('。；')}")
    planned = "（预告）" if event["planned"] else ""
    return f"{name}：{'，'.join(parts[:2])}{''.join('；' + one for one in parts[2:])}{planned}。"


def _taken_out(event: Mapping[str, Any], words: Mapping[str, Any], changed: list[str]) -> str:
    day, decided = event["effective_from"], words.get("effective_from") or event["effective_from"]
    later = f"自{day_words(day)}起" if day != decided else ""
    back = f"，{later}恢复为：{'；'.join(changed)}" if changed else ""
    gone = "，不再生效" if event["status"] == "not_yet" else ""
    return f"撤出一项{day_words(decided)}起的决定{gone}{back}"


def _began(event: Mapping[str, Any], words: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """``自2026年10月1日起下放至…``. A later revision that a decision reaches into is said beside its own day."""
    day = event["effective_from"]
    if event["event"] == "revise":
        return f"自{day_words(day)}起有新的版本"
    if event["event"] == "lapse":
        return f"自{day_words(day)}起{_label(event)}期满，{_lapsed(event)}"
    decided = words.get("effective_from") or day
    reaches = f"（及于{day_words(day)}起的版本）" if day != decided else ""
    return f"自{day_words(decided)}起{_label(event)}{_to_whom(event, names)}{reaches}"


def _lapsed(event: Mapping[str, Any]) -> str:
    if event["status"] == "ended":
        return "终止"
    return "恢复实施" if (event["outcome"], event["status"]) == ("suspend", "in_force") else "不再适用"


def _is_said(event: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    """Whether the outcome's own word says the change: what is cancelled has ended."""
    if event["event"] in ("lapse", "revise"):
        return False
    rule = RULES.get(event["kind"], {}).get(event["outcome"] or "")
    return change["path"] == "status" and rule is not None and rule.after == change.get("value")


def _label(event: Mapping[str, Any]) -> str:
    outcome = event["outcome"] or ""
    rule = RULES.get(event["kind"], {}).get(outcome)
    return FROM_ITS_DAY.get(outcome) or (rule.label if rule else outcome)


def _to_whom(event: Mapping[str, Any], names: Mapping[str, str]) -> str:
    receivers = [
        names.get(one.get("authority") or one.get("region") or "") or one.get("words", "")
        for one in event.get("receivers", ())
    ]
    if receivers := [one for one in receivers if one]:
        shown = "、".join(receivers[:CLAUSES])
        return f"至{shown}" + (f"等{len(receivers)}处" if len(receivers) > CLAUSES else "")
    origins = listed([one for one in event.get("origins", ()) if one != event["subject"]], names)
    after = listed([one for one in event.get("successors", ()) if one != event["subject"]], names)
    if origins and event["subject"] in event["successors"]:
        return f"，来自{origins}"
    return f"，由{after}承接" if after and event["subject"] in event["origins"] else ""


def listed(subjects: Any, names: Mapping[str, str]) -> str:
    shown = [f"“{names[one]}”" for one in subjects if one in names]
    return "、".join(shown[:CLAUSES]) + (f"等{len(shown)}项" if len(shown) > CLAUSES else "")


def clauses(changes: Any, names: Mapping[str, str], before: Mapping[str, Any]) -> list[str]:
    """Each change in words, a limit as a whole; what is too long to quote is said to have changed."""
    found: dict[str, str] = {}
    for change in changes:
        path = change["path"]
        whole = next((f"{head}{part}" for head, part in _limits(path)), None)
        if whole and "value" in change:
            found.setdefault(whole, _limit(whole, changes, before, names))
        elif path not in ("schema", "visibility"):
            found.setdefault(f"{path} {len(found)}", _clause(change, names, before))
    said = [one for one in dict.fromkeys(found.values()) if one]
    return said[:CLAUSES] + ([f"另有{len(said) - CLAUSES}处改动"] if len(said) > CLAUSES else [])


def _limits(path: str) -> list[tuple[str, str]]:
    parts = path.split("/")
    return [("/".join([*parts[:n], ""]), part) for n, part in enumerate(parts) if part in WHOLE]


def _limit(path: str, changes: Any, before: Mapping[str, Any], names: Mapping[str, str]) -> str:
    was = at(before, path) or {}
    now = dict(was)
    for change in changes:
        if change["path"] == path:
            now = change.get("value") or {}
        elif change["path"].startswith(path + "/"):
            now[change["path"].rsplit("/", 1)[-1]] = change.get("value")
    place = path.rsplit("/", 1)[-1]
    now = {name: value for name, value in now.items() if value is not None}
    if was.get("note") == now.get("note"):
        was, now = ({k: v for k, v in one.items() if k != "note"} for one in (was, now))
    return _moved(word_of(place), compared_words(place, (was or None, now or None), names))


def _clause(change: Mapping[str, Any], names: Mapping[str, str], before: Mapping[str, Any]) -> str:
    path = change["path"]
    value: Any = change.get("value")
    place = "/".join(part for n, part in enumerate(path.split("/")) if n != 1 or path.count("/") == 1)
    word = word_of(path.split("/")[0])
    if path == "codes":
        return f"{'启用' if change['op'] == 'add' else '停用'}编码 {value['value']}"
    if change["op"] == "order":
        return f"{word}次序有调整"
    if change["op"] == "add":
        return f"增加{word}{_quoted(value)}"
    if change["op"] == "remove":
        return f"删去{word}{_quoted(at(before, path))}"
    if path.count("/") >= 2:
        owner = at(before, "/".join(path.split("/")[:2]))
        sides = compared_words(place, (change.get("before"), value), names)
        return _moved(f"{word}{_quoted(owner)}的{word_of(place)}", sides)
    return _moved(word_of(path), compared_words(path, (change.get("before"), value), names))


def _quoted(element: Any) -> str:
    """``“森林法”第五十六条``: two citations of one law differ by the article."""
    named = element if isinstance(element, dict) else {}
    name = named.get("name") or named.get("title") or ""
    return f"“{name[:LONGEST]}”{named.get('article', '')[:LONGEST]}" if name else ""


def _moved(word: str, sides: Sequence[str]) -> str:
    was, now = sides
    if len(was) > LONGEST or len(now) > LONGEST:
        return f"{word}有修改"
    if not was:
        return f"{word}定为{now}" if now else ""
    return f"{word}由{was}改为{now}" if now else f"{word}“{was}”删去"


def day_words(day: str | None) -> str:
    if not day:
        return ""
    year, month, date = day.split("-")
    return f"{int(year)}年{int(month)}月{int(date)}日"
