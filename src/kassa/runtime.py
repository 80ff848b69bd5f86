"""Puts it all together: opens the database, and runs what runs beside the HTTP server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kassa import ledger, outbox
from kassa.config import Settings, load
from kassa.db import APP, OWNER, Database, EmbeddedServer, lost_connection
from kassa.db.database import connect
from kassa.db.leader import Leader
from kassa.db.migrate import Step, migrate, pending, steps
from kassa.errors import Unavailable
from kassa.log import get

if TYPE_CHECKING:
    from fastapi import FastAPI

# In the order in which their tables may refer to each other.
PACKAGES = ("kassa.ledger", "kassa.outbox")

_log = get(__name__)


class Opened:
    """A database that is open and migrated, and how its owner is reached."""

    def __init__(
        self, database: Database, server: EmbeddedServer | None, wanted: list[Step]
    ) -> None:
        self.database = database
        self.server = server
        self.steps = wanted


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Opened]:
    """The database of the settings: our own, or the one that DATABASE_URL names."""
    server = None
    if settings.database_url:
        from kassa.db import outside

        url = settings.database_url.reveal()
        await outside.check(url)
        app, owner = url, settings.database_owner_url.reveal() or url
        database = Database(app, connections=settings.db_connections)
    else:
        server = EmbeddedServer(settings.home)
        await asyncio.to_thread(server.start)
        owner_address = server.address(OWNER)
        database = Database(server.address(APP), server=server, connections=settings.db_connections)
    try:
        async with database:
            role = APP if server else await database.fetchval("SELECT current_user")
            wanted = steps(PACKAGES, app=role)
            if await pending(database, wanted):
                connection = await connect(owner if server is None else owner_address)
                try:
                    for step in await migrate(connection, wanted):
                        _log.info("migrated", package=step.package, file=step.file)
                finally:
                    await connection.close()
            yield Opened(database, server, wanted)
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


class Runtime:
    """Everything that runs beside HTTP: jobs, cron, folding, expiring holds, wake-ups."""

    def __init__(
        self,
        database: Database,
        *,
        handlers: Mapping[str, outbox.Handler] | None = None,
        schedule: Mapping[str, str] | None = None,
    ) -> None:
        self.database = database
        self.poster = ledger.Poster(database)
        self.worker = outbox.Worker(database, handlers or {})
        self.leader = Leader(
            database, {"ledger.fold": self._fold, "ledger.expire_holds": self._expire_holds}
        )
        self._beside: dict[str, Callable[[], Awaitable[None]]] = {
            "wake": database.wake.run,
            "leader": self.leader.run,
            "worker": self.worker.run,
        }
        if schedule:
            self._beside["cron"] = outbox.Cron(database, schedule).run

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Runtime"]:
        """What is under way when the block ends is finished first."""
        tasks = {name: asyncio.create_task(_keep(name, run)) for name, run in self._beside.items()}
        try:
            async with self.poster:
                yield self
            await self.worker.stop()
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _fold(self) -> None:
        while True:
            folded = await ledger.fold(self.database)
            await asyncio.sleep(0.05 if folded else 0.5)

    async def _expire_holds(self) -> None:
        while True:
            expired = await ledger.expire_holds(self.database)
            if expired:
                _log.info("ledger.holds_expired", count=expired)
            await asyncio.sleep(0.05 if expired else 2)


async def _keep(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Runs it, and again if it breaks: one task that dies must not be the end of the rest."""
    while True:
        try:
            await run()
            return
        except Exception as error:  # noqa: BLE001 (edge: job)
            if isinstance(error, Unavailable) or lost_connection(error):
                _log.warning("runtime.no_database", task=name, error=str(error))
            else:
                _log.exception("runtime.task_failed", task=name)
        await asyncio.sleep(1)


def asgi() -> "FastAPI":
    """What a worker of the HTTP server serves; settings come from where it runs."""
    from kassa import log
    from kassa.web import create_app

    settings = load()
    log.configure(settings.log, settings.log_level)

    @asynccontextmanager
    async def lifespan(app: "FastAPI") -> AsyncIterator[None]:
        async with open_database(settings) as opened, Runtime(opened.database).running():
            app.state.steps = opened.steps
            app.state.database = opened.database
            yield
            app.state.database = None

    return create_app(lifespan)
