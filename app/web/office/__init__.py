"""The office: the working room of those who keep the catalogue. ``visiting.TABLE`` says who reaches what."""

from fastapi import FastAPI

from app.web.office import audit, changesets, checks, desk, editions, items, reports, signing

PARTS = (signing, desk, items, changesets, checks, editions, reports, audit)


def include(app: FastAPI) -> None:
    """Each router by itself; see ``api.include``."""
    for part in PARTS:
        app.include_router(part.router, include_in_schema=False)
