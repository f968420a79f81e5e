"""The filter of a round names what is registered: by id or by code, and never nothing at all."""

from __future__ import annotations

import pytest
from holding import BASE, opened
from registry import make_office

from app.canonical import decode
from app.errors import Forbidden, Invalid


@pytest.fixture
def office(sqlite, clock):
    office = make_office(sqlite)
    for kind, subject, scheme, code in (
        ("region", office.district, "gb2260", "511602"),
        ("authority", office.water, "uscc", "11511602008"),
    ):
        changes = [{"op": "add", "path": "codes", "value": {"scheme": scheme, "value": code}}]
        given = {"kind": kind, "outcome": "adjust", "subject": subject, "changes": changes}
        office.publish_change(given | {"effective_from": BASE, "timing": "late_entry", "reason": "补录"})
    return office


def scope_of(office, **asked):
    return decode(office.changeset(opened(office, scope={"base_day": BASE} | asked)).head.encode())["scope"]


def test_codes_are_as_good_as_ids(office):
    by_code = scope_of(office, region="511602", authorities=["11511602008"])
    assert by_code == scope_of(office, region=office.district, authorities=[office.water])
    assert (by_code["region"], by_code["authorities"], by_code["frozen"]["count"]) == (
        office.district, [office.water], 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "code", "field", "named"),
    [
        ({"region": "999999"}, "unknown-reference", "scope/region", "999999"),
        ({"region": "qdr-00000zzz"}, "unknown-reference", "scope/region", "qdr-00000zzz"),
        ({"authorities": ["水务局"]}, "unknown-reference", "scope/authorities", "水务局"),
        ({"types": ["01", "许可"]}, "unknown-type", "scope/types", "许可"),
    ],
)
def test_what_is_in_no_register_is_refused_by_name(office, asked, code, field, named):
    with pytest.raises(Invalid) as refused:
        opened(office, scope={"base_day": BASE} | asked)
    assert (refused.value.code, refused.value.detail["field"]) == (code, field)
    assert named in refused.value.message
    assert office.scalars("SELECT id FROM changeset WHERE kind = 'round'") == []


def test_a_region_without_items_freezes_none_and_not_all(office):
    with pytest.raises(Invalid) as refused:
        opened(office, scope={"base_day": BASE, "region": office.town})
    assert refused.value.code == "empty-scope"


def test_an_account_of_a_place_opens_a_round_over_it_by_code_too(office):
    own = office.person("own", "edit", region=office.district)
    assert opened(office, actor=own, scope={"base_day": BASE, "region": "511602"})
    town = office.person("town", "edit", region=office.town)
    with pytest.raises(Forbidden) as refused:
        opened(office, actor=town, scope={"base_day": BASE, "region": "511602"})
    assert refused.value.code == "round-out-of-scope"
