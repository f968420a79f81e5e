"""The attached files that an item's content names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FORMS = ("blank_form", "sample_form")
"""Fields of a material that name a file."""


def named_files(document: Mapping[str, Any]) -> Sequence[str]:
    """Their digests, as often as they are named: forms and samples of materials, also of a variant's; the sample of
    the result; what is attached."""
    found = [one["digest"] for one in document.get("files", ()) if "digest" in one]
    for part in (document, *document.get("variants", ())):
        for material in part.get("materials", ()):
            found += [material[form] for form in FORMS if form in material]
    if sample := document.get("result", {}).get("sample"):
        found.append(sample)
    return found
