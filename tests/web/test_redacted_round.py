"""A round whose stored report was taken by order: its page and its reports say so, and tell the figures again."""

from __future__ import annotations

from seeded import Living

from app.canonical import decode
from app.changes.redacting import redact

SAID = "公布时存下的报告已依令删改"


def test_every_door_goes_on(living_sqlite: Living) -> None:
    living = living_sqlite
    round_id, body = living.rows(
        "SELECT p.changeset, c.body FROM publication p JOIN content c ON c.hash = p.statement"
        " WHERE p.kind = 'round' ORDER BY p.seq DESC LIMIT 1"
    )[0]
    doors = [f"/rounds/{round_id}"] + [
        f"/api/v1/rounds/{round_id}/report{end}" for end in ("", ".xlsx", ".docx")
    ]
    before = [living.client.get(door) for door in doors]
    assert SAID not in before[0].text
    living.hire("second", "publish")
    with living.database.writing() as session:
        redact(
            session,
            living.people["publisher"],
            living.people["second"],
            decode(bytes(body))["report"],
            "1号令",
            "测试",
        )
    after = [living.client.get(door) for door in doors]
    assert [one.status_code for one in after] == [200] * len(doors)
    assert SAID in after[0].text
    was, now = before[1].json(), after[1].json()
    assert now["published"] == was["published"] | {"redacted": True}
    assert (now["before"], now["after"], now["summary"]) == (was["before"], was["after"], was["summary"])
