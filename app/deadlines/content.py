"""What a calendar year records: the holiday notice (国务院办公厅关于…节假日安排的通知) as dates."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from app.versions.shapes import Line, Part

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class CalendarYearContent(Part):
    """A year's departures from Monday to Friday."""

    content_schema: Literal[1] = Field(1, alias="schema", description="number of the content shape")
    year: int = Field(ge=1949, le=2200, description="the year it arranges")
    days_off: list[Day] = Field(description="放假、调休: weekdays and weekend days that are not worked")
    make_up: list[Day] = Field(description="调休上班: weekend days that are worked")
    number: Line | None = Field(None, description="文号 of the notice")
    title: Line | None = Field(None, description="the notice it follows, as titled")

    @model_validator(mode="after")
    def _days_of_the_year(self) -> CalendarYearContent:
        """Each listed day is one of the year, listed once."""
        seen: set[str] = set()
        for listed in (*self.days_off, *self.make_up):
            try:
                day = date.fromisoformat(listed)
            except ValueError:
                raise ValueError(f"没有“{listed}”这一天，请核对通知。") from None
            if day.year != self.year:
                raise ValueError(f"{listed} 不在 {self.year} 年，请写在它自己的年份里。")
            if listed in seen:
                raise ValueError(f"{listed} 写了两次：一天或者放假，或者上班，请只写一次。")
            seen.add(listed)
        return self
