"""Keys are given once, a change finds what it names, and what is referred to stands on the day."""

from __future__ import annotations

import pytest
from registry import TODAY, adjust, item_content
from test_review import refused

from app.changes import kinds
from app.errors import Invalid, Refused
from app.versions.orders import Act, Order, Part, add_code, code_key
from app.versions.recording import record

DAY = "2026-10-01"


def changed(item, *changes, day=DAY, **more):
    return {"outcome": "adjust", "subject": item, "effective_from": day, "changes": list(changes), **more}


def set_(path, value):
    return {"op": "set", "path": path, "value": value}


def add(path, key, **more):
    return {"op": "add", "path": path, "value": {"key": key, "name": f"材料{key}", **more}}


# --- a key is given once --------------------------------------------------------------------------------


def test_a_list_of_elements_is_not_set_whole(office):
    whole = set_("materials", [{"key": "m1", "name": "别的"}])
    assert refused(office, changed(office.items[0], whole)).code == "elements-one-by-one"
    office.publish_change(changed(office.items[0], add("variants", "v1")))
    nested = set_("variants/v1/materials", [{"key": "m1", "name": "别的"}])
    with pytest.raises(Invalid) as refusal:
        office.draft(changed(office.items[0], nested))
    assert refusal.value.code == "elements-one-by-one"


def test_none_needed_may_be_said_at_once(office):
    office.publish_change(changed(office.items[0], set_("materials", [])))
    assert office.on(office.items[0], DAY).document()["materials"] == []


def test_a_removed_key_never_comes_back(office):
    item = office.items[0]
    office.publish_change(changed(item, add("materials", "m3")))
    office.publish_change(changed(item, {"op": "remove", "path": "materials/m3"}, day="2026-10-02"))
    office.publish_change(changed(item, {"op": "remove", "path": "materials/m1"}, day="2026-10-02"))
    office.publish_change(changed(item, set_("materials", []), day="2026-10-03"))
    for key in ("m1", "m2", "m3"):
        with pytest.raises(Invalid) as refusal:
            office.draft(changed(item, add("materials", key), day="2026-10-04"))
        assert (refusal.value.code, refusal.value.detail["field"]) == ("key-used", f"materials/{key}")
    office.publish_change(changed(item, add("materials", "m4"), day="2026-10-04"))


def test_a_key_within_an_added_element_counts_as_given(office):
    item = office.items[0]
    office.publish_change(changed(item, add("variants", "v1", materials=[{"key": "n1", "name": "内"}])))
    office.publish_change(
        changed(item, {"op": "remove", "path": "variants/v1/materials/n1"}, day="2026-10-02")
    )
    with pytest.raises(Invalid) as refusal:
        office.draft(changed(item, add("variants/v1/materials", "n1"), day="2026-10-03"))
    assert refusal.value.detail["field"] == "variants/v1/materials/n1"


def test_twice_in_one_decision_is_once_too_often(office):
    twice = changed(office.items[0], add("materials", "m9"), add("materials", "m9"))
    assert refused(office, twice).code == "key-used"


def test_an_element_keeps_its_key(office):
    renamed = changed(office.items[0], set_("materials/m1/key", "m9"))
    assert refused(office, renamed).code == "key-given-once"


# --- a change finds what it names ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        set_("materials/m9/copies", 2),
        set_("materials/m1", {"name": "x"}),
        set_("promised_limit/value/deeper", 2),
        set_("variants/v1/promised_limit/value", 2),
        set_("note", None),
        set_("no_such_field", None),
        set_("materials/m1/note", None),
        {"op": "remove", "path": "materials/m9"},
        {"op": "remove", "path": "materials"},
        {"op": "remove", "path": "promised_limit/value"},
        {"op": "remove", "path": "codes/local:X9"},
        add("materials/m9/parts", "k"),
        add("name", "k"),
        {**add("materials", "k"), "after": "m9"},
        {"op": "order", "path": "fees", "keys": ["f1"]},
        {"op": "order", "path": "materials", "keys": ["m2", "m9"]},
        {"op": "order", "path": "promised_limit", "keys": ["m2"]},
    ],
)
def test_a_change_to_nothing_is_refused_by_name(office, change):
    for changes in ([change], [set_("note", "真的"), change]):
        if change["path"] == "note":
            changes = [change, set_("consult_phone", "01234")]
        error = refused(office, changed(office.items[0], *changes))
        assert (error.code, error.detail["field"]) == ("no-such-path", change["path"])
        assert change["path"] in error.message


