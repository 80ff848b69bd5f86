"""The payment sheet: what a payer does between the Pay button and the receipt."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgsandbox.telegram import wire
from tgsandbox.telegram.payments.currencies import CURRENCIES
from tgsandbox.telegram.payments.failures import PaymentFailed, VerificationNeeded
from tgsandbox.telegram.payments.invoices import MOST, Invoice
from tgsandbox.telegram.payments.order_info import checked_info
from tgsandbox.telegram.payments.records import Charge
from tgsandbox.telegram.records import Json, Message, Query, User

if TYPE_CHECKING:
    from tgsandbox.telegram.payments.till import Till

ANSWER_WITHIN = 10.0  # seconds that a bot has for a query
PROVIDER_WITHIN = 60.0  # and a payment provider for a card

CARDS = ("ok", "declined", "insufficient", "3ds", "hang")

MOVES = {
    "open": {"shipping", "checking", "closed"},
    "shipping": {"open", "closed"},  # the bot is asked how it ships
    "checking": {"open", "charging", "confirming", "paid", "closed"},  # ... and whether it sells
    "charging": {"open", "closed"},  # the provider takes its time
    "confirming": {"open", "paid", "closed"},  # the payer's bank wants to hear from him
    "paid": set(),
    "closed": set(),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is about to be paid."""

    total: int
    tip: int
    shipping_option: str | None
    info: Json | None

    def row(self) -> Json:
        """As pre-checkout queries and successful payments have it."""
        found: Json = {}
        if self.shipping_option is not None:
            found["shipping_option_id"] = self.shipping_option
        if self.info:
            found["order_info"] = self.info
        return found


@dataclass(frozen=True, slots=True)
class Receipt:
    charge: Charge
    message: Message  # the service message in the chat with the bot
    order: Order


