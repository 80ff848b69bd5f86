"""The database as everything else sees it: a pool, transactions, retries, wake-ups, leaders."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from kassa.db.embedded import Address, EmbeddedServer
from kassa.db.failures import LOST_RACE, CommitUnknown, lost_connection
from kassa.db.wake import Wake
from kassa.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg import Pool, Record

T = TypeVar("T")

# The server gives up before we do, so that nothing of ours is still running there.
SESSION = {
    "application_name": "kassa",
    "timezone": "UTC",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}

_open: ContextVar[bool] = ContextVar("kassa_transaction_open", default=False)


def transaction_is_open() -> bool:
    """Whether this task is inside a transaction. Whoever is about to use a network asks."""
    return _open.get()


class Reader(Protocol):
    """What can be asked: a database or a transaction."""

    async def fetch(self, query: str, *args: object) -> "list[Record]": ...
    async def fetchrow(self, query: str, *args: object) -> "Record | None": ...
    async def fetchval(self, query: str, *args: object) -> Any: ...


class Tx:
    """An open transaction. What is registered with `after_commit` runs when it has committed."""

    __slots__ = ("_after", "connection", "database")

    def __init__(self, database: "Database", connection: "PoolConnectionProxy[Record]") -> None:
        self.database = database
        self.connection = connection
        self._after: list[Callable[[], object]] = []

    async def fetch(self, query: str, *args: object) -> "list[Record]":
        return await self.connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> "Record | None":
        return await self.connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self.connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self.connection.execute(query, *args)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Not for effects that must happen: the process may die between the two."""
        self._after.append(callback)

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done in the block is undone when it raises; the transaction goes on."""
        kept = len(self._after)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            del self._after[kept:]
            raise

    def committed(self) -> None:
        for callback in self._after:
            callback()


class Database:
    """`async with Database(address) as db:`. Everything here is safe to use from many tasks."""

    def __init__(
        self,
        address: Address | str,
        *,
        server: EmbeddedServer | None = None,
        connections: int = 10,
        connect_seconds: float = 15,
    ) -> None:
        self._address = address
        self._server = server
        self._connections = connections
        self._connect_seconds = connect_seconds
        self._pool: Pool[Record] | None = None
        self.wake = Wake(self.connect)

    async def __aenter__(self) -> "Database":
        # One connection is made first, by hand: its error is the one worth reading.
        await (await self.connect()).close()
        self._pool = await asyncpg.create_pool(
            min_size=1,
            max_size=self._connections,
            connect=self._connect_for_pool,
            init=_prepare,
            reset=_nothing_to_reset,
            max_inactive_connection_lifetime=300,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(10):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    # -- connections ---------------------------------------------------------------

    @property
    def pool(self) -> "Pool[Record]":
        if self._pool is None:
            raise Unavailable("The database is not open.")
        return self._pool

    async def connect(self) -> "asyncpg.Connection[Record]":
        """A connection of one's own. A server that is starting, or was killed, is waited for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._connect_seconds
        while True:
            try:
                return await connect(self._address)
            except Exception as error:
                if not lost_connection(error) and not isinstance(error, OSError | TimeoutError):
                    raise _in_words(error) from error
                if loop.time() > deadline:
                    raise Unavailable(f"The database cannot be reached: {error}") from error
            if self._server is not None:
                await asyncio.to_thread(self._server.start)
            await asyncio.sleep(0.05)

    async def _connect_for_pool(self, *_: object, **__: object) -> "asyncpg.Connection[Record]":
        return await self.connect()

    # -- one statement -------------------------------------------------------------

    async def fetch(self, query: str, *args: object) -> "list[Record]":
        return await self.pool.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> "Record | None":
        return await self.pool.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self.pool.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self.pool.execute(query, *args)

    # -- transactions --------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def transaction(self, *, snapshot: bool = False) -> AsyncIterator[Tx]:
        """One transaction; `snapshot` makes all its reads see one moment."""
        async with self.pool.acquire() as connection:
            tx = Tx(self, connection)
            transaction = connection.transaction(
                isolation="repeatable_read" if snapshot else "read_committed"
            )
            await transaction.start()
            token = _open.set(True)
            try:
                yield tx
            except BaseException:
                _open.reset(token)
                if not connection.is_closed():
                    await transaction.rollback()
                raise
            _open.reset(token)
            try:
                await transaction.commit()
            except Exception as error:
                if lost_connection(error):
                    raise CommitUnknown("The database went away during the commit.") from error
                raise
        tx.committed()

    async def run(self, work: Callable[[Tx], Awaitable[T]], *, attempts: int = 5) -> T:
        """`work` in a transaction, again from the start when it lost a race or its connection.

        A commit whose outcome is unknown is not repeated: that is the caller's to ask about.
        """
        for attempt in range(1, attempts + 1):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except Exception as error:
                if attempt == attempts or not (
                    isinstance(error, LOST_RACE) or lost_connection(error)
                ):
                    raise
            await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")


async def connect(address: Address | str) -> "asyncpg.Connection[Record]":
    if isinstance(address, str):
        made = await asyncpg.connect(address, timeout=10, server_settings=SESSION)
    else:
        made = await asyncpg.connect(
            host=str(address.socket),
            port=5432,
            user=address.role,
            database=address.database,
            timeout=10,
            server_settings=SESSION,
        )
    return made


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: json.dumps(value, ensure_ascii=False),
        decoder=json.loads,
    )


async def _nothing_to_reset(_: object) -> None:
    """Pooled sessions keep no state of ours, so giving one back costs no round trip."""


def _in_words(error: Exception) -> Exception:
    if isinstance(
        error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError
    ):
        return Unavailable(f"The database refuses to let us in: {error}")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return Unavailable(f"The database is not there: {error}")
    return error
