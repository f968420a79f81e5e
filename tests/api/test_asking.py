"""Does it still hold here, by which document not, and who has it now; two places side by side."""

from __future__ import annotations

from typing import Any

from registry import Office, adjust, item_content
from seeded import FELLING, TODAY, Living

from app.changes.kinds import describe
from app.items.side_by_side import differences
from app.items.standing_in import View, standing_in
from app.versions.queries import known_at

DOCUMENT = {"number": "川办发〔2026〕9号", "title": "关于取消和下放一批事项的决定"}


def ask(office: Office, item: str, place: str | None, on: str, known: int | None = None) -> dict[str, Any]:
    with office.database.reading() as session:
        connection = session.connection()
        then = known_at(connection, None if known is None else str(known))
        return standing_in(View(connection, on, "2026-09-28", then, describe, 1000), item, place)


def head(office: Office) -> int:
    return int(office.scalars("SELECT max(seq) FROM log_entry")[0])


def test_what_stands_stands(asking: Living) -> None:
    found = asking.get(f"/items/{asking.item_called(FELLING)}/standing", region="511602").json()
    assert (found["in_force"], found["why"], found["now"]) == (True, "in_force", [])
    assert found["sentence"] == f"2026-09-28，“{FELLING}”在广安区有效。"
    elsewhere = asking.get(f"/items/{found['id']}/standing", region="510000").json()
    assert (elsewhere["in_force"], elsewhere["why"]) == (False, "elsewhere")
    assert asking.get(f"/items/{found['id']}/standing", region="999999").status_code == 404


def test_what_was_devolved_is_found_with_who_has_it(office: Office) -> None:
    item, seen = office.items[0], head(office)
    office.publish_change(
        {
            "outcome": "devolve",
            "subject": item,
            "effective_from": "2026-10-01",
            "receivers": [{"key": "t", "region": office.town}],
            "transition_until": "2026-12-01",
        },
        document=DOCUMENT,
    )
    (act,) = office.scalars("SELECT max(act) FROM decision WHERE outcome = 'devolve'")
    between = head(office)
    content = item_content("取水许可（镇）", office.traffic, office.town)
    received = office.publish_change(
        {
            "outcome": "receive",
            "effective_from": "2026-10-08",
            "results": [{"content": content}],
            "accepts": [{"act": act, "receiver": "t"}],
        },
        document=DOCUMENT,
    )
    assert received.publication
    (town_item,) = office.scalars("SELECT successor FROM lineage WHERE relation = 'receive'")
    before = ask(office, item, office.town, "2026-09-30")
    assert (before["in_force"], before["now"]) == (True, [])
    after = ask(office, item, office.town, "2026-10-08")
    assert after["in_force"] is False
    assert after["why"] in ("handed_on", "ended")
    assert [one["id"] for one in after["now"]] == [town_item]
    assert "《关于取消和下放一批事项的决定》（川办发〔2026〕9号）" in after["sentence"]
    assert after["sentence"].endswith("现由广安区交通运输局办理。")
    day = "2026-12-01"
    first, second, now = (
        ask(office, item, office.town, day, known) for known in (seen, between, head(office))
    )
    assert (first["in_force"], first["seq"], first["now"]) == (True, seen, []), "nothing was decided yet"
    assert (second["in_force"], second["why"], second["now"]) == (False, "ended", []), (
        "nobody had taken over yet"
    )
    assert {**now, "seq": 0, "known_at": ""} == {
        **ask(office, item, office.town, day),
        "seq": 0,
        "known_at": "",
    }


def test_what_was_handed_on_names_the_document_of_that(office: Office) -> None:
    """Not that of whatever was decided about the item since."""
    item, later = office.items[0], {"number": "通〔2026〕2号", "title": "缩短时限的通知"}
    receivers = [{"region": office.town}]
    narrowed = {"outcome": "narrow", "subject": item, "receivers": receivers, "words": "协兴镇范围内下放"}
    office.publish_change({**narrowed, "effective_from": "2026-10-01"}, document=DOCUMENT)
    at_once = ask(office, item, office.town, "2026-10-05")
    office.publish_change(adjust(item, "2026-11-01", 9), document=later)
    for on in ("2026-10-01", "2026-10-31", "2026-12-01"):
        found = ask(office, item, office.town, on)
        assert (found["why"], found["since"]) == ("handed_on", "2026-10-01")
        assert found["document"] == at_once["document"]
        assert "（川办发〔2026〕9号）" in found["sentence"]
    assert ask(office, item, office.district, "2026-12-01")["document"]["number"] == later["number"]
    assert ask(office, item, office.district, "2026-12-01")["since"] == "2026-11-01"


