"""Who may read an attached file: whoever may read what names it. Nobody else is told that it is there."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from seeded import FELLING, Living, new_item, set_field

from app.auth import accounts
from app.changes.redacting import redact

PDF = {"Content-Type": "application/pdf"}


def upload(living: Living, words: str, who: str = "editor") -> str:
    body = b"%PDF-1.7 " + words.encode()
    answer = living.client.post(
        "/api/v1/files",
        params={"name": f"{words}.pdf"},
        content=body,
        headers=living.headers(who, **PDF),
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["digest"])


def status(living: Living, digest: str, who: str | None = None) -> int:
    headers = living.headers(who) if who else {}
    return int(living.client.get(f"/api/v1/files/{digest}", headers=headers).status_code)


def naming(living: Living, name: str, digest: str, **more: Any) -> dict[str, Any]:
    """A decision that adds an item with the file attached."""
    attached = {"files": [{"key": "f", "name": "附件.pdf", "digest": digest}], **more}
    return new_item(living, name, content=attached)


def draft(living: Living, *decisions: dict[str, Any], who: str = "editor", **more: Any) -> Any:
    asked = {"title": "拟稿", "reason": "试", "decisions": list(decisions), **more}
    return living.post(who, "/changesets", asked)


def staff_reads(living: Living, digest: str) -> int:
    asked = f"SELECT count(*) FROM access_log WHERE event = 'staff-read' AND subject LIKE '%{digest}'"
    return int(living.rows(asked)[0][0])


@pytest.fixture
def places(living: Living) -> dict[str, Any]:
    """Editors with narrower scopes: of the bureau that the test's items belong to, and of another."""
    ((own, region),) = living.rows(
        f"SELECT DISTINCT authority, region FROM timeline WHERE kind = 'item' AND name = '{FELLING}'"
    )
    ((other,),) = living.rows(
        f"SELECT min(authority) FROM timeline WHERE kind = 'item' AND authority <> '{own}'"
    )
    for name, authority in (("own", own), ("other", other)):
        living.hire(name, "edit", authority=authority)
    living.hire("accountant", "administer")
    return {"own": own, "other": other, "region": region}


def test_a_form_of_a_public_item_is_public_and_kept_as_items_are(living: Living) -> None:
    digest, item = upload(living, "空白表"), living.item_called(FELLING)
    assert status(living, digest) == 404
    material = living.get(f"/items/{item}").json()["content"]["materials"][0]["key"]
    living.publish(set_field(item, f"materials/{material}/blank_form", digest))
    answer = living.client.get(f"/api/v1/files/{digest}")
    assert hashlib.sha256(answer.content).hexdigest() == digest
    kept = living.get(f"/items/{item}").headers["cache-control"]
    assert answer.headers["cache-control"] == kept == "public, max-age=60"
    living.publish(set_field(item, f"materials/{material}/blank_form", upload(living, "换一版")))
    assert status(living, digest) == 200, "what was published of a day stays readable, and so does its form"
    living.assert_sound()


def test_a_revision_that_only_known_at_tells_keeps_its_file(living: Living) -> None:
    """The second decision is of the same day: the first is in no timeline, and still in the log."""
    item, (first, second) = living.item_called(FELLING), (upload(living, "错"), upload(living, "对"))
    one = {"key": "f", "name": "附件", "digest": first}
    added = set_field(item, "note", "x")
    added["changes"] = [{"op": "add", "path": "files", "value": one}]
    living.publish(added)
    living.publish(set_field(item, "files/f/digest", second))
    ids = {one["content_hash"] for one in living.get(f"/items/{item}/revisions").json()["intervals"]}
    bodies = [
        bytes(row[0]) for row in living.rows("SELECT body FROM content") if first.encode() in bytes(row[0])
    ]
    assert bodies
    assert ids.isdisjoint(hashlib.sha256(body).hexdigest() for body in bodies)
    assert (status(living, first), status(living, second)) == (200, 200)
    living.assert_sound()


