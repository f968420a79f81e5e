"""Accounts, for the administrator: added, locked, given rights and a scope; a lost authenticator or password reset.
An administrator with a scope has to do with the accounts within it, and gives none that is wider."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlmodel import Session

from app import log
from app.auth import accounts, sign_on, signing_in, trying
from app.auth.actor import RIGHTS
from app.auth.models import Account, Credential
from app.auth.signing_in import Present, Worked
from app.auth.within import require_account, require_scope
from app.deps import ReadSession, Registry, RegistryOf, address_of
from app.errors import Forbidden, Invalid, RegistryError
from app.versions.ids import LABELS
from app.versions.queries import kind_of_subject, today
from app.web.office.administering.account_listing import Listed, Wanted, listed
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Form, Posted, Visitor, go, number_in, policy_of
from app.web.office.forms import drafting
from app.web.subjects import names

router = APIRouter()
Number = Annotated[str, Path(max_length=12)]


@router.get("/office/accounts")
def list_accounts(
    request: Request,
    session: ReadSession,
    registry: RegistryOf,
    present: Visitor,
    wanted: Annotated[Wanted, Depends()],
) -> Response:
    return _page(request, session, registry, present, Posted([]), wanted=wanted)


@router.post("/office/accounts")
def add(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """A new account; with a first password it can sign in to the office, without one it has tokens only."""
    try:
        first = _first_password(registry, present, form)
        with registry.database.writing() as session:
            region, authority = _scope(session, present, form)
            account = accounts.add_account(
                session,
                _name(form),
                _rights(form),
                display_name=form.get("display_name").strip()[:200],
                region=region,
                authority=authority,
            )
            if first:
                signing_in.keep_password(session, account, first, given=True)
            _note(session, request, present, "account-added", account)
            place = _place_of(account.id or 0)
    except RegistryError as error:
        return _refused(request, registry, present, form, error)
    return go(place)


@router.post("/office/accounts/{number}")
def change(request: Request, registry: RegistryOf, present: Visitor, number: Number, form: Form) -> Response:
    """``do``: rights, name, lock, unlock, password, unpair, link, unlink, token and tokens (revoke one, all). Nobody
    changes the own account here: another administrator does."""
    known = number_in(number)
    with registry.database.reading() as session:
        _managed(session, present, known)
    try:
        if known == present.actor.account:
            raise Forbidden(
                "自己的账号请由另一位管理员改动；密码和验证器在“我的账号”里改。", code="own-account"
            )
        worked = _new_password(registry, known, form) if form.get("do") == "password" else None
        with registry.database.writing() as session:
            account = _managed(session, present, known)
            if worked:
                signing_in.keep_password(session, account, worked, given=True)
            else:
                _change(session, registry, present, account, form)
            _note(session, request, present, "account-managed", account, form.get("do"))
    except RegistryError as error:
        return _refused(request, registry, present, form, error, known)
    return go(_place_of(known))


def _place_of(number: int) -> str:
    """The page with this account alone, whatever page of the list it is on."""
    return f"/office/accounts?number={number}#account-{number}"


def _managed(session: Session, present: Present, number: int) -> Account:
    """An account that this administrator manages. Raises NotFound, Forbidden."""
    account = accounts.account_by_id(session, number)
    require_account(session.connection(), present.actor, account, today())
    return account


def _change(session: Session, registry: Registry, present: Present, account: Account, form: Posted) -> None:
    reason = form.get("reason").strip()[:500]
    match form.get("do"):
        case "rights":
            accounts.change_account(
                session, account, rights=_rights(form), scope=_scope(session, present, form)
            )
        case "name":
            accounts.rename_account(session, account, form.get("display_name").strip()[:200])
        case "lock":
            accounts.lock_account(session, account, reason)
            signing_in.end_sessions(session, account)
        case "unlock":
            accounts.unlock_account(session, account, reason)
        case "unpair":
            signing_in.drop_totp(session, account)
            signing_in.end_sessions(session, account)
        case "link":
            sign_on.link(session, account, registry.settings.oidc_issuer, form.get("subject"))
        case "unlink":
            sign_on.unlink(session, account, form.get("subject"))
            signing_in.end_sessions(session, account)
        case "token":
            accounts.revoke_token(
                session, accounts.find_token(session, number_in(form.get("token")), account.id)
            )
        case "tokens":
            accounts.revoke_tokens(session, account)
        case _:
            raise Invalid("没有这样的操作。", code="unknown-move")


def _first_password(registry: Registry, present: Present, form: Posted) -> Worked | None:
    """Of a new account, before the writer's lock is taken; none where none is given. Raises Invalid."""
    if not form.get("password"):
        return None
    name, display_name = _name(form), form.get("display_name").strip()[:200]
    made = Account(name=name, display_name=display_name, rights="", region=None, authority=None, created_at=0)
    with registry.database.reading() as session:
        places = signing_in.places_of(session, *_scope(session, present, form))
    with trying.in_turn():
        return signing_in.work_out(made, None, form.get("password"), policy_of(registry.settings), places)


