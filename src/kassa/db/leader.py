"""One process of many does the work: whoever holds an advisory lock leads.

All that a process leads hangs on one connection. When that breaks, PostgreSQL has given the
locks away, so everything led is cancelled at once and run for again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from kassa.db.database import Database
from kassa.db.failures import lost_connection
from kassa.errors import Unavailable
from kassa.log import get

if TYPE_CHECKING:
    import asyncpg
    from asyncpg import Record

Work = Callable[[], Awaitable[None]]

_ANSWER_SECONDS = 5

_log = get(__name__)


class Leader:
    """`await Leader(db, {"ledger.fold": fold}).run()` until it is cancelled."""

    def __init__(self, database: Database, work: dict[str, Work], *, seconds: float = 2) -> None:
        self._database = database
        self._work = work
        self._seconds = seconds
        self.leading: frozenset[str] = frozenset()

    async def run(self) -> None:
        while True:
            try:
                connection = await self._database.connect()
            except Unavailable as error:
                _log.warning("leader.no_database", error=str(error))
                await asyncio.sleep(self._seconds)
                continue
            try:
                await self._hold(connection)
            except Exception as error:
                if not lost_connection(error) and not isinstance(error, TimeoutError):
                    raise
            finally:
                self.leading = frozenset()
                connection.terminate()
            await asyncio.sleep(self._seconds / 10)

    async def _hold(self, connection: "asyncpg.Connection[Record]") -> None:
        running: dict[str, asyncio.Task[None]] = {}
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            while not lost.is_set():
                for name in self._work.keys() - running.keys():
                    taken = await connection.fetchval(
                        "SELECT pg_try_advisory_lock(hashtextextended($1, 1))",
                        name,
                        timeout=_ANSWER_SECONDS,
                    )
                    if not taken:
                        continue
                    # Whoever led before may not have noticed yet.
                    await asyncio.sleep(self._seconds / 4)
                    running[name] = asyncio.create_task(self._lead(name), name=name)
                self.leading = frozenset(running)
                # Alive and still ours: a lock is only as good as the connection it hangs on.
                await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await lost.wait()
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _lead(self, name: str) -> None:
        while True:
            try:
                await self._work[name]()
            except Exception:  # noqa: BLE001 (edge: job)
                _log.exception("leader.work_failed", work=name)
            await asyncio.sleep(self._seconds)
