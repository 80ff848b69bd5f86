"""Purchases: a plan that somebody has chosen, at the prices agreed with them.

Payments hang on a purchase, one for each way that the payer tries; the first that is paid fulfils
it. What arrives after that stays in the payer's wallet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from kassa import clock, ledger
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import gifts, promos, referrals, service
from kassa.apps.subscriptions.models import (
    APP,
    Grade,
    Length,
    NoSuchPlan,
    NoSuchPromo,
    NotForSale,
    Purchase,
)
from kassa.apps.subscriptions.options import Options, Plan
from kassa.db import Reader, Tx
from kassa.errors import NotFound
from kassa.ledger import Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import Invoice, Payer, Payment, Status
from kassa.payments.invoices import MOST_STARS_A_MONTH
from kassa.texts import load
from kassa.users import User

if TYPE_CHECKING:
    from asyncpg import Record

PLAN = "subscriptions.plan"  # what payments are for
FRESH = timedelta(minutes=25)  # a purchase is begun anew when its payments are about to expire
BALANCE = "balance"
NEAR = {"ru": "RUB", "uz": "UZS"}  # the currency that speakers of a language think in

_COLUMNS = """
    id, user_id, bot, plan, months, tier, rate, devices, traffic, prices, gift, renews, promo,
    status, paid_by, price, currency, refunded, taken, at, done_at
"""


@dataclass(frozen=True, slots=True)
class Way:
    """To pay: a provider's method, in one of the currencies that the plan is sold for; or the
    balance. `renews` ways go on by themselves."""

    provider: str
    method: str
    price: Money
    renews: bool = False


def read(row: "Record") -> Purchase:
    said = dict(row)
    prices = {code: Money(amount, code) for code, amount in said["prices"].items()}
    price = None if said["price"] is None else Money(said["price"], said["currency"])
    return Purchase(
        id=said["id"],
        user=said["user_id"],
        bot=said["bot"],
        plan=said["plan"],
        months=said["months"],
        grade=Grade(said["tier"], said["rate"], said["devices"], said["traffic"]),
        prices=prices,
        gift=said["gift"],
        renews=said["renews"],
        promo=said["promo"],
        status=said["status"],
        paid_by=said["paid_by"],
        price=price,
        refunded=said["refunded"],
        taken=said["taken"],
        at=said["at"],
        done_at=said["done_at"],
    )


async def get(on: Reader, number: int, *, user: int | None = None, lock: bool = False) -> Purchase:
    """With `user`, only that person's."""
    row = await on.fetchrow(
        f"SELECT {_COLUMNS} FROM subscriptions.purchase WHERE id = $1"  # noqa: S608
        + (" FOR UPDATE" if lock else ""),
        number,
    )
    if row is None or user not in (None, row["user_id"]):
        raise NotFound(f"There is no purchase {number}.")
    return read(row)


# -- choosing ----------------------------------------------------------------------


async def begin(
    tx: Tx,
    user: int,
    plan: Plan,
    options: Options,
    *,
    bot: str,
    gift: bool = False,
    renews: bool = False,
) -> Purchase:
    """The one of this plan that somebody has begun a moment ago, or a new one."""
    row = await tx.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM subscriptions.purchase
         WHERE user_id = $1 AND plan = $2 AND gift = $3 AND renews = $4 AND bot = $5
           AND status = 'open' AND at > $6
         ORDER BY id DESC LIMIT 1
        """,  # noqa: S608
        *(user, plan.name, gift, renews, bot, clock.now() - FRESH),
    )
    if row is not None and _as_now(found := read(row), plan, options):
        return found
    agreed = _Agreed(plan.name, plan.months, options.grade(plan.tier), plan.prices, gift, renews)
    return await _write(tx, user, bot, agreed)


def _as_now(found: Purchase, plan: Plan, options: Options) -> bool:
    """Whether what was agreed is what is sold now; a promo code's price is a promise."""
    same = found.months == plan.months and found.grade == options.grade(plan.tier)
    return same and (found.promo is not None or found.prices == plan.prices)


async def anew(tx: Tx, old: Purchase, options: Options, *, keeps_promo: bool = True) -> Purchase:
    """Today's, in the place of one that is too old to be paid, with its promo code while that can
    be used. Raises NoSuchPlan."""
    plan = options.plan(old.plan)
    if plan is None:
        raise NoSuchPlan(f"The plan {old.plan} is not sold any more.")
    bot, gift, renews = old.bot, old.gift, old.renews
    new = await begin(tx, old.user, plan, options, bot=bot, gift=gift, renews=renews)
    if not keeps_promo or old.promo is None or new.promo is not None:
        return new
    try:
        await promos.apply(tx, old.promo, new, options)
    except (NoSuchPromo, NotForSale):
        return new  # the code is over meanwhile
    return await get(tx, new.id)


async def again(tx: Tx, old: Purchase) -> Purchase:
    """The same once more, at the same prices: a renewal by Telegram."""
    agreed = _Agreed(old.plan, old.months, old.grade, old.prices, gift=False, renews=True)
    return await _write(tx, old.user, old.bot, agreed)


async def for_renewal(tx: Tx, user: int, plan: Plan, options: Options, *, bot: str) -> Purchase:
    """Of an auto-renewal, at today's price; its own however fresh another is."""
    grade = options.grade(plan.tier)
    agreed = _Agreed(plan.name, plan.months, grade, plan.prices, gift=False, renews=True)
    return await _write(tx, user, bot, agreed)


@dataclass(frozen=True, slots=True)
class _Agreed:
    plan: str
    months: int
    grade: Grade
    prices: Mapping[str, Money]
    gift: bool
    renews: bool


