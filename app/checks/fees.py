"""Fees: by law alone, with their standard disclosed.

Sources: 行政许可法 第五十八条 (no fee for a permit unless a law or administrative regulation says so), 第五十九条 (by
the published item and standard). Of what is no permit: 优化营商环境条例 第二十五条, 政府信息公开条例 第二十条 (fees,
their basis and standard are published).
"""

from __future__ import annotations

from collections.abc import Iterator

from app.checks.finding import Checked, Finding

BY_LAW = "行政许可法 第五十八条、第五十九条"
BY_LAW_ELSE = "优化营商环境条例 第二十五条；政府信息公开条例 第二十条"


def fees_told(checked: Checked) -> Iterator[Finding]:
    """An item that charges says for what, how much and on what basis; one that does not has no fees."""
    item = checked.item
    fees = item.get("fees") or ()
    source = BY_LAW if checked.is_permit else BY_LAW_ELSE
    if item.get("charged") is True and not fees:
        message = "写明收费，却没有收费项目，请补上项目、标准和依据。"
        yield Finding("fee-not-told", "error", message, source, "fees")
    if item.get("charged") is False and fees:
        message = f"写明不收费，却列有收费项目“{fees[0]['name'][:30]}”，请核对。"
        yield Finding("fee-contradicts", "error", message, source, "charged")
    if item.get("charged") is False and item.get("online_payment"):
        message = "写明不收费，却支持网上支付，请核对。"
        yield Finding("payment-without-fee", "note", message, source, "online_payment")
    cited = any(one.get("role") == "fee" for one in item.get("citations") or ())
    for fee in fees:
        if not fee.get("basis") and not cited:
            rule = "；没有法律、行政法规依据的不得收费" if checked.is_permit else ""
            message = f"收费项目“{fee['name'][:30]}”没有依据{rule}，请补上。"
            yield Finding("fee-without-basis", "error", message, source, f"fees/{fee['key']}/basis")
        if not fee.get("standard"):
            message = f"收费项目“{fee['name'][:30]}”没有收费标准，请补上。"
            yield Finding("fee-without-standard", "error", message, source, f"fees/{fee['key']}/standard")
