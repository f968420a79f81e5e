"""Items whose bytes the check of the file made ready: published as if they had gone the ordinary way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.canonical import decode, encode
from app.changes import kinds
from app.db import Database
from app.exchange import importing, spooling
from app.exchange.importing import import_initial
from app.exchange.readying import beginning
from app.exchange.records import Record
from app.exchange.synthetic import synthetic_items
from app.versions import verifying

AWKWARD: list[Callable[[dict[str, Any]], None]] = [
    lambda line: line["content"].update(name="@" + line["content"]["name"]),
    lambda line: line["content"].update(conditions='他说"@authority:990001/1"，就是'),
    lambda line: line["content"]["citations"][0].update(instrument="@instrument:L0"),
    lambda line: [one.update(instrument='@instrument:L"1\\') for one in line["content"]["citations"]],
    lambda line: line["content"].update(authority='@authority:引"号\\机关'),
    lambda line: line["content"].update(
        co_authority_ids=["@authority:990001/1", "@authority:990001/0", "@authority:990001/1"]
    ),
    lambda line: line.update(status="ended"),
    lambda line: line.update(codes=[]),
    lambda line: line["content"].update(source={"name": "x", "key": f"https://example.org/{line['ref']}"}),
    lambda line: line.update(ref=f"https://example.org/own/{line['ref']}"),
    lambda line: line["content"].update(excluded=[{"key": "e1", "region": "@region:990001"}]),
    lambda line: line.update(
        codes=[
            {"scheme": "lo:cal", "value": "a/b%c", "issuer": "四川@"},
            *[{"scheme": "local", "value": "重复"}] * 2,
        ]
    ),
    lambda line: line.pop("start_unknown"),
    lambda line: line["content"].update(
        name='制符"引\\斜行', conditions='制表\t符"引\\斜\n行', visibility="internal"
    ),
    lambda line: line["content"].pop("source"),
    lambda line: line["content"].update(
        result={"sample": "a" * 64}, files=[{"key": "f", "name": "图", "digest": "b" * 64}]
    ),
    lambda _line: None,
]


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    """Items of every awkward kind, said once, twice in a row, twice far apart, and alike under two references."""
    lines = [one.model_dump(exclude_defaults=True) for one in synthetic_items(80, regions=1, authorities=2)]
    found = [*lines[:3], *[_instrument(ref) for ref in ("L0", 'L"1\\')], _organ('引"号\\机关')]
    later = []
    for number, line in enumerate(lines[3:]):
        AWKWARD[number % len(AWKWARD)](line)
        found.append(line)
        if number % 9 == 1:
            found.append(_again(line))
        if number % 9 == 2:
            later.append(_again(line) | {"status": "ended"})
        if number % 9 == 3:
            found.append(line | {"ref": line["ref"] + "b"})
    path = tmp_path / "awkward.jsonl"
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in found + later))
    return path


def _instrument(ref: str) -> dict[str, Any]:
    return {
        "kind": "instrument",
        "ref": ref,
        "content": {"title": f"{ref}法", "rank": "law"},
        "day": "2019-01-01",
    }


def _organ(ref: str) -> dict[str, Any]:
    content = {"name": "引号机关", "region": "@region:990001", "level": "4", "nature": "1"}
    return {"kind": "authority", "ref": ref, "content": content, "day": "2020-01-01", "start_unknown": True}


def _again(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"day": "2021-05-01", "content": line["content"] | {"conditions": "后来的"}}


PUBLISHED = {
    "log_entry": "seq, rows",
    "content": "hash, body",
    "timeline": "*",
    "code_interval": "*",
    "link": "*",
    "named_file": "*",
    "source_key": "source, kind, ref, subject_id, owned",
    "source_seen": "source, kind, ref, digest",
}


def written(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that an import writes; of the log what the entries cover, without their moments."""
    with database.reading() as session:
        proof = verifying.verify(session.connection(), kinds.describe, None)
        assert proof.ok, str(proof.finding)
        return {
            table: sorted(
                map(tuple, session.connection().exec_driver_sql(f"SELECT {columns} FROM {table}")), key=repr
            )
            for table, columns in PUBLISHED.items()
        }


def test_ready_or_not_the_same_is_published(
    make_database: Callable[..., Database], awkward: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 40)
    ready, ordinary = make_database(), make_database()
    import_initial(ready, awkward, "qingdan")
    monkeypatch.setattr(spooling, "beginning", lambda *_: None)
    import_initial(ordinary, awkward, "qingdan")
    assert written(ready) == written(ordinary)


def test_most_items_are_ready(awkward: Path) -> None:
    _, spool = importing.check(awkward, "qingdan", None)
    with spool:
        items = [one for batch in importing.batches(spool) for one in batch if one.kind == "item"]
    assert sum(one.begins is not None for one in items) > 0.7 * len(items)
    for one in items:
        assert one.content == decode(one.said)[2]


def test_a_text_like_a_reference_is_none() -> None:
    said = {"name": "@authority:1", "authority": "@authority:1"}
    record = Record(kind="item", ref="r", content=said, day="2020-01-01")
    assert beginning(record, encode(said), 0) is None
    record.content["name"] = "authority:1"
    body = encode(record.content)
    begins = beginning(record, body, 0)
    assert begins is not None
    ready = begins.ready(body, b"[]", lambda _: "qda-00000000")
    assert orjson.loads(ready.body) == {"name": "authority:1", "authority": "qda-00000000"}
    assert ready.facets.authority == "qda-00000000"
