"""What is chosen on the desk of a round and not saved: kept as it is chosen, and found again whatever came between.

A desk shows some rows of many, by filter and page, and may be open twice. So a form takes the place of what is kept
only in the rows where it says something or somebody touched the field; of the others nothing is lost.
"""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response
from sqlmodel import Session

from app import unsaved
from app.auth.signing_in import Present
from app.deps import Registry
from app.web.office.doors.visiting import Posted
from app.web.office.forms import keeping

Prefix = Literal["o:", "v:"]
"""What the fields of rows begin with, before the item's id: a proposal, an opinion."""
_OF_THE_PAGE = frozenset({"shown", "page", "touched", "called", "sure", "do"})


def place_of(changeset: str, prefix: Prefix, form: Posted | None = None) -> keeping.Place:
    """Where a person's desk is found again; what it is about is called as the form itself says."""
    what, query = ("逐项的意见", "") if prefix == "o:" else ("逐项的审核", "?role=review")
    return keeping.Place(
        f"/office/rounds/{changeset}{query}", f"{what}：{form.get('called') if form else ''}"
    )


def kept_aside(
    request: Request, registry: Registry, present: Present, changeset: str, form: Posted, prefix: Prefix
) -> Response | None:
    """As ``keeping.kept_aside``, row by row."""
    place = place_of(changeset, prefix, form)
    if form.get("do") == "keep":
        with registry.database.reading() as session:
            kept, _ = keeping.found_again(session, present, place)
        form = _laid_over(kept, form, prefix)
    return keeping.kept_aside(request, registry, present, form, place)


def _laid_over(kept: Posted, form: Posted, prefix: Prefix) -> Posted:
    listed = {name for name, _ in form.pairs if name.startswith(prefix)}
    answered = _answered(form, prefix)
    before = [
        (name, value)
        for name, value in kept.pairs
        if (name.startswith(prefix) and name not in answered)
        or (name == "item" and prefix + value not in listed)
    ]
    now = [
        (name, value)
        for name, value in form.pairs
        if name not in _OF_THE_PAGE and (value or not name.startswith(prefix))
    ]
    return Posted([*now, *before, ("do", form.get("do"))])


def _answered(form: Posted, prefix: Prefix) -> set[str]:
    """The fields of the rows that this form speaks for."""
    said = {name for name, value in form.pairs if name.startswith(prefix) and value}
    return said | {prefix + item for item in form.all("touched")}


def found_again(session: Session, present: Present, changeset: str, prefix: Prefix) -> tuple[Posted, str]:
    """What is kept and when it was; an empty form where nothing is."""
    return keeping.found_again(session, present, place_of(changeset, prefix))


def chosen_in(form: Posted, prefix: Prefix) -> dict[str, str]:
    """What the rows of a form say, by item."""
    return {name.removeprefix(prefix): said for name, said in form.pairs if name.startswith(prefix) and said}


def waiting(
    session: Session, present: Present, changeset: str, form: Posted, prefix: Prefix
) -> dict[str, str]:
    """What is kept of rows that this form does not speak for, by item."""
    kept, _ = found_again(session, present, changeset, prefix)
    answered = _answered(form, prefix)
    return {item: said for item, said in chosen_in(kept, prefix).items() if prefix + item not in answered}


def saved(session: Session, present: Present, changeset: str, form: Posted, prefix: Prefix) -> None:
    """What the form said is saved: no longer kept, in the same transaction; other rows stay kept."""
    place, account = place_of(changeset, prefix, form), present.actor.account or 0
    rest = waiting(session, present, changeset, form, prefix)
    for item in form.all("item") if form.get("do") == "selected" else ():
        rest.pop(item, None)
    if not rest:
        return unsaved.drop(session, account, place.address)
    unsaved.keep(
        session,
        account,
        place.address,
        [(prefix + item, said) for item, said in rest.items()],
        title=place.title,
    )
    return None
