"""Auto-renewal: from the balance, a kept card, or by Telegram itself (Stars).

What is switched on stands in `subscription`; charging.py renews when its time has come, and
reminding.py says so beforehand. For a bot's pages there are `standing`, `ways_to_renew`,
`switch_on` and `switch_off`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kassa import clock, ledger, outbox
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, purchases, service
from kassa.apps.subscriptions.models import Purchase, Subscription
from kassa.apps.subscriptions.options import Options, Plan
from kassa.botapi import Refused
from kassa.db import Reader, Tx
from kassa.errors import Conflict
from kassa.ledger import wallet
from kassa.log import get
from kassa.money import Money
from kassa.outbox import Job
from kassa.payments import Payment
from kassa.payments.saved import Saved, of_user
from kassa.payments.subscribing import NoSubscription

if TYPE_CHECKING:
    from asyncpg import Record

STOP = "subscriptions.stop"  # a subscription in Stars, by a payment of it
KINDS = ("balance", "saved", "stars")

_log = get(__name__)


class NotRenewable(Conflict):
    """It cannot be renewed that way, or any more."""


@dataclass(frozen=True, slots=True)
class RenewWay:
    """How a subscription could renew itself, or does. `code` is for a button's data, and says to
    `switch_on` which one it is."""

    kind: str  # balance | saved | stars
    plan: str
    months: int
    price: Money  # today's
    card: str = ""  # of a kept one: "MasterCard *4444"
    saved: int = 0  # its number

    @property
    def code(self) -> str:
        """At most 24 bytes: balance:RUB, saved:17:RUB, stars."""
        if self.kind == "balance":
            return f"balance:{self.price.currency}"
        return f"saved:{self.saved}:{self.price.currency}" if self.kind == "saved" else self.kind


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is kept of somebody's auto-renewal. `kind` is "" where it is off."""

    user: int
    bot: str
    ends: datetime | None
    grace_until: datetime | None
    looked_at: datetime | None
    kind: str
    plan: str
    currency: str
    saved: int | None
    price: int | None  # what they know that they will pay
    of: datetime | None  # the end that the tries are of
    at: datetime | None
    tries: int
    payment: int | None  # the try under way; of Stars the first one


_COLUMNS = """
    user_id, bot, expires_at, grace_until, looked_at, renews, renew_plan, renew_with, renew_saved,
    renew_price, renew_for, renew_at, renew_tries, renew_payment
"""


def _read(row: "Record | None") -> Renewal | None:
    return None if row is None else Renewal(*row.values())


async def get_one(on: Reader, user: int, *, lock: bool = False) -> Renewal | None:
    """With `lock`, nobody else changes the subscription until the transaction ends."""
    return _read(
        await on.fetchrow(
            f"SELECT {_COLUMNS} FROM subscriptions.subscription WHERE user_id = $1"  # noqa: S608
            + (" FOR UPDATE" if lock else ""),
            user,
        )
    )


# -- for the bot -------------------------------------------------------------------


async def standing(on: Reader, kassa: Kassa, user: int) -> RenewWay | None:
    """What is switched on, at the price that will be asked; None where nothing is, or where its
    plan is sold no more (they are told, and it is switched off, by itself)."""
    mine = await get_one(on, user)
    if mine is None or not mine.kind:
        return None
    sold = options.of(kassa.settings)
    plan = sold.plan(mine.plan)
    price = to_pay(mine, plan)
    if plan is None or price is None:
        return None
    card = card_of(mine, await of_user(on, user)) if mine.kind == "saved" else None
    title, number = (card.title, card.id) if card is not None else ("", 0)
    return RenewWay(mine.kind, plan.name, plan.months, price, title, number)


