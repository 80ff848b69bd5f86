"""Telegram Stars: paid to a bot, kept by Telegram, given back whole by one call."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from kassa.botapi import BotApi, NotDone, NotKnown
from kassa.botapi import Refused as Said
from kassa.config import Settings
from kassa.money import Money
from kassa.payments.invoices import LABEL, MOST_STARS, STARS, cut
from kassa.payments.providers.native import (
    FAILURES,
    Native,
    bots_of,
    declined,
    payload_key,
)
from kassa.payments.providers.protocol import (
    Abilities,
    Declined,
    Finding,
    GiveBack,
    Method,
    Mute,
    Order,
    Refunded,
    Report,
    Unknown,
    Why,
)
from kassa.payments.providers.reading import moment

PAGE = 100  # transactions in an answer
MOST_PAGES = 2000
SKEW = timedelta(minutes=10)  # between Telegram's clock and ours

Json = Mapping[str, Any]


def from_settings(settings: Settings) -> "Stars | None":
    return Stars(bots_of(settings), payload_key(settings)) if settings.bots else None


class Stars(Native):
    name = "stars"
    abilities = Abilities(refund="api", status=False, list=True, find=True, partial_refund=False)
    methods = (Method("stars", (STARS,), most={STARS: MOST_STARS}),)

    def prices(self, order: Order) -> list[tuple[str, Money]]:
        """Exactly one, whatever the lines of the receipt are."""
        return [(cut(order.description, LABEL), order.amount)]

    # -- giving back

    async def refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        bot, payer = self.bot(back.bot), back.payer.telegram_id
        if bot is None or payer is None:
            return Declined(Why.CONFIGURATION, f"There is no bot {back.bot}, or no payer.")
        try:
            await bot.call(
                "refundStarPayment",
                {"user_id": payer, "telegram_payment_charge_id": back.charge},
            )
        except Said as error:
            if "CHARGE_ALREADY_REFUNDED" not in error.words:
                return declined(error)
        except NotDone as error:
            return Declined(Why.DOWN, str(error))
        except NotKnown as error:
            return Unknown(str(error))
        return Refunded(back.charge)

    async def find_refund(self, back: GiveBack) -> Refunded | Declined | Unknown:
        bot = self.bot(back.bot)
        if bot is None or back.asked_at is None:
            return Unknown(f"There is no bot {back.bot} to ask.")
        try:
            async for each in _transactions(bot, back.asked_at - SKEW):
                if each.get("id") == back.charge and "receiver" in each:
                    return Refunded(back.charge)
        except Mute as error:
            return Unknown(str(error))
        return Declined(Why.DECLINED, "Telegram has given back no such Stars.")

    # -- subscriptions

    async def stop(self, bot: str, payer: int, charge: str) -> None:
        """The subscription ends with the period that is paid for."""
        await self._edit(bot, payer, charge, canceled=True)

    async def resume(self, bot: str, payer: int, charge: str) -> None:
        """The payer may let a subscription go on that we have stopped."""
        await self._edit(bot, payer, charge, canceled=False)

    async def _edit(self, bot: str, payer: int, charge: str, *, canceled: bool) -> None:
        found = self.bot(bot)
        if found is None:
            raise Mute(f"There is no bot {bot} here.")
        await found.call(
            "editUserStarSubscription",
            {"user_id": payer, "telegram_payment_charge_id": charge, "is_canceled": canceled},
        )

    # -- what was paid

    async def list(self, since: datetime, until: datetime) -> AsyncIterator[Report]:
        """Of all bots; a refund has the name of its charge, and a receiver for a source. Oldest
        first, since the first payment of a subscription is known by that."""
        for name, bot in self.bots.items():
            found: dict[str, Report] = {}
            async for each in _transactions(bot, since):
                report = self._report(name, each)
                if report is not None and report.at is not None and report.at <= until:
                    known = found.get(report.charge)
                    found[report.charge] = (
                        report if known is None else replace(known, refunded=report.refunded)
                    )
            for report in found.values():
                yield report

    def _report(self, bot: str, transaction: Json) -> Report | None:
        """Of invoices; media, gifts and what goes to Telegram are no payments of ours."""
        back = "receiver" in transaction
        partner = transaction.get("receiver" if back else "source")
        charge, amount = transaction.get("id"), transaction.get("amount")
        if not isinstance(partner, dict) or partner.get("transaction_type") != "invoice_payment":
            return None
        if not isinstance(charge, str) or type(amount) is not int or amount <= 0:
            return None
        return self.report(
            bot=bot,
            charge=charge,
            said=partner.get("invoice_payload"),
            amount=Money(amount, STARS),
            at=moment(transaction.get("date")),
            given_back=back,
            renews=None,
        )

    # -- the doctor

    async def more_findings(self, name: str, bot: BotApi) -> Sequence[Finding]:
        try:
            balance = await bot.call("getMyStarBalance", seconds=10)
        except FAILURES as error:
            return [Finding(f"Stars of bot {name}", None, str(error))]
        return [Finding(f"Stars of bot {name}", True, f"{balance.get('amount', 0)} with Telegram")]


async def _transactions(bot: BotApi, since: datetime) -> AsyncIterator[Json]:
    """From then on. They come oldest first and nothing goes from among them, so where to begin
    is found by halving."""
    low, step = 0, PAGE
    while (first := await _page(bot, low + step, 1)) and _date(first[0]) < since:
        low += step + 1
        step *= 2
    high = low + step
    while low < high:
        middle = (low + high) // 2
        found = await _page(bot, middle, 1)
        if found and _date(found[0]) < since:
            low = middle + 1
        else:
            high = middle
    for number in range(MOST_PAGES):
        page = await _page(bot, low + number * PAGE, PAGE)
        for each in page:
            yield each
        if len(page) < PAGE:
            return
    raise Mute("There are more Stars' transactions than can be read at once.")


async def _page(bot: BotApi, offset: int, limit: int) -> Sequence[Json]:
    try:
        answer = await bot.call("getStarTransactions", {"offset": offset, "limit": limit})
    except FAILURES as error:
        raise Mute(f"Telegram does not list Stars: {error}") from None
    found = answer.get("transactions") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Mute("Telegram's answer to getStarTransactions is no list.")
    return found


def _date(transaction: Json) -> datetime:
    found = moment(transaction.get("date"))
    if found is None:
        raise Mute("A transaction of Stars has no date.")
    return found
