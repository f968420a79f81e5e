"""From the form of an organ to the decisions of a draft: it is dissolved, and nothing of it is left with nobody."""

from __future__ import annotations

from collections.abc import Sequence

from app.changes.models import ChangesetInput
from app.errors import Invalid, Refused
from app.web.office.doors.visiting import Posted
from app.web.office.forms import drafting
from app.web.office.organs.reshaping import CANCELLED, Reshaping, following, given, receivers
from app.web.office.organs.touching import Beside, Held

NOBODY = "nobody"
"""What names the organ beside its items names nobody in its place."""


def dissolved(
    form: Posted,
    day: str,
    said: Reshaping,
    items: Sequence[Held],
    beside: Sequence[Beside],
    owed: int,
    names: dict[str, str],
) -> ChangesetInput:
    """The draft. Each item goes to an organ that stands or is cancelled; ``owed``: how many duties are not done.
    Raises Invalid or Refused, with the field."""
    (organ,) = said.ending
    if any(one.subject == organ for one in said.successors):
        raise Refused(
            f"{names[organ]}自己撤销了，不能接着办，请写别的机关。", code="ends-itself", field="standing"
        )
    body = drafting.decision(organ, "dissolve", day, form) | {"kind": "authority"}
    made = [body, *given(form, body, said, items)]
    if beside:
        receiver = _named_instead(form, said, beside)
        made += following(body, receiver, said.ending, (), beside)
    if owed and form.get("owed") != "1":
        raise Invalid(
            f"还有 {owed} 件没有办完的记在{names[organ]}名下，请写明已经看过、怎样办。",
            code="duties-left",
            field="owed",
        )
    return drafting.changeset(form, _title(form, said, items, names), made)


def _named_instead(form: Posted, said: Reshaping, beside: Sequence[Beside]) -> str | None:
    """The organ that is named in the place of the dissolved one; none: nobody is. Raises Invalid."""
    asked = form.get("instead")
    if asked == NOBODY:
        if any(one.kind == "bundle" for one in beside):
            raise Invalid("联办事项要有牵头的机关，请选择改为哪个机关。", code="lead-needed", field="instead")
        return None
    found = next((one.subject for one in said.successors if one.key == asked), None)
    if found is None:
        raise Invalid("别处提到它的，请选择改为哪个机关。", code="instead-needed", field="instead")
    return found


def _title(form: Posted, said: Reshaping, items: Sequence[Held], names: dict[str, str]) -> str:
    """What a draft is called that is given no title."""
    chosen = receivers(form, said, items).values()
    to = [one.name for one in said.successors if one in chosen]
    words = f"，职责划入{'、'.join(to)}" if to else ""
    ends = "，取消部分事项" if to and CANCELLED in chosen else "，取消其事项" if CANCELLED in chosen else ""
    return f"撤销：{names[said.ending[0]]}{words}{ends}"[:400]
