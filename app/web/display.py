"""How a reader wants pages to look: large type, high contrast (适老化). Kept in a cookie, set by plain links."""

from __future__ import annotations

from fastapi import Request

COOKIE = "qingdan_display"
CHOICES = ("large", "contrast", "kiosk")
KIOSK_SECONDS = 180
"""After which an untouched screen goes back to its start. By a header: pages have no script to see touches."""
BOARD_SECONDS = 20
"""For which each screenful on a wall stands."""
YEAR_SECONDS = 365 * 24 * 3600


def chosen(request: Request) -> tuple[str, ...]:
    """What the cookie asks for; anything else in it is passed over."""
    asked = request.cookies.get(COOKIE, "").split(".")
    return tuple(one for one in CHOICES if one in asked)


def toggled(now: tuple[str, ...], choice: str) -> str:
    """The cookie's value with one choice turned on or off."""
    return ".".join(one for one in CHOICES if (one in now) != (one == choice))


def local(path: str) -> str:
    """Where to go back to: an address of this site alone."""
    usable = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if usable else "/"
