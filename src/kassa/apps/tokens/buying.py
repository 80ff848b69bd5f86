"""What a paid package does: tokens once, and back again when the money goes back."""

from kassa import clock, ledger
from kassa.apps.tokens.models import TOK
from kassa.apps.tokens.words import price_text
from kassa.db import Reader, Tx
from kassa.errors import Invalid
from kassa.ledger import Account, Leg, debt, issuance, revenue, wallet
from kassa.money import Money
from kassa.payments import Delivered, Message, Payment, Purpose, Refund

TOPUP = "tokens.topup"


def bought(payment: Payment) -> int:
    """How many tokens a payment is for; it was written by us, at the price of that day."""
    found = payment.data.get("tokens")
    if type(found) is not int or found <= 0:
        raise Invalid(f"The payment {payment.id} does not say for how many tokens it is.")
    return found


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    tokens, price = bought(payment), payment.price
    await tx.execute(
        """
        INSERT INTO tokens.topup (payment_id, user_id, tokens, price, at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        *(payment.id, payment.user, tokens, price.amount, clock.now()),
    )
    owed = -(await ledger.balance(tx, debt(payment.user, TOK))).posted.amount
    args = {"tokens": tokens, "amount": price_text(price)}
    # What is owed goes from what comes: the house sees to that with every top-up of a wallet.
    repaid = min(owed, tokens)
    told = Message("paid-after-debt", {**args, "repaid": repaid}) if repaid else None
    return Delivered(
        [
            Leg(wallet(payment.user, price.currency), revenue("tokens", price.currency), price),
            Leg(issuance(TOK), wallet(payment.user, TOK), Money(tokens, TOK)),
        ],
        [told or Message("paid", args)],
    )


async def on_refunded(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
    """Tokens go back as the money did; those that are spent are owed."""
    user, share = payment.user, refund.share
    takes = await _to_take(tx, payment, refund)
    await tx.execute(
        """
        UPDATE tokens.topup SET refunded = refunded + $2, taken = taken + $3
         WHERE payment_id = $1
        """,
        *(payment.id, share.amount, takes),
    )
    purse = await tx.fetchrow("SELECT available, owed FROM tokens.purse($1)", user)
    assert purse is not None
    there = min(takes, max(purse["available"], 0))
    owes = takes - there
    legs = [Leg(revenue("tokens", share.currency), wallet(user, share.currency), share)]
    if there:
        legs.append(Leg(wallet(user, TOK), issuance(TOK), Money(there, TOK)))
    if owes:
        legs.append(Leg(debt(user, TOK), issuance(TOK), Money(owes, TOK)))
    told = []
    if takes:
        args = {"tokens": takes, "debt": purse["owed"] + owes}
        told = [Message("taken-back-owing" if args["debt"] else "taken-back", args)]
    return Delivered(legs, told)


async def holds(tx: Tx, payment: Payment, refund: Refund) -> list[tuple[Account, Money]]:
    takes = await _to_take(tx, payment, refund)
    return [(wallet(payment.user, TOK), Money(takes, TOK))] if takes else []


async def _to_take(on: Reader, payment: Payment, refund: Refund) -> int:
    """In proportion to all that has gone back, so that nothing is lost by rounding."""
    row = await on.fetchrow(
        "SELECT tokens, price, refunded, taken FROM tokens.topup WHERE payment_id = $1",
        payment.id,
    )
    if row is None:
        raise Invalid(f"The payment {payment.id} has brought no tokens.")
    back = row["refunded"] + refund.share.amount
    return int(row["tokens"] * back // row["price"] - row["taken"])


PURPOSE = Purpose(
    TOPUP,
    on_paid=on_paid,
    on_refunded=on_refunded,
    holds=holds,
    deliver_late=True,
    texts="kassa.apps.tokens",
)
