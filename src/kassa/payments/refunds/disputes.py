"""Disputes: while one is open its money is gone from the provider and waits in suspense; won,
it comes back; lost, it is a refund from outside."""

from collections.abc import Mapping

from kassa import clock, ledger, outbox
from kassa.db import Tx
from kassa.ledger import Leg, clearing, fee, suspense
from kassa.money import Money
from kassa.payments import notices
from kassa.payments.models import Purpose
from kassa.payments.providers.protocol import Dispute
from kassa.payments.refunds.booking import book_outside, way_out
from kassa.payments.refunds.case import Case
from kassa.payments.timeline import NewEvent, write_events


async def disputed(
    tx: Tx, case: Case, dispute: Dispute, purposes: Mapping[str, Purpose]
) -> str | None:
    """What is known already changes nothing; and what has ended stays as it ended."""
    provider, amount = case.charge.provider, dispute.amount
    before = await tx.fetchval(
        "SELECT state FROM payments.dispute WHERE provider = $1 AND ref = $2",
        *(provider, dispute.ref),
    )
    if before == dispute.state or before in ("won", "lost"):
        return None
    now = clock.now()
    out, beyond = way_out(case, amount)
    gone = [Leg(suspense(amount.currency), out, amount), *beyond]
    key = f"payments.dispute:{provider}:{dispute.ref}"
    if before is None:
        await tx.execute(
            """
            INSERT INTO payments.dispute (charge_id, provider, ref, amount, currency, state,
                                          created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            *(case.charge.id, provider, dispute.ref, amount.amount, amount.currency),
            *(dispute.state, now),
        )
        if dispute.state != "won":
            await ledger.post(tx, key=key, legs=gone)
        if cost := dispute.fee:
            of = (provider, cost.currency)
            await ledger.post(tx, key=f"{key}:fee", legs=[Leg(fee(*of), clearing(*of), cost)])
    else:
        await tx.execute(
            "UPDATE payments.dispute SET state = $3 WHERE provider = $1 AND ref = $2",
            *(provider, dispute.ref, dispute.state),
        )
        if dispute.state == "won":
            await ledger.reverse(tx, key=f"{key}:won", original=key)
    if dispute.state == "lost":
        await _lost(tx, case, dispute, purposes)
    data = {"amount": str(amount)}
    await write_events(tx, [NewEvent(case.payment.id, f"dispute_{dispute.state}", data)], now)
    told = notices.to_operator(case.payment, f"dispute-{dispute.state}", amount=str(amount))
    await outbox.put_many(tx, [told])
    return f"dispute {dispute.state}"


async def _lost(tx: Tx, case: Case, dispute: Dispute, purposes: Mapping[str, Purpose]) -> None:
    amount, waiting = dispute.amount, suspense(dispute.amount.currency)
    most = min(amount, max(case.kept, Money.zero(amount.currency)))
    if most:
        key = f"dispute:{dispute.ref}"
        await book_outside(
            tx,
            case,
            most,
            key=key,
            reason="a dispute was lost",
            purposes=purposes,
            into=waiting,
        )
    if rest := amount - most:  # more than was left of it: our loss
        cost = fee(case.charge.provider, rest.currency)
        key = f"payments.dispute:{case.charge.provider}:{dispute.ref}:loss"
        await ledger.post(tx, key=key, legs=[Leg(cost, waiting, rest)])
