"""A charge, and everything that its refunds depend on; whose lock must be held to change it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa.db import Reader, Tx
from kassa.money import Money
from kassa.payments import rows
from kassa.payments.models import Attempt, CannotRefund, Charge, NoSuchPayment, Payment, Refund

if TYPE_CHECKING:
    from asyncpg import Record

UNDER_WAY = ("prepared", "sent", "unknown", "person")
DOUBTED = "is it there still?"  # why a refund that is done is asked about
SOON = timedelta(seconds=30)  # until a refund that was left half done is looked at


@dataclass(frozen=True, slots=True)
class Case:
    payment: Payment
    attempt: Attempt
    charge: Charge
    refunds: tuple[Refund, ...]

    @property
    def left(self) -> Money:
        """What can still be given back."""
        return self.kept - self._sum(each.amount for each in self.refunds if _is_under_way(each))

    @property
    def kept(self) -> Money:
        """What has not gone back yet."""
        return self.charge.amount - self.charge.refunded

    @property
    def returned(self) -> Money:
        """What had gone back and was not taken there: it lies in the payer's wallet again."""
        done = self._sum(each.amount for each in self.refunds if each.status == "done")
        return done - self.charge.refunded

    @property
    def lost(self) -> Money:
        """Of what has gone back, that which went by disputes."""
        return self._sum(each.amount for each in self.refunds if is_of_dispute(each))

    def share(self, amount: Money) -> Money:
        """What of it concerns the price: what had been paid too much goes back first."""
        return self._share(amount, self.left, [r for r in self.refunds if r.status != "declined"])

    def share_of_gone(self, amount: Money) -> Money:
        """The same, of money that has gone already, whatever is under way."""
        return self._share(amount, self.kept, [r for r in self.refunds if r.status == "done"])

    def _share(self, amount: Money, left: Money, earlier: list[Refund]) -> Money:
        nothing = Money.zero(amount.currency)
        if not self.charge.fulfils:
            return nothing
        of_price = max(self.payment.amount - self._sum(r.share for r in earlier), nothing)
        return min(amount - min(amount, max(left - of_price, nothing)), of_price)

    def _sum(self, amounts: Iterable[Money]) -> Money:
        return sum(amounts, Money.zero(self.charge.amount.currency))


def _is_under_way(refund: Refund) -> bool:
    return refund.status in UNDER_WAY


def is_of_dispute(refund: Refund) -> bool:
    return refund.outside and refund.key.startswith("dispute:") and refund.status == "done"


# -- what is there -----------------------------------------------------------------


async def load(tx: Tx, payment_id: int, charge_id: int | None = None) -> Case:
    """With the payer's lock; the charge that fulfils the payment where none is named."""
    await lock(tx, payment_id)
    row = await tx.fetchrow(
        f"SELECT {rows.PAYMENT} FROM payments.payment p WHERE p.id = $1",
        payment_id,
    )
    found = await tx.fetchrow(
        f"""
        SELECT {rows.CHARGE} FROM payments.charge c
         WHERE c.payment_id = $1
           AND CASE WHEN $2::bigint IS NULL THEN c.fit IN ('exact', 'over') ELSE c.id = $2 END
        """,
        *(payment_id, charge_id),
    )
    if row is None or found is None:
        raise CannotRefund("Nothing was paid that could be given back.")
    charge = rows.charge(found)
    attempt = await tx.fetchrow(
        f"SELECT {rows.ATTEMPT} FROM payments.attempt a WHERE a.id = $1", charge.attempt_id
    )
    refunds: list[Record] = await tx.fetch(
        f"SELECT {rows.REFUND} FROM payments.refund r WHERE r.charge_id = $1 ORDER BY r.id",
        charge.id,
    )
    assert attempt is not None
    return Case(
        rows.payment(row), rows.attempt(attempt), charge, tuple(rows.refund(r) for r in refunds)
    )


async def load_refund(tx: Tx, refund_id: int) -> tuple[Case, Refund]:
    row = await tx.fetchrow(
        "SELECT payment_id, charge_id FROM payments.refund WHERE id = $1", refund_id
    )
    if row is None:
        raise NoSuchPayment(f"There is no refund {refund_id}.")
    case = await load(tx, row["payment_id"], row["charge_id"])
    return case, next(each for each in case.refunds if each.id == refund_id)


async def lock(tx: Tx, payment_id: int) -> None:
    """The payer's lock: everything of one person happens one after another."""
    user = await tx.fetchval("SELECT user_id FROM payments.payment WHERE id = $1", payment_id)
    if user is None:
        raise NoSuchPayment(f"There is no payment {payment_id}.")
    await tx.execute("SELECT payments.lock_users(ARRAY[$1::bigint])", user)


async def look_soon(tx: Tx, payment_id: int, now: datetime) -> None:
    await tx.execute(
        """
        UPDATE payments.payment SET look_at = least(look_at, $2), looks = 0 WHERE id = $1
        """,
        *(payment_id, now + SOON),
    )


async def of_payment(on: Reader, payment_id: int) -> list[Refund]:
    found = await on.fetch(
        f"SELECT {rows.REFUND} FROM payments.refund r WHERE r.payment_id = $1 ORDER BY r.id",
        payment_id,
    )
    return [rows.refund(row) for row in found]
