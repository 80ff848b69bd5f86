"""What bench/update.py compares with: the same answer by aiogram alone, on the same server, with no
database: whatever happens between the two calls is lost with the process."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command
from aiogram.types import Message, Update

from bench.update_shop import said

STUB, TOKEN, SECRET = "BENCH_STUB", "BENCH_TOKEN", "BENCH_SECRET"
_HEADER = b"x-telegram-bot-api-secret-token"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def asgi() -> Callable[[dict[str, Any], Receive, Send], Awaitable[None]]:
    dispatcher = Dispatcher()
    secret = os.environ[SECRET].encode()
    bots: list[Bot] = []

    @dispatcher.message(Command("name"))
    async def name(message: Message) -> None:
        assert message.from_user is not None
        await message.answer(said(message.from_user.first_name))

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if not bots:  # in the loop that uses it
            server = TelegramAPIServer.from_base(os.environ[STUB])
            bots.append(Bot(os.environ[TOKEN], session=AiohttpSession(api=server)))
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status = 200 if dict(scope["headers"]).get(_HEADER) == secret else 401
        if status == 200 and scope["method"] == "POST":
            update = Update.model_validate(json.loads(body), context={"bot": bots[0]})
            await dispatcher.feed_update(bots[0], update)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"11")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"ok":true}'})

    return app


def main() -> None:
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    Server(
        "bench.update_bare:asgi",
        address="127.0.0.1",
        port=int(os.environ["PORT"]),
        interface=Interfaces.ASGI,
        factory=True,
        workers=1,
        loop=Loops.uvloop,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    main()
