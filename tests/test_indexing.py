"""From publications to the search index: drained, found on the right days, rebuilt, caught up."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

from seeded import FELLING, Living, new_item, set_field

from app import indexing
from app.indexing import Drainer
from app.searching import open_engine
from search.engine import EngineError

OLD, NEW = "广安市广安区林业局", "广安市广安区绿化园林局"


def found(living: Living, q: str, **query: Any) -> set[str]:
    body = living.get("/search", q=q, limit=100, **query).json()
    return {hit["name"] for hit in body["hits"]} if not body["relaxed"] else set()


def bureau(living: Living) -> str:
    rows = living.rows(
        f"SELECT DISTINCT subject_id FROM timeline WHERE kind = 'authority' AND name = '{OLD}'"
    )
    return rows[0][0]


def test_what_is_published_is_found_once_drained(living: Living) -> None:
    made = living.publish(new_item(living, "松材线虫病疫木处理", "2026-10-01"))
    assert found(living, "松材线虫病") == set()
    assert living.drain() == 1
    assert living.drain() == 0
    assert found(living, "松材线虫病") == set()  # it begins on a later day
    assert found(living, "松材线虫病", on="2026-10-01") == {"松材线虫病疫木处理"}
    item = made["decisions"][0]["subject"]
    living.publish(set_field(item, "name", "疫木安全利用", "2026-11-01"))
    living.drain()
    assert found(living, "松材线虫病疫木", on="2026-10-31") == {"松材线虫病疫木处理"}
    assert found(living, "疫木安全利用", on="2026-10-31") == set()
    assert found(living, "疫木安全利用", on="2026-11-01") == {"疫木安全利用"}


def test_a_renamed_authority_is_found_by_each_name_on_its_days(living: Living) -> None:
    rename = set_field(bureau(living), "name", NEW, "2026-10-01") | {"kind": "authority", "outcome": "rename"}
    living.publish(rename)
    living.drain()
    assert FELLING in found(living, f"{OLD} 林木采伐", on="2026-09-30")
    assert found(living, "绿化园林局 林木采伐", on="2026-09-30") == set()
    assert FELLING in found(living, "绿化园林局 林木采伐", on="2026-10-01")


def test_a_region_moved_below_another_takes_its_items_along(living: Living) -> None:
    """Paths of regions hang on those above them: what lies below a moved region is indexed again."""
    county, city = (living.get(f"/regions/{code}").json()["id"] for code in ("511602", "510100"))
    assert found(living, "林木采伐", region="510100") == set()
    living.publish(set_field(county, "parent", city) | {"kind": "region"})
    living.drain()
    assert FELLING in found(living, "林木采伐", region="510100")


def test_a_city_moved_takes_the_items_of_its_counties_along_from_its_day(living: Living) -> None:
    """The day asked about decides which tree counts, for every level above the item."""
    country, city = (living.get(f"/regions/{code}").json()["id"] for code in ("000000", "511600"))
    living.publish(set_field(city, "parent", country, "2026-10-01") | {"kind": "region"})
    living.publish(set_field(city, "name", "广安直辖市", "2026-11-01") | {"kind": "region"})
    living.drain()
    assert FELLING in found(living, "林木采伐", region="510000", on="2026-09-30")
    assert FELLING not in found(living, "林木采伐", region="510000", on="2026-10-01")
    assert FELLING in found(living, "林木采伐", region="511600", on="2026-10-01")
    assert FELLING in found(living, "直辖市 林木采伐", on="2026-11-01")
    assert FELLING not in found(living, "直辖市 林木采伐", on="2026-10-31")


def test_an_ended_item_and_a_withdrawn_plan(living: Living) -> None:
    item = living.item_called(FELLING)
    living.publish(
        {"outcome": "cancel", "subject": item, "effective_from": "2026-10-01", "follow_up": "备案"}
    )
    living.drain()
    assert FELLING in found(living, FELLING)
    assert FELLING not in found(living, FELLING, on="2026-10-01")
    assert FELLING in found(living, FELLING, on="2026-10-01", status="ended")
    (act,) = living.rows(f"SELECT max(act) FROM decision WHERE subject_id = '{item}'")[0]
    void = {"outcome": "void", "act": act, "ground": "withdrawn", "reason": "推迟"}
    living.publish(void)
    living.drain()
    assert FELLING in found(living, FELLING, on="2026-10-01")


def test_rebuilding_gives_what_draining_gave(living: Living) -> None:
    living.publish(new_item(living, "逐步编入索引的事项"))
    living.publish(
        set_field(bureau(living), "name", NEW, "2026-10-01") | {"kind": "authority", "outcome": "rename"}
    )
    living.drain()
    engine = living.registry.engine
    assert engine is not None

    def documents() -> list[Any]:
        return sorted((replace(one, seq=0) for one in engine.documents()), key=lambda one: one.id)

    drained = documents()
    assert indexing.rebuild(living.database, engine) == len(drained)
    assert documents() == drained


def test_draining_twice_is_harmless(living: Living) -> None:
    living.publish(new_item(living, "编入两次的事项"))
    owed = living.rows("SELECT key FROM outbox")
    living.drain()
    with living.database.writing() as session:
        session.connection().exec_driver_sql(
            f"INSERT INTO outbox (topic, key, created_at) VALUES ('index', {owed[0][0]}, 0)"
        )
    assert living.drain() == 1
    assert found(living, "编入两次的事项") == {"编入两次的事项"}
    assert living.get("/search", q="编入两次的事项").json()["total"] == 1


class Faltering:
    """An engine that fails a few times before it works."""

    def __init__(self, engine: Any, failures: int, error: type[Exception]) -> None:
        self.engine, self.failures, self.error = engine, failures, error

    def apply(self, *args: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error("away")
        self.engine.apply(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


def wait_for(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def test_the_drainer_survives_an_engine_that_fails(living: Living) -> None:
    for error in (EngineError, RuntimeError):
        name = f"引擎恢复后可查{error.__name__}"
        engine = Faltering(living.registry.engine, 2, error)
        drainer = Drainer(living.database, engine, every=0.02)  # type: ignore[arg-type]
        drainer.start()
        try:
            living.publish(new_item(living, name))
            wait_for(lambda: not living.rows("SELECT 1 FROM outbox"))
        finally:
            drainer.stop()
        assert engine.failures == 0
        assert found(living, name) == {name}


def test_an_index_that_is_gone_is_built_again(living_sqlite: Living) -> None:
    living = living_sqlite
    shutil.rmtree(living.settings.index_dir)
    with closing(open_engine(living.settings)) as engine:  # type: ignore[type-var]
        drainer = Drainer(living.database, engine, every=0.02)  # type: ignore[arg-type]
        drainer.start()
        try:
            wait_for(lambda: engine.applied_seq() > 0)  # type: ignore[union-attr]
        finally:
            drainer.stop()
    assert FELLING in found(living, "砍树证")