async def _write(tx: Tx, user: int, bot: str, agreed: _Agreed) -> Purchase:
    grade = agreed.grade
    row = await tx.fetchrow(
        f"""
        INSERT INTO subscriptions.purchase
               (user_id, bot, plan, months, tier, rate, devices, traffic, prices, gift, renews, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        RETURNING {_COLUMNS}
        """,  # noqa: S608
        *(user, bot, agreed.plan, agreed.months),
        *(grade.tier, grade.rate, grade.devices, grade.traffic),
        {code: price.amount for code, price in agreed.prices.items()},
        *(agreed.gift, agreed.renews, clock.now()),
    )
    assert row is not None
    return read(row)


# -- paying ------------------------------------------------------------------------


def ways(kassa: Kassa, purchase: Purchase, language: str) -> list[Way]:
    """All there are but the balance, in the order in which providers are set up. A method that
    takes several of the currencies is offered in the one nearest to who asks."""
    found: dict[tuple[str, str, bool], Way] = {}
    near = NEAR.get(language, "USD")
    for price in sorted(purchase.prices.values(), key=lambda each: each.currency != near):
        for offer in kassa.payments.offers(price):
            way = Way(offer.provider, offer.method, price)
            found.setdefault((offer.provider, offer.method, False), way)
            if _renews(offer.provider, purchase, price):
                key = (offer.provider, offer.method, True)
                found.setdefault(key, Way(offer.provider, offer.method, price, renews=True))
    order = list(kassa.payments.providers)
    return sorted(found.values(), key=lambda each: (order.index(each.provider), each.renews))


def _renews(provider: str, purchase: Purchase, price: Money) -> bool:
    """Whether Telegram itself can go on charging: a month of Stars at a time."""
    a_month = purchase.months == 1 and not purchase.gift and purchase.promo is None
    return provider == "stars" and a_month and price.amount <= MOST_STARS_A_MONTH


async def payment(
    tx: Tx, kassa: Kassa, user: User, purchase: Purchase, way: Way, *, return_url: str = ""
) -> Payment:
    """To be started after the commit; wanted twice, it is the same, unless the payer has called it
    off meanwhile. Raises NotForSale."""
    purchase = await get(tx, purchase.id, user=user.id, lock=True)
    if purchase.status != "open" or clock.now() - purchase.at > FRESH:
        raise NotForSale(f"The purchase {purchase.id} is not to be paid any more.")
    price = purchase.prices[way.price.currency]
    saves = purchase.renews and way.provider == "yookassa"
    kind = "stars" if way.renews else "saved" if saves else "once"
    for tries in count():
        made = await kassa.payments.create(
            tx,
            user=user.id,
            bot=purchase.bot,
            amount=price,
            purpose=PLAN,
            subject=str(purchase.id),
            description=described(purchase, user.language),
            payer=Payer(language=user.language, phone=user.phone, telegram_id=user.telegram_id),
            return_url=return_url,
            data={"purchase": purchase.id, "renewing": kind, "choose": f"sub:ways:{purchase.id}"},
            save=saves,
            invoice=Invoice(subscription=True) if way.renews else None,
            key=f"{purchase.id}:{price.currency}:{kind}:{price.amount}:{tries}",
        )
        if made.status not in (Status.CANCELED, Status.EXPIRED):
            return made
    raise AssertionError("There is always another key.")


def described(purchase: Purchase, language: str) -> str:
    """What a payer and their bank read."""
    name = "what-gift" if purchase.gift else "what"
    return load("kassa.apps.subscriptions").say(language, name, months=purchase.months)


async def from_balance(tx: Tx, purchase: Purchase, currency: str) -> Purchase:
    """Pays from the wallet, at once. Raises InsufficientFunds, after which nothing of it may be
    kept, or NotForSale. The only call of a transaction to the ledger: wallets are locked after
    subscriptions, as where a payment is delivered."""
    purchase = await get(tx, purchase.id, lock=True)
    if purchase.status != "open" or currency not in purchase.prices:
        raise NotForSale(f"The purchase {purchase.id} is not to be paid any more.")
    price = purchase.prices[currency]
    await fulfil(tx, purchase, price=price, paid_by=None)
    await ledger.post(
        tx,
        key=f"subscriptions.balance:{purchase.id}",
        legs=[Leg(wallet(purchase.user, currency), revenue(APP, currency), price)],
    )
    return await get(tx, purchase.id)


async def fulfil(
    tx: Tx, purchase: Purchase, *, price: Money, paid_by: int | None, at_least: int = 0
) -> None:
    """It is paid: the time is given, or the gift is made. Its row is locked by the caller.
    `at_least` is how many seconds it must come to (Telegram charges every 30 days)."""
    now = clock.now()
    await tx.execute(
        """
        UPDATE subscriptions.purchase
           SET status = 'done', paid_by = $2, price = $3, currency = $4, done_at = $5
         WHERE id = $1
        """,
        *(purchase.id, paid_by, price.amount, price.currency, now),
    )
    if purchase.promo is not None:
        await promos.used(tx, purchase, price)
    if purchase.gift:
        await gifts.make(tx, purchase)
    else:
        term = await service.extend(
            *(tx, purchase.user, Length(months=purchase.months)),
            kind="paid",
            cause=f"purchase:{purchase.id}",
            grade=purchase.grade,
            changes_grade=True,
            bot=purchase.bot,
            purchase=purchase.id,
            news="news-paid",
            args={"months": purchase.months, "amount": str(price)},
        )
        if term is not None and term.seconds < at_least:
            await service.extend(
                *(tx, purchase.user, Length(seconds=at_least - term.seconds)),
                kind="paid",
                cause=f"purchase:{purchase.id}:rest",
                grade=purchase.grade,
                purchase=purchase.id,
            )
    await referrals.paid(tx, purchase)
