"""A pre-checkout query gets its answer, once, whatever stands in the way."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from kassa.botapi import BotApi
from kassa.secret import Secret
from kassa.telegram.answering import Answering
from kassa.telegram.bots import Bot
from kassa.telegram.hearing import Heard, NotTaken, hear
from tgsandbox import BotAccess, PaymentFailed, Person, Sandbox


class Agreeing:
    """It says yes, after as long as it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.until = asyncio.Event()
        self.until.set()

    async def pre_checkout(
        self, bot: int, query: Mapping[str, Any], *, seconds: float = 6
    ) -> dict[str, Any]:
        self.asked += 1
        await self.until.wait()
        return {"pre_checkout_query_id": query["id"], "ok": True}

    async def shipping(
        self, bot: int, query: Mapping[str, Any], *, seconds: float = 6
    ) -> dict[str, Any]:
        raise NotImplementedError


class Till:
    """A buyer who has pressed Pay, and the question that came of it."""

    def __init__(self, tg: Sandbox) -> None:
        self.tg = tg
        self.shop: BotAccess = tg.bot("shop_bot")
        self.api = BotApi(Secret(self.shop.token), url=self.shop.api)
        self.bot = Bot(self.shop.id, "shop", self.api, ())
        self.buyer: Person = tg.user("Покупатель", stars=100)
        self.agreeing = Agreeing()
        self.answering = Answering(self.agreeing)

    async def asked(self) -> tuple["asyncio.Task[Any]", Heard]:
        await self.buyer.send(self.shop, "/start")
        prices = [{"label": "x", "amount": 5}]
        invoice = {"title": "x", "description": "x", "payload": "x", "currency": "XTR"}
        await self.api.call("sendInvoice", {"chat_id": self.buyer.id, "prices": prices, **invoice})
        paying = asyncio.create_task(self.buyer.pay())
        offset = 0
        while True:
            for update in await self.api.call("getUpdates", {"offset": offset, "timeout": 5}):
                offset = update["update_id"] + 1
                if "pre_checkout_query" in update:
                    heard = hear(self.bot, update)
                    assert heard is not None
                    return paying, heard


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    async with Sandbox() as tg:
        made = Till(tg)
        yield made
        await made.api.close()


async def test_told_to_come_later_it_comes_later(till: Till) -> None:
    paying, heard = await till.asked()
    till.tg.fault("answerPreCheckoutQuery", retry_after=1, times=1)
    await till.answering.take(heard)
    await paying
    assert till.shop.stars == 5


async def test_what_was_not_heard_is_said_again(till: Till) -> None:
    paying, heard = await till.asked()
    till.tg.fault("answerPreCheckoutQuery", error=(502, "Bad Gateway"), times=2)
    await till.answering.take(heard)
    await paying


async def test_asked_again_meanwhile_or_afterwards_it_is_answered_once(till: Till) -> None:
    paying, heard = await till.asked()
    till.agreeing.until.clear()
    first = asyncio.create_task(till.answering.take(heard))
    await asyncio.sleep(0)
    await till.answering.take(heard)
    till.agreeing.until.set()
    await first
    await till.answering.take(heard)
    await paying
    assert (till.agreeing.asked, len(till.shop.calls("answerPreCheckoutQuery"))) == (1, 1)


async def test_broken_off_it_is_answered_when_it_comes_again(till: Till) -> None:
    paying, heard = await till.asked()
    till.agreeing.until.clear()
    first = asyncio.create_task(till.answering.take(heard))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    till.agreeing.until.set()
    await till.answering.take(heard)
    await paying


async def test_what_telegram_never_hears_is_to_be_brought_again(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa.telegram.answering._TO_ANSWER", 0.5)
    paying, heard = await till.asked()
    fault = till.tg.fault("answerPreCheckoutQuery", error=(502, "Bad Gateway"))
    with pytest.raises(NotTaken):
        await till.answering.take(heard)
    till.tg.mend(fault)
    await till.answering.take(heard)
    await paying


async def test_a_query_that_is_too_old_is_let_go(till: Till) -> None:
    paying, heard = await till.asked()
    await till.tg.clock.move(11)
    with pytest.raises(PaymentFailed):
        await paying
    await till.answering.take(heard)
