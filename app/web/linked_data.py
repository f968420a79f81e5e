"""An item in the words of schema.org (GovernmentService), for search engines. Pure.

A block of data is not run: the policy against scripts stands. In it, what could end the block is escaped.
"""

from __future__ import annotations

from typing import Any

import orjson
from markupsafe import Markup

from app.exchange.linked import without_gaps
from app.web.item_facts import ItemFacts

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def government_service(facts: ItemFacts, base: str) -> dict[str, Any]:
    """Only what the registry knows; fields that it lacks are absent."""
    item, content = facts.item, facts.content
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "GovernmentService",
        "@id": f"{base}/items/{item['id']}",
        "url": f"{base}/items/{item['id']}",
        "identifier": item["code"] or item["id"],
        "name": facts.title,
        "alternateName": content["aliases"],
        "inLanguage": "zh-CN",
    }
    if item["region"] and item["region"]["name"]:
        found["areaServed"] = {"@type": "AdministrativeArea", "name": item["region"]["name"]}
    if item["authority"] and item["authority"]["name"]:
        operator = {"@type": "GovernmentOrganization", "name": item["authority"]["name"]}
        found["provider"] = operator | {"url": f"{base}/authorities/{item['authority']['id']}"}
    found["termsOfService"] = content["conditions"]
    found["availableChannel"] = [
        {
            "@type": "ServiceChannel",
            "name": one["name"],
            "servicePhone": {"@type": "ContactPoint", "telephone": one["phone"]} if one["phone"] else None,
            "serviceLocation": {"@type": "Place", "address": one["address"]} if one["address"] else None,
        }
        for one in content["windows"] or []
    ]
    return without_gaps(found)


def script_data(value: Any) -> Markup:
    """JSON that may stand in a data block of a page."""
    words = orjson.dumps(value).decode("utf-8", "replace")
    for sign, escape in ESCAPES.items():
        words = words.replace(sign, escape)
    return Markup(words)
