"""Proof, without any registry, that the file of an edition is what was published. Pure.

Proved by the file alone: that list, rows and words are those the signature is over, and that the edition stands in the
log entry told. Whose key it is, and whose log, only something kept elsewhere can say: a public key that is trusted, or
a head (seq, hash) of the log. With neither the file is consistent, and that is all that is said. Fails closed.

A key vouches for what was signed, a head for the log up to it. What is missing in the file is proved to have been taken
away only by an order in a log entry that the head vouches for: anybody can append entries, or leave rows out and call
them not public. Such gaps are counted apart, and nothing is called whole that has one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app import log
from app.canonical import decode, digest, encode
from app.errors import RegistryError
from app.lists.composing import SIGNED, signed
from app.lists.selecting import KINDS
from app.lists.signing import is_signed, key_id
from app.versions.queries import moment

FORMAT = "qingdan-edition-file/1"
PROVED = {
    "format",
    "title",
    "issued_at",
    "edition",
    "signature",
    "public_key",
    "statement",
    "list",
    "rows",
    "missing",
    "log",
}
"""The members of a file that are checked."""


@dataclass(slots=True)
class Verdict:
    """What was found. ``wrong``: the first thing that is not as it should be; None where all agrees."""

    wrong: str | None = None
    title: str = ""
    edition: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    redacted: int = 0
    """Rows whose words were taken away by an order in the log up to the head given."""
    claimed: int = 0
    """Rows of which the file alone says so: no head reaches the order."""
    withheld: int = 0
    """Rows that are not in the file since, as it says, their items are no longer public; nothing can prove it."""
    parts: dict[str, bool] = field(default_factory=dict)
    """Whole parts taken away by order, in words (清单, 签发文件和标题), and whether the order is proved."""
    trusted: bool = False
    """By a key that was known to be the registry's."""
    against_head: bool = False
    """By a head that was kept elsewhere."""
    head: tuple[int, str] | None = None
    """The head that was given, where the file agrees with it."""
    issued_at: str = ""
    """As the log entry has it: a key alone does not vouch for it."""
    last: tuple[int, str] | None = None
    """The last log entry that the file reaches."""
    strange: list[str] = field(default_factory=list)
    """Members of the file that neither signature nor log is over."""

    @property
    def ok(self) -> bool:
        return self.wrong is None

    @property
    def unproved(self) -> int:
        """Rows and parts that are missing by the file's own word."""
        return self.claimed + self.withheld + list(self.parts.values()).count(False)

    @property
    def proved(self) -> bool:
        """What the file shows is what was issued. Whether it shows all of it: ``unproved``."""
        return self.ok and (self.trusted or self.against_head)


@dataclass(slots=True)
class Orders:
    """Contents taken away by order: ``proved`` in entries up to the head given, ``claimed`` in any others."""

    proved: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)


class Wrong(Exception):
    """The first thing that is wrong, in words."""


def prove(
    body: bytes, keys: Collection[str] = (), head: tuple[int, str] | None = None
) -> tuple[Verdict, dict[str, Any]]:
    """Check the file of an edition (JSON). ``keys``: ids of keys that are known to be the registry's. With the verdict
    comes the file as read, empty where it could not be."""
    verdict, document = Verdict(), {}
    try:
        document = _read(body)
        _check(document, keys, head, verdict)
    except Wrong as wrong:
        verdict.wrong = str(wrong)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        OverflowError,
        RegistryError,
    ) as error:
        verdict.wrong = f"文件缺少内容或格式不对（{type(error).__name__}: {error}）"
    return verdict, document


def _read(body: bytes) -> dict[str, Any]:
    try:
        document = decode(body)
    except ValueError as error:
        raise Wrong("不是 JSON 文件") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise Wrong(f"不是带证明的清单文件（format 应为 {FORMAT}）")
    return document


def _check(
    document: dict[str, Any], keys: Collection[str], head: tuple[int, str] | None, verdict: Verdict
) -> None:
    edition = document["edition"]
    verdict.edition, verdict.title = edition, str(document.get("title", ""))
    verdict.strange = sorted(set(document) - PROVED)
    orders = _check_log(document, edition, head, verdict)
    _check_signature(document, edition, keys, verdict)
    _check_part(document["statement"], edition["statement"], "签发文件和标题", orders, verdict)
    _check_part(document["list"], edition["content"], "清单", orders, verdict)
    _check_rows(document, orders, verdict)
    _check_title(document, edition, verdict)


def _check_signature(
    document: dict[str, Any], edition: Mapping[str, Any], keys: Collection[str], verdict: Verdict
) -> None:
    public = document["public_key"]
    if key_id(public) != edition["key"]:
        raise Wrong("文件中的公钥与清单写明的签名密钥不符")
    if not is_signed(public, document["signature"], signed(edition)):
        raise Wrong("签名不符：这份文件不是由写明的密钥签发，或签发后有改动")
    if keys and edition["key"] not in keys and not verdict.against_head:
        raise Wrong("签名密钥不在所给的公钥之中，不能证明是登记簿签发的")
    verdict.trusted = edition["key"] in keys


