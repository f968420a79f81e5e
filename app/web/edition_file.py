"""An edition as the files that people carry: its facts in words, and the proof where a form can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection

from app.exchange.list_files import ListFile, written
from app.lists import carrying
from app.lists.reading import Issued, Rows
from app.web.rendering import day, instant

CARRY = ("json", "xlsx")
"""Forms that hold their own proof."""


def document_words(document: Mapping[str, Any]) -> str:
    """The document an edition was issued with, in a line."""
    title = f"《{document['title']}》" if document.get("title") else ""
    number = f"（{document['number']}）" if title and document.get("number") else document.get("number") or ""
    issuer = f"，{document['issuer']}" if document.get("issuer") else ""
    return f"{title}{number}{issuer}"


def edition_file(
    connection: Connection, edition: Issued, rows: Rows, form: str, base: str, font: str, recorded_at: int
) -> bytes:
    """As one of ``json``, ``xlsx``, ``csv``, ``docx``, ``pdf``."""
    if form == "json":
        return orjson.dumps(carrying.carried(connection, edition), option=orjson.OPT_INDENT_2)
    row = edition.row
    notes = [f"{count} 项{words}" for words, count in left_out(rows).items() if count]
    made = ListFile(
        title=edition.title,
        facts=[
            ("签发文件", document_words(edition.document) or "已依令删改"),
            ("日期", f"以 {day(row['on_day'])}为准，{instant(edition.recorded_at)}签发"),
            ("数目", "，".join([f"{len({item for item, _ in rows.lines})} 项", *notes])),
            ("版本编号", row["id"]),
            ("内容指纹", row["content"]),
            ("签名密钥", row["key"]),
            (
                "核验",
                "本文件携带证明，可用 qingdan verify --edition 离线核验。"
                if form in CARRY
                else "本文件只写明版本和指纹；离线核验请下载同一版的 JSON 或 XLSX。",
            ),
        ],
        note=(edition.frozen or {}).get("note", ""),
        heads=edition.heads or ["编码", "事项名称"],
        lines=[cells for _, cells in rows.lines],
        footer=f"{edition.title}，版本 {row['id']}，内容指纹 {row['content'][:16]}…",
        address=f"{base}/editions/{row['id']}",
        made_at=recorded_at,
        proof=carrying.carried(connection, edition) if form == "xlsx" else None,
    )
    return written(made, form, font)


def left_out(rows: Rows) -> dict[str, int]:
    """Why rows are not told, and how many."""
    reasons = list(rows.missing.values())
    return {"依令删改": reasons.count("redacted"), "已不公开": reasons.count("withheld")}
