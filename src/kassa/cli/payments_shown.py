"""Payments as text for the operator's terminal."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from kassa.cli.common import table
from kassa.db import Reader
from kassa.money import Money

if TYPE_CHECKING:
    from kassa.payments import Attempt, Charge, Event, Payment, Payments, Refund

_MOST = 100  # of each kind that waits for a person

Rows = Sequence[Sequence[object]]


def payments(found: "Sequence[Payment]") -> str:
    return table(
        ["#", "created (UTC)", "user", "purpose", "amount", "status", "delivery", "what"],
        [
            (
                each.id,
                _at(each.created_at),
                each.user,
                each.purpose,
                each.amount.format("en"),
                each.status,
                "" if each.delivery == "none" else each.delivery,
                each.description[:40],
            )
            for each in found
        ],
        right=[0, 2, 4],
    )


async def everything(payments: "Payments", number: int) -> str:
    payment = await payments.get(payments.database, number)
    disputes = await payments.database.fetch(
        """
        SELECT d.id, d.ref, d.charge_id, d.amount, d.currency, d.state, d.created_at
          FROM payments.dispute d JOIN payments.charge c ON c.id = d.charge_id
         WHERE c.payment_id = $1 ORDER BY d.id
        """,
        number,
    )
    disputed = [
        (
            *(each["id"], each["charge_id"], each["ref"]),
            Money(each["amount"], each["currency"]).format("en"),
            *(each["state"], _at(each["created_at"])),
        )
        for each in disputes
    ]
    parts = [
        _facts(payment),
        _attempts(await payments.attempts(number)),
        _charges(await payments.charges(number)),
        _refunds(await payments.refunds(number)),
        _part(
            "Disputes", ["#", "charge", "its name", "amount", "state", "since (UTC)"], disputed, [0]
        ),
        _timeline(await payments.timeline(number, public=False)),
    ]
    return "\n\n".join(part for part in parts if part)


def _facts(payment: "Payment") -> str:
    shown = {
        "payment": payment.id,
        "status": f"{payment.status} {payment.reason}".strip(),
        "amount": payment.amount.format("en"),
        "what": payment.description,
        "purpose": f"{payment.purpose} {payment.subject}".strip(),
        "user": payment.user,
        "bot": payment.bot,
        "delivery": payment.delivery,
        "delivery failed": payment.delivery_error or "",
        "created": _at(payment.created_at),
        "expires": _at(payment.expires_at),
        "paid": _at(payment.paid_at),
    }
    return table(["", ""], [(n, v) for n, v in shown.items() if v != ""]).lstrip("\n")


def _attempts(found: "Sequence[Attempt]") -> str:
    lines = [
        (
            *(each.id, each.provider, each.method, each.status, each.said),
            *(each.ref or "", each.key, _at(each.created_at), each.why[:60]),
        )
        for each in found
    ]
    head = ["#", "provider", "method", "state", "it says", "its name", "our key", "at (UTC)", "why"]
    return _part("Attempts", head, lines, [0])


def _charges(found: "Sequence[Charge]") -> str:
    lines = [
        (
            *(each.id, each.provider, each.ref, each.amount.format("en")),
            each.received.format("en") if each.received != each.amount else "",
            each.fee.format("en") if each.fee else "",
            each.refunded.format("en") if each.refunded else "",
            *(each.fit, _at(each.paid_at)),
        )
        for each in found
    ]
    head = ["#", "provider", "its name", "paid", "as", "fee", "given back", "fits", "at (UTC)"]
    return _part("Charges", head, lines, [0, 3, 4, 5, 6])


def _refunds(found: "Sequence[Refund]") -> str:
    lines = [
        (
            *(each.id, each.charge_id, each.amount.format("en"), each.status),
            "" if each.taken_back == "none" else each.taken_back,
            "outside" if each.outside else "ours",
            *(each.ref or "", _at(each.created_at), (each.why or each.reason)[:60]),
        )
        for each in found
    ]
    head = ["#", "charge", "amount", "state", "taken back", "asked", "its name", "at (UTC)", "why"]
    return _part("Refunds", head, lines, [0, 1, 2])


def _timeline(found: "Sequence[Event]") -> str:
    from kassa import texts

    ours = texts.load("kassa.payments")
    lines = []
    for each in found:
        name = f"operator-event-{each.kind.replace('_', '-')}"
        data = {key: "–" if value == "" else value for key, value in each.data.items()}
        said = ours.say("en", name, **data) if ours.has(name) else f"{each.kind} {each.data}"
        lines.append((_at(each.at), said))
    return _part("Timeline (UTC)", None, lines)


# -- what waits for a person -----------------------------------------------------------


async def for_a_person(on: Reader) -> str:
    """Each kind with what to do about it; at most so many of each."""
    parts = [
        await _kind(
            on,
            "Give back by hand, then: kassa payments refunded REFUND",
            ["refund", "payment", "user", "amount", "since (UTC)", "why"],
            """
            SELECT r.id, r.payment_id, p.user_id, r.amount, r.currency, r.created_at AS at,
                   r.reason AS why
              FROM payments.refund r JOIN payments.payment p ON p.id = r.payment_id
             WHERE r.status = 'person' ORDER BY r.id LIMIT $1
            """,
        ),
        await _kind(
            on,
            "Paid and not delivered; it is tried again by itself",
            ["payment", "purpose", "user", "amount", "paid (UTC)", "why not"],
            """
            SELECT p.id, p.purpose, p.user_id, p.amount, p.currency, p.paid_at AS at,
                   coalesce(p.delivery_error, '') AS why
              FROM payments.payment p WHERE p.delivery = 'failed' ORDER BY p.id LIMIT $1
            """,
        ),
        await _kind(
            on,
            "Given back, and what was bought not taken back; it is tried again by itself",
            ["refund", "payment", "user", "amount", "done (UTC)", "why"],
            """
            SELECT r.id, r.payment_id, p.user_id, r.amount, r.currency, r.done_at AS at,
                   r.reason AS why
              FROM payments.refund r JOIN payments.payment p ON p.id = r.payment_id
             WHERE r.taken_back = 'failed' ORDER BY r.id LIMIT $1
            """,
        ),
        await _kind(
            on,
            "Disputed: answer at the provider",
            ["dispute", "provider", "payment", "amount", "since (UTC)", "its name"],
            """
            SELECT d.id, d.provider, c.payment_id, d.amount, d.currency, d.created_at AS at,
                   d.ref AS why
              FROM payments.dispute d JOIN payments.charge c ON c.id = d.charge_id
             WHERE d.state = 'open' ORDER BY d.id LIMIT $1
            """,
        ),
        await _kind(
            on,
            "Money that is nobody's, in suspense",
            ["charge", "provider", "its name", "amount", "came (UTC)", ""],
            """
            SELECT c.id, c.provider, c.ref, c.amount, c.currency, c.paid_at AS at, '' AS why
              FROM payments.charge c WHERE c.fit = 'stray' ORDER BY c.id LIMIT $1
            """,
        ),
        await _dead(on),
    ]
    return "\n\n".join(part for part in parts if part) or "Nothing waits for a person."


async def _kind(on: Reader, title: str, head: list[str], query: str) -> str:
    """The query gives three columns that name it, an amount, when, and why."""
    lines = []
    for row in await on.fetch(query, _MOST):
        *names, amount, currency, at, why = row.values()
        lines.append((*names, Money(amount, currency).format("en"), _at(at), why[:60]))
    return _part(title, head, lines, [0, 3])


async def _dead(on: Reader) -> str:
    from kassa.cli.inbox import as_table
    from kassa.payments import letters

    found = await letters.page(on, state="dead", most=_MOST)
    title = "Dead letters: kassa inbox show N, then kassa inbox replay N"
    return f"{title}\n{as_table(found)}" if found else ""


def _part(title: str, head: list[str] | None, lines: Rows, right: Sequence[int] = ()) -> str:
    if not lines:
        return ""
    if head is None:
        return "\n".join([title, *table(["", ""], lines).splitlines()[1:]])
    return f"{title}\n{table(head, lines, right=right)}"


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""
