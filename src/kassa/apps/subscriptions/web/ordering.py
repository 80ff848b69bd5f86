"""What the API asks for, against what we sell: a purchase with its payment, and calling it off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kassa import clock
from kassa.apps.miniapp import asking
from kassa.apps.miniapp.refusing import No
from kassa.apps.models import Kassa
from kassa.apps.subscriptions import options, promos, purchases
from kassa.apps.subscriptions.models import Grade, NotForSale, Purchase
from kassa.apps.subscriptions.options import Options, Plan
from kassa.apps.subscriptions.purchases import BALANCE, PLAN, Way
from kassa.db import Reader, Tx
from kassa.errors import Conflict
from kassa.ledger import InsufficientFunds
from kassa.payments import NotOpen, Payment, Status
from kassa.users import User

KEEPS = ("yookassa", "card")  # what may be charged again without asking
OF_ONE = 50  # the last payments of a person, among which those of an open purchase are

ENDS = {
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for; `price` is what its page believes it to be."""

    plan: Plan
    provider: str
    method: str
    currency: str
    promo: str
    gift: bool
    auto: bool
    price: object

    def __str__(self) -> str:
        parts = (self.plan.name, self.provider, self.method, self.currency, self.promo)
        return "|".join([*parts, str(self.gift), str(self.auto)])


@dataclass(frozen=True, slots=True)
class Ordered:
    """Without a payment it is over: paid from the balance, or asked for once more."""

    purchase: Purchase
    way: Way | None
    payment: Payment | None


def wish(given: Mapping[str, Any], sold: Options) -> Wish:
    name = given.get("plan")
    plan = sold.plan(name) if isinstance(name, str) else None
    if plan is None:
        there = ", ".join(each.name for each in sold.plans)
        raise No(400, "wrong_plan", said=asking.shown(name), there=there)
    texts = {each: given.get(each) or "" for each in ("provider", "method", "currency", "promo")}
    flags = {each: given.get(each, False) for each in ("gift", "auto")}
    if any(not isinstance(each, str) or len(each) > 64 for each in texts.values()):
        raise No(400, "bad_request")
    if any(not isinstance(each, bool) for each in flags.values()):
        raise No(400, "bad_request")
    if not texts["provider"]:
        raise No(400, "no_method")
    return Wish(
        plan,
        *(texts["provider"], texts["method"], texts["currency"], texts["promo"]),
        gift=flags["gift"],
        auto=flags["auto"],
        price=given.get("price"),
    )


async def order(
    tx: Tx, kassa: Kassa, user: User, wanted: Wish, *, bot: str, key: str | None, back: str
) -> Ordered:
    """Writes down the purchase and its payment; from the balance it is paid at once. By the same
    key, it is the same one."""
    known = None if key is None else await _known(tx, user, key, wanted)
    if known is not None and known.status != "open":
        return Ordered(known, None, None)
    purchase = known or await _begin(tx, user, wanted, bot=bot, sold=options.of(kassa.settings))
    way = _way(kassa, purchase, wanted, user.language)
    price = purchase.prices[way.price.currency]
    if wanted.price is not None and not asking.is_price(wanted.price, price):
        raise No(400, "wrong_price", price=str(price), said=asking.shown(wanted.price))
    if key is not None and known is None:
        await tx.execute(
            "UPDATE subscriptions.request SET purchase_id = $3 WHERE user_id = $1 AND key = $2",
            *(user.id, key, purchase.id),
        )
    if way.provider != BALANCE:
        try:
            payment = await purchases.payment(tx, kassa, user, purchase, way, return_url=back)
        except NotForSale:
            raise No(409, "ended") from None
        return Ordered(purchase, way, payment)
    if key is None:
        raise No(400, "needs_key")
    try:
        purchase = await purchases.from_balance(tx, purchase, price.currency)
    except InsufficientFunds as error:
        raise No(402, "not_enough", price=str(price), balance=str(error.available)) from None
    return Ordered(purchase, way, None)


async def _known(tx: Tx, user: User, key: str, wanted: Wish) -> Purchase | None:
    """What was asked by this key before; who asks at the same moment waits here."""
    new = await tx.fetchval(
        """
        INSERT INTO subscriptions.request (user_id, key, asked, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, key) DO NOTHING RETURNING true
        """,
        *(user.id, key, str(wanted), clock.now()),
    )
    if new:
        return None
    row = await tx.fetchrow(
        "SELECT asked, purchase_id FROM subscriptions.request WHERE user_id = $1 AND key = $2",
        *(user.id, key),
    )
    assert row is not None
    if row["asked"] != str(wanted):
        raise Conflict("By this key something else was asked for.")
    return await purchases.get(tx, row["purchase_id"], user=user.id)


async def _begin(tx: Tx, user: User, wanted: Wish, *, bot: str, sold: Options) -> Purchase:
    purchase = await purchases.begin(
        *(tx, user.id, wanted.plan, sold),
        bot=bot,
        gift=wanted.gift,
        renews=wanted.auto and not wanted.gift,
    )
    if not wanted.promo:
        return purchase
    await promos.expect_no_guessing(tx, user.id)
    if purchase.promo != promos.canonical(wanted.promo):
        await promos.apply(tx, wanted.promo, purchase, sold)
    return await purchases.get(tx, purchase.id)


