"""A world with a bot that sells and a person who buys."""

import asyncio
from typing import Any

import pytest

from tgsandbox.telegram.args import Args
from tgsandbox.telegram.botapi import methods  # which fill METHODS
from tgsandbox.telegram.calls import METHODS, Call
from tgsandbox.telegram.errors import ApiError
from tgsandbox.telegram.payments.checkout import Checkout
from tgsandbox.telegram.payments.failures import PaymentFailed
from tgsandbox.telegram.payments.invoices import Invoice, invoice_of
from tgsandbox.telegram.payments.till import Till
from tgsandbox.telegram.records import Json, Message, Update, User
from tgsandbox.telegram.world import World

assert methods

CARD = {
    "title": "Tea",
    "description": "A pound of it",
    "payload": "order-1",
    "provider_token": "381764678:TEST:100",
    "currency": "EUR",
    "prices": [{"label": "Tea", "amount": 1500}, {"label": "Discount", "amount": -300}],
}
STARS = {
    "title": "Gems",
    "description": "A bag of them",
    "payload": "order-2",
    "currency": "XTR",
    "prices": [{"label": "Gems", "amount": 50}],
}
MONTHLY = STARS | {"payload": "club", "subscription_period": 2592000}
ADDRESS = {
    "country_code": "DE",
    "state": "",
    "city": "Hamburg",
    "street_line1": "Speicherstadt 1",
    "street_line2": "",
    "post_code": "20457",
}
SHIPPING = [
    {"id": "post", "title": "By post", "prices": [{"label": "Stamp", "amount": 400}]},
    {"id": "fetch", "title": "Fetch it", "prices": [{"label": "Thanks", "amount": -200}]},
]


class Shop:
    def __init__(self, seed: int = 7) -> None:
        self.world = World(seed=seed)
        self.bot = self.world.bot("shop_bot")
        self.user = self.buyer("Ann", stars=1000)
        self.inbox = self.world.inboxes[self.bot.id]

    @property
    def till(self) -> Till:
        return self.world.till

    def buyer(self, name: str, *, stars: int = 0) -> User:
        user = self.world.new_user(name)
        self.world.private_chat(user, self.bot).started = True
        if stars:
            self.world.till.buy_stars(user, stars)
        return user

    def call(self, method: str, **args: Any) -> Any:
        return METHODS[method.lower()](Call(self.world, self.bot, Args(values=args)))

    def invoice(self, about: Json, *, link: bool = True, **more: Any) -> Invoice:
        call = Call(self.world, self.bot, Args(values=about | more))
        invoice = invoice_of(call, link=link)
        self.till.keep(invoice)
        return invoice

    def sheet(self, about: Json, **more: Any) -> Checkout:
        """The sheet of a link, in the hands of Ann."""
        return self.till.open(self.user, self.invoice(about, **more))

    def sent(self, about: Json, **more: Any) -> tuple[Message, Invoice]:
        """An invoice in Ann's chat."""
        shown = self.call("sendInvoice", chat_id=self.user.id, **(about | more))
        message = self.world.private_chat(self.user, self.bot).messages[shown["message_id"]]
        assert message.invoice
        return message, self.till.invoices[message.invoice]

    # --- the bot

    def updates(self, kind: str) -> list[Json]:
        return [each.body for each in self.inbox.pending.values() if each.type == kind]

    def payments(self) -> list[Json]:
        """What the bot has heard of money."""
        return [
            each["successful_payment"]
            for each in self.updates("message")
            if "successful_payment" in each
        ]

    async def asked(self, kind: str, times: int = 1) -> Json:
        """The query, as soon as the bot has it."""
        async with asyncio.timeout(5):
            while len(self.updates(kind)) < times:
                await asyncio.sleep(0)
        return self.updates(kind)[times - 1]

    def sells(self, refusal: str = "") -> None:
        """From here on the bot answers all queries at once."""

        def answer(update: Update) -> None:
            if update.type == "pre_checkout_query":
                self.agree(update.body, refusal)
            if update.type == "shipping_query":
                self.ship(update.body, refusal)

        self.inbox.on_new = answer

    def agree(self, query: Json, refusal: str = "") -> None:
        verdict = {"ok": "false", "error_message": refusal} if refusal else {"ok": "true"}
        assert self.call("answerPreCheckoutQuery", pre_checkout_query_id=query["id"], **verdict)

    def ship(self, query: Json, refusal: str = "") -> None:
        verdict: Json = {"ok": True, "shipping_options": SHIPPING}
        if refusal:
            verdict = {"ok": False, "error_message": refusal}
        assert self.call("answerShippingQuery", shipping_query_id=query["id"], **verdict)

    # --- what must hold

    def events(self, kind: str) -> list[Json]:
        return [each.data for each in self.world.events.since(0) if each.kind == kind]

    def charged(self) -> list[int]:
        return [charge.amount for charge in self.till.charges.values()]


def refused(shop: Shop, method: str, **args: Any) -> str:
    with pytest.raises(ApiError) as caught:
        shop.call(method, **args)
    return f"{caught.value.code} {caught.value.description}"


async def failed(doing: Any) -> tuple[str, str]:
    """With which code and text a payment fails."""
    with pytest.raises(PaymentFailed) as caught:
        await doing
    return caught.value.code, caught.value.text