async def ways_to_renew(on: Reader, kassa: Kassa, user: int) -> list[RenewWay]:
    """The ways that can be switched on now, for who has a subscription that runs: kept cards, and
    the balance in each currency that they have some of. (Stars are switched on by paying so.)"""
    mine = await service.standing(on, user)
    if mine is None or not mine.is_active(clock.now()):
        return []
    plan = await _last_plan(on, options.of(kassa.settings), mine)
    found = []
    for kept in await of_user(on, user):
        price = _charged_in(kassa, kept, plan)
        if price is not None:
            found.append(RenewWay("saved", plan.name, plan.months, price, kept.title, kept.id))
    prices = list(plan.prices.values())
    for price, has in zip(
        prices,
        await ledger.balances(on, [wallet(user, each.currency) for each in prices]),
        strict=True,
    ):
        if has.available.amount > 0:
            found.append(RenewWay("balance", plan.name, plan.months, price))
    return found


async def switch_on(tx: Tx, kassa: Kassa, user: int, code: str) -> RenewWay:
    """By the code of a way; one that is on already gives way to it. Raises NotRenewable."""
    mine = await get_one(tx, user, lock=True)
    ways = await ways_to_renew(tx, kassa, user)
    way = next((each for each in ways if each.code == code), None)
    if mine is None or way is None:
        raise NotRenewable("It cannot be renewed that way now.")
    if mine.kind == "stars":
        await _stop(tx, mine.payment)
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renews = $2, renew_plan = $3, renew_with = $4, renew_saved = $5, renew_price = $6,
               renew_for = NULL, renew_at = NULL, renew_tries = 0, due_at = $7,
               renew_payment = CASE WHEN renews <> 'stars' THEN renew_payment END
         WHERE user_id = $1
        """,
        *(user, way.kind, way.plan, way.price.currency, way.saved or None, way.price.amount),
        clock.now(),
    )
    return way


async def switch_off(tx: Tx, user: int) -> bool:
    """Whether it was on. In one tap, and at once: access that waited for a renewal ends."""
    mine = await get_one(tx, user, lock=True)
    if mine is None or not mine.kind:
        return False
    await off(tx, mine)
    return True


# -- for the payments --------------------------------------------------------------


async def begun(tx: Tx, purchase: Purchase, payment: Payment) -> None:
    """A payment has fulfilled a purchase: if it was to be renewed by itself, it will be."""
    kind = payment.data.get("renewing")
    if kind not in ("stars", "saved") or purchase.gift:
        return
    if payment.data.get("by_itself"):
        await _renewed(tx, payment)
        return
    mine = await get_one(tx, purchase.user, lock=True)
    assert mine is not None, "What was paid for is there."
    first = payment.data.get("renews", payment.id) if kind == "stars" else None
    if "renews" in payment.data and (mine.kind, mine.payment) != ("stars", first):
        await _stop(tx, first)  # it was switched off before Telegram has heard of it
        return
    if mine.kind == "stars" and mine.payment != first:
        await _stop(tx, mine.payment)  # else both would go on
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renews = $2, renew_plan = $3, renew_with = $4, renew_price = $5, renew_payment = $6,
               renew_saved = NULL, renew_for = NULL, renew_at = NULL, renew_tries = 0,
               due_at = least(due_at, $7)
         WHERE user_id = $1
        """,
        *(purchase.user, kind, purchase.plan, payment.price.currency, payment.price.amount),
        *(first, clock.now()),
    )


