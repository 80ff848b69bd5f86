"""The sandbox's time: it runs as ours does, and can be moved forward."""

import asyncio
import heapq
import itertools
import math
import time
from collections.abc import Callable


class Timer:
    """Something to happen at a time; it can be called off."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Callable[[], None]) -> None:
        self.at = at
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self.action = None


class Clock:
    def __init__(self, moved: float = 0.0) -> None:
        self.moved = moved
        self._timers: list[tuple[float, int, Timer]] = []
        self._turns = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self.on_move: Callable[[], None] | None = None  # the keeper's

    def time(self) -> float:
        return time.time() + self.moved

    def now(self) -> int:
        """Seconds since 1970, as Telegram counts."""
        return int(time.time() + self.moved)

    def move(self, seconds: float) -> None:
        """Forward; whatever falls due on the way happens at its own time, in order."""
        if not 0 <= seconds < math.inf:
            raise ValueError("The clock moves forward only.")
        until = self.time() + seconds
        try:
            while self._timers and self._timers[0][0] <= until:
                self.moved += max(0.0, self._timers[0][0] - self.time())
                self._ring()
        finally:  # also when something that fell due has failed
            self.moved += max(0.0, until - self.time())
            self._set_alarm()
            if self.on_move:
                self.on_move()

    def at(self, when: float, action: Callable[[], None]) -> Timer:
        timer = Timer(when, action)
        heapq.heappush(self._timers, (when, next(self._turns), timer))
        if self._timers[0][2] is timer:
            self._set_alarm()
        return timer

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        return self.at(self.time() + seconds, action)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = self.after(seconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    def start(self) -> None:
        """From here on timers ring by themselves, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._set_alarm()

    def stop(self) -> None:
        self._loop = None
        if self._alarm:
            self._alarm.cancel()

    def _set_alarm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        if self._loop and self._timers:
            wait = max(0.0, self._timers[0][0] - self.time())
            self._alarm = self._loop.call_later(min(wait, 86400), self._wake)

    def _wake(self) -> None:
        self._alarm = None
        try:
            while self._timers and self._timers[0][0] <= self.time():
                self._ring()
        finally:  # the loop tells of what has failed, and the clock goes on
            self._set_alarm()

    def _ring(self) -> None:
        _, _, timer = heapq.heappop(self._timers)
        if timer.action:
            action, timer.action = timer.action, None
            action()
