"""What is loaded behind the first answers: all of the API and the pages, save the quickest doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

REST_AFTER = 0.5
"""Seconds from being ready to loading the rest unasked."""


class Rest(BaseRoute):
    """Stands last among the routes until all others are there, then makes way for them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loading = Lock()
        self._loaded = False
        self.started: list[Any] = []

    def load(self) -> None:
        """Once, whoever asks first; the others wait for it."""
        with self._loading:
            if self._loaded:
                return
            # Here and not above: together they take longer than all that a first answer needs.
            from app.api import parts
            from app.api.items import add_item_route
            from app.web import office, public

            parts.include(self._app)
            add_item_route(self._app.router)
            public.include(self._app)
            office.include(self._app)
            if self in self._app.router.routes:
                self._app.router.routes.remove(self)
            self._loaded = True

    async def load_soon(self, then: Callable[[FastAPI], Any] | None) -> None:
        """Behind the first answers, which it would hold up; what is started last goes into ``started``."""
        if not self._loaded:
            await asyncio.sleep(REST_AFTER)
            await asyncio.to_thread(self.load)
        if then is not None:
            self.started.append(await asyncio.to_thread(then, self._app))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.load)
        await self._app.router(scope, receive, send)
