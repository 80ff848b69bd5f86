"""Every way to learn what became of a payment ends here: many of them in one transaction.

The payers' locks are taken, each word is judged, money goes to the payer's wallet, the apps
deliver, all legs are posted in one call, and the rest is written, a statement a table. When one
payment of a batch cannot be done, nothing is: it is the caller's to do them again one by one
(`alone`), where an app that raises only loses its own part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kassa import clock, ledger, outbox
from kassa.db import Tx, lost_connection
from kassa.db.failures import LOST_RACE
from kassa.ledger import Leg, Transfer, clearing, debt, exchange, fee, suspense, wallet
from kassa.log import get
from kassa.money import Money
from kassa.outbox import NewJob
from kassa.payments import notices, rows
from kassa.payments.models import Attempt, Charge, Delivered, Payment, Purpose, Status
from kassa.payments.policy import NOTHING, Ruling, judge
from kassa.payments.providers.protocol import Mute, Report, State

if TYPE_CHECKING:
    from asyncpg import Record

WATCH = timedelta(hours=1)  # until another attempt, which may yet be paid, is looked at
FIRST_AGAIN = timedelta(seconds=5)  # until a delivery that failed is tried again
MOST_REF = 120  # characters of a charge's name, since it is a part of ledger keys

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A provider's word, by its name."""

    provider: str
    report: Report


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it. `known` is false where no payment was found; `again` where another word
    on the same payment came first; `more` where refunds or disputes are left to be booked."""

    what: str
    payment_id: int | None = None
    again: bool = False
    more: bool = False

    @property
    def known(self) -> bool:
        return self.payment_id is not None


UNKNOWN = Settled("no such payment")

_FURTHER = ["", *State]  # in the order in which they are declared


@dataclass(slots=True)
class _Case:
    said: Said
    payment: Payment
    attempt: Attempt
    charge: Charge | None  # in the books already
    others: bool
    unsent: bool  # an attempt whose caller may have died before the call
    ruling: Ruling = NOTHING
    delivered: Delivered | None = None
    error: Exception | None = None
    legs: list[Leg] = field(default_factory=list)

    @property
    def report(self) -> Report:
        return self.said.report


async def settle(
    tx: Tx, said: Sequence[Said], purposes: Mapping[str, Purpose], *, alone: bool = False
) -> list[Settled]:
    """Books what these words mean. One ledger call; `alone` is for one word only."""
    assert not alone or len(said) == 1
    now = clock.now()
    answers: list[Settled] = []
    cases: dict[int, _Case] = {}
    for one, case in zip(said, await _load(tx, said), strict=True):
        if case is None:
            answers.append(UNKNOWN)
        elif case.payment.id in cases:
            answers.append(Settled("waits for another word", case.payment.id, again=True))
        else:
            cases[case.payment.id] = case
            answers.append(_judged(case, one, purposes))
    changed = [case for case in cases.values() if _changes(case)]
    if alone:
        for case in changed:
            await _alone(tx, case, purposes)
    else:
        for case in changed:
            if case.ruling.deliver:
                case.delivered = await _on_paid(purposes, case.payment)(tx, case.payment)
        await _post(tx, changed)
    await _write(tx, changed, now)
    return answers


async def book_stray(tx: Tx, one: Said) -> bool:
    """Money that nobody can place, in suspense; true where it was not there already. When its
    payment turns up, it goes from there to the payer."""
    report = one.report
    if report.state is not State.PAID or report.amount is None:
        return False
    name = _charge_name(report)
    received = report.received or report.amount
    kept = _fee(report, received)
    stored = await tx.fetchval(
        """
        INSERT INTO payments.charge (provider, ref, amount, currency, received,
                                     received_currency, fee, fit, paid_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'stray', $8)
        ON CONFLICT (provider, ref) DO NOTHING RETURNING id
        """,
        *(one.provider, name, report.amount.amount, report.amount.currency),
        *(received.amount, received.currency, None if kept is None else kept.amount),
        report.at or clock.now(),
    )
    if stored is None:
        return False
    await ledger.post(
        tx,
        key=f"payments.stray:{one.provider}:{name}",
        legs=_arrival(one.provider, received, kept, suspense(received.currency)),
    )
    return True


# -- what is there -----------------------------------------------------------------


async def _load(tx: Tx, said: Sequence[Said]) -> list[_Case | None]:
    found = await tx.fetch(
        "SELECT attempt_id FROM payments.find_and_lock($1, $2, $3, $4) ORDER BY n",
        [one.provider for one in said],
        [one.report.ref for one in said],
        [one.report.key for one in said],
        [one.report.charge or one.report.ref for one in said],
    )
    attempts = [row["attempt_id"] for row in found]
    if not any(attempts):
        return [None] * len(said)
    stored: list[Record] = await tx.fetch(
        f"""
        SELECT w.n, {rows.PAYMENT}, {_aliased("a", rows.ATTEMPT)}, {_aliased("c", rows.CHARGE)},
               EXISTS (SELECT FROM payments.attempt o
                        WHERE o.payment_id = p.id AND o.id <> a.id AND o.status <> 'declined'
                          AND o.status <> 'prepared'
                          AND o.said NOT IN ('paid', 'failed', 'canceled', 'expired')) AS others,
               EXISTS (SELECT FROM payments.attempt o
                        WHERE o.payment_id = p.id AND o.status = 'prepared') AS unsent
          FROM unnest($1::bigint[], $2::text[], $3::text[])
               WITH ORDINALITY AS w (attempt, provider, charge, n)
          JOIN payments.attempt a ON a.id = w.attempt
          JOIN payments.payment p ON p.id = a.payment_id
          LEFT JOIN payments.charge c ON (c.provider, c.ref) = (w.provider, w.charge)
        """,
        attempts,
        [one.provider for one in said],
        [one.report.charge or one.report.ref for one in said],
    )
    cases: list[_Case | None] = [None] * len(said)
    for row in stored:
        number = row["n"] - 1
        cases[number] = _Case(
            said[number],
            rows.payment(row),
            rows.attempt(_part(row, "a")),
            rows.charge(_part(row, "c")) if row["c_id"] is not None else None,
            row["others"],
            row["unsent"],
        )
    return cases


def _aliased(prefix: str, columns: str) -> str:
    names = [column.strip().partition(".")[2] for column in columns.split(",")]
    return ", ".join(f"{prefix}.{name} AS {prefix}_{name}" for name in names)


class _part:
    __slots__ = ("_prefix", "_row")

    def __init__(self, row: "Record", prefix: str) -> None:
        self._row = row
        self._prefix = prefix + "_"

    def __getitem__(self, name: str) -> Any:
        return self._row[self._prefix + name]


# -- what it means -----------------------------------------------------------------


def _judged(case: _Case, one: Said, purposes: Mapping[str, Purpose]) -> Settled:
    report, payment = one.report, case.payment
    purpose = purposes.get(payment.purpose)
    booked = case.charge is not None and case.charge.payment_id is not None
    if report.state is State.PAID and report.amount is None and not booked:
        raise Mute(f"{one.provider} says that {report.ref} is paid, and not how much.")
    case.ruling = judge(
        payment,
        report,
        booked=booked,
        others=case.others,
        deliver_late=purpose is not None and purpose.deliver_late,
    )
    before = case.charge.refunded if case.charge is not None else None
    more = bool(report.disputes) or (
        report.refunded is not None  # less than was booked matters, too
        and bool(report.refunded if before is None else report.refunded != before)
    )
    what = case.ruling.fit or case.ruling.status or "nothing new"
    return Settled(str(what), payment.id, more=more)


def _changes(case: _Case) -> bool:
    return (
        case.ruling != NOTHING
        or case.attempt.status != "ok"
        or case.attempt.ref is None
        or case.attempt.said != _said(case)
        or _new_fee(case) is not None
    )


def _said(case: _Case) -> str:
    """The provider's last word on the attempt. Words may come in any order, so the one that is
    furthest along counts."""
    return max(case.attempt.said, case.report.state, key=_FURTHER.index)


def _new_fee(case: _Case) -> Money | None:
    """What the provider kept of a charge that is booked, where it says so only now."""
    charge = case.charge
    if charge is None or charge.fee is not None:
        return None
    return _fee(case.report, charge.received)


def _fee(report: Report, received: Money) -> Money | None:
    kept = report.fee
    if kept is None:
        return None
    if kept.currency != received.currency or not 0 <= kept.amount <= received.amount:
        _log.warning("payments.odd_fee", ref=report.ref, fee=str(kept), received=str(received))
        return None
    return kept


def _charge_name(report: Report) -> str:
    name = report.charge or report.ref
    if not name or len(name) > MOST_REF:
        raise Mute("The money has no name, or one that is too long.")
    return name


# -- delivering and posting --------------------------------------------------------


def _on_paid(purposes: Mapping[str, Purpose], payment: Payment) -> Any:
    if payment.purpose not in purposes:
        raise LookupError(f"No app here delivers {payment.purpose}.")
    return purposes[payment.purpose].on_paid


async def _alone(tx: Tx, case: _Case, purposes: Mapping[str, Purpose]) -> None:
    if case.ruling.deliver:
        try:
            async with tx.savepoint():
                case.delivered = await _on_paid(purposes, case.payment)(tx, case.payment)
                await _post(tx, [case])
                return
        except Exception as error:
            if isinstance(error, LOST_RACE) or lost_connection(error):
                raise
            case.delivered, case.error = None, error
            _log.error(
                "payments.delivery_failed",
                payment=case.payment.id,
                purpose=case.payment.purpose,
                exc_info=error,
            )
    await _post(tx, [case])


async def _post(tx: Tx, cases: Sequence[_Case]) -> None:
    transfers: list[Transfer] = []
    per_case: list[tuple[_Case, list[Leg], list[Leg]]] = []
    for case in cases:
        credit = _credit(case) if case.ruling.fit else []
        effect = list(case.delivered.legs) if case.delivered else []
        per_case.append((case, credit, effect))
        if (late_fee := _new_fee(case)) is not None and late_fee:
            charge = case.charge
            assert charge is not None
            of = (case.said.provider, late_fee.currency)
            leg = Leg(fee(*of), clearing(*of), late_fee)
            transfers.append(Transfer(f"payments.fee:{charge.id}", [leg]))
    repaid = await repayments(tx, [credit + effect for _, credit, effect in per_case])
    for (case, credit, effect), repay in zip(per_case, repaid, strict=True):
        (effect if effect else credit).extend(repay)
        if credit:
            name = _charge_name(case.report)
            key = f"payments.paid:{case.said.provider}:{name}"
            transfers.append(Transfer(key, credit, at=case.report.at))
        if effect:
            transfers.append(Transfer(f"payments.delivered:{case.payment.id}", effect))
    if transfers:
        await ledger.post_many(tx, transfers)


def _credit(case: _Case) -> list[Leg]:
    """Clearing to wallet, the provider's fee beside it; through exchange where coins came."""
    report, provider = case.report, case.said.provider
    assert report.amount is not None
    to = wallet(case.payment.user, report.amount.currency)
    received = report.received or report.amount
    into = to
    legs = []
    if received.currency != report.amount.currency:
        into = exchange(provider, received.currency)
        legs.append(Leg(exchange(provider, report.amount.currency), to, report.amount))
    if case.charge is not None:  # it was a stray one until now
        stray = case.charge.received
        return [Leg(suspense(stray.currency), into, stray), *legs]
    return [*_arrival(provider, received, _fee(report, received), into), *legs]


