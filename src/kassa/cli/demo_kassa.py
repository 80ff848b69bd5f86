"""Kassa beside the demo: a process of its own, with the demo's settings and nobody else's."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from kassa.config import VARIABLES
from kassa.errors import Unavailable

_STOP_SECONDS = 40  # a little more than Kassa gives its workers
_LOOK_SECONDS = 0.05
_TAIL = 12  # lines


class Kassa:
    """Begun when it is made. It ends with us, however we end: it holds the end of a pipe."""

    def __init__(self, folder: Path, wiring: Mapping[str, str]) -> None:
        self._log = folder / "kassa.log"
        self._address = f"http://127.0.0.1:{wiring['PORT']}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kassa.cli.leashed"],
                env={**_foreign(os.environ), "KASSA_HOME": str(folder), **wiring},
                cwd=folder,  # where nobody's .env and kassa.toml are
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us to hear; then we tell it
            )

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
        """With its PostgreSQL, and what it is doing done."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.ended()
        except TimeoutError:
            self._process.kill()
            raise Unavailable(f"Kassa did not end by itself:\n{self.log_tail()}") from None

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join([*lines[-_TAIL:], f"(all of it: {self._log})"])


def _foreign(environ: Mapping[str, str]) -> dict[str, str]:
    """What is no setting of Kassa's."""
    ours = {*VARIABLES.values(), "KASSA_CONFIG", "PROMETHEUS_MULTIPROC_DIR"}
    return {name: value for name, value in environ.items() if name not in ours}
