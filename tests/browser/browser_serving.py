"""A registry's application on a free port of this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from seeded import Living


@contextmanager
def served(living: Living) -> Iterator[str]:
    """The registry's application on a free port, until the end of the block."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        config = uvicorn.Config(living.client.app, log_level="error", lifespan="off")  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        taken.listen(64)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
