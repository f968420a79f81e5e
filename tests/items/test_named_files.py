"""Which files a content names: every field of the content that holds a digest is looked at."""

from __future__ import annotations

from typing import Any

from app.items.content import ItemContent
from app.items.named_files import named_files
from app.versions.named_files import drafted_in, scan_of
from app.web.office.forms.drafting import FILES, files_in


def digests_of(schema: dict[str, Any], part: dict[str, Any], path: str = "") -> set[str]:
    """The places in which a digest may stand, by the content's JSON Schema."""
    if "$ref" in part:
        return digests_of(schema, schema["$defs"][part["$ref"].rpartition("/")[2]], path)
    if part.get("pattern") == "^[0-9a-f]{64}$":
        return {path}
    found: set[str] = set()
    for one in part.get("anyOf", ()):
        found |= digests_of(schema, one, path)
    if "items" in part:
        found |= digests_of(schema, part["items"], path)
    for name, one in part.get("properties", {}).items():
        found |= digests_of(schema, one, f"{path}/{name}")
    return found


MATERIAL = {"key": "m", "name": "表", "blank_form": "1" * 64, "sample_form": "2" * 64}
CONTENT = {
    "materials": [MATERIAL],
    "result": {"sample": "3" * 64},
    "files": [{"key": "f", "name": "图", "digest": "4" * 64}],
    "variants": [{"key": "v", "materials": [MATERIAL | {"blank_form": "5" * 64, "sample_form": "6" * 64}]}],
}


def test_every_place_of_a_digest_is_looked_at() -> None:
    schema = ItemContent.model_json_schema()
    places = digests_of(schema, schema)
    assert places == {
        "/materials/blank_form",
        "/materials/sample_form",
        "/result/sample",
        "/files/digest",
        "/variants/materials/blank_form",
        "/variants/materials/sample_form",
    }
    assert {one.rpartition("/")[2] for one in places} == FILES
    assert (
        sorted(named_files(CONTENT))
        == [str(one) * 64 for one in range(1, 7)]
        == sorted(files_in(CONTENT).values())
    )
    assert named_files({"name": "没有附件"}) == []


def test_a_document_names_its_scan_by_address() -> None:
    digest = "a" * 64
    for url in (f"/api/v1/files/{digest}", f"https://qingdan.example/api/v1/files/{digest}"):
        assert scan_of({"document": {"url": url}}) == digest
    for url in (
        f"/api/v1/files/{digest}/x",
        f"/api/v1/files/{digest[1:]}",
        digest,
        "https://example.org/",
        None,
    ):
        assert scan_of({"document": {"url": url}}) is None
    assert scan_of({}) is None


def test_what_a_draft_names_is_seen_in_its_bytes() -> None:
    digest = "b" * 64
    for path in ("materials/m/blank_form", "result/sample", "files/f/digest"):
        body = f'{{"changes":[{{"op":"set","path":"{path}","value":"{digest}"}}]}}'
        assert drafted_in(body.encode()) == {digest}
    assert drafted_in(f'{{"document":{{"url":"/api/v1/files/{digest}"}}}}'.encode()) == {digest}
    assert drafted_in(f'{{"files":[{{"digest":"{digest}"}}]}}'.encode()) == {digest}
    assert drafted_in(f'{{"frozen":{{"items":"{digest}"}}}}'.encode()) == set()
