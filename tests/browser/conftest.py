"""Pages in a real browser: Debian's Chromium, headless, with JavaScript off unless a test needs it to measure.

``site``     the address of the seeded registry, served by uvicorn in this process on the clock of the tests
``hostile``  the same for the registry that is hostile in every field
``reader``   a page of a browser without JavaScript, as wide as a phone
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from browser_serving import served
from playwright.sync_api import Browser, Page, expect
from seeded import Living

expect.set_options(timeout=20_000)  # a machine that also runs the rest of the tests is slow at times
CHROMIUM = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        skip = pytest.mark.skip(reason="no Chromium on this machine (Debian's package chromium)")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    # Root, as in a container, cannot use Chromium's own sandbox.
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"] if os.geteuid() == 0 else []}


@pytest.fixture
def site(living_sqlite: Living) -> Iterator[str]:
    with served(living_sqlite) as address:
        yield address


@pytest.fixture
def asking_sqlite(run_seeded: Callable[..., Living], clock: Any) -> Iterator[Living]:
    """The seeded registry, only to be read."""
    with ExitStack() as stack:
        yield run_seeded("sqlite", stack)


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="zh-CN"
    )
    yield context.new_page()
    context.close()
