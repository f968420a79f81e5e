"""Signing in with a password and, where it is set up, a second factor; sessions; signing out.

Every function is one use case, asked by pages and commands alike, and leaves a line in the access log.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import pyotp
from sqlmodel import Session, select

from app import log
from app.auth import passwords, trying
from app.auth.accounts import actor_of
from app.auth.actor import Actor
from app.auth.delays import SECOND, seconds_left
from app.auth.models import Account, Credential, SignedIn
from app.auth.passwords import Policy
from app.db import Database
from app.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from app.versions.names import names_of
from app.versions.queries import known_at

MINUTE = 60 * SECOND
TOTP_SECONDS = 30
TOTP_DRIFT = 1
"""Steps of 30 seconds that a person's clock may be off, either way (RFC 6238 5.2)."""
BAD = "账号或密码不对，请检查大小写和输入法。"
GIVEN = 0
"""When a password was set that somebody else knows, who set it: to be changed before anything else."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts, in minutes: without being used, and in all."""

    idle: int = 30
    absolute: int = 720


@dataclass(frozen=True, slots=True)
class Present:
    """Who is signed in, in which session. ``step``: what is still to be done before anything else: ``code``
    (second factor), ``password`` (its time is over, or somebody else set it); none: nothing."""

    actor: Actor
    session: int
    step: str | None = None
    seen_at: int = 0
    by: str = "password"
    """How the session came in: ``password``, or ``oidc`` by the government's own sign-on, where a password's age
    keeps nobody out."""
    called: str = ""
    """The name shown to people."""


@dataclass(frozen=True, slots=True)
class Worked:
    """A new password as it is kept, worked out before anything is written: argon2 takes long. ``stood``: what was
    kept of the account's own by then; none where it had none."""

    hashed: str
    stood: str | None


def work_out(
    account: Account, credential: Credential | None, text: str, policy: Policy, places: Sequence[str] = ()
) -> Worked:
    """For ``keep_password``. ``places``: the names of its organ and region. Raises Invalid where the policy refuses it,
    Conflict for a locked account."""
    stood = credential.password if credential else None
    return Worked(_worked_out(account, credential, text, policy, places), stood)


def places_of(session: Session, region: str | None, authority: str | None) -> list[str]:
    """What an account's organ and region are called, and were."""
    scope, connection = [one for one in (authority, region) if one], session.connection()
    if not scope:
        return []
    known = known_at(connection, None)
    return list(dict.fromkeys(named.name for one in scope for named in names_of(connection, one, known)))


def keep_password(session: Session, account: Account, worked: Worked, *, given: bool = False) -> None:
    """A new password for an account; ends its sessions. ``given``: by somebody else, who knows it. Raises Conflict
    where another came before."""
    credential = session.get(Credential, account.id)
    if (credential.password if credential else None) != worked.stood or account.locked:
        raise Conflict(
            f"账号“{account.name}”刚刚被另一人改过，密码没有设置；请重新打开账号页核对。",
            code="account-moved",
        )
    _keep_password(session, account, worked.hashed, given)


def set_password(session: Session, account: Account, text: str, policy: Policy) -> None:
    """``work_out`` and ``keep_password`` at once, where nobody waits for the writer's lock: at the command line."""
    places = places_of(session, account.region, account.authority)
    worked = work_out(account, session.get(Credential, account.id), text, policy, places)
    keep_password(session, account, worked)


def _worked_out(
    account: Account, credential: Credential | None, text: str, policy: Policy, places: Sequence[str]
) -> str:
    """A new password as it is kept; takes long. Raises Invalid where the policy refuses it."""
    if account.locked:
        raise Conflict(f"账号“{account.name}”已锁定，不能设置密码。", code="account-locked")
    passwords.check(text, policy, [account.name, account.display_name, *places])
    if credential and passwords.was_used(text, _earlier(credential), policy):
        raise Invalid(
            f"这个密码不能用：最近 {policy.history} 次用过的密码不能再用。",
            code="weak-password",
            field="password",
        )
    return passwords.hash_of(text)


