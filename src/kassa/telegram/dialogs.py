"""Where a conversation stands: aiogram's states, kept in PostgreSQL with the update's effects.

The dialog of the update itself is read with it and written with it. Anybody else's is a query.
"""

from collections.abc import Mapping
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

from kassa import clock
from kassa.db import Tx


class Dialogs(BaseStorage):
    """aiogram's storage for the length of one update."""

    def __init__(
        self, tx: Tx, key: StorageKey, state: str | None, data: Mapping[str, Any] | None
    ) -> None:
        self._tx = tx
        self.key = key
        self.state = state
        self.data = dict(data or {})
        self._before = (self.state, dict(self.data))

    @property
    def moved(self) -> bool:
        return (self.state, self.data) != self._before

    def undo(self) -> None:
        self.state, self.data = self._before[0], dict(self._before[1])

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        name = state.state if isinstance(state, State) else state
        if key == self.key:
            self.state = name
        else:
            await self._write(key, name, await self.get_data(key))

    async def get_state(self, key: StorageKey) -> str | None:
        if key == self.key:
            return self.state
        state: str | None = await self._read(key, "state")
        return state

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        if key == self.key:
            self.data = dict(data)
        else:
            await self._write(key, await self.get_state(key), dict(data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        if key == self.key:
            return dict(self.data)
        return dict(await self._read(key, "data") or {})

    async def close(self) -> None:
        """It ends with its transaction."""

    async def _read(self, key: StorageKey, column: str) -> Any:
        return await self._tx.fetchval(
            f"SELECT {column} FROM telegram.dialog WHERE (bot, chat, person) = ($1, $2, $3)",  # noqa: S608
            *(key.bot_id, key.chat_id, key.user_id),
        )

    async def _write(self, key: StorageKey, state: str | None, data: dict[str, Any]) -> None:
        await self._tx.fetch(
            "SELECT * FROM telegram.end_update($1, $2, $3, true, $4, $5, '', NULL, NULL, NULL, $6)",
            *(key.bot_id, key.chat_id, key.user_id, state, data, clock.now()),
        )
