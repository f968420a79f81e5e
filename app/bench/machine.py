"""The machine: which core does what, how much memory a process holds, and what to print about it."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path
from typing import Any

SERVER_CORE, CLIENT_CORE = 0, 1


def cores() -> list[int]:
    """The cores this process may use; a made-up list where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(place: int) -> None:
    """Keep this process on the place-th of its cores, where there are several and the system can."""
    usable = cores()
    if hasattr(os, "sched_setaffinity") and len(usable) > 1:
        os.sched_setaffinity(0, {usable[place % len(usable)]})


def memory() -> dict[str, int]:
    """Bytes this process holds: ``anonymous`` (its own), ``resident`` (with mapped files), ``peak`` resident."""
    names = {"RssAnon:": "anonymous", "VmRSS:": "resident", "VmHWM:": "peak"}
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    lines = [line.split() for line in status.read_text().splitlines()]
    return {names[line[0]]: int(line[1]) * 1024 for line in lines if line and line[0] in names}


def processor_time(pid: int) -> float:
    """Seconds of processor time that the threads a process has now have used; 0 where the system is silent."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in tasks) / 1e9


def facts() -> dict[str, Any]:
    """What the figures were measured on; names no machine."""
    return {
        "cores": len(cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else [],
    }
