"""What a paid plan does: the time once, and back again when the money goes back."""

from datetime import timedelta

from kassa.apps.subscriptions import gifts, promos, purchases, referrals, renewing, service
from kassa.apps.subscriptions.models import APP, Purchase
from kassa.apps.subscriptions.purchases import PLAN
from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.ledger import Account, Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import Asked, Delivered, Message, Payment, Purpose, Refund

STARS_PERIOD = timedelta(days=30)  # after which Telegram charges again


async def _purchase(on: Reader, payment: Payment, *, lock: bool = False) -> Purchase:
    if not payment.subject.isdecimal():
        raise Invalid(f"The payment {payment.id} does not say what it is for.")
    return await purchases.get(on, int(payment.subject), lock=lock)


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    purchase = await _purchase(tx, payment, lock=True)
    is_renewal = "renews" in payment.data  # Telegram has charged again
    if is_renewal:
        purchase = await purchases.again(tx, purchase)
    elif purchase.status == "done":
        # Paid by another way before: the money is the payer's, in their wallet.
        await renewing.unwanted(tx, payment)
        args = {"amount": str(payment.price), "payment": payment.id}
        return Delivered(messages=[Message("paid-twice", args)])
    elif purchase.promo is not None and await promos.is_spent(tx, purchase, payment.price):
        args = {"amount": str(payment.price), "payment": payment.id}
        return Delivered(messages=[Message("paid-code-spent", args)])
    in_stars = payment.data.get("renewing") == "stars"
    await purchases.fulfil(
        tx,
        purchase,
        price=payment.price,
        paid_by=payment.id,
        at_least=int(STARS_PERIOD.total_seconds()) if in_stars else 0,
    )
    await renewing.begun(tx, purchase, payment)
    price = payment.price
    leg = Leg(wallet(payment.user, price.currency), revenue(APP, price.currency), price)
    return Delivered([leg])


async def _delivered_by(on: Reader, payment: Payment, *, lock: bool = False) -> Purchase | None:
    """The purchase that this payment has fulfilled; None where its money only lies in the
    wallet."""
    number = await on.fetchval(
        "SELECT id FROM subscriptions.purchase WHERE paid_by = $1", payment.id
    )
    return None if number is None else await purchases.get(on, number, lock=lock)


async def on_refunded(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
    """The days go back as the money did."""
    purchase = await _delivered_by(tx, payment, lock=True)
    if purchase is None:
        return Delivered()
    share = refund.share
    assert purchase.price is not None
    refunded = purchase.refunded + share.amount
    await tx.execute(
        "UPDATE subscriptions.purchase SET refunded = $2 WHERE id = $1", purchase.id, refunded
    )
    cause = f"refund:{refund.id}"
    if refunded >= purchase.price.amount:
        await promos.released(tx, purchase)
    if purchase.gift:
        await gifts.take_back(tx, purchase, refunded, cause=cause)
    else:
        await take_time(tx, purchase, purchase.user, refunded, cause=cause)
    if refunded >= purchase.price.amount:
        await referrals.refunded(tx, purchase)
        await renewing.refunded(tx, purchase)
    leg = Leg(revenue(APP, share.currency), wallet(payment.user, share.currency), share)
    return Delivered([leg])


async def take_time(
    tx: Tx,
    purchase: Purchase,
    user: int,
    refunded: int,
    *,
    cause: str,
    news: str = "news-refunded",
) -> None:
    """In proportion to all that has gone back, so that nothing is lost by rounding."""
    assert purchase.price is not None
    given = await tx.fetchrow(
        """
        SELECT coalesce(sum(seconds), 0)::bigint AS seconds, max(rate) AS rate
          FROM subscriptions.term
         WHERE purchase_id = $1 AND kind IN ('paid', 'gift')
        """,
        purchase.id,
    )
    assert given is not None
    if given["rate"] is None:
        return
    takes = given["seconds"] * refunded // purchase.price.amount - purchase.taken
    await tx.execute(
        "UPDATE subscriptions.purchase SET taken = taken + $2 WHERE id = $1", purchase.id, takes
    )
    await service.take_back(
        *(tx, user, takes),
        rate=given["rate"],
        kind="refund",
        cause=cause,
        purchase=purchase.id,
        news=news,
    )


async def holds(tx: Tx, payment: Payment, refund: Refund) -> list[tuple[Account, Money]]:
    """Days cannot be spent elsewhere; money that only lies in the wallet can."""
    if await _delivered_by(tx, payment) is not None:
        return []
    return [(wallet(payment.user, refund.share.currency), refund.share)]


async def on_checkout(tx: Tx, payment: Payment, asked: Asked) -> Message | None:
    """Inside Telegram it is asked before money moves: nobody need pay twice."""
    purchase = await _purchase(tx, payment)
    if purchase.status == "done" and purchase.paid_by != payment.id:  # not a renewal of it
        return Message("paid-already")
    return None


PURPOSE = Purpose(
    PLAN,
    on_paid=on_paid,
    on_refunded=on_refunded,
    holds=holds,
    deliver_late=True,
    on_checkout=on_checkout,
    on_subscription=renewing.told_by_telegram,
    texts="kassa.apps.subscriptions",
)