def test_what_was_decided_the_same_day_is_not_its_document(office: Office) -> None:
    item, same = office.items[0], {"number": "通〔2026〕3号", "title": "同日另一通知"}
    narrowed = {"outcome": "narrow", "subject": item, "receivers": [{"region": office.town}], "words": "下放"}
    office.publish_change({**narrowed, "effective_from": "2026-10-01"}, document=DOCUMENT)
    office.publish_change(adjust(item, "2026-10-01", 9), document=same)
    assert ask(office, item, office.town, "2026-10-05")["document"]["number"] == DOCUMENT["number"]


def test_what_was_cancelled_names_its_document(office: Office) -> None:
    cancel = {"outcome": "cancel", "subject": office.items[2], "effective_from": "2026-10-01"}
    office.publish_change(cancel, document=DOCUMENT)
    found = ask(office, office.items[2], None, "2026-10-01")
    assert (found["why"], found["document"]["number"], found["now"]) == ("ended", DOCUMENT["number"], [])


def test_others_of_the_same_entry_have_not_taken_over_what_was_cancelled(living: Living) -> None:
    item = living.item_called("幼儿园筹设审批")
    cancel = {"outcome": "cancel", "subject": item, "effective_from": "2026-10-01", "reason": "取消"}
    living.publish(cancel)
    found = living.get(f"/items/{item}/standing", region="511602", on="2026-10-01").json()
    assert {one["relation"] for one in found["now"]} == {"same_entry"}
    assert "现由" not in found["sentence"]
    assert "；同一目录事项仍在实施的有“幼儿园设立审批”（广安市广安区行政审批局）" in found["sentence"]


def test_to_whom_it_went_is_said_in_the_words_of_the_document(office: Office) -> None:
    gone = {
        "outcome": "devolve",
        "subject": office.items[2],
        "effective_from": "2026-10-01",
        "receivers": [{"words": "县级水行政主管部门"}],
        "receiver": "县级水行政主管部门",
    }
    office.publish_change(gone, document=DOCUMENT)
    found = ask(office, office.items[2], None, "2026-10-01")
    assert found["sentence"].endswith("，承接方：县级水行政主管部门。")


def test_two_places_side_by_side(asking: Living) -> None:
    first = asking.item_called(FELLING)
    same = asking.get(f"/items/{first}/compare", other=first).json()
    assert same["changes"] == []
    other = asking.rows(
        f"SELECT subject_id FROM timeline WHERE kind = 'item' AND subject_id <> '{first}' LIMIT 1"
    )
    compared = asking.get(f"/items/{first}/compare", other=other[0][0]).json()
    assert [one["id"] for one in compared["items"]] == [first, other[0][0]]
    assert any(one["path"] == "name" for one in compared["changes"])


def test_elements_are_matched_by_name() -> None:
    here = {"materials": [{"key": "a", "name": "身份证", "copies": 2}, {"key": "b", "name": "申请书"}]}
    there = {"materials": [{"key": "x", "name": "申请书"}, {"key": "y", "name": "身份证", "copies": 1}]}
    changes = differences({**here, "region": "qdr-1"}, {**there, "region": "qdr-2"})
    assert [(one["op"], one["path"]) for one in changes] == [
        ("set", "materials/身份证/copies"),
        ("order", "materials"),
    ]


def test_what_was_known_then_is_answered_of_a_place_and_of_two(living: Living) -> None:
    """Through HTTP: by the entry, who has it; and two items side by side."""
    item = living.item_called(FELLING)
    other = living.rows("SELECT id FROM subject WHERE kind = 'item' ORDER BY id DESC LIMIT 1")[0][0]
    before = living.get("/log/head").json()["seq"]
    asked = {"known_at": before, "region": "511602"}
    compared = living.get(f"/items/{item}/compare", other=other).json()
    stood = living.get(f"/items/{item}/standing", region="511602").json()
    living.publish({"outcome": "cancel", "subject": item, "effective_from": TODAY, "words": "取消"})
    assert living.get(f"/items/{item}/standing", region="511602").json()["why"] == "ended"
    assert living.get(f"/items/{item}/standing", **asked).json() == stood
    assert living.get(f"/items/{item}/compare", other=other, known_at=before).json() == compared
    assert living.get(f"/items/{item}/compare", other=other).json()["items"][0]["status"] == "ended"
    later = living.get(f"/items/{item}/standing", known_at="2999-01-01").json()
    assert later["later_than_head"] is True
