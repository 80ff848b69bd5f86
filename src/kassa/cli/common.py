"""What commands share: settings, logs, an open database, tables of text."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from kassa import log
from kassa.config import Settings, load
from kassa.runtime import Opened, open_database

T = TypeVar("T")


def settings(*, quiet: bool = True) -> Settings:
    """Checked; `quiet` logs warnings only, for commands that talk to a person."""
    found = load()
    level = "warning" if quiet and found.log_level == "info" else found.log_level
    log.configure(found.log, level)
    return found


def with_database(work: Callable[[Opened], Awaitable[T]], found: Settings | None = None) -> T:
    async def call() -> T:
        async with open_database(found or settings()) as opened:
            return await work(opened)

    return asyncio.run(call())


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()
) -> str:
    """Columns as wide as they must be; those in `right` are numbers."""
    lines = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
