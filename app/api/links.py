"""The links of the API's document: what may be asked after an answer, and with which of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_ID = "$response.body#/id"
_FIRST = "$response.body#/items/0/id"
_DECIDED = "$response.body#/decisions/0/subject"
_CHANGED = "$response.body#/changes/0/subject"


@dataclass(frozen=True)
class Link:
    """``asked``: an operation id; ``given``: its parameters; ``body``: fields of its body; ``note``: what an integrator
    must know to follow it."""

    asked: str
    given: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def said(self) -> dict[str, Any]:
        """As OpenAPI has it."""
        told: dict[str, Any] = {"operationId": self.asked}
        if self.given:
            told["parameters"] = dict(self.given)
        if self.body:
            told["requestBody"] = dict(self.body)
        if self.note:
            told["description"] = self.note
        return told


Links = dict[str, Link]


def _of_the_item(item: str) -> Links:
    asked = {"item": item}
    days = {"from": "2026-01-01", "to": "2026-12-31"}
    return {
        "revisions": Link("list_revisions", asked),
        "diff": Link("compare_days", asked | days),
        "standing": Link("is_in_force", asked),
        "due": Link("due_date", asked | {"accepted": "2026-09-28T15:00"}),
        "linked": Link("get_linked", asked),
    }


_CHANGESET = {"changeset": _ID}
_READ: Links = {"changeset": Link("get_changeset", _CHANGESET), "effects": Link("get_effects", _CHANGESET)}
_REDRAFT = Link("redraft", _CHANGESET | {"header.If-Match": "$response.header.ETag"})
_SUBMIT = Link("submit", _CHANGESET)
_RETURN = Link("send_back", _CHANGESET, note="with a reason, by whoever may review")
_WITHDRAW = Link("withdraw", _CHANGESET)
_TAKE_BACK = Link("take_back", _CHANGESET, note="by whoever wrote it, until it is approved")
_APPROVE = Link(
    "approve",
    _CHANGESET,
    {"hash": "$response.body#/hash"},
    note="by a second person, who neither wrote nor submitted it; bound to the hash of what was read",
)
_PUBLISHED: Links = {
    "changeset": _READ["changeset"],
    "changes": Link(
        "list_changes", {"since": "$response.body#/publication"}, note="the events that it brought come first"
    ),
    "item": Link("get_item", {"item": _DECIDED}, note="where its first decision is about one item"),
    "revisions": Link("list_revisions", {"item": _DECIDED}, note="the same"),
    "confirm": Link("confirm", _CHANGESET, note="where `unconfirmed`, by a second person"),
}
_OF_A_WEBHOOK = {"webhook": _ID}
AFTER: dict[tuple[str, str], dict[str, Links]] = {
    ("get", "/api/v1/items"): {"200": {"item": Link("get_item", {"item": _FIRST})}},
    ("get", "/api/v1/items/{item}"): {"200": _of_the_item(_ID)},
    ("get", "/api/v1/items/{item}/revisions"): {"200": {"diff": _of_the_item(_ID)["diff"]}},
    ("get", "/api/v1/bundles"): {"200": {"bundle": Link("get_bundle", {"bundle": _FIRST})}},
    ("get", "/api/v1/authorities"): {"200": {"authority": Link("get_authority", {"authority": _FIRST})}},
    ("get", "/api/v1/regions"): {"200": {"region": Link("get_region", {"region": _FIRST})}},
    ("get", "/api/v1/instruments"): {
        "200": {
            "instrument": Link("get_instrument", {"instrument": _FIRST}),
            "resting": Link("list_resting", {"instrument": _FIRST}),
        }
    },
    ("get", "/api/v1/log/head"): {"200": {"changes": Link("list_changes", {"since": "$response.body#/seq"})}},
    ("get", "/api/v1/changes"): {
        "200": {
            "next": Link("list_changes", {"since": "$response.body#/next"}, note="where there is a `next`"),
            "item": Link("get_item", {"item": _CHANGED}, note="where the first event is of an item"),
            "revisions": Link("list_revisions", {"item": _CHANGED}, note="the same"),
        }
    },
    ("post", "/api/v1/changesets"): {
        "201": {**_READ, "redraft": _REDRAFT, "submit": _SUBMIT, "withdraw": _WITHDRAW}
    },
    ("put", "/api/v1/changesets/{changeset}"): {"200": {"submit": _SUBMIT}},
    ("post", "/api/v1/changesets/{changeset}/submit"): {
        "200": {
            **_READ,
            "approve": _APPROVE,
            "return": _RETURN,
            "take-back": _TAKE_BACK,
            "withdraw": _WITHDRAW,
        }
    },
    ("post", "/api/v1/changesets/{changeset}/take-back"): {"200": {"redraft": _REDRAFT, "submit": _SUBMIT}},
    ("post", "/api/v1/changesets/{changeset}/return"): {"200": {"redraft": _REDRAFT}},
    ("post", "/api/v1/changesets/{changeset}/approve"): {
        "200": {"publish": Link("publish", _CHANGESET), "return": _RETURN}
    },
    ("post", "/api/v1/changesets/{changeset}/publish"): {"200": _PUBLISHED},
    ("post", "/api/v1/webhooks"): {
        "201": {
            "webhook": Link("get_webhook", _OF_A_WEBHOOK),
            "deliveries": Link("list_deliveries", _OF_A_WEBHOOK),
            "rotate": Link("rotate", _OF_A_WEBHOOK),
            "end": Link("end_webhook", _OF_A_WEBHOOK),
        }
    },
    ("delete", "/api/v1/webhooks/{webhook}"): {
        "204": {"gone": Link("get_webhook", {"webhook": "$request.path.webhook"})}
    },
}
"""By method and path, by status."""
