"""Looking after payments that have not ended: asking, expiring, capturing, delivering again.

Every payment says when somebody must look at it (`look_at`); that row is the truth, and no job
has to survive for it. Intervals grow. A payment that is over is watched for some days more where
money may still come; what nobody knows is asked about until somebody does.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from kassa import clock, ledger, outbox
from kassa.db import Tx
from kassa.ledger import Transfer
from kassa.log import get
from kassa.payments import notices, refunds
from kassa.payments.cases import Said
from kassa.payments.models import Attempt, Payment, Refund, Status
from kassa.payments.posting import repayments
from kassa.payments.providers.protocol import Created, Declined, Mute, Provider, State, Unknown, Why
from kassa.payments.providers.protocol import NoSuchPayment as NotThere
from kassa.payments.service import Payments
from kassa.payments.starting import IN_FLIGHT, is_in_flight, order
from kassa.payments.timeline import NewEvent, write_events

AT_ONCE = 16  # payments looked at side by side
PACE = 0.02  # seconds between two that begin, so that whoever pays just now need not wait
LEASE = timedelta(minutes=3)  # a payment is somebody's while they look at it
WATCHED = timedelta(days=3)  # after its end, for money that comes late
PATIENCE = timedelta(hours=1)  # with a silent provider: it may have been paid in time
KEEPING = 4  # looks, until a payment method that was to be kept is given up
FIRST, LONGEST = timedelta(seconds=15), timedelta(hours=1)

UNSURE = ("prepared", "sent", "unknown")  # attempts and refunds of which nobody knows
UNWANTED = (Status.SUCCEEDED, Status.CANCELED, Status.EXPIRED)  # nobody should pay it any more

_log = get(__name__)


class Looking:
    """`await Looking(payments).run()` until it is cancelled; in as many processes as there are."""

    def __init__(self, payments: Payments, *, poll: float = 1.0) -> None:
        self._payments = payments
        self._database = payments.database
        self._poll = poll

    async def run(self) -> None:
        while True:
            if not await self.turn():
                await asyncio.sleep(self._poll)

    async def turn(self) -> int:
        """One round; says how many payments were looked at."""
        due = await self._database.fetch(
            """
            UPDATE payments.payment SET look_at = $2, looks = looks + 1
             WHERE id IN (SELECT id FROM payments.payment WHERE look_at <= $1
                           ORDER BY look_at LIMIT $3 FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            *(clock.now(), clock.now() + LEASE, AT_ONCE),
        )
        await asyncio.gather(
            *(self._safely(row["id"], after=n * PACE) for n, row in enumerate(due))
        )
        return len(due)

    async def _safely(self, payment_id: int, *, after: float = 0) -> None:
        await asyncio.sleep(after)
        try:
            await self.look(payment_id)
        except Exception as error:  # noqa: BLE001 (edge: job; the lease runs out by itself)
            _log.warning("payments.look_failed", payment=payment_id, exc_info=error)

    async def look(self, payment_id: int) -> None:
        """All that can be done for this payment now, and when to look again."""
        leased = await self._database.fetchval(
            "SELECT look_at FROM payments.payment WHERE id = $1", payment_id
        )
        payment = await self._payments.get(self._database, payment_id)
        told = True
        for attempt in await self._payments.attempts(payment_id):
            told = await self._attempt(payment, attempt) and told
        await self._to_keep(payment)
        for refund in await self._payments.refunds(payment_id):
            await self._refund(refund)
        await self._doubts(payment_id)
        await self._deliver(payment_id)
        payment = await self._payments.get(self._database, payment_id)
        ends = payment.expires_at if told else payment.expires_at + PATIENCE
        if payment.is_open and ends <= clock.now():
            await self._expire(payment)
        await self._next(payment_id, leased)

    # -- attempts ------------------------------------------------------------------

    async def _attempt(self, payment: Payment, attempt: Attempt) -> bool:
        """False where the provider should have told something, and is silent."""
        provider = self._payments.providers.get(attempt.provider)
        if provider is None or attempt.is_over:
            return True
        in_flight = is_in_flight(attempt, clock.now())
        try:
            if attempt.status == "prepared":
                if not in_flight:  # whoever was to call died before; nothing has happened
                    gone = Declined(Why.DOWN, "the call was never made")
                    await self._payments.created(payment, attempt, gone)
            elif attempt.status == "unknown" or (attempt.status == "sent" and not in_flight):
                await self._find(provider, payment, attempt)
            elif attempt.status == "ok" and attempt.ref is not None and provider.abilities.status:
                report = await provider.status(attempt.ref)
                await self._payments.tell([Said(attempt.provider, report)])
                if report.state is State.AUTHORIZED:
                    await self._held(payment.id, attempt)
                elif report.state is State.WAITING and payment.status in UNWANTED:
                    await provider.cancel(attempt.ref)
        except NotThere as error:
            _log.error("payments.gone", payment=payment.id, error=str(error))
        except Mute as error:
            _log.warning("payments.no_answer", payment=payment.id, error=str(error))
            return False
        return True

    async def _to_keep(self, payment: Payment) -> None:
        """The name of a payment method that is to be kept, where no callback has told it."""
        if not (payment.save and payment.status is Status.SUCCEEDED) or payment.looks > KEEPING:
            return
        kept = """
            SELECT EXISTS (SELECT FROM payments.saved WHERE payment_id = $1 AND title <> '')
        """
        if await self._database.fetchval(kept, payment.id):
            return
        for attempt in await self._payments.attempts(payment.id):
            if attempt.said == State.PAID and attempt.ref is not None:
                try:
                    report = await self._payments.providers[attempt.provider].status(attempt.ref)
                except (KeyError, Mute, NotThere, NotImplementedError) as error:
                    _log.warning("payments.not_kept", payment=payment.id, error=str(error))
                else:
                    await self._payments.tell([Said(attempt.provider, report)])

    async def _find(self, provider: Provider, payment: Payment, attempt: Attempt) -> None:
        """Whether an attempt without an answer had its effect. Only the provider can tell."""
        if not provider.abilities.find:
            return
        found = await provider.find(order(payment, attempt))
        said: Created | Declined | Unknown = found or Declined(Why.DOWN, "it was not made")
        await self._payments.created(payment, attempt, said)

    async def _held(self, payment_id: int, attempt: Attempt) -> None:
        """Money that is held is taken, unless the app wants to say when; or it is let go."""
        payment = await self._payments.get(self._database, payment_id)
        attempt = next(a for a in await self._payments.attempts(payment_id) if a.id == attempt.id)
        if payment.status is not Status.AUTHORIZED:
            await self._payments.withdraw(payment_id)
        elif attempt.capture is not None:
            await self._payments.take(payment_id, attempt)
        elif not payment.hold:
            await self._payments.capture(payment_id)

    # -- refunds and deliveries ------------------------------------------------------

    async def _refund(self, refund: Refund) -> None:
        if refund.taken_back == "failed":
            await self._take_back(refund)
        if refund.outside or refund.status not in ("prepared", "sent", "unknown"):
            return
        asked = refund.asked_at
        if refund.status == "prepared":
            if clock.now() - refund.created_at >= IN_FLIGHT:
                await self._payments.send_refund(refund.id)
        elif asked is not None and clock.now() - asked >= IN_FLIGHT:
            await self._find_refund(refund)

    async def _find_refund(self, refund: Refund) -> None:
        case, refund = await self._database.run(lambda tx: refunds.load_refund(tx, refund.id))
        provider = self._payments.providers.get(case.charge.provider)
        if provider is None:
            return
        try:
            said = await provider.find_refund(refunds.give_back(case, refund))
        except Mute as error:
            _log.warning("payments.no_answer", refund=refund.id, error=str(error))
            return
        await self._payments.refund_answered(refund.id, said)

    async def _doubts(self, payment_id: int) -> None:
        """Less was given back than is booked, somebody has said: what does the provider say?"""
        given = await self._payments.refunds(payment_id)
        for charge in sorted({each.charge_id for each in given if each.why == refunds.DOUBTED}):
            case = await self._database.run(
                partial(refunds.load, payment_id=payment_id, charge_id=charge)
            )
            provider = self._payments.providers.get(case.charge.provider)
            if provider is None or not provider.abilities.status:
                continue
            try:
                report = await provider.status(case.attempt.ref or case.charge.ref)
            except (Mute, NotThere) as error:
                _log.warning("payments.no_answer", payment=payment_id, error=str(error))
                continue
            await self._database.run(partial(refunds.confirm_total, before=case, report=report))

    async def _take_back(self, refund: Refund) -> None:
        purposes = self._payments.purposes
        try:
            await self._database.run(lambda tx: refunds.take_back_again(tx, refund.id, purposes))
        except Exception as error:  # noqa: BLE001 (edge: an app; it is tried again)
            _log.warning("payments.taking_back_failed", refund=refund.id, error=repr(error))

    async def _deliver(self, payment_id: int) -> None:
        """What was paid and not delivered, once more. The money is in the wallet meanwhile."""
        try:
            await self._database.run(lambda tx: self._deliver_in(tx, payment_id))
        except Exception as error:  # noqa: BLE001 (edge: an app; it is tried again)
            cause = notices.cause(error)
            _log.warning("payments.delivery_failed", payment=payment_id, error=cause)
            await self._database.execute(
                "UPDATE payments.payment SET delivery_error = $2 WHERE id = $1", payment_id, cause
            )

    async def _deliver_in(self, tx: Tx, payment_id: int) -> None:
        await refunds.lock(tx, payment_id)
        payment = await self._payments.get(tx, payment_id)
        if payment.delivery != "failed":
            return
        purpose = self._payments.purposes.get(payment.purpose)
        if purpose is None:
            raise LookupError(f"No app here delivers {payment.purpose}.")
        given_back = await tx.fetchval(
            """
            SELECT EXISTS (SELECT FROM payments.refund r
                             JOIN payments.charge c ON c.id = r.charge_id
                            WHERE r.payment_id = $1 AND r.status <> 'declined'
                              AND c.fit IN ('exact', 'over'))
            """,
            payment_id,
        )
        if given_back:  # nobody waits for it any more
            return
        delivered = await purpose.on_paid(tx, payment)
        legs = list(delivered.legs)
        (repaid,) = await repayments(tx, [legs])
        if legs:
            key = f"payments.delivered:{payment_id}"
            await ledger.post_many(tx, [Transfer(key, [*legs, *repaid])])
        await tx.execute(
            """
            UPDATE payments.payment SET delivery = 'done', delivery_error = NULL WHERE id = $1
            """,
            payment_id,
        )
        await write_events(tx, [NewEvent(payment_id, "delivered")], clock.now())
        jobs = notices.messages(payment, delivered.messages)
        await outbox.put_many(tx, jobs)

    # -- time ----------------------------------------------------------------------

    async def _expire(self, payment: Payment) -> None:
        """Its time is over. What is paid all the same follows the policy."""

        async def end(tx: Tx) -> bool:
            await refunds.lock(tx, payment.id)
            now = await self._payments.get(tx, payment.id)
            attempts = await self._payments.attempts(payment.id, on=tx)
            if not now.is_open or any(each.is_on_its_way for each in attempts):
                return False  # the payer has done their part
            if now.expires_at > payment.expires_at:
                return False  # they are about to: it was agreed to, inside Telegram, meanwhile
            if any(each.saved and each.status in UNSURE for each in attempts):
                return False  # it may have been charged
            shown = await tx.fetchval(
                "UPDATE payments.payment SET status = 'expired' WHERE id = $1 RETURNING shown",
                payment.id,
            )
            await write_events(tx, [NewEvent(payment.id, "expired")], clock.now())
            await outbox.put_many(tx, notices.ended(payment.id, shown))
            return True

        if await self._database.run(end):
            await self._payments.withdraw(payment.id)

    async def _next(self, payment_id: int, leased: datetime | None) -> None:
        """When to look again, unless somebody has said so meanwhile."""
        payment = await self._payments.get(self._database, payment_id)
        attempts = await self._payments.attempts(payment_id)
        given = await self._payments.refunds(payment_id)
        at = next_look(payment, attempts, given, clock.now())
        await self._database.execute(
            "UPDATE payments.payment SET look_at = $2 WHERE id = $1 AND look_at = $3",
            *(payment_id, at, leased),
        )


def next_look(
    payment: Payment, attempts: Sequence[Attempt], given: Sequence[Refund], now: datetime
) -> datetime | None:
    """None: there is nothing to wait for."""
    doubled: int = 2 ** min(max(payment.looks - 1, 0), 20)
    growing = now + min(FIRST * doubled, LONGEST)
    unsure = any(each.status in UNSURE or each.capture is not None for each in attempts) or any(
        each.status in UNSURE or each.taken_back == "failed" or each.why == refunds.DOUBTED
        for each in given
    )
    if payment.is_open and payment.expires_at > now:
        return min(growing, payment.expires_at)
    if unsure or payment.is_open or payment.delivery == "failed":
        return growing
    if payment.save and payment.status is Status.SUCCEEDED and 0 < payment.looks <= KEEPING:
        return growing
    if any(not each.is_over and each.status == "ok" for each in attempts):
        ended = payment.paid_at or payment.expires_at
        return growing if now < ended + WATCHED else None
    return None
