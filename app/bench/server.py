"""The application as it is served, on one worker, with an empty route beside: ``python -m app.bench.server``."""

from __future__ import annotations

import gc
import sys

import uvicorn
from fastapi import FastAPI, Response

from app.bench import machine
from app.bench.load import EMPTY
from app.main import create_app


def served() -> FastAPI:
    """The real application; the empty route comes first, where routing finds it soonest."""
    app = _with_empty(create_app())
    gc.freeze()  # as ``qingdan serve`` does with what is loaded
    return app


def bare() -> FastAPI:
    """FastAPI and nothing of ours."""
    return _with_empty(FastAPI())


def _with_empty(app: FastAPI) -> FastAPI:
    @app.get(EMPTY)
    async def empty() -> Response:
        return Response(b"{}", media_type="application/json")

    app.router.routes.insert(0, app.router.routes.pop())
    return app


def main(factory: str, port: int) -> None:
    """With the flags of ``qingdan serve``."""
    machine.pin(machine.SERVER_CORE)
    uvicorn.run(
        f"app.bench.server:{factory}",
        factory=True,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        http="httptools",
        loop="uvloop",
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
