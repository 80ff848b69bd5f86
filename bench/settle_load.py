"""Callbacks over HTTP, made and signed beforehand, with as little work as can be: whoever asks
shares the machine with who answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

from bench.settle_fill import FIRST_INVOICE, PRICE
from kassa.money import Money
from kassa.payments.providers.cryptopay import CryptoPay
from kassa.payments.providers.protocol import Report, State

TOKEN = "123456:TEST-TOKEN"
FEE = PRICE // 100


def callbacks(payments: Sequence[int]) -> dict[int, bytes]:
    """What Crypto Pay would send when these are paid, as requests."""
    provider, at = CryptoPay([TOKEN]), datetime.now(UTC)
    made = {}
    for number in payments:
        paid = Report(
            str(FIRST_INVOICE + number),
            State.PAID,
            key=f"kassa-{number}",
            amount=Money(PRICE, "USDT"),
            fee=Money(FEE, "USDT"),
            at=at,
        )
        callback = provider.simulate(paid, at=at)
        made[number] = (
            b"POST /pay/cryptopay/callback HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nCrypto-Pay-API-Signature: %b\r\n"
            b"Content-Length: %d\r\n\r\n%b"
            % (
                callback.headers["crypto-pay-api-signature"].encode(),
                len(callback.body),
                callback.body,
            )
        )
    return made


class Caller(asyncio.Protocol):
    """A connection that is kept. It sends one request at a time."""

    def __init__(self) -> None:
        self._answer = b""
        self._answered: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> asyncio.Future[float]:
        """When it was answered, which must be with 200."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, _, body = self._answer.partition(b"\r\n\r\n")
        size = int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0] or b"-1")
        if size == len(body) and self._answered is not None:
            answer, self._answer = self._answer, b""
            if answer.startswith(b"HTTP/1.1 200"):
                self._answered.set_result(time.monotonic())
            else:
                self._answered.set_exception(RuntimeError(answer.decode()))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("closed unanswered"))

    def close(self) -> None:
        self._transport.close()


@asynccontextmanager
async def callers(port: int, count: int) -> AsyncIterator[list[Caller]]:
    loop = asyncio.get_running_loop()
    made = [(await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.close()


async def at_full_speed(port: int, requests: Sequence[bytes], *, connections: int = 64) -> float:
    """Each connection sends the next one when it is answered; when the first was sent."""
    left: Iterator[bytes] = iter(requests)

    async def work(caller: Caller) -> None:
        for request in left:
            await caller.send(request)

    async with callers(port, connections) as all_of_them:
        begun = time.monotonic()
        await asyncio.gather(*(work(each) for each in all_of_them))
    return begun


async def at_pace(
    port: int, requests: dict[int, bytes], per_second: float, *, connections: int = 32
) -> dict[int, float]:
    """Whether answered or not, the next one is sent in its time; when each was to be sent."""
    sent: dict[int, float] = {}
    free: asyncio.Queue[Caller] = asyncio.Queue()

    async def one(number: int, request: bytes) -> None:
        caller = await free.get()
        await caller.send(request)
        free.put_nowait(caller)

    async with callers(port, connections) as all_of_them, asyncio.TaskGroup() as under_way:
        for each in all_of_them:
            free.put_nowait(each)
        begun = time.monotonic()
        for i, (number, request) in enumerate(requests.items()):
            sent[number] = begun + i / per_second
            if (wait := sent[number] - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            under_way.create_task(one(number, request))
    return sent


async def at_once(port: int, request: bytes, copies: int) -> tuple[float, float]:
    """When they were sent, and when the last one was answered."""
    async with callers(port, copies) as all_of_them:
        begun = time.monotonic()
        return begun, max(await asyncio.gather(*(each.send(request) for each in all_of_them)))
