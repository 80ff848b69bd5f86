"""Telegram as a shop of the table of cases: a bot of the sandbox, a buyer who really pays its
invoices, the bot's questions answered by `Checkouts`, and its updates delivered over HTTP."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from starlette.requests import Request as Asked
from starlette.responses import JSONResponse
from starlette.responses import Response as Answer
from starlette.routing import Route

from kassa.db import Database
from kassa.payments import Payments
from kassa.payments.arrivals import arrived
from kassa.payments.checkouts import Checkouts
from kassa.payments.providers.protocol import Checkout, Created, Order, Provider
from kassa.secret import Secret
from tgsandbox import Sandbox
from tgsandbox.bots import BotAccess
from tgsandbox.people import Person
from tgsandbox.providers.bank import PROVIDERS, Json, Letter, Payment, Shop
from tgsandbox.providers.records import KINDS, Callback
from tgsandbox.telegram.payments.checkout import Receipt

T = TypeVar("T")

SECRET_KEY = Secret("test key " * 5)
CALLS = ("refundStarPayment", "getStarTransactions", "getMe", "editUserStarSubscription")
QUERIES = {
    "pre_checkout_query": "answerPreCheckoutQuery",
    "shipping_query": "answerShippingQuery",
}


class NativeShop(Shop):
    """Its books are the sandbox's own, beside what a test has booked by hand."""

    ladder = (1, 2, 4, 8, 16, 32, 64, 64, 64)
    stars: ClassVar[bool]

    tg: Sandbox
    bot: BotAccess
    buyer: Person
    checkouts: Checkouts

    def open(self, tg: Sandbox) -> None:
        self.tg = tg
        self.bot = tg.bot(f"{self.name}_bot")
        self.buyer = tg.user("Buyer", stars=1_000_000)
        self.seen = 0
        self.held_back: list[Json] = []  # updates that a test wants to deliver itself
        self.holding = False
        self.agrees = False  # to sell, whatever our own judgement is

    def watch(self, payments: Payments, provider: Provider) -> None:
        """What is made is known here, as it is by Telegram once the invoice is sent."""
        self.checkouts = Checkouts(payments, SECRET_KEY)
        create = provider.create

        async def noted(order: Order) -> Any:
            made = await create(order)
            if isinstance(made, Created) and self.find(made.ref) is None:
                amount = order.amount
                payment = Payment(made.ref, order.key, amount.amount, amount.currency)
                payment.data = dict(_invoice(provider.shown(made.checkout, order.bot)))
                self.add(payment)
            return made

        provider.create = noted  # type: ignore[method-assign]

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": self.bot.token, "provider_token": self.bot.provider_token}

    def held(self) -> dict[str, int]:
        """What Telegram, or the provider behind it, has for this bot."""
        found: dict[str, int] = {}
        for each in self.tg.books():
            if each["bot"] == self.bot.id and (each["currency"] == "XTR") == self.stars:
                sign = 1 if each["kind"] == "charge" else -1
                currency = each["currency"]
                found[currency] = found.get(currency, 0) + sign * each["amount"]
        for entry in self.books():
            found[entry.currency] = found.get(entry.currency, 0) + KINDS[entry.kind] * entry.amount
        return found

    # --- what people do

    async def link(self, ref: str) -> str:
        link: str = await self.bot.call("createInvoiceLink", **self.payment(ref).data)
        return link

    async def pay(
        self,
        ref: str,
        *,
        amount: int | None = None,
        currency: str | None = None,
        again: bool = False,
        **how: Any,
    ) -> Payment:
        """`how` is a person's: tip, shipping, card …"""
        payment = self.payment(ref)
        if amount is not None or currency is not None:
            raise self.cannot("take another amount than is asked for")
        receipt = await self.serving(self.buyer.pay(await self.link(ref), **how))
        self._paid(payment, receipt)
        await self.pump()
        return payment

    def _paid(self, payment: Payment, receipt: Receipt) -> None:
        payment.state = "paid"
        payment.paid += receipt.charge.amount
        payment.paid_at = self.now()

    async def serving(self, act: Coroutine[Any, Any, T]) -> T:
        """The bot answers questions while somebody acts."""
        task = asyncio.ensure_future(act)
        while not task.done():
            await self.pump()
            await asyncio.sleep(0)
        return await task

    async def pump(self) -> None:
        """All updates that there are: questions are answered, the rest is on its way."""
        while updates := await self.bot.call("getUpdates", offset=self.seen, timeout=0):
            for update in updates:
                self.seen = update["update_id"] + 1
                await self._update(update)

    async def _update(self, update: Json) -> None:
        (kind,) = set(update) - {"update_id"}
        if kind in QUERIES:
            query = update[kind]
            if self.agrees and kind == "pre_checkout_query":
                await self.bot.call(QUERIES[kind], pre_checkout_query_id=query["id"], ok=True)
                return
            ask = self.checkouts.pre_checkout
            if kind == "shipping_query":
                ask = self.checkouts.shipping
            await self.bot.call(QUERIES[kind], **await ask(self.bot.id, query))
            return
        if self.holding:
            self.held_back.append(update)
            return
        self.callbacks.put(Callback(kind, "", update))

    async def delivered(self) -> None:
        await self.pump()
        await super().delivered()

    # --- what goes wrong

    def fault(self, call: str, what: str, *, times: int | None = 1, status: int = 500) -> None:
        methods = CALLS if call == "*" else (_METHODS[call],)
        for method in methods:
            if what in ("timeout_after", "error_after"):
                self.tg.fault(method, bot=self.bot, lose_answer=True, times=times)
            else:
                said = (429, "Too Many Requests: retry after 3") if what == "limit" else None
                error = said or (status, "Internal Server Error")
                self.tg.fault(method, bot=self.bot, error=error, times=times)

    def mend(self) -> None:
        super().mend()
        self.tg.mend()

    # --- as a shop has it

    def letter(self, callback: Callback, *, at: float, secrets: list[str]) -> Letter:
        body = json.dumps(callback.payload).encode()
        return Letter(callback.url, body, {"content-type": "application/json"})


class StarsShop(NativeShop):
    provider = "stars"
    title = "Telegram Stars"
    stars = True

    def do_refund(self, payment: Payment, amount: int) -> None:
        raise self.cannot("refund a part")


class TelegramShop(NativeShop):
    provider = "telegram"
    title = "Telegram's payments"
    stars = False


_METHODS = {"refund": "refundStarPayment", "list": "getStarTransactions"}
PROVIDERS.setdefault("stars", "tests.payments.native:StarsShop")
PROVIDERS.setdefault("telegram", "tests.payments.native:TelegramShop")


def _invoice(checkout: Checkout) -> Json:
    assert checkout.invoice is not None
    return dict(checkout.invoice)


def routes(database: Database, payments: Payments, bot: int) -> list[Route]:
    """The runtime's webhook, as far as money goes: one transaction around an update."""

    async def take(request: Asked) -> Answer:
        update = await request.json()
        async with database.transaction() as tx:
            await arrived(tx, payments, bot, update)
        return JSONResponse({"ok": True})

    return [Route("/update", take, methods=["POST"])]
