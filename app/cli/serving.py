"""What ``serve`` starts: one process that answers, or several under one that watches over them."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from app.cli.opening import say
from app.cli.refusing import refusal
from app.errors import Unavailable

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from fastapi import FastAPI

PATIENCE = 30
"""Seconds within which a worker process answers whether it lives; after that it is killed, with the requests in hand,
and another started. One that starts on a machine under load does not answer in uvicorn's own five."""


def serve_at(host: str, port: int, workers: int) -> None:
    """Answer until the process is asked to stop. Raises Unavailable where nothing can be listened on, or where a
    worker process does not start."""
    config = uvicorn.Config(
        make_application,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        http="httptools",
        loop="uvloop",
        timeout_worker_healthcheck=PATIENCE,
    )
    listening = [listen(host, port)]
    address = f"清单已启动： http://{host}:{port}/  接口说明： http://{host}:{port}/docs"
    if workers == 1:
        Single(config, address).run(listening)
        return
    gc.enable()
    several = Several(config, listening, address)
    several.run()
    if several.failed:
        raise Unavailable(
            "工作进程没有启动起来，服务已经停止；请按上面的报错检查程序文件、设置和数据目录的权限，再重新启动。",
            code="worker-failed",
        )


def make_application() -> FastAPI:
    """What a process serves. One that cannot make it ends with uvicorn's own status for that: started again it would
    fail again."""
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        from app.main import serving  # here, so that what is wrong with it is caught, too

        return serving()
    except Exception as error:
        told = refusal(error)
        if told is None:
            sys.excepthook(type(error), error, error.__traceback__)
        else:
            print(f"未执行：{told[0]}（{told[1]}）", file=sys.stderr)
        raise SystemExit(STARTUP_FAILURE) from error


def _end_with(parent: BaseProcess) -> None:
    """A worker whose parent was killed would keep the port, and nobody could start the service anew."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address, for all processes. Raises Unavailable."""
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(0)  # of two that bind at once the second is refused here
    except OSError as error:
        made.close()
        raise Unavailable(f"不能监听 {host}:{port}：{_why(error)}。", code="cannot-listen") from error
    made.set_inheritable(True)
    return made


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "这个端口已被别的程序占用，请停下那个程序，或用 --port 换一个端口（make run 用 PORT=）"
    if error.errno == errno.EACCES:
        return "没有权限，请用 --port 换一个 1024 以上的端口"
    return f"{error.strerror or error}，请检查 --host，应为这台机器自己的地址"


class Single(uvicorn.Server):
    """Says its address once it answers."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()
        gc.enable()
        if self.started:
            say(self._address)


class Several(Multiprocess):
    """Says its address once one of its processes answers, and tells afterwards whether one failed to start."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], address: str) -> None:
        super().__init__(config, sockets)
        self._address = address

    @property
    def failed(self) -> bool:
        return any(one.exitcode == STARTUP_FAILURE for one in self.processes)

    def keep_subprocess_alive(self) -> None:
        for one in self.processes:
            one.child_conn.close()  # the worker has its own; with this one open its death would not end a wait for it
        super().keep_subprocess_alive()
        if self._address and any(one.process.is_alive() and one.is_ready(1) for one in self.processes):
            say(self._address)
            self._address = ""
