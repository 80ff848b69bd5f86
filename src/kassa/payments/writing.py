"""What was settled, written down: a statement a table, for all cases together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kassa import outbox
from kassa.db import Tx
from kassa.outbox import NewJob
from kassa.payments import notices, saved
from kassa.payments.cases import Case, charge_name, fee_of, last_said, new_fee
from kassa.payments.models import OPEN, Status
from kassa.payments.policy import NOTHING
from kassa.payments.providers.protocol import State
from kassa.payments.timeline import NewEvent, write_events

WATCH = timedelta(hours=1)  # until another attempt, which may yet be paid, is looked at
SOON = timedelta(seconds=15)  # until one that is still open is
FIRST_AGAIN = timedelta(seconds=5)  # until a delivery that failed is tried again


async def write(tx: Tx, cases: Sequence[Case], now: datetime) -> None:
    if not cases:
        return
    await _write_attempts(tx, cases)
    ended = await _write_payments(tx, [case for case in cases if case.ruling != NOTHING], now)
    await _write_charges(tx, cases, now)
    await saved.keep(tx, [new for case in cases if (new := _kept(case)) is not None])
    await write_events(tx, [event for case in cases for event in _events(case)], now)
    jobs = ended + [job for case in cases for job in _jobs(case)]
    if jobs:
        await outbox.put_many(tx, jobs)


def _kept(case: Case) -> saved.NewSaved | None:
    """The payment method, where the payer lets us keep it and the provider names it."""
    payment, report = case.payment, case.report
    if not (payment.save and report.saved and report.state is State.PAID):
        return None
    return saved.NewSaved(
        payment.user, case.said.provider, report.saved, report.saved_title, payment.id
    )


async def _write_attempts(tx: Tx, cases: Sequence[Case]) -> None:
    await tx.execute(
        """
        UPDATE payments.attempt a
           SET status = 'ok', said = w.said, ref = coalesce(a.ref, nullif(w.ref, '')),
               capture = CASE WHEN w.said = 'authorized' THEN a.capture END
          FROM unnest($1::bigint[], $2::text[], $3::text[]) AS w (id, said, ref)
         WHERE a.id = w.id
        """,
        [case.attempt.id for case in cases],
        [last_said(case) for case in cases],
        [case.report.ref for case in cases],
    )


async def _write_payments(tx: Tx, cases: Sequence[Case], now: datetime) -> list[NewJob]:
    """What is to be told where those that have ended are shown."""
    if not cases:
        return []
    status, reasons, deliveries, errors, paid, looks = [], [], [], [], [], []
    for case in cases:
        ruling = case.ruling
        status.append(str(ruling.status or case.payment.status))
        reasons.append(ruling.reason if ruling.status else case.payment.reason)
        delivered = "failed" if case.error is not None else "done"
        deliveries.append(delivered if ruling.deliver else case.payment.delivery)
        errors.append(notices.cause(case.error) if ruling.deliver else case.payment.delivery_error)
        paid.append((case.report.at or now) if ruling.status is Status.SUCCEEDED else None)
        looks.append(_look_at(case, now))
    rows = await tx.fetch(
        """
        UPDATE payments.payment p
           SET status = w.status, amount = w.amount, reason = w.reason, delivery = w.delivery,
               delivery_error = w.error, paid_at = coalesce(w.paid_at, p.paid_at),
               look_at = CASE WHEN w.status <> p.status THEN w.look_at
                              ELSE least(w.look_at, p.look_at) END,
               looks = 0
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
                      $6::timestamptz[], $7::timestamptz[], $8::bigint[])
               AS w (id, status, reason, delivery, error, paid_at, look_at, amount)
         WHERE p.id = w.id RETURNING p.id, p.shown
        """,
        [case.payment.id for case in cases],
        *(status, reasons, deliveries, errors, paid, looks),
        [case.payment.amount.amount for case in cases],
    )
    over = {case.payment.id for case in cases if case.ruling.status not in (None, *OPEN)}
    return [
        job for row in rows if row["id"] in over for job in notices.ended(row["id"], row["shown"])
    ]


def _look_at(case: Case, now: datetime) -> datetime | None:
    """When somebody must look after it again: at once for money that is only held."""
    if case.report.state is State.AUTHORIZED:
        return now
    if case.error is not None:
        return now + FIRST_AGAIN
    status = case.ruling.status or case.payment.status
    if status in (Status.CREATED, Status.AWAITING_PAYER, Status.PROCESSING):
        return now + SOON
    if case.payment.save and not case.report.saved_title:  # its name has to be asked for
        return now + FIRST_AGAIN
    return now + WATCH if case.others or case.unsent else None


async def _write_charges(tx: Tx, cases: Sequence[Case], now: datetime) -> None:
    new = [case for case in cases if case.ruling.fit and case.charge is None]
    if new:
        received = [case.report.received or case.report.amount for case in new]
        kept = [fee_of(case.report, each) for case, each in zip(new, received, strict=True) if each]
        await tx.execute(
            """
            INSERT INTO payments.charge (provider, ref, payment_id, attempt_id, amount, currency,
                                         received, received_currency, fee, fit, paid_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
                                 $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[],
                                 $11::timestamptz[])
            """,
            [case.said.provider for case in new],
            [charge_name(case.report) for case in new],
            [case.payment.id for case in new],
            [case.attempt.id for case in new],
            [case.report.amount.amount for case in new if case.report.amount],
            [case.report.amount.currency for case in new if case.report.amount],
            [each.amount for each in received if each],
            [each.currency for each in received if each],
            [None if each is None else each.amount for each in kept],
            [case.ruling.fit for case in new],
            [case.report.at or now for case in new],
        )
    for case in cases:  # rare, so one by one
        if case.charge is not None and case.ruling.fit:
            await tx.execute(
                """
                UPDATE payments.charge SET payment_id = $2, attempt_id = $3, fit = $4 WHERE id = $1
                """,
                *(case.charge.id, case.payment.id, case.attempt.id, case.ruling.fit),
            )
        late_fee = new_fee(case)
        if case.charge is not None and late_fee is not None:
            await tx.execute(
                "UPDATE payments.charge SET fee = $2 WHERE id = $1", case.charge.id, late_fee.amount
            )


def _events(case: Case) -> list[NewEvent]:
    payment, ruling, report = case.payment, case.ruling, case.report
    found = []
    if ruling.fit and report.amount is not None:
        data = {
            "amount": str(report.amount),
            "provider": case.said.provider,
            "method": case.attempt.method,
            "charge": charge_name(report),
            "fit": ruling.fit,
        }
        if report.received is not None:
            data["received"] = str(report.received)
        found.append(NewEvent(payment.id, "paid", data))
    if ruling.status not in (None, Status.SUCCEEDED):
        found.append(NewEvent(payment.id, str(ruling.status), {"reason": ruling.reason}))
    if case.delivered is not None:
        found.append(NewEvent(payment.id, "delivered"))
    if case.error is not None:
        error = {"error": notices.cause(case.error)}
        found.append(NewEvent(payment.id, "delivery_failed", error, public=False))
    return found


def _jobs(case: Case) -> list[NewJob]:
    payment, ruling, report = case.payment, case.ruling, case.report
    jobs = []
    if case.delivered is not None:
        jobs += notices.messages(payment, case.delivered.messages)
    if ruling.odd and report.amount is not None:
        paid, asked = str(report.amount), str(payment.amount)
        jobs.append(notices.to_payer(payment, f"payment-{ruling.fit}", paid=paid, asked=asked))
        jobs.append(notices.to_operator(payment, f"payment-{ruling.fit}", paid=paid, asked=asked))
    if case.error is not None:
        jobs.append(notices.to_payer(payment, "payment-delivery-delayed"))
        jobs.append(
            notices.to_operator(
                payment, "payment-delivery-failed", error=notices.cause(case.error) or ""
            )
        )
    return jobs
