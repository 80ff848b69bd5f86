"""`tgsandbox serve` as a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

DEADLINE = 15.0
COMMAND = str(Path(sys.executable).with_name("tgsandbox"))


@dataclass
class Served:
    process: asyncio.subprocess.Process
    said: str
    url: str


async def run(*args: str) -> tuple[int, str]:
    """The code it ends with, and all that it says."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode()


@asynccontextmanager
async def served(*args: str) -> AsyncIterator[Served]:
    """Up and listening, on a port of its own; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("serve", "--port", "0", *args),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout
        said = ""
        while "Ctrl-C" not in said:
            line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
            assert line, f"it ended: {said}"
            said += line.decode()
        url = said.partition("Telegram is at ")[2].split("\n")[0]
        yield Served(process, said, url)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
