"""Kassa beside the demo: a process of its own, with the demo's settings and nobody else's."""

import asyncio
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from kassa.config import VARIABLES
from kassa.errors import Unavailable

_STOP_SECONDS = 40  # a little more than Kassa gives its workers
_LOOK_SECONDS = 0.05
_TAIL = 12  # lines


class Kassa:
    """It ends with us, however we end: we hold an end of a pipe. `alive` is a lock that all its
    processes hold, so that it is known when the last of them has gone."""

    def __init__(self, folder: Path, alive: IO[str]) -> None:
        """It loads, and waits for its settings."""
        self._folder, self._log = folder, folder / "kassa.log"
        self._address = ""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kassa.cli.leashed"],
                env=_foreign(os.environ),
                cwd=folder,  # where the demo's kassa.toml is, and nobody's .env
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[alive.fileno()],
                start_new_session=True,  # Ctrl-C is for us to hear; then we tell it
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def run(self, port: int) -> None:
        """By the kassa.toml that is in its folder now."""
        self._address = f"http://127.0.0.1:{port}"
        assert self._process.stdin is not None
        line = json.dumps({"KASSA_HOME": str(self._folder)})
        with suppress(BrokenPipeError):  # it has ended, and that is seen elsewhere
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    async def ready(self, seconds: float) -> None:
        import aiohttp

        async with asyncio.timeout(seconds), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(f"{self._address}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(_LOOK_SECONDS)

    async def ended(self) -> None:
        while self._process.poll() is None:  # noqa: ASYNC110 (nobody tells of it)
            await asyncio.sleep(_LOOK_SECONDS)

    async def stop(self) -> None:
        """With all its processes, and what they are doing done."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if not self._address:
            self._process.kill()  # it has only loaded
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.ended()
        except TimeoutError:
            self._process.kill()
            raise Unavailable(f"Kassa did not end by itself:\n{self.log_tail()}") from None
        (await nobody_left(self._folder)).close()

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join([*lines[-_TAIL:], f"(all of it: {self._log})"])


async def nobody_left(folder: Path) -> IO[str]:
    """The lock, ours when no process of Kassa's holds it: the kernel takes it from the dead."""
    lock = (folder / "kassa.lock").open("a")
    deadline = time.monotonic() + _STOP_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                raise Unavailable(f"Kassa in {folder} does not end; see kassa.log there.") from None
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            return lock


def _foreign(environ: Mapping[str, str]) -> dict[str, str]:
    """What is no setting of Kassa's."""
    ours = {*VARIABLES.values(), "KASSA_CONFIG", "PROMETHEUS_MULTIPROC_DIR"}
    return {name: value for name, value in environ.items() if name not in ours}
