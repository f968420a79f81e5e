"""What is chosen on the desk of a round and not saved: kept as it is chosen, and found again whatever came between.

A desk shows some rows of many, by filter and page, and may be open twice. So a form takes the place of what is kept
only in the rows where it says something or somebody touched the field; of the others nothing is lost.

What is chosen of a row is chosen of what was proposed then: each row keeps the moment that its page was read at, and
says nothing more once the proposal has moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from fastapi import Request, Response
from sqlmodel import Session

from app import log, unsaved
from app.auth.signing_in import Present
from app.changes import rows
from app.changes.moves import DRAFTED
from app.deps import Registry
from app.errors import NotFound
from app.rounds.worksheets import Line
from app.web.office.doors.visiting import Posted
from app.web.office.forms import keeping

Prefix = Literal["o:", "v:"]
"""What the fields of rows begin with, before the item's id: a proposal, an opinion."""
_OF_THE_PAGE = frozenset({"shown", "page", "touched", "called", "sure", "do"})
_READ = "read:"
"""Before an item's id: the newest moment of a proposal on the page on which its row was chosen or ticked."""
_ROUND = re.compile(r"/office/rounds/([^/?]{1,40})(?:[/?].*)?")


def is_at_rest(session: Session, place: str) -> bool:
    """Whether the form at an address is of a round that nobody works on: its page takes nothing that is kept. Of one
    that is returned it does again. False for the address of any other form, and of a round that is yet to be."""
    if (parts := _ROUND.fullmatch(place)) is None:
        return False
    try:
        return rows.find(session, parts[1]).state not in DRAFTED
    except NotFound:
        return False


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
        if name not in _OF_THE_PAGE and not name.startswith(_READ) and (value or not name.startswith(prefix))
    ]
    shown = form.get("shown") or str(log.now_microseconds())
    read = dict.fromkeys(_meant(now, prefix), shown)
    read |= {item: kept.get(_READ + item) for item in _meant(before, prefix)}  # a row that is not chosen anew
    return Posted([*now, *before, *_as_read(read), ("do", form.get("do"))])


def _meant(pairs: unsaved.Pairs, prefix: Prefix) -> list[str]:
    """The items whose rows say something or are ticked."""
    chosen = [name.removeprefix(prefix) for name, value in pairs if name.startswith(prefix) and value]
    return [*chosen, *(value for name, value in pairs if name == "item")]


def _as_read(read: dict[str, str]) -> unsaved.Pairs:
    return [(_READ + item, shown) for item, shown in read.items()]


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


def overtaken(kept: Posted, prefix: Prefix, lines: Iterable[Line]) -> dict[str, str]:
    """What is kept of rows whose proposal has moved since, by item; empty for one that was ticked alone."""
    chosen, meant = chosen_in(kept, prefix), set(_meant(kept.pairs, prefix))
    return {
        line.item: chosen.get(line.item, "")
        for line in lines
        if line.item in meant and line.proposal and line.proposal.moved_at > _read_at(kept, line.item)
    }


def _read_at(kept: Posted, item: str) -> int:
    found = kept.get(_READ + item)
    return int(found) if re.fullmatch(r"[0-9]{1,20}", found) else 0


def without(kept: Posted, prefix: Prefix, items: Iterable[str]) -> Posted:
    """A form in which the rows of these items say nothing and are not ticked."""
    gone = {pair for item in items for pair in ((prefix + item, ""), ("item", item))}
    return Posted(
        [pair for pair in kept.pairs if (pair[0], pair[1] if pair[0] == "item" else "") not in gone]
    )


def waiting(
    session: Session, present: Present, changeset: str, form: Posted, prefix: Prefix, lines: Iterable[Line]
) -> set[str]:
    """Items of which something is kept that still holds, in rows that this form does not speak for."""
    kept, _ = found_again(session, present, changeset, prefix)
    answered, moved = _answered(form, prefix), overtaken(kept, prefix, lines)
    return {item for item in chosen_in(kept, prefix) if prefix + item not in answered and item not in moved}


def saved(
    session: Session, present: Present, changeset: str, form: Posted, prefix: Prefix, done: Iterable[str]
) -> None:
    """What the form said is saved of the items ``done``: no longer kept, in the same transaction; other rows stay
    kept."""
    place, account = place_of(changeset, prefix, form), present.actor.account or 0
    kept, _ = found_again(session, present, changeset, prefix)
    gone = _answered(form, prefix) | {prefix + item for item in done}
    rest = {item: said for item, said in chosen_in(kept, prefix).items() if prefix + item not in gone}
    if not rest:
        return unsaved.drop(session, account, place.address)
    chosen = [(prefix + item, said) for item, said in rest.items()]
    read = {item: kept.get(_READ + item) for item in rest}
    unsaved.keep(session, account, place.address, [*chosen, *_as_read(read)], title=place.title)
    return None
