"""Reporting and following a report: with a number, without an account, so many in an hour."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable, Mapping

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from app import log
from app.auth.actor import Actor
from app.db import change, chunks, fetch, marks
from app.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from app.feedback.models import Feedback
from app.limiting import place_of
from app.places.queries import subtree
from app.saying import said
from app.versions.queries import today

KINDS = {"wrong": "指南内容有误", "unlisted": "被要求提交指南之外的材料或手续", "other": "其他意见"}
STATES = {
    "received": "已收到，等待办理",
    "answered": "已答复",
    "dismissed": "已办结，内容与事项无关，没有答复",
}
HOUR = 3600 * 1_000_000
MOST_OF_ONE = 10
"""Reports from one address (of IPv6: one /64) in an hour; behind a hall's router sit several people. As with every
limit by address, each process counts for itself."""
MOST_OF_ALL = 500
MOST_CLOSED = 2_000
"""Closed reports that are looked at for those of one account."""
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for one another on paper."""
LONGEST = 2_000
_HOLD = "UPDATE feedback SET number = number WHERE number = ?"
"""A row that is written is locked on both databases."""
_HOLDERS = (
    "SELECT subject_id, authority, region FROM timeline WHERE subject_id IN ({items})"
    " AND valid_from <= ? AND valid_to > ?"
)


class _Marks:
    """What stands for an address for a day, under a secret that is in this process's memory alone: nobody who reads
    the rows finds the address again by trying all there are, and nobody at all once the day is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day, self._secret = -1, b""

    def mark(self, place: str, day: int) -> str:
        with self._lock:
            if day != self._day:
                self._day, self._secret = day, secrets.token_bytes(32)
            return hmac.new(self._secret, place.encode(), "sha256").hexdigest()[:32]


_OF_TODAY = _Marks()


def report(session: Session, given: Mapping[str, str], item: str | None, address: str) -> str:
    """Take in a report (``kind``, ``words``, ``contact``); its number. Raises Invalid, TooMany."""
    kind, words, contact = (given.get(name, "").strip() for name in ("kind", "words", "contact"))
    _check(kind, words, contact)
    now = log.now_microseconds()
    origin = _OF_TODAY.mark(place_of(address), now // (24 * HOUR))
    _limit(session, origin, now)
    number = "".join(secrets.choice(LETTERS) for _ in range(10))
    session.add(
        Feedback(
            number=number,
            item=item,
            kind=kind,
            words=words,
            contact=contact or None,
            origin=origin,
            created_at=now,
        )
    )
    session.flush()
    return number


def _check(kind: str, words: str, contact: str) -> None:
    if kind not in KINDS:
        raise Invalid(said("请选择是哪一类问题。"), code="feedback-kind")
    if not 5 <= len(words) <= LONGEST:
        raise Invalid(
            said("请用 5 至 {1} 个字写明问题，现在是 {2} 个字。", LONGEST, len(words)), code="feedback-words"
        )
    if len(contact) > 200:
        raise Invalid(said("联系方式请不要超过 200 个字。"), code="feedback-contact")
    if any("\ud800" <= sign <= "\udfff" or sign == "\0" for sign in words + contact):
        raise Invalid(said("内容中有无法保存的字符，请删去后重试。"), code="bad-text")


def _limit(session: Session, origin: str, now: int) -> None:
    lately = select(func.count()).where(col(Feedback.created_at) > now - HOUR)
    own = session.exec(lately.where(col(Feedback.origin) == origin)).one()
    if own >= MOST_OF_ONE or session.exec(lately).one() >= MOST_OF_ALL:
        raise TooMany(
            said("这一小时内提交得太多了，请过一小时再提交，或拨打事项页上的投诉电话。"),
            code="too-many-reports",
        )


def follow(session: Session, number: str) -> Feedback:
    """The report of a number, however its letters were typed. Raises NotFound."""
    found = session.get(Feedback, number.strip().upper().replace("-", ""))
    if found is None:
        raise NotFound(said("没有这个编号的反馈，请核对编号（字母和数字共十位）。"), code="unknown-feedback")
    return found


def waiting(session: Session, actor: Actor, limit: int = 200) -> list[Feedback]:
    """Those not yet answered that are this account's, the oldest first: the office's list. Those that name no item,
    or one that stands nowhere, are for who is bound to no organ and no place."""
    query = select(Feedback).where(Feedback.state == "received").order_by(col(Feedback.created_at))
    return _own(session, actor, query, limit)


def closed(session: Session, actor: Actor, limit: int = 50) -> list[Feedback]:
    """Those of this account that were answered or set aside, the latest first: to be looked at, and answered anew."""
    query = select(Feedback).where(Feedback.state != "received").order_by(col(Feedback.answered_at).desc())
    return _own(session, actor, query.limit(MOST_CLOSED), limit)


def answers_of(session: Session, numbers: Iterable[str]) -> dict[str, str]:
    """The answers that stand, of these reports."""
    return {
        number: words or ""
        for some in chunks(sorted(numbers))
        for number, words in session.exec(
            select(Feedback.number, Feedback.answer).where(col(Feedback.number).in_(some))
        )
    }


def _own(session: Session, actor: Actor, query: SelectOfScalar[Feedback], limit: int) -> list[Feedback]:
    if actor.authority is None and actor.region is None:
        return list(session.exec(query.limit(limit)))
    found = list(session.exec(query.where(col(Feedback.item).is_not(None))))
    mine = _items_of(session, actor, {one.item for one in found if one.item})
    return [one for one in found if one.item in mine][:limit]


def _items_of(session: Session, actor: Actor, items: Iterable[str]) -> set[str]:
    """Which of these items are in the account's scope today."""
    connection, day = session.connection(), today()
    places = set(subtree(connection, actor.region, day)) if actor.region else None
    return {
        item
        for some in chunks(sorted(items))
        for item, authority, region in fetch(
            connection, _HOLDERS.format(items=marks(some)), (*some, day, day)
        )
        if actor.authority in (None, authority) and (places is None or region in places)
    }


