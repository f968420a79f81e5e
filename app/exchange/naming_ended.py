"""What a record names that does not stand on its day: told with its row, where a draft of it would be refused whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.changes import kinds
from app.changes.references import STANDING, WORDS, Course, courses
from app.exchange.changing import Wrong


class Standing:
    """How what a run's records name stands in the registry, each asked once; what the run itself founds stands."""

    def __init__(self) -> None:
        self._courses: dict[str, Course | None] = {}
        self.left: dict[str, str] = {}
        """New subjects of this run that are not taken over, by name: nothing can name them."""

    def wrong(
        self,
        connection: Connection,
        kind: str,
        document: Mapping[str, Any],
        before: Mapping[str, Any],
        day: str,
    ) -> Wrong | None:
        """The first that the document names and ``before`` did not, and that cannot be named from ``day`` on."""
        stood = kinds.references(kind, dict(before)) if before else set()
        for target, what in sorted(kinds.references(kind, dict(document)) - stood):
            said = self._said(connection, target, what, day, is_holder=document.get("authority") == target)
            if said:
                label = kinds.LABELS[what]
                return Wrong("names-ended", f"所列的{label}{said}，未采纳；请改为当日存续的{label}")
        return None

    def _said(
        self, connection: Connection, target: str, what: str, day: str, *, is_holder: bool
    ) -> str | None:
        if target in self.left:
            return f"“{self.left[target]}”没有采纳"
        course = self._course(connection, target)
        if course is None or what == "instrument":
            return None  # whether a basis still holds is for the checks
        if (status := course.on(day)) not in STANDING:
            return f"“{course.name}”（{target}）在 {day} {WORDS[status]}"
        end = next(iter(course.ends_after(day)), None) if is_holder else None
        return f"“{course.name}”（{target}）自 {end} 起终止" if end else None

    def _course(self, connection: Connection, target: str) -> Course | None:
        if target not in self._courses:
            self._courses[target] = courses(connection, [target]).get(target)
        return self._courses[target]
