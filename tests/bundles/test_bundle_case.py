"""The worked case of bundles comes out to the digit: items hold their own limits, the registry works out the rest."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from app.db import Database
from app.exchange.cases import seed_case
from app.main import create_app
from app.settings import Settings

TODAY = "2026-09-28"


def bundles(database: Database) -> dict[str, dict[str, Any]]:
    """name -> the bundle as the API answers it, after the case was loaded."""
    seed_case(database, "bundles", TODAY)
    settings = Settings(database_url=database.url, drain_index=False)
    with TestClient(create_app(settings), base_url="http://testserver/api/v1") as client:
        listed = client.get("bundles", params={"on": TODAY}).json()["items"]
        return {one["name"]: client.get(f"bundles/{one['id']}").json() for one in listed}


def test_six_certificates_from_16_days_to_5_and_a_project_from_370_to_84(sqlite: Database) -> None:
    found = bundles(sqlite)
    assert all(name.startswith("合成") for name in found)
    restaurant, construction = found["合成开办小餐饮店一件事（六证联办）"], found["合成工程建设项目并联审批"]
    promised = restaurant["time"]["promised"]
    assert (promised["serial"], promised["parallel"], promised["at_least"]) == (16, 5, False)
    assert promised["critical"] == ["licence", "sign", "fire", "food"]
    promised = construction["time"]["promised"]
    assert (promised["serial"], promised["parallel"], promised["at_least"]) == (370, 84, False)
    first, last = construction["members"][0], construction["members"][-1]
    assert (first["promised"]["start"], first["promised"]["critical"]) == (0, True)
    assert (last["promised"]["start"], last["promised"]["slack"], len(last["after"])) == (69, 5, 5)
    for body in found.values():
        assert body["content"]["promised_limit"]["value"] == body["time"]["promised"]["parallel"]
        named = [material["name"] for material in body["materials"]]
        assert len(named) == len(set(named))
    asked = {one["name"]: [need["member"] for need in one["needed_by"]] for one in restaurant["materials"]}
    assert asked["经营场所使用证明"] == ["licence", "food", "sign", "fire"]
