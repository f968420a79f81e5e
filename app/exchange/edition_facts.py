"""What the files of an edition say of it in words. It follows from what the edition's proof holds, so that whoever
checks a file can work it out again: a change of these words makes older files differ from what is expected."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from app.exchange.days import day, instant
from app.exchange.list_files import ListFile

REASONS = {"redacted": "依令删改", "withheld": "已不公开"}
CARRIES = "本文件携带证明，可用 qingdan verify --edition 离线核验。"
CARRIES_NOT = "本文件只写明版本和指纹；离线核验请下载同一版的 JSON 或 XLSX。"


def document_words(document: Mapping[str, Any]) -> str:
    """The document an edition was issued with, in a line."""
    title = f"《{document['title']}》" if document.get("title") else ""
    number = f"（{document['number']}）" if title and document.get("number") else document.get("number") or ""
    issuer = f"，{document['issuer']}" if document.get("issuer") else ""
    return f"{title}{number}{issuer}"


def left_out(reasons: Iterable[str]) -> dict[str, int]:
    """Why rows are not told, in words, and how many."""
    counted = Counter(reasons)
    return {words: counted[reason] for reason, words in REASONS.items()}


def list_file(shown: Mapping[str, Any], base: str, carries: bool) -> ListFile:
    """``shown``: as ``carrying.shown`` has it, or the file that carries the proof. ``base``: where the site is;
    ``carries``: the file is to hold its proof."""
    edition, frozen = shown["edition"], shown["list"] or {}
    rows = [row for row in shown["rows"] if row]
    notes = [f"{count} 项{words}" for words, count in left_out(shown["missing"].values()).items() if count]
    document = (shown["statement"] or {}).get("document", {})
    at = dt.datetime.fromisoformat(shown["issued_at"].replace("Z", "+00:00"))
    return ListFile(
        title=shown["title"],
        facts=[
            ("签发文件", document_words(document) or "已依令删改"),
            ("日期", f"以 {day(edition['on_day'])}为准，{instant(shown['issued_at'])}签发"),
            ("数目", "，".join([f"{len(rows)} 项", *notes])),
            ("版本编号", edition["id"]),
            ("内容指纹", edition["content"]),
            ("签名密钥", edition["key"]),
            ("核验", CARRIES if carries else CARRIES_NOT),
        ],
        note=frozen.get("note", ""),
        heads=frozen.get("heads") or ["编码", "事项名称"],
        lines=[line for row in rows for line in row["lines"]],
        footer=f"{shown['title']}，版本 {edition['id']}，内容指纹 {edition['content'][:16]}…",
        address=f"{base}/editions/{edition['id']}",
        made_at=int(at.timestamp()),
    )