def test_of_a_draft_only_those_read_the_file_who_read_the_draft(
    living: Living, places: dict[str, Any]
) -> None:
    digest = upload(living, "草案表", "own")
    assert [status(living, digest, one) for one in (None, "own", "other", "editor")] == [404, 200, 404, 200]
    made = draft(living, naming(living, "草案事项", digest), who="own")
    assert made.status_code == 201, made.text
    second = living.hire("second", "review", authority=places["own"])
    assert second
    asked = (None, "own", "second", "other", "reviewer", "accountant")
    assert [status(living, digest, one) for one in asked] == [404, 200, 200, 404, 200, 404]
    assert staff_reads(living, digest) == 5
    refused = living.rows(
        "SELECT a.name, l.note FROM access_log l JOIN account a ON a.id = l.account"
        f" WHERE l.event = 'refused' AND l.subject LIKE '%{digest}' ORDER BY l.id"
    )
    assert [tuple(row) for row in refused] == [
        (who, "out-of-scope") for who in ("other", "other", "accountant")
    ]
    answer = living.client.get(f"/api/v1/files/{digest}", headers=living.headers("own"))
    assert answer.headers["cache-control"] == "private, no-store"


def test_naming_a_file_is_no_way_to_read_it(living: Living, places: dict[str, Any]) -> None:
    digest = upload(living, "别人的", "own")
    item = new_item(living, "借来的", content={"files": [{"key": "f", "name": "x", "digest": digest}]})
    item["content"]["authority"] = places["other"]
    refused = draft(living, item, who="other")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-file")
    item["content"].pop("files")
    scan = {"number": "〔2026〕1号", "url": f"/api/v1/files/{digest}"}
    refused = draft(living, item, who="other", document=scan)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-file")
    assert draft(living, item, who="other").status_code == 201
    assert status(living, digest, "other") == 404


def test_an_internal_item_keeps_its_file_to_those_of_its_scope(
    living: Living, places: dict[str, Any]
) -> None:
    digest = upload(living, "内部表")
    living.publish(naming(living, "内部事项", digest, visibility="internal"))
    asked = (None, "own", "other", "publisher", "accountant")
    assert [status(living, digest, one) for one in asked] == [404, 200, 404, 200, 404]
    living.publish(naming(living, "公开事项", digest))
    assert status(living, digest) == 200, "named by both"
    living.assert_sound()


def test_an_item_that_is_internal_for_a_time_was_public_before(living: Living) -> None:
    before, during = upload(living, "公开时的"), upload(living, "内部时的")
    added = naming(living, "一时内部", before)
    living.publish(added)
    item = living.item_called("一时内部")
    inside = set_field(item, "visibility", "internal", "2026-11-01", until="2026-12-01")
    inside["changes"].append({"op": "set", "path": "files/f/digest", "value": during})
    living.publish(inside)
    assert (status(living, before), status(living, during)) == (200, 404)
    living.publish(set_field(item, "visibility", "internal", "2027-01-01"))
    assert (status(living, before), status(living, during)) == (404, 404), "hidden as a whole, as its page is"
    assert living.get(f"/items/{item}", on="2026-10-01").status_code == 404
    living.assert_sound()


def test_the_scan_of_a_document_is_read_with_the_decision(living: Living) -> None:
    shown, hidden = upload(living, "公开的扫描件"), upload(living, "内部的扫描件")
    living.publish(
        set_field(living.item_called(FELLING), "consult_phone", "1"),
        document={"number": "〔2026〕8号", "url": f"https://qingdan.example/api/v1/files/{shown}"},
    )
    living.publish(
        new_item(living, "涉密事项", content={"visibility": "internal"}),
        document={"number": "〔2026〕9号", "url": f"/api/v1/files/{hidden}"},
    )
    assert (status(living, shown), status(living, hidden)) == (200, 404)
    assert status(living, hidden, "publisher") == 200
    living.assert_sound()


