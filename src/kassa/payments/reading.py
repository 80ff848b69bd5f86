"""What is there of payments, to be looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kassa.db import Database, Reader, Tx
from kassa.money import Money
from kassa.payments import refunds, rows
from kassa.payments.models import (
    Attempt,
    Charge,
    Event,
    NoSuchPayment,
    Offer,
    Payment,
    Purpose,
    Refund,
)
from kassa.payments.providers.protocol import Provider
from kassa.payments.saved import Saved, forget, of_user

if TYPE_CHECKING:
    from asyncpg import Record

# What payers read of an event; the rest of it is for the operator.
FOR_PAYERS = frozenset({"amount", "received", "provider", "method", "fit"})


class Reading:
    def __init__(
        self,
        database: Database,
        *,
        providers: Mapping[str, Provider],
        purposes: Sequence[Purpose] = (),
    ) -> None:
        self.database = database
        self.providers = dict(providers)
        self.purposes = {purpose.name: purpose for purpose in purposes}
        self.home: dict[str, str] = {}  # a bot's chat, by its number: where payers come back to
        self.waking: list[Callable[[], object]] = []  # told of what an update has brought

    def offers(self, amount: Money) -> tuple[Offer, ...]:
        """The ways to pay this amount, in the order in which they are set up."""
        return tuple(
            Offer(provider.name, method.name)
            for provider in self.providers.values()
            for method in provider.methods
            if method.takes(amount)
        )

    async def get(self, on: Reader, payment_id: int, *, user: int | None = None) -> Payment:
        """With `user`, only that person's."""
        row = await on.fetchrow(
            f"SELECT {rows.PAYMENT} FROM payments.payment p WHERE p.id = $1", payment_id
        )
        if row is None or user not in (None, row["user_id"]):
            raise NoSuchPayment(f"There is no payment {payment_id}.")
        return rows.payment(row)

    async def attempts(self, payment_id: int, *, on: Reader | None = None) -> list[Attempt]:
        """`on` is the open transaction, for whoever is in one: a second connection may not come."""
        return await self._attempts(on or self.database, payment_id)

    async def _attempts(self, on: Reader, payment_id: int) -> list[Attempt]:
        found: list[Record] = await on.fetch(
            f"SELECT {rows.ATTEMPT} FROM payments.attempt a WHERE payment_id = $1 ORDER BY id",
            payment_id,
        )
        return [rows.attempt(row) for row in found]

    async def charges(self, payment_id: int, *, on: Reader | None = None) -> list[Charge]:
        found: list[Record] = await (on or self.database).fetch(
            f"SELECT {rows.CHARGE} FROM payments.charge c WHERE payment_id = $1 ORDER BY id",
            payment_id,
        )
        return [rows.charge(row) for row in found]

    async def refunds(self, payment_id: int) -> list[Refund]:
        return await refunds.of_payment(self.database, payment_id)

    async def saved(self, user: int) -> list[Saved]:
        """The payment methods that this person lets us charge again, the newest first."""
        return await of_user(self.database, user)

    async def forget(self, tx: Tx, user: int, saved: int) -> None:
        """A kept payment method is not charged any more."""
        await forget(tx, user, saved)

    async def timeline(
        self, payment_id: int, *, public: bool = True, on: Reader | None = None
    ) -> list[Event]:
        """All that happened; `public` is what the payer may read."""
        found: list[Record] = await (on or self.database).fetch(
            """
            SELECT at, kind, public, data FROM payments.event
             WHERE payment_id = $1 AND (public OR NOT $2) ORDER BY id
            """,
            *(payment_id, public),
        )
        return [
            Event(row["at"], row["kind"], row["public"], _data(row, public=public)) for row in found
        ]

    async def of_user(
        self,
        user: int,
        *,
        before: int | None = None,
        most: int = 20,
        on: Reader | None = None,
    ) -> list[Payment]:
        """A page of a person's payments, newest first; the next is `before` its last."""
        found: list[Record] = await (on or self.database).fetch(
            f"""
            SELECT {rows.PAYMENT} FROM payments.payment p
             WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
            """,
            *(user, 2**63 - 1 if before is None else before, most),
        )
        return [rows.payment(row) for row in found]


def _data(row: "Record", *, public: bool) -> Mapping[str, Any]:
    told: Mapping[str, Any] = row["data"]
    if not public:
        return told
    return {name: value for name, value in told.items() if name in FOR_PAYERS}