def _way(kassa: Kassa, purchase: Purchase, wanted: Wish, language: str) -> Way:
    """The one that is asked for; without a currency, in the one nearest to who asks."""
    currency = wanted.currency.upper()
    if currency and currency not in purchase.prices:
        there = ", ".join(purchase.prices)
        raise No(400, "wrong_currency", said=asking.shown(currency), there=there)
    if wanted.provider == BALANCE:
        if wanted.auto:  # switched on beside, by /me/auto
            raise No(400, "no_auto")
        near = purchases.NEAR.get(language, "USD")
        usual = near if near in purchase.prices else next(iter(purchase.prices))
        return Way(BALANCE, "", purchase.prices[currency or usual])
    prices = {currency: purchase.prices[currency]} if currency else purchase.prices
    found = [
        each
        for each in purchases.ways(kassa, replace(purchase, prices=prices), language)
        if each.provider == wanted.provider and wanted.method in ("", each.method)
    ]
    if not found:
        ways = purchases.ways(kassa, purchase, language)
        others = list(dict.fromkeys(f"{each.provider}.{each.method}" for each in ways))
        raise No(400, "no_method", more={"others": others})
    if wanted.auto:
        found = [each for each in found if goes_on(each)]
        if not found:
            raise No(400, "no_auto")
    return max(found, key=lambda each: each.renews == wanted.auto)


def goes_on(way: Way) -> bool:
    """Whether it can be renewed by itself: by Telegram, or by a card that is kept."""
    return way.renews or (way.provider, way.method) == KEEPS


def ways(kassa: Kassa, plan: Plan, agreed: Purchase | None, language: str) -> list[Way]:
    """All but the balance for a plan that nobody has chosen yet, or for what was `agreed`; those
    that can go on by themselves tell so."""
    found = purchases.ways(kassa, agreed or _unbought(plan), language)
    plain = agreed is None
    by_itself = {(each.provider, each.method) for each in found if plain and goes_on(each)}
    return [
        replace(each, renews=(each.provider, each.method) in by_itself)
        for each in found
        if not each.renews
    ]


def _unbought(plan: Plan) -> Purchase:
    """As it would be."""
    return Purchase(
        id=0,
        user=0,
        bot="",
        plan=plan.name,
        months=plan.months,
        grade=Grade(plan.tier, 1, 0, 0),
        prices=plan.prices,
        gift=False,
        renews=False,
        promo=None,
        status="open",
        paid_by=None,
        price=None,
        refunded=0,
        taken=0,
        at=clock.now(),
        done_at=None,
    )


# -- afterwards --------------------------------------------------------------------


async def payments_of(kassa: Kassa, purchase: Purchase) -> Sequence[Payment]:
    """The newest first."""
    found = await kassa.payments.of_user(purchase.user, most=OF_ONE)
    return [each for each in found if (each.purpose, each.subject) == (PLAN, str(purchase.id))]


def status(purchase: Purchase, payments: Sequence[Payment]) -> str:
    """pending | succeeded | refunded | failed | canceled | expired."""
    if purchase.status == "done":
        all_back = purchase.price is not None and purchase.refunded >= purchase.price.amount > 0
        return "refunded" if all_back else "succeeded"
    if purchase.status == "gone":
        return "canceled"
    if any(each.is_open or each.status is Status.SUCCEEDED for each in payments):
        return "pending"
    if payments:
        return ENDS.get(payments[0].status, "failed")
    return "pending" if clock.now() - purchase.at <= purchases.FRESH else "expired"


async def call_off(kassa: Kassa, purchase: Purchase) -> Purchase:
    """Nobody pays it any more, unless somebody just has. Raises OutcomeUnknown."""
    for payment in await payments_of(kassa, purchase):
        if payment.is_open:
            try:
                await kassa.payments.cancel(payment.id, reason="the payer called it off")
            except NotOpen:
                continue

    async def gone(tx: Tx) -> Purchase:
        await promos.call_off(tx, await purchases.get(tx, purchase.id, lock=True))
        return await purchases.get(tx, purchase.id)

    return await kassa.database.run(gone)


async def check(kassa: Kassa, purchase: Purchase) -> None:
    """Asks the providers now."""
    for payment in await payments_of(kassa, purchase):
        if payment.is_open:
            await kassa.payments.check(payment.id)


async def promised(on: Reader, user: int) -> dict[str, Purchase]:
    """By plans, what somebody was promised for a promo code and has not paid yet."""
    numbers = await on.fetch(
        """
        SELECT max(id) AS id FROM subscriptions.purchase
         WHERE user_id = $1 AND status = 'open' AND promo IS NOT NULL AND NOT gift AND at > $2
         GROUP BY plan
        """,
        *(user, clock.now() - purchases.FRESH),
    )
    found = [await purchases.get(on, row["id"]) for row in numbers]
    return {each.plan: each for each in found}
