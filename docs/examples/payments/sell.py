"""Sells tokens for dollars, offline: `python -m docs.examples.payments.sell`."""

import asyncio
import tempfile
from pathlib import Path

from kassa import ledger, log
from kassa.config import Settings
from kassa.db import Database, Tx
from kassa.ledger import Account, Leg, debt, issuance, revenue, wallet
from kassa.money import Money
from kassa.payments import Delivered, Message, Payment, Payments, Purpose, Refund
from kassa.payments.providers import configured
from kassa.runtime import open_database
from kassa.secret import Secret
from tgsandbox import Sandbox
from tgsandbox.providers.shop import Shop


def tokens(payment: Payment, share: Money) -> Money:
    """What was sold for this part of the price: `subject` says how much for all of it."""
    return Money(int(payment.subject) * share.amount // payment.amount.amount, "TOK")


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    """The dollars are in the buyer's wallet; here they become ours, and the tokens theirs."""
    user, price, sold = payment.user, payment.amount, tokens(payment, payment.amount)
    return Delivered(
        legs=[
            Leg(wallet(user, price.currency), revenue("tokens", price.currency), price),
            Leg(issuance("TOK"), wallet(user, "TOK"), sold),
        ],
        messages=[Message("tokens-sold", {"tokens": str(sold)})],
    )


async def on_refunded(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
    """The same the other way round. What was spent of the tokens, the buyer owes."""
    user, share, sold = payment.user, refund.share, tokens(payment, refund.share)
    has = (await ledger.balance(tx, wallet(user, "TOK"))).available
    there = min(sold, has)
    legs = [Leg(revenue("tokens", share.currency), wallet(user, share.currency), share)]
    if there:
        legs.append(Leg(wallet(user, "TOK"), issuance("TOK"), there))
    if owed := sold - there:
        legs.append(Leg(debt(user, "TOK"), issuance("TOK"), owed))
    return Delivered(legs=legs, messages=[Message("tokens-taken-back", {"tokens": str(sold)})])


async def holds(tx: Tx, payment: Payment, refund: Refund) -> list[tuple[Account, Money]]:
    """While a refund of ours is under way, its tokens cannot be spent."""
    return [(wallet(payment.user, "TOK"), tokens(payment, refund.share))]


TOKENS = Purpose("tokens.topup", on_paid, on_refunded, holds)


def till(db: Database, shop: Shop) -> Payments:
    """In life the settings come from the environment, and `kassa run` does this."""
    settings = Settings(
        stripe_secret_key=Secret(shop.credentials["secret_key"]),
        stripe_webhook_secret=Secret(shop.credentials["webhook_secret"]),
        stripe_base_url=shop.base_url,
        public_base_url="https://shop.example.com",
    )
    return Payments(db, providers=configured(settings), purposes=[TOKENS])


async def buy(payments: Payments, shop: Shop) -> Payment:
    payment = await payments.database.run(
        lambda tx: payments.create(
            tx,
            user=17,
            amount=Money(5_00, "USD"),
            purpose="tokens.topup",
            subject="100",
            description="100 токенов",
        )
    )
    started = await payments.start(payment.id, provider="stripe", method="card")
    assert started.checkout is not None, started.why
    print(f"To pay: {started.checkout.url}")
    await shop.pay(shop.payments[-1].ref)  # the person, on that page
    return await payments.check(payment.id)  # a callback would have said the same


async def story(db: Database, shop: Shop) -> list[str]:
    async def has() -> Money:
        return (await ledger.balance(db, wallet(17, "TOK"))).available

    payments = till(db, shop)
    payment = await buy(payments, shop)
    said = [f"{payment.status}, {payment.delivery}: {await has()}"]

    refund = await payments.refund(payment.id, Money(2_00, "USD"), key="two were broken")
    said.append(f"Refund of {refund.amount}, {refund.status}: {await has()}")

    said += [event.kind for event in await payments.timeline(payment.id)]
    assert await ledger.audit(db) == []
    await payments.close()
    return said


async def main(home: Path) -> None:
    async with open_database(Settings(home=home)) as opened, Sandbox() as telegram:
        print("\n".join(await story(opened.database, telegram.bank.shop("stripe"))))


if __name__ == "__main__":
    log.configure("text", "warning")
    with tempfile.TemporaryDirectory(prefix="kassa-") as folder:
        Path(folder).chmod(0o711)  # where root starts it, the database is another user's
        asyncio.run(main(Path(folder)))