def answer(session: Session, actor: Actor, number: str, words: str, stood: str | None = None) -> Feedback:
    """Answer a report; an answer may be given anew. ``stood``: which ``ending`` the one who answers saw.

    Raises NotFound, Forbidden, Invalid, Conflict where the report was closed otherwise since it was seen."""
    found, words = _managed(session, actor, number), words.strip()
    if not 1 <= len(words) <= LONGEST:
        raise Invalid(said("答复应有 1 至 {1} 个字。", LONGEST), code="feedback-answer")
    if found.answer == words:
        return found
    if stood not in (None, ending(found)):
        done = f"已有答复：“{found.answer}”" if found.answer else "已作为无关内容办结"
        raise Conflict(
            f"您打开这一页之后，这条反馈{done}。您写的没有交出去，还在下面；要代替它，请核对后再确定一次。",
            code="answered-meanwhile",
        )
    return _closed_as(session, found, "answered", words)


def ending(one: Feedback) -> str:
    """Tells how a report was closed from any other way it may be; empty while it waits."""
    closed_as = f"{one.state} {one.answer or ''}"
    return "" if one.state == "received" else hashlib.sha256(closed_as.encode()).hexdigest()[:16]


def dismiss(session: Session, actor: Actor, number: str) -> Feedback:
    """Set a report aside that is about nothing here (advertisements, trials); it may still be answered.

    Raises NotFound, Forbidden, Conflict where it was answered."""
    found = _managed(session, actor, number)
    if found.state == "answered":
        raise Conflict("这条反馈已经答复，不能再作为无关内容办结；可以改答复。", code="already-answered")
    return _closed_as(session, found, "dismissed", None)


def _managed(session: Session, actor: Actor, number: str) -> Feedback:
    """The report, which nobody else closes until the transaction ends."""
    actor.require("edit")
    found = follow(session, number)
    change(session.connection(), _HOLD, (found.number,))
    session.refresh(found)  # it was read before it was held
    bound = actor.authority is not None or actor.region is not None
    if bound and not (found.item and _items_of(session, actor, [found.item])):
        raise Forbidden(
            f"这条反馈所说的事项不在账号“{actor.name}”的管理范围内，请由管理它的账号答复。",
            code="out-of-scope",
        )
    return found


def _closed_as(session: Session, found: Feedback, state: str, words: str | None) -> Feedback:
    found.answer, found.state, found.answered_at = words, state, log.now_microseconds()
    session.add(found)
    session.flush()
    return found
