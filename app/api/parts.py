"""All parts of the API, in the order in which their routes are asked."""

from fastapi import Depends, FastAPI

from app.api import (
    asking,
    bundles,
    catalogue,
    changesets,
    deadlines,
    duties,
    events,
    exports,
    files,
    findings,
    items,
    law,
    linked,
    lists,
    overlaps,
    places,
    publications,
    recording,
    rounds,
    searching,
    shapes,
    webhooks,
    worksheets,
)
from app.deps import known_parameters_only

PARTS = (
    items,
    deadlines,
    searching,
    places,
    law,
    catalogue,
    asking,
    linked,
    bundles,
    rounds,
    worksheets,
    lists,
    recording,
    publications,
    duties,
    events,
    exports,
    files,
    findings,
    overlaps,
    changesets,
    webhooks,
)


def include(app: FastAPI) -> None:
    """Each router by itself: FastAPI builds the routes of a router within a router at once, these when asked."""
    for part in PARTS:
        app.include_router(
            part.router,
            prefix="/api/v1",
            responses=shapes.PROBLEMS,
            dependencies=[Depends(known_parameters_only)],
        )
