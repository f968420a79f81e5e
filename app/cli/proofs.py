"""verify --edition: whether the file of an edition is what was published. Needs no registry and no network."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from app.canonical import decode
from app.cli.opening import find_registry
from app.errors import Invalid
from app.exchange.days import instant
from app.exchange.edition_facts import list_file
from app.exchange.list_files import LIST_SHEET, PROOF_SHEET, ListFile, Workbook, as_csv, proof_in, said
from app.lists import signing
from app.lists.proving import Verdict, prove
from app.settings import Settings

console = Console()
INCOMPLETE = 3
"""Exit status; 2 is a wrong command line."""
NAMED_ONLY = {".pdf": "PDF", ".docx": "Word 文档"}


def verify_edition(
    settings: Settings, file: Path, proof: Path | None, keys: Sequence[str], head: tuple[int, str] | None
) -> None:
    """Tell what the file proves; exit status 1 where something in it is wrong, ``INCOMPLETE`` where what it shows is
    right and something is missing by its own word."""
    trusted = _keys_given(keys) if keys else _keys_here(settings)
    verdict = checked(file, proof, trusted, head)
    if not verdict.ok:
        print(f"核验不通过：{file.name}：{verdict.wrong}", file=sys.stderr)
        raise typer.Exit(1)
    _tell(verdict, file.suffix.lower())
    if verdict.unproved:
        raise typer.Exit(INCOMPLETE)


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
        book = proof_in(body)
        return _compared(*prove(book.proof, keys, head), None, book)
    return prove(body, keys, head)[0]


def _compared(
    verdict: Verdict, document: dict[str, Any], text: bytes | None, book: Workbook | None
) -> Verdict:
    """What people see against what is proved."""
    if not verdict.ok:
        return verdict
    made = list_file(document, "", book is not None)
    if text is not None and text != as_csv(made):
        verdict.wrong = "表格内容与所证明的清单不符：下载后有改动，或不是同一版"
    if book is not None:
        verdict.wrong = _differs(book, made)
    return verdict


def _differs(book: Workbook, made: ListFile) -> str | None:
    """Where a workbook is not what its proof says; of the address only the part after the site is known."""
    if book.sheets != [LIST_SHEET, PROOF_SHEET]:
        return f"工作簿应只有“{LIST_SHEET}”和“{PROOF_SHEET}”两张工作表：下载后有改动"
    *about, address = said(made)
    table = [list(made.heads), *([cell[:32_767] for cell in line] for line in made.lines)]
    where = _first_unlike(book.table, table)
    if where:
        return f"表格内容与所证明的清单不符（{where}）：下载后有改动"
    where = _first_unlike(book.said[:-1], [list(pair) for pair in about])
    last = book.said[-1] if book.said else []
    if where or last[:1] != [address[0]] or len(last) != 2 or not last[1].endswith(address[1]):
        return f"“{PROOF_SHEET}”一表写的与所证明的不符（{where or address[0]}）：下载后有改动"
    return None


def _first_unlike(found: list[list[str]], expected: list[list[str]]) -> str | None:
    place = next((n for n, (a, b) in enumerate(zip(found, expected, strict=False), 1) if _ragged(a, b)), None)
    if place:
        return f"第 {place} 行"
    return "行数" if len(found) != len(expected) else None


def _ragged(found: list[str], expected: list[str]) -> bool:
    """Whether two rows differ; line ends are as a workbook keeps them."""
    return [cell.replace("\r\n", "\n").replace("_x000D_", "") for cell in found] != [
        cell.replace("\r\n", "\n").replace("\r", "") for cell in expected
    ]


def _tell(verdict: Verdict, form: str) -> None:
    def say(words: str) -> None:
        console.print(words, soft_wrap=True)

    say(f"{verdict.title}（{verdict.edition['id']}）")
    told = f"，{verdict.redacted} 项依令删改" if verdict.redacted else ""
    say(f"签名、哈希和日志条目一致：{verdict.rows} 项{told}。")
    for what, proved in verdict.parts.items():
        if proved:
            say(f"{what}已依令删改，日志中有命令。")
    for words in (*_conclusion(verdict), *_beyond(verdict, form)):
        say(words)
    say(f"签名密钥 {verdict.edition['key']}")
    if verdict.last:
        own = "" if verdict.last == verdict.head else "（文件自述）"
        say(f"文件中的日志到 {verdict.last[0]}:{verdict.last[1]}{own}")


def _conclusion(verdict: Verdict) -> Iterator[str]:
    by = "、".join(
        words
        for words, true in (("受信任的公钥", verdict.trusted), ("留存的日志头", verdict.against_head))
        if true
    )
    if not verdict.proved:
        yield "还不能断言出自登记簿：请用 --key 给出可信的公钥或指纹，或用 --head 给出签发后留存的日志头。"
    elif verdict.unproved:
        yield f"文件所列的内容已证明出自登记簿签发的这一版（依据：{by}），但文件不完整。"
    elif verdict.redacted or verdict.parts:
        yield f"已证明是登记簿签发的，依令删改的以外与签发时一致（依据：{by}）。"
    else:
        yield f"已证明是登记簿签发的原样（依据：{by}）。"
    if verdict.withheld:
        yield (
            f"有 {verdict.withheld} 项没有列出，文件称已不公开；文件不能证明是谁隐去的，请到登记簿核对这一版。"
        )
    claimed = [f"{verdict.claimed} 项"] if verdict.claimed else []
    claimed += [what for what, proved in verdict.parts.items() if not proved]
    if claimed:
        yield (
            f"有{'、'.join(claimed)}没有列出，文件称已依令删改；命令不在 --head 所给日志头之内，不能证明。"
            "请用删改之后留存的日志头核验。"
        )


def _beyond(verdict: Verdict, form: str) -> Iterator[str]:
    """What is in the file, or told above, and not proved."""
    if not verdict.against_head:
        yield f"签发时间 {instant(verdict.issued_at)} 是文件自述，用 --head 才能证明。"
    if verdict.strange:
        yield f"文件中的 {'、'.join(verdict.strange)} 不在签名和日志之内，没有核验。"
    if form == ".xlsx":
        yield "工作簿核对的是单元格的文字；隐藏的行、批注、图片和网址中的主机名没有核对。"


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
