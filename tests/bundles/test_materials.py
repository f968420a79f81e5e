"""Materials once each, with who needs them."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.bundles.materials import once_each

MATERIALS = st.lists(
    st.fixed_dictionaries(
        {
            "key": st.sampled_from(["m1", "m2", "m3"]),
            "name": st.sampled_from(["营业执照", "身份证", "申请表（原件）"]),
        },
        optional={"originals": st.integers(0, 3), "copies": st.integers(0, 3)},
    ),
    max_size=4,
)


@given(st.lists(st.tuples(st.sampled_from("abc"), MATERIALS), max_size=4))
def test_every_asking_is_in_exactly_one_material(members: list[tuple[str, list[dict[str, Any]]]]) -> None:
    joint = once_each(members)
    assert len({one.name for one in joint}) == len(joint)
    asked = [(member, material["key"]) for member, materials in members for material in materials]
    assert sorted((n.member, n.material) for one in joint for n in one.needed_by) == sorted(asked)
    for one in joint:
        numbers = [n.originals for n in one.needed_by if n.originals is not None]
        assert one.originals == (max(numbers) if numbers else None)


def test_brackets_and_widths_do_not_make_two_of_one() -> None:
    (only,) = once_each(
        [
            ("a", [{"key": "m1", "name": "申请表（原件）", "copies": 1, "necessity": "optional"}]),
            ("b", [{"key": "m9", "name": "申请表(原件)", "copies": 2, "necessity": "deferrable"}]),
        ]
    )
    assert only.name == "申请表（原件）"
    assert (only.originals, only.copies, only.required) == (None, 2, False)
    assert [(need.member, need.material) for need in only.needed_by] == [("a", "m1"), ("b", "m9")]
