"""How much a bot may send: about 30 messages a second, one a second to a chat."""

import math
from dataclasses import dataclass

from tgsandbox.clock import Clock
from tgsandbox.telegram.errors import too_many_requests


@dataclass(slots=True)
class _Bucket:
    """Fills by `rate` a second up to `size`; what is sent is taken from it."""

    rate: float
    size: float
    left: float
    at: float

    def wait(self, now: float) -> float:
        self.left = min(self.size, self.left + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.left >= 1 else (1 - self.left) / self.rate


class Limits:
    """Off until switched on: a test should not wait for them, a bot's author wants to see them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[int, int], _Bucket] = {}
        self.on = False
        self.per_bot = 30.0
        self.per_chat = 1.0
        self.chat_burst = 3.0  # a few in a row go through
        self.per_group = 20 / 60
        self._webhook_set: dict[int, float] = {}  # when a bot did it last

    def forget(self) -> None:
        """What was sent so far."""
        self._buckets.clear()
        self._webhook_set.clear()

    def spend(self, bot: int, chat: int, messages: int = 1) -> None:
        """Room for the messages, or the refusal with the time to wait."""
        now = self._clock.time()
        ours = self._bucket(bot, 0, self.per_bot, self.per_bot, now)
        if chat < 0:
            theirs = self._bucket(bot, chat, self.per_group, 20, now)
        else:
            theirs = self._bucket(bot, chat, self.per_chat, self.chat_burst, now)
        wait = max(ours.wait(now), theirs.wait(now))
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        ours.left -= messages
        theirs.left -= messages

    def spend_webhook(self, bot: int) -> None:
        """setWebhook is taken once a second."""
        now = self._clock.time()
        if now < self._webhook_set.get(bot, -math.inf) + 1:
            raise too_many_requests(1)
        self._webhook_set[bot] = now

    def _bucket(self, bot: int, chat: int, rate: float, size: float, now: float) -> _Bucket:
        return self._buckets.setdefault((bot, chat), _Bucket(rate, size, size, now))
