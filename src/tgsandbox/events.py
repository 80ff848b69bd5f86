"""What happens in the sandbox, in order, for whoever watches."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    at: float
    kind: str  # message, edited, deleted, typing, answered, call, update, paid, ...
    data: dict[str, Any]


class Events:
    """The last of them are kept; a listener hears each at once, a follower in its own time."""

    def __init__(self, time: Callable[[], float], kept: int = KEPT) -> None:
        self._time = time
        self._kept: deque[Event] = deque(maxlen=kept)
        self._number = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._closed = False
        self.listeners: list[Callable[[Event], None]] = []

    @property
    def last(self) -> int:
        return self._number

    def emit(self, kind: str, **data: Any) -> None:
        self._number += 1
        event = Event(self._number, self._time(), kind, data)
        self._kept.append(event)
        for listener in self.listeners:
            listener(event)
        if self._waiting:
            self._wake()

    def close(self) -> None:
        """Whoever follows has come to the end."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def since(self, number: int) -> list[Event]:
        """Those after it that are still kept."""
        behind = self._number - number
        if behind <= 0:
            return []
        if behind >= len(self._kept):
            return list(self._kept)
        found = []
        for event in reversed(self._kept):
            if event.number <= number:
                break
            found.append(event)
        return found[::-1]

    async def follow(self, number: int) -> AsyncIterator[Event]:
        """All after it, and then those to come."""
        while True:
            for event in self.since(number):
                number = event.number
                yield event
            if number < self._number:
                continue
            if self._closed:
                return
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
