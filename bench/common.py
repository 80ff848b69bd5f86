"""What benches share: a server with fsync on, pgbench beside it, and figures as a table or JSON."""

import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from kassa.db import APP, OWNER, Database, EmbeddedServer
from kassa.db.database import connect
from kassa.db.embedded import SUPERUSER
from kassa.db.migrate import migrate, steps
from kassa.runtime import PACKAGES


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value beside what it is measured against, in the same run."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float


def against(name: str, value: float, unit: str, reference: str, reference_value: float) -> Figure:
    return Figure(name, value, unit, reference, reference_value, value / reference_value)


def show(bench: str, figures: list[Figure], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"bench": bench, "figures": [asdict(figure) for figure in figures]}))
        return
    print(f"{bench}\n")
    for each in figures:
        print(
            f"  {each.name:18} {each.value:>12,.1f} {each.unit:14} "
            f"{each.ratio:>8.2f} x  of {each.reference_value:,.1f} ({each.reference})"
        )


@asynccontextmanager
async def server(**settings: str) -> AsyncIterator[EmbeddedServer]:
    """A server of our own with the settings of the product (every commit is on the disk), and
    perhaps one more."""
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as folder:
        running = EmbeddedServer(Path(folder), settings=settings)
        await asyncio.to_thread(running.start)
        try:
            yield running
        finally:
            await asyncio.to_thread(running.stop)


@asynccontextmanager
async def database(
    running: EmbeddedServer, name: str, *, connections: int = 10
) -> AsyncIterator[Database]:
    """A new migrated database on it."""
    root = await connect(running.address(SUPERUSER, "postgres"))
    await root.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    await root.close()
    owner = await connect(running.address(OWNER, name))
    await migrate(owner, steps(PACKAGES, app=APP))
    await owner.close()
    async with Database(running.address(APP, name), connections=connections) as opened:
        yield opened


class Pgbench:
    """PostgreSQL's own benchmark, TPC-B-like, scale 10, 8 clients: what the machine can do."""

    name = "pgbench TPC-B-like, 8 clients, transactions/s"

    def __init__(self, running: EmbeddedServer) -> None:
        self._server = running
        self.results: list[float] = []

    async def prepare(self) -> None:
        root = await connect(self._server.address(SUPERUSER, "postgres"))
        await root.execute("CREATE DATABASE pgbench")
        await root.close()
        await asyncio.to_thread(self._run, "--initialize", "--scale=10", "--quiet")

    async def measure(self, seconds: int) -> float:
        said = await asyncio.to_thread(
            self._run, "--client=8", "--jobs=2", f"--time={seconds}", "--no-vacuum"
        )
        found = re.search(r"tps = ([\d.]+)", said)
        assert found, said
        self.results.append(float(found[1]))
        return self.results[-1]

    @property
    def mean(self) -> float:
        return sum(self.results) / len(self.results)

    def _run(self, *arguments: str) -> str:
        address = self._server.address(SUPERUSER, "pgbench")
        return subprocess.run(
            [self._server.binaries / "pgbench", *arguments],
            env={**os.environ, **address.environ()},
            check=True,
            capture_output=True,
            text=True,
        ).stdout


async def rate(
    callers: int, seconds: float, call: Callable[[int, int], Awaitable[object]]
) -> float:
    """Calls per second with so many callers at once, each calling again when it is answered."""
    stop = time.perf_counter() + seconds
    done = 0

    async def caller(number: int) -> None:
        nonlocal done
        turn = 0
        while time.perf_counter() < stop:
            await call(number, turn)
            turn += 1
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(caller(number) for number in range(callers)))
    return done / (time.perf_counter() - begun)
