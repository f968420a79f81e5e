"""One item: listed, entered or edited whole, taken over, ended, and a decision about it taken out."""

from app.web.office.items import editing, ending, receiving, voiding

PARTS = (editing, ending, voiding, receiving)
