"""What the cases have in common: who can do what, and steps that several of them take."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from docs.examples.payments.tinypay import Tinypay
from kassa import ledger
from kassa.ledger import Leg, clearing, revenue, wallet
from kassa.money import Money
from kassa.payments import Payment, Refund, Started
from kassa.payments.cases import Said
from kassa.payments.providers.cryptopay import CryptoPay
from kassa.payments.providers.oneplat import OnePlat
from kassa.payments.providers.protocol import Mute
from kassa.payments.providers.stars import Stars
from kassa.payments.providers.stripe import Stripe
from kassa.payments.providers.telegram import Telegram
from kassa.payments.providers.yookassa import YooKassa
from tests.payments.rig import EVERYBODY, KINDS, NATIVE, USER, Kind, Rig

ADAPTERS = {
    each.name: each for each in (Stripe, OnePlat, CryptoPay, YooKassa, Stars, Telegram, Tinypay)
}
ALL = list(EVERYBODY.values())
BY_CALL = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.refund != "person"]
PARTS = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.partial_refund]
ASKED = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.status]
LISTED = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.list]
OUTSIDE = [each for each in ALL if each.name not in NATIVE]  # Telegram: they are called, and call
HOLDING = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.capture]
SAVING = [EVERYBODY[name] for name, each in ADAPTERS.items() if each.abilities.saved]
ASKS_AGAIN = {"tinypay"}  # whose adapter looks for a refund by asking for it again
FROM_OUTSIDE = [KINDS["stripe"], KINDS["yookassa"]]  # whose own desk gives money back


def of(kinds: Sequence[Kind]) -> pytest.MarkDecorator:
    """A case for each of these."""
    return pytest.mark.parametrize("kind", kinds, ids=[each.name for each in kinds])


async def look(rig: Rig, seconds: float = 0) -> None:
    """So much later: what the provider says has come, and all that is due was looked after."""
    await rig.tg.clock.move(seconds)
    await rig.arrive()
    while await rig.looking.turn():
        pass
    await rig.arrive()


async def told(rig: Rig, ref: str) -> None:
    """The provider is asked now, and its word is settled."""
    with suppress(Mute):
        report = await rig.provider.status(ref)
        await rig.payments.tell([Said(rig.kind.name, report)])


async def funded(rig: Rig) -> None:
    """Enough lies at the provider to give back what it has kept a fee of."""
    if rig.kind.name == "cryptopay":
        price = rig.price
        rig.shop.top_up(price.currency, price.amount)  # type: ignore[attr-defined]
        legs = [Leg(clearing("cryptopay", price.currency), revenue("owner", price.currency), price)]
        await ledger.post(rig.db, key="test.top_up", legs=legs)


async def spend(rig: Rig, amount: int, *, key: str = "test.spent") -> None:
    """The payer buys something with what is in their wallet."""
    money = Money(amount, rig.price.currency)
    of = (wallet(USER, money.currency), revenue("elsewhere", money.currency))
    await ledger.post(rig.db, key=key, legs=[Leg(*of, money)])


async def give_back(
    rig: Rig, payment: Payment, amount: Money | None = None, *, key: str = "r", **more: object
) -> Refund:
    """A refund that we ask for; where a person has to do it, they do."""
    refund = await rig.payments.refund(payment.id, amount, key=key, **more)  # type: ignore[arg-type]
    if refund.status == "person":
        by_hand(rig, payment, refund)
        refund = await rig.payments.refunded_by_hand(refund.id, done=True, ref="by hand")
    await rig.arrive()
    return refund


def by_hand(rig: Rig, payment: Payment, refund: Refund) -> None:
    """The operator sends it from the provider's own cabinet."""
    of = rig.shop.payments[-1]
    rig.shop.book("payout", of, refund.amount.amount, charge=f"by hand {refund.id}")


def part(rig: Rig, percent: int) -> Money:
    return Money(rig.price.amount * percent // 100, rig.price.currency)


def some(rig: Rig) -> Money:
    """A part, or all of it where nothing less can be given back."""
    return part(rig, 40) if rig.provider.abilities.partial_refund else rig.price


async def charge_of(rig: Rig, payment: Payment) -> Money:
    (charge,) = await rig.payments.charges(payment.id)
    return charge.refunded


async def prepared(rig: Rig, payment: Payment, amount: Money) -> Refund:
    """Written down, and then we are killed."""
    send, rig.payments.send_refund = rig.payments.send_refund, _killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await rig.payments.refund(payment.id, amount, key="r")
    rig.payments.send_refund = send  # type: ignore[method-assign]
    (refund,) = await rig.payments.refunds(payment.id)
    return refund


async def _killed(refund_id: int) -> Refund:
    raise KeyboardInterrupt


def refund_call(rig: Rig) -> str:
    return "transfer" if rig.kind.name == "cryptopay" else "refund"


async def start(rig: Rig, payment: Payment, **more: Any) -> Started:
    more.setdefault("method", rig.kind.method)
    return await rig.payments.start(payment.id, provider=rig.kind.name, **more)


async def attempts(rig: Rig, payment: Payment) -> list[str]:
    return [each.status for each in await rig.payments.attempts(payment.id)]
