"""What a decision bears on is told to its reviewer; a transfer's new code ends the former one of its scheme."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content

from app.changes.rehearsing import rehearse
from app.changes.warnings import warnings_of
from app.versions.orders import code_key

DAY = "2026-10-01"
EVE = "2026-09-30"
WATER = "11511301008778386B"
OLD = f"511A0015200005-511602000000-000-{WATER}-1-00"
NEW = "511A0015200005-511602000000-000-11511301008778255F-1-00"


def warned(office, *decisions, **asked):
    """The warnings of a draft about what it bears on, by code."""
    changeset = office.draft(*decisions, **asked)
    with office.database.reading() as session:
        found = rehearse(session, changeset.id, TODAY)["warnings"]
    return [one for one in found if "subjects" in one]


def transfer(office, item, *codes, **more):
    made = {**adjust(item, DAY, office.traffic, "authority"), "outcome": "transfer", **more}
    return {**made, "codes": list(codes)} if codes else made


def impl(value, **more):
    return {"scheme": "sichuan-impl", "value": value, **more}


@pytest.fixture
def coded(office):
    """The first item with a base code and an implementation code of the water bureau, as Sichuan issues them."""
    codes = [
        impl(OLD, issuer="四川"),
        {"scheme": "sichuan-base", "value": "511A0015200005", "issuer": "四川"},
    ]
    office.publish_change(
        {"outcome": "adjust", "subject": office.items[0], "effective_from": TODAY, "codes": codes},
        {**adjust(office.water, TODAY, "水务", "short_names"), "kind": "authority",
         "codes": [{"scheme": "uscc", "value": WATER}],
         "changes": []},
    )  # fmt: skip
    return office


def values(office, day, item=None):
    return {code["value"] for code in office.on(item or office.items[0], day).codes}


# --- a transfer's codes


@pytest.mark.parametrize("issuer", [{"issuer": "四川"}, {}])
def test_a_new_code_ends_the_former_one_of_its_scheme_on_that_day(coded, issuer):
    item = coded.items[0]
    coded.publish_change(transfer(coded, item, impl(NEW, **issuer)))
    assert OLD in values(coded, EVE)
    assert NEW not in values(coded, EVE)
    assert values(coded, DAY) == {NEW, "511A0015200005", "X1"}
    held = {code["value"]: code.get("issuer", "") for code in coded.on(item, DAY).codes}
    assert held[NEW] == "四川"
    ends = coded.scalars(f"SELECT valid_to FROM code_interval WHERE value = '{OLD}'")
    assert ends == [DAY]
    assert len(coded.acts(item)) == 3  # one decision did both
    coded.assert_sound()


def test_a_code_of_another_issuer_stays_and_one_given_again_too(coded):
    item = coded.items[0]
    other = impl("J-1", issuer="区")
    coded.publish_change(transfer(coded, item, other))
    assert values(coded, DAY) >= {OLD, "J-1"}
    back = {
        **transfer(coded, item, impl(OLD, issuer="四川"), impl(NEW, issuer="四川")),
        "effective_from": "2026-10-02",
    }
    back["changes"] = [{"op": "set", "path": "authority", "value": coded.water}]
    coded.publish_change(back)
    assert values(coded, "2026-10-02") >= {OLD, NEW, "J-1"}
    coded.assert_sound()


def test_what_the_transfer_takes_away_itself_is_taken_once(coded):
    made = transfer(coded, coded.items[0], impl(NEW, issuer="四川"))
    made["changes"].append({"op": "remove", "path": f"codes/{code_key('sichuan-impl', OLD)}"})
    coded.publish_change(made)
    assert values(coded, DAY) == {NEW, "511A0015200005", "X1"}


def test_an_adjustment_adds_a_code_beside_the_others(coded):
    item = coded.items[0]
    coded.publish_change(
        {"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": [impl(NEW, issuer="四川")]}
    )
    assert values(coded, DAY) >= {OLD, NEW}


def test_a_code_of_the_former_organ_that_stays_is_told(coded):
    item = coded.items[0]
    (found,) = warned(coded, transfer(coded, item))
    assert (found["code"], found["position"], found["subjects"]) == ("former-organ-code", 1, [item])
    assert OLD in found["message"]
    assert "广安区水务局" in found["message"]
    assert "广安区交通运输局" in found["message"]
    assert warned(coded, transfer(coded, item, impl(NEW))) == []
    assert warned(coded, transfer(coded, coded.items[1])) == []


def test_organs_of_one_name_are_told_apart(coded):
    publish = {"kind": "authority", "outcome": "rename", "subject": coded.traffic, "effective_from": TODAY}
    coded.publish_change(publish | {"changes": [{"op": "set", "path": "name", "value": "广安区水务局"}]})
    (found,) = warned(coded, transfer(coded, coded.items[0]))
    assert "由“广安区水务局（" in found["message"]
    assert f"调整给“广安区水务局（{coded.traffic}）”" in found["message"]


def test_a_merger_that_carries_items_on_is_told_once(coded):
    coded.publish_change(
        {"outcome": "adjust", "subject": coded.items[1], "effective_from": TODAY, "codes": [impl(f"2{OLD}")]}
    )
    merge = {
        "kind": "authority", "outcome": "merge", "effective_from": DAY, "carry_items": True,
        "origins": [{"subject": coded.water}, {"subject": coded.traffic}],
        "results": [{"content": {"name": "广安区建设局", "region": coded.district}}],
    }  # fmt: skip
    (found,) = warned(coded, merge)
    assert found["code"] == "former-organ-code"
    assert found["subjects"] == sorted(coded.items[:2])
    assert "共 2 项" in found["message"]
    assert "“广安区建设局”" in found["message"]


# --- what ends under others


@pytest.fixture
def based(office):
    """An instrument and an entry on which all three items rest; the third is internal."""
    office.publish_change(
        {"kind": "instrument", "outcome": "enact", "ref": "law", "effective_from": TODAY,
         "content": {"title": "广安区取水办法", "rank": "normative_document"}},
        {"kind": "entry", "outcome": "add", "ref": "entry", "effective_from": TODAY,
         "content": {"name": "取水许可", "type": "01"}},
        *(
            {"outcome": "adjust", "subject": item, "effective_from": TODAY, "changes": [
                {"op": "set", "path": "entry", "value": "@entry"},
                {"op": "add", "path": "citations", "value": {"key": "c1", "role": "setting", "instrument": "@law"}},
                *([{"op": "set", "path": "visibility", "value": "internal"}] if item == office.items[2] else ()),
            ]}
            for item in office.items
        ),
    )  # fmt: skip
    (law,) = office.scalars("SELECT id FROM subject WHERE kind = 'instrument'")
    (entry,) = office.scalars("SELECT id FROM subject WHERE kind = 'entry'")
    return office, law, entry


def test_a_repeal_tells_what_rests_on_it_and_a_cancelled_entry_what_implements_it(based):
    office, law, entry = based
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": law, "effective_from": DAY}
    cancel = {"kind": "entry", "outcome": "cancel", "subject": entry, "effective_from": DAY}
    found = warned(office, repeal, cancel)
    assert [(one["code"], one["position"]) for one in found] == [
        ("rests-on-repealed", 1),
        ("implements-cancelled", 2),
    ]
    for one in found:
        assert "3 个" in one["message"]
        assert "“取水许可1”、“取水许可2”等 3 个" in one["message"]
        assert "取水许可3" not in one["message"]
        assert one["subjects"] == sorted(office.items[:2])
    assert "“广安区取水办法”自 2026-10-01 起废止" in found[0]["message"]


def test_what_the_changeset_settles_is_not_told(based):
    office, law, _entry = based
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": law, "effective_from": DAY}
    cancels = [{"outcome": "cancel", "subject": item, "effective_from": DAY} for item in office.items[1:]]
    (found,) = warned(office, repeal, *cancels)
    assert found["subjects"] == office.items[:1]
    assert "1 个" in found["message"]
    gone = {"outcome": "adjust", "subject": office.items[0], "effective_from": DAY,
            "changes": [{"op": "remove", "path": "citations/c1"}]}  # fmt: skip
    assert warned(office, repeal, gone, *cancels) == []


# --- codes that others hold


def new(office, name, *codes, region=None):
    content = item_content(name, office.water, region or office.district)
    return {"outcome": "add", "effective_from": DAY, "content": content, "codes": list(codes)}


def test_a_code_that_another_live_item_holds_is_told(coded):
    (found,) = warned(coded, new(coded, "新许可", {"scheme": "local", "value": "X2"}))
    assert (found["code"], found["field"], found["subjects"]) == ("code-held", "codes/0", [coded.items[1]])
    assert "X2" in found["message"]
    assert "“取水许可2”" in found["message"]
    ended = {"outcome": "cancel", "subject": coded.items[1], "effective_from": DAY}
    assert warned(coded, new(coded, "新许可", {"scheme": "local", "value": "X2"}), ended) == []
    twice = [new(coded, f"新许可{n}", {"scheme": "local", "value": "Y"}) for n in (1, 2)]
    assert [one["position"] for one in warned(coded, *twice)] == [1, 2]


def test_a_base_code_is_told_within_its_region_alone(coded):
    base = {"scheme": "sichuan-base", "value": "511A0015200005"}
    (found,) = warned(coded, new(coded, "新许可", base))
    assert "同一地区" in found["message"]
    assert found["subjects"] == [coded.items[0]]
    assert warned(coded, new(coded, "新许可", base, region=coded.town)) == []


def test_a_published_changeset_is_not_asked_for_a_basis_any_more(office):
    body = {"kind": "item", "outcome": "cancel"}
    assert [one["code"] for one in warnings_of({}, [body])] == ["basis-needed"]
    assert warnings_of({}, [body], over=True) == []
