"""Documents against a naive reckoning, day by day, over random histories."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from registry import STARTED, Office

from app.errors import Refused
from app.indexing import compare, drain, rebuild, repair
from app.indexing.draining import all_documents
from app.places.queries import ancestors
from app.versions import queries
from search.embedded import EmbeddedEngine
from search.engine import SearchDocument, SearchQuery

DAYS = [f"{year}-{month:02d}-15" for year in (2024, 2025) for month in range(1, 13)]


def naive(connection: Any, item: str, day: str) -> dict[str, Any]:
    """What a searcher sees of an item on a day, from State(D, T) and the day's own tree."""
    known = queries.known_at(connection, None)

    def on(subject: str) -> dict[str, Any]:
        return queries.state_on(connection, subject, day, known).document()

    content = on(item)
    path = ancestors(connection, content["region"], day)
    return {
        "name": content["name"],
        "authority_names": (on(content["authority"])["name"],),
        "region_path": tuple(path),
        "region_names": tuple(on(region)["name"] for region in reversed(path[1:] or path)),
        "status": queries.state_on(connection, item, day, known).status,
    }


def at_random(office: Office, other: str, chance: random.Random, number: int) -> dict[str, Any]:
    """A change of anything that a document shows, on any day."""
    region = {"kind": "region", "subject": chance.choice([office.town, office.district, other])}
    authority = {"kind": "authority", "subject": chance.choice([office.water, office.traffic])}
    item = {"subject": chance.choice(office.items)}
    who, path, value = chance.choice(
        [
            (region, "name", f"地名{number}"),
            (region | {"subject": office.town}, "parent", chance.choice([office.district, other])),
            (authority, "name", f"第{number}局"),
            (item, "name", f"事项{number}"),
            (item, "region", chance.choice([office.town, office.district])),
            (item, "authority", office.traffic),
        ]
    )
    changes = [{"op": "set", "path": path, "value": value}]
    outcome = "transfer" if path == "authority" else "adjust"
    return {
        "outcome": outcome,
        "effective_from": chance.choice(DAYS),
        "changes": changes,
        "timing": "late_entry",
        "reason": "补录",
        **who,
    }


def documents(office: Office) -> list[SearchDocument]:
    with office.database.reading() as session:
        return list(all_documents(session.connection(), 1))


def assert_as_reckoned(office: Office) -> None:
    made = documents(office)
    for one, after in itertools.pairwise(made):
        if (one.subject, one.valid_to) == (after.subject, after.valid_from):
            joined = replace(after, id=one.id, valid_from=one.valid_from, valid_to=one.valid_to)
            assert joined != one, "an interval that is not maximal"
    with office.database.reading() as session:
        for item in office.items:
            for day in DAYS:
                (one,) = (d for d in made if d.subject == item and d.valid_from <= day < d.valid_to)
                expected = naive(session.connection(), item, day)
                assert {name: getattr(one, name) for name in expected} == expected, (item, day)


@pytest.fixture
def other(office: Office) -> str:
    """A second district."""
    content = {"name": "前锋区", "level": "4"}
    office.publish_change(
        {
            "kind": "region",
            "outcome": "found",
            "effective_from": STARTED,
            "content": content,
            "timing": "late_entry",
            "reason": "补录",
        }
    )
    (found,) = office.scalars("SELECT DISTINCT subject_id FROM timeline WHERE name = '前锋区'")
    return str(found)


@pytest.mark.parametrize("seed", range(3))
def test_documents_are_what_each_day_shows_and_draining_gives_what_rebuilding_gives(
    office: Office, other: str, seed: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    drained, rebuilt = EmbeddedEngine(tmp_path / "drained"), EmbeddedEngine(tmp_path / "rebuilt")
    rebuild(office.database, drained)
    published = 0
    for number in range(12):
        try:
            office.publish_change(at_random(office, other, chance, number))
        except Refused:  # it is so already
            continue
        published += 1
        assert drain(office.database, drained) == 1
    assert published >= 6
    assert_as_reckoned(office)
    rebuild(office.database, rebuilt)

    def held(engine: EmbeddedEngine) -> list[SearchDocument]:
        return sorted((replace(one, seq=0) for one in engine.documents()), key=lambda one: one.id)

    assert held(drained) == held(rebuilt)


def test_what_is_wrong_in_the_index_is_found_and_repaired(office: Office, tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "index")
    rebuild(office.database, engine)
    assert not compare(office.database, engine).items
    right = sorted(engine.documents(), key=lambda one: one.id)
    seq = engine.applied_seq()
    lost, changed, _ = office.items
    spoilt = next(one for one in right if one.subject == changed)
    stray = replace(spoilt, id="qdi-stray:2024-01-01", subject="qdi-stray", seq=seq)
    engine.apply([replace(spoilt, name="被改的名称", seq=seq), stray], [lost], seq)
    found = compare(office.database, engine)
    assert (found.missing, found.differing, found.extra) == ({lost}, {changed}, {"qdi-stray"})
    repair(office.database, engine, found)
    assert sorted(engine.documents(), key=lambda one: one.id) == right
    assert not compare(office.database, engine).items


def test_what_is_held_under_a_seq_that_never_was_is_repaired_too(office: Office, tmp_path: Path) -> None:
    """The engine leaves it alone when the item is written again, so the index is built anew."""
    engine = EmbeddedEngine(tmp_path / "index")
    rebuild(office.database, engine)
    right = sorted(engine.documents(), key=lambda one: one.id)
    engine.apply([replace(right[0], name="被改的名称", seq=1_000_000)], [], engine.applied_seq())
    found = compare(office.database, engine)
    assert found.differing == {right[0].subject}
    repair(office.database, engine, found)
    assert sorted(engine.documents(), key=lambda one: one.id) == right


def test_an_index_ahead_of_a_restored_registry_is_built_anew(office: Office, tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "index")
    rebuild(office.database, engine)
    right = sorted(engine.documents(), key=lambda one: one.id)
    ahead = replace(right[0], name="尚未发生的变更", seq=1_000_000)
    engine.apply([ahead], [], 1_000_000)
    assert not compare(office.database, engine).items
    assert engine.search(SearchQuery(q="尚未发生", on="2025-01-01")).total == 0
