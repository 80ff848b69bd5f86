"""What can be done with a payment: create, start, check, capture, cancel, refund, and its story.

    payment = await payments.create(tx, user=17, amount=Money(500, "USD"), purpose="tokens.topup",
                                    subject="100", description="100 токенов")
    ...                                             # commits
    started = await payments.start(payment.id, provider="stripe", method="card")

Providers are called with no transaction open. What is about to be asked is written down first,
so that whoever finds it after a kill knows what to ask about.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kassa import clock
from kassa.db import Database, Reader, Tx
from kassa.errors import Conflict, Invalid
from kassa.log import get
from kassa.money import Money
from kassa.payments import refunds, rows
from kassa.payments.models import (
    OPEN,
    Attempt,
    CannotRefund,
    Charge,
    Event,
    NoSuchMethod,
    NoSuchPayment,
    NotOpen,
    Offer,
    OutcomeUnknown,
    Payment,
    Purpose,
    Refund,
    Started,
    Status,
)
from kassa.payments.providers.protocol import (
    Checkout,
    Created,
    Declined,
    Item,
    Mute,
    Order,
    Payer,
    Provider,
    Refunded,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.protocol import NoSuchPayment as NotThere
from kassa.payments.settle import NewEvent, Said, Settled, settle, write_events

if TYPE_CHECKING:
    from asyncpg import Record

FIRST_LOOK = timedelta(seconds=15)
IN_FLIGHT = timedelta(seconds=60)  # a call that began longer ago has died with its caller
KEY = "kassa-"

_log = get(__name__)


class Payments:
    """`providers` by their names, `purposes` by theirs."""

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

    async def close(self) -> None:
        await asyncio.gather(*(provider.close() for provider in self.providers.values()))

    # -- asking for money ----------------------------------------------------------

    def offers(self, amount: Money) -> tuple[Offer, ...]:
        """The ways to pay this amount, in the order in which they are set up."""
        return tuple(
            Offer(provider.name, method.name)
            for provider in self.providers.values()
            for method in provider.methods
            if method.takes(amount)
        )

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
        key: str | None = None,
        expires_in: timedelta = timedelta(minutes=30),
    ) -> Payment:
        """Writes the payment down. With a key, asking again for the same purpose gives the same."""
        if purpose not in self.purposes:
            raise Invalid(f"Nobody here delivers {purpose!r}.")
        if amount.amount <= 0:
            raise Invalid(f"A payment is of more than nothing, not of {amount}.")
        if not description.strip():
            raise Invalid("Whoever pays wants to know what for: a description is needed.")
        if expires_in <= timedelta(0):
            raise Invalid("A payment that has expired already cannot be made.")
        if items and sum(each.amount.amount * each.quantity for each in items) != amount.amount:
            raise Invalid("The lines of the receipt do not add up to the amount.")
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
                return_url=return_url,
                cancel_url=cancel_url,
                data=data or {},
                save=save,
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
        if payment.user != user or payment.amount != amount:
            raise Conflict(f"The key {key!r} was used for another payment.")
        return payment

    async def start(
        self, payment_id: int, *, provider: str, method: str = "", saved: str = ""
    ) -> Started:
        """Asks the provider for a way to pay. Asked twice, the answer is the same one.

        Another method may be started instead: whatever comes of the first is put right by the
        policy. But while nobody knows whether a kept payment method was charged, nothing is.
        """
        chosen = self._chosen(provider, method)
        attempt, payment, known = await self.database.run(
            lambda tx: self._attempt(tx, payment_id, provider, chosen, saved)
        )
        if known:
            return Started(payment, attempt, attempt.checkout)
        return await self.ask(payment, attempt)

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
        await refunds.lock(tx, payment_id)
        payment = await self.get(tx, payment_id)
        now = clock.now()
        if not (payment.is_open or payment.status is Status.FAILED) or payment.expires_at <= now:
            raise NotOpen(f"The payment has ended: {payment.status}.")
        attempts = await self._attempts(tx, payment_id)
        for each in attempts:
            if each.saved and each.status in ("sent", "unknown"):
                raise OutcomeUnknown("The payment is being checked. Please wait a little.")
        if payment.status in (Status.PROCESSING, Status.AUTHORIZED):
            raise OutcomeUnknown("The payment is on its way. Please wait a little.")
        takes = {each.name: each for each in self.providers[provider].methods}[method]
        if not takes.takes(payment.amount):
            raise NoSuchMethod(f"{payment.amount} cannot be paid by {method} at {provider}.")
        for each in reversed(attempts):
            if (each.provider, each.method, each.saved) != (provider, method, saved):
                continue
            if each.status == "ok" and not each.is_over and _lasts(each.checkout, now):
                return each, payment, True
            if each.status == "sent" and each.asked_at and now - each.asked_at < IN_FLIGHT:
                raise OutcomeUnknown("It is being prepared already. Please wait a little.")
        row = await tx.fetchrow(
            f"""
            INSERT INTO payments.attempt AS a
                   (payment_id, provider, method, key, saved, status, asked_at, created_at)
            VALUES ($1, $2, $3, $4, $5, 'prepared', NULL, $6) RETURNING {rows.ATTEMPT}
            """,
            *(payment_id, provider, method, KEY + secrets.token_hex(10), saved, now),
        )
        assert row is not None
        await tx.execute(
            "UPDATE payments.payment SET look_at = $2, looks = 0 WHERE id = $1",
            *(payment_id, now + IN_FLIGHT + FIRST_LOOK),
        )
        return rows.attempt(row), payment, False

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
            return Started(payment, attempt, attempt.checkout)
        why = said.why if isinstance(said, Declined) else Why.DOWN
        others: tuple[Offer, ...] = ()
        if not (attempt.saved and isinstance(said, Unknown)):
            used = Offer(attempt.provider, attempt.method)
            others = tuple(each for each in self.offers(payment.amount) if each != used)
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

    async def _awaits(self, tx: Tx, payment: Payment, now: Any) -> None:
        await tx.execute(
            """
            UPDATE payments.payment SET status = 'awaiting_payer', reason = '', look_at = $2,
                   looks = 0
             WHERE id = $1 AND status IN ('created', 'failed', 'awaiting_payer')
            """,
            *(payment.id, now + FIRST_LOOK),
        )

    async def _ends(self, tx: Tx, payment: Payment, status: Status, reason: str, now: Any) -> None:
        if payment.is_open:
            await tx.execute(
                "UPDATE payments.payment SET status = $2, reason = $3 WHERE id = $1",
                *(payment.id, str(status), reason),
            )
            await write_events(tx, [NewEvent(payment.id, str(status), {"reason": reason})], now)

    async def _look(self, tx: Tx, payment_id: int, after: timedelta) -> None:
        await tx.execute(
            "UPDATE payments.payment SET look_at = $2, looks = 0 WHERE id = $1",
            *(payment_id, clock.now() + after),
        )

    # -- learning what became of it --------------------------------------------------

    async def tell(self, said: Sequence[Said]) -> list[Settled]:
        """Settles what is known of payments, one by one; refunds and disputes too."""
        return [await self._told(one) for one in said]

    async def _told(self, one: Said) -> Settled:
        async def work(tx: Tx) -> Settled:
            (answer,) = await settle(tx, [one], self.purposes, alone=True)
            return answer

        answer = await self.database.run(work)
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

    async def capture(self, payment_id: int, amount: Money | None = None) -> Payment:
        """Takes money that is held, or a part of it; the rest is free again."""

        async def ask(tx: Tx) -> Attempt:
            await refunds.lock(tx, payment_id)
            payment = await self.get(tx, payment_id)
            if payment.status is not Status.AUTHORIZED:
                raise NotOpen(f"Nothing is held for the payment: it is {payment.status}.")
            wanted = amount or payment.amount
            if not Money.zero(wanted.currency) < wanted <= payment.amount:
                raise Invalid(f"Between nothing and {payment.amount} can be taken, not {wanted}.")
            row = await tx.fetchrow(
                f"""
                UPDATE payments.attempt a
                   SET capture = coalesce(capture, 'asked'),
                       capture_of = coalesce(capture_of, $2)
                 WHERE payment_id = $1 AND said = 'authorized' RETURNING {rows.ATTEMPT}
                """,
                *(payment_id, wanted.amount),
            )
            if row is None:
                raise NotOpen("Nothing is held for the payment.")
            await self._look(tx, payment_id, FIRST_LOOK)
            return rows.attempt(row)

        attempt = await self.database.run(ask)
        return await self.take(payment_id, attempt)

    async def take(self, payment_id: int, attempt: Attempt) -> Payment:
        """Calls the provider to capture what was asked for; the key makes it one."""
        payment = await self.get(self.database, payment_id)
        assert attempt.ref is not None
        wanted = Money(attempt.capture_of or payment.amount.amount, payment.amount.currency)
        said = await self.providers[attempt.provider].capture(
            attempt.ref, wanted, key=f"{attempt.key}-capture"
        )
        if isinstance(said, Report):
            await self.tell([Said(attempt.provider, said)])
        else:
            status = "unknown" if isinstance(said, Unknown) else None
            await self.database.execute(
                "UPDATE payments.attempt SET capture = $2, why = $3 WHERE id = $1",
                *(attempt.id, status, said.detail[:500]),
            )
        return await self.get(self.database, payment_id)

    async def cancel(self, payment_id: int, *, reason: str = "") -> Payment:
        """Ends it, unless money has come. What is paid all the same goes to the payer's wallet."""
        payment = await self.check(payment_id)

        async def end(tx: Tx) -> Payment:
            await refunds.lock(tx, payment_id)
            payment = await self.get(tx, payment_id)
            if payment.status is Status.SUCCEEDED:
                raise NotOpen("It is paid already; it can be refunded.")
            for each in await self._attempts(tx, payment_id):
                if each.saved and each.status in ("sent", "unknown"):
                    raise OutcomeUnknown("The payment is being checked. Please wait a little.")
            await self._ends(tx, payment, Status.CANCELED, reason, clock.now())
            await self._look(tx, payment_id, timedelta(hours=1))
            return await self.get(tx, payment_id)

        payment = await self.database.run(end)
        await self.withdraw(payment_id)
        return payment

    async def withdraw(self, payment_id: int) -> None:
        """Tells the providers that nobody should pay it any more."""
        for attempt in await self.attempts(payment_id):
            provider = self.providers.get(attempt.provider)
            if provider is not None and attempt.ref is not None and not attempt.is_over:
                try:
                    await provider.cancel(attempt.ref)
                except (Mute, NotThere) as error:
                    _log.warning("payments.not_withdrawn", payment=payment_id, error=str(error))

    # -- giving back -----------------------------------------------------------------

    async def refund(
        self,
        payment_id: int,
        amount: Money | None = None,
        *,
        key: str,
        reason: str = "",
        charge: int | None = None,
        even_if_spent: bool = False,
    ) -> Refund:
        """To where it came from, all of it or a part; the same key is the same refund.

        Where what was bought has been spent, it is refused; `even_if_spent` lets the payer owe.
        """
        abilities = {name: each.abilities for name, each in self.providers.items()}
        refund = await self.database.run(
            lambda tx: refunds.prepare(
                tx,
                payment_id,
                purposes=self.purposes,
                abilities=abilities,
                key=key,
                amount=amount,
                charge_id=charge,
                reason=reason,
                even_if_spent=even_if_spent,
            )
        )
        return await self.send_refund(refund.id) if refund.status == "prepared" else refund

    async def send_refund(self, refund_id: int) -> Refund:
        """Calls the provider for a refund that is written down."""

        async def mark(tx: Tx) -> tuple[refunds.Case, Refund, bool]:
            case, refund = await refunds.load_refund(tx, refund_id)
            if refund.status != "prepared":
                return case, refund, False
            asked = refund.asked_at or clock.now()
            await tx.execute(
                "UPDATE payments.refund SET status = 'sent', asked_at = $2 WHERE id = $1",
                *(refund_id, asked),
            )
            return case, replace(refund, status="sent", asked_at=asked), True

        case, refund, ours = await self.database.run(mark)
        if not ours:
            return refund
        provider = self.providers[case.charge.provider]
        said: Refunded | Declined | Unknown
        try:
            said = await provider.refund(refunds.give_back(case, refund))
        except Exception as error:  # noqa: BLE001 (an adapter that breaks its word loses nothing)
            _log.error("payments.refund_failed", provider=case.charge.provider, exc_info=error)
            said = Unknown(type(error).__name__)
        return await self.refund_answered(refund_id, said)

    async def refund_answered(self, refund_id: int, said: Refunded | Declined | Unknown) -> Refund:
        return await self.database.run(
            lambda tx: refunds.resolve(tx, refund_id, said, purposes=self.purposes)
        )

    async def refunded_by_hand(self, refund_id: int, *, done: bool, ref: str = "") -> Refund:
        """What a person did, or will not do, where the provider has no call for it."""
        _, refund = await self.database.run(lambda tx: refunds.load_refund(tx, refund_id))
        if refund.status != "person":
            raise CannotRefund(f"The refund {refund_id} is {refund.status}: no person is needed.")
        said = Refunded(ref) if done else Declined(Why.DECLINED, "not done")
        return await self.refund_answered(refund_id, said)

    # -- reading ---------------------------------------------------------------------

    async def get(self, on: Reader, payment_id: int, *, user: int | None = None) -> Payment:
        """With `user`, only that person's."""
        row = await on.fetchrow(
            f"SELECT {rows.PAYMENT} FROM payments.payment p WHERE p.id = $1", payment_id
        )
        if row is None or user not in (None, row["user_id"]):
            raise NoSuchPayment(f"There is no payment {payment_id}.")
        return rows.payment(row)

    async def attempts(self, payment_id: int) -> list[Attempt]:
        return await self._attempts(self.database, payment_id)

    async def _attempts(self, on: Reader, payment_id: int) -> list[Attempt]:
        found: list[Record] = await on.fetch(
            f"SELECT {rows.ATTEMPT} FROM payments.attempt a WHERE payment_id = $1 ORDER BY id",
            payment_id,
        )
        return [rows.attempt(row) for row in found]

    async def charges(self, payment_id: int) -> list[Charge]:
        found: list[Record] = await self.database.fetch(
            f"SELECT {rows.CHARGE} FROM payments.charge c WHERE payment_id = $1 ORDER BY id",
            payment_id,
        )
        return [rows.charge(row) for row in found]

    async def refunds(self, payment_id: int) -> list[Refund]:
        return await refunds.of_payment(self.database, payment_id)

    async def timeline(self, payment_id: int, *, public: bool = True) -> list[Event]:
        """All that happened; `public` is what the payer may read."""
        found: list[Record] = await self.database.fetch(
            """
            SELECT at, kind, public, data FROM payments.event
             WHERE payment_id = $1 AND (public OR NOT $2) ORDER BY id
            """,
            *(payment_id, public),
        )
        return [Event(row["at"], row["kind"], row["public"], row["data"]) for row in found]

    async def of_user(
        self, user: int, *, before: int | None = None, most: int = 20
    ) -> list[Payment]:
        """A page of a person's payments, newest first; the next is `before` its last."""
        found: list[Record] = await self.database.fetch(
            f"""
            SELECT {rows.PAYMENT} FROM payments.payment p
             WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
            """,
            *(user, 2**63 - 1 if before is None else before, most),
        )
        return [rows.payment(row) for row in found]


def order(payment: Payment, attempt: Attempt) -> Order:
    """What the provider is asked for; made the same way each time, since it may be asked again."""
    return Order(
        key=attempt.key,
        amount=payment.amount,
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
    )


def _lasts(checkout: Checkout | None, now: Any) -> bool:
    return checkout is not None and (checkout.expires_at is None or checkout.expires_at > now)


__all__ = ["OPEN", "Payments", "order"]
