"""What bench/update.py calls: Kassa as `kassa run` serves it; on a signal it counts statements.

From the first signal USR1 on every statement is counted; at the second the counts are written down.
"""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from kassa import log
from kassa.cli.running import serve
from kassa.config import load
from kassa.runtime import application

if TYPE_CHECKING:
    from fastapi import FastAPI

STATEMENTS = "BENCH_STATEMENTS"  # a file


def asgi() -> "FastAPI":
    found = load()
    log.configure(found.log, found.log_level)
    _count(Path(os.environ[STATEMENTS]))
    return application(found)


def _count(file: Path) -> None:
    counts: Counter[str] = Counter()
    connection: Any = asyncpg.Connection
    simple, extended = connection.execute, connection._execute

    async def counted_simple(self: Any, query: str, *args: Any, **more: Any) -> Any:
        if not args:  # else the other one counts it
            counts[query] += 1
        return await simple(self, query, *args, **more)

    async def counted_extended(self: Any, query: str, *args: Any, **more: Any) -> Any:
        counts[query] += 1
        return await extended(self, query, *args, **more)

    def end(*_: object) -> None:
        connection.execute, connection._execute = simple, extended
        signal.signal(signal.SIGUSR1, begin)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(counts))
        draft.rename(file)

    def begin(*_: object) -> None:
        counts.clear()
        connection.execute, connection._execute = counted_simple, counted_extended
        signal.signal(signal.SIGUSR1, end)

    signal.signal(signal.SIGUSR1, begin)


if __name__ == "__main__":
    serve(load(), "bench.update_app:asgi")