class Checkout:
    """One window of one payer. At most one charge comes out of it, whatever happens in it."""

    def __init__(
        self, till: "Till", user: User, invoice: Invoice, message: Message | None = None
    ) -> None:
        self._till = till
        self.user = user
        self.invoice = invoice
        self.message = message
        self.bot = till.world.bots[invoice.bot_id]
        self.state = "open"
        self.info: Json | None = None  # what was submitted
        self.shipping_options: list[Json] = []
        self._waiting: asyncio.Future[Json | None] | None = None
        self._unconfirmed: Order | None = None

    def form(self) -> Json:
        """Everything that a payment sheet shows."""
        invoice = self.invoice
        saved = self._till.saved.get(self.user.id)
        return {
            "bot": wire.user(self.bot),
            "title": invoice.title,
            "description": invoice.description,
            "photo": invoice.photo,
            "prices": invoice.prices,
            "currency": invoice.currency,
            "exponent": CURRENCIES[invoice.currency].exponent,
            "total_amount": invoice.total,
            "needs": invoice.needs,
            "phone_to_provider": invoice.phone_to_provider,
            "email_to_provider": invoice.email_to_provider,
            "max_tip_amount": invoice.max_tip,
            "suggested_tip_amounts": invoice.suggested_tips,
            "flexible": invoice.flexible,
            "shipping_options": self.shipping_options,
            "recurring": bool(invoice.period),
            "subscription_period": invoice.period,
            "saved_info": saved.info if saved else {},
            "stars": self.user.stars,
            "test": ":TEST:" in invoice.provider_token,
            "paid": invoice.paid is not None,
            "state": self.state,
        }

    async def submit(self, info: Json) -> list[Json]:
        """The payer's details; what the bot then offers for shipping, where it is asked."""
        with self._reporting():
            self._expect_open()
            self.info, self.shipping_options = None, []
            checked = checked_info(self.invoice, info)
            self._till.save_info(self.user, checked)
            if self.invoice.flexible:
                with self._while("shipping"):
                    self.shipping_options = await self._ask_how_to_ship(checked)
            self.info = checked
            return self.shipping_options

    async def pay(
        self, *, card: str = "ok", tip: int = 0, shipping_option: str | None = None
    ) -> Receipt:
        """The bot agrees, the money is taken, the bot is told.

        A card of 3-D Secure raises VerificationNeeded instead: `confirm` goes on from there.
        """
        if card not in CARDS:
            raise ValueError(f"{card!r} is not a card; there are {', '.join(CARDS)}.")
        with self._reporting():
            self._expect_open()
            order = self._order(tip, shipping_option)
            self._expect_payable(order)
            with self._while("checking"):
                await self._ask_to_sell(order)
                if not self.invoice.in_stars:
                    await self._ask_provider(card, order)
                return self._take(order)

    async def confirm(self, agreed: bool) -> Receipt:
        """What the payer told the bank."""
        with self._reporting():
            order, self._unconfirmed = self._unconfirmed, None
            if self.state != "confirming" or order is None:
                raise PaymentFailed("NOTHING_TO_CONFIRM")
            with self._back_to_open("confirming"):
                if not agreed:
                    raise PaymentFailed("PAYMENT_VERIFICATION_FAILED")
                return self._take(order)

    def give_up(self) -> None:
        """The payer closes the sheet, at any moment. What is paid stays paid."""
        if not MOVES[self.state]:
            return
        self._move("closed")
        self._till.world.events.emit(
            "checkout_closed", user=self.user, bot=self.bot, invoice=self.invoice.slug
        )
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    # --- what is to be paid

    def _order(self, tip: int, shipping_option: str | None) -> Order:
        invoice = self.invoice
        if any(invoice.needs.values()) and self.info is None:
            raise PaymentFailed("REQUESTED_INFO_MISSING")
        if not 0 <= tip <= invoice.max_tip:
            raise PaymentFailed("TIP_AMOUNT_INVALID")
        total = invoice.total + tip
        if invoice.flexible or shipping_option is not None:
            chosen = [each for each in self.shipping_options if each["id"] == shipping_option]
            if not chosen:
                raise PaymentFailed("SHIPPING_OPTION_INVALID")
            total += sum(price["amount"] for price in chosen[0]["prices"])
        if not 0 < total <= MOST:
            raise PaymentFailed("TOTAL_AMOUNT_INVALID")
        return Order(total, tip, shipping_option, self.info or None)

    def _expect_payable(self, order: Order) -> None:
        invoice = self.invoice
        if invoice.single and invoice.paid is not None:
            raise PaymentFailed("INVOICE_ALREADY_PAID")
        if invoice.period and self._till.subscriptions.of(self.user, invoice):
            raise PaymentFailed("SUBSCRIPTION_ALREADY_ACTIVE")
        if invoice.in_stars and self.user.stars < order.total:
            raise PaymentFailed("BALANCE_TOO_LOW")

    def _take(self, order: Order) -> Receipt:
        """Without a pause from the last look to the charge: nobody comes in between."""
        till, invoice = self._till, self.invoice
        self._expect_payable(order)
        charge = till.take(
            self.user,
            self.bot,
            invoice.currency,
            order.total,
            "subscription" if invoice.period else "invoice",
            payload=invoice.payload,
            provider_token=invoice.provider_token,
            invoice=invoice.slug,
            period=invoice.period,
        )
        self._move("paid")
        more = order.row()
        if invoice.single:
            invoice.paid = charge.id
            till.keep(invoice)
            if message := self.message:
                till.world.events.emit("receipt", chat=message.chat, message=message)
        if invoice.period:
            subscription = till.subscriptions.start(charge, invoice)
            more |= {
                "subscription_expiration_date": subscription.expires,
                "is_recurring": True,
                "is_first_recurring": True,
            }
        return Receipt(charge, till.announce(charge, message=self.message, **more), order)

    # --- whom it takes

    async def _ask_how_to_ship(self, info: Json) -> list[Json]:
        answer = await self._ask(
            "shipping",
            "SHIPPING_BOT_TIMEOUT",
            invoice_payload=self.invoice.payload,
            shipping_address=info["shipping_address"],
        )
        if not answer["ok"]:
            raise PaymentFailed("SHIPPING_NOT_AVAILABLE", answer["error_message"])
        options: list[Json] = answer["shipping_options"]
        self._till.world.events.emit(
            "shipping_options", user=self.user, bot=self.bot, options=options
        )
        return options

    async def _ask_to_sell(self, order: Order) -> None:
        answer = await self._ask(
            "pre_checkout",
            "BOT_PRECHECKOUT_TIMEOUT",
            currency=self.invoice.currency,
            total_amount=order.total,
            invoice_payload=self.invoice.payload,
            **order.row(),
        )
        if not answer["ok"]:
            raise PaymentFailed("BOT_PRECHECKOUT_FAILED", answer["error_message"])

    async def _ask_provider(self, card: str, order: Order) -> None:
        match card:
            case "declined":
                raise PaymentFailed("PAYMENT_DECLINED")
            case "insufficient":
                raise PaymentFailed("PAYMENT_INSUFFICIENT_FUNDS")
            case "hang":
                self._move("charging")
                self._waiting = asyncio.get_running_loop().create_future()
                await self._answer_within(PROVIDER_WITHIN, "PROVIDER_ACCOUNT_TIMEOUT")
            case "3ds":
                self._unconfirmed = order
                self._move("confirming")
                self._till.world.events.emit(
                    "verification_needed",
                    user=self.user,
                    bot=self.bot,
                    invoice=self.invoice.slug,
                )
                raise VerificationNeeded

    async def _ask(self, kind: str, late: str, **body: object) -> Json:
        """A query to the bot, and its answer."""
        world = self._till.world
        waiting = self._waiting = asyncio.get_running_loop().create_future()

        def answered(query: Query) -> None:
            if not waiting.done():
                waiting.set_result(query.answer)

        query = world.ask(kind, self.bot, self.user, lives=ANSWER_WITHIN, invoice=self.invoice.slug)
        query.waiting = answered
        world.inboxes[self.bot.id].push(
            f"{kind}_query",
            {"id": query.id, "from": wire.user(self.user), **body},
            f"payment:{self.user.id}",
        )
        return await self._answer_within(ANSWER_WITHIN, late)

    async def _answer_within(self, seconds: float, late: str) -> Json:
        """What the one we wait for says; nothing when the time is up or the payer has gone."""
        waiting = self._waiting
        assert waiting is not None

        def too_late() -> None:
            if not waiting.done():
                waiting.set_result(None)

        timer = self._till.world.clock.after(seconds, too_late)
        try:
            answer = await waiting
        finally:
            timer.cancel()
            self._waiting = None
        if self.state == "closed":
            raise PaymentFailed("CHECKOUT_CLOSED")
        if answer is None:
            raise PaymentFailed(late)
        return answer

    # --- the state

    def _expect_open(self) -> None:
        match self.state:
            case "open":
                return
            case "closed":
                raise PaymentFailed("CHECKOUT_CLOSED")
            case "paid":
                raise PaymentFailed("INVOICE_ALREADY_PAID")
            case _:
                raise PaymentFailed("PAYMENT_IN_PROGRESS")

    def _move(self, state: str) -> None:
        assert state in MOVES[self.state], f"{self.state} -> {state}"
        self.state = state

    @contextmanager
    def _while(self, state: str) -> Iterator[None]:
        self._move(state)
        with self._back_to_open(state, "charging"):
            yield

    @contextmanager
    def _back_to_open(self, *states: str) -> Iterator[None]:
        """Whatever ended the attempt: from one of these states the payer may try again."""
        try:
            yield
        finally:
            if self.state in states:
                self._move("open")

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except PaymentFailed as error:
            if error.code != "CHECKOUT_CLOSED":
                self._till.tell_failed(self.user, self.bot, self.invoice.slug, error)
            raise
