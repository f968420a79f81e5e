"""Signing in by the government's own provider: begun here, taken up once by the same browser, for linked people alone.

A person of the provider comes in only as the account that an administrator has linked to (issuer, subject); an
account is never made, and its rights never come from the provider.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app import log
from app.auth.accounts import account_by_id
from app.auth.delays import SECOND
from app.auth.models import Account, Credential, LinkedIdentity, SignOn
from app.auth.provider import LONGEST_SUBJECT, Person, Provider, challenge_of
from app.auth.signing_in import open_session
from app.errors import Conflict, Forbidden, Invalid, NotFound

TEN_MINUTES = 600 * SECOND
MOST_BEGUN = 5_000
"""Ways to the provider that may be open at once; the oldest go first."""
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Begun:
    """A way to the provider: where the browser goes, and the cookie by which it is known again."""

    address: str
    cookie: str


def begin(
    session: Session,
    provider: Provider,
    metadata: Mapping[str, Any],
    back: str,
    onward: str = "",
    kept: Pairs = (),  # type: ignore[assignment]
) -> Begun:
    """``metadata``: the provider's, asked for before the writer's lock is taken."""
    state, cookie, nonce, verifier = (secrets.token_urlsafe(size) for size in (32, 32, 32, 64))
    address = provider.address(metadata, back, state, nonce, verifier)
    now = log.now_microseconds()
    session.execute(delete(SignOn).where(col(SignOn.created_at) < now - TEN_MINUTES))
    oldest = select(SignOn).order_by(col(SignOn.created_at).desc()).offset(MOST_BEGUN - 1).limit(100)
    for row in session.exec(oldest):
        session.delete(row)
    session.add(
        SignOn(
            state=challenge_of(state),
            browser=challenge_of(cookie),
            nonce=nonce,
            verifier=verifier,
            back=back,
            onward=onward,
            kept=json.dumps(kept, ensure_ascii=False),
            created_at=now,
        )
    )
    return Begun(address, cookie)


def begun(session: Session, state: str, cookie: str | None) -> SignOn:
    """The way that this browser began. Raises Forbidden.

    To be asked in a reading session before ``take_up``: anybody can make up a state, and is to wait for no lock.
    """
    found = session.get(SignOn, challenge_of(state)) if state else None
    own = found is not None and secrets.compare_digest(found.browser, challenge_of(cookie or ""))
    if found is None or not own:
        raise _unknown()
    return found


def take_up(session: Session, state: str, cookie: str | None) -> SignOn:
    """The way that this browser began, once: it is gone afterwards. Raises Forbidden.

    One that another browser began stays: whoever learns a state cannot use up another's way in.
    """
    found = begun(session, state, cookie)
    gone = session.connection().execute(delete(SignOn).where(col(SignOn.state) == found.state))
    if not gone.rowcount:  # the same address, asked for twice at once
        raise _unknown()
    if found.created_at < log.now_microseconds() - TEN_MINUTES:
        raise Forbidden("这次统一身份认证超过了十分钟，请重新登录。", code="sign-on-late")
    return found


def _unknown() -> Forbidden:
    return Forbidden(
        "这次统一身份认证不是从这个浏览器发起的，或者已经用过，请重新登录。", code="sign-on-unknown"
    )


def admit(session: Session, person: Person, address: str = "", agent: str = "") -> tuple[str | None, str]:
    """(the cookie's text, none where refused; what to say then). The account's own second factor is still asked for."""
    linked = session.exec(
        select(LinkedIdentity).where(
            LinkedIdentity.issuer == person.issuer, LinkedIdentity.subject == person.subject
        )
    ).first()
    account = session.get(Account, linked.account_id) if linked else None
    if account is None:
        _refused(session, None, person, address, "unknown-identity")
        who = f"{person.subject}（{person.name}）" if person.name else person.subject
        return None, (
            f"统一身份认证通过了，但“{who}”还没有关联本系统的账号。请把这个标识告诉管理员，由管理员在“账号”页关联。"
        )
    if account.locked:
        _refused(session, account, person, address, "account-locked")
        return None, "您的账号已锁定，请联系管理员。"
    credential = session.get(Credential, account.id)
    complete = credential is None or credential.totp_since is None
    return open_session(session, account, complete, address, agent, by="oidc"), ""


def refused(session: Session, why: str, address: str) -> None:
    """Note that somebody came back from the provider and was not let in."""
    log.record_access(session.connection(), "sign-in-refused", address=address, note=f"oidc {why}"[:200])


def link(session: Session, account: Account, issuer: str, subject: str) -> LinkedIdentity:
    """Raises Invalid, Conflict where this person of the provider is linked already."""
    subject = subject.strip()
    if not issuer:
        raise Invalid("没有设置统一身份认证（QINGDAN_OIDC_ISSUER），无从关联。", code="no-provider")
    if not (0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()):
        raise Invalid("请写统一身份的标识（sub），255 个字符以内。", code="bad-subject", field="subject")
    _require_unlinked(session, issuer, subject)
    made = LinkedIdentity(
        account_id=account.id or 0, issuer=issuer, subject=subject, created_at=log.now_microseconds()
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # another has just linked it
        _require_unlinked(session, issuer, subject)
        raise
    _noted(session, "identity-linked", made)
    return made


def _require_unlinked(session: Session, issuer: str, subject: str) -> None:
    query = select(LinkedIdentity).where(LinkedIdentity.issuer == issuer, LinkedIdentity.subject == subject)
    if taken := session.exec(query).first():
        name = account_by_id(session, taken.account_id).name
        raise Conflict(f"统一身份“{subject}”已经关联账号“{name}”，请先解除。", code="identity-linked")


def unlink(session: Session, account: Account, subject: str) -> None:
    """Raises NotFound."""
    query = select(LinkedIdentity).where(
        LinkedIdentity.account_id == account.id, LinkedIdentity.subject == subject
    )
    found = session.exec(query).all()
    if not found:
        raise NotFound(f"账号“{account.name}”没有关联统一身份“{subject}”。", code="unknown-identity")
    for one in found:
        session.delete(one)
        _noted(session, "identity-unlinked", one)
    session.flush()


def identities(session: Session, accounts: Sequence[int]) -> dict[int, list[str]]:
    """account -> the subjects that are linked to it."""
    made: dict[int, list[str]] = {}
    query = select(LinkedIdentity).where(col(LinkedIdentity.account_id).in_(accounts))
    for one in session.exec(query.order_by(col(LinkedIdentity.id))):
        made.setdefault(one.account_id, []).append(one.subject)
    return made


def _noted(session: Session, event: str, one: LinkedIdentity) -> None:
    note = f"{one.issuer} {one.subject}"
    log.record_access(session.connection(), event, account=one.account_id, note=note)


def _refused(session: Session, account: Account | None, person: Person, address: str, why: str) -> None:
    log.record_access(
        session.connection(),
        "sign-in-refused",
        account=account.id if account else None,
        subject=person.subject[:100],
        address=address,
        note=f"oidc {why}",
    )
