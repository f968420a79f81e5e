"""The public pages: one file per noun. They ask what the API asks, and show it to people."""

from fastapi import APIRouter

from app.web import assets
from app.web.public import authorities, bundles, home, items, laws, rounds, search

router = APIRouter(include_in_schema=False)
for part in (home, search, items, rounds, authorities, laws, bundles, assets):
    router.include_router(part.router)
