"""Subscriptions: the daily sweep of 100,000, who waits for it, and from callback to access."""

import sys

from bench.common import Figure, server
from bench.subscriptions_paying import activations
from bench.subscriptions_sweep import Swept, sweeps

MANY = 100_000
SECONDS, MEMORY_MB, BLOCK_MS = 30.0, 200.0, 50.0
PER_SECOND, P99_MS = 20, 150.0

# `kassa run` with one worker, PostgreSQL, Telegram and the bank share the machine, as they do in
# the smallest installation there is. All subscriptions end on one day, or are told that they will:
# that is the worst; on a usual day one in thirty has each of its three moments.


async def run(*, quick: bool) -> list[Figure]:
    many = MANY // 4 if quick else MANY
    async with server() as running:
        worst, usual = await sweeps(running, many=many, seconds=2 if quick else 10)
    async with server(track_commit_timestamp="on") as running:
        p99 = await activations(running, PER_SECOND, seconds=5 if quick else 30)
    _tell("all on one day", worst)
    _tell("a usual day", usual)
    of_what = f"s for {MANY:,}" + (f", by {many:,}" if quick else "")
    seconds = worst.seconds * MANY / many
    return [
        _target("sweep_seconds", seconds, of_what, SECONDS),
        _target("sweep_usual_day", usual.seconds * MANY / many, "s for 10,000", SECONDS),
        _target("sweep_memory_mb", worst.memory, "MB", MEMORY_MB),
        _target("sweep_block_ms", max(worst.waited, usual.waited), "ms, the longest", BLOCK_MS),
        _target("activation_p99_ms", p99, f"ms at {PER_SECOND}/s", P99_MS),
    ]


def _target(name: str, value: float, unit: str, target: float) -> Figure:
    return Figure(name, value, unit, "target", target, value / target)


def _tell(what: str, swept: Swept) -> None:
    print(
        f"    {what}: {swept.said:,} said in {swept.seconds:.1f} s; updates beside it take "
        f"{swept.median:.1f} ms, at most {swept.longest:.1f}; without it {swept.idle_median:.1f} "
        f"and {swept.idle_longest:.1f}",
        file=sys.stderr,
    )
