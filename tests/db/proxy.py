"""Stands between a client and PostgreSQL, and breaks the connection at a chosen moment."""

import asyncio
from pathlib import Path
from types import TracebackType

from kassa.db import Address


class Proxy:
    """`break_at(b"COMMIT", after=True)` lets the next COMMIT reach PostgreSQL and be done, and
    the client never hears of it; without `after` it does not even reach PostgreSQL."""

    def __init__(self, target: Address, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._word: bytes | None = None
        self._after = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> Address:
        return Address(self._folder, self._target.role, self._target.database)

    @property
    def armed(self) -> bool:
        return self._word is not None

    def break_at(self, word: bytes, *, after: bool) -> None:
        self._word, self._after = word, after

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_unix_server(
            self._serve, str(self._folder / ".s.PGSQL.5432")
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server, ask = await asyncio.open_unix_connection(str(self._target.socket / ".s.PGSQL.5432"))
        back = asyncio.create_task(self._pass_on(server, answer))
        try:
            while data := await client.read(65536):
                if self._word is not None and self._word in data:
                    if self._after:
                        back.cancel()
                        await asyncio.wait([back])
                        ask.write(data)
                        await server.read(65536)
                    self._word = None
                    return
                ask.write(data)
        finally:
            back.cancel()
            ask.close()
            answer.close()
            self._tasks.discard(task)

    async def _pass_on(self, server: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        while data := await server.read(65536):
            answer.write(data)
        answer.close()
