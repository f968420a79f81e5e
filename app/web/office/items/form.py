"""The whole content of an item as a form: opened on what stands, read back, checked, shown with what is wrong.

What saving it makes differs: a draft of its own, a proposal in a round, an acceptance.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.auth.signing_in import Present
from app.changes import file_reading
from app.checks.catalogue import SEVERITIES, Rules
from app.checks.facts import Around
from app.checks.finding import Checked, Finding
from app.deps import Registry
from app.errors import RegistryError
from app.versions.fold import diff
from app.web.office.doors.pages import show
from app.web.office.doors.visiting import go
from app.web.office.forms import citing, drafting, filled, row_buttons
from app.web.office.forms.fields import item_fields, item_sections
from app.web.office.forms.keeping import is_script
from app.web.office.items import form_keeping
from app.web.office.items.in_hand import Editing
from app.web.office.items.remarks import remarks_on
from app.web.rendering import gaps
from app.web.subjects import names

UNSAVED = "unsaved."
"""What the stand-in key of a new row begins with while it is checked."""


def act_or_save(
    request: Request,
    registry: Registry,
    present: Present,
    editing: Editing,
    save: Callable[[Session, Present, Editing], str],
    more: dict[str, Any] | None = None,
) -> Response:
    """A button that changes the form shows it anew; ``save`` keeps it and says where to go, or what is wrong."""
    act = editing.asked.get("do")
    if editing.place and act == "drop":
        with registry.database.writing() as session:
            place = form_keeping.drop(session, present, editing)
        return go(place)
    if editing.place and act == "keep" and is_script(request):
        return form_keeping.answer(request, registry, present, editing)
    fields = tuple(item_fields())
    editing.content, editing.asked = row_buttons.acted(
        editing.content, editing.asked, fields, act, editing.base
    )
    if editing.place and act:
        with registry.database.writing() as session:
            form_keeping.keep(session, present, editing)
            editing.told = form_keeping.told(session, present, editing)
    if act and act != "save":
        with registry.database.reading() as session:
            return item_form(request, session, present, editing, more=more)
    try:
        with registry.database.writing() as session:
            address = save(session, present, editing)
            if editing.place:
                form_keeping.drop(session, present, editing)
    except RegistryError as error:
        with registry.database.reading() as session:
            return item_form(request, session, present, editing, error=error, more=more)
    return go(address)


def item_form(
    request: Request,
    session: Session,
    present: Present,
    editing: Editing,
    *,
    error: RegistryError | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    connection, content = session.connection(), editing.content
    ids = [value for value in drafting.ids_in(content) if value]
    gone = row_buttons.gone(editing.asked, content)
    return show(
        request,
        connection,
        present,
        "items/form.html",
        error=error,
        wrong=wrong_places(content, error.detail.get("errors", [])) if error else {},
        editing=editing,
        sections=item_sections(),
        content=gaps(content),
        base=gaps(editing.base),
        changed={change["path"].split("/")[0] for change in diff(editing.base, content)}
        if editing.item
        else set(),
        names=names(connection, ids, editing.day)
        | file_reading.names_for(session, present.actor, drafting.files_in(content).values()),
        cited=citing.texts(connection, content.get("citations") or (), editing.day),
        gone=gone,
        gone_fields=row_buttons.gone_fields(editing.asked, gone),
        focus=row_buttons.focus(content, tuple(item_fields()), editing.asked.get("do")),
        form=editing.asked,
        found=_checked(connection, editing, request.app.state.registry.rules),
        severities=SEVERITIES,
        remarks=remarks_on(session, editing),
        script="form.js" if editing.place else "",
        **(more or {}),
    )


def _checked(connection: Connection, editing: Editing, rules: Rules) -> list[Finding]:
    """What the checks find in the form as it is filled in; nothing yet in an empty one."""
    content = drafting.readable(filled.with_keys(editing.content, lambda key: f"{UNSAVED}{key[1:]}"))
    if content is None:
        return []
    with suppress(RegistryError):  # a name that finds nothing is told when it is saved
        drafting.put_ids(connection, content, editing.day)
    around = Around(connection, editing.day, whole=False)
    found = rules.find(Checked(content, editing.day, around.fact, around.named))
    found = [replace(one, path=one.path.replace(UNSAVED, filled.NEW)) for one in found]
    return sorted(found, key=lambda one: list(SEVERITIES).index(one.severity))


def wrong_places(content: dict[str, Any], errors: list[dict[str, Any]]) -> dict[str, str]:
    """What is wrong by the form's field: ``materials/0/name`` is the row of the first material's key."""
    found = {}
    for one in errors:
        here: Any = content
        steps = []
        for part in one["field"].split("/"):
            if isinstance(here, list) and part.isdigit() and int(part) < len(here):
                here = here[int(part)]
                steps.append(here["key"] if isinstance(here, dict) else part)
            else:
                here = here.get(part) if isinstance(here, dict) else None
                steps.append(part)
        found["/".join(steps)] = one["reason"]
    return found