def _check_part(part: Any, key: str, what: str, orders: Orders, verdict: Verdict) -> None:
    if part is None and key in orders.proved | orders.claimed:
        verdict.parts[what] = key in orders.proved
    elif part is None or digest(encode(part)) != key:
        raise Wrong(f"{what}与签名的哈希不符")


def _check_rows(document: dict[str, Any], orders: Orders, verdict: Verdict) -> None:
    hashes = [] if document["list"] is None else document["list"]["rows"]
    rows, missing = document["rows"], document["missing"]
    if len(hashes) != len(rows):
        raise Wrong(f"应有 {len(hashes)} 项，文件中有 {len(rows)} 项")
    gone = {key for key, row in zip(hashes, rows, strict=True) if row is None}
    if strange := set(missing) - gone:
        raise Wrong(f"文件称缺少的内容（{min(strange)}）不是这一版清单缺少的项")
    for place, (key, row) in enumerate(zip(hashes, rows, strict=True), 1):
        if row is None:
            _check_gap(place, key, missing.get(key), orders, verdict)
        elif digest(encode(row)) != key:
            raise Wrong(f"第 {place} 项与签名的哈希不符")
        else:
            verdict.rows += 1


def _check_gap(place: int, key: str, reason: str | None, orders: Orders, verdict: Verdict) -> None:
    if reason == "redacted" and key in orders.proved:
        verdict.redacted += 1
    elif reason == "redacted" and key in orders.claimed:
        verdict.claimed += 1
    elif reason == "withheld":
        verdict.withheld += 1
    else:
        raise Wrong(f"第 {place} 项不在文件中，日志里也没有删改它的命令")


def _check_title(document: dict[str, Any], edition: Mapping[str, Any], verdict: Verdict) -> None:
    """What a reader sees first is no part of what is signed: it follows from it."""
    head, told = document["statement"] or {}, document["list"] or {}
    name = head.get("title") or told.get("title") or KINDS[edition["kind"]]
    if document["title"] != f"{name}（第{edition['number']}版）":
        raise Wrong("文件写的标题与签名的内容不符")
    if document["issued_at"] != moment(document["log"][0]["recorded_at"]):
        raise Wrong("文件写的签发时间与日志条目的不符")
    verdict.issued_at = document["issued_at"]
    for name, place in (("kind", "kind"), ("owner", "owner"), ("on", "on_day")):
        if told and told[name] != edition[place]:
            raise Wrong("清单的种类、主体或日期与签名的不符")


def _check_log(
    document: dict[str, Any], edition: Mapping[str, Any], head: tuple[int, str] | None, verdict: Verdict
) -> Orders:
    """Follow the chain from the edition's own entry on. Returns the contents that it redacts by order."""
    entries = document["log"]
    orders = Orders()
    found: dict[int, str] = {}
    prev, last = entries[0]["prev"], 0
    for entry in entries:
        if entry["format"] == "entry/1" or entry["format"] not in log.ENTRY_FORMATS:
            raise Wrong(f"不认识的日志格式 {entry['format']}，请用更新的程序核验")
        if entry["seq"] <= last:
            raise Wrong("日志条目的次序不对")
        chain = log.Chain(prev, entry["seq"], entry["recorded_at"], entry["format"])
        if "lines" in entry:
            for name, *values in entry["lines"]:
                chain.add(name, values)
                if name == "redaction/1":
                    known = head is not None and entry["seq"] <= head[0]
                    (orders.proved if known else orders.claimed).add(
                        values[log.FORMATS[name][1].index("content")]
                    )
            prev = chain.digest()
        else:
            prev = log.linked(entry["format"], entry["seq"], entry["recorded_at"], prev, entry["rows"])
        last = entry["seq"]
        found[last] = prev
    verdict.last = (last, prev)
    _check_included(entries[0]["lines"], edition, document["signature"])
    if head is not None:
        _check_head(found, head, entries[0]["seq"])
        verdict.against_head, verdict.head = True, head
    return orders


def _check_included(lines: list[list[Any]], edition: Mapping[str, Any], signature: str) -> None:
    names = log.FORMATS["edition/1"][1]
    wanted = [edition.get(name) for name in SIGNED] + [signature]
    for name, *values in lines:
        told = dict(zip(names, values, strict=False))
        if name == "edition/1" and [*(told.get(one) for one in SIGNED), told.get("signature")] == wanted:
            return
    raise Wrong("日志条目中没有这一版清单")


def _check_head(found: Mapping[int, str], head: tuple[int, str], first: int) -> None:
    seq, expected = head
    if seq < first:
        raise Wrong(f"所给的日志头（{seq}）早于这一版清单（{first}），不能证明它；请用签发之后留存的日志头")
    if seq not in found:
        raise Wrong(f"文件中的日志只到 {max(found)}，没有序号 {seq} 的条目；请重新下载这一版清单")
    if found[seq] != expected:
        raise Wrong(f"序号 {seq} 的日志哈希与留存的不符：文件不是出自那个登记簿，或此前的记录被改写")
