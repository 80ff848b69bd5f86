"""The sandbox over HTTP: the Bot API, files, and, when it is asked for, events and control."""

import asyncio
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import uvicorn

from tgsandbox.telegram.botapi import Outcome, failure, perform
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.request import Gone, Receive, Scope, Send, args_of, body_of
from tgsandbox.telegram.world import World

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_JSON = (b"content-type", b"application/json")


class App(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class Server:
    """An ASGI app. Payments go to `bank`, what is not the Bot API's either goes to `beside`."""

    def __init__(self, world: World, beside: App | None = None, bank: App | None = None) -> None:
        self._world = world
        self._beside = beside
        self._bank = bank

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        try:
            if path.startswith("/bot"):
                await self._bot(path, scope, receive, send)
            elif path.startswith("/file/bot"):
                await self._file(path, send)
            elif self._bank and path.startswith(("/providers/", "/bank/")):
                await self._bank(scope, receive, send)
            elif self._beside:
                await self._beside(scope, receive, send)
            else:
                await _answer(send, failure(404, "Not Found"))
        except Gone:
            return

    async def _bot(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        token, slash, name = path[4:].partition("/")
        if not slash:
            await _answer(send, failure(404, "Not Found"))
            return
        try:
            bot = self._world.bot_by_token(token)
            args = args_of(scope, await body_of(receive))
        except ApiError as error:
            await _answer(send, failure(error.code, error.description))
            return
        name = name.removeprefix("test/") or args.text("method")
        outcome = await perform(self._world, bot, name, args)
        await _answer(send, outcome)

    async def _file(self, path: str, send: Send) -> None:
        token, _, where = path.removeprefix("/file/bot").partition("/")
        try:
            self._world.bot_by_token(token)
        except ApiError as error:
            await _answer(send, failure(error.code, error.description))
            return
        stored = self._world.files.by_path(where)
        if stored is None:
            await _answer(send, failure(404, "Not Found"))
            return
        content = self._world.files.content(stored)
        kind = stored.mime or "application/octet-stream"
        safe = kind if kind.isascii() and kind.isprintable() else "application/octet-stream"
        headers = [
            (b"content-type", safe.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"content-disposition", b"attachment"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


async def _answer(send: Send, outcome: Outcome) -> None:
    body = _encode(outcome.answer).encode()
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    if outcome.retry_after is not None:
        headers.append((b"retry-after", str(outcome.retry_after).encode()))
    await send({"type": "http.response.start", "status": outcome.status, "headers": headers})
    if outcome.lost:
        return  # the server hangs up on an answer that never ends
    await send({"type": "http.response.body", "body": body})


class Listener:
    """uvicorn in the loop that runs already, on a port of its own, leaving signals alone."""

    def __init__(self, app: App, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = _listening(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                date_header=False,
                server_header=False,
                timeout_keep_alive=75,  # as Telegram's; a client's idle connection stays good
            )
        )
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._running = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            if self._running.done():
                await self._running
                raise RuntimeError("The server ended before it began.")
            await asyncio.sleep(0)

    async def stop(self) -> None:
        self._server.stopped.set()
        if self._running:
            await self._running
        self._socket.close()


class _Quiet(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        await self.stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, but without its pause: what is being answered has a moment to end."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = set(self.server_state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=1)
            for task in late:
                task.cancel()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, so that what is accepted from it is sent without delay.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found
