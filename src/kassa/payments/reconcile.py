"""The provider's list against our books, to the cent: what is missing on either side.

What the provider has and we have not is booked on the spot, as if its callback had come now, and
told as a difference all the same: a callback was lost. What we have and the provider has not,
or another amount, only a person can explain.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kassa import clock, outbox
from kassa.db import Tx
from kassa.errors import Invalid
from kassa.log import get
from kassa.money import Money
from kassa.outbox import NewJob
from kassa.payments import notices, rows
from kassa.payments.cases import Said
from kassa.payments.models import Charge
from kassa.payments.providers.protocol import Mute, NoSuchPayment, Report, State
from kassa.payments.service import Payments
from kassa.payments.settle import book_stray

if TYPE_CHECKING:
    from asyncpg import Record

EVERY = timedelta(days=1)
OVERLAP = timedelta(days=2)  # looked at once more: what was given back, and what came late
_PAGE = 500

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: only there, only here, amount, given back, nobody's. `mended`: it is booked now."""

    what: str
    ref: str
    payment_id: int | None
    there: str
    here: str
    mended: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    provider: str
    since: datetime
    until: datetime
    compared: int
    findings: tuple[Difference, ...]

    @property
    def fine(self) -> bool:
        return not self.findings


async def compare(
    payments: Payments, provider: str, *, since: datetime, until: datetime
) -> Comparison:
    """Both sides of this time; what comes of it is kept."""
    adapter = payments.providers.get(provider)
    if adapter is None:
        raise Invalid(f"There is no payment provider {provider!r} here.")
    if not adapter.abilities.list:
        raise Invalid(f"{provider} gives no list to compare with.")
    if since >= until:
        raise Invalid("The time to compare ends before it begins.")
    seen: set[str] = set()
    findings: list[Difference] = []
    whole = True
    try:
        async for report in adapter.list(since, until):
            if report.state is State.PAID and report.amount is not None:
                seen.add(_name(report))
                findings += await _there(payments, provider, report)
    except Mute as error:  # what came before it counts
        whole = False
        findings.append(Difference("the list is cut short", "", None, str(error), "", False))
    if whole:
        async for charge in _ours(payments, provider, since, until):
            if charge.ref not in seen:
                seen.add(charge.ref)
                findings += await _here(payments, charge)
    found = Comparison(provider, since, until, len(seen), tuple(findings))
    await payments.database.run(lambda tx: _keep(tx, found))
    return found


def _name(report: Report) -> str:
    return report.charge or report.ref


async def _there(payments: Payments, provider: str, report: Report) -> list[Difference]:
    """One that the provider has."""
    assert report.amount is not None
    one = Said(provider, report)
    charge = await _charge(payments, one)
    if charge is None:
        answer = (await payments.tell([one]))[0]
        what, mended = "only there", answer.known
        if not answer.known:
            what, mended = "nobody's", await payments.database.run(lambda tx: book_stray(tx, one))
        return [Difference(what, _name(report), answer.payment_id, str(report.amount), "", mended)]
    found = []
    if charge.fit != "stray":
        if report.refunded is not None and report.refunded != charge.refunded:
            found += await _given_back(payments, one, charge, report.refunded)
        if (report.fee is not None and charge.fee is None) or report.disputes:
            await payments.tell([one])
    received = report.received or report.amount
    if (report.amount, received) != (charge.amount, charge.received):
        there, here = _both(report.amount, received), _both(charge.amount, charge.received)
        found.append(Difference("amount", charge.ref, charge.payment_id, there, here, False))
    return found


async def _given_back(
    payments: Payments, one: Said, charge: Charge, there: Money
) -> list[Difference]:
    before = await _refunded(payments, charge)
    if there == before:
        return []
    await payments.tell([one])
    after = await _refunded(payments, charge)
    if before == after and await _under_way(payments, charge):
        return []  # it is being asked about
    mended = there == after
    return [
        Difference("given back", charge.ref, charge.payment_id, str(there), str(before), mended)
    ]


