"""A process of ours that can be killed at every boundary, without being one.

Whatever our code does to the outside passes through here: a statement to PostgreSQL, a call to a
provider. Before it leaves, and before its answer is heard, fate is asked. A kill is this: every
task of the process is dropped; what was sent goes on without it (a statement ends, a COMMIT
commits, a provider does what it was asked); its open transactions are undone by the server; not a
word more leaves it, whatever its `except` and `finally` try. The next process knows nothing.
"""

import asyncio
import contextlib
import random
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg
import httpx

from kassa.db import Address, Database
from kassa.db.database import _prepare, reach, transaction_is_open

T = TypeVar("T")

CONNECTIONS = 3  # of a process; each must learn all statements anew

_life: ContextVar["Life | None"] = ContextVar("life", default=None)
_dice: ContextVar[random.Random | None] = ContextVar("dice", default=None)


class Killed(BaseException):
    """The process of whoever meets it is no more."""


class Dead(Exception):
    """Whoever asked a process for something sees that it is gone."""


@dataclass
class Fate:
    """Who dies where. What is asked of us brings its own dice, so that they fall the same again
    whatever else goes on."""

    seen: Counter[tuple[str, str]]
    kills: Counter[tuple[str, str]]
    cuts: Counter[str]
    kill: float = 1 / 240  # at any boundary
    worse: float = 1 / 80  # around a COMMIT and a call
    cut: float = 1 / 1500  # the connection breaks instead, and the process lives
    nested: Counter[str] = field(default_factory=Counter)
    calm: bool = True

    def at(self, kind: str, what: str) -> str:
        """ "kill", "cut", or nothing."""
        here = (kind, what)
        self.seen[here] += 1
        dice = _dice.get()
        if self.calm or dice is None:
            return ""
        luck = dice.random()
        if luck < (self.worse if kind.endswith(("COMMIT", "call")) else self.kill):
            self.kills[here] += 1
            return "kill"
        if luck > 1 - self.cut:
            self.cuts[kind] += 1
            return "cut"
        return ""


class Life:
    """One process, from its start to its kill."""

    def __init__(self, world: "Harness", number: int) -> None:
        self.world = world
        self.number = number
        self.dead = False
        self.tasks: set[asyncio.Task[Any]] = set()
        self.room = asyncio.Semaphore(CONNECTIONS)

    def spawn(self, work: Coroutine[Any, Any, T], dice: random.Random) -> asyncio.Task[T]:
        context = self.world.base.copy()
        context.run(_life.set, self)
        context.run(_dice.set, dice)
        return asyncio.get_running_loop().create_task(work, context=context)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()  # heard: the dead complain to nobody

    async def run(self, work: Coroutine[Any, Any, T], dice: random.Random) -> T:
        """What somebody outside asks this process for; Dead where it dies over it."""
        if self.dead:
            work.close()
            raise Dead
        try:
            return await self.spawn(work, dice)
        except (Killed, asyncio.CancelledError):
            if self.dead:
                raise Dead from None
            raise

    def kill(self) -> None:
        if self.dead:
            return
        self.dead = True
        me = asyncio.current_task()
        for task in list(self.tasks):
            if task is not me:
                task.cancel()

    def alive(self) -> None:
        if self.dead:
            raise Killed

    def passes(self, kind: str, what: str) -> bool:
        """True where the connection is to break here."""
        self.alive()
        met = self.world.fate.at(kind, what)
        if met == "kill":
            self.kill()
            raise Killed
        return met == "cut"

    async def ended(self) -> None:
        while self.tasks:
            await asyncio.wait(set(self.tasks))

    async def beyond(self, work: Awaitable[T]) -> T:
        """Goes on when this process dies: it has left it."""
        context = Context()
        ghost = asyncio.get_running_loop().create_task(_awaited(work), context=context)
        self.world.ghosts.add(ghost)
        ghost.add_done_callback(self.world.vanished)
        try:
            answer = await asyncio.shield(ghost)
        except asyncio.CancelledError:
            if self.dead:
                raise Killed from None
            raise
        except Exception:
            self.alive()
            raise
        self.alive()
        return answer


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class Harness:
    """What outlives the processes of one world: its connections, and what they had sent."""

    def __init__(self, fate: Fate, base: Context, address: Address, server: Any) -> None:
        self.fate = fate
        self.base = base
        self.address = address
        self.server = server
        self.idle: list[asyncpg.Connection[Any]] = []
        self.opened: list[asyncpg.Connection[Any]] = []
        self.ghosts: set[asyncio.Task[Any]] = set()
        self.lives = 0
        self.life: Life | None = None

    def vanished(self, ghost: asyncio.Task[Any]) -> None:
        self.ghosts.discard(ghost)
        if not ghost.cancelled():
            ghost.exception()

    async def quiet(self) -> None:
        """Nothing that a dead process had sent is still on its way."""
        while self.ghosts:
            await asyncio.wait(set(self.ghosts))

    async def close(self) -> None:
        await self.quiet()
        for raw in self.opened:  # whoever asked for one may have died before it came
            raw.terminate()
        self.idle.clear()
        self.opened.clear()

    async def take(self, life: "Life") -> "asyncpg.Connection[Any]":
        while self.idle:
            raw = self.idle.pop()
            if not raw.is_closed():
                return raw
        return await life.beyond(self._connected(life))

    async def _connected(self, life: "Life") -> "asyncpg.Connection[Any]":
        raw = await reach(self.address, seconds=30, server=self.server)
        self.opened.append(raw)
        await _prepare(raw)
        if life.dead:  # nobody waits for it any more
            self.idle.append(raw)
        return raw

    async def give_back(self, raw: "asyncpg.Connection[Any]") -> None:
        """The server undoes what its client did not commit; then it serves somebody else."""
        if raw.is_closed():
            return
        try:
            if raw.is_in_transaction():
                await raw.execute("ROLLBACK")
            self.idle.append(raw)
        except Exception:  # noqa: BLE001 (the server is gone, too)
            raw.terminate()


