"""An item in shared vocabularies: CPSV-AP 3.2 and schema.org in one JSON-LD document; the dumps in DCAT. Pure.

The context stands in the document: nothing is loaded from elsewhere to read it. What CPSV-AP asks for and the registry
does not know is absent, save a description, for which the name stands in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.items.code_tables import label
from app.items.field_words import STATUS

CONTEXT: dict[str, Any] = {
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "adms": "http://www.w3.org/ns/adms#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema": "https://schema.org/",
    "id": "@id",
    "type": "@type",
}
DURATIONS = {
    "workday": None,
    "day": "P{}D",
    "month": "P{}M",
    "year": "P{}Y",
    "hour": "PT{}H",
    "minute": "PT{}M",
}
"""ISO 8601 has no working days: a limit in them is said in words alone."""


def zh(text: str | None) -> dict[str, str] | None:
    return {"@value": text, "@language": "zh"} if text else None


def public_service(item: dict[str, Any], base: str) -> dict[str, Any]:
    """The answer of ``GET /items/{id}`` as a document about a public service; ``base``: the site's address."""
    content = item["content"] or {}
    address = f"{base}/items/{item['id']}"
    name = item["name"] or item["id"]
    found = {
        "@context": CONTEXT,
        "id": address,
        "type": ["cpsv:PublicService", "schema:GovernmentService"],
        "dct:identifier": item["id"],
        "schema:identifier": [item["id"], *(one["value"] for one in item["codes"])],
        "dct:title": zh(name),
        "schema:name": zh(name),
        "schema:alternateName": [zh(one) for one in content.get("aliases", [])],
        "dct:description": zh(content.get("conditions") or content.get("exercised") or name),
        "schema:url": {"id": address},
        "skos:note": zh(_unknown_start(item)),
        "adms:status": _concept(base, "status", item["status"], STATUS.get(item["status"])),
        "dct:type": _concept(
            base, "item-type", content.get("type"), label("item_type", content.get("type", ""))
        ),
        "cv:hasCompetentAuthority": _authority(item, base),
        "schema:provider": _authority(item, base),
        "schema:areaServed": _place(item, base),
        "cv:processingTime": _duration(content.get("promised_limit") or content.get("statutory_limit")),
        "dct:modified": {"@value": item["recorded_at"], "type": "xsd:dateTime"}
        if item["recorded_at"]
        else None,
        "cv:hasLegalResource": [_legal(one, address, base) for one in content.get("citations", [])],
        "cpsv:hasInput": [_evidence(one, address) for one in content.get("materials", [])],
        "cpsv:produces": _output(content.get("result"), address),
        "cv:hasCost": [_cost(one, address) for one in content.get("fees", [])],
        "cv:hasChannel": [_channel(one, address) for one in content.get("windows", [])],
        "dct:replaces": [{"id": f"{base}/items/{one['id']}"} for one in item["predecessors"]],
        "dct:isReplacedBy": [{"id": f"{base}/items/{one['id']}"} for one in item["successors"]],
    }
    return without_gaps(found)


def _unknown_start(item: dict[str, Any]) -> str | None:
    """What is known of when it began, where no source says."""
    day = item["attested_from"]
    return f"起始日不明：来源只能证明该事项自 {day} 起在册，该日不是它的起始日。" if day else None


def _authority(item: dict[str, Any], base: str) -> dict[str, Any] | None:
    held = item["authority"]
    if not held:
        return None
    return {
        "id": f"{base}/authorities/{held['id']}",
        "type": ["cv:PublicOrganisation", "schema:GovernmentOrganization"],
        "dct:identifier": held["id"],
        "skos:prefLabel": zh(held["name"] or held["id"]),
        "schema:name": zh(held["name"] or held["id"]),
        "dct:spatial": _place(item, base),
    }


def _place(item: dict[str, Any], base: str) -> dict[str, Any] | None:
    held = item["region"]
    if not held:
        return None
    return {
        "id": f"{base}/api/v1/regions/{held['id']}",
        "type": ["dct:Location", "schema:AdministrativeArea"],
        "skos:prefLabel": zh(held["name"]),
        "schema:name": zh(held["name"]),
    }


def _concept(base: str, scheme: str, code: str | None, word: str | None) -> dict[str, Any] | None:
    if not code:
        return None
    return {
        "id": f"{base}/api/v1/code-tables#{scheme}-{code}",
        "type": "skos:Concept",
        "skos:notation": code,
        "skos:prefLabel": zh(word or code),
    }


def _duration(limit: dict[str, Any] | None) -> dict[str, Any] | None:
    if not limit:
        return None
    if limit.get("unit") == "immediate":
        return {"@value": "PT0S", "type": "xsd:duration"}
    form = DURATIONS.get(limit.get("unit", ""))
    if form is None or limit.get("value") is None:
        return None
    return {"@value": form.format(limit["value"]), "type": "xsd:duration"}


