"""Figures of a document that nobody has checked against it: told apart, and nothing is reckoned from them."""

from __future__ import annotations

from app.rounds.stated import reconcile


def test_what_is_not_confirmed_stands_apart_from_why_numbers_differ():
    stated = {
        "total": 314,
        "parts": [{"words": "取消", "count": 171}, {"words": "下放", "count": 143}],
        "reasons": [
            {"kind": "unconfirmed", "words": "数字未经原文核对"},
            {"kind": "sub_items", "words": "子项单独计数"},
        ],
    }
    told = reconcile(stated, [{"name": "甲", "outcome": "取消"}])
    assert [one["words"] for one in told["unconfirmed"]] == ["数字未经原文核对"]
    assert [one["kind"] for one in told["reasons"]] == ["sub_items"]
    assert any("待确认" in one for one in told["sentences"])


def test_of_a_document_that_was_checked_nothing_is_said():
    told = reconcile({"total": 2, "parts": [{"words": "取消", "count": 2}]}, [])
    assert told["unconfirmed"] == []
    assert not any("待确认" in one for one in told["sentences"])
