"""Organs: founded, renamed, merged, divided, dissolved, and what that touches."""

from app.web.office.organs import changing, founding

PARTS = (founding, changing)
