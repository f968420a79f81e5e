"""What the item stands on still stands: its instruments, its organ.

Sources: 行政许可法 第四条, 第八条 (permits change with the law they rest on), 第二十二条, 第二十三条
(who carries them out).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.checks.finding import Checked, Finding

WORDS = {"ended": "已经废止", "suspended": "暂停施行", None: "还没有施行"}


def basis_in_force(checked: Checked) -> Iterator[Finding]:
    """Each instrument is told once, whatever the number of its articles that are cited."""
    seen = set()
    for citation in checked.item.get("citations") or ():
        target, law = checked.instrument(citation), checked.law(citation)
        if law is None or target in seen or law.status not in WORDS:
            continue
        seen.add(target)
        since = f"自 {law.since} 起" if law.since and law.status else "在这一天"
        message = f"依据《{law.name}》{since}{WORDS[law.status]}，请核对依据，或一并处理这一事项。"
        path = f"citations/{citation['key']}/instrument"
        source = "行政许可法 第四条、第八条"
        yield Finding("basis-not-in-force", "error", message, source, path, target)


def holder_stands(checked: Checked) -> Iterator[Finding]:
    """An item that carries on is held by an organ that stands on the day."""
    holder = checked.item.get("authority")
    if checked.facts is None or not holder:
        return
    organ = checked.facts(holder)
    if organ.status == "ended":
        message = f"实施机关“{organ.name}”在这一天已经撤并，请改为承接其职责的机关。"
        source = "行政许可法 第二十二条、第二十三条"
        yield Finding("holder-ended", "error", message, source, "authority", holder)