def _earlier(credential: Credential) -> list[str]:
    return [credential.password, *json.loads(credential.earlier)]


def _keep_password(
    session: Session, account: Account, hashed: str, given: bool = False, address: str | None = None
) -> None:
    now, credential = log.now_microseconds(), session.get(Credential, account.id)
    if credential is None:
        credential = Credential(account_id=account.id or 0, password="", changed_at=now)
    else:
        credential.earlier = json.dumps(_earlier(credential)[:24])
    credential.password, credential.changed_at = hashed, GIVEN if given else now
    trying.forgive(session, credential)
    end_sessions(session, account)
    log.record_access(session.connection(), "password-set", account=account.id, address=address)


def change_password(
    database: Database, present: Present, old: str, new: str, policy: Policy, address: str = ""
) -> None:
    """A person's own: asks for the old one. Raises Invalid, TooMany; ends every session, this one too."""
    if present.step == "code":
        raise Forbidden("请先输入验证码。", code="code-needed")
    wrong = Invalid("原密码不对。", code="bad-password", field="old")
    asked = (database, present.actor.name, old, address, "password-refused", wrong)
    _has_own(database, present)
    account, credential = trying.admit(*asked, lambda session, account, credential: (account, credential))
    if credential.changed_at == GIVEN and new == old:
        raise Invalid("新密码不能与管理员设的一样。", code="weak-password", field="password")
    with database.reading() as session:
        places = places_of(session, account.region, account.authority)
    with trying.in_turn():
        hashed = _worked_out(account, credential, new, policy, places)
    with database.writing() as session:
        if _credential(session, _account(session, present)).password != credential.password:
            raise wrong  # changed by another meanwhile
        _keep_password(session, _account(session, present), hashed, address=address)


def _has_own(database: Database, present: Present) -> None:
    """Raises Conflict for an account without a password."""
    with database.reading() as session:
        _credential(session, _account(session, present))


def sign_in(
    database: Database, name: str, password: str, address: str = "", agent: str = ""
) -> tuple[str | None, str]:
    """(the cookie's text, none where refused; what to say then). Says the same of a wrong password and of a name
    that is not known, however often either is tried. Raises Unavailable where too many are trying."""

    def admitted(session: Session, account: Account, credential: Credential) -> str:
        complete = credential.totp_since is None
        if complete:
            trying.forgive(session, credential)
        return open_session(session, account, complete, address, agent)

    wrong = Invalid(BAD, code="bad-password")
    try:
        return trying.admit(database, name, password, address, "sign-in-refused", wrong, admitted), ""
    except (Invalid, TooMany) as error:
        return None, error.message


def open_session(
    session: Session, account: Account, complete: bool, address: str, agent: str, by: str = "password"
) -> str:
    """A session of an account that has shown who it is; the cookie's text. ``complete``: no second factor is asked
    for. ``by``: how it came in, password or oidc."""
    now, cookie = log.now_microseconds(), secrets.token_urlsafe(32)
    session.add(
        SignedIn(
            account_id=account.id or 0,
            hash=_hash(cookie),
            created_at=now,
            seen_at=now,
            complete=int(complete),
            address=address,
            agent=agent[:200],
            by=by,
        )
    )
    if complete:
        note = by if by != "password" else None
        log.record_access(session.connection(), "signed-in", account=account.id, address=address, note=note)
    return cookie


