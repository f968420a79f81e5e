"""后续责任 and 待修法 in the browser: the decision that does what an earlier one left to be done, as a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.duties import KINDS
from app.changes.fulfilling import LOCAL
from app.changes.models import ChangesetInput
from app.changes.owed import law_waited_for
from app.changes.scope import Scope
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.versions.queries import today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Day, Form, Posted, Visitor, go
from app.web.office.forms import drafting, keeping
from app.web.office.upkeep.owing import DONE_BY, Act, Key, day_of, kept_day, may_decide, stands, undone
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()
PAPER = ("number", "issuer", "document_date", "published_on", "effective_on")
"""What of the document a registered instrument says too, beside its title."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a duty can be done on a day, by this account."""

    on: str
    stands: bool
    """Whether the item is there to be decided about."""
    own: bool
    """Whether it is the account's."""
    registers_any: bool
    """Whether the account may register any instrument; else those of places, as the proof."""
    kind: str

    @property
    def outcomes(self) -> list[str]:
        found = ["retain", "cancel"] if self.stands and self.own else []
        return [*found, "enact"] if self.kind == "follow_up" else found


def _ways(connection: Connection, present: Present, duty: dict[str, Any], on: str) -> Ways:
    item = duty["subject"]
    return Ways(
        on,
        stands(connection, item, on),
        may_decide(connection, present, item, on),
        Scope(connection, present.actor).is_everything,
        duty["kind"],
    )


@router.get("/office/duties/{act}/{key}/fulfil")
def show_fulfilment(
    request: Request, session: ReadSession, present: Visitor, act: Act, key: Key, day: Day = ""
) -> Response:
    connection = session.connection()
    duty = undone(connection, present, act, key, DONE_BY)
    form, kept_at = keeping.found_again(session, present, _place(duty))
    return _page(request, connection, present, duty, day_of(duty, kept_day(form) or day), form, kept_at)


def _place(duty: dict[str, Any]) -> keeping.Place:
    address = f"/office/duties/{duty['decision']}/{duty['key']}/fulfil"
    return keeping.Place(address, _title(duty), duty["subject"])


def _title(duty: dict[str, Any]) -> str:
    """办理后续责任：制定监管细则（item）, as far as a title reaches."""
    return f"办理{KINDS[duty['kind']]}：{(duty['words'] or '')[:100]}（{duty['name']}）"[:400]


@router.post("/office/duties/{act}/{key}/fulfil")
def fulfil(
    request: Request, registry: RegistryOf, present: Visitor, act: Act, key: Key, form: Form
) -> Response:
    with registry.database.reading() as session:
        duty = undone(session.connection(), present, act, key, DONE_BY)
    if kept := keeping.kept_aside(request, registry, present, form, _place(duty)):
        return kept
    on = max(today(), duty["opens"])
    try:
        on = day_of(duty, form.get("from"))
        with registry.database.writing() as session:
            connection = session.connection()
            asked = _asked(connection, duty, _ways(connection, present, duty, on), form)
            made = drafts.draft(session, present.actor, asked, today())
            keeping.saved(session, present, _place(duty))
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session.connection(), present, duty, on, form, error=error)
    return go(f"/office/changesets/{made.id}")


def _asked(connection: Connection, duty: dict[str, Any], ways: Ways, form: Posted) -> ChangesetInput:
    """One decision that names the duty. Raises Invalid."""
    outcome = form.get("outcome")
    if outcome not in ways.outcomes:
        raise Invalid("请选择怎样完成这一件。", code="outcome-needed", field="outcome")
    if outcome == "enact":
        decision = drafting.decision(None, outcome, ways.on, form)
        decision |= {"kind": "instrument", "content": _instrument(form)}
    else:
        decision = drafting.decision(duty["subject"], outcome, ways.on, form)
    fulfils = {"act": duty["decision"], "duty": duty["key"]}
    if outcome != "enact" and (named := form.get("instrument").strip()):
        fulfils["instrument"] = drafting.named_id(connection, named, "instrument", ways.on, "instrument")
    decision["fulfils"] = [fulfils]
    return drafting.changeset(form, _title(duty), [decision])


def _instrument(form: Posted) -> dict[str, Any]:
    """The document that the form names, as the registry keeps instruments. Raises Invalid without a title."""
    title = form.get("document/title").strip().strip("《》")
    if not title:
        raise Invalid("请在“依据的文件”里写明文件标题。", code="title-needed", field="document/title")
    said = {name: value for name in PAPER if (value := form.get(f"document/{name}").strip())}
    return {"title": title, "rank": form.get("rank") or "other", **said}


def _page(
    request: Request,
    connection: Connection,
    present: Present,
    duty: dict[str, Any],
    on: str,
    form: Posted,
    kept_at: str = "",
    *,
    error: RegistryError | None = None,
) -> Response:
    law = law_waited_for(connection, duty["decision"]) if duty["kind"] == "pending_law" else {}
    ids = [duty["authority"], duty["region"], *law.get("instruments", ())]
    return show(
        request,
        connection,
        present,
        "upkeep/duty-fulfil.html",
        error=error,
        title=_title(duty),
        duty=gaps(duty),
        law=gaps(law),
        names=names(connection, [one for one in ids if one], on),
        kinds=KINDS,
        local=LOCAL,
        ways=_ways(connection, present, duty, on),
        form=form,
        kept_at=kept_at,
        script="form.js",
    )
