"""The list of changesets: pages of those that the visitor may read, however many of others there are between."""

from __future__ import annotations

import pytest
from browsing import Browser
from seeded import FELLING, Living, set_field

from app.web.office.publishing import changesets


@pytest.fixture
def living(living_sqlite: Living) -> Living:
    return living_sqlite


def drafted(living: Living, item: str, title: str) -> None:
    body = {"title": title, "reason": "换号", "decisions": [set_field(item, "consult_phone", "0826-2345678")]}
    assert living.post("editor", "/changesets", body).status_code == 201


def test_a_small_organ_finds_its_own_page_by_page(
    living: Living, editor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = living.item_called(FELLING)
    own = living.get(f"/items/{item}").json()["authority"]["id"]
    (other,) = living.rows(
        f"SELECT subject_id FROM timeline WHERE kind = 'item' AND authority <> '{own}' AND status = 'in_force'"
        " AND valid_to > '2027' ORDER BY 1 LIMIT 1"
    )
    for number in range(5):
        drafted(living, item, f"本局的第{number}份")
    for number in range(6):
        drafted(living, other[0], f"外局的第{number}份")
    monkeypatch.setattr(changesets, "SHOWN", 2)
    monkeypatch.setattr(changesets, "ASKED", 3, raising=False)  # as few as were looked at, of as few
    for clerk in (Browser(living, "benju", ["edit"], authority=own), editor):
        pages, address = [], "/office/changesets?state=draft"
        while address:
            page = clerk.get(address)
            pages.append([title for title in TITLES if title in page.words])
            address = page.link("下一页") if "下一页" in page.words else ""
            assert "state=draft" in address or not address
        assert [len(one) for one in pages[:-1]] == [2] * (len(pages) - 1)
        found = [title for page in pages for title in reversed(page)]
        assert [one for one in found if one.startswith("本局")] == list(reversed(TITLES[:5]))
        assert ("外局的第0份" in found) is (clerk is editor)
    assert (
        "本局的第4份"
        in Browser(living, "benju2", ["edit"], authority=own).get("/office/changesets?after=none").words
    )


TITLES = [f"本局的第{n}份" for n in range(5)] + [f"外局的第{n}份" for n in range(6)]
