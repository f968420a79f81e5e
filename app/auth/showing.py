"""Who stands at a terminal: an account shows itself by a secret of its own, a token or the password of the office."""

from __future__ import annotations

from app.auth import signing_in
from app.auth.accounts import TOKEN_PREFIX, authenticate, find_account
from app.auth.actor import Actor
from app.auth.passwords import Policy
from app.db import Database
from app.errors import Unauthenticated


def shown(database: Database, name: str, secret: str, policy: Policy) -> Actor:
    """The account of this name as it may act by the secret. Raises NotFound without such an account,
    Unauthenticated where the secret is not its own or not enough: a wrong password counts as at any sign-in;
    Unavailable where too many are trying."""
    with database.reading() as session:
        find_account(session, name)
        if secret.startswith(TOKEN_PREFIX):
            actor = authenticate(session, secret)
            if actor.name != name:
                raise Unauthenticated(f"这个令牌不是账号“{name}”的。", code="bad-token")
            return actor
    cookie, why = signing_in.sign_in(database, name, secret)
    if cookie is None:
        raise Unauthenticated(f"账号“{name}”：{why}", code="bad-password")
    with database.writing() as session:
        present = signing_in.who(session, cookie, policy, signing_in.Limits())
        signing_in.sign_out(session, present)
    if present.step == "code":
        raise Unauthenticated(f"账号“{name}”登录要用验证器，在这里请用它的令牌。", code="token-needed")
    if present.step is not None:
        raise Unauthenticated(
            f"账号“{name}”的密码要先更换，请先登录办公室更换，或用它的令牌。", code="token-needed"
        )
    return present.actor
