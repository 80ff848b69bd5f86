"""Money that is held is taken, and payments are called off."""

from kassa import clock
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.log import get
from kassa.money import Money
from kassa.payments import refunds, rows
from kassa.payments.cases import Said
from kassa.payments.models import Attempt, NotOpen, OutcomeUnknown, Payment, Status
from kassa.payments.providers.protocol import Declined, Report, Unknown
from kassa.payments.telling import FIRST_LOOK, LATE, Telling
from kassa.payments.timeline import NewEvent, write_events

_log = get(__name__)


class Capturing(Telling):
    async def capture(self, payment_id: int, amount: Money | None = None) -> Payment:
        """Takes money that is held, or a part of it, which is the price then; the rest is free
        again. Asked twice, it is done once."""
        attempt = await self.database.run(lambda tx: self._to_capture(tx, payment_id, amount))
        return await self.take(payment_id, attempt)

    async def _to_capture(self, tx: Tx, payment_id: int, amount: Money | None) -> Attempt:
        await refunds.lock(tx, payment_id)
        payment = await self.get(tx, payment_id)
        if payment.status is not Status.AUTHORIZED:
            raise NotOpen(f"Nothing is held for the payment: it is {payment.status}.")
        held = await self._held_at(tx, payment_id)
        price = payment.amount
        if held.capture is not None:  # under way: it can only be the same
            if amount not in (None, price):
                raise OutcomeUnknown(f"{price} of it are being captured. Please wait a little.")
            return held
        wanted = price if amount is None else amount
        if wanted.currency != price.currency or not 0 < wanted.amount <= price.amount:
            raise Invalid(f"Between nothing and {price} can be taken, not {wanted}.")
        row = await tx.fetchrow(
            f"""
            UPDATE payments.attempt a SET capture = 'asked', capture_of = $2
             WHERE id = $1 RETURNING {rows.ATTEMPT}
            """,
            *(held.id, price.amount),
        )
        assert row is not None
        await self._costs(tx, payment_id, wanted.amount)
        await self._look(tx, payment_id, FIRST_LOOK)
        data = {"amount": str(wanted), "held": str(price)}
        event = NewEvent(payment_id, "capture_asked", data, public=False)
        await write_events(tx, [event], clock.now())
        return rows.attempt(row)

    async def _held_at(self, tx: Tx, payment_id: int) -> Attempt:
        for attempt in await self._attempts(tx, payment_id):
            if attempt.said == "authorized":
                return attempt
        raise NotOpen("Nothing is held for the payment.")

    async def _costs(self, tx: Tx, payment_id: int, amount: int) -> None:
        await tx.execute(
            "UPDATE payments.payment SET amount = $2 WHERE id = $1", payment_id, amount
        )

    async def take(self, payment_id: int, attempt: Attempt) -> Payment:
        """Calls the provider to capture what was asked for; the key makes it one."""
        payment = await self.get(self.database, payment_id)
        assert attempt.ref is not None
        said: Report | Declined | Unknown
        try:
            said = await self.providers[attempt.provider].capture(
                attempt.ref, payment.amount, key=f"{attempt.key}-capture"
            )
        except Exception as error:  # noqa: BLE001 (an adapter that breaks its word loses nothing)
            _log.error("payments.capture_failed", provider=attempt.provider, exc_info=error)
            said = Unknown(type(error).__name__)
        if isinstance(said, Report):
            await self.tell([Said(attempt.provider, said)])
        else:
            await self.database.run(lambda tx: self._not_taken(tx, attempt, said))
        return await self.get(self.database, payment_id)

    async def _not_taken(self, tx: Tx, attempt: Attempt, said: Declined | Unknown) -> None:
        """Nobody knows whether it is; or it is not, and the price is again what is held."""
        await refunds.lock(tx, attempt.payment_id)
        now = next(a for a in await self._attempts(tx, attempt.payment_id) if a.id == attempt.id)
        if now.capture is None:
            return
        declined = isinstance(said, Declined)
        await tx.execute(
            "UPDATE payments.attempt SET capture = $2, why = $3 WHERE id = $1",
            *(attempt.id, None if declined else "unknown", said.detail[:500]),
        )
        if declined and now.capture_of is not None:
            await self._costs(tx, attempt.payment_id, now.capture_of)

    async def cancel(self, payment_id: int, *, reason: str = "") -> Payment:
        """Ends it, unless money has come. What is paid all the same goes to the payer's wallet."""
        await self.check(payment_id)
        payment = await self.database.run(lambda tx: self._called_off(tx, payment_id, reason))
        await self.withdraw(payment_id)
        return payment

    async def _called_off(self, tx: Tx, payment_id: int, reason: str) -> Payment:
        await refunds.lock(tx, payment_id)
        payment = await self.get(tx, payment_id)
        if payment.status is Status.SUCCEEDED:
            raise NotOpen("It is paid already; it can be refunded.")
        self._expect_nothing_on_its_way(payment)
        for each in await self._attempts(tx, payment_id):
            charged = each.saved and each.status in ("prepared", "sent", "unknown")
            if charged or each.capture is not None:
                raise OutcomeUnknown("The payment is being checked. Please wait a little.")
        await self._ends(tx, payment, Status.CANCELED, reason, clock.now())
        await self._look(tx, payment_id, LATE)
        return await self.get(tx, payment_id)