def test_a_redacted_file_is_told_of_where_it_was_public(living: Living) -> None:
    shown, hidden = upload(living, "公开的"), upload(living, "没有公开的")
    living.publish(naming(living, "附有文件的", shown))
    living.hire("second", "publish")
    people = living.people["publisher"], living.people["second"]
    for digest in (shown, hidden):
        with living.database.writing() as session:
            redact(session, *people, digest, "令1号", "个人信息")
    assert (status(living, shown), status(living, hidden)) == (410, 404)
    assert status(living, hidden, "editor") == 410
    page = living.client.get(f"/items/{living.item_called('附有文件的')}").text
    assert f"/api/v1/files/{shown}" not in page
    assert '附件</dt><dd><span class="none">已依令删改</span>' in page
    living.assert_sound()


def test_what_a_redacted_content_named_is_named_no_more(living: Living) -> None:
    digest = upload(living, "表")
    living.publish(naming(living, "要删改的", digest))
    item = living.item_called("要删改的")
    living.hire("second", "publish")
    people = living.people["publisher"], living.people["second"]
    ((content,),) = living.rows(f"SELECT content FROM revision WHERE subject_id = '{item}'")
    assert status(living, digest) == 200
    with living.database.writing() as session:
        redact(session, *people, content, "令1号", "个人信息")
    assert status(living, digest) == 404
    living.assert_sound()


def test_nothing_tells_a_hidden_file_from_none(living: Living) -> None:
    digest, none = upload(living, "没有人提到"), "0" * 64
    for headers in (
        {},
        {"If-None-Match": f'"{digest}"'},
        {"If-None-Match": "*"},
        {"Range": "bytes=0-3"},
        {"Authorization": "Bearer nobody"},
    ):
        for method in ("GET", "HEAD"):
            found = [
                living.client.request(method, f"/api/v1/files/{one}", headers=headers)
                for one in (digest, none)
            ]
            told = [
                (one.status_code, one.content, sorted(set(one.headers) - {"x-request-id"})) for one in found
            ]
            assert told[0] == told[1], (method, headers)
            assert found[0].status_code in (404, 401, 405)
            assert not {"etag", "last-modified", "content-range"} & set(found[0].headers)


def test_not_modified_is_said_after_asking_who_may_read(living: Living) -> None:
    digest = upload(living, "附件")
    living.publish(naming(living, "有附件的", digest))
    asked = {"If-None-Match": f'"{digest}"'}
    path = f"/api/v1/files/{digest}"
    answer = living.client.get(path, headers=asked)
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", asked["If-None-Match"])
    assert living.client.get(path, headers={"Range": "bytes=0-3"}).content == b"%PDF"
    living.publish(set_field(living.item_called("有附件的"), "visibility", "internal"))
    assert living.client.get(path, headers=asked).status_code == 404
    assert living.client.get(path, headers={"Range": "bytes=0-3"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=4-", 206, slice(4, None)),
        ("BYTES = 0-3", 200, slice(None)),
        ("bytes=5-1", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("lines=0-1", 200, slice(None)),
        ("bytes=0-1,99999999-", 200, slice(None)),
        (f"bytes={'9' * 5000}-", 200, slice(None)),
        ("bytes=99999999-", 416, None),
        ("bytes=-0", 416, None),
    ],
)
def test_what_is_no_range_is_passed_over(
    living_sqlite: Living, asked: str, status: int, part: slice | None
) -> None:
    living = living_sqlite
    digest = upload(living, "附件")
    living.publish(naming(living, "有附件的", digest))
    path = f"/api/v1/files/{digest}"
    whole = living.client.get(path).content
    answer = living.client.get(path, headers={"Range": asked})
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(whole)}"
        assert (answer.headers["content-type"], answer.json()["code"]) == (
            "application/problem+json",
            "not-in-file",
        )
    else:
        assert answer.content == whole[part]


def test_a_key_that_only_reads_what_is_public_reads_no_other_file(living: Living) -> None:
    digest = upload(living, "附件")
    with living.database.writing() as session:
        account = accounts.find_account(session, "editor")
        living.tokens["narrow"] = accounts.issue_token(session, account, scopes=[])
    assert [status(living, digest, one) for one in ("editor", "narrow")] == [200, 404]
