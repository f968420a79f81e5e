"""Accounts and tokens: ordinary rows. In published rows and the log people appear as account numbers."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db import Ascii, Big


class Account(SQLModel, table=True):
    """A person (or a locked demonstration account, which can never sign in)."""

    __tablename__ = "account"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, description="sign-in name")
    display_name: str = ""
    rights: str = Field(
        "", sa_type=Ascii, description="comma-separated: edit, review, publish, audit, administer"
    )
    region: str | None = Field(
        None, sa_type=Ascii, description="scope: this region and all below; none: everywhere"
    )
    authority: str | None = Field(default=None, sa_type=Ascii, description="scope: this authority only")
    locked: int = 0
    created_at: int = Field(sa_type=Big)


class Token(SQLModel, table=True):
    """An API token, stored as a hash; shown once."""

    __tablename__ = "token"
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    label: str = ""
    hash: str = Field(unique=True, sa_type=Ascii)
    created_at: int = Field(sa_type=Big)
    expires_at: int | None = Field(default=None, sa_type=Big)
    revoked_at: int | None = Field(default=None, sa_type=Big)
    scopes: str | None = Field(
        default=None,
        sa_type=Ascii,
        description="rights it is confined to, comma-separated; empty: reads alone",
    )
    used_at: int | None = Field(default=None, sa_type=Big, description="last use, to within some minutes")


class Credential(SQLModel, table=True):
    """How an account signs in to the office; an account without one has tokens only."""

    __tablename__ = "credential"
    account_id: int = Field(primary_key=True, foreign_key="account.id")
    password: str = Field(description="argon2id, with parameters and salt")
    changed_at: int = Field(sa_type=Big, description="0: somebody else set it, and it is to be changed first")
    earlier: str = Field(default="[]", description="JSON: hashes of earlier passwords, newest first")
    failures: int = Field(default=0, description="wrong tries in a row")
    blocked_until: int | None = Field(default=None, sa_type=Big)
    totp_secret: str | None = Field(default=None, sa_type=Ascii, description="base32; set, not yet confirmed")
    totp_since: int | None = Field(default=None, sa_type=Big, description="asked for from this moment on")
    totp_step: int | None = Field(default=None, sa_type=Big, description="the last step taken: never twice")


class Stranger(SQLModel, table=True):
    """Wrong tries under a name that no account signs in with, counted as an account's are."""

    __tablename__ = "stranger"
    name: str = Field(
        primary_key=True, sa_type=Ascii, description="its hash: people type passwords there by mistake"
    )
    failures: int = Field(default=0, description="wrong tries in a row")
    blocked_until: int | None = Field(default=None, sa_type=Big)
    tried_at: int = Field(sa_type=Big, index=True)


class SignedIn(SQLModel, table=True):
    """A session in a browser. The cookie's text is kept as a hash."""

    __tablename__ = "signed_in"
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    hash: str = Field(unique=True, sa_type=Ascii)
    created_at: int = Field(sa_type=Big)
    seen_at: int = Field(sa_type=Big)
    ended_at: int | None = Field(default=None, sa_type=Big)
    complete: int = Field(default=0, description="1: the second factor was given, or none is asked for")
    address: str = ""
    agent: str = ""
    by: str = Field(
        default="password",
        sa_type=Ascii,
        sa_column_kwargs={"server_default": "password"},
        description="password, or oidc: by the government's own sign-on",
    )


class LinkedIdentity(SQLModel, table=True):
    """A person of an OpenID provider, whom an administrator has linked to an account. Nobody comes in without."""

    __tablename__ = "linked_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    issuer: str
    subject: str = Field(description="the claim sub: whom the issuer means, for ever")
    created_at: int = Field(sa_type=Big)


class SignOn(SQLModel, table=True):
    """A way to the provider that has begun. Taken up once, within minutes, by the browser that began it."""

    __tablename__ = "sign_on"
    state: str = Field(primary_key=True, sa_type=Ascii, description="hash of what the provider hands back")
    browser: str = Field(sa_type=Ascii, description="hash of the cookie of the browser that began it")
    nonce: str = Field(sa_type=Ascii)
    verifier: str = Field(sa_type=Ascii, description="the PKCE code verifier")
    back: str = Field(description="the redirect address that was given")
    onward: str = Field(default="", description="the page of the office that was asked for")
    kept: str = Field(default="[]", description="JSON: the form that waits for the sign-in")
    created_at: int = Field(sa_type=Big, index=True)
