"""Callbacks on their way to one shop: tried again up a ladder, spoilt where a fault says so."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import aiohttp

from tgsandbox.clock import Clock, Timer
from tgsandbox.providers.faults import CallbackFault, Faults
from tgsandbox.providers.records import Callback, Letter, Sent

log = logging.getLogger("tgsandbox")

ANSWER_LIMIT = 20.0  # seconds of our time: a shop at work must not suffer from a moved clock
AT_ONCE = 8  # letters on the way to one shop
OLD = 3600  # seconds, of a time stamp that is to be too old
WRONG_SECRET = "nobody-knows-this-one"  # noqa: S105  what bad signatures are made with


class Sender(Protocol):
    """Whose callbacks these are."""

    callback_url: str
    faults: Faults
    ladder: tuple[float, ...]

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter: ...
    def secrets(self) -> list[str]: ...
    def takes(self, status: int) -> bool: ...


class Callbacks:
    """Of one shop. What is due is on the way at once, a few at a time."""

    def __init__(
        self, sender: Sender, clock: Clock, session: Callable[[], aiohttp.ClientSession]
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._session = session
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[Callback, Timer] = {}
        self._held: list[Callback] = []  # by "swap", until another one has gone
        self._running = True
        self.sent: list[Sent] = []
        self.waiting: list[Callback] = []  # whatever is not over yet
        self.answer_limit = ANSWER_LIMIT

    def put(self, callback: Callback) -> None:
        """Goes out now, or as a fault says. Where the shop has no address it is not said."""
        callback.url = callback.url or self._sender.callback_url
        if not callback.url:
            return
        self.waiting.append(callback)
        fault = self._sender.faults.for_callback()
        callback.due = self._clock.time()
        if fault.what == "swap":
            self._held.append(callback)
        elif fault.what == "late":
            self._later(callback, fault.seconds)
        else:
            self._go(callback, fault)

    def restore(self, callbacks: list[Callback]) -> None:
        """Those that waited when the sandbox was stopped go on where they were."""
        for each in callbacks:
            self.waiting.append(each)
            self._later(each, max(0.0, each.due - self._clock.time()))

    async def replay(self, sent: Sent, times: int, at_once: bool) -> list[Sent]:
        copies = [
            Sent(
                sent.method,
                sent.url,
                dict(sent.headers),
                sent.body,
                self._clock.time(),
                sent.event,
                sent.ref,
                sent.number,
            )
            for _ in range(times)
        ]
        if at_once:
            await asyncio.gather(*(self._post(each) for each in copies))
        else:
            for each in copies:
                await self._post(each)
        return copies

    async def delivered(self) -> None:
        self._clock.move(0)  # what is due by now rings now
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def stop(self) -> None:
        self._running = False
        for timer in self._timers.values():
            timer.cancel()
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def release(self) -> None:
        """What "swap" held back goes, whether or not another one came."""
        held, self._held = self._held, []
        for each in held:
            self._go(each)

    def _later(self, callback: Callback, seconds: float) -> None:
        callback.due = self._clock.time() + seconds

        def go() -> None:
            self._timers.pop(callback, None)
            self._go(callback)

        self._timers[callback] = self._clock.at(callback.due, go)

    def _go(self, callback: Callback, fault: CallbackFault | None = None) -> None:
        if not self._running:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(callback, fault))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, callback: Callback, fault: CallbackFault | None) -> None:
        what = fault.what if fault else ""
        callback.number += 1
        at = self._clock.time()
        letter = self._sender.letter(
            callback,
            at=at - OLD if what == "old" else at,
            secrets=[WRONG_SECRET] if what == "bad_signature" else self._sender.secrets(),
        )
        sent = outgoing(letter, callback, at)
        if what == "lost":
            sent.lost = True
            self.sent.append(sent)
            self.waiting.remove(callback)
            return
        if what == "twice" and fault:
            copies = [outgoing(letter, callback, at) for _ in range(fault.copies)]
            await asyncio.gather(*(self._post(each) for each in copies))
            sent = copies[-1]
        else:
            await self._post(sent)
        self.release()
        if sent.status is not None and self._sender.takes(sent.status):
            self.waiting.remove(callback)
        elif callback.number > len(self._sender.ladder):
            self.waiting.remove(callback)  # the last try was that
        else:
            self._later(callback, self._sender.ladder[callback.number - 1])

    async def _post(self, sent: Sent) -> None:
        async with self._room:
            self.sent.append(sent)
            try:
                async with self._session().request(
                    sent.method,
                    sent.url,
                    data=sent.body or None,
                    headers=sent.headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=self.answer_limit),
                ) as response:
                    await response.content.read(1 << 16)
                    sent.status = response.status
            except (aiohttp.ClientError, OSError, ValueError) as error:
                sent.error = f"{type(error).__name__}: {error}"
            except Exception as error:  # an edge: whatever a shop's server does, others go on
                log.exception("delivery to %s failed", sent.url)
                sent.error = f"{type(error).__name__}: {error}"


def outgoing(letter: Letter, callback: Callback, at: float) -> Sent:
    return Sent(
        letter.method,
        letter.url,
        dict(letter.headers),
        letter.body,
        at,
        callback.event,
        callback.ref,
        callback.number,
    )