def test_changes_of_one_decision_build_on_each_other(office):
    item = office.items[0]
    office.publish_change(
        changed(
            item,
            add("materials", "m3"),
            set_("materials/m3/copies", 4),
            {"op": "order", "path": "materials", "keys": ["m3", "m2", "m1"]},
            {"op": "remove", "path": "materials/m2"},
            set_("note", "一"),
            set_("note", None),
        )
    )
    materials = office.on(item, DAY).document()["materials"]
    assert [(m["key"], m.get("copies")) for m in materials] == [("m3", 4), ("m1", 2)]


@pytest.mark.parametrize(
    "changes",
    [
        [set_("promised_limit/value", 20)],
        [set_("note", "一"), set_("note", None)],
        [{"op": "order", "path": "materials", "keys": ["m1", "m2"]}],
    ],
)
def test_an_adjustment_adjusts_something(office, changes):
    assert refused(office, changed(office.items[0], *changes)).code == "nothing-changed"


def test_a_transfer_transfers(office):
    same = {**adjust(office.items[0], DAY, office.water, "authority"), "outcome": "transfer"}
    assert refused(office, same).code == "nothing-changed"


def test_what_changes_a_later_day_only_is_a_change(office):
    """For a time the limit is 5 already; this makes it so for good."""
    item = office.items[0]
    office.publish_change(adjust(item, DAY, 5, until="2026-11-01"))
    office.publish_change(adjust(item, DAY, 5))
    assert office.on(item, "2026-12-01").document()["promised_limit"]["value"] == 5


# --- what is referred to stands on the day ------------------------------------------------------------------


def new_item(office, day=DAY, **more):
    content = item_content("新", more.pop("authority", office.water), more.pop("region", office.district))
    return {"outcome": "add", "effective_from": day, "content": content | more, "reason": "新设"}


def ended_town(office, day=DAY):
    office.publish_change(
        {
            "kind": "region",
            "outcome": "dissolve",
            "subject": office.town,
            "effective_from": day,
            "reason": "撤并",
        }
    )


def test_an_ended_region_is_not_referred_to_any_more(office):
    ended_town(office)
    with pytest.raises(Refused) as refusal:
        office.draft(new_item(office, region=office.town))
    error = refusal.value
    assert (error.code, error.detail["target"], error.detail["on"]) == (
        "reference-not-standing",
        office.town,
        DAY,
    )
    assert "协兴镇" in error.message
    office.draft(new_item(office, day="2026-09-30", region=office.town))


def test_an_old_reference_is_no_obstacle_to_another_change(office):
    """The item's own region has ended; its law can still be corrected."""
    office.publish_change(new_item(office, day=TODAY, region=office.town))
    (item,) = office.scalars("SELECT id FROM subject WHERE kind = 'item' ORDER BY seq DESC LIMIT 1")
    ended_town(office)
    office.publish_change(
        {
            "kind": "instrument",
            "outcome": "enact",
            "effective_from": DAY,
            "content": {"title": "取水许可办法"},
        }
    )
    (law,) = office.scalars("SELECT id FROM subject WHERE kind = 'instrument'")
    cited = {"op": "add", "path": "citations", "value": {"key": "c", "role": "setting", "instrument": law}}
    office.publish_change(changed(item, cited))


