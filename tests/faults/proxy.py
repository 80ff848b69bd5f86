"""A socket between the application and PostgreSQL that loses answers: the work is done, and
whoever asked never hears of it."""

import asyncio
import contextlib
import random
from pathlib import Path

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Listens in `folder`; every now and then it swallows an answer and hangs up."""

    def __init__(self, folder: Path, target: Path, chance: random.Random, *, lose: float) -> None:
        self._folder = folder
        self._target = target / SOCKET
        self._chance = chance
        self._lose = lose
        self._server: asyncio.Server | None = None
        self.lost = 0

    async def __aenter__(self) -> "Proxy":
        self._folder.mkdir(exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._folder / SOCKET)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        try:
            server, ask = await asyncio.open_unix_connection(str(self._target))
        except OSError:
            answer.close()
            return
        asking = asyncio.create_task(_pump(client, ask))
        try:
            greeted = False
            while data := await server.read(65536):
                # Only once the session is open: a lost greeting would be no lost answer.
                if greeted and self._chance.random() < self._lose:
                    self.lost += 1
                    break
                greeted = greeted or data.endswith(b"I")
                answer.write(data)
                await answer.drain()
        except OSError:
            pass
        finally:
            asking.cancel()
            for writer in (ask, answer):
                writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
