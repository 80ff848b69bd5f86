"""The last word before money moves inside Telegram: is this to be paid, by them, now?

    answer = await checkouts.pre_checkout(bot.id, update["pre_checkout_query"])
    await bot.api.call("answerPreCheckoutQuery", answer)

Telegram waits ten seconds and then tells the payer that the bot is dead. So there is an answer in
time whatever happens: what cannot be known by then is a no, in words.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kassa import clock, texts
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.log import get
from kassa.money import Money, from_telegram
from kassa.payments import payload, rows
from kassa.payments.invoices import STARS
from kassa.payments.models import (
    Agreed,
    Asked,
    Message,
    Payment,
    Purpose,
    Refusal,
    ShippingOption,
    Status,
)
from kassa.payments.payload import Payload
from kassa.payments.providers.protocol import Invoice
from kassa.payments.service import Payments
from kassa.payments.telling import ON_ITS_WAY
from kassa.secret import Secret

SECONDS = 6.0  # of the ten that Telegram waits
LATE = timedelta(days=1)  # so long updates wait for us; money that was agreed to is not late
JUST_NOW = timedelta(seconds=10)  # after a yes, until the same is asked from another sheet
MOST_WORDS = 200
MOST_AGREED = 8  # totals that are remembered

PAYABLE = (Status.CREATED, Status.AWAITING_PAYER, Status.FAILED)

Json = Mapping[str, Any]

_log = get(__name__)


class No(Exception):
    """A refusal: words, in the language that was known by then."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


@dataclass(frozen=True, slots=True)
class Found:
    """What the question is about; `language` is the payer's."""

    payment: Payment
    attempt: int
    details: dict[str, Any]
    language: str
    charging: bool  # a kept payment method, of which nobody knows

    def no(self, text: str, **args: object) -> No:
        return No(_say(self.language, text, **args))


