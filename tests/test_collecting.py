"""The collector is put back as it was, however bulk work overlaps or ends."""

from __future__ import annotations

import gc

import pytest

from app.collecting import few_collections


def test_the_last_to_leave_puts_it_back() -> None:
    usual, frozen = gc.get_threshold(), bool(gc.get_freeze_count())
    first, second = few_collections(), few_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() != usual, "another is still at it"
    second.__exit__(None, None, None)
    assert (gc.get_threshold(), bool(gc.get_freeze_count())) == (usual, frozen)


def test_it_is_put_back_after_an_error() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="bad"), few_collections():
        raise ValueError("bad")
    assert gc.get_threshold() == usual


def test_what_a_server_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with few_collections():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