def task_factory(
    loop: asyncio.AbstractEventLoop, work: Any, *, context: Context | None = None
) -> "asyncio.Task[Any]":
    """A task belongs to the process of whoever began it."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    life = context.get(_life) if context is not None else _life.get()
    if life is not None:
        life.adopt(task)
    return task


# -- PostgreSQL --------------------------------------------------------------------


class Connection:
    """A connection as our code sees it."""

    def __init__(self, life: Life, raw: "asyncpg.Connection[Any]") -> None:
        self._life = life
        self._raw = raw
        self._last: asyncio.Future[Any] | None = None

    async def fetch(self, query: str, *args: object) -> Any:
        return await self._do(self._raw.fetch, query, args)

    async def fetchrow(self, query: str, *args: object) -> Any:
        return await self._do(self._raw.fetchrow, query, args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self._do(self._raw.fetchval, query, args)

    async def execute(self, query: str, *args: object) -> Any:
        return await self._do(self._raw.execute, query, args)

    def terminate(self) -> None:
        if not self._life.dead:  # the dead do not hang up: their sockets are closed for them
            self._raw.terminate()

    async def _do(self, call: Callable[..., Any], query: str, args: tuple[Any, ...]) -> Any:
        kind, what = _named(query)
        if self._life.passes(f"before {kind}", what):
            self._broken()
        answered = asyncio.get_running_loop().create_future()
        self._last = answered
        try:
            answer = await self._life.beyond(_told(call(query, *args), answered))
        finally:
            if not self._life.dead:
                self._last = None
        if self._life.passes(f"after {kind}", what):
            self._broken()
        return answer

    def _broken(self) -> None:
        self._raw.terminate()
        raise asyncpg.ConnectionDoesNotExistError(
            "connection was closed in the middle of operation"
        )

    async def release(self) -> None:
        if self._last is not None:
            await self._last
        await self._life.world.give_back(self._raw)


async def _told(work: Awaitable[T], answered: "asyncio.Future[None]") -> T:
    try:
        return await work
    finally:
        if not answered.done():
            answered.set_result(None)


def _named(query: str) -> tuple[str, str]:
    words = " ".join(query.split())
    first = words.partition(" ")[0]
    if first in ("BEGIN", "COMMIT", "ROLLBACK"):
        return f"a {first}", first
    if first in ("SAVEPOINT", "RELEASE"):
        return "a savepoint", first
    return "a statement", words[:90]


class Pool:
    """As asyncpg's, as far as Database uses it."""

    def __init__(self, life: Life) -> None:
        self._life = life

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        life = self._life
        life.alive()
        if transaction_is_open():  # many who do this wait for each other for ever
            life.world.fate.nested[_caller()] += 1
            raise RuntimeError(f"a second connection inside a transaction: {_caller()}")
        async with life.room:
            connection = Connection(life, await life.world.take(life))
            try:
                yield connection
            finally:
                if life.dead:
                    loop, context = asyncio.get_running_loop(), Context()
                    left = loop.create_task(connection.release(), context=context)
                    life.world.ghosts.add(left)
                    left.add_done_callback(life.world.vanished)
                else:
                    await connection.release()

    async def fetch(self, query: str, *args: object) -> Any:
        async with self.acquire() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        async with self.acquire() as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> Any:
        async with self.acquire() as connection:
            return await connection.execute(query, *args)


def _caller() -> str:
    """Whose fault it is: the innermost lines of the code that is tried."""
    ours = [f for f in traceback.extract_stack() if "/kassa/payments/" in f.filename]
    return ", ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in ours[-2:])


class MortalDatabase(Database):
    """Of one process: its transactions, retries and all, over connections that break."""

    def __init__(self, life: Life) -> None:
        super().__init__(life.world.address)
        self._mortal = Pool(life)

    @property
    def pool(self) -> Any:
        return self._mortal


# -- providers ---------------------------------------------------------------------


class Wire(httpx.AsyncBaseTransport):
    """Between the adapters and the fakes: their ASGI application, called without sockets."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.chance = random.Random()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        life = _life.get()
        if life is None:  # the judge's own
            return await self._carried(request, body)
        what = f"{request.method} {request.url.host}{_shape(request.url.path)}"
        if life.passes("before a call", what):
            raise httpx.ConnectError("cut")
        answer = await life.beyond(self._carried(request, body))
        if life.passes("after a call", what):
            raise httpx.ReadError("cut")
        return answer

    async def _carried(self, request: httpx.Request, body: bytes) -> httpx.Response:
        for _ in range(self.chance.choice((0, 0, 1, 3, 9))):  # on its way
            await asyncio.sleep(0)
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        scope = {
            "type": "http",
            "method": request.method,
            "path": request.url.path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }
        await self._app(scope, receive, send)
        if len(said) < 2:
            raise httpx.RemoteProtocolError("the answer was lost")
        return httpx.Response(
            said[0]["status"], headers=said[0]["headers"], content=said[1]["body"], request=request
        )


def _shape(path: str) -> str:
    """A path without what names one thing only."""
    parts = path.split("/")
    long = 15
    return "/".join("…" if len(each) > long or each.isdigit() else each for each in parts)