def _arrival(provider: str, received: Money, kept: Money | None, into: ledger.Account) -> list[Leg]:
    currency = received.currency
    net = received - kept if kept else received
    legs = [Leg(clearing(provider, currency), into, net)] if net else []
    if kept:
        legs.append(Leg(fee(provider, currency), into, kept))
    return legs


async def repayments(tx: Tx, groups: Sequence[Sequence[Leg]]) -> list[list[Leg]]:
    """Of what these legs leave in wallets, what their owners owe goes first. (Their locks are
    held, so nobody else repays the same debt.)"""
    gains: list[dict[tuple[int, str], int]] = [_gains(legs) for legs in groups]
    owing = sorted({each for gain in gains for each in gain})
    if not owing:
        return [[] for _ in groups]
    found = await ledger.balances(tx, [debt(*each) for each in owing])
    owed = {each: -balance.posted.amount for each, balance in zip(owing, found, strict=True)}
    answers = []
    for gain in gains:
        legs = []
        for (user, currency), amount in gain.items():
            back = min(amount, owed[user, currency])
            if back > 0:
                owed[user, currency] -= back
                legs.append(
                    Leg(wallet(user, currency), debt(user, currency), Money(back, currency))
                )
        answers.append(legs)
    return answers


def _gains(legs: Sequence[Leg]) -> dict[tuple[int, str], int]:
    totals: dict[tuple[int, str], int] = {}
    for leg in legs:
        for account, sign in ((leg.credit, 1), (leg.debit, -1)):
            code = account if isinstance(account, str) else account.code
            if code.startswith("wallet:"):
                _, user, currency = code.split(":")
                of = (int(user), currency)
                totals[of] = totals.get(of, 0) + sign * leg.amount.amount
    return {of: amount for of, amount in totals.items() if amount > 0}


