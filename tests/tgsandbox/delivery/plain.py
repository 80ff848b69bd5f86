"""A bot without a library: plain calls, and a webhook of a few lines that does as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from tgsandbox import BotAccess

_T = TypeVar("_T")
DEADLINE = 5.0


async def eventually(check: Callable[[], _T], deadline: float = DEADLINE) -> _T:
    """What `check` finds, as soon as it finds something."""
    until = asyncio.get_running_loop().time() + deadline
    while not (found := check()):
        assert asyncio.get_running_loop().time() < until, "it did not come to that"
        await asyncio.sleep(0.002)
    return found


async def eventually_async(check: Callable[[], Awaitable[_T]], deadline: float = DEADLINE) -> _T:
    until = asyncio.get_running_loop().time() + deadline
    while not (found := await check()):
        assert asyncio.get_running_loop().time() < until, "it did not come to that"
        await asyncio.sleep(0.002)
    return found


@dataclass
class Said:
    status: int
    body: dict[str, Any]
    headers: Any

    @property
    def result(self) -> Any:
        assert self.status == 200, self.body
        return self.body["result"]

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.body["description"]


class Client:
    """Calls of one bot over HTTP."""

    def __init__(self, http: aiohttp.ClientSession, bot: BotAccess) -> None:
        self._http = http
        self.bot = bot

    async def __call__(self, method: str, **args: Any) -> Said:
        url = f"{self.bot.api}/bot{self.bot.token}/{method}"
        async with self._http.post(url, json=args) as response:
            return Said(response.status, await response.json(), response.headers)

    async def updates(self, **args: Any) -> list[Any]:
        """The texts, or else the types, of what getUpdates gives."""
        return [said(each) for each in (await self("getUpdates", **args)).result]


def said(update: dict[str, Any]) -> str:
    """An update's text, data or type."""
    kind = next(each for each in update if each != "update_id")
    return str(update[kind].get("text") or update[kind].get("data") or kind)


@dataclass
class Hook:
    """A webhook. `answer` says what becomes of each request; all are noted."""

    url: str = ""
    requests: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Awaitable[web.StreamResponse]] | None = None
    under_way: int = 0
    most: int = 0  # at the same time

    @property
    def got(self) -> list[str]:
        return [said(update) for _, update in self.requests]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        update = json.loads(await request.read())
        self.requests.append((request, update))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            return await self.answer(update) if self.answer else web.Response()
        finally:
            self.under_way -= 1

    def answers(self, *given: web.Response | int) -> None:
        """These in turn; after the last everything is taken."""
        left = list(given)

        async def answer(_: dict[str, Any]) -> web.Response:
            each = left.pop(0) if left else 200
            return web.Response(status=each) if isinstance(each, int) else each

        self.answer = answer


@asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    made = Hook()
    app = web.Application()
    app.router.add_post("/hook", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}/hook"
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def wire(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server that says whatever bytes it likes; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}/hook"
    finally:
        server.close()
