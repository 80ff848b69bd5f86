from collections.abc import AsyncIterator

import pytest

from kassa.db import APP, Database
from kassa.db.migrate import migrate, steps
from kassa.runtime import PACKAGES
from tests.apps.subscriptions.rig import Till, a_till
from tests.conftest import Fresh
from tgsandbox import Sandbox


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with a_till(fresh, tg) as made:
        yield made


@pytest.fixture
async def app_db(db: Database, owner_db: Database) -> Database:
    """With the app's tables, and nobody at work."""
    connection = await owner_db.connect()
    try:
        await migrate(connection, steps((*PACKAGES, "kassa.apps.subscriptions"), app=APP))
    finally:
        await connection.close()
    return db
