"""What is loaded behind the first answers: all of the API and the pages, save the quickest doors."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from threading import Lock

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.turns import Duty

logger = logging.getLogger(__name__)

REST_AFTER = 0.5
"""Seconds from being ready to loading the rest unasked."""


class Rest(BaseRoute):
    """Stands last among the routes until all others are there, then makes way for them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loading = Lock()
        self._loaded = False
        self._starting = Lock()
        self._stopped = False
        self._started: list[Duty] = []
        self.fault: str | None = None
        """Why the rest is not there, or what was to be started last; none while all is well."""

    def load(self) -> None:
        """Once, whoever asks first; the others wait for it."""
        with self._loading:
            if self._loaded:
                return
            # Here and not above: together they take longer than all that a first answer needs.
            before = list(self._app.router.routes)
            try:
                from app.api import parts
                from app.api.items import add_item_route
                from app.web import office, public

                parts.include(self._app)
                add_item_route(self._app.router)
                public.include(self._app)
                office.include(self._app)
            except BaseException as error:
                self._app.router.routes[:] = before  # or the next to ask would find half of it twice
                self.fault = type(error).__name__
                raise
            if self in self._app.router.routes:
                self._app.router.routes.remove(self)
            self._loaded, self.fault = True, None

    async def load_soon(self, *then: Callable[[FastAPI], Duty | None]) -> None:
        """Behind the first answers, which it would hold up; what is started then is stopped by ``stop``. What goes
        wrong is logged, and told by ``fault``."""
        try:
            if not self._loaded:
                await asyncio.sleep(REST_AFTER)
                await asyncio.to_thread(self.load)
                await asyncio.to_thread(_load_templates)
                gc.freeze()  # what is loaded stays: nobody looks for cycles in it, beside those who ask
            for one in then:
                await asyncio.to_thread(self._start, one)
        except Exception as error:
            self.fault = type(error).__name__
            logger.exception("what is loaded behind the first answers is not there")

    def _start(self, then: Callable[[FastAPI], Duty | None]) -> None:
        with self._starting:
            duty = None if self._stopped else then(self._app)
            if duty is not None:
                duty.start()
                self._started.append(duty)

    def stop(self) -> None:
        """Stop what was started; nothing is started any more, even by a thread that is about to."""
        with self._starting:
            self._stopped = True
            for one in self._started:
                one.stop()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.load)
        await self._app.router(scope, receive, send)


def _load_templates() -> None:
    from app.web.rendering import load_templates

    load_templates()