def give_code(session: Session, present: Present, code: str, address: str = "") -> str:
    """The second factor of a session that waits for it. Empty where it is right, else what to say."""
    account = _account(session, present)
    trying.hold(session, account.name)  # of one code given twice at once, one counts
    now = log.now_microseconds()
    credential, row = _credential(session, account), session.get(SignedIn, present.session)
    wait = seconds_left(credential.blocked_until, now)
    if wait:
        trying.refused(session, "sign-in-refused", account, account.name, address, "blocked")
        return f"验证码连续输错太多次，请 {trying.duration(wait)}后再试。"
    step = _step_of(credential, code, now)
    if step is None or row is None:
        trying.count_failure(session, credential, now)
        trying.refused(session, "sign-in-refused", account, account.name, address, "wrong-code")
        return "验证码不对或已经用过，请等验证器换一个再输入。"
    credential.totp_step, credential.failures, credential.blocked_until = step, 0, None
    row.complete, row.seen_at = 1, now
    session.add(credential)
    session.add(row)
    log.record_access(session.connection(), "signed-in", account=account.id, address=address, note="totp")
    return ""


def who(session: Session, text: str | None, policy: Policy, limits: Limits) -> Present:
    """The person behind a cookie. Raises Unauthenticated where there is no session or its time is over."""
    row = session.exec(select(SignedIn).where(SignedIn.hash == _hash(text))).first() if text else None
    now = log.now_microseconds()
    if row is None or row.ended_at is not None:
        raise Unauthenticated("请先登录。", code="sign-in-needed")
    account = session.get(Account, row.account_id)
    if not is_live(row, limits) or account is None or account.locked:
        raise Unauthenticated("登录已过期，请重新登录。", code="sign-in-needed")
    credential = session.get(Credential, row.account_id)
    step = None
    if not row.complete:
        step = "code"
    elif row.by == "password" and credential and _is_to_change(credential, now, policy):
        step = "password"
    return Present(
        actor_of(account), row.id or 0, step, row.seen_at, row.by, account.display_name or account.name
    )


def _is_to_change(credential: Credential, now: int, policy: Policy) -> bool:
    return credential.changed_at == GIVEN or passwords.must_change(credential.changed_at, now, policy)


def is_given(session: Session, account: int) -> bool:
    """Whether its password was set by somebody else."""
    credential = session.get(Credential, account)
    return credential is not None and credential.changed_at == GIVEN


def whose(session: Session, text: str | None) -> int | None:
    """The account that a cookie was given to, whether its session goes on or not; nothing is allowed by it."""
    row = session.exec(select(SignedIn).where(SignedIn.hash == _hash(text))).first() if text else None
    return row.account_id if row else None


def is_live(row: SignedIn, limits: Limits) -> bool:
    """Whether a session's time is not over, by neither limit."""
    now = log.now_microseconds()
    return now - row.seen_at < limits.idle * MINUTE and now - row.created_at < limits.absolute * MINUTE


def seen(session: Session, present: Present) -> None:
    """Note that a session is used: its idle time begins anew."""
    row = session.get(SignedIn, present.session)
    if row is not None:
        row.seen_at = log.now_microseconds()
        session.add(row)


def sign_out(session: Session, present: Present) -> None:
    row = session.get(SignedIn, present.session)
    if row is not None and row.ended_at is None:
        row.ended_at = log.now_microseconds()
        session.add(row)
        log.record_access(session.connection(), "signed-out", account=row.account_id)


def end_session(session: Session, present: Present, number: int) -> None:
    """Sign out one of one's own sessions. Raises NotFound for another's, and for one that has ended."""
    row = session.get(SignedIn, number)
    if row is None or row.ended_at is not None or row.account_id != present.actor.account:
        raise NotFound("这一处登录已经退出了。", code="unknown-session")
    row.ended_at = log.now_microseconds()
    session.add(row)
    log.record_access(session.connection(), "signed-out", account=row.account_id, note="elsewhere")


def end_sessions(session: Session, account: Account, keep: int | None = None) -> int:
    """Sign out everywhere, but for the session to keep. Returns how many were open."""
    now, count = log.now_microseconds(), 0
    for row in open_sessions(session, account.id or 0):
        if row.id != keep:
            row.ended_at = now
            session.add(row)
            count += 1
    if count:
        log.record_access(session.connection(), "signed-out-everywhere", account=account.id, note=str(count))
    return count


