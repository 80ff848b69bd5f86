"""The database as everything else sees it: a pool, transactions, retries, wake-ups, leaders."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import asyncpg

from kassa.db.embedded import Address, EmbeddedServer
from kassa.db.failures import LOST_RACE, CommitUnknown, lost_connection, never_sent
from kassa.db.wake import Wake
from kassa.errors import Unavailable
from kassa.log import get

if TYPE_CHECKING:
    from asyncpg import Pool, Record
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")

# Said after connecting, not while: PgBouncer refuses or drops most of it in a start-up packet.
_SESSION = """
SET application_name = 'kassa';
SET timezone = 'UTC';
SET statement_timeout = '15s';
SET lock_timeout = '5s';
SET idle_in_transaction_session_timeout = '30s';
"""

_CLOSE_SECONDS = 10  # for what is under way when a database is closed

_current: ContextVar["Tx | None"] = ContextVar("kassa_transaction", default=None)
_log = get(__name__)


def transaction_is_open() -> bool:
    """Whether this task is inside a transaction. Whoever is about to use a network asks."""
    tx = _current.get()
    return tx is not None and tx.is_open


class Reader(Protocol):
    """What can be asked: a database or a transaction."""

    async def fetch(self, query: str, *args: object) -> "list[Record]": ...
    async def fetchrow(self, query: str, *args: object) -> "Record | None": ...
    async def fetchval(self, query: str, *args: object) -> Any: ...


class Tx:
    """An open transaction. What is registered with `after_commit` runs when it has committed."""

    __slots__ = ("_after", "_savepoints", "committed", "connection", "database", "is_open")

    def __init__(self, database: "Database", connection: "PoolConnectionProxy[Record]") -> None:
        self.database = database
        self.connection = connection
        self.is_open = True
        self.committed = False
        self._after: list[Callable[[], object]] = []
        self._savepoints = 0

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
        self._savepoints += 1
        name = f"kassa_{self._savepoints}"
        await self.execute(f"SAVEPOINT {name}")
        try:
            yield
            await self.execute(f"RELEASE {name}")
        except BaseException:
            del self._after[kept:]
            await self._undo(f"ROLLBACK TO {name}; RELEASE {name}")
            raise

    async def _begin(self, isolation: str) -> None:
        await self.execute(f"BEGIN ISOLATION LEVEL {isolation}")

    async def _commit(self) -> None:
        try:
            said = await self.execute("COMMIT")
        except Exception as error:
            if lost_connection(error) and not never_sent(error):
                raise CommitUnknown("The database went away during the commit.") from error
            raise
        if said != "COMMIT":  # PostgreSQL's polite way to undo a transaction that had failed
            raise asyncpg.InFailedSQLTransactionError(
                "Nothing was committed: a statement of this transaction had failed, and its "
                "error was caught without a savepoint."
            )
        self.committed = True

    async def _undo(self, how: str) -> None:
        """Nothing stays that was to be undone; where that cannot be said, the connection goes."""
        try:
            await self.execute(how)
        except BaseException as error:
            with contextlib.suppress(asyncpg.InterfaceError):
                self.connection.terminate()
            if not isinstance(error, Exception):
                raise

    def _tell(self) -> None:
        for callback in self._after:
            try:
                callback()
            except Exception:  # noqa: BLE001 (who called must not think that nothing was committed)
                _log.exception("db.after_commit_failed")


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
        self.connections = connections  # of the pool, at most
        self._connect_seconds = connect_seconds
        self._pool: Pool[Record] | None = None
        self.wake = Wake(self.connect)

    async def __aenter__(self) -> "Database":
        self._pool = await asyncpg.create_pool(
            min_size=1,
            max_size=self.connections,
            connect=self._connect_for_pool,
            init=_prepare,
            reset=_nothing_to_reset,
            max_inactive_connection_lifetime=300,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            with contextlib.suppress(TimeoutError):  # then it has ended what was under way
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await pool.close()

    # -- connections ---------------------------------------------------------------

    @property
    def pool(self) -> "Pool[Record]":
        if self._pool is None:
            raise Unavailable("The database is not open.")
        return self._pool

    async def connect(self) -> "asyncpg.Connection[Record]":
        """A connection of one's own. A server that is starting, or was killed, is waited for."""
        return await reach(self._address, seconds=self._connect_seconds, server=self._server)

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
            outer = _current.set(tx)
            try:
                await tx._begin("REPEATABLE READ" if snapshot else "READ COMMITTED")
                yield tx
            except BaseException:
                await tx._undo("ROLLBACK")
                raise
            finally:
                tx.is_open = False
                _current.reset(outer)
            await tx._commit()
        tx._tell()

    async def run(self, work: Callable[[Tx], Awaitable[T]], *, attempts: int = 5) -> T:
        """`work` in a transaction, again from the start when it lost a race or its connection.

        A commit whose outcome is unknown is not repeated: that is the caller's to ask about.
        """
        for attempt in range(1, attempts + 1):
            tx: Tx | None = None
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except Exception as error:
                again = isinstance(error, LOST_RACE) or lost_connection(error)
                if attempt == attempts or not again or (tx is not None and tx.committed):
                    raise
            await asyncio.sleep(0.005 * 2**attempt)
        raise AssertionError("unreachable")


async def reach(
    address: Address | str, *, seconds: float, server: EmbeddedServer | None = None
) -> "asyncpg.Connection[Record]":
    """A connection, also where the server must be waited for, or started again if it is ours."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            return await connect(address, timeout=min(seconds, 10))
        except Exception as error:
            if not _may_pass(error):
                raise
            failure = Unavailable(f"The database cannot be reached: {str(error) or 'no answer'}")
            failure.__cause__ = error
        if server is not None:
            try:
                await asyncio.to_thread(server.revive)
            except Unavailable as error:  # killed again while it was starting, perhaps
                failure = error
        if loop.time() > deadline:
            raise failure
        await asyncio.sleep(0.05)


async def connect(address: Address | str, *, timeout: float = 10) -> "asyncpg.Connection[Record]":
    """One attempt. A failure that no waiting will mend is told in words."""
    try:
        if isinstance(address, str):
            made = await asyncpg.connect(address, timeout=timeout)
        else:
            made = await asyncpg.connect(
                host=str(address.socket),
                port=5432,
                user=address.role,
                database=address.database,
                timeout=timeout,
            )
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if _may_pass(error):
            raise
        raise Unavailable(f"The database refuses to let us in: {error}") from error
    except ValueError:  # its text may hold a part of the password
        raise Unavailable(
            "The database's URL cannot be understood. In a password, characters such as "
            "@ : / ? # % are written %40 %3A %2F %3F %23 %25."
        ) from None
    try:
        await made.execute(_SESSION, timeout=timeout)
    except BaseException:
        made.terminate()
        raise
    return made


def _may_pass(error: Exception) -> bool:
    return lost_connection(error) or isinstance(error, OSError | TimeoutError)


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: json.dumps(value, ensure_ascii=False),
        decoder=json.loads,
    )


async def _nothing_to_reset(_: object) -> None:
    """Pooled sessions keep no state of ours, so giving one back costs no round trip."""