class Checkouts:
    def __init__(self, payments: Payments, secret_key: Secret) -> None:
        self._payments = payments
        self._key = payload.key_from(secret_key)
        self._left: set[asyncio.Task[Any]] = set()

    async def pre_checkout(
        self, bot: int, query: Json, *, seconds: float = SECONDS
    ) -> dict[str, Any]:
        """What answerPreCheckoutQuery is given. Never raises, and never comes later."""
        answer: dict[str, Any] = {"pre_checkout_query_id": query.get("id")}
        try:
            await self._in_time(self._agree(bot, query), seconds)
        except No as no:
            return {**answer, "ok": False, "error_message": no.words[:MOST_WORDS]}
        except Exception as error:  # noqa: BLE001 (edge: update; the payer waits)
            _log.warning("checkout.failed", bot=bot, exc_info=error)
            words = _say(_language(query), "checkout-later")
            return {**answer, "ok": False, "error_message": words}
        return {**answer, "ok": True}

    async def shipping(self, bot: int, query: Json, *, seconds: float = SECONDS) -> dict[str, Any]:
        """What answerShippingQuery is given. Never raises, and never comes later."""
        answer: dict[str, Any] = {"shipping_query_id": query.get("id")}
        try:
            options = await self._in_time(self._ships(bot, query), seconds)
        except No as no:
            return {**answer, "ok": False, "error_message": no.words[:MOST_WORDS]}
        except Exception as error:  # noqa: BLE001 (edge: update; the payer waits)
            _log.warning("shipping.failed", bot=bot, exc_info=error)
            words = _say(_language(query), "checkout-later")
            return {**answer, "ok": False, "error_message": words}
        shown = [
            {
                "id": each.id,
                "title": each.title,
                "prices": [{"label": label, "amount": cost.amount} for label, cost in each.prices],
            }
            for each in options
        ]
        return {**answer, "ok": True, "shipping_options": shown}

    async def _in_time(self, work: "Awaitable[Any]", seconds: float) -> Any:
        """Not `asyncio.timeout`: what is called off may take its time, too."""
        task = asyncio.ensure_future(work)
        self._left.add(task)
        task.add_done_callback(self._over)
        try:
            await asyncio.wait({task}, timeout=seconds)
        except BaseException:
            task.cancel()
            raise
        if not task.done():
            task.cancel()
            raise TimeoutError(f"There was no answer in {seconds} s.")
        return task.result()

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # it has been told, or nobody waits any more

    # -- what it is about

    def _read(self, bot: int, query: Json) -> Payload:
        """What needs no database: a stranger's question costs nothing."""
        language = _language(query)
        ours = payload.read(self._key, query.get("invoice_payload"))
        if ours is None or ours.bot != str(bot):
            raise No(_say(language, "checkout-unknown"))
        if _payer(query) != ours.payer:
            raise No(_say(language, "checkout-not-yours"))
        return ours

    async def _find(self, tx: Tx, ours: Payload, query: Json) -> Found:
        """With the payer's lock."""
        language = _language(query)
        provider = "stars" if ours.price.currency == STARS else "telegram"
        attempt = await tx.fetchval(
            "SELECT attempt_id FROM payments.find_and_lock($1, $2, $3, $4)",
            *([provider], [""], [ours.key], [""]),
        )
        if attempt is None:
            raise No(_say(language, "checkout-unknown"))
        row = await tx.fetchrow(
            f"""
            SELECT {rows.PAYMENT}, a.id AS attempt_id, u.language, u.blocked_at,
                   EXISTS (SELECT FROM payments.attempt o
                            WHERE o.payment_id = p.id AND o.saved <> ''
                              AND o.status IN ('prepared', 'sent', 'unknown')) AS charging
              FROM payments.attempt a
              JOIN payments.payment p ON p.id = a.payment_id
              LEFT JOIN users.person u ON u.id = p.user_id
             WHERE a.id = $1 AND a.status <> 'declined'
            """,
            attempt,
        )
        if row is None:
            raise No(_say(language, "checkout-unknown"))
        found = Found(
            rows.payment(row),
            row["attempt_id"],
            row["details"],
            row["language"] or language,
            row["charging"],
        )
        if row["blocked_at"] is not None:
            raise found.no("checkout-blocked")
        return found

    # -- may it be paid?

    async def _agree(self, bot: int, query: Json) -> None:
        ours = self._read(bot, query)
        await self._payments.database.run(lambda tx: self._judge(tx, ours, query), attempts=2)

    async def _judge(self, tx: Tx, ours: Payload, query: Json) -> None:
        found = await self._find(tx, ours, query)
        asked = found.details.get("asked", {})
        if query.get("id") in asked.get("queries", ()):
            return  # the same question once more
        now = clock.now()
        _expect_payable(found, asked, now)
        payment, purpose = found.payment, self._payments.purposes.get(found.payment.purpose)
        total = _total(query)
        if total is None or payment.price != ours.price:
            raise found.no("checkout-price")
        shipping = await self._cost(tx, found, purpose, query)
        invoice = payment.invoice or Invoice()
        if total.currency != payment.price.currency:
            raise found.no("checkout-price")
        tip = total - payment.price - shipping
        if not 0 <= tip.amount <= invoice.max_tip:
            raise found.no("checkout-price")
        info = query.get("order_info")
        agreed = Agreed(
            total,
            tip,
            str(query.get("shipping_option_id") or ""),
            info if isinstance(info, Mapping) else {},
        )
        if purpose is not None and purpose.on_checkout is not None:
            refusal = await purpose.on_checkout(tx, payment, _asked(agreed))
            if refusal is not None:
                raise No(_words(found.language, purpose, refusal))
        await _write(tx, found, agreed, str(query.get("id")), now)

    async def _cost(self, tx: Tx, found: Found, purpose: Purpose | None, query: Json) -> Money:
        """Of the chosen way to ship: asked for again, since the address may be another now."""
        nothing = Money.zero(found.payment.price.currency)
        chosen = query.get("shipping_option_id")
        if chosen is None and not (found.payment.invoice or Invoice()).flexible:
            return nothing
        info = query.get("order_info")
        address = info.get("shipping_address") if isinstance(info, Mapping) else None
        for each in await _options(tx, found, purpose, address):
            if each.id == chosen:
                return each.cost
        raise found.no("checkout-price")

    # -- how does it ship?

    async def _ships(self, bot: int, query: Json) -> list[ShippingOption]:
        ours = self._read(bot, query)
        async with self._payments.database.transaction() as tx:
            found = await self._find(tx, ours, query)
            _expect_payable(found, {}, clock.now())
            purpose = self._payments.purposes.get(found.payment.purpose)
            return await _options(tx, found, purpose, query.get("shipping_address"))


