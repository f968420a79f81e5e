"""What a second person approves before it is published or issued: changesets with what they would write, and
editions of lists."""

from app.web.office.publishing import changesets, editions

PARTS = (changesets, editions)
