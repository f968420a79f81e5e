"""What is seen from outside: metrics by route, log lines with request ids, health that tells parts apart."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from seeded import FELLING, Living, set_field

from app import log_lines
from app.main import create_app
from app.settings import Settings


def metric(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    assert found, name
    return float(found[1])


def test_requests_are_counted_and_timed_by_route(living_sqlite: Living) -> None:
    living, item = living_sqlite, living_sqlite.item_called(FELLING)
    for _ in range(3):
        living.get(f"/items/{item}")
    living.get("/items/qdi-00000000")
    living.client.get("/nowhere/at/all")
    told = living.client.get("/metrics").text
    route = 'route="/api/v1/items/{item}"'
    assert metric(told, f'qingdan_requests_total{{method="GET",{route},status="200"}}') == 3
    assert metric(told, f'qingdan_requests_total{{method="GET",{route},status="404"}}') == 1
    assert metric(told, f'qingdan_request_seconds_count{{method="GET",{route}}}') == 4
    buckets = re.findall(rf'bucket{{method="GET",{re.escape(route)},le="([^"]+)"}} (\d+)', told)
    counts = [int(count) for _, count in buckets]
    assert counts == sorted(counts)
    assert (buckets[-1][0], counts[-1]) == ("+Inf", 4)
    assert "nowhere" not in told
    assert item not in told


def test_publishing_shows_in_the_gauges(living_sqlite: Living) -> None:
    living = living_sqlite
    before = living.client.get("/metrics").text
    assert metric(before, "qingdan_database_up") == metric(before, "qingdan_search_up") == 1
    living.publish(set_field(living.item_called(FELLING), "note", "x"))
    after = living.client.get("/metrics").text
    assert metric(after, "qingdan_log_seq") > metric(before, "qingdan_log_seq")
    assert (metric(before, "qingdan_index_owed"), metric(after, "qingdan_index_owed")) == (0, 1)
    living.drain()
    drained = living.client.get("/metrics").text
    assert metric(drained, "qingdan_index_seq") == metric(drained, "qingdan_log_seq")


def test_health_tells_the_database_apart(tmp_path: Path) -> None:
    nowhere = Settings(
        data_dir=tmp_path / "none", drain_index=False, database_url="postgresql://127.0.0.1:1/none"
    )
    with TestClient(create_app(nowhere)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["database"] == {"ready": False, "error": "OperationalError"}
        assert answer.json()["search"] == {"ready": True}
        assert metric(client.get("/metrics").text, "qingdan_database_up") == 0
        assert client.get("/healthz").text == "ok"


def test_a_request_has_an_id_in_its_answer_and_its_log_lines(
    living_sqlite: Living, capsys: pytest.CaptureFixture[str]
) -> None:
    root, level = logging.getLogger(), log_lines.requests.level
    handlers = list(root.handlers)
    try:
        settings = living_sqlite.settings.model_copy(update={"log_format": "json"})
        with TestClient(create_app(settings)) as client:
            given = client.get("/api/v1/log/head?secret=1", headers={"X-Request-Id": "hall-7.1"})
            made = client.get("/healthz", headers={"X-Request-Id": 'x" injected'})
    finally:
        root.handlers[:] = handlers
        log_lines.requests.setLevel(level)
    assert given.headers["x-request-id"] == "hall-7.1"
    assert re.fullmatch("[0-9a-f]{16}", made.headers["x-request-id"])
    lines: list[dict[str, Any]] = [
        orjson.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")
    ]
    (told,) = [line for line in lines if line.get("request") == "hall-7.1"]
    assert (told["path"], told["route"], told["status"]) == ("/api/v1/log/head", "/api/v1/log/head", 422)
    assert "secret" not in str(lines)