def test_what_has_not_begun_is_not_referred_to(office):
    bureau = {"name": "新局", "region": office.district}
    founding = {"kind": "authority", "outcome": "found", "effective_from": "2026-11-01", "content": bureau}
    early = new_item(office, day="2026-10-31", authority="@bureau")
    with pytest.raises(Refused) as refusal:
        office.draft({**founding, "ref": "bureau"}, early)
    assert refusal.value.code == "reference-not-standing"
    office.publish_change(
        {**founding, "ref": "bureau"}, new_item(office, day="2026-11-01", authority="@bureau")
    )
    (bureau_id,) = office.scalars("SELECT id FROM subject WHERE kind = 'authority' ORDER BY seq DESC LIMIT 1")
    with pytest.raises(Refused):
        office.draft(new_item(office, day="2026-10-31", authority=bureau_id))
    with pytest.raises(Refused):
        office.draft(new_item(office, day="2026-10-31", co_authority_ids=[bureau_id]))


def test_before_an_attested_day_it_is_unknown_and_may_be_referred_to(office):
    bureau = {"name": "老局", "region": office.district}
    attested = {"kind": "authority", "outcome": "found", "effective_from": "2026-09-01", "content": bureau}
    attested |= {"start_unknown": True, "ref": "bureau"}
    old = new_item(office, day="2026-08-01", authority="@bureau") | {"timing": "late_entry"}
    office.publish_change(attested, old)
    (bureau_id,) = office.scalars("SELECT id FROM subject WHERE kind = 'authority' ORDER BY seq DESC LIMIT 1")
    office.publish_change(new_item(office, day="2026-08-02", authority=bureau_id) | {"timing": "late_entry"})


def test_what_the_same_changeset_ends_or_founds_counts(office):
    ending = {"kind": "region", "outcome": "dissolve", "subject": office.town, "effective_from": DAY}
    ending["reason"] = "撤并"
    for decisions in (
        [ending, new_item(office, region=office.town)],
        [new_item(office, region=office.town), ending],
    ):
        with pytest.raises(Refused) as refusal:
            office.draft(*decisions)
        assert refusal.value.code == "reference-not-standing"


def test_a_repealed_instrument_may_be_cited_a_voided_one_not(office):
    law = {"kind": "instrument", "outcome": "enact", "effective_from": TODAY, "content": {"title": "办法"}}
    office.publish_change(law)
    (law_id,) = office.scalars("SELECT id FROM subject WHERE kind = 'instrument'")
    citing = new_item(office, citations=[{"key": "c", "role": "setting", "instrument": law_id}])
    office.draft(new_item(office, day=TODAY, citations=[{"key": "c", "instrument": law_id}]))
    repeal = {"kind": "instrument", "outcome": "repeal", "subject": law_id, "effective_from": "2026-09-30"}
    office.publish_change({**repeal, "reason": "废止"})
    office.draft(citing)
    void = {"outcome": "void", "ground": "error", "reason": "录错"}
    office.publish_change(*({**void, "act": act} for act in reversed(office.acts(law_id))))
    with pytest.raises(Invalid) as refusal:
        office.draft(citing)
    assert refusal.value.code == "unknown-reference"


def test_nothing_is_given_to_an_authority_whose_end_is_published(office):
    merge = {
        "kind": "authority",
        "outcome": "merge",
        "effective_from": "2026-12-01",
        "origins": [{"subject": office.traffic}, {"subject": office.water}],
        "results": [{"subject": office.water}],
        "carry_items": True,
        "reason": "机构改革",
    }
    office.publish_change(merge)
    late = new_item(office, day=DAY, authority=office.traffic)
    with pytest.raises(Refused) as refusal:
        office.draft(late)
    assert refusal.value.code == "items-left-behind"
    assert "2026-12-01" in refusal.value.message
    onward = {**adjust("@new", "2026-12-01", office.water, "authority"), "outcome": "transfer"}
    office.draft({**late, "ref": "new"}, onward)


# --- codes ------------------------------------------------------------------------------------------------


