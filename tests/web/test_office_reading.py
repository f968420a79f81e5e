"""Drafts are read by those who work on what they are about, and by the auditor; not by everybody who signs in."""

from __future__ import annotations

import pytest
from browsing import Browser
from reading import Page
from seeded import FELLING, TODAY, Living, set_field

from app.checks.catalogue import STANDARD
from app.checks.sweeping import sweep

TITLE = "压缩林木采伐的时限"


@pytest.fixture
def felling(living_sqlite: Living) -> dict[str, str]:
    """The item, its authority and region, and another authority that holds items."""
    found = living_sqlite.get(f"/items/{living_sqlite.item_called(FELLING)}").json()
    (other,) = living_sqlite.rows(
        "SELECT authority FROM timeline WHERE kind = 'item' AND authority IS NOT NULL"
        f" AND authority <> '{found['authority']['id']}' ORDER BY authority LIMIT 1"
    )
    own = {"item": found["id"], "authority": found["authority"]["id"], "region": found["region"]["id"]}
    return own | {"other": other[0]}


@pytest.fixture
def draft(living_sqlite: Living, felling: dict[str, str]) -> str:
    form = {
        "title": TITLE,
        "reason": "压缩",
        "decisions": [set_field(felling["item"], "consult_phone", "0826-2345678")],
    }
    made = living_sqlite.post("editor", "/changesets", form)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def test_a_draft_is_read_in_its_scope_and_by_the_auditor(
    living_sqlite: Living, felling: dict[str, str], draft: str
) -> None:
    living, page = living_sqlite, f"/office/changesets/{draft}"
    scopes = {"authority": felling["authority"]}, {"region": felling["region"]}, {}
    readers = [
        Browser(living, f"own-{right}-{number}", [right], **scope)
        for number, (right, scope) in enumerate(zip(("edit", "review", "audit"), scopes, strict=True))
    ]
    for one in readers:
        assert "0826-2345678" in one.get(page).words
        assert TITLE in one.get("/office/changesets").words
    strangers = [Browser(living, f"other-{right}", [right], authority=felling["other"]) for right in
                 ("edit", "review", "publish")]  # fmt: skip
    for one in strangers:
        refused = one.client.get(page, headers={"Accept": "text/html"})
        assert refused.status_code == 403
        assert "不在账号" in refused.text
        assert "0826-2345678" not in refused.text
        assert TITLE not in one.get("/office/changesets").words
        assert TITLE not in one.get("/office").words
    noted = living.rows("SELECT count(*) FROM access_log WHERE event = 'refused'")
    assert noted[0][0] == len(strangers)


def test_no_move_or_form_shows_it_either(living_sqlite: Living, felling: dict[str, str], draft: str) -> None:
    living = living_sqlite
    one = Browser(living, "bieju", ["edit", "review", "publish"], authority=felling["other"])
    for move in ("submit", "withdraw", "approve", "comment", "return", "publish", "confirm"):
        answer = one.post(f"/office/changesets/{draft}/{move}", reason="x", words="x", about="x")
        assert answer.status_code == 403, move
        assert "0826-2345678" not in answer.text, move
    (mine,) = living.rows(
        f"SELECT subject_id FROM timeline WHERE kind = 'item' AND authority = '{felling['other']}'"
        f" AND valid_from <= '{TODAY}' AND valid_to > '{TODAY}' AND status = 'in_force' LIMIT 1"
    )
    answer = one.client.get(
        f"/office/items/{mine[0]}/edit?changeset={draft}", headers={"Accept": "text/html"}
    )
    assert answer.status_code == 403
    assert TITLE not in answer.text


@pytest.mark.parametrize("rights", [["administer"], []])
def test_who_keeps_accounts_or_only_signs_in_reads_no_drafts(
    living_sqlite: Living, draft: str, rights: list[str]
) -> None:
    one = Browser(living_sqlite, "guanli", rights)
    for path in ("/office/changesets", f"/office/changesets/{draft}", "/office/checks", "/office/rounds"):
        one.get(path, status=403)
    desk = one.get("/office")
    assert "/office/changesets" not in desk.html
    if rights:  # the same door in the API
        living_sqlite.hire("clerk", *rights)
        answer = living_sqlite.client.get(
            f"/api/v1/changesets/{draft}", headers=living_sqlite.headers("clerk")
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "staff-only")


def test_in_a_round_a_department_has_its_part_and_no_more(
    living_sqlite: Living, felling: dict[str, str]
) -> None:
    living = living_sqlite
    office = Browser(living, "fazhiban", ["edit"])
    form = {
        "title": "第九批清理",
        "number": "第九批",
        "document/effective_on": "2027-03-01",
        "base_day": TODAY,
    }
    form |= {"authorities": felling["authority"], "do": "open"}
    place = office.post("/office/rounds/new", form).headers["location"]
    own = Browser(living, "linye", ["edit"], authority=felling["authority"])
    other = Browser(living, "bieju", ["edit"], authority=felling["other"])
    assert FELLING in own.get(place).words
    assert "第九批清理" in own.get("/office/rounds").words
    assert "第九批清理" not in other.get("/office/rounds").words
    for path in (place, f"{place}/worksheets", f"{place}/worksheets.xlsx", f"{place}/rehearsal"):
        assert other.client.get(path).status_code == 403, path
    number = place.rsplit("/", 1)[1]
    assert other.client.get(f"/office/changesets/{number}").status_code == 403


def test_findings_keep_to_the_scope(living_sqlite: Living, felling: dict[str, str]) -> None:
    living = living_sqlite
    living.publish(set_field(felling["item"], "consult_phone", "2222333"))
    sweep(living.database, TODAY, STANDARD)
    own = Browser(living, "linye", ["edit"], authority=felling["authority"])
    other = Browser(living, "bieju", ["edit"], authority=felling["other"])
    whose = Page(own.get(f"/office/checks?authority={felling['authority']}").html)
    assert FELLING in whose.words
    other.get(f"/office/checks?authority={felling['authority']}", status=403)
    code = living.rows(f"SELECT code FROM finding WHERE subject = '{felling['item']}'")[0][0]
    assert FELLING not in other.get(f"/office/checks?code={code}").words
