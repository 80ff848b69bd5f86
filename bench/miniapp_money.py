"""The Mini App's money: how long it takes to make a payment, and how many tokens are spent."""

import asyncio
import hashlib
import hmac
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench import settle
from bench.common import Figure, Pgbench, against, database, rate, server
from bench.start import ready
from kassa.apps.tokens import service
from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.ledger import Leg, Poster, Transfer, issuance, post_many, wallet
from kassa.money import Money

PER_SECOND, P99_MS = 50, 40.0
BUYERS = 500  # each has limits of their own, as addresses have
PEOPLE, CALLERS = 10_000, 256


async def run(*, quick: bool) -> list[Figure]:
    async with server() as running:
        pgbench = Pgbench(running)
        await pgbench.prepare()
        async with database(running, "spending", connections=8) as db:
            figures = await spend(db, pgbench, 1 if quick else 10)
        async with database(running, "paying", connections=2), shop(running) as to:
            p99 = await create_payment(to, 5 if quick else 30)
    words = f"ms at {PER_SECOND}/s"
    return [Figure("create_payment_p99_ms", p99, words, "target", P99_MS, p99 / P99_MS), *figures]


# --- spending


async def spend(db: Database, pgbench: Pgbench, seconds: int) -> list[Figure]:
    for at in range(1, PEOPLE, 500):
        given = [
            Transfer(f"seed:{n}", [Leg(issuance("TOK"), wallet(n, "TOK"), Money(10**9, "TOK"))])
            for n in range(at, at + 500)
        ]
        await post_many(db, given)
    measured: dict[str, list[float]] = {"spend": [], "spend_in_transactions": []}
    async with Poster(db) as poster:
        for turn in range(2):  # in turns, since a machine's speed drifts

            async def together(number: int, i: int, turn: int = turn) -> None:
                user = random.randint(1, PEOPLE)
                await service.spend(poster, user, 1, key=f"{turn}:{number}:{i}")

            async def alone(number: int, i: int, turn: int = turn) -> None:
                user, key = random.randint(1, PEOPLE), f"alone:{turn}:{number}:{i}"
                await db.run(lambda tx: service.spend(tx, user, 1, key=key))

            await pgbench.measure(seconds)
            measured["spend"].append(await rate(CALLERS, seconds, together))
            measured["spend_in_transactions"].append(await rate(CALLERS, seconds, alone))
            await pgbench.measure(seconds)
    return [
        against(name, statistics.mean(values), "spent/s", pgbench.name, pgbench.mean)
        for name, values in measured.items()
    ]


# --- asking for a payment


@dataclass(frozen=True)
class To:
    port: int
    token: str  # of the bot


async def create_payment(to: To, seconds: int) -> float:
    """The 99th percentile of a page's waiting, in milliseconds, from when it was to ask."""
    took: list[float] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        for _ in range(20):  # the first ones find all cold
            await ask(http, to, [])
        begun = time.perf_counter()
        asking = []
        for number in range(PER_SECOND * seconds):
            due = begun + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asking.append(asyncio.create_task(ask(http, to, took, due)))
        await asyncio.gather(*asking)
    return statistics.quantiles(took, n=100)[98]


async def ask(http: aiohttp.ClientSession, to: To, took: list[float], due: float = 0) -> None:
    buyer = random.randrange(1, BUYERS)
    asked = {
        "email": "user@example.com",
        "credits": 100,
        "amount": 5.0,
        "currency": "USD",
        "payment_method": "card",
        "user_id": buyer,
        "init_data": signed(buyer, to.token),
    }
    headers = {
        "Idempotency-Key": uuid.uuid4().hex,
        "X-Forwarded-For": f"10.0.{buyer // 250}.{buyer % 250}",
    }
    url = f"http://127.0.0.1:{to.port}/api/miniapp/create-payment"
    async with http.post(url, json=asked, headers=headers) as answer:
        said = await answer.json()
    took.append((time.perf_counter() - due) * 1000)
    assert said["success"], said


def signed(buyer: int, token: str) -> str:
    """Init data, as Telegram makes it."""
    user = json.dumps({"id": buyer, "first_name": "Покупатель", "language_code": "ru"})
    fields = {"auth_date": str(int(time.time())), "query_id": "q", "user": user}
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    return urlencode({**fields, "hash": hmac.digest(secret, lines.encode(), "sha256").hex()})


@asynccontextmanager
async def shop(running: EmbeddedServer) -> AsyncIterator[To]:
    """`kassa run` with the app, and the sandbox's Stripe in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        program = [sys.executable, "-m", "bench.miniapp_stripe"]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stripe:
            assert stripe.stdout is not None
            given = json.loads(await asyncio.to_thread(stripe.stdout.readline))
            address = running.address(APP, "paying")
            kassa = subprocess.Popen(
                [Path(sys.executable).with_name("kassa"), "run"],
                env={
                    **os.environ,
                    "KASSA_HOME": folder,
                    "PORT": str(port),
                    "KASSA_LOG_LEVEL": "warning",
                    "KASSA_APPS": "tokens",
                    "DATABASE_URL": f"postgresql://{APP}@/paying?host={address.socket}",
                    "DATABASE_OWNER_URL": f"postgresql://{OWNER}@/paying?host={address.socket}",
                    "TELEGRAM_WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook/",
                    "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
                    "TRUSTED_PROXIES": "127.0.0.1",
                    **given,
                },
                cwd=folder,
            )
            try:
                while not ready(port):
                    if kassa.poll() is not None:
                        raise RuntimeError("kassa run did not get ready")
                    await asyncio.sleep(0.05)
                yield To(port, given["TELEGRAM_BOT_TOKEN"])
            finally:
                settle._end(kassa)
                stripe.terminate()
