"""What has to be seen to: duties, changes of law, what the checks find, overlaps, reports of the public, each year's
holidays."""

from app.web.office.upkeep import calendar, checks, duties, fulfilling, law, overlaps, renewing, reports

PARTS = (fulfilling, renewing, checks, duties, law, calendar, overlaps, reports)