async def _renewed(tx: Tx, payment: Payment) -> None:
    """We have charged a kept card. Whoever switched it off meanwhile has it switched off."""
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renew_price = $3, renew_payment = NULL, renew_for = NULL, renew_at = NULL,
               renew_tries = 0, due_at = least(due_at, $4)
         WHERE user_id = $1 AND renew_payment = $2
        """,
        *(payment.user, payment.id, payment.price.amount, clock.now()),
    )


async def refunded(tx: Tx, purchase: Purchase) -> None:
    """Its money went back, all of it: nothing goes on by itself any more."""
    if not purchase.gift:
        await switch_off(tx, purchase.user)


async def told_by_telegram(tx: Tx, payment: Payment, state: str) -> None:
    """A subscription in Stars, by its first payment, is "canceled", "active" or "failed". After
    the last, Telegram may charge later: access has its grace, and charging.py says how it ends."""
    mine = await get_one(tx, payment.user, lock=True)
    if mine is None:
        return
    is_ours = mine.kind == "stars" and mine.payment == payment.id
    if state == "canceled" and is_ours:
        await off(tx, mine, stop=False)
    elif state == "active" and not is_ours and payment.subject.isdecimal():
        purchase = await purchases.get(tx, int(payment.subject))
        if purchase.paid_by == payment.id:
            await begun(tx, purchase, payment)


async def unwanted(tx: Tx, payment: Payment) -> None:
    """A subscription in Stars was begun for what is paid already: it must not go on."""
    if payment.data.get("renewing") == "stars":
        await _stop(tx, payment.id)


async def _stop(tx: Tx, payment: int | None) -> None:
    if payment is not None:
        await outbox.put(tx, STOP, {"payment": payment}, key=str(payment))


async def stop(kassa: Kassa, job: Job) -> None:
    """Telegram charges no more. One that is over already needs no stopping."""
    payment = int(job.payload["payment"])
    try:
        await kassa.payments.stop_subscription(payment)
    except NoSubscription as error:
        _log.warning("renewing.not_stopped", payment=payment, error=str(error))
    except Refused as error:
        if error.code != 400:
            raise
        _log.warning("renewing.not_stopped", payment=payment, error=error.words)


# -- for the jobs ------------------------------------------------------------------


async def off(
    tx: Tx, mine: Renewal, *, stop: bool = True, looked_at: datetime | None = None
) -> None:
    """Nothing more is charged. `looked_at`: what is to be said of the end by then has been. A card
    of which nobody knows whether it was charged stays known: nothing else may be, before."""
    now = clock.now()
    if stop and mine.kind == "stars":
        await _stop(tx, mine.payment)
    if mine.ends is not None and mine.grace_until is not None and mine.grace_until > now:
        await tx.execute(
            "UPDATE subscriptions.subscription SET grace_until = NULL WHERE user_id = $1", mine.user
        )
        await service.changed(tx, mine.user)  # the panel is told
    await tx.execute(
        """
        UPDATE subscriptions.subscription
           SET renews = '', renew_for = NULL, renew_at = NULL, renew_tries = 0, looked_at = $2,
               due_at = $3, renew_payment = CASE WHEN renews <> 'stars' THEN renew_payment END
         WHERE user_id = $1
        """,
        *(mine.user, looked_at or mine.looked_at, now),
    )


def to_pay(mine: Renewal, plan: Plan | None) -> Money | None:
    """Today's price, but no more than they know of; None where it is not sold so any more."""
    price = None if plan is None else plan.prices.get(mine.currency)
    if price is None:
        return None
    known = mine.price
    if known is not None and (known < price.amount or mine.kind == "stars"):
        return Money(known, mine.currency)  # Telegram charges what was agreed, for ever
    return price


def card_of(mine: Renewal, kept: list[Saved]) -> Saved | None:
    """The one that is charged: what was chosen, or what was kept last. None: it is forgotten."""
    if mine.saved is None:
        return kept[0] if kept else None
    return next((each for each in kept if each.id == mine.saved), None)


def _charged_in(kassa: Kassa, kept: Saved, plan: Plan) -> Money | None:
    """The price at which a kept card's provider can charge it; it does so by its first method."""
    provider = kassa.payments.providers.get(kept.provider)
    if provider is None or not provider.abilities.saved:
        return None
    return next((each for each in plan.prices.values() if provider.methods[0].takes(each)), None)


async def _last_plan(on: Reader, sold: Options, mine: Subscription) -> Plan:
    """What they have bought last, or what is most like it."""
    name = await on.fetchval(
        """
        SELECT plan FROM subscriptions.purchase
         WHERE user_id = $1 AND status = 'done' AND NOT gift ORDER BY id DESC LIMIT 1
        """,
        mine.user,
    )
    found = sold.plan(name) if name is not None else None
    same = [each for each in sold.plans if each.tier == mine.grade.tier]
    return found or min(same or sold.plans, key=lambda each: each.months)
