"""The API under /api/v1: one file per noun. Routes translate; the work is in the packages above."""

from fastapi import APIRouter, Depends

from app.api import (
    bundles,
    catalogue,
    changesets,
    deadlines,
    events,
    files,
    health,
    items,
    law,
    places,
    publications,
    searching,
    shapes,
)
from app.deps import known_parameters_only

router = APIRouter(prefix="/api/v1", responses=shapes.PROBLEMS, dependencies=[Depends(known_parameters_only)])
for part in (
    items,
    deadlines,
    searching,
    places,
    law,
    catalogue,
    bundles,
    publications,
    events,
    files,
    changesets,
):
    router.include_router(part.router)

health_router = health.router
