"""`kassa payments`: what was asked for, what came, what went back, and what a person must do."""

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from kassa.cli import payments_shown as shown
from kassa.cli.common import MOST_NUMBER, with_database
from kassa.cli.providers import with_payments
from kassa.errors import Invalid
from kassa.runtime import Opened

if TYPE_CHECKING:
    from kassa.payments import Payment, Payments, Refund

app = typer.Typer(help="Payments, refunds, and what waits for a person.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="The payment's number.", min=1, max=MOST_NUMBER)]


@app.command("list")
def list_payments(
    *,
    user: Annotated[
        int | None, typer.Option(help="Only this person's.", min=-MOST_NUMBER, max=MOST_NUMBER)
    ] = None,
    status: Annotated[str | None, typer.Option(help="Only those, such as succeeded.")] = None,
    undelivered: Annotated[
        bool, typer.Option("--undelivered", help="Only those paid and not delivered.")
    ] = False,
    before: Annotated[
        int | None, typer.Option(help="Only those before this number.", min=1, max=MOST_NUMBER)
    ] = None,
    most: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 50,
) -> None:
    """List payments, newest first."""
    from kassa.payments import Status, rows

    if status is not None and status not in [*Status]:
        raise Invalid(f"A payment is {', '.join(Status)}; not {status}.")

    async def work(opened: Opened) -> "list[Payment]":
        found = await opened.database.fetch(
            f"""
            SELECT {rows.PAYMENT} FROM payments.payment p
             WHERE ($1::bigint IS NULL OR p.user_id = $1)
               AND ($2::text IS NULL OR p.status = $2)
               AND (NOT $3 OR p.delivery = 'failed')
               AND p.id < $4
             ORDER BY p.id DESC LIMIT $5
            """,  # noqa: S608 (a list of columns, which is ours)
            *(user, status, undelivered, MOST_NUMBER if before is None else before, most),
        )
        return [rows.payment(row) for row in found]

    found = with_database(work)
    if not found:
        print("There are no such payments.")
        return
    print(shown.payments(found))
    if len(found) == most:
        print(f"\nMore: kassa payments list --before {found[-1].id}")


@app.command()
def show(number: Number) -> None:
    """Show all of a payment: attempts, charges, refunds, disputes, and its timeline."""
    print(with_payments(lambda opened, payments: shown.everything(payments, number)))


@app.command()
def check(number: Number) -> None:
    """Ask the provider now what became of a payment."""

    async def work(opened: Opened, payments: "Payments") -> tuple[str, str]:
        before = await payments.get(payments.database, number)
        known(payments, before)
        after = await payments.check(number)
        return str(before.status), str(after.status)

    before, after = with_payments(work)
    print(f"It was {before} and is {after}." if before != after else f"It is still {after}.")


@app.command()
def refund(
    number: Number,
    *,
    amount: Annotated[str | None, typer.Option(help="A part, such as 5.00; all of it.")] = None,
    charge: Annotated[
        int | None,
        typer.Option(help="Of another charge than the one that paid.", min=1, max=MOST_NUMBER),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; the provider may be told.")] = "",
    even_if_spent: Annotated[
        bool, typer.Option("--even-if-spent", help="What was spent, the payer owes.")
    ] = False,
    key: Annotated[
        str | None, typer.Option(help="Asked twice with the same key, it is one refund.")
    ] = None,
) -> None:
    """Give a payment back to where it came from. What was bought is taken back."""
    from kassa import money

    async def work(opened: Opened, payments: "Payments") -> "Refund":
        payment = await payments.get(payments.database, number)
        known(payments, payment)
        currency = payment.amount.currency
        for each in await payments.charges(number):
            if each.id == charge:
                currency = each.amount.currency
        return await payments.refund(
            number,
            money.parse(amount, currency) if amount else None,
            key=key or f"cli:{secrets.token_hex(8)}",
            reason=reason,
            charge=charge,
            even_if_spent=even_if_spent,
        )

    _tell(with_payments(work))


@app.command()
def refunded(
    number: Annotated[int, typer.Argument(help="The refund's number.", min=1, max=MOST_NUMBER)],
    not_done: Annotated[bool, typer.Option("--not-done", help="It will not be made.")] = False,
    ref: Annotated[str, typer.Option(help="How the transfer is called where it was made.")] = "",
) -> None:
    """Say that a refund was made by hand, at a provider that has no call for it."""

    async def work(opened: Opened, payments: "Payments") -> "Refund":
        owner = await payments.database.fetchval(
            "SELECT payment_id FROM payments.refund WHERE id = $1", number
        )
        if owner is not None:
            known(payments, await payments.get(payments.database, owner))
        return await payments.refunded_by_hand(number, done=not not_done, ref=ref)

    _tell(with_payments(work))


@app.command()
def todo() -> None:
    """Show what waits for a person: refunds by hand, what failed, what nobody can place."""
    print(with_database(lambda opened: shown.for_a_person(opened.database)))


def known(payments: "Payments", payment: "Payment") -> None:
    """Money must not move here where the app that delivers, or takes back, is not here."""
    if payment.purpose not in payments.purposes:
        raise Invalid(
            f"No app here knows {payment.purpose!r}: its effect could not be undone. "
            "KASSA_APPS must name its app, as it does for kassa run."
        )


def _tell(refund: "Refund") -> None:
    words = {
        "done": "it is done",
        "sent": "the provider has taken it, and will tell when it is done",
        "prepared": "it is on its way",
        "unknown": "the provider did not answer; it is asked again until it does",
        "person": f"give it back by hand, then: kassa payments refunded {refund.id}",
        "declined": "it was not made, and nothing has moved",
    }[refund.status]
    print(f"Refund {refund.id} of {refund.amount.format('en')}: {words}.")
    if refund.status == "declined":
        raise typer.Exit(1)
