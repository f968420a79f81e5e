"""A delegation runs out: it is renewed, so that the entrusted item is in force for one more time, or it is not, and the
power is again the organ's that entrusted it. Either is a draft of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from app.auth.signing_in import Present
from app.changes import drafts
from app.changes.models import ChangesetInput
from app.changes.owed import entrusting_item
from app.deps import ReadSession, RegistryOf
from app.errors import Invalid, RegistryError
from app.versions.queries import parse_day, today
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import Day, Form, Posted, Visitor, go, typed_day
from app.web.office.forms import drafting, keeping
from app.web.office.upkeep.owing import Act, Key, kept_day, may_decide, stands, undone
from app.web.rendering import gaps
from app.web.subjects import names

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Renewal:
    """A delegation that runs out, and what this account can decide about it from a day."""

    duty: dict[str, Any]
    origin: str
    on: str
    stands: bool
    """Whether the item that was entrusted from is still there on the day."""
    gave: bool
    """Whether it is the account's: whoever entrusted decides that it is not renewed."""
    took: bool
    """Whether the entrusted item is the account's too: a renewal is a decision about both."""

    @property
    def place(self) -> keeping.Place:
        address = f"/office/duties/{self.duty['decision']}/{self.duty['key']}/renew"
        return keeping.Place(address, f"委托到期：{self.duty['name']}", self.duty["subject"])

    @property
    def ways(self) -> list[str]:
        """renew, lapse."""
        found = ["renew"] if self.gave and self.took else []
        return [*found, "lapse"] if self.stands and self.gave else []


def _renewal(connection: Connection, present: Present, act: int, key: str, day: str) -> Renewal:
    """From the day asked for; else from the day on which the time runs out, or today where that has passed. Not to
    renew it may be decided before."""
    duty = undone(connection, present, act, key, ("expiry",))
    on = parse_day(typed_day(day), "施行日期") if day else max(today(), duty["due"])
    origin = entrusting_item(connection, act)
    gave, took = (may_decide(connection, present, one, on) for one in (origin, duty["subject"]))
    return Renewal(duty, origin, on, stands(connection, origin, on), gave, took)


@router.get("/office/duties/{act}/{key}/renew")
def show_renewal(
    request: Request, session: ReadSession, present: Visitor, act: Act, key: Key, day: Day = ""
) -> Response:
    connection = session.connection()
    found = _renewal(connection, present, act, key, day)
    form, kept_at = keeping.found_again(session, present, found.place)
    if kept_at:
        found = _renewal(connection, present, act, key, kept_day(form))
    return _page(request, connection, present, found, form, kept_at)


@router.post("/office/duties/{act}/{key}/renew")
def renew(
    request: Request, registry: RegistryOf, present: Visitor, act: Act, key: Key, form: Form
) -> Response:
    with registry.database.reading() as session:
        found = _renewal(session.connection(), present, act, key, "")
    if kept := keeping.kept_aside(request, registry, present, form, found.place):
        return kept
    try:
        with registry.database.writing() as session:
            found = _renewal(session.connection(), present, act, key, form.get("from"))
            made = drafts.draft(session, present.actor, _asked(found, form), today())
            keeping.saved(session, present, found.place)
    except RegistryError as error:
        with registry.database.reading() as session:
            return _page(request, session.connection(), present, found, form, error=error)
    return go(f"/office/changesets/{made.id}")


def _asked(found: Renewal, form: Posted) -> ChangesetInput:
    """One decision about the item that was entrusted from. Raises Invalid."""
    way = form.get("way")
    if way not in found.ways:
        raise Invalid("请选择续期，还是不再续期。", code="way-needed", field="way")
    decision, title = _renewed(found, form) if way == "renew" else _let_lapse(found, form)
    return drafting.changeset(form, f"{title}：{found.duty['name']}"[:400], [decision])


def _renewed(found: Renewal, form: Posted) -> tuple[dict[str, Any], str]:
    """The standing item is entrusted for one more time. Raises Invalid without its last day."""
    if not form.get("until"):
        raise Invalid("请写明续期到哪一天前。", code="until-needed", field="until")
    decision = drafting.decision(found.origin, "entrust", found.on, form)
    return decision | {
        "results": [{"subject": found.duty["subject"]}],
        "until": form.get("until"),
    }, "委托续期"


def _let_lapse(found: Renewal, form: Posted) -> tuple[dict[str, Any], str]:
    """The item that was entrusted from stands as it is; no more than that is decided."""
    decision = drafting.decision(found.origin, "retain", found.on, form)
    fulfils = [{"act": found.duty["decision"], "duty": found.duty["key"]}]
    return decision | {"fulfils": fulfils}, "委托到期不再续期"


def _page(
    request: Request,
    connection: Connection,
    present: Present,
    found: Renewal,
    form: Posted,
    kept_at: str = "",
    *,
    error: RegistryError | None = None,
) -> Response:
    duty = found.duty
    ids = [one for one in (duty["authority"], duty["region"], found.origin) if one]
    return show(
        request,
        connection,
        present,
        "upkeep/duty-renew.html",
        error=error,
        title=found.place.title,
        found=found,
        duty=gaps(duty),
        names=names(connection, ids, found.on),
        form=form,
        kept_at=kept_at,
        script="form.js",
    )
