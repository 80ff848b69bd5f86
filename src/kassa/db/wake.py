"""Wake-ups between processes, by LISTEN and NOTIFY.

A commit that notifies waits for every other such commit, which would slow money down
tenfold. So a wake-up is sent after the commit, on another connection, and many are one.
Whoever listens also polls: a wake-up may be lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from kassa.db.failures import lost_connection
from kassa.errors import Unavailable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg import Record

_CHANNEL = "kassa"
_IDLE_SECONDS = 30  # then we ask whether the connection still is one


class Wake:
    """`wake(name)` sets the event that `event(name)` gives, in every process that listens."""

    def __init__(self, connect: "Callable[[], Awaitable[asyncpg.Connection[Record]]]") -> None:
        self._connect = connect
        self._events: dict[str, list[asyncio.Event]] = {}
        self._due: set[str] = set()
        self._sending = asyncio.Event()

    def event(self, name: str) -> asyncio.Event:
        """One's own: whoever clears it takes nothing from others."""
        made = asyncio.Event()
        self._events.setdefault(name, []).append(made)
        return made

    def _set(self, name: str) -> None:
        for each in self._events.get(name, ()):
            each.set()

    def wake(self, name: str) -> None:
        """Never waits and never fails: here at once, elsewhere as soon as can be."""
        self._set(name)
        self._due.add(name)
        self._sending.set()

    async def run(self) -> None:
        """Sends and listens until it is cancelled."""
        while True:
            try:
                connection = await self._connect()
            except Unavailable:
                await asyncio.sleep(1)
                continue
            try:
                await self._serve(connection)
            except Exception as error:
                if not lost_connection(error) and not isinstance(error, TimeoutError):
                    raise
            finally:
                connection.terminate()

    async def _serve(self, connection: "asyncpg.Connection[Record]") -> None:
        connection.add_termination_listener(lambda _: self._sending.set())
        await connection.add_listener(_CHANNEL, self._hear)
        for name in self._events:
            self._set(name)  # what was said while nobody listened
        while not connection.is_closed():
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    await self._sending.wait()
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=5)
            self._sending.clear()
            while self._due:
                await self._send(connection, self._due.pop())
            await asyncio.sleep(0.005)  # the next ones of this moment go together

    async def _send(self, connection: "asyncpg.Connection[Record]", name: str) -> None:
        try:
            await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, name, timeout=5)
        except BaseException:
            self._due.add(name)
            raise

    def _hear(self, connection: object, pid: int, channel: str, payload: object) -> None:
        own = getattr(connection, "get_server_pid", None)
        if own is None or pid != own():  # our own are heard already
            self._set(str(payload))
