"""Updates: commands through the webhook, statements, pre-checkouts, `kassa run` with five bots."""

import asyncio
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import start, update_shop
from bench.common import Figure, against, server
from bench.settle_load import at_pace, callers
from bench.update_served import BOT, Served, bare, kassa, stub

STATEMENTS, P999_MS, PER_SECOND = 3, 100.0, 300
READY_SECONDS, MEMORY_MB = 4.0, 150.0
CONNECTIONS = 64
SEQUENTIAL = 60  # commands, one after another, whose statements are counted

# Kassa's worker, PostgreSQL, the Bot API's stand-in and whoever sends the updates share the
# machine. What limits an update is the worker's one thread; PostgreSQL has a core for itself while
# little else runs. An update counts when what it says has arrived at the Bot API, in both.


async def run(*, quick: bool) -> list[Figure]:
    count, turns, seconds = (1200, 2, 2) if quick else (8000, 4, 10)
    async with server() as running, kassa(running) as ours, bare(ours) as other:
        for each in (ours, other):
            await per_second(each, 1000)  # the first ones find all cold
        speeds, references = [], []
        for _ in range(turns):  # in turns, since a machine's speed drifts
            references.append(await per_second(other, count))
            before = ours.cpu()
            speeds.append(await per_second(ours, count))
            took = [
                (now - then) / count * 1000 for now, then in zip(ours.cpu(), before, strict=True)
            ]
            print(
                "    a core's ms for an update: worker {:.2f}, PostgreSQL {:.2f}".format(*took),
                file=sys.stderr,
            )
        simple = await statements(ours, "/hello")
        p999 = await checkouts(ours, seconds)
    ready, memory = five_bots(2 if quick else 9)
    speed, reference = statistics.mean(speeds), statistics.mean(references)
    name = "aiogram's feed_update on the same server, no database"
    return [
        against("throughput", speed, "updates/s", name, reference),
        Figure("round_trips", simple, "statements", "target", STATEMENTS, simple / STATEMENTS),
        Figure("precheckout_p999_ms", p999, "ms at 300/s", "target", P999_MS, p999 / P999_MS),
        Figure("ready_seconds", ready, "s", "target", READY_SECONDS, ready / READY_SECONDS),
        Figure("memory_mb", memory, "MB", "target", MEMORY_MB, memory / MEMORY_MB),
    ]


# --- what is measured


async def per_second(on: Served, count: int) -> float:
    """From the first update that is sent to the last reply that arrives."""
    before = on.told()["said"]
    lanes = [on.requests("/name", range(n, count, CONNECTIONS)) for n in range(CONNECTIONS)]
    async with callers(on.port, CONNECTIONS) as all_of_them:
        begun = time.monotonic()

        async def lane(n: int) -> None:
            for request in lanes[n]:
                await all_of_them[n].send(request)

        await asyncio.gather(*(lane(n) for n in range(CONNECTIONS)))
    return count / (await on.has_said(before + count) - begun)


async def statements(on: Served, command: str) -> float:
    """For each of some commands that come one by one; what is asked without any is left out."""
    idle = await _counted(on, [])
    busy = await _counted(on, on.requests(command, range(SEQUENTIAL)))
    for query, times in (busy - idle).most_common(8):
        print(f"    {times / SEQUENTIAL:5.2f}  {' '.join(query.split())[:100]}", file=sys.stderr)
    return (busy - idle).total() / SEQUENTIAL


async def _counted(on: Served, requests: Sequence[bytes]) -> "Counter[str]":
    on.statements.unlink(missing_ok=True)
    os.kill(on.worker, signal.SIGUSR1)
    begun = time.monotonic()
    async with callers(on.port, 1) as (caller,):
        for request in requests:
            before = on.told()["said"]
            await caller.send(request)
            await on.has_said(before + 1)
            await asyncio.sleep(0.01)
    await asyncio.sleep(max(0.0, begun + 1.5 - time.monotonic()))
    os.kill(on.worker, signal.SIGUSR1)
    while not on.statements.exists():
        await asyncio.sleep(0.01)
    found: Counter[str] = Counter(json.loads(on.statements.read_text()))
    for query in list(found):
        if query.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SET ")):
            del found[query]
    return found


async def checkouts(on: Served, seconds: int) -> float:
    """Milliseconds in which 999 of 1000 pre-checkout queries are answered, all with yes."""
    assert on.database is not None
    requests = await on.asked(PER_SECOND * seconds)
    sent = await at_pace(on.port, requests, PER_SECOND)
    answers: dict[str, Any] = on.told()["answers"]
    assert all(answers[f"q{number}"][1] for number in sent), "not all may be paid"
    took = [(answers[f"q{number}"][0] - at) * 1000 for number, at in sent.items()]
    p999: float = statistics.quantiles(took, n=1000, method="inclusive")[998]
    return p999


def five_bots(times: int) -> tuple[float, float]:
    """Seconds until `kassa run` is ready, and the peak memory of its largest process, in MB."""
    with stub() as address, tempfile.TemporaryDirectory(prefix="kassa-bench-") as home:
        Path(home).chmod(0o711)
        shutil.copy(update_shop.__file__, home)
        bots = "".join(
            f'[[bot]]\ntoken = "{BOT + n}:TEST-TOKEN"\nname = "bot{n}"\napps = ["update_shop"]\n\n'
            for n in range(5)
        )
        Path(home, "kassa.toml").write_text(f'telegram_api_url = "{address}"\n\n{bots}')
        start.once(home)  # the first start makes the database
        runs = [start.once(home) for _ in range(times)]
    return statistics.median(each[0] for each in runs), max(each[1] for each in runs)
