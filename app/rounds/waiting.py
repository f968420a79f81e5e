"""Of a published round: what waits for a law to be amended (待修法), retained until then."""

from __future__ import annotations

from sqlalchemy import Connection

from app.changes.owed import Wanted, duties
from app.versions.queries import Known


def waiting_for_law(connection: Connection, changeset: str, day: str, known: Known) -> dict[str, int] | None:
    """``{"items", "open"}``: public items that the round proposes to end once a law is amended, and those of them
    that still wait on the day. None where there are none."""
    wanted = Wanted(on=day, kinds=frozenset({"pending_law"}), changeset=changeset)
    found = duties(connection, wanted, known=known)
    if not found:
        return None
    return {
        "items": len({one["subject"] for one in found}),
        "open": len({one["subject"] for one in found if one["state"] != "done"}),
    }
