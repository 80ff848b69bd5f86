"""Payments: callbacks that are stored, settled, posted and delivered; how long that takes."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import settle_app
from bench.common import Figure, Pgbench, against, database, server
from bench.settle_app import RECORD
from bench.settle_fill import PRICE, ask, fill
from bench.settle_load import FEE, TOKEN, at_full_speed, at_once, at_pace, callbacks
from bench.start import ready
from kassa import ledger
from kassa.db import APP, OWNER, Database, EmbeddedServer

P99_MS, PER_SECOND = 25.0, 200
COPIES = 50
FEW = 10_000  # payments stored

# One worker, PostgreSQL and whoever sends the callbacks share the machine, as they do in the
# smallest installation there is. That a payment is done is what its delivery tells after the
# commit (settle_app), so nobody asks meanwhile; that all are, and once, is asked at the end.


async def run(*, quick: bool) -> list[Figure]:
    many, turns = (100_000, 1) if quick else (1_000_000, 3)
    async with server() as running:
        pgbench = Pgbench(running)
        await pgbench.prepare()
        async with shop(running, "few", FEW) as few, shop(running, "many", many) as grown:
            for each in (few, grown):
                await per_second(each, 500 if quick else 3000)  # the first ones find all cold
            speeds = []
            for _ in range(max(2, turns)):  # in turns, since a machine's speed drifts
                await pgbench.measure(2 if quick else 10)
                speeds.append(await per_second(few, 2000 if quick else 12_000))
            latencies = await waits(few, 3 if quick else 20)
            one, copies = await same(few, 15 if quick else 50)
            small, large = [], []
            for _ in range(2 * turns):
                small.append(await per_second(few, 1200 if quick else 6000))
                large.append(await per_second(grown, 1200 if quick else 6000))
            for each in (few, grown):
                await each.right()
    p99 = statistics.quantiles(latencies, n=100)[98]
    return [
        against("throughput", statistics.mean(speeds), "callbacks/s", pgbench.name, pgbench.mean),
        Figure("p99_ms", p99, f"ms at {PER_SECOND}/s", "target", P99_MS, p99 / P99_MS),
        against("copies", copies, "ms for 50", "ms for one", one),
        against(
            "grown",
            statistics.mean(large),
            "callbacks/s",
            f"with {FEW:,} payments stored, not {many:,}",
            statistics.mean(small),
        ),
    ]


# --- what is measured


async def per_second(on: "Shop", count: int) -> float:
    """From the first that is sent to the last that is settled."""
    requests = callbacks(await on.asked(count))
    begun = await at_full_speed(on.port, list(requests.values()))
    return count / (max((await on.settled(set(requests))).values()) - begun)


async def waits(on: "Shop", seconds: int) -> list[float]:
    """Milliseconds from when each is sent to when it is settled."""
    requests = callbacks(await on.asked(PER_SECOND * seconds))
    sent = await at_pace(on.port, requests, PER_SECOND)
    settled = await on.settled(set(requests))
    return [(settled[number] - sent[number]) * 1000 for number in sent]


async def same(on: "Shop", turns: int) -> tuple[float, float]:
    """Milliseconds until it is settled and everybody is answered: for one, and for all copies."""
    took: dict[int, list[float]] = {1: [], COPIES: []}
    for number, request in callbacks(await on.asked(2 * turns)).items():
        copies = COPIES if number % 2 else 1
        sent, answered = await at_once(on.port, request, copies)
        settled = (await on.settled({number}))[number]
        took[copies].append((max(answered, settled) - sent) * 1000)
    return statistics.median(took[1]), statistics.median(took[COPIES])


# --- a database with payments in it, and a worker


@dataclass
class Shop:
    running: EmbeddedServer
    name: str
    stored: int
    port: int
    database: Database
    committed: Path
    said: Path
    worker: int  # its pid
    paid: int = 0
    seen: int = 0

    async def asked(self, count: int) -> list[int]:
        self.paid += count
        return await ask(self.running, self.name, self.stored, count)

    async def settled(self, payments: set[int]) -> dict[int, float]:
        """When each of them was, once all are; nothing else may have been meanwhile."""
        deadline = time.monotonic() + 120
        end = self.seen + len(payments) * RECORD.size
        while self.committed.stat().st_size < end:
            if time.monotonic() > deadline:
                raise RuntimeError("not all payments were settled")
            await asyncio.sleep(0.005)
        found = dict(RECORD.iter_unpack(self.committed.read_bytes()[self.seen :]))
        self.seen = end
        assert found.keys() == payments, "something was settled twice, or something else"
        return found

    async def right(self) -> None:
        """Each was paid, booked, delivered and told of once, and the books balance."""
        row = await self.database.fetchrow(
            """
            SELECT (SELECT count(*) FROM payments.payment
                     WHERE status = 'succeeded' AND delivery = 'done') AS paid,
                   (SELECT count(*) FROM payments.charge WHERE fit = 'exact') AS charges,
                   (SELECT count(*) FROM payments.inbox WHERE handled_at IS NOT NULL) AS letters,
                   (SELECT count(*) FROM payments.event WHERE kind = 'delivered') AS told,
                   (SELECT count(*) FROM bench.sold) AS sold,
                   (SELECT count(*) FROM ledger.transfer) / 2 AS booked
            """
        )
        assert row is not None
        assert set(row.values()) == {self.stored + self.paid}, row
        jobs = await self.database.fetch(
            "SELECT (payload #>> '{args,payment}')::bigint AS payment FROM outbox.job"
            " WHERE kind = 'telegram.send'"
        )
        said = {number for number, _ in RECORD.iter_unpack(self.said.read_bytes())}
        told = [row["payment"] for row in jobs if row["payment"] not in said] + list(said)
        assert len(told) == len(set(told)) == self.paid, (len(told), self.paid)
        income, kept = await ledger.balances(
            self.database, ["revenue:bench:USDT", "fee:cryptopay:USDT"]
        )
        assert income.posted.amount == PRICE * (self.stored + self.paid), income
        assert kept.posted.amount == -FEE * self.paid, kept
        assert await ledger.audit(self.database) == []


@asynccontextmanager
async def shop(running: EmbeddedServer, name: str, stored: int) -> AsyncIterator[Shop]:
    async with database(running, name, connections=2) as opened:
        begun = time.monotonic()
        await fill(running, name, stored)
        _tell(f"{stored:,} payments are there after {time.monotonic() - begun:.0f} s")
        with tempfile.TemporaryDirectory(prefix="kassa-bench-") as folder, socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            probe.close()
            files = [Path(folder, each) for each in ("committed", "said")]
            address = running.address(APP, name)
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.settle_app"],
                env={
                    **os.environ,
                    "KASSA_HOME": folder,
                    "PORT": str(port),
                    "KASSA_LOG_LEVEL": "warning",
                    "DATABASE_URL": f"postgresql://{APP}@/{name}?host={address.socket}",
                    "DATABASE_OWNER_URL": f"postgresql://{OWNER}@/{name}?host={address.socket}",
                    "CRYPTOPAY_TOKEN": TOKEN,
                    "CRYPTOPAY_BASE_URL": "http://127.0.0.1:9",  # nobody: no callback needs it
                    settle_app.COMMITTED: str(files[0]),
                    settle_app.SAID: str(files[1]),
                },
            )
            try:
                while not ready(port):
                    if process.poll() is not None:
                        raise RuntimeError("the worker did not get ready")
                    await asyncio.sleep(0.05)
                (worker,) = (
                    each.pid
                    for each in psutil.Process(process.pid).children(recursive=True)
                    if "resource_tracker" not in " ".join(each.cmdline())
                )
                committed, said = files
                yield Shop(running, name, stored, port, opened, committed, said, worker)
            finally:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """At once: nothing of what it is doing is needed any more."""
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(process.pid)
        for each in (main, *main.children(recursive=True)):
            each.kill()
    process.wait(10)


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
