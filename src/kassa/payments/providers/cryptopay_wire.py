"""What Crypto Pay says, read: invoices, transfers, refusals; and amounts as it wants them."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from kassa.errors import Invalid
from kassa.money import EXPONENTS, Money
from kassa.payments.providers.protocol import GiveBack, Mute, Refunded, Refused, Report, State, Why
from kassa.payments.providers.reading import kept, moment, text, whole

STATES = {"active": State.WAITING, "paid": State.PAID, "expired": State.EXPIRED}

_AMOUNT = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,40}))?(?:[eE](-[0-9]{1,2}))?")


class No(Exception):
    """`ok: false`, or a refusal without words."""

    def __init__(self, status: int, answer: object) -> None:
        error = answer.get("error") if isinstance(answer, dict) else None
        error = error if isinstance(error, dict) else {}
        code, name = error.get("code", status), str(error.get("name", ""))
        self.why = Why.INVALID
        if code == 429:
            self.why = Why.DOWN
        elif not error or code in (401, 403, 405) or "DISABLED" in name or "TOKEN" in name:
            self.why = Why.CONFIGURATION
        elif any(each in name for each in ("_SMALL", "_BIG", "_LARGE", "LIMIT")):
            self.why = Why.LIMIT
        elif any(each in name for each in ("ENOUGH", "INSUFFICIENT", "BALANCE", "USER")):
            self.why = Why.DECLINED
        super().__init__(f"{code} {name}"[:200].strip())


# -- reading -----------------------------------------------------------------------


def answered(invoice: Mapping[str, Any]) -> Report:
    """Of an answer; what cannot be read there will be asked for again."""
    try:
        return report_of(invoice)
    except Refused as error:
        number = str(invoice.get("invoice_id"))[:20]
        raise Mute(f"Crypto Pay's invoice {number}: {error}") from None


def report_of(invoice: Mapping[str, Any]) -> Report:
    status = text(invoice, "status", most=50)
    if status not in STATES:
        raise Refused("There is no status that is known.")
    report = Report(
        ref=reference_of(invoice),
        state=STATES[status],
        key=kept(invoice.get("payload")),
    )
    if report.state is not State.PAID:
        return report
    fiat = invoice.get("currency_type") == "fiat"
    amount = _money(invoice, "amount", "fiat" if fiat else "asset")
    received = _money(invoice, "paid_amount", "paid_asset") if fiat else None
    if invoice.get("is_swapped") is True:
        received = _money(invoice, "swapped_output", "swapped_to")
    fee = None
    arrived = (received or amount).currency
    if invoice.get("fee_asset") == arrived and invoice.get("fee_amount") is not None:
        fee = _money(invoice, "fee_amount", "fee_asset", up=True)
    return Report(
        report.ref,
        State.PAID,
        key=report.key,
        amount=amount,
        received=received,
        fee=fee,
        at=moment(invoice.get("paid_at")),
    )


def reference_of(invoice: Mapping[str, Any]) -> str:
    number = whole(invoice, "invoice_id")
    if number < 1:
        raise Refused("invoice_id is no number of an invoice.")
    return str(number)


def _money(
    fields: Mapping[str, Any],
    name: str,
    currency: str,
    *,
    up: bool = False,
) -> Money:
    """In whole units of the books; refused in coins that they do not know."""
    code, value = text(fields, currency, most=10), fields.get(name)
    if code not in EXPONENTS:
        raise Refused(f"{code} is not in the books.")
    found = _AMOUNT.fullmatch(str(value)[:80])
    if not found:
        raise Refused(f"{name} is no amount.")
    digits, decimals, exponent = found.groups(default="")
    shift = EXPONENTS[code] + int(exponent or 0) - len(decimals)
    units, rest = int(digits + decimals), 0
    if shift < 0:  # as digits: a Fraction takes three times as long
        units, rest = divmod(units, 10**-shift)
    else:
        units *= 10**shift
    try:
        return Money(units + (up and rest > 0), code)
    except Invalid:
        raise Refused(f"{name} is more than there can be.") from None


def written(amount: Money) -> str:
    return f"{amount.decimal.normalize():f}"


def url_of(value: object) -> str:
    fine = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value if fine and isinstance(value, str) and value.isprintable() else ""


def share_of(back: GiveBack, received: Money) -> Money:
    """Of what arrived as much as is given back of the price, rounded down."""
    if not 0 < back.amount.amount <= back.paid.amount or back.amount.currency != back.paid.currency:
        raise Invalid(f"{back.amount} cannot be given back of {back.paid}.")
    share = received.amount * back.amount.amount // back.paid.amount
    if share < 1:
        raise Invalid(
            f"{back.amount} of {back.paid} is less than the smallest {received.currency}."
        )
    return Money(share, received.currency)


def spend_id_of(key: str) -> str:
    """Up to 64 characters, so a longer key is told by its hash."""
    return key if len(key) <= 64 else hashlib.sha256(key.encode()).hexdigest()


def transferred(transfer: object) -> Refunded | None:
    if not isinstance(transfer, dict) or type(transfer.get("transfer_id")) is not int:
        return None
    return Refunded(str(transfer["transfer_id"]), transfer.get("status") == "completed")
