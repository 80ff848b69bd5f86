from collections.abc import AsyncIterator

import pytest

from tests.apps.tokens.rig import Till, a_till
from tests.conftest import Fresh
from tgsandbox import Sandbox


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with a_till(fresh, tg) as made:
        yield made
