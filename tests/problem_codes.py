"""Every code that a refusal may carry, read from the source; run as a program it writes docs/problems.md."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "problems.md"
STATUS = {
    "RegistryError": 400,
    "Invalid": 422,
    "Refused": 409,
    "NotFound": 404,
    "Gone": 410,
    "Ambiguous": 300,
    "Conflict": 409,
    "Stale": 412,
    "Unauthenticated": 401,
    "Forbidden": 403,
    "NotInFile": 416,
    "TooMany": 429,
    "Unavailable": 503,
    "Failed": 500,
}
OF_THE_FRAME = {
    "bad-request": ([422], "请求不符合要求：……（`errors` 逐项说明）"),
    "body-too-large": ([413], "请求的正文太大，没有写入任何内容；请分成几次提交。"),
    "http": ([400], "请求没有成功，请检查地址、方法和正文。"),
    "json-needed": ([415], "正文应是 JSON：请带上请求头 Content-Type: application/json。"),
    "unknown-address": ([404], "没有这个地址，请检查网址。"),
    "unreadable-body": ([400], "请求的正文读不出来：不是 UTF-8 的 JSON，或嵌套层数过多。"),
    "wrong-method": ([405], "这个地址不支持这种请求方法（可用的见 Allow）。"),
    "internal": ([500], "系统出错，没有写入任何内容"),
}
"""Codes that ``app/refusing.py`` gives by itself."""
HEAD = """# Problems

Every refusal of the API is a problem document (RFC 9457): `{"type": "/problems/CODE", "title", "status",
"code", "detail", "facts"}`. Programs go by `code`, which stays; `title` names the kind; `detail` is the
sentence for people and may be worded anew; `facts`, a member of our own, says the same for programs. This page
is written from the source (`python tests/problem_codes.py`), and a test holds its codes against it.

A code that is said in several places may have several statuses: what an address names and is not there is 404, the
same in a body 422.

| code | status | said (…… stands for what is named) |
|---|---|---|
"""


def codes() -> dict[str, tuple[list[int], str]]:
    """code -> (its statuses, the sentence of the first place in the order of files where it is given)."""
    found = dict(OF_THE_FRAME)
    for path in sorted((ROOT / "app").rglob("*.py")):
        if path.parts[-2] in ("bench", "client"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                for keyword in node.keywords:
                    if keyword.arg != "code" or name not in STATUS:
                        continue
                    assert not isinstance(keyword.value, ast.JoinedStr), f"{path}:{node.lineno}: write it out"
                    if not isinstance(keyword.value, ast.Constant):
                        continue
                    said = _words(node.args[0]) if node.args else ""
                    statuses, _ = found.setdefault(str(keyword.value.value), ([], said))
                    if STATUS[name] not in statuses:
                        statuses.append(STATUS[name])
    return found


def _words(node: ast.expr) -> str:
    """A sentence with …… for whatever is put into it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "……" for part in node.values)
    if isinstance(node, ast.BinOp):
        return _words(node.left) + _words(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said":
        return re.sub(r"\{\d+\}", "……", _words(node.args[0]))  # a sentence of the catalogue
    return "……"


def _cell(said: str) -> str:
    return " ".join(said.split()).replace("|", "/")


def page() -> str:
    rows = [
        f"| `{code}` | {', '.join(map(str, sorted(statuses)))} | {_cell(said)} |"
        for code, (statuses, said) in sorted(codes().items())
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(f"{PAGE.write_text(page(), 'utf-8')} characters\n")