def _legal(one: dict[str, Any], address: str, base: str) -> dict[str, Any]:
    title = " ".join(part for part in (one.get("title"), one.get("article")) if part)
    instrument = {"id": f"{base}/laws/{one['instrument']}"} if one.get("instrument") else None
    return {
        "id": f"{address}#citation-{one['key']}",
        "type": "eli:LegalResource",
        "dct:title": zh(title or one.get("number") or one["key"]),
        "dct:description": zh(one.get("text")),
        "dct:isPartOf": instrument,
    }


def _evidence(one: dict[str, Any], address: str) -> dict[str, Any]:
    return {
        "id": f"{address}#material-{one['key']}",
        "type": "cv:Evidence",
        "dct:identifier": f"{one['key']}",
        "dct:title": zh(one["name"]),
        "dct:description": zh(one.get("use_note") or one.get("condition")),
    }


def _output(result: dict[str, Any] | None, address: str) -> dict[str, Any] | None:
    if not result or not result.get("name"):
        return None
    return {
        "id": f"{address}#result",
        "type": "cv:Output",
        "dct:identifier": "result",
        "dct:title": zh(result["name"]),
    }


def _cost(one: dict[str, Any], address: str) -> dict[str, Any]:
    words = "：".join(part for part in (one["name"], one.get("standard")) if part)
    return {
        "id": f"{address}#fee-{one['key']}",
        "type": "cv:Cost",
        "dct:identifier": one["key"],
        "dct:description": zh(words),
    }


def _channel(one: dict[str, Any], address: str) -> dict[str, Any]:
    return {
        "id": f"{address}#window-{one['key']}",
        "type": ["cv:Channel", "schema:ServiceChannel"],
        "dct:identifier": one["key"],
        "schema:name": zh(one.get("name")),
        "schema:servicePhone": {"type": "schema:ContactPoint", "schema:telephone": one["phone"]}
        if one.get("phone")
        else None,
        "schema:serviceLocation": {"type": "schema:Place", "schema:address": one["address"]}
        if one.get("address")
        else None,
    }


def catalog(base: str, head: int, dumps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The registry's data as a DCAT catalogue: the live export, and each dump with its checksum."""
    publisher = {
        "id": f"{base}/#registry",
        "type": "foaf:Agent",
        "dct:identifier": "qingdan",
        "dct:title": zh("清单登记簿"),
        "foaf:name": "清单登记簿",
    }
    live = {
        "id": f"{base}/api/v1/export.jsonl",
        "type": "dcat:Distribution",
        "dct:title": zh("按日导出"),
        "dcat:accessURL": {"id": f"{base}/api/v1/export.jsonl"},
        "dcat:mediaType": "application/x-ndjson",
    }
    dataset = {
        "id": f"{base}/api/v1/catalog#items",
        "type": "dcat:Dataset",
        "dct:identifier": "items",
        "dct:title": zh("行政审批事项目录与权力清单"),
        "dct:description": zh("全部公开事项，每行一个 JSON；可按任意一日导出。"),
        "dct:publisher": publisher,
        "dcat:version": str(head),
        "dcat:distribution": [live, *(_dump(base, one) for one in dumps)],
    }
    found = {
        "@context": CONTEXT,
        "id": f"{base}/api/v1/catalog",
        "type": "dcat:Catalog",
        "dct:title": zh("清单开放数据"),
        "dct:description": zh("清单登记簿的开放数据。"),
        "dct:publisher": publisher,
        "dcat:dataset": [dataset],
    }
    return without_gaps(found)


def _dump(base: str, one: dict[str, Any]) -> dict[str, Any]:
    address = f"{base}/api/v1/dumps/{one['file']}"
    return {
        "id": address,
        "type": "dcat:Distribution",
        "dct:title": zh(f"{one['on']} 全部公开事项"),
        "dct:issued": {"@value": one["on"], "type": "xsd:date"},
        "dcat:downloadURL": {"id": address},
        "dcat:accessURL": {"id": address},
        "dcat:mediaType": "application/x-ndjson",
        "dcat:compressFormat": "application/gzip",
        "dcat:byteSize": {"@value": str(one["bytes"]), "type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "type": "spdx:Checksum",
            "spdx:algorithm": {"id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": one["sha256"], "type": "xsd:hexBinary"},
        },
    }


def without_gaps(value: Any) -> Any:
    """JSON without what says nothing: null, empty lists, empty text; at any depth."""
    if isinstance(value, dict):
        return {name: without_gaps(part) for name, part in value.items() if part not in (None, [], "")}
    if isinstance(value, list):
        return [without_gaps(part) for part in value]
    return value