# -- writing it down ---------------------------------------------------------------


async def _write(tx: Tx, cases: Sequence[_Case], now: datetime) -> None:
    if not cases:
        return
    await _write_attempts(tx, cases)
    await _write_payments(tx, [case for case in cases if case.ruling != NOTHING], now)
    await _write_charges(tx, cases, now)
    await write_events(tx, [event for case in cases for event in _events(case)], now)
    jobs = [job for case in cases for job in _jobs(case)]
    if jobs:
        await outbox.put_many(tx, jobs)


async def _write_attempts(tx: Tx, cases: Sequence[_Case]) -> None:
    await tx.execute(
        """
        UPDATE payments.attempt a
           SET status = 'ok', said = w.said, ref = coalesce(a.ref, nullif(w.ref, '')),
               capture = CASE WHEN w.said = 'authorized' THEN a.capture END
          FROM unnest($1::bigint[], $2::text[], $3::text[]) AS w (id, said, ref)
         WHERE a.id = w.id
        """,
        [case.attempt.id for case in cases],
        [_said(case) for case in cases],
        [case.report.ref for case in cases],
    )


async def _write_payments(tx: Tx, cases: Sequence[_Case], now: datetime) -> None:
    if not cases:
        return
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
    await tx.execute(
        """
        UPDATE payments.payment p
           SET status = w.status, reason = w.reason, delivery = w.delivery,
               delivery_error = w.error, paid_at = coalesce(w.paid_at, p.paid_at),
               look_at = CASE WHEN w.status <> p.status THEN w.look_at
                              ELSE least(w.look_at, p.look_at) END,
               looks = 0
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[],
                      $6::timestamptz[], $7::timestamptz[])
               AS w (id, status, reason, delivery, error, paid_at, look_at)
         WHERE p.id = w.id
        """,
        [case.payment.id for case in cases],
        *(status, reasons, deliveries, errors, paid, looks),
    )


