"""verify --edition: whether the file of an edition is what was published. Needs no registry and no network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from app.canonical import decode
from app.cli.opening import find_registry
from app.errors import Invalid
from app.exchange.list_files import proof_in
from app.exchange.tables import csv_of
from app.lists import signing
from app.lists.proving import Verdict, prove
from app.settings import Settings

console = Console()
NAMED_ONLY = {".pdf": "PDF", ".docx": "Word 文档"}


def verify_edition(
    settings: Settings, file: Path, proof: Path | None, keys: Sequence[str], head: tuple[int, str] | None
) -> None:
    """Tell what the file proves; exit status 1 where something in it is wrong."""
    trusted = _keys_given(keys) if keys else _keys_here(settings)
    verdict = checked(file, proof, trusted, head)
    if not verdict.ok:
        print(f"核验不通过：{file.name}：{verdict.wrong}", file=sys.stderr)
        raise typer.Exit(1)
    _tell(verdict)


def checked(file: Path, proof: Path | None, keys: Sequence[str], head: tuple[int, str] | None) -> Verdict:
    """By the form of the file: JSON and XLSX carry their proof, CSV needs that of the same edition. Raises Invalid."""
    form, body = file.suffix.lower(), file.read_bytes()
    if form in NAMED_ONLY:
        raise Invalid(
            f"{NAMED_ONLY[form]}只写明版次和指纹，不携带证明；请核验同一版的 JSON 或 XLSX，再对照其中的指纹。",
            code="no-proof",
        )
    if form == ".csv":
        if proof is None:
            raise Invalid(
                "CSV 不携带证明，请用 --proof 给出同一版的 JSON 文件："
                "qingdan verify --edition 清单.csv --proof 清单.json",
                code="proof-needed",
            )
        return _compared(*prove(proof.read_bytes(), keys, head), body, None)
    if form == ".xlsx":
        carried, table = proof_in(body)
        return _compared(*prove(carried, keys, head), None, table)
    return prove(body, keys, head)[0]


def _compared(
    verdict: Verdict, document: dict[str, object], text: bytes | None, table: list[list[str]] | None
) -> Verdict:
    """The table that people see against the rows that are proved."""
    if not verdict.ok:
        return verdict
    told: dict[str, object] = document["list"] or {}  # type: ignore[assignment]
    heads: list[str] = told.get("heads", [])  # type: ignore[assignment]
    rows: list[dict[str, list[list[str]]] | None] = document["rows"]  # type: ignore[assignment]
    lines = [line for row in rows if row for line in row["lines"]]
    if text is not None and text != csv_of(heads, lines):
        verdict.wrong = "表格内容与所证明的清单不符：下载后有改动，或不是同一版"
    if table is not None:
        expected = [list(heads), *([cell[:32_767] for cell in line] for line in lines)]
        place = next(
            (n for n, (a, b) in enumerate(zip(table, expected, strict=False), 1) if _ragged(a, b)), None
        )
        if place or len(table) != len(expected):
            where = f"第 {place} 行" if place else "行数"
            verdict.wrong = f"表格内容与所证明的清单不符（{where}）：下载后有改动"
    return verdict


def _ragged(found: list[str], expected: list[str]) -> bool:
    """Whether two rows differ; line ends are as a workbook keeps them."""
    return [cell.replace("\r\n", "\n").replace("_x000D_", "") for cell in found] != [
        cell.replace("\r\n", "\n").replace("\r", "") for cell in expected
    ]


def _tell(verdict: Verdict) -> None:
    by = [
        words
        for words, true in (("受信任的公钥", verdict.trusted), ("留存的日志头", verdict.against_head))
        if true
    ]
    console.print(f"{verdict.title}（{verdict.edition['id']}）", soft_wrap=True)
    left = [(verdict.redacted, "依令删改"), (verdict.withheld, "已不公开，只有哈希")]
    told = "".join(f"，{count} 项{words}" for count, words in left if count)
    console.print(f"签名、哈希和日志条目一致：{verdict.rows} 项{told}。", soft_wrap=True)
    if verdict.proved:
        console.print(f"已证明是登记簿签发的原样（依据：{'、'.join(by)}）。")
    else:
        console.print(
            "还不能断言出自登记簿：请用 --key 给出可信的公钥或指纹，或用 --head 给出签发后留存的日志头。",
            soft_wrap=True,
        )
    console.print(f"签名密钥 {verdict.edition['key']}", soft_wrap=True)
    if verdict.last:
        console.print(f"文件中的日志到 {verdict.last[0]}:{verdict.last[1]}", soft_wrap=True)


def _keys_here(settings: Settings) -> list[str]:
    """Those of this machine's registry, where there is one."""
    path = settings.data_dir / "qingdan.db"
    if not settings.database_url and not path.exists():
        return []
    database = find_registry(settings)
    if database is None:
        return []
    with database.reading() as session:
        return [one["id"] for one in signing.recorded(session.connection())]


def _keys_given(given: Sequence[str]) -> list[str]:
    found: list[str] = []
    for one in given:
        path = Path(one)
        found += _keys_in(path.read_text("utf-8") if path.is_file() else one)
    return found


def _keys_in(text: str) -> list[str]:
    """Ids of keys: of a saved answer of /api/v1/keys those that were used, or public keys or ids in hexadecimal."""
    try:
        if text.lstrip().startswith("{"):
            return [signing.key_id(one["public"]) for one in decode(text.encode())["keys"] if one["seq"]]
        words = text.split()
        if words and all(len(bytes.fromhex(word)) == 32 for word in words):
            return [one for word in words for one in (word.lower(), signing.key_id(word))]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"读不出公钥：{error}", code="bad-key") from error
    raise Invalid("公钥应为 64 位十六进制（公钥或其指纹），或 /api/v1/keys 存下的文件。", code="bad-key")
