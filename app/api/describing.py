"""The API's document as an integrator reads it: what FastAPI writes of routes, with what it cannot know.

Refusals are of their own media type; keys are a security scheme and not a header among others; days and moments have
formats; bodies that are files are bodies; and every operation has an example, asked of the demonstration data
(``tests/api_examples.py`` writes them, a test asks them again).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from app.api import links, values

JSON = "application/json"
PROBLEM = "application/problem+json"
EXAMPLES = Path(__file__).with_name("examples.json")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

TAGS = {
    "items": "事项: one, many, by code, on any day, as known at any time; whether it stands, when it is due",
    "search": "full text on a day, and names to complete to",
    "places": "authorities and regions with their dated names and succession",
    "law": "laws, regulations and documents, and what rests on them",
    "catalogue": "基本目录事项, and the items that implement them",
    "bundles": "联办事项: items handled together",
    "rounds": "cleanup rounds: worked out, recorded, reported",
    "lists": "权力清单 and others, issued as signed editions",
    "log": "the change feed, the export, the log's head",
    "open data": "shared vocabularies, dumps, the DCAT catalogue",
    "webhooks": "subscriptions to events",
    "changesets": "drafting, reviewing, publishing",
    "files": "attached files by content hash",
    "findings": "what the checks have found",
    "duties": "what decisions leave to be done",
    "health": "whether it answers, and how it does",
}
HEADERS = {
    "X-Request-Id": "the request's name, for reports and logs",
    "RateLimit-Policy": "how many requests in how many seconds",
    "RateLimit": "how many are left, and for how long",
}
"""Of every answer under /api/v1."""
OF_THE_EXPORT = {
    "X-Log-Seq": "the log entry that the lines are as of",
    "X-Log-Hash": "that entry's hash",
    "X-Known-At": "that entry's moment",
    "X-On": "the day of the lines",
}
FILES = {
    "/api/v1/files": (
        "the file's bytes",
        ["application/pdf", DOCX, XLSX, "image/jpeg", "image/png", "text/plain"],
    ),
    "/api/v1/rounds/{round_id}/worksheets": ("a filled 清理意见表", [XLSX]),
    "/api/v1/rounds/{round_id}/worksheets/marked": ("a filled 清理意见表", [XLSX]),
    "/api/v1/rounds/{round_id}/rows": ("an annex; `name` says of which kind", ["text/csv", XLSX, DOCX]),
}
"""POSTs whose body is a file."""


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The document, completed in place."""
    examples = _examples()
    schema["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schema["servers"] = [{"url": "/", "description": "this registry"}]
    used: dict[str, None] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            operation.setdefault("tags", ["health"])
            used |= dict.fromkeys(operation["tags"])
            _say_problem_json(operation)
            _say_keys(operation)
            _say_values(path, operation)
            _say_links(method, path, operation)
            if path.startswith("/api/"):
                _say_headers(path, operation)
            if path in FILES and method == "post":
                _say_body(operation, *FILES[path])
            if example := examples.get(f"{method.upper()} {path}"):
                _say_example(operation, example)
    schema["tags"] = [{"name": name, "description": TAGS[name]} for name in used]
    schema["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "a token as `qingdan user token` gives it; see /docs/integrating on keys",
        }
    }
    return schema


@lru_cache(maxsize=1)
def _examples() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(EXAMPLES.read_bytes())
    return found


def _say_problem_json(operation: dict[str, Any]) -> None:
    for status in ("4XX", "5XX"):
        content = operation["responses"].get(status, {}).get("content", {})
        if JSON in content:
            content[PROBLEM] = content.pop(JSON)


def _say_keys(operation: dict[str, Any]) -> None:
    parameters = operation.get("parameters", [])
    left = [one for one in parameters if one["name"].lower() != "authorization"]
    operation["security"] = [{"key": []}] if len(left) < len(parameters) else [{}, {"key": []}]
    if parameters:
        operation["parameters"] = left


def _say_values(path: str, operation: dict[str, Any]) -> None:
    for one in operation.get("parameters", []):
        said = values.OF_ROUTES.get((path, one["name"])) or values.NAMED.get(one["name"])
        if one["in"] == "query" and said:
            kept = {name: value for name, value in one["schema"].items() if name in ("title", "description")}
            one["schema"] = kept | said


def _say_links(method: str, path: str, operation: dict[str, Any]) -> None:
    for status, leading in links.AFTER.get((method, path), {}).items():
        operation["responses"][status]["links"] = {name: link.said() for name, link in leading.items()}


def _say_headers(path: str, operation: dict[str, Any]) -> None:
    more = OF_THE_EXPORT if path == "/api/v1/export.jsonl" else {}
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response["headers"] = {
                name: {"description": said, "schema": {"type": "string"}}
                for name, said in (HEADERS | more).items()
            }


def _say_body(operation: dict[str, Any], said: str, media_types: list[str]) -> None:
    operation["parameters"] = [
        one for one in operation["parameters"] if one["name"].lower() != "content-type"
    ]
    body = {kind: {"schema": {"type": "string", "format": "binary", "minLength": 1}} for kind in media_types}
    operation["requestBody"] = {"required": True, "description": said, "content": body}


def _say_example(operation: dict[str, Any], example: dict[str, Any]) -> None:
    for one in operation.get("parameters", []):
        if one["name"] in example.get("parameters", {}):
            value = example["parameters"][one["name"]]
            several = any(kind.get("type") == "array" for kind in one["schema"].get("anyOf", ()))
            one["example"] = [value] if several else value
    if "body" in example:
        operation["requestBody"]["content"][JSON]["example"] = example["body"]
    for status, response in operation["responses"].items():
        if status.startswith("2") and "answer" in example:
            for content in response.get("content", {}).values():
                content["example"] = example["answer"]
                break
