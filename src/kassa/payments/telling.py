"""Learning what became of payments: what providers say is settled, and they can be asked."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kassa import clock, outbox
from kassa.db import Tx
from kassa.log import get
from kassa.payments import notices, refunds, renewals
from kassa.payments.cases import Said
from kassa.payments.models import OutcomeUnknown, Payment, Status
from kassa.payments.providers.protocol import Mute, State
from kassa.payments.providers.protocol import NoSuchPayment as NotThere
from kassa.payments.reading import Reading
from kassa.payments.settle import Settled, settle
from kassa.payments.timeline import NewEvent, write_events

FIRST_LOOK = timedelta(seconds=15)
LATE = timedelta(hours=1)  # until one that was called off is looked at
ON_ITS_WAY = timedelta(seconds=60)  # after we agreed to a payment inside Telegram: to hear of it

_log = get(__name__)


class Telling(Reading):
    async def tell(self, said: Sequence[Said]) -> list[Settled]:
        """Settles what is known of payments, one by one; refunds and disputes too."""
        return [await self._told(one) for one in said]

    async def _told(self, one: Said) -> Settled:
        async def work(tx: Tx) -> tuple[Said, Settled]:
            placed = await renewals.placed(tx, one)
            (answer,) = await settle(tx, [placed], self.purposes, alone=True)
            return placed, answer

        one, answer = await self.database.run(work)
        if answer.more:
            await self.database.run(lambda tx: refunds.reported(tx, one, self.purposes))
        return answer

    async def check(self, payment_id: int) -> Payment:
        """Asks the provider now. The button, the page one returns to, and the clock come here."""
        for attempt in await self.attempts(payment_id):
            provider = self.providers.get(attempt.provider)
            if provider is None or attempt.ref is None or not provider.abilities.status:
                continue
            if attempt.status == "ok" and attempt.said != State.PAID:
                try:
                    report = await provider.status(attempt.ref)
                except (Mute, NotThere) as error:
                    _log.warning("payments.no_status", payment=payment_id, error=str(error))
                    continue
                await self.tell([Said(attempt.provider, report)])
        return await self.get(self.database, payment_id)

    async def withdraw(self, payment_id: int) -> None:
        """Tells the providers that nobody should pay it any more."""
        for attempt in await self.attempts(payment_id):
            provider = self.providers.get(attempt.provider)
            if provider is not None and attempt.ref is not None and not attempt.is_over:
                try:
                    await provider.cancel(attempt.ref)
                except (Mute, NotThere) as error:
                    _log.warning("payments.not_withdrawn", payment=payment_id, error=str(error))

    def _expect_nothing_on_its_way(self, payment: Payment) -> None:
        if payment.agreed_at is not None and clock.now() - payment.agreed_at < ON_ITS_WAY:
            raise OutcomeUnknown("The payment is on its way. Please wait a little.")

    async def _ends(
        self, tx: Tx, payment: Payment, status: Status, reason: str, now: datetime
    ) -> None:
        called_off = payment.status is Status.FAILED and status is Status.CANCELED
        if payment.is_open or called_off:
            shown = await tx.fetchval(
                """
                UPDATE payments.payment SET status = $2, reason = $3 WHERE id = $1 RETURNING shown
                """,
                *(payment.id, str(status), reason),
            )
            await write_events(tx, [NewEvent(payment.id, str(status), {"reason": reason})], now)
            await outbox.put_many(tx, notices.ended(payment.id, shown))

    async def _look(self, tx: Tx, payment_id: int, after: timedelta) -> None:
        await tx.execute(
            "UPDATE payments.payment SET look_at = $2, looks = 0 WHERE id = $1",
            *(payment_id, clock.now() + after),
        )
