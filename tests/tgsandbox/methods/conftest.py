from collections.abc import AsyncIterator

import pytest

from tests.tgsandbox.methods.place import Place


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Place() as found:
        yield found
