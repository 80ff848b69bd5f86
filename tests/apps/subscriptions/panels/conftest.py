from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from kassa import clock
from kassa.db import OWNER, Database
from kassa.db.database import connect
from kassa.db.migrate import migrate, steps
from kassa.runtime import PACKAGES
from tests.apps.subscriptions.panels.sides import Bench, benches
from tests.conftest import Fresh
from tgsandbox import Sandbox


@pytest.fixture
async def tg() -> AsyncIterator[Sandbox]:
    """Its time is ours."""
    async with Sandbox() as sandbox:
        with clock.moved(lambda: datetime.fromtimestamp(sandbox.world.clock.time(), UTC)):
            yield sandbox


@pytest.fixture
async def db(fresh: Fresh) -> AsyncIterator[Database]:
    owner = await connect(fresh.address(OWNER))
    await migrate(owner, steps((*PACKAGES, "kassa.apps.subscriptions"), app="kassa_app"))
    await owner.close()
    async with Database(fresh.address()) as database:
        yield database


@pytest.fixture
async def bench(request: pytest.FixtureRequest, tg: Sandbox, db: Database) -> AsyncIterator[Bench]:
    async with benches(request.param, tg, db) as made:
        yield made