def _look_at(case: _Case, now: datetime) -> datetime | None:
    """When somebody must look after it again: at once for money that is only held."""
    if case.report.state is State.AUTHORIZED:
        return now
    if case.error is not None:
        return now + FIRST_AGAIN
    status = case.ruling.status or case.payment.status
    if status in (Status.CREATED, Status.AWAITING_PAYER, Status.PROCESSING):
        return now + timedelta(seconds=15)
    return now + WATCH if case.others or case.unsent else None


async def _write_charges(tx: Tx, cases: Sequence[_Case], now: datetime) -> None:
    new = [case for case in cases if case.ruling.fit and case.charge is None]
    if new:
        received = [case.report.received or case.report.amount for case in new]
        kept = [_fee(case.report, each) for case, each in zip(new, received, strict=True) if each]
        await tx.execute(
            """
            INSERT INTO payments.charge (provider, ref, payment_id, attempt_id, amount, currency,
                                         received, received_currency, fee, fit, paid_at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[],
                                 $6::text[], $7::bigint[], $8::text[], $9::bigint[], $10::text[],
                                 $11::timestamptz[])
            """,
            [case.said.provider for case in new],
            [_charge_name(case.report) for case in new],
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
        late_fee = _new_fee(case)
        if case.charge is not None and late_fee is not None:
            await tx.execute(
                "UPDATE payments.charge SET fee = $2 WHERE id = $1", case.charge.id, late_fee.amount
            )


@dataclass(frozen=True, slots=True)
class NewEvent:
    payment_id: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    public: bool = True


def _events(case: _Case) -> list[NewEvent]:
    payment, ruling, report = case.payment, case.ruling, case.report
    found = []
    if ruling.fit and report.amount is not None:
        data = {
            "amount": str(report.amount),
            "provider": case.said.provider,
            "method": case.attempt.method,
            "charge": _charge_name(report),
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


async def write_events(tx: Tx, events: Sequence[NewEvent], now: datetime) -> None:
    if not events:
        return
    await tx.execute(
        """
        INSERT INTO payments.event (payment_id, at, kind, public, data)
        SELECT w.payment_id, $5, w.kind, w.public, w.data
          FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::jsonb[])
               WITH ORDINALITY AS w (payment_id, kind, public, data, n)
         ORDER BY w.n
        """,
        [event.payment_id for event in events],
        [event.kind for event in events],
        [event.public for event in events],
        [event.data for event in events],
        now,
    )


def _jobs(case: _Case) -> list[NewJob]:
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


def as_one(said: Said, **changes: Any) -> Said:
    return Said(said.provider, replace(said.report, **changes))
