"""What is kept of folds is what folding anew comes to, and the states that are shared stay as they are."""

from app.canonical import encode
from app.versions.fold import Effect, fold
from app.versions.folds import Folds

DAY, LATER = "2024-01-01", "2024-02-01"
CREATED = {"name": "甲", "limit": {"value": 20}, "steps": [{"key": "a", "name": "受理"}]}


def effect(seq, *changes, day=DAY, until=None, creates=None):
    return Effect(
        seq,
        seq,
        day,
        until,
        creates=str(seq) if creates else None,
        creates_body=encode(creates) if creates else None,
        changes_body=encode(list(changes)) if changes else None,
    )


FIRST = effect(1, creates=CREATED)
SHORTER = effect(2, {"op": "set", "path": "limit/value", "value": 5})
STEP = effect(3, {"op": "add", "path": "steps", "value": {"key": "b", "name": "审查"}})
ONCE = effect(4, {"op": "set", "path": "name", "value": "乙", "once": {"path": "steps", "keys": ["b"]}})
RENAMED = effect(5, {"op": "set", "path": "name", "value": "丙"})
ANEW = effect(6, creates={"name": "丁"})
FOR_A_TIME = effect(7, {"op": "set", "path": "name", "value": "戊"}, until=LATER)
AFTER = effect(8, {"op": "remove", "path": "limit/value"}, day=LATER)
ASKED = [
    [],
    [FIRST],
    [FIRST, SHORTER],
    [FIRST, SHORTER, STEP],
    [FIRST, STEP],  # as after a void
    [FIRST, ONCE],
    [FIRST, ONCE, STEP],
    [FIRST, ONCE, STEP, RENAMED],  # what waits still comes last
    [FIRST, SHORTER, ANEW],
    [FIRST, FOR_A_TIME],
    [FIRST, FOR_A_TIME, AFTER],
    [SHORTER],
    [FIRST],
]


def test_a_kept_state_is_the_fold_whatever_was_asked_before():
    for begin in range(len(ASKED)):
        folds = Folds()
        shown = []
        for effects in [*ASKED[begin:], *ASKED[:begin]]:
            for day in (DAY, LATER):
                state = folds.on("1", effects, day)
                assert encode(state) == encode(fold(effects, day))
                shown.append((state, encode(state)))
        assert all(encode(state) == then for state, then in shown)


def test_the_same_effects_under_other_seqs_are_not_folded_again():
    folds = Folds()
    thought_of, laid_out = (effect(seq, SHORTER.changes()[0]) for seq in (1 << 60, 9))
    state = folds.on("1", [FIRST, thought_of], DAY)
    assert folds.on("1", [FIRST, laid_out], DAY) is state
    assert folds.on("2", [FIRST, laid_out], DAY) is not state
    assert state["steps"] is folds.on("1", [FIRST, laid_out, RENAMED], DAY)["steps"]
