"""What a receive accepts (承接): the devolve or narrow behind it, its receivers, and who has accepted already."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from app.changes import statements
from app.changes.asked import ABSENT, Acceptance, Asked, Before, Subject
from app.db import CHUNK, fetch, marks
from app.errors import Invalid, Refused
from app.places.queries import ancestors, children, region_of
from app.versions.lineage import followers

HANDS_ON = ("devolve", "narrow")
"""Outcomes whose receivers owe an acceptance."""


@dataclass(slots=True)
class Handover:
    """A devolve or narrow with receivers, published (``act``) or of the same changeset (``place``, from 1)."""

    subject: str
    opens: str
    lost_from: str
    receivers: dict[str, Mapping[str, Any]]
    act: int | None = None
    place: int | None = None
    taken: dict[str, str] = field(default_factory=dict)
    """Receiver's key -> the decision that accepted, in words."""


def handover_of(body: Mapping[str, Any], place: int) -> Handover:
    """One of the same changeset. Raises Invalid where that decision hands nothing on."""
    if body["outcome"] not in HANDS_ON or not body.get("receivers"):
        raise _no_handover(f"本变更单第 {place} 项决定")
    return Handover(
        subject=body["subject"],
        opens=body["effective_from"],
        lost_from=body.get("transition_until") or body["effective_from"],
        receivers={receiver["key"]: receiver for receiver in body["receivers"]},
        place=place,
    )


def _no_handover(what: str) -> Invalid:
    return Invalid(f"{what}不是写明承接方的下放或部分下放，不能承接。", code="not-a-devolve")


_PUBLISHED = (
    "SELECT d.act, d.subject_id, d.outcome, d.effective_from, {statement},"
    " EXISTS (SELECT 1 FROM void v WHERE v.act = d.act) FROM decision d"
    " WHERE d.act IN ({acts}) AND d.role = 'subject'"
)
_TAKEN = (
    "SELECT duty_act, duty_key, act FROM fulfilment f WHERE duty_act IN ({acts})"
    " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = f.act) ORDER BY act"
)


def published_handovers(
    connection: Connection, acts: Iterable[int], unmaking: Iterable[int] = ()
) -> dict[int, Handover]:
    """Published ones by act. What accepts in ``unmaking``, acts about to be voided, does not count.

    Raises Invalid for an act that hands nothing on, Refused for a voided one.
    """
    wanted, gone = sorted(set(acts)), set(unmaking)
    found: dict[int, Handover] = {}
    published = _PUBLISHED.replace("{statement}", statements.body_of("d.statement"))
    for act, subject, outcome, opens, body, voided in _in_chunks(connection, published, wanted):
        said = statements.said(body)
        if outcome not in HANDS_ON or not said.get("receivers"):
            raise _no_handover(f"序号 {act} 的决定")
        if voided or act in gone:
            raise Refused(f"序号 {act} 的下放决定已撤除，不能再承接。", code="devolve-voided")
        receivers = {receiver["key"]: receiver for receiver in said["receivers"]}
        found[act] = Handover(subject, opens, said.get("transition_until") or opens, receivers, act)
    for act in wanted:
        if act not in found:
            raise Invalid(f"没有序号为 {act} 的下放决定。", code="unknown-act")
    for act, key, by in _in_chunks(connection, _TAKEN, wanted):
        if by not in gone:
            found[act].taken[key] = f"决定序号 {by}"
    return found


def _in_chunks(connection: Connection, query: str, acts: list[int]) -> Iterator[Any]:
    for start in range(0, len(acts), CHUNK):
        some = tuple(acts[start : start + CHUNK])
        yield from fetch(connection, query.format(acts=marks(some)), some)


class Handovers:
    """The handovers that a changeset's receives accept. Within it, each place is accepted once."""

    def __init__(self, connection: Connection, bodies: Sequence[Mapping[str, Any]]) -> None:
        named = [one for body in bodies for one in body.get("accepts", ())]
        voided = [body["act"] for body in bodies if body["outcome"] == "void" and "act" in body]
        self._bodies = bodies
        self._published = published_handovers(
            connection, [one["act"] for one in named if one.get("act") is not None], voided
        )
        self._own: dict[int, Handover] = {}

    def behind(self, accepted: Mapping[str, Any], at_place: int) -> Handover:
        """The handover that an acceptance names. ``at_place``: the place of the receive itself."""
        act, place = accepted.get("act"), accepted.get("decision")
        if (act is None) == (place is None):
            raise Invalid(
                "承接须写明所承接的决定：已发布的写序号（act），本变更单内的写第几项（decision），二者取一。",
                code="acceptance-incomplete",
            )
        if act is not None:
            return self._published[act]
        assert place is not None
        if place >= at_place or place > len(self._bodies):
            raise Invalid(
                f"所承接的决定须排在承接之前，第 {place} 项不在第 {at_place} 项之前。", code="accepts-later"
            )
        if place not in self._own:
            self._own[place] = handover_of(self._bodies[place - 1], place)
        return self._own[place]

    def accept(self, accepted: Mapping[str, Any], at_place: int) -> Acceptance:
        """The acceptance as the rules want it; the place is taken from now on."""
        handover = self.behind(accepted, at_place)
        key = accepted.get("receiver")
        receiver = handover.receivers.get(key or "")
        if receiver is None:
            raise Invalid(
                f"这项下放没有承接方“{key or ''}”，请从中选择：{'、'.join(sorted(handover.receivers)[:20])}。",
                code="unknown-receiver",
            )
        taken = handover.taken.get(receiver["key"])
        handover.taken.setdefault(receiver["key"], f"本变更单第 {at_place} 项")
        return Acceptance(handover.subject, receiver, handover.opens, handover.lost_from, taken)