def open_sessions(session: Session, account: int) -> list[SignedIn]:
    """Sessions that were not ended, newest first; some may be past their time."""
    query = select(SignedIn).where(SignedIn.account_id == account, SignedIn.ended_at == None)  # noqa: E711
    return list(session.exec(query.order_by(SignedIn.created_at.desc())))  # type: ignore[attr-defined]


# --- second factor ------------------------------------------------------------------------------------------


def begin_totp(session: Session, present: Present) -> str:
    """A secret for an authenticator; it is asked for only once a code of it was given. The otpauth address."""
    account = _account(session, present)
    trying.hold(session, account.name)
    credential = _credential(session, account)
    if credential.totp_since is not None:
        raise Conflict("已经启用了验证器；要换一个，请先停用。", code="totp-on")
    credential.totp_secret = credential.totp_secret or pyotp.random_base32()
    session.add(credential)
    return _otpauth(account, credential.totp_secret)


def begun_totp(session: Session, present: Present) -> str:
    """The otpauth address of an authenticator that waits for its first code; empty where none does."""
    account = _account(session, present)
    credential = session.get(Credential, account.id)
    waits = credential is not None and credential.totp_since is None and credential.totp_secret
    return _otpauth(account, waits) if waits else ""


def _otpauth(account: Account, secret: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name="清单")


def confirm_totp(session: Session, present: Present, code: str) -> None:
    """From now on a code is asked for. Raises Invalid for a wrong one."""
    account, now = _account(session, present), log.now_microseconds()
    trying.hold(session, account.name)
    credential = _credential(session, account)
    step = _step_of(credential, code, now)
    if step is None:
        raise Invalid("验证码不对，请等验证器换一个再输入。", code="bad-code", field="code")
    credential.totp_since, credential.totp_step = now, step
    session.add(credential)
    log.record_access(session.connection(), "totp-on", account=account.id)


def end_totp(database: Database, present: Present, password: str, address: str = "") -> None:
    """Asks for the password. Raises Invalid, TooMany."""

    def ended(session: Session, account: Account, credential: Credential) -> None:
        trying.forgive(session, credential)
        drop_totp(session, account)

    _has_own(database, present)
    wrong = Invalid("密码不对，没有停用验证器。", code="bad-password", field="password")
    trying.admit(database, present.actor.name, password, address, "password-refused", wrong, ended)


def drop_totp(session: Session, account: Account) -> None:
    """For a person who lost the authenticator: by the command line, or with the password."""
    credential = _credential(session, account)
    credential.totp_secret = credential.totp_since = credential.totp_step = None
    session.add(credential)
    log.record_access(session.connection(), "totp-off", account=account.id)


def has_password(session: Session, account: int) -> bool:
    return session.get(Credential, account) is not None


def has_totp(session: Session, account: int) -> bool:
    credential = session.get(Credential, account)
    return credential is not None and credential.totp_since is not None


def _step_of(credential: Credential, code: str, now: int) -> int | None:
    """The time step whose code this is, if it is near and later than the last one taken."""
    code = "".join(code.split())
    if not credential.totp_secret or not (code.isascii() and code.isdigit()):
        return None
    totp, current = pyotp.TOTP(credential.totp_secret), now // SECOND // TOTP_SECONDS
    for step in range(current - TOTP_DRIFT, current + TOTP_DRIFT + 1):
        fresh = credential.totp_step is None or step > credential.totp_step
        if fresh and secrets.compare_digest(totp.generate_otp(step), code):
            return step
    return None


# --- inner --------------------------------------------------------------------------------------------------


def _account(session: Session, present: Present) -> Account:
    account = session.get(Account, present.actor.account)
    assert account is not None
    return account


def _credential(session: Session, account: Account) -> Credential:
    credential = session.get(Credential, account.id)
    if credential is None:
        raise Conflict(f"账号“{account.name}”没有设置密码。", code="no-password")
    return credential


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
