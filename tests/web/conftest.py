"""The two people of the office: nobody approves what they wrote themselves."""

from __future__ import annotations

import pytest
from browsing import Browser
from seeded import Living


@pytest.fixture
def editor(living: Living) -> Browser:
    return Browser(living, "bianji", ["edit"])


@pytest.fixture
def reviewer(living: Living) -> Browser:
    return Browser(living, "shenhe", ["review", "publish"])
