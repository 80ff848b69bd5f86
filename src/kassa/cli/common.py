"""What commands share: settings, logs, an open database, tables of text."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from threading import Event
from typing import TypeVar

from kassa import log
from kassa.config import Settings, load
from kassa.runtime import Opened, open_database

T = TypeVar("T")

MOST_NUMBER = 2**63 - 1  # as large as a number of a row can be


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


def bring_up_to_date(found: Settings, *, unless: Event | None = None) -> None:
    """Opening the database migrates it, and gives the application its rights."""

    async def open_once() -> None:
        async with open_database(found):
            pass

    async def call() -> None:
        opening = asyncio.ensure_future(open_once())
        while not opening.done():
            if unless is not None and unless.is_set():
                opening.cancel()
            await asyncio.wait([opening], timeout=0.05)
        if not opening.cancelled():
            opening.result()

    asyncio.run(call())


def table(
    head: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()
) -> str:
    """Columns as wide as they must be; those in `right` are numbers."""
    lines = [[_plain(str(cell)) for cell in row] for row in [head, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _plain(text: str) -> str:
    """What others wrote must not move the cursor of a terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
