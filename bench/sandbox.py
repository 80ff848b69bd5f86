"""tgsandbox: messages a second over HTTP, the way to a webhook, many people at once, the start."""

import asyncio
import itertools
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlencode

import psutil
import uvloop
from aiohttp import web

from bench.common import Figure, against
from tgsandbox import BotAccess, Person, Sandbox

Handler = Callable[[web.Request], Awaitable[web.Response]]

PEOPLE, TURNS = 1000, 5
WEBHOOK_MS, READY_MS = 5.0, 150.0


async def run(*, quick: bool) -> list[Figure]:
    seconds = 2.0 if quick else 6.0
    bare, ours = [], []
    for _ in range(3):  # side by side, so that both meet the same machine
        bare.append(await asyncio.to_thread(send_per_second, "bare", seconds))
        ours.append(await asyncio.to_thread(send_per_second, "sandbox", seconds))
    sends = statistics.median(ours)
    webhook = await webhook_ms(200 if quick else 1000)
    served, took = await people()
    ready = statistics.median([await ready_ms() for _ in range(10 if quick else 30)])
    return [
        against("send_per_second", sends, "messages/s", "a bare ASGI app", statistics.median(bare)),
        Figure("webhook_ms", webhook, "ms, median", "target", WEBHOOK_MS, webhook / WEBHOOK_MS),
        Figure("people", served, f"in {took:.1f} s", "all", PEOPLE, served / PEOPLE),
        Figure("ready_ms", ready, "ms, median", "target", READY_MS, ready / READY_MS),
    ]


# --- sendMessage over HTTP


def send_per_second(kind: str, seconds: float) -> float:
    """Answers to a second of the server's own work: what one core does, whoever else is busy."""
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.sandbox_servers", kind], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout
        told = json.loads(server.stdout.readline())
        process = psutil.Process(server.pid)
        before = worked(process)
        answered = uvloop.run(ask(told, seconds))
        return answered / (worked(process) - before)
    finally:
        server.terminate()
        server.wait(10)


def worked(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def ask(told: dict[str, str | int], seconds: float) -> int:
    """Over eight connections, requests that are made beforehand; how many were answered."""
    text = "Заказ №{} оплачен, спасибо! Ваш баланс: 1 500 токенов."
    requests = []
    for number in range(100):
        form = urlencode({"chat_id": told["chat"], "text": text.format(number)}).encode()
        requests.append(
            b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%b"
            % (str(told["path"]).encode(), len(form), form)
        )
    callers = [Caller(requests[number * 10 :] + requests[: number * 10]) for number in range(8)]
    for caller in callers:
        await asyncio.get_running_loop().create_connection(
            lambda caller=caller: caller,  # type: ignore[misc]
            "127.0.0.1",
            int(told["port"]),
        )
    await asyncio.sleep(seconds)
    return sum(caller.stop() for caller in callers)


class Caller(asyncio.Protocol):
    """Asks again when it is answered; as little work as can be, for it shares the machine."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = itertools.cycle(requests)
        self._answer = b""
        self._done = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        size = int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0] or b"-1")
        if size == len(body):
            assert head.startswith(b"HTTP/1.1 200"), self._answer
            assert body.startswith(b'{"ok":true'), self._answer
            self._answer = b""
            self._done += 1
            self._transport.write(next(self._requests))

    def stop(self) -> int:
        self._transport.abort()
        return self._done


# --- webhooks


@asynccontextmanager
async def webhook(tg: Sandbox, bot: BotAccess, handler: Handler) -> AsyncIterator[None]:
    app = web.Application()
    app.router.add_post("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await bot.call("setWebhook", url=f"http://127.0.0.1:{port}/", max_connections=100)
    try:
        yield
    finally:
        await bot.call("deleteWebhook")
        await runner.cleanup()


async def webhook_ms(count: int) -> float:
    took = []
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def handler(_: web.Request) -> web.Response:
        arrived.put_nowait(time.perf_counter())
        return web.Response()

    async with Sandbox() as tg:
        bot, buyer = tg.bot("bench_bot"), tg.user("Buyer")
        async with webhook(tg, bot, handler):
            for number in range(count):
                begun = time.perf_counter()
                await buyer.send(bot, f"message {number}")
                took.append(await arrived.get() - begun)
    return statistics.median(took) * 1000


async def people() -> tuple[int, float]:
    """Each says its numbers and hears them back; how many heard all of them in order."""

    async def echo(request: web.Request) -> web.Response:
        message = (await request.json())["message"]
        answer = {"method": "sendMessage", "chat_id": message["chat"]["id"]}
        return web.json_response(answer | {"text": f"echo {message['text']}"})

    async def talk(person: Person, bot: BotAccess) -> bool:
        heard = []
        for number in range(TURNS):
            await person.send(bot, f"{person.id} {number}")
        for _ in range(TURNS):
            heard.append((await person.reply()).text)
        return heard == [f"echo {person.id} {number}" for number in range(TURNS)]

    async with Sandbox(deadline=60) as tg:
        bot = tg.bot("echo_bot")
        everybody = [tg.user(f"Person {number}") for number in range(PEOPLE)]
        async with webhook(tg, bot, echo):
            begun = time.perf_counter()
            right = await asyncio.gather(*(talk(each, bot) for each in everybody))
            took = time.perf_counter() - begun
    return sum(right), took


async def ready_ms() -> float:
    """Until the first call is answered."""
    begun = time.perf_counter()
    async with Sandbox() as tg:
        bot = tg.bot("bench_bot")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(bot.api.rpartition(":")[2]))
        writer.write(f"GET /bot{bot.token}/getMe HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        took = time.perf_counter() - begun
        writer.close()
    return took * 1000
