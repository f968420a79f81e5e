"""A rendered item page is kept while nothing it says can have changed, and not a moment longer."""

from __future__ import annotations

from typing import Any

import pytest
from reading import BROWSER, read
from seeded import FELLING, TODAY, Living, set_field

from app.web import rendering


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates of whole pages that were rendered."""
    found: list[str] = []
    respond = rendering.render

    def noting(*arguments: Any, **more: Any) -> Any:
        found.append(arguments[3])
        return respond(*arguments, **more)

    monkeypatch.setattr("app.web.public.items.render", noting)
    return found


def test_a_page_is_rendered_once_until_something_is_published(
    living_sqlite: Living, rendered: list[str]
) -> None:
    item = living_sqlite.item_called(FELLING)
    first = living_sqlite.client.get(f"/items/{item}", headers=BROWSER)
    again = living_sqlite.client.get(f"/items/{item}", headers=BROWSER)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert rendered == ["item.html"]
    tagged = {**BROWSER, "If-None-Match": first.headers["etag"]}
    assert living_sqlite.client.get(f"/items/{item}", headers=tagged).status_code == 304
    living_sqlite.publish(set_field(item, "promised_limit/value", 3, TODAY))
    assert "3个工作日" in read(living_sqlite, f"/items/{item}").words
    assert len(rendered) == 2


def test_day_display_address_and_midnight_are_told_apart(
    living_sqlite: Living, rendered: list[str], clock: Any
) -> None:
    item = living_sqlite.item_called(FELLING)
    large = {**BROWSER, "Cookie": "qingdan_display=large"}
    for headers in (BROWSER, large):
        for query in ("", "?on=2025-05-01", "?accepted=2026-10-08"):
            page = living_sqlite.client.get(f"/items/{item}{query}", headers=headers)
            assert ('class="large"' in page.text) == (headers is large)
    assert len(rendered) == 6
    other = {**BROWSER, "Host": "other.example"}
    assert "http://other.example/items/" in living_sqlite.client.get(f"/items/{item}", headers=other).text
    clock.set("2026-09-29T00:00:00")
    assert "2026年9月29日（今天）" in read(living_sqlite, f"/items/{item}").words
    assert len(rendered) == 8