def complete(connection: Connection, bodies: Sequence[dict[str, Any]]) -> None:
    """Fill in what a drafted decision leaves open, in place: keys of receivers and duties, places one level
    below, the receiver that a result fits, and the origins that acceptances imply."""
    for body in bodies:
        if body.get("receivers"):
            day = body["effective_from"]
            body["receivers"] = [
                one for given in body["receivers"] for one in _spread(connection, given, day)
            ]
        for keyed in (*body.get("receivers", ()), *body.get("duties", ())):
            keyed.setdefault("key", f"k{secrets.token_hex(4)}")
    handovers = Handovers(connection, bodies)
    for place, body in enumerate(bodies, start=1):
        for accepted in body.get("accepts", ()):
            handover = handovers.behind(accepted, place)
            accepted["receiver"] = _receiver_key(handover, accepted.get("receiver"), body)
            origins = body.setdefault("origins", [])
            if handover.subject not in {origin.get("subject") for origin in origins}:
                origins.append({"subject": handover.subject})


def _spread(connection: Connection, given: dict[str, Any], day: str) -> list[dict[str, Any]]:
    """A receiver, or one for each place below the one it names."""
    place = given.pop("below", None)
    if place is None:
        return [given]
    found = children(connection, place, day)
    if not found:
        raise Invalid(f"{place} 之下没有已登记的行政区划，请逐一写明承接方。", code="nothing-below")
    given.pop("key", None)
    return [{**given, "region": region} for region in found]


def _receiver_key(handover: Handover, named: str | None, body: Mapping[str, Any]) -> str:
    """The key of the receiver that is named by key, region or authority, or that the results fit."""
    if named is not None and named in handover.receivers:
        return named
    ids = {named} if named else _whose(body.get("results", ()))
    fitting = [
        key
        for key, receiver in handover.receivers.items()
        if ids & {receiver.get("region"), receiver.get("authority")}
    ]
    if named is None and not fitting and len(handover.receivers) == 1:
        return next(iter(handover.receivers))
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        raise Invalid(
            f"承接方不止一个相符（{'、'.join(fitting[:20])}），请在 receiver 中写明键。",
            code="which-receiver",
        )
    raise Invalid(
        f"这项下放没有承接方“{named or '（未写明）'}”，请从中选择：{'、'.join(sorted(handover.receivers)[:20])}。",
        code="unknown-receiver",
    )


def _whose(results: Iterable[Mapping[str, Any]]) -> set[str | None]:
    """Regions and authorities of new results."""
    return {
        result["content"].get(name)
        for result in results
        for name in ("region", "authority")
        if result.get("content")
    }


def acceptances_of(connection: Connection, act: int) -> list[int]:
    """The unvoided acts that accept a devolve."""
    query = (
        "SELECT f.act FROM fulfilment f JOIN duty d ON d.act = f.duty_act AND d.key = f.duty_key"
        " WHERE f.duty_act = ? AND d.kind = 'acceptance'"
        " AND NOT EXISTS (SELECT 1 FROM void v WHERE v.act = f.act) ORDER BY f.act"
    )
    return [row[0] for row in fetch(connection, query, (act,))]


def require_fit(connection: Connection, asked: Asked, before: Mapping[str, Before]) -> None:
    """Every receiver that a receive names gets a result of its own place and organ, and the power does not stay with
    the organ that gave it up. Raises Refused."""
    day = asked.effective_from
    documents = [_after(result, before) for result in asked.results]
    for acceptance in asked.accepts:
        fitting = [one for one in documents if _fits(connection, acceptance.receiver, one, day)]
        if not fitting:
            raise Refused(
                "承接后的事项不属于下放文件写明的承接方，请核对其行政区划（region）和实施机关（authority）。",
                code="not-the-receiver",
                receiver=dict(acceptance.receiver),
            )
        giver = before.get(acceptance.origin, ABSENT).document.get("authority", "")
        if all(_stays_with(connection, giver, acceptance.receiver, one, day) for one in fitting):
            raise Refused(
                "承接后的事项还由下放它的机关实施，而这个机关不属于承接的地方；请把实施机关（authority）写成承接方的机关。",
                code="stays-with-giver",
                authority=giver,
            )


def _after(result: Subject, before: Mapping[str, Before]) -> Mapping[str, Any]:
    if result.content is not None:
        return result.content
    document = dict(before.get(result.id, ABSENT).document)
    document |= {c["path"]: c["value"] for c in result.changes if c["path"] in ("region", "authority")}
    return document


def _fits(connection: Connection, receiver: Mapping[str, Any], document: Mapping[str, Any], day: str) -> bool:
    """The organ itself or one that followed it; else a place within the receiver's."""
    if organ := receiver.get("authority"):
        return document.get("authority") in {organ, *followers(connection, organ)}
    if place := receiver.get("region"):
        return place in ancestors(connection, document.get("region") or "", day)
    return True


def _stays_with(
    connection: Connection, giver: str, receiver: Mapping[str, Any], document: Mapping[str, Any], day: str
) -> bool:
    """Whether an item that a place takes over is held by the giver, or one that followed it, and that organ is none
    of the place's. A receiver that is an organ is asked by name."""
    holder = document.get("authority")
    if receiver.get("authority") or holder not in {giver, *followers(connection, giver)}:
        return False
    place = receiver.get("region") or document.get("region")
    return place not in ancestors(connection, region_of(connection, holder, day) or "", day)