def _new_password(registry: Registry, number: int, form: Posted) -> Worked:
    """Of an account that stands, before the writer's lock is taken. Raises NotFound, Invalid, Conflict."""
    with registry.database.reading() as session:
        account, credential = accounts.account_by_id(session, number), session.get(Credential, number)
        places = signing_in.places_of(session, account.region, account.authority)
        session.expunge_all()
    policy = policy_of(registry.settings)
    with trying.in_turn():
        return signing_in.work_out(account, credential, form.get("password"), policy, places)


def _name(form: Posted) -> str:
    name = form.get("name").strip()
    accounts.require_name(name)
    return name


def _rights(form: Posted) -> list[str]:
    return list(dict.fromkeys(form.all("right")))


def _scope(session: Session, present: Present, form: Posted) -> tuple[str | None, str | None]:
    """(region, authority) by name, code or id; none: everywhere. Raises Invalid, NotFound, Forbidden for what is wider
    than the administrator's own."""
    region, authority = _place(session, form, "region"), _place(session, form, "authority")
    require_scope(session.connection(), present.actor, region, authority, today())
    return region, authority


def _place(session: Session, form: Posted, kind: str) -> str | None:
    given, connection = form.get(kind).strip(), session.connection()
    if not given:
        return None
    found = drafting.named_id(connection, given, kind, today(), kind)
    if (
        kind_of_subject(connection, found) != kind
    ):  # an account that is bound to it would reach nothing at all
        raise Invalid(f"“{given}”不是{LABELS[kind]}，请核对。", code="wrong-kind", field=kind)
    return found


def _note(
    session: Session, request: Request, present: Present, event: str, account: Account, note: str = ""
) -> None:
    """Who did it: the accounts' own rows in the log say to whom it was done."""
    log.record_access(
        session.connection(),
        event,
        account=present.actor.account,
        subject=account.name,
        address=address_of(request),
        note=note or None,
    )


def _empty(present: Present) -> Posted:
    """A form for an account to be added: the administrator's own scope stands in it."""
    own = {"region": present.actor.region, "authority": present.actor.authority}
    return Posted([(name, value) for name, value in own.items() if value])


def _refused(
    request: Request,
    registry: Registry,
    present: Present,
    form: Posted,
    error: RegistryError,
    changed: int | None = None,
) -> Response:
    with registry.database.reading() as session:
        return _page(request, session, registry, present, form, error, changed)


def _page(
    request: Request,
    session: Session,
    registry: Registry,
    present: Present,
    form: Posted,
    error: RegistryError | None = None,
    changed: int | None = None,
    wanted: Wanted | None = None,
) -> Response:
    """``form``: what was typed and refused, to add an account or, where one is ``changed``, to change that one."""
    asked = wanted or Wanted(number=str(changed or ""))
    try:
        found = listed(session, present.actor, asked)
    except RegistryError as unknown:
        found, error = Listed(), unknown
    return show(
        request,
        session.connection(),
        present,
        "administering/accounts.html",
        error=error,
        found=found,
        wanted=asked,
        names=names(session.connection(), found.scopes, today()),
        all_rights=RIGHTS,
        policy=registry.settings.password_policy,
        issuer=registry.settings.oidc_issuer,
        form=_empty(present) if changed or not form.pairs else form,
        changed=changed,
        typed=form,
    )
