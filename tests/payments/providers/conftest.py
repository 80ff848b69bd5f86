"""A sandbox whose time is ours, a server for callbacks, and one that answers strangely."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from kassa import clock
from tests.payments.providers.letters import Letters, Strange, letters, strange
from tgsandbox.sandbox import Sandbox


@pytest.fixture
async def tg() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        with clock.moved(lambda: datetime.fromtimestamp(sandbox.world.clock.time(), UTC)):
            yield sandbox


@pytest.fixture
async def inbox() -> AsyncIterator[Letters]:
    async with letters() as found:
        yield found


@pytest.fixture
async def odd() -> AsyncIterator[Strange]:
    async with strange() as found:
        yield found
