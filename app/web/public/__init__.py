"""The public pages: one file per noun. They ask what the API asks, and show it to people."""

from fastapi import FastAPI

from app.web import assets
from app.web.keeping import KeptPageRoute
from app.web.public import (
    authorities,
    board,
    bundles,
    comparing,
    display,
    editions,
    feedback,
    feeds,
    handouts,
    home,
    items,
    kiosk,
    laws,
    lists,
    manuals,
    rounds,
    search,
)

PARTS = (
    home,
    search,
    items,
    comparing,
    feeds,
    handouts,
    display,
    kiosk,
    board,
    lists,
    editions,
    feedback,
    rounds,
    authorities,
    laws,
    bundles,
    manuals,
    assets,
)


def include(app: FastAPI) -> None:
    """Each router by itself; see ``api.include``. Before them all, what is kept of them, and the busiest."""
    app.router.routes[:0] = [KeptPageRoute(), items.QuickItemPage(), search.QuickResultsPage()]
    for part in PARTS:
        app.include_router(part.router, include_in_schema=False)
