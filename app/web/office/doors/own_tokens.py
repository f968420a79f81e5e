"""One's own tokens, by which programs act for the account: made with the password, shown once, revoked."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.auth.own_tokens import make_own_token, revoke_own_token
from app.auth.signing_in import Present
from app.deps import Registry, RegistryOf, address_of
from app.errors import RegistryError
from app.web.office.doors.signing import show_account
from app.web.office.doors.visiting import Form, Posted, Visitor, go, keep_refusal, number_in

router = APIRouter()


@router.post("/office/account/tokens")
def change_tokens(request: Request, registry: RegistryOf, present: Visitor, form: Form) -> Response:
    """``revoke``: the number of the one to revoke; none: a new one, whose text is in this answer alone."""
    made = ""
    try:
        if "revoke" in form:
            with registry.database.writing() as session:
                revoke_own_token(session, present, number_in(form.get("revoke")), address_of(request))
            return go("/office/account#tokens")
        made = _made(request, registry, present, form)
    except RegistryError as error:
        keep_refusal(request, error)
        with registry.database.reading() as session:
            return show_account(
                request, session, registry, present, said=error.message, form=form, status=error.status
            )
    with registry.database.reading() as session:
        return show_account(request, session, registry, present, token=made, form=form)


def _made(request: Request, registry: Registry, present: Present, form: Posted) -> str:
    scopes = list(dict.fromkeys(form.all("scope")))
    label, days = form.get("label").strip(), number_in(form.get("days"))
    address = address_of(request)
    return make_own_token(registry.database, present, form.get("password"), label, scopes, days, address)
