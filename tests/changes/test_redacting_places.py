"""An organ's or a region's words are taken by order: what hangs on it goes on, is found and is indexed without them."""

from __future__ import annotations

import gzip
from contextlib import closing

import pytest
from seeded import FELLING, TODAY, Living

from app import indexing
from app.changes.redacting import redact
from app.exchange.dumping import write_dump
from app.searching import open_engine

CITY = "511600"
"""Two levels above the county's items: everything below it hangs on the county's place in the tree."""


@pytest.fixture(params=["authority", "region"])
def named(living: Living, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The organ of the item, or its county: the id and the name."""
    column = request.param
    row = living.rows(
        f"SELECT DISTINCT p.subject_id, p.name FROM timeline t JOIN timeline p ON p.subject_id = t.{column}"
        f" WHERE t.kind = 'item' AND t.name = '{FELLING}' AND p.valid_from <= '{TODAY}' AND p.valid_to > '{TODAY}'"
    )[0]
    return row[0], row[1]


def redact_all_of(living: Living, subject: str) -> None:
    living.hire("second", "publish")
    found = living.rows(f"SELECT DISTINCT content FROM revision WHERE subject_id = '{subject}'")
    for (content,) in found:
        with living.database.writing() as session:
            redact(session, living.people["publisher"], living.people["second"], content, "1号令", "隐私")


def names(living: Living, **query: str) -> set[str]:
    return {hit["name"] for hit in living.get("/search", limit=100, **query).json()["hits"]}


def test_what_hangs_on_it_is_found_without_its_words(living: Living, named: tuple[str, str]) -> None:
    subject, name = named
    assert FELLING in names(living, q=f"{name} 林木采伐")
    redact_all_of(living, subject)
    assert living.drain() >= 1
    assert living.drain() == 0
    assert FELLING in names(living, q="林木采伐", region=CITY)


def test_the_whole_index_is_built_without_its_words(living: Living, named: tuple[str, str]) -> None:
    subject, name = named
    item = living.item_called(FELLING)
    redact_all_of(living, subject)
    with living.database.reading() as session:
        documents = list(indexing.DocumentBuilder(session.connection(), 1).documents([item]))
    assert documents
    assert not any(name in (*one.authority_names, *one.region_names) for one in documents)
    with closing(open_engine(living.settings)) as engine:
        assert indexing.rebuild(living.database, engine) > 0
        assert not indexing.compare(living.database, engine).items
    assert FELLING in names(living, q="林木采伐", region=CITY)


def test_a_dump_does_not_name_it(living: Living, named: tuple[str, str]) -> None:
    subject, name = named

    def dumped() -> str:
        told = write_dump(living.database, living.settings.dumps_dir, TODAY, TODAY)
        return gzip.decompress((living.settings.dumps_dir / told["file"]).read_bytes()).decode()

    assert f'"{name}"' in dumped()
    redact_all_of(living, subject)
    assert f'"{name}"' not in dumped()
    assert subject in dumped()
