"""Callbacks onto the disk: those that come at the same time go in one commit."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from kassa.db import Database, Tx
from kassa.payments.providers.protocol import Callback, Incoming, Provider

MOST = 200  # rows of a commit

Row = tuple[Any, ...]


class Storing:
    """Rows that come at the same time are stored together: one commit for all who wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def put(
        self, provider: Provider, incoming: Incoming, callback: Callback, now: datetime
    ) -> None:
        row = row_of(provider, incoming, callback, now)
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, stored))
        if self._running is None:
            self._running = asyncio.create_task(self._work())
        await stored

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    await self._database.run(partial(store, given=[row for row, _ in batch]))
                except Exception as error:  # noqa: BLE001 (edge: those who wait get it)
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_exception(error)
                else:
                    for _, stored in batch:
                        if not stored.done():
                            stored.set_result(None)
        finally:
            self._running = None


def row_of(provider: Provider, incoming: Incoming, callback: Callback, now: datetime) -> Row:
    kept = {"content-type", *provider.headers}
    headers = {name: value for name, value in callback.headers.items() if name in kept}
    return (
        *(provider.name, incoming.event, incoming.kind, incoming.confirm, callback.method),
        *(callback.query, headers, callback.body, now),
    )


async def store(tx: Tx, *, given: Sequence[Row]) -> None:
    """A copy of what is not handled yet makes it due now; of what is, nothing. But where the
    provider is asked anyway, it is asked again: a stranger may have sent the first one early."""
    once: dict[tuple[str, str], list[Any]] = {}
    for row in given:
        known = once.setdefault((row[0], row[1]), [*row, 0])
        known[-1] += 1
    ordered = [once[key] for key in sorted(once)]  # so that two who store do not wait in a circle
    await tx.execute(
        """
        INSERT INTO payments.inbox AS i (provider, event, kind, confirm, method, query, headers,
                                         body, received_at, due_at, copies)
        SELECT w.provider, w.event, w.kind, w.confirm, w.method, w.query, w.headers, w.body, w.at,
               w.at, w.copies
          FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[],
                      $7::jsonb[], $8::bytea[], $9::timestamptz[], $10::int[])
               AS w (provider, event, kind, confirm, method, query, headers, body, at, copies)
        ON CONFLICT (provider, event) DO UPDATE
           SET copies = i.copies + EXCLUDED.copies, tries = 0, dead_at = NULL,
               handled_at = NULL, due_at = EXCLUDED.due_at,
               method = EXCLUDED.method, query = EXCLUDED.query,
               headers = EXCLUDED.headers, body = EXCLUDED.body
         WHERE i.handled_at IS NULL OR i.confirm
        """,
        *(list(column) for column in zip(*ordered, strict=True)),
    )
