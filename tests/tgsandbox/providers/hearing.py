"""A shop's own server, which writes down what its provider tells it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Heard:
    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # the next ones; 200 after them

    async def hear(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(
            (request.method, request.rel_url.raw_query_string, headers, await request.read())
        )
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, _, _, body in self.requests]


@asynccontextmanager
async def hearing() -> AsyncIterator[Heard]:
    heard = Heard()
    app = web.Application()
    app.router.add_route("*", "/callback", heard.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    try:
        yield heard
    finally:
        await runner.cleanup()
