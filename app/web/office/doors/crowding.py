"""Few try to sign in at once. Whoever finds no place is refused before a thread is taken: those that answer everybody
else are not to be spent on passwords, the writer's lock and the government's sign-on."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Depends

from app.auth.trying import crowded
from app.deps import RegistryOf
from app.web.office.doors.visiting import Form


async def _by_password(registry: RegistryOf, _read: Form) -> AsyncIterator[None]:
    """``_read``: nobody holds a place while the body is still on its way."""
    with registry.sign_ins.place(crowded()):
        yield


async def _by_provider(registry: RegistryOf, _read: Form) -> AsyncIterator[None]:
    with registry.sign_ons.place(crowded()):
        yield


BY_PASSWORD = Depends(_by_password, scope="function")
BY_PROVIDER = Depends(_by_provider, scope="function")
"""Each has its own places: the local door stays open where the provider hangs."""
