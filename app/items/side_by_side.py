"""Two items side by side: the same power in two places, field by field. Pure."""

from __future__ import annotations

from typing import Any

from app.versions.fold import diff, with_before

OWN = ("authority", "region", "schema", "visibility")
"""Fields that are each item's own and say nothing of how it is handled."""


def differences(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    """Field changes that turn the first content into the second. Elements of lists are matched by what they are
    called, since each item gives keys of its own."""
    before, after = _comparable(first), _comparable(second)
    return with_before(before, diff(before, after))


def _comparable(content: dict[str, Any]) -> dict[str, Any]:
    return {name: _by_name(part) for name, part in content.items() if name not in OWN}


def _by_name(value: Any) -> Any:
    if not isinstance(value, list) or not all(isinstance(one, dict) and "key" in one for one in value):
        return value
    seen: dict[str, int] = {}
    found = []
    for one in value:
        name = str(one.get("name") or one.get("title") or one["key"]).replace("/", "／")
        seen[name] = seen.get(name, 0) + 1
        key = name if seen[name] == 1 else f"{name} {seen[name]}"
        found.append({part: _by_name(inner) for part, inner in one.items()} | {"key": key})
    return found
