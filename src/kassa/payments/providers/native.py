"""What Telegram's own ways to pay have in common: an invoice is words of ours until it is paid, so
that making one needs no network, and what became of it comes in the bots' updates."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kassa.botapi import BotApi, NotDone, NotKnown
from kassa.botapi import Refused as Said
from kassa.config import Settings, secret_key
from kassa.errors import Invalid
from kassa.money import Money, from_telegram, to_telegram
from kassa.payments import payload
from kassa.payments.invoices import DESCRIPTION, TITLE, cut
from kassa.payments.payload import Payload
from kassa.payments.providers.protocol import (
    Callback,
    Checkout,
    Created,
    Declined,
    Finding,
    Incoming,
    Invoice,
    Order,
    Provider,
    Refused,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.reading import json_object, moment, part, text, whole

MONTH = 2_592_000  # seconds: the one period that Telegram knows
PAID, GIVEN_BACK = "successful_payment", "refunded_payment"

FAILURES = (Said, NotDone, NotKnown)


def bots_of(settings: Settings) -> dict[str, BotApi]:
    """By their numbers, as text."""
    return {
        str(each.id): BotApi(each.token, url=settings.telegram_api_url) for each in settings.bots
    }


def payload_key(settings: Settings) -> bytes:
    return payload.key_from(secret_key(settings))


class NoCallbacks(Invalid, NotImplementedError):
    """There is nothing that could be made up: it comes in updates."""


class Native(Provider):
    def __init__(self, bots: Mapping[str, BotApi], key: bytes) -> None:
        self.bots = dict(bots)
        self._key = key

    async def close(self) -> None:
        for each in self.bots.values():
            await each.close()

    def bot(self, name: str) -> BotApi | None:
        """A payment that names none is paid in the only one."""
        if not name and len(self.bots) == 1:
            return next(iter(self.bots.values()))
        return self.bots.get(name)

    # -- invoices

    async def create(self, order: Order) -> Created | Declined | Unknown:
        return self._made(order)

    async def find(self, order: Order) -> Created | None:
        made = self._made(order)
        return made if isinstance(made, Created) else None

    def _made(self, order: Order) -> Created | Declined:
        bot = self.bot(order.bot)
        if bot is None:
            return Declined(Why.CONFIGURATION, f"There is no bot {order.bot or 'named'} here.")
        if order.payer.telegram_id is None:
            return Declined(Why.INVALID, "Who pays inside Telegram is to be known by their id.")
        if order.hold or order.saved:
            return Declined(Why.INVALID, "Inside Telegram money is neither held nor kept.")
        try:
            return self._invoice(order, str(bot.id), order.payer.telegram_id)
        except Invalid as error:
            return Declined(Why.INVALID, str(error))

    def _invoice(self, order: Order, bot: str, payer: int) -> Created:
        wanted = order.invoice or Invoice()
        name = payload.make(
            self._key, Payload(order.key, bot, payer, order.amount, wanted.subscription)
        )
        said = {
            "title": cut(wanted.title or order.description, TITLE),
            "description": cut(wanted.description or order.description, DESCRIPTION),
            "payload": name,
            "currency": order.amount.currency,
            "prices": [
                {"label": label, "amount": to_telegram(amount)}
                for label, amount in self.prices(order)
            ],
            "photo_url": wanted.photo_url,
            "photo_size": wanted.photo_size,
            "photo_width": wanted.photo_width,
            "photo_height": wanted.photo_height,
            "max_tip_amount": wanted.max_tip,
            "suggested_tip_amounts": list(wanted.suggested_tips),
            "need_name": wanted.need_name,
            "need_phone_number": wanted.need_phone,
            "need_email": wanted.need_email,
            "need_shipping_address": wanted.need_address or wanted.flexible,
            "send_phone_number_to_provider": wanted.send_phone,
            "send_email_to_provider": wanted.send_email,
            "is_flexible": wanted.flexible,
            "subscription_period": MONTH if wanted.subscription else 0,
            "protect_content": wanted.protect,
        } | self.more(order, bot)
        invoice = {field: value for field, value in said.items() if value}
        return Created(name, Checkout(invoice=invoice))

    def prices(self, order: Order) -> list[tuple[str, Money]]:
        raise NotImplementedError

    def more(self, order: Order, bot: str) -> dict[str, Any]:
        """Of this provider alone; raises Invalid."""
        return {}

    # -- what updates say

    def verify(self, callback: Callback, *, at: datetime) -> None:
        raise Refused("Telegram tells of payments by the bots' updates, and not here.", 404)

    def parse(self, callback: Callback) -> Incoming:
        """What `arrivals` has stored of an update."""
        letter = json_object(callback.body)
        kind, paid = text(letter, "kind", most=50), part(letter, "payment")
        charge = text(paid, "telegram_payment_charge_id")
        report = self.report(
            bot=str(whole(letter, "bot")),
            charge=charge,
            said=paid.get("invoice_payload"),
            amount=from_telegram(whole(paid, "total_amount"), text(paid, "currency", most=10)),
            at=moment(letter.get("at")) if kind == PAID else None,
            given_back=kind == GIVEN_BACK,
            renews=_renews(kind, paid),
        )
        return Incoming(f"{kind}:{charge}", kind, (report,))

    def report(
        self,
        *,
        bot: str,
        charge: str,
        said: object,
        amount: Money,
        at: datetime | None,
        given_back: bool,
        renews: bool | None,
    ) -> Report:
        """Under the money's own name where the payload is not ours: it is nobody's, but money. And
        where it goes back from a subscription, since that does not say of which month it was."""
        ours = self.read(said, bot)
        if ours is not None and ours.subscription and given_back:
            ours = None
        return Report(
            ref=str(said) if ours else charge,
            state=State.PAID,
            key=ours.key if ours else "",
            charge=charge,
            amount=amount,
            refunded=amount if given_back else None,
            at=at,
            renews=renews if ours and ours.subscription else False,
        )

    def read(self, said: object, bot: str) -> Payload | None:
        """A payload of ours, in an update of this bot's."""
        ours = payload.read(self._key, said)
        return ours if ours is not None and ours.bot == bot else None

    def simulate(self, report: Report, *, at: datetime, forged: bool = False) -> Callback:
        raise NoCallbacks("Telegram tells of payments by the bots' updates: pay in the sandbox.")

    # -- the doctor

    async def check(self) -> Sequence[Finding]:
        found = []
        for name, bot in self.bots.items():
            try:
                me = await bot.call("getMe", seconds=10)
            except FAILURES as error:
                fine = False if isinstance(error, Said) else None
                found.append(Finding(f"bot {name}", fine, str(error)))
            else:
                found.append(Finding(f"bot {name}", True, f"@{me.get('username', '')}"))
                found += await self.more_findings(name, bot)
        return found

    async def more_findings(self, name: str, bot: BotApi) -> Sequence[Finding]:
        return ()


def _renews(kind: str, paid: Mapping[str, Any]) -> bool | None:
    """Whether it is a later payment of a subscription, if it is of one at all."""
    if kind != PAID or not paid.get("is_recurring"):
        return None
    return not paid.get("is_first_recurring")


def declined(error: Said) -> Declined:
    """A refusal in Telegram's words."""
    if error.code == 429:
        return Declined(Why.DOWN, str(error))
    if error.code in (401, 404):
        return Declined(Why.CONFIGURATION, str(error))
    return Declined(Why.DECLINED, str(error))
