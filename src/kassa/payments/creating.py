"""A payment is written down; nobody is asked for money yet."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from kassa import clock
from kassa.db import Tx
from kassa.errors import Conflict, Invalid
from kassa.money import Money
from kassa.payments import invoices, rows
from kassa.payments.models import Payment
from kassa.payments.providers.protocol import Invoice, Item, Payer
from kassa.payments.reading import Reading
from kassa.payments.timeline import NewEvent, write_events


class Creating(Reading):
    async def create(
        self,
        tx: Tx,
        *,
        user: int,
        amount: Money,
        purpose: str,
        subject: str = "",
        description: str,
        bot: str = "",
        payer: Payer | None = None,
        items: Sequence[Item] = (),
        return_url: str = "",
        cancel_url: str = "",
        data: Mapping[str, Any] | None = None,
        hold: bool = False,
        save: bool = False,
        invoice: Invoice | None = None,
        key: str | None = None,
        expires_in: timedelta = timedelta(minutes=30),
    ) -> Payment:
        """Writes the payment down. With a key, asking again for the same purpose gives the same.
        Who pays on a page comes back to the bot's chat, where no other address is given."""
        if purpose not in self.purposes:
            raise Invalid(f"Nobody here delivers {purpose!r}.")
        if amount.amount <= 0:
            raise Invalid(f"A payment is of more than nothing, not of {amount}.")
        if not description.strip():
            raise Invalid("Whoever pays wants to know what for: a description is needed.")
        if expires_in <= timedelta(0):
            raise Invalid("A payment that has expired already cannot be made.")
        lines = Money.zero(amount.currency)
        for each in items:
            if each.amount.currency != amount.currency:
                raise Invalid(f"The lines of the receipt are not all in {amount.currency}.")
            lines += each.amount * each.quantity
        if items and lines != amount:
            raise Invalid("The lines of the receipt do not add up to the amount.")
        if invoice is not None:
            invoices.check(invoice, amount)
        now = clock.now()
        row = await tx.fetchrow(
            f"""
            INSERT INTO payments.payment AS p
                   (user_id, bot, purpose, subject, amount, currency, description, details, hold,
                    key, created_at, expires_at, look_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
            ON CONFLICT (purpose, key) DO NOTHING
            RETURNING {rows.PAYMENT}
            """,
            *(user, bot, purpose, subject, amount.amount, amount.currency, description.strip()),
            rows.details(
                payer=payer or Payer(),
                items=tuple(items),
                return_url=return_url or self.home.get(bot, ""),
                cancel_url=cancel_url or self.home.get(bot, ""),
                data=data or {},
                save=save,
                invoice=invoice,
            ),
            *(hold, key, now, now + expires_in),
        )
        if row is None:
            return await self._same(tx, purpose, key, user, amount)
        payment = rows.payment(row)
        await write_events(tx, [NewEvent(payment.id, "created", {"amount": str(amount)})], now)
        return payment

    async def _same(
        self, tx: Tx, purpose: str, key: str | None, user: int, amount: Money
    ) -> Payment:
        row = await tx.fetchrow(
            f"SELECT {rows.PAYMENT} FROM payments.payment p WHERE purpose = $1 AND key = $2",
            *(purpose, key),
        )
        assert row is not None
        payment = rows.payment(row)
        if payment.user != user or payment.price != amount:
            raise Conflict(f"The key {key!r} was used for another payment.")
        return payment
