"""The attached files that an item's content names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def named_files(document: Mapping[str, Any]) -> Sequence[str]:
    """Their digests, as often as they are named: forms and samples of materials, also of a variant's; the sample of
    the result; what is attached."""
    found = [one["digest"] for one in document.get("files", ()) if "digest" in one]
    for part in (document, *document.get("variants", ())):
        for material in part.get("materials", ()):
            if "blank_form" in material:
                found.append(material["blank_form"])
            if "sample_form" in material:
                found.append(material["sample_form"])
    if sample := document.get("result", {}).get("sample"):
        found.append(sample)
    return found
