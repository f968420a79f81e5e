"""Items in shared vocabularies pass shapes written from the specifications; dumps are what they say."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from pyshacl import validate
from rdflib import Graph
from seeded import FELLING, TODAY, Living

from app.exchange.dumping import write_dump
from app.exchange.linked import public_service

SHAPES = Path(os.environ.get("QINGDAN_TEST_SHAPES", Path(__file__).with_name("cpsv_ap.ttl")))
"""Ours, or the official file where it is at hand."""
BASE = "https://qingdan.example"


def graph_of(*documents: dict[str, Any]) -> Graph:
    graph = Graph()
    for one in documents:
        graph.parse(data=orjson.dumps(one), format="json-ld")
    return graph


def complaints(graph: Graph) -> str:
    conforms, _, told = validate(graph, shacl_graph=Graph().parse(SHAPES), inference="none")
    return "" if conforms else str(told)[:4000]


def test_every_seeded_item_passes(asking: Living) -> None:
    if not asking.database.is_sqlite:
        pytest.skip("the same lines on PostgreSQL: test_following")
    lines = asking.get("/export.jsonl", on=TODAY).content.splitlines()
    documents = [public_service(orjson.loads(line), BASE) for line in lines]
    assert len(documents) > 250
    graph = graph_of(*documents)
    assert complaints(graph) == ""
    services = graph.query(
        "SELECT (count(DISTINCT ?s) AS ?n) WHERE { ?s a <http://purl.org/vocab/cpsv#PublicService>, "
        "<https://schema.org/GovernmentService> }"
    )
    assert int(next(iter(services))[0]) == len(documents)  # type: ignore[index]


def test_the_shapes_can_fail(asking: Living) -> None:
    document = orjson.loads(asking.get(f"/items/{asking.item_called(FELLING)}/jsonld").content)
    assert complaints(graph_of(document)) == ""
    for lacking in ("dct:title", "dct:description", "cv:hasCompetentAuthority"):
        assert complaints(graph_of({name: part for name, part in document.items() if name != lacking}))


def test_content_is_negotiated(asking: Living) -> None:
    item = asking.item_called(FELLING)
    plain = asking.get(f"/items/{item}")
    linked = asking.client.get(f"/api/v1/items/{item}", headers={"Accept": "application/ld+json"})
    assert linked.headers["content-type"] == "application/ld+json"
    assert linked.content == asking.get(f"/items/{item}/jsonld").content
    assert plain.headers["vary"] == linked.headers["vary"] == "Accept"
    assert plain.headers["etag"] != linked.headers["etag"]
    assert plain.headers["content-type"] == "application/json"
    for asked, given in (
        ("application/ld+json;q=0, application/json", "application/json"),
        ("application/ld+json; q=0.0", "application/json"),
        ("application/json, application/ld+json;q=0.1", "application/json"),
        ("application/json;q=0.5, application/ld+json", "application/ld+json"),
        ("application/x-ld+json", "application/json"),
        ("*/*", "application/json"),
        ("text/html, Application/LD+JSON; profile=x; q=0.5", "application/ld+json"),
    ):
        answer = asking.client.get(f"/api/v1/items/{item}", headers={"Accept": asked})
        assert answer.headers["content-type"] == given, asked


def test_what_is_refused_is_not_sent_compressed(asking: Living) -> None:
    for asked, given in (("gzip;q=0", None), ("identity, gzip; q=0.000", None), ("br, gzip;q=0.1", "gzip")):
        answer = asking.client.get("/api/v1/export.jsonl?type=05", headers={"Accept-Encoding": asked})
        assert answer.headers.get("content-encoding") == given, asked


def test_a_dump_is_the_export_with_its_checksum(living_sqlite: Living) -> None:
    living = living_sqlite
    told = write_dump(living.database, living.settings.dumps_dir, TODAY, TODAY)
    assert living.get("/dumps").json() == {"dumps": [told], "withdrawn": []}
    file = living.get(f"/dumps/{told['file']}")
    assert hashlib.sha256(file.content).hexdigest() == told["sha256"]
    assert len(file.content) == told["bytes"]
    assert gzip.decompress(file.content) == living.get("/export.jsonl", on=TODAY).content
    head = living.get("/log/head").json()
    assert (told["seq"], told["hash"]) == (head["seq"], head["hash"])
    assert write_dump(living.database, living.settings.dumps_dir, TODAY, TODAY) == told
    for name in ("items-2026-09-27.jsonl.gz", "..%2Fqingdan.db", f"{told['file']}.json"):
        assert living.get(f"/dumps/{name}").status_code == 404
    catalog = living.get("/catalog").json()
    assert complaints(graph_of(catalog)) == ""
    assert told["sha256"] in str(catalog)