def _expect_payable(found: Found, asked: Json, now: datetime) -> None:
    payment = found.payment
    if payment.status is Status.SUCCEEDED:
        raise found.no("checkout-paid")
    if payment.status in (Status.PROCESSING, Status.AUTHORIZED) or found.charging:
        raise found.no("checkout-under-way")
    ends = datetime.fromisoformat(asked["until"]) if "until" in asked else payment.expires_at
    if payment.status is Status.EXPIRED or ends <= now:
        raise found.no("checkout-expired")
    if payment.status not in PAYABLE:
        raise found.no("checkout-closed")
    if asked:
        ago = now - datetime.fromisoformat(asked["at"])
        if ago < (JUST_NOW if asked["attempt"] == found.attempt else ON_ITS_WAY):
            raise found.no("checkout-under-way")


async def _options(
    tx: Tx, found: Found, purpose: Purpose | None, address: object
) -> list[ShippingOption]:
    if purpose is None or purpose.on_shipping is None or not isinstance(address, Mapping):
        raise found.no("checkout-no-shipping")
    said = await purpose.on_shipping(tx, found.payment, address)
    if isinstance(said, str | Message):
        raise No(_words(found.language, purpose, said))
    options = list(said)
    currency = found.payment.price.currency
    if not options:
        raise found.no("checkout-no-shipping")
    if len({each.id for each in options}) < len(options):
        raise Invalid(f"{purpose.name} has two ways to ship of one name.")
    if any(each.cost.currency != currency for each in options):
        raise Invalid(f"{purpose.name} ships for another currency than {currency}.")
    return options


async def _write(tx: Tx, found: Found, agreed: Agreed, query: str, now: datetime) -> None:
    """The total is the amount from now on; and money that is on its way cannot be late."""
    payment, details = found.payment, dict(found.details)
    before = details.get("asked", {})
    others = [each for each in details.get("agreed", ()) if each["total"] != agreed.total.amount]
    said = {
        "total": agreed.total.amount,
        "tip": agreed.tip.amount,
        "shipping": agreed.shipping,
        "order_info": dict(agreed.order_info),
    }
    details["agreed"] = [*others[1 - MOST_AGREED :], said]
    details["listed"] = payment.price.amount
    details["asked"] = {
        "queries": [*before.get("queries", ())[-MOST_AGREED:], query],
        "attempt": found.attempt,
        "at": now.isoformat(),
        "until": before.get("until") or payment.expires_at.isoformat(),
    }
    await tx.execute(
        """
        UPDATE payments.payment
           SET amount = $2, details = $3, expires_at = greatest(expires_at, $4), reason = '',
               status = CASE WHEN status = 'failed' THEN 'awaiting_payer' ELSE status END
         WHERE id = $1
        """,
        *(payment.id, agreed.total.amount, details, now + LATE),
    )


# -- questions and words


def _payer(query: Json) -> int | None:
    sender = query.get("from")
    found = sender.get("id") if isinstance(sender, Mapping) else None
    return found if type(found) is int else None


def _language(query: Json) -> str:
    sender = query.get("from")
    found = sender.get("language_code") if isinstance(sender, Mapping) else None
    return texts.known(found if isinstance(found, str) else None)


def _total(query: Json) -> Money | None:
    amount, currency = query.get("total_amount"), query.get("currency")
    try:
        return from_telegram(amount, currency)  # type: ignore[arg-type]
    except Invalid:
        return None


def _asked(agreed: Agreed) -> Asked:
    info = agreed.order_info
    address = info.get("shipping_address")
    return Asked(
        agreed.total,
        agreed.tip,
        agreed.shipping,
        name=str(info.get("name") or ""),
        phone=str(info.get("phone_number") or ""),
        email=str(info.get("email") or ""),
        address=address if isinstance(address, Mapping) else {},
    )


def _words(language: str, purpose: Purpose, refusal: Refusal) -> str:
    """An app's: of its texts, or as they are."""
    name = refusal.text if isinstance(refusal, Message) else refusal
    args = dict(refusal.args) if isinstance(refusal, Message) else {}
    if purpose.texts and texts.load(purpose.texts).has(name):
        return texts.load(purpose.texts).say(language, name, **args)
    return _say(language, "checkout-later") if isinstance(refusal, Message) else name


def _say(language: str, name: str, **args: object) -> str:
    return texts.load("kassa.payments").say(language, name, **args)
