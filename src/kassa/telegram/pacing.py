"""How fast messages may follow each other, whose turn it is, and who comes back later.

Nothing here knows of Telegram: a pace, a door that keeps it, and a lock with an order.
"""

import asyncio
import itertools
import math
import time
from heapq import heappop, heappush
from typing import Protocol

NOTICES_WAIT = 3.0  # seconds: an answer that came later than that goes after a notice

_turns = itertools.count()


class Clock(Protocol):
    def time(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Monotonic:
    def time(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Pace:
    """So many at once, then one every `every` seconds."""

    __slots__ = ("_full_at", "_paused_until", "_slack", "every")

    def __init__(self, every: float, at_once: float) -> None:
        self.every = every
        self._slack = (at_once - 1) * every
        self._full_at = 0.0  # when all that was spent will have come back
        self._paused_until = 0.0

    def when(self, now: float, *, after: int = 0) -> float:
        """When the next may go, if `after` others go first."""
        full_at = max(self._full_at, now) + after * self.every
        return max(full_at - self._slack, self._paused_until, now)

    def spend(self, now: float, count: int = 1) -> None:
        self._full_at = max(self._full_at, now) + count * self.every

    def pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)

    def is_rested(self, now: float) -> bool:
        return self._full_at <= now and self._paused_until <= now


class Away:
    """Those whose turn is far off were told when to come back, one after another.

    No list of them is kept. A ticket is a job's number: whoever has a lower one than the last
    that was sent away is one of them, come back; a higher one has come after them.
    """

    __slots__ = ("_last_ticket", "last_turn")

    def __init__(self) -> None:
        self.last_turn = 0.0
        self._last_ticket = -1

    def are_before(self, ticket: int | None, now: float) -> bool:
        return self.last_turn > now and ticket is not None and ticket > self._last_ticket

    def turn(self, ticket: int | None, *, not_before: float, every: float) -> float:
        self.last_turn = max(self.last_turn + every, not_before)
        if ticket is not None:
            self._last_ticket = max(self._last_ticket, ticket)
        return self.last_turn


class Waiter:
    __slots__ = ("at_door", "has_spent", "may", "order", "since", "ticket", "urgent")

    def __init__(self, *, urgent: bool, ticket: int | None, since: float) -> None:
        self.urgent = urgent
        self.since = since
        self.ticket = ticket
        self.order = (math.inf if ticket is None else ticket, next(_turns))  # among its like
        self.may: asyncio.Future[None] | None = None
        self.at_door = False
        self.has_spent = False  # what the room's pace takes from it

    async def wait(self) -> None:
        self.may = asyncio.get_running_loop().create_future()
        await self.may

    def let(self) -> bool:
        """Whether it was still waiting, and now goes on."""
        if self.may is None or self.may.done():
            return False
        self.may.set_result(None)
        return True


class Door:
    """Lets one after another through at a pace: answers first, but no notice waits for ever."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self.pace = pace
        self.waiting = {True: 0, False: 0}  # by urgency
        self._clock = clock
        self._line: list[tuple[float, int, Waiter]] = []
        self._keeper: asyncio.Task[None] | None = None

    def when(self, *, urgent: bool) -> float:
        """When somebody who came now would be let through."""
        before = self.waiting[True] + (0 if urgent else self.waiting[False])
        return self.pace.when(self._clock.time(), after=before)

    async def pass_through(self, waiter: Waiter, count: int = 1) -> None:
        now = self._clock.time()
        if not self._line and self.pace.when(now) <= now:
            self.pace.spend(now, count)
            return
        self._stand(waiter, now + (0 if waiter.urgent else NOTICES_WAIT))
        self.waiting[waiter.urgent] += 1
        waiter.at_door = True
        try:
            await waiter.wait()
        finally:
            waiter.at_door = False
            self.waiting[waiter.urgent] -= 1
        if count > 1:
            self.pace.spend(self._clock.time(), count - 1)

    def hurry(self, waiter: Waiter) -> None:
        """An answer stands behind this notice."""
        if waiter.at_door:
            self._stand(waiter, self._clock.time())

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()

    def _stand(self, waiter: Waiter, place: float) -> None:
        heappush(self._line, (place, next(_turns), waiter))
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while self._line:
            now = self._clock.time()
            wait = self.pace.when(now) - now
            if wait > 0:
                await self._clock.sleep(wait)
                continue
            *_, waiter = heappop(self._line)
            if waiter.at_door and waiter.let():  # else it has given up, or was hurried through
                self.pace.spend(now)


class Room:
    """One at a time: answers first, then notices; among each the older ticket."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.away = {True: Away(), False: Away()}  # by urgency
        self.inside: Waiter | None = None
        self._lines: dict[bool, list[tuple[tuple[float, int], Waiter]]] = {True: [], False: []}

    def when(self, now: float, *, urgent: bool) -> float:
        """When somebody who came now would have their turn."""
        before = len(self._lines[True]) + (0 if urgent else len(self._lines[False]))
        to_come = self.inside is not None and not self.inside.has_spent
        return self.pace.when(now, after=before + to_come)

    def is_empty(self, now: float) -> bool:
        away = any(each.last_turn > now for each in self.away.values())
        busy = self.inside is not None or any(self._lines.values())
        return self.pace.is_rested(now) and not away and not busy

    async def enter(self, waiter: Waiter) -> None:
        line = self._lines[waiter.urgent]
        if self.inside is None and (not any(self._lines.values()) or _is_next(waiter, line)):
            self.inside = waiter
            return
        heappush(line, (waiter.order, waiter))
        try:
            await waiter.wait()
        except asyncio.CancelledError:
            if self.inside is waiter:  # it had just been let in
                self.leave()
            raise

    def leave(self) -> None:
        """Whoever leaves and has one more to say at once, says it before the next."""
        self.inside = None
        asyncio.get_running_loop().call_soon(self._pass_on)

    def _pass_on(self) -> None:
        while self.inside is None and (waiter := self._next()):
            if waiter.let():
                self.inside = waiter

    def _next(self) -> Waiter | None:
        answers, notices = self._lines[True], self._lines[False]
        if not answers and not notices:
            return None
        late = notices and answers and notices[0][1].since + NOTICES_WAIT < answers[0][1].since
        *_, waiter = heappop(notices if late or not answers else answers)
        return waiter


def _is_next(waiter: Waiter, line: list[tuple[tuple[float, int], Waiter]]) -> bool:
    return bool(line) and waiter.order < line[0][0]