async def _refunded(payments: Payments, charge: Charge) -> Money:
    """As the provider counts: a lost dispute is no refund of its."""
    amount = await payments.database.fetchval(
        """
        SELECT c.refunded - coalesce((SELECT sum(r.amount) FROM payments.refund r
                                       WHERE r.charge_id = c.id AND r.status = 'done'
                                         AND r.key LIKE 'dispute:%'), 0)::bigint
          FROM payments.charge c WHERE c.id = $1
        """,
        charge.id,
    )
    return Money(amount, charge.amount.currency)


async def _under_way(payments: Payments, charge: Charge) -> bool:
    return bool(
        await payments.database.fetchval(
            """
            SELECT EXISTS (SELECT FROM payments.refund
                            WHERE charge_id = $1 AND status IN ('sent', 'unknown'))
            """,
            charge.id,
        )
    )


async def _here(payments: Payments, charge: Charge) -> list[Difference]:
    """One that we have and the list has not: the provider is asked for it by name."""
    adapter = payments.providers[charge.provider]
    ref = await payments.database.fetchval(
        "SELECT ref FROM payments.attempt WHERE id = $1", charge.attempt_id
    )
    if adapter.abilities.status:
        try:
            report = await adapter.status(ref or charge.ref)
        except (NoSuchPayment, Mute):
            pass
        else:
            if report.state is State.PAID and report.amount == charge.amount:
                return []  # it counts in another time there
    return [Difference("only here", charge.ref, charge.payment_id, "", str(charge.amount), False)]


async def _charge(payments: Payments, one: Said) -> Charge | None:
    row = await payments.database.fetchrow(
        f"SELECT {rows.CHARGE} FROM payments.charge c WHERE provider = $1 AND ref = $2",
        *(one.provider, _name(one.report)),
    )
    return None if row is None else rows.charge(row)


async def _ours(
    payments: Payments, provider: str, since: datetime, until: datetime
) -> AsyncIterator[Charge]:
    last: tuple[datetime, int] = (since, 0)
    while True:
        found: list[Record] = await payments.database.fetch(
            f"""
            SELECT {rows.CHARGE} FROM payments.charge c
             WHERE provider = $1 AND (paid_at, id) > ($2, $3) AND paid_at < $4
             ORDER BY paid_at, id LIMIT {_PAGE}
            """,
            *(provider, *last, until),
        )
        for row in found:
            yield rows.charge(row)
        if len(found) < _PAGE:
            return
        last = (found[-1]["paid_at"], found[-1]["id"])


def _both(amount: Money, received: Money) -> str:
    return str(amount) if amount == received else f"{amount} as {received}"


async def _keep(tx: Tx, found: Comparison) -> None:
    await tx.execute(
        """
        INSERT INTO payments.comparison (provider, since, until, at, compared, findings)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *(found.provider, found.since, found.until, clock.now(), found.compared),
        [asdict(each) for each in found.findings],
    )
    if found.findings:
        args = {
            "provider": found.provider,
            "count": len(found.findings),
            "open": sum(not each.mended for each in found.findings),
        }
        told = {"app": notices.APP, "text": "reconcile-differs", "args": args}
        await outbox.put_many(tx, [NewJob(notices.TO_OPERATOR, told)])


async def daily(payments: Payments) -> None:
    """Each provider once a day, until cancelled. One process of all does it."""
    while True:
        for name, adapter in payments.providers.items():
            if adapter.abilities.list:
                try:
                    await compare_if_due(payments, name)
                except Exception as error:  # noqa: BLE001 (edge: job; the next hour may do)
                    _log.warning("payments.not_compared", provider=name, error=repr(error))
        await asyncio.sleep(3600)


async def compare_if_due(payments: Payments, provider: str) -> None:
    """Unless it was done within a day."""
    now = clock.now()
    last = await payments.database.fetchval(
        "SELECT max(until) FROM payments.comparison WHERE provider = $1", provider
    )
    if last is not None and now - last < EVERY:
        return
    since = (last or now) - OVERLAP
    found = await compare(payments, provider, since=since, until=now)
    _log.info(
        "payments.compared",
        provider=provider,
        compared=found.compared,
        differences=len(found.findings),
    )
