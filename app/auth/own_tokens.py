"""A person's own tokens, made and revoked in a browser: the password is asked for again, no token may do what the
account may not, and each has an end."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from app import log
from app.auth import trying
from app.auth.accounts import account_by_id, find_token, is_good, issue_token, revoke_token, tokens_of
from app.auth.actor import RIGHTS, SUBSCRIBE
from app.auth.models import Account, Credential, SignedIn
from app.auth.signing_in import MINUTE, Present, has_password
from app.db import Database
from app.errors import Conflict, Forbidden, Invalid

DAYS = (30, 90, 365)
"""For how long a token may be made in a browser; any other time is given at the command line."""
MOST = 20
"""Good tokens of one account that are made in a browser."""
LONGEST_LABEL = 100
FRESH = 10 * MINUTE
"""How long ago an account without a password must have signed in: the provider asked it who it is."""


def make_own_token(
    database: Database,
    present: Present,
    password: str,
    label: str,
    scopes: Sequence[str],
    days: int,
    address: str = "",
) -> str:
    """The text of a new token, which is seen this once. ``scopes``: rights of the account, or ``subscribe``; none:
    it only reads.

    Raises Invalid for a wrong password, TooMany after several; Forbidden for a right that the account does not have,
    and where it has no password and did not just sign in; Conflict where a good token is called alike, or there are
    too many.
    """

    def made(session: Session, account: Account) -> str:
        _require_room(session, account, label)
        _require_held(account, scopes)
        return issue_token(session, account, label, days, scopes, address)

    def admitted(session: Session, account: Account, credential: Credential) -> str:
        trying.forgive(session, credential)
        return made(session, account)

    _require_sound(label, days)
    with database.reading() as session:
        asked_for = has_password(session, present.actor.account or 0)
    if asked_for:
        wrong = Invalid("密码不对，没有签发令牌。", code="bad-password", field="password")
        return trying.admit(
            database, present.actor.name, password, address, "password-refused", wrong, admitted
        )
    with database.writing() as session:
        _require_fresh(session, present)
        return made(session, account_by_id(session, present.actor.account or 0))


def revoke_own_token(session: Session, present: Present, number: int, address: str = "") -> None:
    """Raises NotFound for another's, and for one that is revoked."""
    revoke_token(session, find_token(session, number, present.actor.account), address)


def _require_sound(label: str, days: int) -> None:
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise Invalid(f"请写明令牌的用途，1 至 {LONGEST_LABEL} 个字。", code="label-needed", field="label")
    if days not in DAYS:
        raise Invalid("请选择令牌用到什么时候。", code="bad-days", field="days")


def _require_room(session: Session, account: Account, label: str) -> None:
    """A page that is sent again makes no second token, since two may not be called alike."""
    now = log.now_microseconds()
    good = [one for one in tokens_of(session, account.id) if is_good(one, now)]
    if any(one.label == label for one in good):
        raise Conflict(
            f"用途是“{label}”的令牌已经有一个：请换一个写法，或先撤销那一个。",
            code="label-taken",
            field="label",
        )
    if len(good) >= MOST:
        raise Conflict(
            f"已经有 {len(good)} 个有效的令牌，请先撤销不用的。", code="too-many-tokens", field="label"
        )


def _require_held(account: Account, scopes: Sequence[str]) -> None:
    held = {*account.rights.split(","), SUBSCRIBE}
    for scope in scopes:
        if scope in RIGHTS and scope not in held:
            raise Forbidden(
                f"账号“{account.name}”没有“{RIGHTS[scope]}”权限，令牌也不能有。",
                code="missing-right",
                right=scope,
                field="scope",
            )


def _require_fresh(session: Session, present: Present) -> None:
    row = session.get(SignedIn, present.session)
    if row is None or log.now_microseconds() - row.created_at > FRESH:
        raise Forbidden("这个账号没有密码：请退出，重新登录，在 10 分钟之内签发令牌。", code="sign-in-again")
