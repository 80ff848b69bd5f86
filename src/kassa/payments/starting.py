"""A provider is asked for a way to pay: once, however often and by how many it is wanted."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from kassa import clock
from kassa.db import Tx
from kassa.log import get
from kassa.payments import refunds, rows
from kassa.payments.cases import Said
from kassa.payments.models import (
    Attempt,
    NoSuchMethod,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payment,
    Started,
    Status,
)
from kassa.payments.providers.protocol import (
    Checkout,
    Created,
    Declined,
    Order,
    Unknown,
    Why,
)
from kassa.payments.saved import ref_of
from kassa.payments.telling import FIRST_LOOK, Telling
from kassa.payments.timeline import NewEvent, write_events

IN_FLIGHT = timedelta(seconds=60)  # a call that began longer ago has died with its caller
PATIENCE = 15.0  # seconds to wait for what somebody else is asking just now
KEY = "kassa-"

_log = get(__name__)


class Starting(Telling):
    async def start(self, payment_id: int, *, provider: str, method: str = "") -> Started:
        """Asks the provider for a way to pay. Asked twice, the answer is the same one.

        Another method may be started instead: whatever comes of the first is put right by the
        policy. But while nobody knows whether a kept payment method was charged, nothing is.
        """
        chosen = self._chosen(provider, method)
        return await self._begin(
            payment_id, lambda tx: self._attempt(tx, payment_id, provider, chosen, "")
        )

    async def charge(self, payment_id: int, saved: int) -> Started:
        """Charges a payment method that the payer has let us keep, by its number."""

        async def work(tx: Tx) -> tuple[Attempt, Payment, bool]:
            payment = await self.get(tx, payment_id)
            provider, ref = await ref_of(tx, payment.user, saved)
            return await self._attempt(tx, payment_id, provider, self._chosen(provider, ""), ref)

        return await self._begin(payment_id, work)

    async def _begin(
        self,
        payment_id: int,
        work: Callable[[Tx], Awaitable[tuple[Attempt, Payment, bool]]],
    ) -> Started:
        attempt, payment, new = await self.database.run(work)
        if new:
            return await self.ask(payment, attempt)
        return await self._answer(payment_id, attempt)

    def _chosen(self, provider: str, method: str) -> str:
        if provider not in self.providers:
            raise NoSuchMethod(f"There is no payment provider {provider!r} here.")
        names = [each.name for each in self.providers[provider].methods]
        if method and method not in names:
            raise NoSuchMethod(f"{provider} has no method {method!r}; it has {', '.join(names)}.")
        return method or names[0]

    async def _attempt(
        self, tx: Tx, payment_id: int, provider: str, method: str, saved: str
    ) -> tuple[Attempt, Payment, bool]:
        """The one that is there, or a new one."""
        await refunds.lock(tx, payment_id)
        payment = await self.get(tx, payment_id)
        now = clock.now()
        if not (payment.is_open or payment.status is Status.FAILED) or payment.expires_at <= now:
            raise NotOpen(f"The payment has ended: {payment.status}.")
        attempts = await self._attempts(tx, payment_id)
        same = [
            each
            for each in reversed(attempts)
            if (each.provider, each.method, each.saved) == (provider, method, saved)
        ]
        for each in same:
            if is_in_flight(each, now):
                return each, payment, False
        for each in attempts:
            if each.saved and each.status in ("prepared", "sent", "unknown"):
                raise OutcomeUnknown("The payment is being checked. Please wait a little.")
        if payment.status in (Status.PROCESSING, Status.AUTHORIZED):
            raise OutcomeUnknown("The payment is on its way. Please wait a little.")
        for each in same:
            if each.status == "ok" and not each.is_over and _lasts(each.checkout, now):
                return each, payment, False
        self._expect_nothing_on_its_way(payment)
        takes = {each.name: each for each in self.providers[provider].methods}[method]
        if not takes.takes(payment.price):
            raise NoSuchMethod(f"{payment.price} cannot be paid by {method} at {provider}.")
        row = await tx.fetchrow(
            f"""
            INSERT INTO payments.attempt AS a
                   (payment_id, provider, method, key, saved, status, asked_at, created_at)
            VALUES ($1, $2, $3, $4, $5, 'prepared', NULL, $6) RETURNING {rows.ATTEMPT}
            """,
            *(payment_id, provider, method, KEY + secrets.token_hex(10), saved, now),
        )
        assert row is not None
        await self._look(tx, payment_id, IN_FLIGHT + FIRST_LOOK)
        return rows.attempt(row), payment, True

    async def _answer(self, payment_id: int, attempt: Attempt) -> Started:
        """What an attempt came to that somebody else has made; theirs may be under way."""
        loop = asyncio.get_running_loop()
        patient_until, pause = loop.time() + PATIENCE, 0.02
        while attempt.status in ("prepared", "sent") and loop.time() < patient_until:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.5)
            attempts = await self.attempts(payment_id)
            attempt = next(each for each in attempts if each.id == attempt.id)
        payment = await self.get(self.database, payment_id)
        if attempt.status in ("prepared", "sent"):
            raise OutcomeUnknown("It is being prepared already. Please wait a little.")
        if attempt.status == "ok":
            return self._started(payment, attempt)
        why = attempt.why.partition(":")[0] if attempt.status == "declined" else Why.DOWN
        return self._without_checkout(payment, attempt, Why(why))

    async def ask(self, payment: Payment, attempt: Attempt) -> Started:
        """Calls the provider for an attempt that is written down."""
        now = clock.now()
        sent = await self.database.fetchval(
            """
            UPDATE payments.attempt SET status = 'sent', asked_at = $2
             WHERE id = $1 AND status = 'prepared' RETURNING true
            """,
            *(attempt.id, now),
        )
        if not sent:
            raise OutcomeUnknown("It is being prepared already. Please wait a little.")
        attempt = replace(attempt, status="sent", asked_at=now)
        provider = self.providers[attempt.provider]
        try:
            said = await provider.create(order(payment, attempt))
        except Exception as error:  # noqa: BLE001 (an adapter that breaks its word loses nothing)
            _log.error("payments.create_failed", provider=attempt.provider, exc_info=error)
            said = Unknown(type(error).__name__)
        return await self.created(payment, attempt, said)

    async def created(
        self, payment: Payment, attempt: Attempt, said: Created | Declined | Unknown
    ) -> Started:
        """Writes down what the provider answered to the making of a payment."""
        payment, attempt = await self.database.run(
            lambda tx: self._answered(tx, payment.id, attempt.id, said)
        )
        if isinstance(said, Created):
            if said.report is not None:
                await self.tell([Said(attempt.provider, said.report)])
                payment = await self.get(self.database, payment.id)
            if payment.status in (Status.CANCELED, Status.EXPIRED):  # called off meanwhile
                await self.withdraw(payment.id)
                return Started(payment, attempt, None)
            return self._started(payment, attempt)
        why = said.why if isinstance(said, Declined) else Why.DOWN
        return self._without_checkout(payment, attempt, why)

    def _started(self, payment: Payment, attempt: Attempt) -> Started:
        provider, checkout = self.providers.get(attempt.provider), attempt.checkout
        if provider is not None and checkout is not None:
            checkout = provider.shown(checkout, payment.bot)
        return Started(payment, attempt, checkout)

    def _without_checkout(self, payment: Payment, attempt: Attempt, why: Why) -> Started:
        others: tuple[Offer, ...] = ()
        if not (attempt.saved and attempt.status == "unknown"):
            used = Offer(attempt.provider, attempt.method)
            others = tuple(each for each in self.offers(payment.price) if each != used)
        return Started(payment, attempt, None, why, others)

    async def _answered(
        self, tx: Tx, payment_id: int, attempt_id: int, said: Created | Declined | Unknown
    ) -> tuple[Payment, Attempt]:
        await refunds.lock(tx, payment_id)
        attempt = next(a for a in await self._attempts(tx, payment_id) if a.id == attempt_id)
        payment = await self.get(tx, payment_id)
        now = clock.now()
        if attempt.status in ("ok", "declined"):  # a callback was faster, or somebody who looked
            if isinstance(said, Created) and attempt.checkout is None:
                shown = rows.checkout_json(said.checkout)
                await tx.execute(
                    "UPDATE payments.attempt SET checkout = $2 WHERE id = $1", attempt_id, shown
                )
                attempt = replace(attempt, checkout=said.checkout)
            return payment, attempt
        about = {"provider": attempt.provider, "method": attempt.method}
        if isinstance(said, Created):
            await tx.execute(
                """
                UPDATE payments.attempt SET status = 'ok', ref = $2, checkout = $3, said = 'waiting'
                 WHERE id = $1
                """,
                *(attempt_id, said.ref, rows.checkout_json(said.checkout)),
            )
            await self._awaits(tx, payment, now)
            await write_events(tx, [NewEvent(payment_id, "started", about)], now)
        elif isinstance(said, Declined):
            why = f"{said.why}: {said.detail}"[:500]
            await tx.execute(
                "UPDATE payments.attempt SET status = 'declined', why = $2 WHERE id = $1",
                *(attempt_id, why),
            )
            about |= {"why": str(said.why)}
            await write_events(tx, [NewEvent(payment_id, "method_failed", about)], now)
            if attempt.saved:
                await self._ends(tx, payment, Status.FAILED, str(said.why), now)
        else:
            await tx.execute(
                "UPDATE payments.attempt SET status = 'unknown', why = $2 WHERE id = $1",
                *(attempt_id, said.detail[:500]),
            )
            await self._look(tx, payment_id, FIRST_LOOK)
            await write_events(tx, [NewEvent(payment_id, "method_silent", about)], now)
        attempt = next(a for a in await self._attempts(tx, payment_id) if a.id == attempt_id)
        return await self.get(tx, payment_id), attempt

    async def _awaits(self, tx: Tx, payment: Payment, now: datetime) -> None:
        await tx.execute(
            """
            UPDATE payments.payment SET status = 'awaiting_payer', reason = '', look_at = $2,
                   looks = 0
             WHERE id = $1 AND status IN ('created', 'failed', 'awaiting_payer')
            """,
            *(payment.id, now + FIRST_LOOK),
        )


def is_in_flight(attempt: Attempt, now: datetime) -> bool:
    """Whether somebody is asking the provider just now."""
    if attempt.status not in ("prepared", "sent"):
        return False
    return now - (attempt.asked_at or attempt.created_at) < IN_FLIGHT


def order(payment: Payment, attempt: Attempt) -> Order:
    """What the provider is asked for; made the same way each time, since it may be asked again."""
    return Order(
        key=attempt.key,
        amount=payment.price,
        description=payment.description,
        user=payment.user,
        method=attempt.method,
        payer=payment.payer,
        items=payment.items,
        return_url=payment.return_url,
        cancel_url=payment.cancel_url,
        created_at=attempt.created_at,
        expires_at=payment.expires_at,
        hold=payment.hold,
        save=payment.save,
        saved=attempt.saved,
        bot=payment.bot,
        invoice=payment.invoice,
    )


def _lasts(checkout: Checkout | None, now: datetime) -> bool:
    return checkout is not None and (checkout.expires_at is None or checkout.expires_at > now)
