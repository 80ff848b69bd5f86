"""A provider's word, and the payment, attempt and charge that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kassa.db import Tx
from kassa.log import get
from kassa.money import Money
from kassa.payments import rows
from kassa.payments.models import Attempt, Charge, Delivered, Payment
from kassa.payments.policy import NOTHING, Ruling
from kassa.payments.providers.protocol import Mute, Report, State

if TYPE_CHECKING:
    from asyncpg import Record

MOST_REF = 160  # characters of a charge's name, since it is a part of ledger keys

_FURTHER = ["", *State]  # in the order in which they are declared

_log = get(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """A provider's word, by its name."""

    provider: str
    report: Report


@dataclass(slots=True)
class Case:
    said: Said
    payment: Payment
    attempt: Attempt
    charge: Charge | None  # in the books already
    others: bool
    unsent: bool  # an attempt whose caller may have died before the call
    ruling: Ruling = NOTHING
    delivered: Delivered | None = None
    error: Exception | None = None

    @property
    def report(self) -> Report:
        return self.said.report


async def load(tx: Tx, said: Sequence[Said]) -> list[Case | None]:
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
    cases: list[Case | None] = [None] * len(said)
    for row in stored:
        number = row["n"] - 1
        cases[number] = Case(
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


def last_said(case: Case) -> str:
    """The provider's last word on the attempt. Words may come in any order, so the one that is
    furthest along counts."""
    return max(case.attempt.said, case.report.state, key=_FURTHER.index)


def new_fee(case: Case) -> Money | None:
    """What the provider kept of a charge that is booked, where it says so only now."""
    charge = case.charge
    if charge is None or charge.fee is not None:
        return None
    return fee_of(case.report, charge.received)


def fee_of(report: Report, received: Money) -> Money | None:
    kept = report.fee
    if kept is None:
        return None
    if kept.currency != received.currency or not 0 <= kept.amount <= received.amount:
        _log.warning("payments.odd_fee", ref=report.ref, fee=str(kept), received=str(received))
        return None
    return kept


def charge_name(report: Report) -> str:
    name = report.charge or report.ref
    if not name or len(name) > MOST_REF:
        raise Mute("The money has no name, or one that is too long.")
    return name
