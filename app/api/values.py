"""What parameters may be, said in the API's document as the routes judge it: formats, patterns, enumerations."""

from __future__ import annotations

from typing import Any

from app.api.webhooks import STATES as OF_LETTERS
from app.changes.duties import KINDS as DUTIES
from app.changes.models import STATE_LABELS
from app.changes.owed import STATES as OF_DUTIES
from app.changes.wanted import KINDS, TYPES
from app.checks.catalogue import SEVERITIES, TITLES
from app.listing import STATUSES

Schema = dict[str, Any]

_NONE: Schema = {"type": "null"}
_EMPTY: Schema = {"const": "", "description": "as if it were not given"}
_DAY: Schema = {"type": "string", "format": "date"}
_SEQ: Schema = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_OPTIONAL_DAY: Schema = {"anyOf": [_DAY, _EMPTY, _NONE]}
_YEAR = "(1949|19[5-9][0-9]|2[01][0-9]{2}|2200)"
_LEAP = "(19(5[26]|6[048]|7[26]|8[048]|9[26])|20([02468][048]|[13579][26])|21(0[48]|[2468][048]|[13579][26]))"
_IN_YEAR = (
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
)
_TIME = r"(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(\+08:00)?)?"
ACCEPTED: Schema = {"type": "string", "pattern": f"^({_YEAR}-{_IN_YEAR}|{_LEAP}-02-29){_TIME}$"}
"""When an application was accepted: a day of 1949 to 2200 that there is, in Shanghai, with a time or without."""


def _one_of(values: Any) -> Schema:
    return {"type": "string", "enum": list(values)}


def _several_of(values: Any) -> Schema:
    return {"anyOf": [{"type": "array", "items": _one_of(values)}, _NONE]}


def _perhaps(*kinds: Schema) -> Schema:
    return {"anyOf": [*kinds, _EMPTY, _NONE]}


NAMED: dict[str, Schema] = {
    "on": _OPTIONAL_DAY,
    "from": _DAY,
    "to": _DAY,
    "since_on": {"anyOf": [_DAY, _NONE]},
    "effective_from": _OPTIONAL_DAY,
    "effective_to": _OPTIONAL_DAY,
    "known_at": {"anyOf": [_SEQ, _INSTANT, _NONE]},
}
"""What parameters of these names look like, wherever they stand; the routes refuse others by their own codes."""
_STATUSES = _several_of(STATUSES)
OF_ROUTES: dict[tuple[str, str], Schema] = {
    ("/api/v1/items", "status"): _STATUSES,
    ("/api/v1/items/counts", "status"): _STATUSES,
    ("/api/v1/search", "status"): _STATUSES,
    ("/api/v1/authorities", "status"): _STATUSES,
    ("/api/v1/instruments", "status"): _STATUSES,
    ("/api/v1/items/{item}/due", "accepted"): ACCEPTED,
    ("/api/v1/bundles/{bundle}", "accepted"): _perhaps(ACCEPTED),
    ("/api/v1/rounds/series", "day"): {"anyOf": [{"type": "array", "items": _DAY}, _NONE]},
    ("/api/v1/changes", "kind"): _several_of(KINDS),
    ("/api/v1/changes", "event"): _several_of(TYPES),
    ("/api/v1/changesets", "state"): _perhaps(_one_of(STATE_LABELS)),
    ("/api/v1/duties", "state"): _several_of(OF_DUTIES),
    ("/api/v1/duties", "kind"): _several_of(DUTIES),
    ("/api/v1/webhooks/{webhook}/deliveries", "state"): _perhaps(_one_of(OF_LETTERS)),
    ("/api/v1/findings", "code"): _perhaps(_one_of(TITLES)),
    ("/api/v1/findings", "severity"): _perhaps(_one_of(SEVERITIES)),
}