def test_two_issuers_of_one_number_are_two_codes(office):
    item = office.items[0]
    codes = [{"scheme": "doc", "value": "7号", "issuer": issuer} for issuer in ("省", "市", "")]
    office.publish_change({"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": codes})
    held = [code for code in office.on(item, DAY).codes if code["scheme"] == "doc"]
    assert [code.get("issuer", "") for code in held] == ["", "市", "省"]
    gone = {"op": "remove", "path": f"codes/{code_key('doc', '7号', '市')}"}
    office.publish_change(changed(item, gone, day="2026-10-02"))
    held = [code.get("issuer", "") for code in office.on(item, "2026-10-02").codes if code["scheme"] == "doc"]
    assert held == ["", "省"]
    office.assert_sound()


def test_a_code_is_given_up_by_scheme_and_value_where_that_says_which(office):
    item = office.items[0]
    codes = [{"scheme": "doc", "value": value, "issuer": issuer} for value, issuer in ("1市", "2市", "2省")]
    office.publish_change({"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": codes})
    gone = {"op": "remove", "path": "codes/doc:1"}
    office.publish_change(changed(item, gone, day="2026-10-02"))
    assert [c["value"] for c in office.on(item, "2026-10-02").codes if c["scheme"] == "doc"] == ["2", "2"]
    with pytest.raises(Invalid) as refusal:
        office.draft(changed(item, {"op": "remove", "path": "codes/doc:2"}, day="2026-10-02"))
    assert refusal.value.code == "code-needs-issuer"
    assert refusal.value.detail["keys"] == [code_key("doc", "2", "市"), code_key("doc", "2", "省")]


def test_code_keys_are_as_they_were_and_never_the_same():
    assert code_key("local", "X1") == "local:X1"
    assert code_key("local", "A/1%") == "local:A%2F1%25"
    several = [("a", "b", "c"), ("a", "c", "b"), ("a", "b:c", ""), ("a:b", "c", ""), ("a", "b%40c", "")]
    assert len({code_key(*one) for one in several}) == len(several)
    assert not any("/" in code_key(*one) for one in several)


def test_a_code_under_its_key_of_before_is_not_taken_on_again(office):
    """A registry published before issuers were part of the key holds it under scheme and value alone."""
    item = office.items[0]
    old = add_code("doc", "7号", "省")
    old["value"]["key"] = "doc:7号"
    with office.database.writing() as session:
        act = Act("adjust", [Part(item, TODAY, changes=[old])])
        record(session.connection(), Order(kind="routine", acts=[act]), kinds.describe)
    code = {"scheme": "doc", "value": "7号", "issuer": "省"}
    again = {"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": [code]}
    assert refused(office, again).code == "nothing-changed"
    office.publish_change(changed(item, {"op": "remove", "path": f"codes/{code_key(*code.values())}"}))
    assert not [c for c in office.on(item, DAY).codes if c["scheme"] == "doc"]


def like_id(where, item, code):
    merge = {"outcome": "merge", "effective_from": DAY, "origins": [{"subject": item}], "results": [{}]}
    return {
        "adjusting": {"outcome": "adjust", "subject": item, "effective_from": DAY, "codes": [code]},
        "changing": changed(item, {"op": "add", "path": "codes", "value": code}),
        "a result": merge | {"results": [{"subject": item, "codes": [code]}]},
        "changing a result": merge
        | {"results": [{"subject": item, "changes": [{"op": "add", "path": "codes", "value": code}]}]},
    }[where]


@pytest.mark.parametrize("where", ["adjusting", "changing", "a result", "changing a result"])
@pytest.mark.parametrize("value", ["qdi-0000001y", " QDI-0000001Y "])
def test_no_code_looks_like_an_id_by_whatever_way_it_comes(office, where, value):
    code = {"scheme": "local", "value": value}
    assert refused(office, like_id(where, office.items[0], code)).code == "code-like-id"
