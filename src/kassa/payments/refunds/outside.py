"""What a provider says has gone back: it has happened, and is always booked. What the payer's
wallet cannot give, they owe."""

from collections.abc import Mapping

from kassa import clock, ledger, outbox
from kassa.db import Tx
from kassa.ledger import Leg, wallet
from kassa.money import Money
from kassa.payments import notices
from kassa.payments.cases import Said
from kassa.payments.models import Purpose
from kassa.payments.posting import repayments
from kassa.payments.providers.protocol import Report
from kassa.payments.refunds.booking import book, book_outside, way_out
from kassa.payments.refunds.case import DOUBTED, Case, load, look_soon
from kassa.payments.refunds.disputes import disputed
from kassa.payments.timeline import NewEvent, write_events

WAITS = "waits until the provider has told of a refund of ours"


async def reported(tx: Tx, said: Said, purposes: Mapping[str, Purpose]) -> str | None:
    """Books what a provider says has gone back, and disputes; None where its money is not here
    yet. A total that was seen already changes nothing, in whatever order it comes."""
    report = said.report
    payment_id = await tx.fetchval(
        "SELECT payment_id FROM payments.find_and_lock($1, $2, $3, $4)",
        *([said.provider], [report.ref], [report.key], [report.charge or report.ref]),
    )
    charge_id = await tx.fetchval(
        "SELECT id FROM payments.charge WHERE provider = $1 AND ref = $2 AND payment_id = $3",
        *(said.provider, report.charge or report.ref, payment_id),
    )
    if payment_id is None or charge_id is None:
        return None
    what = []
    for dispute in report.disputes:
        case = await load(tx, payment_id, charge_id)
        what.append(await disputed(tx, case, dispute, purposes))
    if report.refunded is not None:
        case = await load(tx, payment_id, charge_id)
        total = await _total(tx, case, report.refunded, purposes)
        if total == WAITS:
            return None
        what.append(total)
    return ", ".join(each for each in what if each) or "nothing new"


async def _total(tx: Tx, case: Case, total: Money, purposes: Mapping[str, Purpose]) -> str | None:
    """A provider's total is without what went by disputes."""
    new = total - (case.charge.refunded - case.lost)
    if not new:
        return None
    if new.amount < 0:
        return await _doubted(tx, case)
    for refund in case.refunds:  # ours, accepted by the provider and done now
        if refund.status in ("sent", "unknown") and refund.ref and refund.amount <= new:
            await book(tx, case, refund, purposes)
            new -= refund.amount
            case = await load(tx, case.payment.id, case.charge.id)
    if new and any(refund.status in ("sent", "unknown") for refund in case.refunds):
        return WAITS  # ours may be in there, or not: the total may be an old one
    if new:
        key = f"outside:{case.charge.id}:{len(case.refunds)}"
        why = "given back by the provider"
        await book_outside(tx, case, new, key=key, reason=why, purposes=purposes)
    return f"given back: {total} in all"


async def _doubted(tx: Tx, case: Case) -> str:
    """Less than we have booked: old news, most likely. Or a refund could not be taken, and the
    money is back at the provider; who looks after the payment asks and finds out."""
    await tx.execute(
        "UPDATE payments.refund SET why = $2 WHERE charge_id = $1 AND status = 'done'",
        *(case.charge.id, DOUBTED),
    )
    await look_soon(tx, case.payment.id, clock.now())
    return "less given back than is booked"


async def confirm_total(tx: Tx, before: Case, report: Report) -> None:
    """Ends a doubt by what the provider says when it is asked. `before` was read before asking:
    where something has gone back meanwhile, the answer proves nothing."""
    case = await load(tx, before.payment.id, before.charge.id)
    if case.charge.refunded != before.charge.refunded:
        return
    await tx.execute(
        "UPDATE payments.refund SET why = '' WHERE charge_id = $1 AND why = $2",
        *(case.charge.id, DOUBTED),
    )
    booked = case.charge.refunded - case.lost
    told = report.refunded if (report.charge or report.ref) == case.charge.ref else None
    if told is not None and told < booked:
        await _came_back(tx, case, booked - told)


async def _came_back(tx: Tx, case: Case, amount: Money) -> None:
    """A refund that was done and could not be taken, as on a card that is closed. What was bought
    is taken back already, so the money is the payer's: it goes to their wallet."""
    payment, charge = case.payment, case.charge
    out, beyond = way_out(case, amount)
    turned = [Leg(leg.credit, leg.debit, leg.amount) for leg in beyond]
    legs = [*turned, Leg(out, wallet(payment.user, amount.currency), amount)]
    (repaid,) = await repayments(tx, [legs])
    left = charge.refunded - amount
    # Falls come between refunds, so that what was done and what is left of it name one.
    key = f"payments.refund_returned:{charge.id}:{(charge.refunded + case.returned).amount}"
    await ledger.post(tx, key=f"{key}:{left.amount}", legs=[*legs, *repaid])
    await tx.execute(
        "UPDATE payments.charge SET refunded = $2 WHERE id = $1", charge.id, left.amount
    )
    data = {"amount": str(amount)}
    await write_events(tx, [NewEvent(payment.id, "refund_returned", data)], clock.now())
    told = [
        notices.to_payer(payment, "payment-refund-returned", **data),
        notices.to_operator(payment, "refund-returned", **data),
    ]
    await outbox.put_many(tx, told)
