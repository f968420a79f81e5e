"""What the registry keeps is its owner's alone: accounts, drafts, internal items, the signing key.

Files are made with mode 0600 and directories with 0700, whatever umask the shell had: by the umask of the process,
since SQLite, the search engine and the archives make their files themselves. What a person asks to be written
elsewhere (an export, a report) goes by the umask of the person's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

PRIVATE = 0o077
_usual: int | None = None


def keep_private() -> None:
    """From now on this process makes what nobody else may read. Once; the umask before is remembered."""
    global _usual
    before = os.umask(PRIVATE)
    if _usual is None:
        _usual = before


@contextmanager
def for_the_asker() -> Iterator[None]:
    """What is made here is for the one who asked: with the umask that the process began with."""
    private = os.umask(_usual) if _usual is not None else None
    try:
        yield
    finally:
        if private is not None:
            os.umask(private)
