"""What an item that is handed down brings along, and what is the receiver's own to say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HANDED_DOWN = "2"
"""权力来源: 上级下放 (code table power_source)."""
ITS_OWN = (
    "excluded", "windows", "consult", "consult_phone", "complaint", "complaint_phone", "online_address",
    "authority_nature", "co_authorities", "co_authority_ids", "undertaking", "undertaking_code", "entrusting", "source",
    "system_level",
)  # fmt: skip
"""What was true of the organ that handed it down."""


def inherited(origin: Mapping[str, Any]) -> dict[str, Any]:
    """The content that an item begins with where it takes over another: authority, region and level are still the
    origin's."""
    return {name: part for name, part in origin.items() if name not in ITS_OWN} | {
        "power_source": HANDED_DOWN
    }
