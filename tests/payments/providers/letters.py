"""Where a provider's callbacks arrive: a real HTTP server that keeps them as they came."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from kassa.payments.providers.protocol import Callback
from tgsandbox.providers.bank import Sent


class Letters(list[Callback]):
    url: str


@asynccontextmanager
async def letters() -> AsyncIterator[Letters]:
    found = Letters()

    async def take(request: web.Request) -> web.Response:
        found.append(
            Callback(
                await request.read(),
                {name.lower(): value for name, value in request.headers.items()},
                method=request.method,
                query=request.rel_url.raw_query_string,
                address=request.remote or "",
            )
        )
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/callback", take)
    server = TestServer(app)
    await server.start_server()
    found.url = str(server.make_url("/callback"))
    try:
        yield found
    finally:
        await server.close()


def unsent(sent: Sent) -> Callback:
    """One that the sandbox has signed for us to carry."""
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return Callback(sent.body, headers, method=sent.method, query=sent.url.partition("?")[2])


class Strange:
    """A server that answers whatever it is told to: what no provider should say, but might."""

    url: str

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []  # the last one again and again
        self.asked: list[str] = []

    def say(self, *answers: object, status: int = 200) -> None:
        self.answers = [
            (status, each if isinstance(each, bytes) else json.dumps(each).encode())
            for each in answers
        ]


@asynccontextmanager
async def strange() -> AsyncIterator[Strange]:
    found = Strange()

    async def answer(request: web.Request) -> web.Response:
        found.asked.append(request.path)
        many = len(found.answers) > 1
        status, body = found.answers.pop(0) if many else found.answers[0]
        headers = {"location": "/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, body=body, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    found.url = str(server.make_url(""))
    try:
        yield found
    finally:
        await server.close()
