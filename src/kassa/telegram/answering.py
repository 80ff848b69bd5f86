"""Pre-checkout and shipping queries: answered in time, yes or no, whatever else is slow."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from kassa.botapi import NotDone, NotKnown, Refused
from kassa.log import get
from kassa.telegram.hearing import Heard, NotTaken

SECONDS = 6.0  # of Telegram's ten, to find out; the rest is for saying it
_TO_ANSWER = 9.5  # of Telegram's ten seconds
_REMEMBERED = 10_000  # checkout queries that were answered

METHODS = {
    "pre_checkout_query": "answerPreCheckoutQuery",
    "shipping_query": "answerShippingQuery",
}

_log = get(__name__)


class Checkouts(Protocol):
    """Who knows what may be paid: payments.checkouts."""

    async def pre_checkout(
        self, bot: int, query: Mapping[str, Any], *, seconds: float = ...
    ) -> dict[str, Any]: ...
    async def shipping(
        self, bot: int, query: Mapping[str, Any], *, seconds: float = ...
    ) -> dict[str, Any]: ...


class Answering:
    def __init__(self, checkouts: Checkouts) -> None:
        self._checkouts = checkouts
        self._answered: dict[str, None] = {}
        self._asked: set[str] = set()

    async def take(self, heard: Heard) -> None:
        """In time, yes or no. One that comes again, since Telegram is not sure that we heard it,
        has had its answer, or is about to have it."""
        number = str(heard.event.get("id"))
        if number in self._answered or number in self._asked:
            return
        find = (
            self._checkouts.pre_checkout
            if heard.kind == "pre_checkout_query"
            else self._checkouts.shipping
        )
        until = asyncio.get_running_loop().time() + _TO_ANSWER
        self._asked.add(number)
        try:
            params = await find(heard.bot.id, heard.event, seconds=SECONDS)
            await self._tell(heard, params, until)
        finally:
            self._asked.discard(number)
        self._answered[number] = None
        while len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]

    async def _tell(self, heard: Heard, params: dict[str, Any], until: float) -> None:
        loop = asyncio.get_running_loop()
        while (left := until - loop.time()) > 0:
            pause = 0.1
            try:
                await heard.bot.api.call(METHODS[heard.kind], params, seconds=min(3, left))
                return
            except (NotDone, NotKnown) as error:
                _log.warning("checkout.not_answered", error=str(error))
            except Refused as error:
                _log.warning("checkout.refused", error=str(error))
                if error.retry_after is None:  # too late, or answered already
                    return
                pause = error.retry_after
            await asyncio.sleep(min(pause, max(0, until - loop.time())))
        raise NotTaken("Telegram did not hear the answer.")
